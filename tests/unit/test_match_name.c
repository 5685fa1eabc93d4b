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

/* '+' matches, '-' is another, '~' pending, '0' absent: the host, and the SNI. */
static struct facts names_of(char host, char sni)
{
	struct facts f = cb_facts();

	if (sni == '+' || sni == '-')
		cb_sni(&f, sni == '+' ? "a.example" : "b.example");
	f.absent = sni == '0' ? 1u << FACT_SNI : 0;
	if (host == '+' || host == '-') {
		f.host_len = 9;
		memcpy(f.host, host == '+' ? "a.example" : "b.example", 9);
		facts_know(&f, FACT_HOST);
	}
	f.absent |= host == '0' ? 1u << FACT_HOST : 0;
	return f;
}

/* The decision as the value of the condition: the rest of the policy does the opposite. */
static char truth(const struct facts *f)
{
	struct decision d = cb_judge(&b, f);

	return d.action == ACTION_NONE ? '~' : d.rule == 0 ? '+' : '-';
}

static void with_rule(enum action action, bool negated)
{
	struct config_rule *r;

	cb_fini(&b);
	cb_init(&b);
	b.c.default_drop = action == ACTION_ALLOW;
	r = cb_rule(&b, "r", action);
	r->score = 100;
	cb_cond(&b, negated ? cb_not(&b, &r->when) : &r->when, "domain", "a.example", NULL);
	assert_non_null(cb_compile(&b));
}

/*
 * Two names: any of them condemns, only all of them together acquit. The columns: host and SNI,
 * then what drop, allow, drop-not and allow-not make of it.
 */
static void test_two_names(void **state)
{
	static const char *const rows[] = {
		"++ ++--", "+- +-+-", "+0 ++--", "+~ +~~-",
		"-+ +-+-", "-- --++", "-0 --++", "-~ ~-+~",
		"0+ ++--", "0- --++", "00 --++", "0~ ~~~~",
		"~+ +~~-", "~- ~-+~", "~0 ~~~~", "~~ ~~~~",
	};

	(void)state;
	for (int k = 0; k < 4; k++) {
		with_rule(k % 2 ? ACTION_ALLOW : ACTION_DROP, k > 1);
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct facts f = names_of(rows[i][0], rows[i][1]);
			char got = truth(&f);

			if (got != rows[i][3 + k])
				fail_msg("%s, column %d: %c", rows[i], k, got);
		}
	}
}

/* `not` in `not` is what it was; other actions are like drop. */
static void test_two_names_more(void **state)
{
	struct facts f = names_of('+', '-');
	struct config_rule *r;

	(void)state;
	for (int k = 0; k < 2; k++) {
		cb_fini(&b);
		cb_init(&b);
		b.c.default_drop = k;
		r = cb_rule(&b, "r", k ? ACTION_ALLOW : ACTION_REJECT);
		cb_cond(&b, cb_not(&b, cb_not(&b, &r->when)), "domain", "a.example", NULL);
		assert_non_null(cb_compile(&b));
		assert_int_equal(truth(&f), k ? '-' : '+');
	}
	with_rule(ACTION_MONITOR, false);
	facts_settle(&f);
	assert_int_equal(cb_judge(&b, &f).n_monitors, 1);
	with_rule(ACTION_SCORE, false);
	assert_int_equal(cb_judge(&b, &f).n_scores, 1);
}

/* Each of the others looks at its own name alone. */
static void test_single_names(void **state)
{
	static const char *const keys[] = { "sni", "host", "query", "dns_name" };
	static const enum fact ids[] = { FACT_SNI, FACT_HOST, FACT_QUERY, FACT_DNS_NAME };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		cb_one(&b, keys[i], "*.example");
		for (size_t k = 0; k < 4; k++) {
			struct facts f = cb_facts();

			f.sni_len = f.host_len = f.query_len = f.dns_name_len = 9;
			memcpy(f.sni, "a.example", 9);
			memcpy(f.host, "a.example", 9);
			memcpy(f.query, "a.example", 9);
			memcpy(f.dns_name, "a.example", 9);
			assert_int_equal(cb_value(&b, &f), '?');
			facts_know(&f, ids[k]);
			assert_int_equal(cb_value(&b, &f), i == k ? '+' : '?');
			facts_settle(&f);
			assert_int_equal(cb_value(&b, &f), i == k ? '+' : '-');
		}
	}
}

static void test_none(void **state)
{
	static const char *const keys[] = { "sni", "host" };
	static const enum fact ids[] = { FACT_SNI, FACT_HOST };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct facts f = cb_facts();

		cb_one(&b, keys[i], "none");
		assert_int_equal(cb_value(&b, &f), '?');
		f.absent |= 1u << ids[i];
		assert_int_equal(cb_value(&b, &f), '+');
		assert_int_equal(cb_judge(&b, &f).ev.line, b.c.rule[0].when.cond[0].value.line[0]);
		facts_know(&f, ids[i]);
		f.sni_len = f.host_len = 4;
		memcpy(f.sni, "none", 4);
		memcpy(f.host, "none", 4);
		assert_int_equal(cb_value(&b, &f), '-'); /* a host of that name cannot be asked for */
		cb_add(&b, &b.c.rule[0].when.cond[0].value, "a.example");
		assert_non_null(cb_compile(&b));
		f.sni_len = f.host_len = 9;
		memcpy(f.sni, "a.example", 9);
		memcpy(f.host, "a.example", 9);
		assert_int_equal(cb_value(&b, &f), '+');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_names_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_single_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_three_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
