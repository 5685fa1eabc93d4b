/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/conf_build.h"

static struct cb b;

static int setup(void **state)
{
	(void)state;
	cb_init(&b);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cb_fini(&b);
	return 0;
}

static char value(const char *name)
{
	struct facts f = cb_facts();

	cb_sni(&f, name);
	return cb_value(&b, &f);
}

static void test_shape(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "sni_like", "tor");
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(value("www.q4cyamnc6mtokjurvdclt.com"), '+');
	assert_int_equal(value("www.q4cyamnc6mtokjurvdclt.net"), '+');
	assert_int_equal(cb_judge(&b, &f).action, ACTION_NONE);
	assert_int_equal(value("www.q4cyamnc6mtokjurvdclt.org"), '-');
	assert_int_equal(value("xww.q4cyamnc6mtokjurvdclt.com"), '-');
	assert_int_equal(value("q4cyamnc6mtokjurvdclt.com"), '-');
	assert_int_equal(value("www.q4cyamnc6mt.okjurvdclt.com"), '-');
	assert_int_equal(value("www.q4cyamnc6mtokjurvdcl9.com"), '-'); /* no base32 */
	assert_int_equal(value("www.q4cyamnc6mtokjurvdcl1.com"), '-');
	assert_int_equal(value("www.q4x.com"), '-');
	assert_int_equal(value("www.x7q5.com"), '+');
	assert_int_equal(value("www.q4cyamnc6mtokjurvdclt2345.com"), '+'); /* 25 */
	assert_int_equal(value("www.q4cyamnc6mtokjurvdclt23456.com"), '-');
	assert_int_equal(value("www.com"), '-');
	assert_int_equal(value(""), '-');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

/* Names that people made. */
static void test_real_names(void **state)
{
	static const char *const names[] = {
		"www.example.com", "www.wikipedia.net", "www.stackoverflow.com", "www.ubuntu.com",
		"www.speedtest.net", "www.office365.com", "www.netfilter.com", "www.suricata.net",
	};

	(void)state;
	cb_one(&b, "sni_like", "tor");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (value(names[i]) != '-')
			fail_msg("%s", names[i]);
}

/* The rate that the comment states, on names made as Tor makes them. */
static void test_rate(void **state)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t x = 88172645463325252;
	unsigned int like = 0;

	(void)state;
	cb_one(&b, "sni_like", "tor");
	for (int i = 0; i < 20000; i++) {
		char name[40] = "www.";
		size_t n = 4;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		for (size_t k = 0, len = 4 + (x >> 20) % 22; k < len; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			name[n++] = base32[x >> 30 & 31];
		}
		strcpy(name + n, ".com");
		like += value(name) == '+';
	}
	print_message("%u of 20000 names are like those of Tor\n", like);
	assert_true(like > 20000 * 88 / 100 && like < 20000 * 91 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shape, setup, teardown),
		cmocka_unit_test_setup_teardown(test_real_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
