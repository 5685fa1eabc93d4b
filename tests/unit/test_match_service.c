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

static char sni(const char *name)
{
	struct facts f = cb_facts();

	cb_sni(&f, name);
	return cb_value(&b, &f);
}

static void lists(void)
{
	cb_list(&b, "cloud", LIST_SERVICE, "dropbox dropbox.com", "dropbox *.dropbox.com",
		"mega *.mega.nz", NULL);
	cb_list(&b, "more", LIST_SERVICE, "dropbox *.getdropbox.com", "box\t*.box.com", NULL);
	cb_list(&b, "names", LIST_DOMAIN, "a.example", NULL);
}

static void rule(enum action action, const char *v1, const char *v2)
{
	struct config_rule *r;

	cb_fini(&b);
	cb_init(&b);
	lists();
	r = cb_rule(&b, "r", action);
	cb_cond(&b, &r->when, "service", v1, v2, NULL);
}

static void test_names(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	rule(ACTION_DROP, "dropbox", NULL);
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(sni("dropbox.com"), '+');
	assert_int_equal(sni("www.dropbox.com"), '+');
	assert_int_equal(sni("www.getdropbox.com"), '+'); /* of the other list */
	assert_int_equal(sni("x.mega.nz"), '-');
	assert_int_equal(sni("notdropbox.com"), '-');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
	rule(ACTION_DROP, "mega", "box");
	assert_non_null(cb_compile(&b));
	assert_int_equal(sni("x.mega.nz"), '+');
	assert_int_equal(sni("x.box.com"), '+');
	assert_int_equal(sni("dropbox.com"), '-');
}

static void test_whole_list(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	rule(ACTION_DROP, "@more", "mega");
	assert_non_null(cb_compile(&b));
	assert_int_equal(sni("x.box.com"), '+');
	assert_int_equal(sni("x.getdropbox.com"), '+');
	assert_int_equal(sni("dropbox.com"), '-');
	cb_sni(&f, "a.mega.nz");
	assert_int_equal(cb_value(&b, &f), '+');
	assert_int_equal(cb_judge(&b, &f).ev.list, 0);
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.list[0].entries.line[2]);
	cb_sni(&f, "a.box.com");
	assert_int_equal(cb_judge(&b, &f).ev.list, 1);
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.list[1].entries.line[1]);
}

/* An allowed service inside a request for somebody else is not let through. */
static void test_allow_wants_all(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	rule(ACTION_ALLOW, "dropbox", NULL);
	b.c.default_drop = true;
	assert_non_null(cb_compile(&b));
	cb_sni(&f, "dropbox.com");
	assert_int_equal(cb_judge(&b, &f).rule, 0);
	facts_know(&f, FACT_HOST);
	f.host_len = 3;
	memcpy(f.host, "x.y", 3);
	assert_int_equal(cb_judge(&b, &f).rule, RULE_DEFAULT);
}

static void test_errors(void **state)
{
	(void)state;
	rule(ACTION_DROP, "dropbx", NULL);
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "did you mean \"dropbox\""));
	assert_int_equal(b.e.e[b.e.n - 1].line, b.c.rule[0].when.cond[0].value.line[0]);
	rule(ACTION_DROP, "qqqqqqqq", NULL);
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "no list of type service has it"));
	rule(ACTION_DROP, "@names", "@cluod");
	assert_null(cb_compile(&b));
	assert_int_equal(b.e.errors, 2);
	assert_true(cb_told(&b, "of type domain; a list of type service"));
	assert_true(cb_told(&b, "did you mean \"@cloud\""));
	rule(ACTION_DROP, "dropbox", NULL);
	cb_add(&b, &b.c.list[0].entries, "Upper x.example");
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "not a service and a host name"));
}

/* Lists of services are loaded when a service is named; one that is not there yet is no error. */
static void test_lists_in_use(void **state)
{
	struct config_list *l;
	struct facts f = cb_facts();

	(void)state;
	rule(ACTION_DROP, "@cloud", NULL);
	assert_non_null(cb_compile(&b));
	assert_true(cb_told(&b, "no rule uses list \"more\""));
	rule(ACTION_DROP, "mega", NULL);
	assert_non_null(cb_compile(&b));
	assert_false(cb_told(&b, "no rule uses list \"more\""));
	rule(ACTION_DROP, "later", NULL);
	l = cb_list(&b, "absent", LIST_SERVICE, NULL);
	l->path = cb_text(&b, "not-there.txt");
	l->optional = true;
	assert_non_null(cb_compile(&b));
	assert_true(cb_told(&b, "no list of type service has it yet"));
	cb_sni(&f, "dropbox.com");
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_too_many(void **state)
{
	struct config_list *l;
	char text[64];

	(void)state;
	l = cb_list(&b, "many", LIST_SERVICE, NULL);
	for (int i = 0; i < 257; i++) {
		snprintf(text, sizeof text, "s%d s%d.example", i, i);
		cb_add(&b, &l->entries, text);
		if (i == 0)
			cb_cond(&b, &cb_rule(&b, "r", ACTION_DROP)->when, "service", "s255", NULL);
		if (i == 255)
			assert_non_null(cb_compile(&b));
	}
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "too many"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whole_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allow_wants_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
