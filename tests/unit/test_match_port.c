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

static void test_port(void **state)
{
	struct facts f = cb_facts();
	struct config_value *v;

	(void)state;
	cb_one(&b, "port", "443");
	assert_int_equal(cb_value(&b, &f), '+'); /* with all contents pending */
	f.dport = 442;
	assert_int_equal(cb_value(&b, &f), '-');
	f.sport = 443;
	assert_int_equal(cb_value(&b, &f), '-'); /* the destination's only */
	v = &b.c.rule[0].when.cond[0].value;
	cb_add(&b, v, "100-200");
	cb_add(&b, v, "65535");
	cb_add(&b, v, "1-1");
	assert_non_null(cb_compile(&b));
	for (uint32_t port = 0; port <= 65535; port++) {
		bool in = port == 443 || (port >= 100 && port <= 200) || port == 65535 || port == 1;

		f.dport = (uint16_t)port;
		assert_int_equal(cb_value(&b, &f), in ? '+' : '-');
	}
	f.dport = 150;
	assert_int_equal(cb_judge(&b, &f).ev.line, v->line[1]);
	assert_int_equal(cb_judge(&b, &f).ev.list, DECISION_NO_LIST);
	cb_one(&b, "port", "1-65535");
	f.dport = 0; /* a protocol without ports */
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_proto(void **state)
{
	static const struct {
		const char *text;
		uint8_t number;
	} cases[] = { { "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "icmpv6", 58 }, { "47", 47 },
		      { "0", 0 }, { "255", 255 } };
	struct facts f = cb_facts();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cb_one(&b, "proto", cases[i].text);
		for (int n = 0; n < 256; n++) {
			f.proto = (uint8_t)n;
			assert_int_equal(cb_value(&b, &f), n == cases[i].number ? '+' : '-');
		}
	}
}

static char size_of(uint16_t n)
{
	struct facts f = cb_facts();

	facts_know(&f, FACT_ICMP_SIZE);
	f.icmp_size = n;
	return cb_value(&b, &f);
}

static void test_icmp_size(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "icmp_size", "200-65535");
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(size_of(199), '-');
	assert_int_equal(size_of(200), '+');
	assert_int_equal(size_of(65535), '+');
	cb_one(&b, "icmp_size", "0");
	assert_int_equal(size_of(0), '+');
	assert_int_equal(size_of(1), '-');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

static char type_of(uint16_t n)
{
	struct facts f = cb_facts();

	facts_know(&f, FACT_QUERY_TYPE);
	f.query_type = n;
	return cb_value(&b, &f);
}

static void test_query_type(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "query_type", "TXT");
	assert_int_equal(cb_value(&b, &f), '?');
	assert_int_equal(type_of(16), '+');
	assert_int_equal(type_of(1), '-');
	cb_one(&b, "query_type", "https");
	assert_int_equal(type_of(65), '+');
	cb_one(&b, "query_type", "65399");
	assert_int_equal(type_of(65399), '+');
	assert_int_equal(type_of(65398), '-');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_icmp_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_query_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proto, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
