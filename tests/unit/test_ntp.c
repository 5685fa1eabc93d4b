/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/first.h"

static const struct first ntp = { ntp_dissect, APP_NTP, 123 };
static const struct first elsewhere = { ntp_dissect, APP_NTP, 1123 };

/* What ntpd, chronyd (which tells nothing of itself) and plain SNTP clients send */
static const char ntpd[48] = "\xe3\0\3\xfa\0\1\0\0\0\1\0\0\0\0\0\0";
static const char chronyd[48] = "\x23\0\6\x20";
static const char sntp[48] = "\x1b";

static void clients(void **state)
{
	(void)state;
	assert_int_equal(first_is(&ntp, NULL, 0), DISSECT_MORE);
	assert_int_equal(first_is(&ntp, ntpd, 48), DISSECT_DONE);
	assert_int_equal(first_is(&ntp, chronyd, 48), DISSECT_DONE);
	assert_int_equal(first_is(&ntp, sntp, 48), DISSECT_DONE);
	assert_int_equal(first_is(&elsewhere, ntpd, 48), DISSECT_NOT_MINE);
	for (size_t n = 1; n < 48; n++)
		assert_int_equal(first_is(&ntp, ntpd, n), DISSECT_NOT_MINE);
	for (unsigned int b = 0; b < 256; b++) { /* leap, version, mode */
		unsigned int version = b >> 3 & 7, mode = b & 7;
		bool mine = version >= 1 && version <= 4 && (mode == 1 || mode == 3);
		char m[48] = { (char)b };

		assert_int_equal(first_is(&ntp, m, 48), mine ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
}

static void fields(void **state)
{
	(void)state;
	for (int v = -128; v < 128; v++) {
		char m[48] = "\x23";

		m[1] = (char)v;
		assert_int_equal(first_is(&ntp, m, 48),
				 v >= 0 && v <= 16 ? DISSECT_DONE : DISSECT_NOT_MINE);
		m[1] = 0;
		m[2] = (char)v;
		assert_int_equal(first_is(&ntp, m, 48),
				 v >= -7 && v <= 24 ? DISSECT_DONE : DISSECT_NOT_MINE);
		m[2] = 0;
		m[3] = (char)v;
		assert_int_equal(first_is(&ntp, m, 48),
				 v >= -32 && v <= 32 ? DISSECT_DONE : DISSECT_NOT_MINE);
		m[3] = 0;
		m[4] = (char)v; /* delay, signed, high byte of 16 bits of seconds */
		assert_int_equal(first_is(&ntp, m, 48),
				 v >= -3 && v <= 3 ? DISSECT_DONE : DISSECT_NOT_MINE);
		m[4] = 0;
		m[8] = (char)v;
		assert_int_equal(first_is(&ntp, m, 48),
				 v >= 0 && v <= 3 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
}

static void behind(void **state)
{
	struct craft c;

	(void)state;
	for (size_t n = 1; n < 80; n++) { /* not an extension field: a MAC, or nothing known */
		c.n = 0;
		craft_bytes(&c, ntpd, 48);
		craft_fill(&c, 1, n);
		assert_int_equal(first_is(&ntp, c.b, c.n),
				 n == 4 || n == 20 || n == 24 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
	for (size_t n = 0; n < 600; n++) { /* unique identifier, cookie of n, MAC */
		c.n = 0;
		craft_bytes(&c, ntpd, 48);
		craft_uint(&c, 0x01040024, 4);
		craft_fill(&c, 0xaa, 32);
		craft_uint(&c, 0x0204, 2);
		craft_uint(&c, n + 4, 2);
		craft_fill(&c, 0xbb, n);
		bool mine = (n >= 12 && n % 4 == 0) || n == 0 || n == 16 || n == 20;
		assert_int_equal(first_is(&ntp, c.b, c.n), mine ? DISSECT_DONE : DISSECT_NOT_MINE);
		craft_fill(&c, 0xcc, 20);
		assert_int_equal(first_is(&ntp, c.b, c.n),
				 (n >= 12 && n % 4 == 0) || n == 0 ? DISSECT_DONE :
								     DISSECT_NOT_MINE);
	}
}

static void questions(void **state)
{
	struct craft c = { .n = 0 };

	(void)state;
	craft_bytes(&c, "\x16\2\0\1\0\0\0\0\0\0\0\5", 12); /* read variables */
	craft_bytes(&c, "clock\0\0\0", 8);
	assert_int_equal(first_is(&ntp, c.b, 20), DISSECT_DONE);
	assert_int_equal(first_is(&ntp, c.b, 16), DISSECT_NOT_MINE);
	assert_int_equal(first_is(&ntp, c.b, 11), DISSECT_NOT_MINE);
	c.b[11] = 0;
	assert_int_equal(first_is(&ntp, c.b, 12), DISSECT_DONE);
	c.b[1] = 0x82; /* an answer */
	assert_int_equal(first_is(&ntp, c.b, 12), DISSECT_NOT_MINE);
	c.b[1] = 0;
	assert_int_equal(first_is(&ntp, c.b, 12), DISSECT_NOT_MINE);
	c.b[1] = 2;
	c.b[5] = 1;
	assert_int_equal(first_is(&ntp, c.b, 12), DISSECT_NOT_MINE);
	c.b[5] = 0;
	c.b[9] = 1;
	assert_int_equal(first_is(&ntp, c.b, 12), DISSECT_NOT_MINE);
}

static void random_bytes(void **state)
{
	(void)state;
	assert_int_equal(first_taken(&ntp), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients),	cmocka_unit_test(fields),
		cmocka_unit_test(behind),	cmocka_unit_test(questions),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
