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

/* The facts with one text known. */
static struct facts said(enum fact id, const char *text)
{
	struct facts f = cb_facts();
	const uint8_t *p = (const uint8_t *)text;
	size_t n = strlen(text);

	facts_know(&f, id);
	if (id == FACT_METHOD && !facts_text(f.method, &f.method_len, sizeof f.method, p, n))
		f.cut |= FACTS_CUT_METHOD;
	if (id == FACT_PATH && !facts_text(f.path, &f.path_len, sizeof f.path, p, n))
		f.cut |= FACTS_CUT_PATH;
	if (id == FACT_USER_AGENT &&
	    !facts_text(f.user_agent, &f.user_agent_len, sizeof f.user_agent, p, n))
		f.cut |= FACTS_CUT_USER_AGENT;
	if (id == FACT_HEADERS && !facts_text(f.headers, &f.headers_len, sizeof f.headers, p, n))
		f.cut |= FACTS_CUT_HEADERS;
	if (id == FACT_SSH_SOFTWARE &&
	    !facts_text(f.software, &f.software_len, sizeof f.software, p, n))
		f.cut |= FACTS_CUT_SOFTWARE;
	return f;
}

static char value(enum fact id, const char *text)
{
	struct facts f = said(id, text);

	return cb_value(&b, &f);
}

/* Pending is NOT YET, absent FALSE. */
static void three_values(const char *key, const char *text, enum fact id)
{
	struct facts f = cb_facts();

	cb_one(&b, key, text);
	assert_int_equal(cb_value(&b, &f), '?');
	f.absent |= 1u << id;
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_three_values(void **state)
{
	(void)state;
	three_values("method", "GET", FACT_METHOD);
	three_values("path", "*", FACT_PATH);
	three_values("user_agent", "*", FACT_USER_AGENT);
	three_values("header", "Host", FACT_HEADERS);
	three_values("ssh_software", "*", FACT_SSH_SOFTWARE);
}

static void test_method(void **state)
{
	char longest[40];

	(void)state;
	cb_one(&b, "method", "CONNECT");
	assert_int_equal(value(FACT_METHOD, "CONNECT"), '+');
	assert_int_equal(value(FACT_METHOD, "connect"), '-');
	assert_int_equal(value(FACT_METHOD, "CONNECTS"), '-');
	assert_int_equal(value(FACT_METHOD, "CON"), '-');
	assert_int_equal(value(FACT_METHOD, ""), '-');
	memset(longest, 'A', sizeof longest);
	longest[FACTS_METHOD_MAX] = 0;
	cb_one(&b, "method", longest);
	assert_int_equal(value(FACT_METHOD, longest), '+');
	longest[FACTS_METHOD_MAX] = 'A';
	longest[FACTS_METHOD_MAX + 1] = 0;
	assert_int_equal(value(FACT_METHOD, longest), '-'); /* it goes on */
}

static void test_method_case(void **state)
{
	(void)state;
	cb_one(&b, "method", "connect");
	assert_true(cb_told(&b, "did you mean \"CONNECT\""));
	assert_int_equal(b.e.errors, 0);
	assert_int_equal(b.e.e[0].line, b.c.rule[0].when.cond[0].value.line[0]);
	cb_one(&b, "method", "CONNECT");
	assert_int_equal(b.e.n, 0);
}

static void test_path(void **state)
{
	char longest[FACTS_TEXT_MAX + 2];

	(void)state;
	cb_one(&b, "path", "/gate.php?id=*");
	assert_int_equal(value(FACT_PATH, "/gate.php?id=7"), '+');
	assert_int_equal(value(FACT_PATH, "/Gate.php?id=7"), '-');
	assert_int_equal(value(FACT_PATH, "/x/gate.php?id=7"), '-');
	cb_one(&b, "path", "*.exe");
	assert_int_equal(value(FACT_PATH, "/a/b.exe"), '+');
	memset(longest, '/', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	memcpy(longest + FACTS_TEXT_MAX - 4, ".exe", 4);
	assert_int_equal(value(FACT_PATH, longest), '-'); /* what is kept ends so, the path does not */
	longest[FACTS_TEXT_MAX] = 0;
	assert_int_equal(value(FACT_PATH, longest), '+');
}

static void test_user_agent(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "user_agent", "curl/*");
	assert_int_equal(value(FACT_USER_AGENT, "curl/8.0"), '+');
	assert_int_equal(value(FACT_USER_AGENT, "CURL/8.0"), '+');
	assert_int_equal(value(FACT_USER_AGENT, "libcurl/8.0"), '-');
	assert_int_equal(value(FACT_USER_AGENT, ""), '-');
	cb_one(&b, "user_agent", "none");
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(value(FACT_USER_AGENT, ""), '+'); /* sent, and empty */
	assert_int_equal(value(FACT_USER_AGENT, "none"), '-');
	f.absent |= 1u << FACT_USER_AGENT;
	assert_int_equal(cb_value(&b, &f), '+');
	cb_add(&b, &b.c.rule[0].when.cond[0].value, "Nikto*");
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_value(&b, &f), '+');
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.rule[0].when.cond[0].value.line[0]);
	f = said(FACT_USER_AGENT, "nikto/2");
	assert_int_equal(cb_value(&b, &f), '+');
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.rule[0].when.cond[0].value.line[1]);
	assert_int_equal(value(FACT_USER_AGENT, "curl"), '-');
}

static void test_header(void **state)
{
	(void)state;
	cb_one(&b, "header", "X-Forwarded-For");
	assert_int_equal(value(FACT_HEADERS, "Host,x-forwarded-for,Accept"), '+');
	assert_int_equal(value(FACT_HEADERS, "X-Forwarded-For"), '+');
	assert_int_equal(value(FACT_HEADERS, "Host,X-Forwarded-For"), '+');
	assert_int_equal(value(FACT_HEADERS, "X-Forwarded-Fo,X-Forwarded-Form,Y"), '-');
	assert_int_equal(value(FACT_HEADERS, ""), '-');
	assert_int_equal(value(FACT_HEADERS, ","), '-');
}

static void test_ssh_software(void **state)
{
	(void)state;
	cb_one(&b, "ssh_software", "paramiko_*");
	assert_int_equal(value(FACT_SSH_SOFTWARE, "paramiko_3.1"), '+');
	assert_int_equal(value(FACT_SSH_SOFTWARE, "Paramiko_3.1"), '+');
	assert_int_equal(value(FACT_SSH_SOFTWARE, "OpenSSH_9.2"), '-');
	cb_one(&b, "ssh_software", "none"); /* no word of its own here: a banner always names one */
	assert_int_equal(value(FACT_SSH_SOFTWARE, "none"), '+');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_three_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_method, setup, teardown),
		cmocka_unit_test_setup_teardown(test_method_case, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user_agent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ssh_software, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
