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

/* Two contents, each '+', '-' or '?'; absent counts as FALSE and is tried too ('0'). */
static struct facts facts_of(char name, char ech)
{
	struct facts f = cb_facts();

	if (name == '+' || name == '-')
		cb_sni(&f, name == '+' ? "a.example" : "b.example");
	if (ech == '+' || ech == '-') {
		facts_know(&f, FACT_ECH);
		f.ech = ech == '+';
	}
	if (name == '0')
		f.absent |= 1u << FACT_SNI | 1u << FACT_HOST;
	if (ech == '0')
		f.absent |= 1u << FACT_ECH;
	return f;
}

static char and_of(char x, char y)
{
	x = x == '0' ? '-' : x;
	y = y == '0' ? '-' : y;
	if (x == '-' || y == '-')
		return '-';
	return x == '?' || y == '?' ? '?' : '+';
}

static char not_of(char x)
{
	return x == '+' ? '-' : x == '-' ? '+' : x;
}

/* The whole truth table of a and b, not (a and b), not a and not b, not not a. */
static void test_table(void **state)
{
	static const char values[] = "+-?0";
	struct config_when *w[4];
	struct cb p[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		cb_init(&p[i]);
		w[i] = &cb_rule(&p[i], "r", ACTION_DROP)->when;
	}
	cb_cond(&p[0], w[0], "domain", "a.example", NULL);
	cb_cond(&p[0], w[0], "ech", "true", NULL);
	w[1] = cb_not(&p[1], w[1]);
	cb_cond(&p[1], w[1], "domain", "a.example", NULL);
	cb_cond(&p[1], w[1], "ech", "true", NULL);
	cb_cond(&p[2], cb_not(&p[2], w[2]), "domain", "a.example", NULL);
	cb_cond(&p[2], cb_not(&p[2], w[2]), "ech", "true", NULL);
	cb_cond(&p[3], cb_not(&p[3], cb_not(&p[3], w[3])), "domain", "a.example", NULL);
	for (int i = 0; i < 4; i++)
		assert_non_null(cb_compile(&p[i]));
	for (const char *x = values; *x; x++)
		for (const char *y = values; *y; y++) {
			struct facts f = facts_of(*x, *y);
			char a = and_of(*x, '+'), c = and_of(*y, '+');

			assert_int_equal(cb_value(&p[0], &f), and_of(a, c));
			assert_int_equal(cb_value(&p[1], &f), not_of(and_of(a, c)));
			assert_int_equal(cb_value(&p[2], &f), and_of(not_of(a), not_of(c)));
			assert_int_equal(cb_value(&p[3], &f), a);
		}
	for (int i = 0; i < 4; i++)
		cb_fini(&p[i]);
}

/* What is not in a list has no line in it. */
static void test_evidence(void **state)
{
	struct facts f = facts_of('-', '?');
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);
	struct decision d;

	(void)state;
	cb_list(&b, "names", LIST_DOMAIN, "b.example", NULL);
	cb_cond(&b, cb_not(&b, cb_not(&b, &r->when)), "domain", "@names", NULL);
	assert_non_null(cb_compile(&b));
	d = cb_judge(&b, &f);
	assert_int_equal(d.action, ACTION_DROP);
	assert_int_equal(d.ev.list, DECISION_NO_LIST);
	assert_int_equal(d.ev.line, r->when.cond[0].line);
}

/* Evidence: that of a list before that of the rule itself, wherever it stands. */
static void test_evidence_of_and(void **state)
{
	struct facts f = facts_of('+', '+');
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);

	(void)state;
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).ev.line, r->line); /* no `when` */
	cb_list(&b, "names", LIST_DOMAIN, "a.example", NULL);
	cb_cond(&b, &r->when, "port", "443", NULL);
	cb_cond(&b, &r->when, "ech", "true", NULL);
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).ev.line, r->when.cond[0].value.line[0]);
	cb_cond(&b, &r->when, "domain", "@names", NULL);
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).ev.list, 0);
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.list[0].entries.line[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_evidence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_evidence_of_and, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
