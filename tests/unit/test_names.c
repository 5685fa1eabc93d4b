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

static void add_dns(struct names *n, uint32_t i, const char *name, uint32_t ttl, uint64_t now)
{
	uint8_t a[16];

	addr(a, i);
	names_add_dns(n, a, name, strlen(name), false, ttl, now);
}

/* The name that DNS gave the address, "" = given without a name kept, "-" = not given. */
static const char *resolved(struct names *const *t, size_t n, uint32_t i, uint64_t now)
{
	static char name[NAMES_TEXT_MAX + 1];
	uint8_t a[16], len = 77;

	addr(a, i);
	if (!names_resolved(t, n, name, &len, a, now)) {
		assert_int_equal(len, 0);
		return "-";
	}
	name[len] = '\0';
	return name;
}

/* Believed for its TTL, but at least 10 minutes and at most a day, and for an hour more. */
static void answers_run_out(void **state)
{
	static const struct {
		uint32_t ttl, holds;
	} t[] = { { 0, 4200 }, { 599, 4200 }, { 700, 4300 }, { 82799, 86399 }, { 82800, 86400 },
		  { 86400, 86400 }, { UINT32_MAX, 86400 } };
	bool allowed;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct names *n = new_table(64);
		uint64_t end = 5000 + t[i].holds * (uint64_t)1000;

		assert_string_equal(resolved(&n, 1, 1, 5000), "-");
		add_dns(n, 1, "a.example", t[i].ttl, 5000);
		assert_string_equal(resolved(&n, 1, 1, 5000), "a.example");
		assert_string_equal(resolved(&n, 1, 1, end), "a.example");
		assert_int_equal(count(&n, 1, &allowed, 1, "", end), 1);
		assert_string_equal(resolved(&n, 1, 1, end + 1000), "-");
		assert_int_equal(count(&n, 1, &allowed, 1, "", end + 1000), 0);
		assert_string_equal(resolved(&n, 1, 2, 5000), "-");
		free(n);
	}
}

static void newest_answer(void **state)
{
	struct names *t[2] = { new_table(64), new_table(64) };
	char longest[NAMES_TEXT_MAX + 1];
	bool allowed;

	(void)state;
	add_dns(t[0], 1, "a.example", 0, 1000);
	add_dns(t[1], 1, "b.example", 0, 2000);
	assert_string_equal(resolved(t, 2, 1, 3000), "b.example");
	add_dns(t[0], 1, "c.example", 0, 3000);
	assert_string_equal(resolved(t, 2, 1, 3000), "c.example");
	assert_int_equal(count(t, 2, &allowed, 1, "", 3000), 3);
	/* what a client says is no answer, and takes nothing from one */
	add(t[0], 2, "d.example", false, 3000);
	assert_string_equal(resolved(t, 2, 2, 3000), "-");
	add(t[0], 1, "e.example", false, 3000);
	assert_string_equal(resolved(t, 2, 1, 3000), "c.example");
	for (int i = 0; i < 2 * NAMES_PER_ADDR; i++) {
		char name[32];

		snprintf(name, sizeof name, "n%d.example", i);
		add(t[0], 1, name, false, 4000);
		add(t[1], 1, name, false, 4000);
	}
	assert_string_not_equal(resolved(t, 2, 1, 4000), "-");
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	add_dns(t[1], 9, longest, 0, 5000);
	assert_string_equal(resolved(t, 2, 9, 5000), longest);
	free(t[0]);
	free(t[1]);
	/* who takes another's place takes nothing else of his */
	t[0] = new_table(4);
	for (uint32_t i = 1; i <= 4; i++)
		add_dns(t[0], i, "a.example", 0, i);
	add(t[0], 5, "b.example", false, 5);
	assert_string_equal(resolved(t, 1, 5, 5), "-");
	assert_string_equal(resolved(t, 1, 1, 5), "-");
	assert_string_equal(resolved(t, 1, 2, 5), "a.example");
	free(t[0]);
}

/* Every entry has a text of its own, also when it is used again for another address. */
static void many_texts(void **state)
{
	struct names *n = new_table(256);
	char name[32];
	int known = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "n%u.example", i);
		add_dns(n, i, name, 0, i);
		assert_string_equal(resolved(&n, 1, i, i), name);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		const char *is = resolved(&n, 1, i, 20000);

		snprintf(name, sizeof name, "n%u.example", i);
		if (strcmp(is, "-") == 0)
			continue;
		known++;
		assert_string_equal(is, name);
	}
	assert_in_range(known, 128, 256);
	free(n);
}

static bool host_seen(struct names *const *t, size_t n, uint32_t i, uint64_t now)
{
	uint8_t a[16];

	addr(a, i);
	return names_host_seen(t, n, a, now, 1000);
}

static void hosts(void **state)
{
	struct names *t[2] = { new_table(64), new_table(64) };
	uint8_t a[16];

	(void)state;
	assert_false(host_seen(t, 2, 1, 0));
	addr(a, 1);
	names_add_host(t[1], a, 5000);
	assert_true(host_seen(t, 2, 1, 5000));
	assert_true(host_seen(t, 2, 1, 6000));
	assert_false(host_seen(t, 2, 1, 6001));
	assert_false(host_seen(t, 2, 2, 5000));
	assert_false(host_seen(t, 1, 1, 5000));
	names_add_host(t[1], a, 6000);
	assert_true(host_seen(t, 2, 1, 7000));
	for (uint32_t i = 0; i < 10000; i++) {
		addr(a, i);
		names_add_host(t[0], a, 10000 + i);
		assert_true(host_seen(t, 1, i, 10000 + i));
	}
	free(t[0]);
	free(t[1]);
}

/* Whatever stands in a table that another wrote: a reader stays inside it. */
static void hostile_writer(void **state)
{
	size_t size = names_size(64);
	uint8_t *mem = malloc(size);
	uint64_t x = 88172645463325252;
	struct names view, *t = &view;
	bool allowed;

	(void)state;
	assert_non_null(mem);
	/* all but a few bytes are as they should be */
	names_view(&view, mem, 64, key);
	for (int round = 0; round < 300; round++) {
		memset(mem, 0, size);
		for (uint32_t i = 0; i < 64; i++)
			add_dns(t, i, "a.example", 0, 1);
		for (size_t i = 0; i < size; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			if ((x >> 20) % 32 == 0)
				mem[i] = (uint8_t)(x >> 40);
		}
		for (uint32_t i = 0; i < 64; i++)
			resolved(&t, 1, i, 1);
	}
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < size; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			mem[i] = (uint8_t)(round % 3 == 0 ? 0xff : round % 3 == 1 ? x & 0xfe : x);
		}
		names_view(&view, mem, 64, key);
		for (uint32_t i = 0; i < 64; i++) {
			count(&t, 1, &allowed, i, "x", i);
			resolved(&t, 1, i, i);
			host_seen(&t, 1, i, i);
		}
		/* nor does a successor that writes there go astray */
		for (uint32_t i = 0; i < 64; i++) {
			add_dns(t, i, "a.example", 0, UINT64_MAX / 2);
			add(t, i, "b.example", false, UINT64_MAX / 2);
		}
	}
	free(mem);
}

/* A writer died in the middle of an entry: nobody reads it until his successor writes there. */
static void writer_died(void **state)
{
	struct names *n = new_table(4);
	struct names view, *t = &view;
	uint32_t *seq = NULL;
	bool allowed;

	(void)state;
	names_view(&view, n, 4, key);
	add_dns(t, 1, "a.example", 0, 1);
	for (size_t at = 0; at + 4 <= names_size(4); at += 4) {
		uint8_t a[16];

		addr(a, 1);
		if (at >= 8 && memcmp((uint8_t *)n + at, a, 16) == 0) {
			seq = (uint32_t *)(void *)((uint8_t *)n + at - 8);
			break;
		}
	}
	assert_non_null(seq);
	++*seq;
	assert_string_equal(resolved(&t, 1, 1, 1), "-");
	assert_int_equal(count(&t, 1, &allowed, 1, "", 1), 0);
	add_dns(t, 1, "b.example", 0, 2);
	assert_string_equal(resolved(&t, 1, 1, 2), "b.example");
	free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_table),	  cmocka_unit_test(many_names),
		cmocka_unit_test(many_addresses), cmocka_unit_test(several_tables),
		cmocka_unit_test(taken_over),	  cmocka_unit_test(answers_run_out),
		cmocka_unit_test(newest_answer),  cmocka_unit_test(many_texts),
		cmocka_unit_test(hosts),	  cmocka_unit_test(hostile_writer),
		cmocka_unit_test(writer_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
