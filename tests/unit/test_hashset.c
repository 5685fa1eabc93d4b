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

#include "policy/epset.h"

static const uint64_t seed[2] = { 0x0123456789abcdef, 0xfedcba9876543210 };

static uint32_t rnd(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

static void test_empty(void **state)
{
	struct hashset s = { 0 };
	struct hashset_build b;
	struct arena a;
	uint32_t line = 77;
	uint8_t mem[16];

	(void)state;
	assert_false(hashset_find(&s, &line, "x", 1));
	hashset_build_init(&b, 4);
	arena_init(&a, mem, sizeof mem);
	assert_int_equal(hashset_make(&s, &a, &b, seed), 0);
	assert_false(hashset_find(&s, &line, "abcd", 4));
	assert_int_equal(line, 77);
	hashset_build_fini(&b);
}

/* Keys of 0 to 3 bytes of 3 letters: many repeat, and each is a prefix of others. */
static size_t make_key(char key[4], uint32_t r)
{
	size_t len = r % 4;

	for (size_t i = 0; i < 3; i++)
		key[i] = (char)('a' + (r >> (4 + 4 * i)) % 3);
	return len;
}

static void against_model(size_t adds)
{
	static uint32_t model[4][27];
	struct hashset s;
	struct hashset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 1 << 16);
	size_t kept = 0;

	memset(model, 0, sizeof model);
	hashset_build_init(&b, 0);
	for (uint32_t line = 1; line <= adds; line++) {
		char key[4];
		size_t len = make_key(key, rnd()), at = 0;

		for (size_t i = 0; i < len; i++)
			at = at * 3 + (size_t)(key[i] - 'a');
		if (!model[len][at]) {
			model[len][at] = line;
			kept++;
		}
		assert_int_equal(hashset_add(&b, key, len, line), 0);
	}
	arena_init(&a, mem, 1 << 16);
	assert_int_equal(hashset_make(&s, &a, &b, seed), 0);
	hashset_build_fini(&b); /* the set must not look at it any more */
	assert_int_equal(s.n, kept);
	for (uint32_t r = 0; r < 1 << 16; r++) {
		char key[4];
		size_t len = make_key(key, r), at = 0;
		uint32_t line = 0;

		for (size_t i = 0; i < len; i++)
			at = at * 3 + (size_t)(key[i] - 'a');
		assert_int_equal(hashset_find(&s, &line, key, len), model[len][at] != 0);
		assert_int_equal(line, model[len][at]);
	}
	free(mem);
}

static void test_random(void **state)
{
	(void)state;
	for (size_t adds = 1; adds < 200; adds += 3)
		against_model(adds);
}

static void test_fixed_length(void **state)
{
	struct hashset s;
	struct hashset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 1 << 20);
	uint32_t line = 0;

	(void)state;
	hashset_build_init(&b, 4);
	assert_int_equal(hashset_add(&b, "abc", 3, 1), -EINVAL);
	assert_int_equal(hashset_add(&b, "abcde", 5, 1), -EINVAL);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(hashset_add(&b, &(uint32_t){ i * 2 }, 4, i + 1), 0);
	arena_init(&a, mem, 1 << 20);
	assert_int_equal(hashset_make(&s, &a, &b, seed), 0);
	assert_true(a.used <= 10000 * (4 + 10) + 64);
	for (uint32_t i = 0; i < 20000; i++) {
		assert_int_equal(hashset_find(&s, &line, &i, 4), i % 2 == 0);
		if (i % 2 == 0)
			assert_int_equal(line, i / 2 + 1);
	}
	assert_false(hashset_find(&s, &line, "\0\0\0", 3));
	hashset_build_fini(&b);
	free(mem);
}

/* Every size of arena that is too small gives -ENOMEM and an empty set, never a broken one. */
static void test_arena_full(void **state)
{
	uint8_t *mem = aligned_alloc(16, 1024);
	size_t need = 0;

	(void)state;
	for (size_t size = 0; size <= 1024; size++) {
		struct hashset s;
		struct hashset_build b;
		struct arena a;
		uint32_t line;

		hashset_build_init(&b, 0);
		for (uint32_t i = 0; i < 10; i++)
			hashset_add(&b, &"0123456789"[i], 10 - i, i);
		arena_init(&a, mem, size);
		if (hashset_make(&s, &a, &b, seed) == 0)
			need = need ? need : size;
		else
			assert_int_equal(need, 0);
		assert_int_equal(hashset_find(&s, &line, "789", 3), need != 0);
		hashset_build_fini(&b);
	}
	assert_in_range(need, 10 * 14 + 55, 10 * 14 + 55 + 64 + 64);
	free(mem);
}

/* A key is not found for being the beginning of another: 40 of these have its 8 bits of hash. */
static void test_beginning_is_not_enough(void **state)
{
	struct hashset s;
	struct hashset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 4096);
	uint8_t key[5] = "k";
	uint32_t line;

	(void)state;
	hashset_build_init(&b, 0);
	assert_int_equal(hashset_add(&b, "k", 1, 1), 0);
	arena_init(&a, mem, 4096);
	assert_int_equal(hashset_make(&s, &a, &b, seed), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		memcpy(key + 1, &i, 4);
		assert_false(hashset_find(&s, &line, key, 5));
	}
	assert_true(hashset_find(&s, &line, key, 1));
	hashset_build_fini(&b);
	free(mem);
}

/* Other seed, other order of slots: an enemy cannot aim collisions. Both halves count. */
static void test_seed_matters(void **state)
{
	static const uint64_t others[3][2] = { { 1, 2 }, { 1, 3 }, { 4, 2 } };
	struct hashset s[3];
	struct hashset_build b;
	struct arena a[3];
	void *mem[3];

	(void)state;
	hashset_build_init(&b, 4);
	for (uint32_t i = 0; i < 100; i++)
		hashset_add(&b, &i, 4, i);
	for (int i = 0; i < 3; i++) {
		mem[i] = aligned_alloc(16, 4096);
		arena_init(&a[i], mem[i], 4096);
		assert_int_equal(hashset_make(&s[i], &a[i], &b, others[i]), 0);
	}
	assert_memory_not_equal(s[0].slot, s[1].slot, s[0].slots * sizeof *s[0].slot);
	assert_memory_not_equal(s[0].slot, s[2].slot, s[0].slots * sizeof *s[0].slot);
	hashset_build_fini(&b);
	for (int i = 0; i < 3; i++)
		free(mem[i]);
}

static void test_endpoints(void **state)
{
	uint8_t v4[16] = { [10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 9 };
	uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };
	struct epset s;
	struct epset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 4096);
	uint32_t line = 0;

	(void)state;
	epset_build_init(&b);
	assert_int_equal(epset_add(&b, v4, 443, 1), 0);
	assert_int_equal(epset_add(&b, v6, 443, 2), 0);
	assert_int_equal(epset_add(&b, v4, 0x1234, 3), 0);
	assert_int_equal(epset_add(&b, v4, 443, 4), 0);
	arena_init(&a, mem, 4096);
	assert_int_equal(epset_make(&s, &a, &b, seed), 0);
	epset_build_fini(&b);
	assert_true(epset_find(&s, &line, v4, 443));
	assert_int_equal(line, 1);
	assert_true(epset_find(&s, &line, v6, 443));
	assert_int_equal(line, 2);
	assert_true(epset_find(&s, &line, v4, 0x1234));
	assert_int_equal(line, 3);
	assert_false(epset_find(&s, &line, v4, 0x3412));
	assert_false(epset_find(&s, &line, v4, 0x1334));
	assert_false(epset_find(&s, &line, v6, 0x1234));
	v4[15] = 10;
	v6[0] = 0x30;
	assert_false(epset_find(&s, &line, v4, 443));
	assert_false(epset_find(&s, &line, v6, 443));
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),	    cmocka_unit_test(test_random),
		cmocka_unit_test(test_fixed_length), cmocka_unit_test(test_arena_full),
		cmocka_unit_test(test_beginning_is_not_enough),
		cmocka_unit_test(test_seed_matters), cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
