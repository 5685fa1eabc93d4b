/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/prefix.h"

static struct prefix rdp = { .fn = rdp_dissect, .dport = 8000 };

/* TPKT and X.224 around the variable part. */
static struct craft *request(const void *variable, size_t n)
{
	static struct craft c;

	c.n = 0;
	craft_uint(&c, 0x0300, 2);
	craft_uint(&c, 11 + n, 2);
	craft_uint(&c, 6 + n, 1);
	craft_uint(&c, 0xe0, 1);
	craft_uint(&c, 0, 5);
	craft_bytes(&c, variable, n);
	return &c;
}

static enum dissect_result ask(const void *variable, size_t n)
{
	struct craft *c = request(variable, n);

	return prefix_all(&rdp, c->b, c->n);
}
#define ASK(s) ask(s, sizeof(s) - 1)

#define COOKIE "Cookie: mstshash=Alice\r\n"
#define NEG "\x01\x00\x08\x00\x0b\x00\x00\x00"
#define CORRELATION "\x06\x00\x24\x00" "0123456789abcdef" "0123456789abcdef"

static void requests(void **state)
{
	static const struct {
		const char *variable;
		size_t n;
		enum dissect_result want;
		const char *cookie;
	} t[] = {
#define T(s, want, cookie) { s, sizeof(s) - 1, want, cookie }
		T(COOKIE, DISSECT_DONE, "Alice"),
		T(COOKIE NEG, DISSECT_DONE, "Alice"),
		T(NEG, DISSECT_DONE, ""),
		T("Cookie: mstshash=\r\n" NEG, DISSECT_DONE, ""),
		T("Cookie: mstshash=DOM\\b\xc3\xa4\r\n", DISSECT_DONE, "DOM\\b\xc3\xa4"),
		T("Cookie: msts=3640205228.15629.0000\r\n", DISSECT_DONE, ""),
		T("Cookie: msts=3640205228.15629.0000\r\n" NEG, DISSECT_DONE, ""),
		T("tsv://MS Terminal Services Plugin.1.x\r\n" NEG, DISSECT_DONE, ""),
		T("any token\r\n" NEG, DISSECT_DONE, ""),
		T("any token\r\n", DISSECT_NOT_MINE, ""),
		T("\r\n" NEG, DISSECT_NOT_MINE, ""),
		T("\x01\x08\x08\x00\x03\x00\x00\x00" CORRELATION, DISSECT_DONE, ""),
		T(COOKIE "\x01\x08\x08\x00\x03\x00\x00\x00" CORRELATION, DISSECT_DONE, "Alice"),
		T("\x01\x01\x08\x00\x03\x00\x00\x00", DISSECT_DONE, ""), /* restricted admin */
		T("\x01\x08\x08\x00\x03\x00\x00\x00" "\x06\x01\x24\x00" "0123456789abcdef"
		  "0123456789abcdef", DISSECT_NOT_MINE, ""),
		T("\x01\x08\x08\x00\x03\x00\x00\x00" "\x06\x00\x25\x00" "0123456789abcdef"
		  "0123456789abcdef", DISSECT_NOT_MINE, ""),
		T("\x01\x00\x08\x00\x03\x00\x00\x00" CORRELATION, DISSECT_NOT_MINE, ""),
		T("\x01\x08\x08\x00\x03\x00\x00\x00", DISSECT_NOT_MINE, ""),
		T("\x01\x08\x08\x00\x03\x00\x00\x00" "\x07\x00\x24\x00" "0123456789abcdef"
		  "0123456789abcdef", DISSECT_NOT_MINE, ""),
		T(COOKIE NEG "x", DISSECT_BAD, "Alice"),
		T(COOKIE "\x01\x00\x08\x00\x0b\x00\x00", DISSECT_BAD, "Alice"),
		T(COOKIE "\x02\x00\x08\x00\x0b\x00\x00\x00", DISSECT_BAD, "Alice"),
		T(COOKIE "\x01\x00\x09\x00\x0b\x00\x00\x00", DISSECT_BAD, "Alice"),
		T("Cookie: mstshash=Alice", DISSECT_BAD, ""),
		T("Cookie: mstshash=Alice\n", DISSECT_BAD, ""),
		T("Cookie: other=Alice\r\n", DISSECT_NOT_MINE, ""),
		T("\xc1\x02\x01\x00\xc2\x02\x01\x02\xc0\x01\x0a", DISSECT_NOT_MINE, ""), /* S7 */
		T("\x02\x00\x08\x00\x0b\x00\x00\x00", DISSECT_NOT_MINE, ""),
#undef T
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		enum dissect_result r = ask(t[i].variable, t[i].n);

		if (r != t[i].want)
			fail_msg("case %zu: %d", i, (int)r);
		assert_int_equal(rdp.f.anomalies, r == DISSECT_BAD ? ANOM_APP_BAD : 0);
		if (r == DISSECT_NOT_MINE)
			continue;
		assert_int_equal(rdp.f.app, APP_RDP);
		prefix_text(&rdp, TEXT_COOKIE, t[i].cookie);
		assert_int_equal(rdp.at, t[i].n + 11); /* at once, but not before it is whole */
	}
}

/* With nothing in it a request says no more than that X.224 is spoken. */
static void bare_request(void **state)
{
	static const struct {
		uint16_t dport;
		enum dissect_result want;
	} t[] = {
		{ 3389, DISSECT_DONE }, { 443, DISSECT_DONE }, { 102, DISSECT_NOT_MINE },
		{ 1720, DISSECT_NOT_MINE }, { 8000, DISSECT_NOT_MINE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		rdp.dport = t[i].dport;
		assert_int_equal(ask("", 0), t[i].want);
	}
	rdp.dport = 8000;
}

/* every byte of the header but the client's own reference is fixed */
static void headers(void **state)
{
	static const uint8_t known_at[11] = { 1, 2, 4, 5, 5, 6, 8, 8, 0, 0, 11 };

	(void)state;
	for (size_t at = 0; at < 11; at++) {
		struct craft *c = request(COOKIE NEG, sizeof(COOKIE NEG) - 1);

		c->b[at] ^= 0x11;
		assert_int_equal(prefix_all(&rdp, c->b, c->n),
				 at == 8 || at == 9 ? DISSECT_DONE : DISSECT_NOT_MINE);
		if (known_at[at])
			assert_int_equal(rdp.at, known_at[at]);
	}
	for (int d = -1; d <= 1; d += 2) {
		struct craft *c = request(COOKIE, sizeof(COOKIE) - 1);

		c->b[3] = (uint8_t)(c->b[3] + d); /* the two lengths differ */
		assert_int_equal(prefix_all(&rdp, c->b, c->n), DISSECT_NOT_MINE);
		c->b[4] = (uint8_t)(c->b[4] + d); /* they agree, and the content does not */
		assert_int_equal(prefix_all(&rdp, c->b, c->n), d < 0 ? DISSECT_BAD : DISSECT_MORE);
	}
	/* Q.931 of H.323 in a TPKT */
	assert_int_equal(PREFIX(&rdp, "\x03\x00\x00\x2a\x08\x02\x00\x01\x05\x04\x03\x88\x93\xa5"),
			 DISSECT_NOT_MINE);
}

/* The length indicator is one byte, and 255 is reserved. */
static void long_requests(void **state)
{
	char variable[256];

	(void)state;
	for (size_t n = 246; n < 252; n++) {
		struct craft *c;

		memset(variable, 'a', sizeof variable);
		memcpy(variable, "Cookie: mstshash=", 17);
		memcpy(variable + n - 2, "\r\n", 2);
		c = request(variable, n);
		assert_int_equal(prefix_all(&rdp, c->b, c->n),
				 n <= 248 ? DISSECT_DONE : DISSECT_NOT_MINE);
		if (n == 249)
			assert_int_equal(rdp.at, 4);
	}
	assert_int_equal(PREFIX(&rdp, "\x03\x00\x00\x0a\x05\xe0"), DISSECT_NOT_MINE);
	assert_int_equal(rdp.at, 4);
}

static void noise(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		rdp.dport = i ? 3389 : 8000;
		assert_int_equal(prefix_noise(&rdp, 1000000, 0, 255), 0);
		assert_int_equal(prefix_noise(&rdp, 1000000, 0, 6), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests), cmocka_unit_test(bare_request),
		cmocka_unit_test(headers), cmocka_unit_test(long_requests),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
