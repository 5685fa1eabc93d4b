/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/arena.h"

static void test_zeroed_aligned(void **state)
{
	uint8_t *mem = malloc(257);
	struct arena a;

	(void)state;
	memset(mem, 0xa5, 257);
	arena_init(&a, mem + 1, 256); /* an odd base: still aligned */
	for (int i = 0; i < 5; i++) {
		uint8_t *p = arena_alloc(&a, 17);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (int k = 0; k < 17; k++) {
			assert_int_equal(p[k], 0);
			p[k] = 0xff;
		}
	}
	free(mem);
}

static void test_full_is_sticky(void **state)
{
	uint8_t *mem = aligned_alloc(16, 64);
	struct arena a;

	(void)state;
	arena_init(&a, mem, 64);
	assert_non_null(arena_alloc(&a, 64)); /* to the last byte */
	assert_int_equal(a.used, 64);
	assert_int_equal(a.full, 0);
	assert_null(arena_alloc(&a, 1));
	assert_int_equal(a.full, 1);

	arena_init(&a, mem, 64);
	assert_non_null(arena_alloc(&a, 1));
	assert_null(arena_alloc(&a, 49)); /* 63 are left, 48 of them aligned */
	assert_null(arena_alloc(&a, 1));  /* would fit, but something is missing already */
	assert_int_equal(a.full, 1);
	free(mem);
}

static void test_array_overflow(void **state)
{
	uint8_t *mem = aligned_alloc(16, 64);
	struct arena a;

	(void)state;
	arena_init(&a, mem, 64);
	assert_null(arena_array(&a, SIZE_MAX / 2 + 2, 2)); /* wraps to 2 */
	assert_int_equal(a.full, 1);
	arena_init(&a, mem, 64);
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_init(&a, mem, 64);
	assert_non_null(arena_array(&a, 4, 16));
	free(mem);
}

static void test_nothing_and_text(void **state)
{
	uint8_t *mem = aligned_alloc(16, 64);
	struct arena a;

	(void)state;
	arena_init(&a, mem, 64);
	assert_non_null(arena_alloc(&a, 0));
	assert_string_equal(arena_strdup(&a, "abc"), "abc");
	assert_int_equal(a.used, 4);
	assert_null(arena_strdup(&a, "0123456789012345678901234567890123456789012345678"));
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_aligned),
		cmocka_unit_test(test_full_is_sticky),
		cmocka_unit_test(test_array_overflow),
		cmocka_unit_test(test_nothing_and_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
