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

static void test_from(void **state)
{
	struct facts f = cb_facts(); /* from 192.168.1.2 */

	(void)state;
	cb_one(&b, "from", "192.168.1.2");
	assert_int_equal(cb_value(&b, &f), '+');
	cb_one(&b, "from", "192.168.0.0/23");
	assert_int_equal(cb_value(&b, &f), '+');
	cb_one(&b, "from", "192.168.1.3-192.168.1.9");
	assert_int_equal(cb_value(&b, &f), '-');
	cb_one(&b, "from", "203.0.113.9"); /* that is where it goes */
	assert_int_equal(cb_value(&b, &f), '-');
	cb_one(&b, "from", "0.0.0.0/0");
	assert_int_equal(cb_value(&b, &f), '+');
	cb_one(&b, "from", "::/0"); /* every IPv6 address, none of IPv4 */
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_from_v6(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	memset(f.src, 0, 16);
	f.src[0] = 0x20;
	f.src[1] = 0x01;
	f.src[15] = 7;
	cb_one(&b, "from", "2001::7");
	assert_int_equal(cb_value(&b, &f), '+');
	cb_one(&b, "from", "2001::/16");
	assert_int_equal(cb_value(&b, &f), '+');
	cb_one(&b, "from", "2001::8-2001::9");
	assert_int_equal(cb_value(&b, &f), '-');
	cb_one(&b, "from", "0.0.0.0/0");
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_from_mac(void **state)
{
	static const uint8_t mac[6] = { 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x0f };
	struct facts f = cb_facts();
	struct config_rule *r;

	(void)state;
	cb_one(&b, "from", "AA:bb:cc:dd:ee:0f");
	assert_int_equal(cb_value(&b, &f), '-'); /* not known */
	memcpy(f.mac, mac, 6);
	assert_int_equal(cb_value(&b, &f), '+');
	f.mac[5] = 0x1f;
	assert_int_equal(cb_value(&b, &f), '-');
	/* mixed with addresses: any of them */
	r = &b.c.rule[0];
	cb_add(&b, &r->when.cond[0].value, "192.168.1.2");
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_value(&b, &f), '+');
	assert_int_equal(cb_judge(&b, &f).ev.line, r->when.cond[0].value.line[1]);
	f.src[15] = 3;
	assert_int_equal(cb_value(&b, &f), '-');
	f.mac[5] = 0x0f;
	assert_int_equal(cb_judge(&b, &f).ev.line, r->when.cond[0].value.line[0]);
}

static void test_to(void **state)
{
	struct facts f = cb_facts(); /* to 203.0.113.9 */

	(void)state;
	cb_one(&b, "to", "203.0.113.9");
	assert_int_equal(cb_value(&b, &f), '+');
	f.direction = DIR_IN; /* said outright it stays the destination */
	assert_int_equal(cb_value(&b, &f), '+');
	cb_one(&b, "to", "192.168.1.2");
	assert_int_equal(cb_value(&b, &f), '-');
	f.direction = DIR_OUT;
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_endpoint(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "endpoint", "203.0.113.9:443");
	assert_int_equal(cb_value(&b, &f), '+');
	f.dport = 80;
	assert_int_equal(cb_value(&b, &f), '-');
	f.dport = 443;
	f.dst[15] = 10;
	assert_int_equal(cb_value(&b, &f), '-');
	cb_one(&b, "endpoint", "192.168.1.2:40000");
	assert_int_equal(cb_value(&b, &f), '-');
}

/* A list means the far end, whichever side it is on. */
static void test_lists_and_direction(void **state)
{
	static const struct {
		const char *key, *list;
		enum list_type type;
		char out, in, local;
	} cases[] = {
		{ "to", "203.0.113.9", LIST_ADDRESS, '+', '-', '+' },
		{ "to", "192.168.1.2", LIST_ADDRESS, '-', '+', '-' },
		{ "from", "203.0.113.9", LIST_ADDRESS, '-', '-', '-' },
		{ "from", "192.168.1.2", LIST_ADDRESS, '+', '+', '+' },
		{ "endpoint", "203.0.113.9:443", LIST_ENDPOINT, '+', '-', '+' },
		{ "endpoint", "192.168.1.2:40000", LIST_ENDPOINT, '-', '+', '-' },
		{ "endpoint", "192.168.1.2:443", LIST_ENDPOINT, '-', '-', '-' },
	};
	struct facts f = cb_facts();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct config_rule *r;

		cb_fini(&b);
		cb_init(&b);
		cb_list(&b, "l", cases[i].type, cases[i].list, NULL);
		r = cb_rule(&b, "r", ACTION_DROP);
		r->direction = DIR_OUT | DIR_IN | DIR_LOCAL;
		cb_cond(&b, &r->when, cases[i].key, "@l", NULL);
		assert_non_null(cb_compile(&b));
		f.direction = DIR_OUT;
		assert_int_equal(cb_value(&b, &f), cases[i].out);
		f.direction = DIR_IN;
		assert_int_equal(cb_value(&b, &f), cases[i].in);
		f.direction = DIR_LOCAL;
		assert_int_equal(cb_value(&b, &f), cases[i].local);
	}
}

static void test_several_lists(void **state)
{
	struct facts f = cb_facts();
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);
	struct decision d;

	(void)state;
	cb_list(&b, "other", LIST_ADDRESS, "198.51.100.1", NULL);
	cb_list(&b, "this", LIST_ADDRESS, "198.51.100.2", "203.0.113.0/24", "203.0.113.9", NULL);
	cb_cond(&b, &r->when, "to", "198.51.100.3", "@other", "@this", NULL);
	assert_non_null(cb_compile(&b));
	d = cb_judge(&b, &f);
	assert_int_equal(d.action, ACTION_DROP);
	assert_int_equal(d.ev.list, 1);
	assert_int_equal(d.ev.line, b.c.list[1].entries.line[2]); /* the narrowest */
	f.dst[15] = 10;
	assert_int_equal(cb_judge(&b, &f).ev.line, b.c.list[1].entries.line[1]);
	f.dst[12] = 204;
	assert_int_equal(cb_value(&b, &f), '-');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_from, setup, teardown),
		cmocka_unit_test_setup_teardown(test_from_v6, setup, teardown),
		cmocka_unit_test_setup_teardown(test_from_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(test_to, setup, teardown),
		cmocka_unit_test_setup_teardown(test_endpoint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists_and_direction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_lists, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
