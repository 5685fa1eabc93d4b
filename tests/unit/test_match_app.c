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

static void test_app(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "app", "tls");
	assert_int_equal(cb_value(&b, &f), '?');
	facts_know(&f, FACT_APP);
	f.app = APP_TLS;
	assert_int_equal(cb_value(&b, &f), '+');
	f.app = APP_N; /* of a later build: not in any list of ours */
	assert_int_equal(cb_value(&b, &f), '-');
	f.app = 255;
	assert_int_equal(cb_value(&b, &f), '-');
	f = cb_facts();
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

/* Nothing recognised is what "unknown" asks for. */
static void test_unknown(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "app", "unknown");
	assert_int_equal(cb_value(&b, &f), '?');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '+');
	facts_know(&f, FACT_APP);
	f.app = APP_TLS;
	assert_int_equal(cb_value(&b, &f), '-');
	cb_add(&b, &b.c.rule[0].when.cond[0].value, "tls");
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_value(&b, &f), '+');
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.rule[0].when.cond[0].value.line[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_app, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
