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

static void test_three_values(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "domain", "a.example");
	assert_int_equal(cb_value(&b, &f), '?');
	cb_sni(&f, "a.example");
	f.known = 0; /* bytes that are not a fact yet */
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(value("a.example"), '+');
	assert_int_equal(value("b.example"), '-');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_forms(void **state)
{
	(void)state;
	cb_one(&b, "domain", "A.Example."); /* canonical form: as in the facts */
	assert_int_equal(value("a.example"), '+');
	assert_int_equal(value("x.a.example"), '-');
	cb_one(&b, "domain", "*.example.net");
	assert_int_equal(value("www.example.net"), '+');
	assert_int_equal(value("a.b.c.example.net"), '+');
	assert_int_equal(value("example.net"), '-');
	assert_int_equal(value("notexample.net"), '-');
	cb_one(&b, "domain", "*.onion");
	assert_int_equal(value("abc.onion"), '+');
	assert_int_equal(value(""), '-');
}

static void test_list(void **state)
{
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);
	struct facts f = cb_facts();
	struct decision d;

	(void)state;
	cb_list(&b, "names", LIST_DOMAIN, "one.example", "*.two.example", NULL);
	cb_cond(&b, &r->when, "domain", "own.example", "@names", NULL);
	assert_non_null(cb_compile(&b));
	assert_int_equal(value("own.example"), '+');
	assert_int_equal(value("one.example"), '+');
	assert_int_equal(value("three.example"), '-');
	cb_sni(&f, "a.two.example");
	d = cb_judge(&b, &f);
	assert_int_equal(d.ev.list, 0);
	assert_int_equal(d.ev.line, b.c.list[0].entries.line[1]);
	cb_sni(&f, "own.example");
	d = cb_judge(&b, &f);
	assert_int_equal(d.ev.list, DECISION_NO_LIST);
	assert_int_equal(d.ev.line, r->when.cond[0].value.line[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_three_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
