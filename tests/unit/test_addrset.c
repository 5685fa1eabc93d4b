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

#include "policy/addrset.h"

static uint32_t rnd(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

/* Small numbers as addresses: at the bottom, in the middle or at the top of a family's space. */
enum place { V4_BOTTOM, V4_TOP, V6_BOTTOM, V6_MIDDLE, V6_TOP, PLACES };
enum { SPAN = 64 };

static void put(uint8_t a[16], enum place p, uint32_t n)
{
	memset(a, 0, 16);
	switch (p) {
	case V4_BOTTOM:
	case V4_TOP:
		a[10] = a[11] = 0xff;
		if (p == V4_TOP) {
			memset(a + 12, 0xff, 3);
			n += 256 - SPAN;
		}
		a[15] = (uint8_t)n;
		break;
	case V6_BOTTOM:
		a[15] = (uint8_t)n;
		break;
	case V6_MIDDLE: /* over the border of the two halves of the number */
		n += 256 - SPAN / 2;
		if (n < 256)
			memset(a + 8, 0xff, 7);
		a[7] = n >= 256;
		a[15] = (uint8_t)n;
		break;
	default:
		memset(a, 0xff, 15);
		a[15] = (uint8_t)(256 - SPAN + n);
	}
}

struct range {
	uint32_t lo, hi, line;
};

/* Which range should own the address: the last to begin, then the narrowest, then the first. */
static uint32_t owner(const struct range *r, size_t n, uint32_t x)
{
	const struct range *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (x < r[i].lo || x > r[i].hi)
			continue;
		if (!best || r[i].lo > best->lo ||
		    (r[i].lo == best->lo &&
		     (r[i].hi < best->hi || (r[i].hi == best->hi && r[i].line < best->line))))
			best = &r[i];
	}
	return best ? best->line : 0;
}

static bool meets(const struct range *r, size_t n, uint32_t lo, uint32_t hi)
{
	for (size_t i = 0; i < n; i++)
		if (lo <= r[i].hi && hi >= r[i].lo)
			return true;
	return false;
}

static void against_model(enum place p, size_t n, bool nets)
{
	struct range r[40];
	struct addrset s;
	struct addrset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 1 << 14);

	addrset_build_init(&b);
	for (size_t i = 0; i < n; i++) {
		uint8_t lo[16], hi[16];
		uint32_t x = rnd() % SPAN, y = rnd() % SPAN;

		if (nets) {
			uint32_t low = (1u << rnd() % 7) - 1;

			x &= ~low;
			y = x | low;
		}
		r[i] = (struct range){ x < y ? x : y, x < y ? y : x, (uint32_t)i / 2 + 1 };
		put(lo, p, r[i].lo);
		put(hi, p, r[i].hi);
		assert_int_equal(addrset_add(&b, lo, hi, r[i].line), 0);
	}
	arena_init(&a, mem, 1 << 14);
	assert_int_equal(addrset_make(&s, &a, &b), 0);
	addrset_build_fini(&b);
	assert_true(s.n4 + s.n6 < 2 * n);
	for (uint32_t x = 0; x < SPAN; x++) {
		uint32_t want = owner(r, n, x), line = 0;
		uint8_t lo[16], hi[16];

		put(lo, p, x);
		assert_int_equal(addrset_find(&s, &line, lo), want != 0);
		assert_int_equal(line, want);
		for (uint32_t y = x; y < SPAN; y += 5) {
			put(hi, p, y);
			assert_int_equal(addrset_meets(&s, &line, lo, hi), meets(r, n, x, y));
		}
		put(lo, (p + 2) % PLACES, x); /* nothing of the others' space */
		assert_false(addrset_find(&s, &line, lo));
	}
	free(mem);
}

static void test_random(void **state)
{
	(void)state;
	for (int round = 0; round < 400; round++)
		for (enum place p = 0; p < PLACES; p++)
			against_model(p, 1 + rnd() % 40, round & 1);
}

static void test_whole_space(void **state)
{
	static const uint8_t zero[16], v4_lo[16] = { [10] = 0xff, [11] = 0xff };
	uint8_t v4_hi[16], top[16], x[16] = { [10] = 0xff, [11] = 0xff, [12] = 8 };
	struct addrset s;
	struct addrset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, 4096);
	uint32_t line = 0;

	(void)state;
	memset(top, 0xff, 16);
	memcpy(v4_hi, v4_lo, 12);
	memset(v4_hi + 12, 0xff, 4);
	addrset_build_init(&b);
	assert_int_equal(addrset_add(&b, zero, top, 1), 0);
	assert_int_equal(addrset_add(&b, zero, top, 2), 0);
	arena_init(&a, mem, 4096);
	assert_int_equal(addrset_make(&s, &a, &b), 0);
	assert_true(addrset_find(&s, &line, zero));
	assert_true(addrset_find(&s, &line, top));
	assert_int_equal(line, 1);
	assert_false(addrset_find(&s, &line, x)); /* all of IPv6 is not IPv4 */
	assert_int_equal(addrset_add(&b, v4_lo, v4_hi, 3), 0);
	arena_init(&a, mem, 4096);
	assert_int_equal(addrset_make(&s, &a, &b), 0);
	assert_true(addrset_find(&s, &line, x));
	assert_true(addrset_find(&s, &line, v4_hi));
	assert_int_equal(line, 3);
	assert_int_equal(s.n4, 1);
	assert_int_equal(s.n6, 1);
	addrset_build_fini(&b);
	free(mem);
}

static void test_empty_and_wrong(void **state)
{
	static const uint8_t x[16] = { 1 }, y[16] = { 2 };
	struct addrset s = { 0 };
	struct addrset_build b;
	struct arena a;
	uint8_t mem[16];
	uint32_t line;

	(void)state;
	assert_false(addrset_find(&s, &line, x));
	addrset_build_init(&b);
	assert_int_equal(addrset_add(&b, y, x, 1), -EINVAL);
	arena_init(&a, mem, sizeof mem);
	assert_int_equal(addrset_make(&s, &a, &b), 0);
	assert_false(addrset_find(&s, &line, x));
	assert_int_equal(addrset_add(&b, x, y, 1), 0);
	assert_int_equal(addrset_make(&s, &a, &b), -ENOMEM);
	assert_false(addrset_find(&s, &line, x));
	addrset_build_fini(&b);
}

/* A million hosts of each family: the arena's bytes are the promise of the header. */
static void million(bool v6, size_t each)
{
	enum { N = 1000000 };
	struct addrset s;
	struct addrset_build b;
	struct arena a;
	void *mem = aligned_alloc(16, N * 48);
	uint8_t x[16];
	uint32_t line;

	addrset_build_init(&b);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t n = i * 2654435761u & ~1u; /* in no order, and odd ones are free */

		put(x, v6 ? V6_BOTTOM : V4_BOTTOM, 0);
		x[0] = v6 ? 0x20 : 0;
		for (int k = 0; k < 4; k++)
			x[12 + k] = (uint8_t)(n >> (24 - 8 * k));
		assert_int_equal(addrset_add(&b, x, x, i + 1), 0);
	}
	arena_init(&a, mem, N * 48);
	assert_int_equal(addrset_make(&s, &a, &b), 0);
	addrset_build_fini(&b);
	print_message("1000000 IPv%d hosts: %zu bytes\n", v6 ? 6 : 4, a.used);
	assert_true(a.used <= N * each + 64);
	for (uint32_t i = 0; i < N; i += 7) {
		uint32_t n = i * 2654435761u & ~1u;

		for (int k = 0; k < 4; k++)
			x[12 + k] = (uint8_t)(n >> (24 - 8 * k));
		assert_true(addrset_find(&s, &line, x));
		x[15] |= 1;
		assert_false(addrset_find(&s, &line, x));
	}
	free(mem);
}

static void test_million(void **state)
{
	(void)state;
	million(false, 12);
	million(true, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_whole_space),
		cmocka_unit_test(test_empty_and_wrong),
		cmocka_unit_test(test_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
