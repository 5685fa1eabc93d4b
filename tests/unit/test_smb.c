/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/prefix.h"

static struct prefix smb = { .fn = smb_dissect, .dport = 4450 };

static struct craft c;
static size_t open_at;

static void begin(const char *magic)
{
	c.n = 0;
	craft_uint(&c, 0, 1);
	open_at = craft_open(&c, 3);
	craft_bytes(&c, magic, 4);
}

static enum dissect_result end(enum dissect_result want)
{
	enum dissect_result r;

	craft_close(&c, open_at, 3);
	r = prefix_all(&smb, c.b, c.n);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		assert_int_equal(smb.f.app, APP_SMB);
	assert_int_equal(smb.f.anomalies, r == DISSECT_BAD ? ANOM_APP_BAD : 0);
	assert_int_equal(r, want);
	return r;
}

static void smb1(uint8_t command, uint8_t words, size_t count, size_t dialects)
{
	begin("\xffSMB");
	craft_uint(&c, command, 1);
	craft_fill(&c, 0, 27);
	craft_uint(&c, words, 1);
	craft_uint(&c, count & 0xff, 1);
	craft_uint(&c, count >> 8, 1);
	craft_fill(&c, 2, dialects);
}

static void version_1(void **state)
{
	(void)state;
	smb1(0x72, 0, 300, 300);
	end(DISSECT_DONE);
	assert_int_equal(smb.at, 4 + 35);
	smb1(0x72, 0, 0, 0);
	end(DISSECT_DONE);
	smb1(0x72, 0, 300, 299);
	end(DISSECT_BAD);
	smb1(0x72, 0, 299, 300);
	end(DISSECT_BAD);
	smb1(0x72, 1, 300, 300);
	end(DISSECT_BAD);
	smb1(0x73, 13, 300, 400);
	end(DISSECT_DONE);
	begin("\xffSMB");
	craft_fill(&c, 0, 30); /* a byte short of a header without words */
	end(DISSECT_BAD);
	assert_int_equal(smb.at, 8);
}

static void smb2(unsigned int size, unsigned int command, size_t body)
{
	begin("\xfeSMB");
	craft_uint(&c, size & 0xff, 1);
	craft_uint(&c, size >> 8, 1);
	craft_fill(&c, 0, 6);
	craft_uint(&c, command & 0xff, 1);
	craft_uint(&c, command >> 8, 1);
	craft_fill(&c, 0, 50 + body);
}

static void version_2(void **state)
{
	(void)state;
	smb2(64, 0, 36);
	end(DISSECT_DONE);
	assert_int_equal(smb.at, 4 + 14);
	smb2(64, 18, 2);
	end(DISSECT_DONE);
	smb2(64, 19, 2);
	end(DISSECT_BAD);
	smb2(64, 0x100, 2);
	end(DISSECT_BAD);
	smb2(65, 0, 36);
	end(DISSECT_BAD);
	smb2(0x4000, 0, 36);
	end(DISSECT_BAD);
	smb2(64, 0, 1);
	end(DISSECT_BAD);
}

static void sealed(size_t says, size_t has)
{
	begin("\xfdSMB");
	craft_fill(&c, 0x5a, 32);
	for (int i = 0; i < 4; i++)
		craft_uint(&c, says >> 8 * i & 0xff, 1);
	craft_fill(&c, 0, 12 + has);
}

static void version_3(void **state)
{
	(void)state;
	sealed(700, 700);
	end(DISSECT_DONE);
	sealed(700, 701);
	end(DISSECT_BAD);
	sealed(0, 0);
	end(DISSECT_BAD);
}

/* "SERVER" and the like in first-level encoding */
static void session(uint8_t flags, size_t len, uint8_t byte, uint8_t last)
{
	c.n = 0;
	craft_uint(&c, 0x81, 1);
	craft_uint(&c, flags, 1);
	craft_uint(&c, len, 2);
	for (int i = 0; i < 2; i++) {
		craft_uint(&c, 32, 1);
		craft_bytes(&c, "FDEFFCFGEFFCCACACACACACACACACACA", 32);
		craft_uint(&c, i ? last : 0, 1);
	}
	c.b[5] = byte;
}

static void sessions(void **state)
{
	static const struct {
		uint8_t flags, byte, last;
		size_t len;
		enum dissect_result want;
		size_t at;
	} t[] = {
		{ 0, 'A', 0, 68, DISSECT_DONE, 72 },	{ 0, 'P', 0, 68, DISSECT_DONE, 72 },
		{ 0, 'Q', 0, 68, DISSECT_NOT_MINE, 6 },	{ 0, '@', 0, 68, DISSECT_NOT_MINE, 6 },
		{ 1, 'A', 0, 68, DISSECT_NOT_MINE, 2 },	{ 0, 'A', 1, 68, DISSECT_NOT_MINE, 72 },
		{ 0, 'A', 0, 67, DISSECT_NOT_MINE, 4 },	{ 0, 'A', 0, 69, DISSECT_NOT_MINE, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		session(t[i].flags, t[i].len, t[i].byte, t[i].last);
		assert_int_equal(prefix_all(&smb, c.b, c.n), t[i].want);
		assert_int_equal(smb.at, t[i].at);
	}
}

static void others(void **state)
{
	(void)state;
	assert_int_equal(PREFIX(&smb, "\x00\x00\x00\x54\xfcSMB"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&smb, "\x00\x00\x00\x54\xfe" "SMC"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&smb, "\x00\x00\x00\x54\xfe" "smb"), DISSECT_NOT_MINE);
	assert_int_equal(smb.at, 6);
	assert_int_equal(PREFIX(&smb, "\xfeSMB\x40"), DISSECT_NOT_MINE);
	assert_int_equal(smb.at, 1);
	assert_int_equal(PREFIX(&smb, "\x85\x00\x00\x00"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&smb, ""), DISSECT_MORE);
}

static void noise(void **state)
{
	(void)state;
	smb.dport = 445;
	assert_int_equal(prefix_noise(&smb, 1000000, 0, 255), 0);
	assert_int_equal(prefix_noise(&smb, 1000000, 'A', 'Z'), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1), cmocka_unit_test(version_2),
		cmocka_unit_test(version_3), cmocka_unit_test(sessions),
		cmocka_unit_test(others),    cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
