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

/* `room` bytes, of which the first `len` are the offer. */
static char alpn_in(const char *wire, size_t len, size_t room)
{
	struct facts f = cb_facts();

	memcpy(f.alpn, wire, room);
	f.alpn_len = (uint8_t)len;
	facts_know(&f, FACT_ALPN);
	return cb_value(&b, &f);
}

static char alpn(const char *wire, size_t len)
{
	return alpn_in(wire, len, len);
}

static void test_alpn(void **state)
{
	struct facts f = cb_facts();
	char big[255];

	(void)state;
	cb_one(&b, "alpn", "h2");
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(alpn("\2h2", 3), '+');
	assert_int_equal(alpn("", 0), '-');
	assert_int_equal(alpn("\x07http/1.1\2h2", 12), '-'); /* entries out of step */
	assert_int_equal(alpn("\x08http/1.1\2h2", 12), '+');
	assert_int_equal(alpn("\3h2c\2h3", 7), '-');
	assert_int_equal(alpn("\3\2h2", 4), '-'); /* the bytes are there, the entry is not */
	assert_int_equal(alpn_in("\2h2", 2, 3), '-'); /* cut within the entry */
	assert_int_equal(alpn("\5h2", 3), '-');
	assert_int_equal(alpn("\0\0\2h2", 5), '+');
	assert_int_equal(alpn("\2H2", 3), '-'); /* identifiers are bytes (RFC 7301) */
	memset(big, 0, sizeof big);
	assert_int_equal(alpn(big, sizeof big), '-');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
	cb_add(&b, &b.c.rule[0].when.cond[0].value, "h3");
	assert_non_null(cb_compile(&b));
	assert_int_equal(alpn("\3h2c\2h3", 7), '+');
}

static void test_no_alpn(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "alpn", "none");
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(alpn("\2h2", 3), '-');
	assert_int_equal(alpn("", 0), '-'); /* an offer of nothing is an offer */
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '+');
	cb_add(&b, &b.c.rule[0].when.cond[0].value, "h3");
	assert_non_null(cb_compile(&b));
	assert_int_equal(alpn("\2h3", 3), '+');
	assert_int_equal(alpn("\2h2", 3), '-');
	assert_int_equal(cb_value(&b, &f), '+');
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.rule[0].when.cond[0].value.line[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alpn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_alpn, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
