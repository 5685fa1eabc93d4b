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

static const char ja3[] = "00112233445566778899aabbccddeeff";
static const char ja4[] = "t13d1516h2_8daaf6152771_b0da82dd1658";

static void know_ja3(struct facts *f, uint8_t last)
{
	for (int i = 0; i < 15; i++)
		f->ja3[i] = (uint8_t)(i * 0x11);
	f->ja3[15] = last;
	facts_know(f, FACT_JA3);
}

static void test_ja3(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "ja3", ja3);
	assert_int_equal(cb_value(&b, &f), '?');
	know_ja3(&f, 0xff);
	assert_int_equal(cb_value(&b, &f), '+');
	know_ja3(&f, 0xfe);
	assert_int_equal(cb_value(&b, &f), '-');
	f = cb_facts();
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_ja4(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "ja4", ja4);
	assert_int_equal(cb_value(&b, &f), '?');
	memcpy(f.ja4, ja4, sizeof ja4);
	facts_know(&f, FACT_JA4);
	assert_int_equal(cb_value(&b, &f), '+');
	f.ja4[35] ^= 1;
	assert_int_equal(cb_value(&b, &f), '-');
	f.ja4[35] = 0; /* shorter */
	assert_int_equal(cb_value(&b, &f), '-');
	f = cb_facts();
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_lists(void **state)
{
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);
	struct facts f = cb_facts();
	struct decision d;

	(void)state;
	cb_list(&b, "j4", LIST_JA4, "t12i010100_000000000000_000000000000", ja4, NULL);
	cb_list(&b, "j3", LIST_JA3, "ffffffffffffffffffffffffffffffff", ja3, NULL);
	cb_cond(&b, &r->when, "ja3", "@j3", NULL);
	cb_cond(&b, &r->when, "ja4", "@j4", NULL);
	assert_non_null(cb_compile(&b));
	know_ja3(&f, 0xff);
	assert_int_equal(cb_value(&b, &f), '?');
	memcpy(f.ja4, ja4, sizeof ja4);
	facts_know(&f, FACT_JA4);
	d = cb_judge(&b, &f);
	assert_int_equal(d.action, ACTION_DROP);
	assert_int_equal(d.ev.list, 1); /* of the first condition */
	assert_int_equal(d.ev.line, b.c.list[1].entries.line[1]);
	f.ja4[0] = 'q';
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_hassh(void **state)
{
	struct facts f = cb_facts();
	struct config_rule *r;

	(void)state;
	cb_one(&b, "hassh", "EC7378C1A92F5A8DDE7E8B7A1DDF33D1");
	assert_int_equal(cb_value(&b, &f), '?');
	facts_know(&f, FACT_HASSH);
	assert_int_equal(cb_value(&b, &f), '-');
	memcpy(f.hassh, "\xec\x73\x78\xc1\xa9\x2f\x5a\x8d\xde\x7e\x8b\x7a\x1d\xdf\x33\xd1", 16);
	assert_int_equal(cb_value(&b, &f), '+');
	cb_fini(&b);
	cb_init(&b);
	cb_list(&b, "bots", LIST_HASSH, "00000000000000000000000000000000",
		"ec7378c1a92f5a8dde7e8b7a1ddf33d1", NULL);
	r = cb_rule(&b, "r", ACTION_DROP);
	cb_cond(&b, &r->when, "hassh", "@bots", NULL);
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).ev.list, 0);
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.list[0].entries.line[1]);
	f = cb_facts();
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hassh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ja3, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ja4, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
