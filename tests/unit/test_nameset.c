/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/nameset.h"

static const uint64_t seed[2] = { 3, 4 };

static uint32_t rnd(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

enum { NAME = 32 };

/* 1 to 5 labels, each a, b or ab. */
static size_t make_name(char *to)
{
	static const char *const label[] = { "a", "b", "ab" };
	size_t len = 0;

	for (uint32_t n = 1 + rnd() % 5; n > 0; n--)
		len += (size_t)snprintf(to + len, NAME - len, "%s%s", len ? "." : "",
					label[rnd() % 3]);
	return len;
}

struct entry {
	char name[NAME];
	bool suffix;
};

static bool holds(const struct entry *e, const char *name)
{
	size_t a = strlen(name), b = strlen(e->name);

	if (!e->suffix)
		return strcmp(name, e->name) == 0;
	return a > b + 1 && name[a - b - 1] == '.' && strcmp(name + a - b, e->name) == 0;
}

/* The owner's line: exact before suffix, longer before shorter, first before later. */
static uint32_t owner(const struct entry *e, size_t n, const char *name)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++) {
		if (!holds(&e[i], name))
			continue;
		if (best == n || (e[best].suffix && !e[i].suffix) ||
		    (e[best].suffix && e[i].suffix && strlen(e[i].name) > strlen(e[best].name)))
			best = i;
	}
	return best == n ? 0 : (uint32_t)best + 1;
}

static void test_random(void **state)
{
	struct entry e[30];
	void *mem = aligned_alloc(16, 1 << 14);

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + rnd() % 30;
		struct nameset s;
		struct nameset_build b;
		struct arena a;

		nameset_build_init(&b);
		for (size_t i = 0; i < n; i++) {
			size_t len = make_name(e[i].name);

			e[i].suffix = rnd() % 2;
			assert_int_equal(nameset_add(&b, e[i].name, len, e[i].suffix,
						     (uint32_t)i + 1), 0);
		}
		arena_init(&a, mem, 1 << 14);
		assert_int_equal(nameset_make(&s, &a, &b, seed), 0);
		nameset_build_fini(&b);
		for (int i = 0; i < 200; i++) {
			char name[NAME];
			size_t len = make_name(name);
			uint32_t line = 0, want = owner(e, n, name);

			assert_int_equal(nameset_find(&s, &line, name, len), want != 0);
			assert_int_equal(line, want);
		}
	}
	free(mem);
}

static void test_plain_cases(void **state)
{
	struct nameset s;
	struct nameset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 4096);
	uint32_t line = 0;

	(void)state;
	nameset_build_init(&b);
	assert_int_equal(nameset_add(&b, "", 0, false, 1), -EINVAL);
	assert_int_equal(nameset_add(&b, "example.com", 11, false, 1), 0);
	assert_int_equal(nameset_add(&b, "example.net", 11, true, 2), 0);
	assert_int_equal(nameset_add(&b, "onion", 5, true, 3), 0);
	arena_init(&a, mem, 4096);
	assert_int_equal(nameset_make(&s, &a, &b, seed), 0);
	nameset_build_fini(&b);
	assert_true(nameset_find(&s, &line, "example.com", 11));
	assert_false(nameset_find(&s, &line, "www.example.com", 15));
	assert_false(nameset_find(&s, &line, "example.net", 11));
	assert_true(nameset_find(&s, &line, "a.b.example.net", 15));
	assert_int_equal(line, 2);
	assert_false(nameset_find(&s, &line, "badexample.net", 14));
	assert_false(nameset_find(&s, &line, "example.net.org", 15));
	assert_true(nameset_find(&s, &line, "x.onion", 7));
	assert_false(nameset_find(&s, &line, "onion", 5));
	assert_false(nameset_find(&s, &line, "", 0));
	assert_false(nameset_find(&s, &line, "onion.", 6));
	free(mem);
}

/* 253 bytes of "a.a.a...": looked up once for each label that an entry could have, no more. */
static void test_deep_name(void **state)
{
	struct nameset s;
	struct nameset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 4096);
	char name[253];
	uint32_t line = 0;

	(void)state;
	for (size_t i = 0; i < sizeof name; i++)
		name[i] = i % 2 ? '.' : 'a';
	nameset_build_init(&b);
	assert_int_equal(nameset_add(&b, "a.a.a", 5, true, 1), 0);
	assert_int_equal(nameset_add(&b, name, 7, false, 2), 0); /* exact ones do not deepen it */
	arena_init(&a, mem, 4096);
	assert_int_equal(nameset_make(&s, &a, &b, seed), 0);
	nameset_build_fini(&b);
	assert_int_equal(s.labels, 3);
	assert_true(nameset_find(&s, &line, name, sizeof name));
	assert_int_equal(line, 1);
	s.labels = 2; /* the walk ends there */
	assert_false(nameset_find(&s, &line, name, sizeof name));
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_plain_cases),
		cmocka_unit_test(test_deep_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
