/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 24 * 3600 * 1000 };

static const uint8_t key[16] = { 9, 8, 7 };

static struct names *new_table(uint32_t addresses)
{
	void *mem = calloc(1, names_size(addresses));

	assert_non_null(mem);
	return names_init(mem, addresses, key);
}

static void addr(uint8_t out[16], uint32_t i)
{
	memset(out, 0, 16);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, &i, 4);
}

static void add(struct names *n, uint32_t i, const char *name, bool allowed, uint64_t now)
{
	uint8_t a[16];

	addr(a, i);
	names_add(n, a, name, strlen(name), allowed, now);
}

static unsigned int count(struct names *const *t, size_t n, bool *allowed, uint32_t i,
			  const char *name, uint64_t now)
{
	uint8_t a[16];

	addr(a, i);
	return names_count(t, n, allowed, a, name, strlen(name), now, DAY);
}

static void one_table(void **state)
{
	struct names *n = new_table(64);
	bool allowed;

	(void)state;
	assert_int_equal(count(&n, 1, &allowed, 1, "", 0), 0);
	assert_false(allowed);
	assert_int_equal(count(&n, 1, &allowed, 1, "a.example", 0), 1);
	add(n, 1, "a.example", false, 10);
	assert_int_equal(count(&n, 1, &allowed, 1, "a.example", 10), 1);
	assert_int_equal(count(&n, 1, &allowed, 1, "b.example", 10), 2);
	add(n, 1, "b.example", true, 20);
	assert_int_equal(count(&n, 1, &allowed, 1, "", 20), 2);
	assert_true(allowed);
	assert_int_equal(count(&n, 1, &allowed, 2, "", 20), 0);
	assert_false(allowed);
	/* the last word on a name holds */
	add(n, 1, "b.example", false, 30);
	count(&n, 1, &allowed, 1, "", 30);
	assert_false(allowed);
	/* a day later only what was seen since counts */
	add(n, 1, "a.example", false, 1000);
	assert_int_equal(count(&n, 1, &allowed, 1, "", DAY + 500), 1);
	assert_int_equal(count(&n, 1, &allowed, 1, "", DAY + 1001), 0);
	free(n);
}

static void many_names(void **state)
{
	struct names *n = new_table(64);
	bool allowed;
	char name[32];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		add(n, 1, name, i == 3, (uint64_t)i);
	}
	assert_int_equal(count(&n, 1, &allowed, 1, "", 100), NAMES_PER_ADDR);
	assert_false(allowed); /* the oldest names went */
	assert_int_equal(count(&n, 1, &allowed, 1, "n99.example", 100), NAMES_PER_ADDR);
	assert_int_equal(count(&n, 1, &allowed, 1, "n91.example", 100), NAMES_PER_ADDR + 1);
	free(n);
}

/* Bounded: more addresses than room; the youngest are always known. */
static void many_addresses(void **state)
{
	struct names *n = new_table(256);
	bool allowed;
	int known = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		add(n, i, "x.example", false, i);
		assert_int_equal(count(&n, 1, &allowed, i, "", i), 1);
	}
	for (uint32_t i = 0; i < 100000; i++)
		known += count(&n, 1, &allowed, i, "", 100000) == 1;
	assert_in_range(known, 128, 256);
	free(n);
}

static void several_tables(void **state)
{
	struct names *t[3] = { new_table(64), new_table(64), new_table(64) };
	bool allowed;

	(void)state;
	add(t[0], 1, "a.example", false, 1);
	add(t[1], 1, "a.example", false, 1);
	add(t[1], 1, "b.example", false, 1);
	add(t[2], 1, "c.example", true, 1);
	assert_int_equal(count(t, 3, &allowed, 1, "", 1), 3);
	assert_true(allowed);
	assert_int_equal(count(t, 2, &allowed, 1, "", 1), 2);
	assert_false(allowed);
	for (int i = 0; i < 3; i++)
		free(t[i]);
}

/* A successor takes over what is there; another key or size begins anew. */
static void taken_over(void **state)
{
	struct names *n = new_table(64);
	static const uint8_t other[16] = { 1 };
	bool allowed;

	(void)state;
	add(n, 1, "a.example", false, 1);
	n = names_init(n, 64, key);
	assert_int_equal(count(&n, 1, &allowed, 1, "", 1), 1);
	n = names_init(n, 64, other);
	assert_int_equal(count(&n, 1, &allowed, 1, "", 1), 0);
	free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_table),	  cmocka_unit_test(many_names),
		cmocka_unit_test(many_addresses), cmocka_unit_test(several_tables),
		cmocka_unit_test(taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
