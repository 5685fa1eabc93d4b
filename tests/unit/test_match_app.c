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

/* What carries another protocol is known before that one, and counts too. */
static void test_via(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "app", "http");
	f.via = APP_HTTP;
	assert_int_equal(cb_value(&b, &f), '+'); /* FACT_APP is pending */
	f.via = APP_SOCKS;
	assert_int_equal(cb_value(&b, &f), '?');
	facts_know(&f, FACT_APP);
	f.app = APP_SSH;
	assert_int_equal(cb_value(&b, &f), '-');
	f.via = APP_HTTP;
	assert_int_equal(cb_value(&b, &f), '+');
	f.via = 255;
	assert_int_equal(cb_value(&b, &f), '-');
	cb_one(&b, "app", "ssh");
	f.via = APP_HTTP;
	assert_int_equal(cb_value(&b, &f), '+');
	cb_one(&b, "app", "unknown");
	f = cb_facts(); /* via 0 is nobody */
	assert_int_equal(cb_value(&b, &f), '?');
}

/* The last of the list: more than a word of 32 bits holds, one day. */
static void test_every_app(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	facts_know(&f, FACT_APP);
	for (int i = 1; i < APP_N; i++) {
		cb_one(&b, "app", facts_app_name((enum app)i));
		for (int k = 1; k < APP_N; k++) {
			f.app = (uint8_t)k;
			assert_int_equal(cb_value(&b, &f), i == k ? '+' : '-');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_app, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_via, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_app, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
