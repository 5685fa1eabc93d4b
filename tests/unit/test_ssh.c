/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/prefix.h"

static struct prefix ssh = { .fn = ssh_dissect, .dport = 443 };

static const char *const names[10] = {
	"curve25519-sha256,ext-info-c", "ssh-ed25519", "aes128-ctr,aes256-ctr", "aes128-cbc",
	"hmac-sha2-256,hmac-sha1", "hmac-md5", "none,zlib", "zlib", "", "",
};
static const char hassh_text[] =
	"curve25519-sha256,ext-info-c;aes128-ctr,aes256-ctr;hmac-sha2-256,hmac-sha1;none,zlib";
/* md5sum of that string */
static const uint8_t hassh_md5[16] = {
	0x1c, 0x4f, 0xbc, 0x0b, 0x47, 0x97, 0x3b, 0xd8,
	0x54, 0xc8, 0xda, 0x0a, 0x2b, 0x71, 0xf7, 0xa5,
};

static void kexinit(struct craft *c, size_t padding)
{
	size_t at = craft_open(c, 4);

	craft_uint(c, padding, 1);
	craft_uint(c, 20, 1);
	craft_fill(c, 0x5a, 16);
	for (int i = 0; i < 10; i++) {
		size_t list = craft_open(c, 4);

		craft_bytes(c, names[i], strlen(names[i]));
		craft_close(c, list, 4);
	}
	craft_uint(c, 0, 5);
	craft_fill(c, 0, padding);
	craft_close(c, at, 4);
}

static void packet(struct craft *c, uint8_t type, size_t n)
{
	size_t at = craft_open(c, 4);

	craft_uint(c, 4, 1);
	craft_uint(c, type, 1);
	craft_fill(c, 'x', n + 4);
	craft_close(c, at, 4);
}

static struct craft *begin(const char *banner)
{
	static struct craft c;

	c.n = 0;
	craft_bytes(&c, banner, strlen(banner));
	return &c;
}

static void software(const char *want)
{
	assert_int_equal(facts_state(&ssh.f, FACT_SSH_SOFTWARE), FACT_KNOWN);
	assert_int_equal(ssh.f.software_len, strlen(want));
	assert_memory_equal(ssh.f.software, want, strlen(want));
	assert_int_equal(ssh.f.app, APP_SSH);
}

static void hello(void **state)
{
	struct craft *c = begin("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	size_t banner = c->n;

	(void)state;
	assert_int_equal(prefix_all(&ssh, c->b, banner - 1), DISSECT_MORE);
	assert_int_equal(ssh.f.known, 0);
	assert_int_equal(prefix_all(&ssh, c->b, banner), DISSECT_MORE);
	software("OpenSSH_9.2p1 Debian-2");
	assert_int_equal(ssh.f.known, 1u << FACT_APP | 1u << FACT_SSH_SOFTWARE);
	prefix_text(&ssh, TEXT_CLIENT, "SSH-2.0-OpenSSH_9.2p1 Debian-2");
	kexinit(c, 6);
	assert_int_equal(prefix_all(&ssh, c->b, c->n), DISSECT_DONE);
	assert_int_equal(ssh.at, c->n);
	assert_int_equal(facts_state(&ssh.f, FACT_HASSH), FACT_KNOWN);
	assert_memory_equal(ssh.f.hassh, hassh_md5, 16);
	prefix_text(&ssh, TEXT_HASSH, hassh_text);
	prefix_text(&ssh, TEXT_CLIENT, "SSH-2.0-OpenSSH_9.2p1 Debian-2");
	software("OpenSSH_9.2p1 Debian-2");
	assert_int_equal(ssh.f.anomalies, 0);
	packet(c, 30, 40); /* a guess behind it */
	assert_int_equal(prefix_all(&ssh, c->b, c->n), DISSECT_DONE);
}

static void banners(void **state)
{
	static const struct {
		const char *line, *software;
		enum dissect_result want;
		bool odd;
	} t[] = {
		{ "SSH-2.0-PuTTY_Release_0.74\n", "PuTTY_Release_0.74", DISSECT_MORE, false },
		{ "SSH-1.99-Cisco-1.25\n", "Cisco-1.25", DISSECT_MORE, false },
		{ "SSH-1.5-1.2.26\n", "1.2.26", DISSECT_DONE, false },
		{ "SSH-3.0-x\r\n", "x", DISSECT_DONE, false },
		{ "SSH-2.0-x  \r\n", "x", DISSECT_MORE, false },
		{ "SSH-2.0-\r\n", "", DISSECT_MORE, true },
		{ "SSH-2.0-a~!\r\n", "a~!", DISSECT_MORE, false },
		{ "SSH-2.0-a\x7f\r\n", "a\x7f", DISSECT_MORE, true },
		{ "SSH-2.0-a\tb\r\n", "a\tb", DISSECT_MORE, true },
		{ "SSH-2.0-a\xff\r\n", "a\xff", DISSECT_MORE, true },
		{ "SSH-2.0-a\r\r\n", "a\r", DISSECT_MORE, true },
		{ "SSH-2x0-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-.0-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-2.-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-2222.0-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-2a.0-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-2 .0-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-KEY\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-/", NULL, DISSECT_NOT_MINE, false },
		{ "SSH-:", NULL, DISSECT_NOT_MINE, false },
		{ "SSh-2.0-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "\r\nSSH-2.0-a\r\n", NULL, DISSECT_NOT_MINE, false },
		{ "hello\r\nSSH-2.0-a\r\n", NULL, DISSECT_NOT_MINE, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(prefix_all(&ssh, t[i].line, strlen(t[i].line)), t[i].want);
		assert_int_equal(ssh.f.anomalies, t[i].odd ? ANOM_APP_BAD : 0);
		if (t[i].software)
			software(t[i].software);
	}
	/* a NUL ends what is told */
	assert_int_equal(PREFIX(&ssh, "SSH-2.0-Cisco-1.25 \0\0\0\n"), DISSECT_MORE);
	software("Cisco-1.25");
	assert_int_equal(ssh.f.anomalies, ANOM_APP_BAD);
}

static void long_banners(void **state)
{
	struct craft *c;

	(void)state;
	for (size_t n = 250; n < 260; n++) {
		c = begin("SSH-2.0-");
		craft_fill(c, 'a', n - 10);
		craft_bytes(c, "\r\n", 2);
		assert_int_equal(prefix_all(&ssh, c->b, c->n),
				 n <= 255 ? DISSECT_MORE : DISSECT_BAD);
		assert_int_equal(ssh.f.app, APP_SSH);
		if (n > 255)
			continue;
		assert_int_equal(ssh.f.software_len, FACTS_SOFTWARE_MAX);
		assert_int_equal(ssh.f.cut, FACTS_CUT_SOFTWARE);
		assert_int_equal(ssh.text.part[TEXT_CLIENT].n, n - 2);
	}
	c = begin("SSH-2.0-");
	craft_fill(c, 'a', FACTS_SOFTWARE_MAX);
	craft_bytes(c, "\r\n", 2);
	assert_int_equal(prefix_all(&ssh, c->b, c->n), DISSECT_MORE);
	assert_int_equal(ssh.f.cut, 0);
}

/* what may come before KEXINIT, and what must not */
static void other_packets(void **state)
{
	struct craft *c;

	(void)state;
	for (size_t before = 0; before < 11; before++) {
		c = begin("SSH-2.0-x\r\n");
		for (size_t i = 0; i < before; i++)
			packet(c, (uint8_t)(2 + i % 3), i);
		kexinit(c, 4);
		assert_int_equal(prefix_all(&ssh, c->b, c->n),
				 before <= 8 ? DISSECT_DONE : DISSECT_BAD);
		assert_int_equal(facts_state(&ssh.f, FACT_HASSH) == FACT_KNOWN, before <= 8);
		software("x");
	}
	for (unsigned int type = 0; type < 256; type++) {
		c = begin("SSH-2.0-x\r\n");
		packet(c, (uint8_t)type, 3);
		enum dissect_result want = type == 1 ? DISSECT_DONE :
					   type >= 2 && type <= 4 ? DISSECT_MORE : DISSECT_BAD;
		assert_int_equal(prefix_all(&ssh, c->b, c->n), want);
		if (want != DISSECT_MORE && type != 20)
			assert_int_equal(ssh.at, 11 + 6);
		assert_int_not_equal(facts_state(&ssh.f, FACT_HASSH), FACT_KNOWN);
	}
}

static enum dissect_result with_head(uint32_t len, uint8_t padding)
{
	struct craft *c = begin("SSH-2.0-x\r\n");

	craft_uint(c, len, 4);
	craft_uint(c, padding, 1);
	craft_uint(c, 20, 1);
	return prefix_all(&ssh, c->b, c->n);
}

static void packet_lengths(void **state)
{
	(void)state;
	assert_int_equal(with_head(5, 4), DISSECT_BAD);
	assert_int_equal(ssh.at, 11 + 4); /* as early as the bytes say so */
	assert_int_equal(with_head(2, 4), DISSECT_BAD);
	assert_int_equal(ssh.at, 11 + 4);
	assert_int_equal(with_head(100, 3), DISSECT_BAD);
	assert_int_equal(ssh.at, 11 + 5);
	assert_int_equal(with_head(100, 4), DISSECT_MORE);
	assert_int_equal(with_head(100, 98), DISSECT_MORE);
	assert_int_equal(with_head(100, 99), DISSECT_BAD);
	assert_int_equal(with_head(16384, 4), DISSECT_MORE);
	assert_int_equal(with_head(16385, 4), DISSECT_BAD);
	assert_int_equal(with_head(0xffffffff, 4), DISSECT_BAD);
	assert_int_equal(with_head(6, 4), DISSECT_MORE);
}

/* each list one byte too short or too long */
static void nesting(void **state)
{
	(void)state;
	for (int list = 0; list < 10; list++)
		for (int d = -1; d <= 1; d += 2) {
			struct craft *c = begin("SSH-2.0-x\r\n");
			size_t at = c->n + 4 + 1 + 1 + 16;

			kexinit(c, 4);
			for (int i = 0; i < list; i++)
				at += 4 + strlen(names[i]);
			c->b[at + 3] = (uint8_t)(c->b[at + 3] + d);
			if (!strlen(names[list]) && d < 0)
				c->b[at + 2] = 0xff;
			assert_int_equal(prefix_all(&ssh, c->b, c->n), DISSECT_BAD);
			assert_int_not_equal(facts_state(&ssh.f, FACT_HASSH), FACT_KNOWN);
			software("x");
		}
	struct craft *c = begin("SSH-2.0-x\r\n");

	kexinit(c, 4);
	c->b[c->n - 120] = ' '; /* no such byte in a list */
	assert_int_equal(prefix_all(&ssh, c->b, c->n), DISSECT_BAD);
}

/* A string longer than the log takes is hashed all the same. */
static void long_lists(void **state)
{
	(void)state;
	for (size_t n = 8170; n < 8195; n++) { /* the banner's 9 bytes are kept too */
		struct craft *c = begin("SSH-2.0-x\r\n");
		size_t at = craft_open(c, 4), list;

		craft_uint(c, 4, 1);
		craft_uint(c, 20, 1);
		craft_fill(c, 0, 16);
		list = craft_open(c, 4);
		craft_fill(c, 'k', n);
		craft_close(c, list, 4);
		craft_fill(c, 0, 9 * 4 + 5 + 4);
		craft_close(c, at, 4);
		assert_int_equal(prefix_ask(&ssh, (struct slice){ c->b, c->n }), DISSECT_DONE);
		assert_int_equal(facts_state(&ssh.f, FACT_HASSH), FACT_KNOWN);
		assert_int_equal(ssh.text.part[TEXT_HASSH].n, n + 3 + 9 <= 8192 ? n + 3 : 0);
	}
}

static void noise(void **state)
{
	(void)state;
	assert_int_equal(prefix_noise(&ssh, 1000000, 0, 255), 0);
	assert_int_equal(prefix_noise(&ssh, 200000, ' ', '~'), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello),	 cmocka_unit_test(banners),
		cmocka_unit_test(long_banners),	 cmocka_unit_test(other_packets),
		cmocka_unit_test(packet_lengths), cmocka_unit_test(nesting),
		cmocka_unit_test(long_lists),	 cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
