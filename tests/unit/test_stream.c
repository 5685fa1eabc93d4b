/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/dissect/dissect.h"
#include "tests/unit/craft.h"

static struct stream s;
static uint8_t text[70000];

static enum stream_result push(uint32_t isn, size_t from, size_t to)
{
	struct slice copy = craft_copy(text + from, to - from);
	enum stream_result r = stream_push(&s, isn + 1 + (uint32_t)from, copy);

	free((void *)(uintptr_t)copy.p);
	return r;
}

static enum stream_result push_text(uint32_t at, const char *t)
{
	return stream_push(&s, s.isn + 1 + at, (struct slice){ (const uint8_t *)t, strlen(t) });
}

static void is(const char *want, bool gap)
{
	struct slice b = stream_bytes(&s);

	assert_int_equal(b.n, strlen(want));
	if (b.n)
		assert_memory_equal(b.p, want, b.n);
	assert_int_equal(stream_gap(&s), gap);
}

static void is_start(size_t n, bool gap)
{
	struct slice b = stream_bytes(&s);

	assert_int_equal(b.n, n);
	assert_memory_equal(b.p, text, n);
	assert_int_equal(stream_gap(&s), gap);
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 131 + (i >> 8) * 7 + 1);
	return 0;
}

static const uint32_t isns[] = { 0, 1000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xffffff00,
				 0xfffffffe, 0xffffffff };
enum { ISNS = sizeof isns / sizeof isns[0] };

static void in_order(void **state)
{
	(void)state;
	for (size_t k = 0; k < ISNS; k++) {
		stream_init(&s, isns[k]);
		is("", false);
		assert_int_equal(push(isns[k], 0, 0), STREAM_OK);
		for (size_t i = 0; i < 300; i++)
			assert_int_equal(push(isns[k], i, i + 1), STREAM_OK);
		is_start(300, false);
		assert_int_equal(s.n_pieces, 1);
	}
}

static void reversed_bytes(void **state)
{
	(void)state;
	for (size_t k = 0; k < ISNS; k++) {
		stream_init(&s, isns[k]);
		for (size_t i = STREAM_BYTES; i-- > 1;)
			assert_int_equal(push(isns[k], i, i + 1), STREAM_OK);
		is_start(0, true);
		assert_int_equal(s.n_pieces, 1);
		assert_int_equal(push(isns[k], 0, 1), STREAM_OK);
		is_start(STREAM_BYTES, false);
	}
}

/* every cut in three, every order of the parts, with each part sent twice */
static void three_parts(void **state)
{
	static const int order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					 { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (size_t a = 0; a <= 24; a++)
		for (size_t b = a; b <= 24; b++)
			for (size_t o = 0; o < 6; o++) {
				size_t cut[4] = { 0, a, b, 24 };

				stream_init(&s, 0xfffffff8);
				for (size_t i = 0; i < 6; i++) {
					int j = order[o][i / 2];

					assert_int_equal(push(s.isn, cut[j], cut[j + 1]),
							 STREAM_OK);
				}
				is_start(24, false);
			}
}

static void holes(void **state)
{
	(void)state;
	stream_init(&s, 7);
	for (size_t i = 0; i < STREAM_HOLES; i++)
		assert_int_equal(push(7, 2 * i, 2 * i + 1), STREAM_OK);
	assert_int_equal(s.n_pieces, STREAM_HOLES);
	is_start(1, true);
	assert_int_equal(push(7, 2 * STREAM_HOLES, 2 * STREAM_HOLES + 1), STREAM_PIECES);
	assert_int_equal(push(7, 500, 600), STREAM_PIECES);
	is_start(1, true);
	/* what joins pieces or lengthens one is still taken */
	assert_int_equal(push(7, 2 * STREAM_HOLES - 1, 2 * STREAM_HOLES), STREAM_OK);
	assert_int_equal(push(7, 1, 2), STREAM_OK);
	is_start(3, true);
	assert_int_equal(push(7, 2 * STREAM_HOLES + 1, 2 * STREAM_HOLES + 2), STREAM_OK);
	assert_int_equal(push(7, 0, 2 * STREAM_HOLES), STREAM_OK);
	is_start(2 * STREAM_HOLES, true);
	assert_int_equal(s.n_pieces, 2);
}

/* "abcdefghij" is there; a second copy of every part, the same and with one byte changed */
static void overlaps(void **state)
{
	const char *first = "abcdefghij";

	(void)state;
	for (uint32_t a = 0; a < 10; a++)
		for (uint32_t b = a + 1; b <= 10; b++) {
			char again[11] = { 0 };

			memcpy(again, first + a, b - a);
			stream_init(&s, 0xfffffffc);
			assert_int_equal(push_text(0, first), STREAM_OK);
			assert_int_equal(push_text(a, again), STREAM_OK);
			is(first, false);
			for (uint32_t x = 0; x < b - a; x++) {
				memcpy(again, first + a, b - a);
				again[x] ^= 1;
				assert_int_equal(push_text(a, again), STREAM_DIFFERS);
				is(first, false);
			}
		}
}

static void overlap_and_gap(void **state)
{
	(void)state;
	stream_init(&s, 42);
	assert_int_equal(push_text(3, "DEF"), STREAM_OK);
	assert_int_equal(push_text(9, "JKL"), STREAM_OK);
	/* covers both and the holes: first copies stay, holes are filled */
	assert_int_equal(push_text(0, "abcdefghijklmno"), STREAM_DIFFERS);
	is("abcDEFghiJKLmno", false);
	assert_int_equal(s.n_pieces, 1);

	stream_init(&s, 42);
	assert_int_equal(push_text(3, "DEF"), STREAM_OK);
	assert_int_equal(push_text(5, "FGH"), STREAM_OK); /* over its end, the same */
	assert_int_equal(push_text(0, "ABCD"), STREAM_OK); /* over its start, the same */
	is("ABCDEFGH", false);
	assert_int_equal(push_text(6, "gHI"), STREAM_DIFFERS); /* first byte differs */
	is("ABCDEFGHI", false);
	assert_int_equal(push_text(8, "iJ"), STREAM_DIFFERS);
	is("ABCDEFGHIJ", false);
}

static void outside(void **state)
{
	(void)state;
	for (size_t k = 0; k < ISNS; k++) {
		stream_init(&s, isns[k]);
		assert_int_equal(push_text(0u - 1, "x"), STREAM_OUTSIDE); /* keep-alive byte */
		assert_int_equal(push_text(0u - 10, "0123456789"), STREAM_OUTSIDE);
		assert_int_equal(push_text(0x80000000, "x"), STREAM_OUTSIDE);
		assert_int_equal(push_text(0x7fffffff, "x"), STREAM_OUTSIDE);
		assert_int_equal(push_text((1u << 30) + 1, "x"), STREAM_OUTSIDE);
		assert_int_equal(push_text(1u << 30, "x"), STREAM_FULL);
		is("", false);
		assert_int_equal(s.n_pieces, 0);
		assert_int_equal(push_text(0u - 3, "xyzabc"), STREAM_OUTSIDE); /* rest taken */
		is("abc", false);
		assert_int_equal(push_text(0u - 3, "xyzabC"), STREAM_DIFFERS);
		assert_int_equal(push_text(3, "d"), STREAM_OK);
		is("abcd", false);
	}
}

static void full(void **state)
{
	(void)state;
	stream_init(&s, 0xffffff00);
	assert_int_equal(push(s.isn, 0, 65000), STREAM_FULL);
	is_start(STREAM_BYTES, false);
	assert_int_equal(push(s.isn, STREAM_BYTES, STREAM_BYTES + 10), STREAM_FULL);
	assert_int_equal(push(s.isn, STREAM_BYTES - 1, STREAM_BYTES), STREAM_OK);
	text[STREAM_BYTES - 1] ^= 1;
	assert_int_equal(push(s.isn, STREAM_BYTES - 1, STREAM_BYTES + 9), STREAM_DIFFERS);
	text[STREAM_BYTES - 1] ^= 1;
	stream_init(&s, 0);
	assert_int_equal(push(0, STREAM_BYTES - 1, STREAM_BYTES), STREAM_OK);
	assert_int_equal(push(0, STREAM_BYTES, STREAM_BYTES + 1), STREAM_FULL);
	assert_int_equal(push(0, 0, STREAM_BYTES - 1), STREAM_OK);
	is_start(STREAM_BYTES, false);
}

static void skipped(void **state)
{
	(void)state;
	stream_init(&s, 0xfffffffe);
	push_text(0, "0123456789");
	push_text(12, "cdef");
	push_text(20, "klm");
	stream_skip(&s, 4);
	assert_int_equal(s.isn, 2);
	is("456789", true);
	stream_skip(&s, 7); /* into the hole */
	is("", true);
	assert_int_equal(push_text(0, "b"), STREAM_OK);
	is("bcdef", true);
	stream_skip(&s, 10); /* beyond the next piece's beginning */
	is("lm", false);
	assert_int_equal(push_text(0, "lx"), STREAM_DIFFERS);
	/* what was before it is gone */
	assert_int_equal(push_text((uint32_t)-3, "ijklmn"), STREAM_OUTSIDE);
	is("lmn", false);
	stream_skip(&s, 70000);
	is("", false);
	assert_int_equal(push_text((uint32_t)-10, "0123456789ab"), STREAM_OUTSIDE);
	is("ab", false);
}

/* a hello in five segments, all 120 orders: answered exactly when the last one is there */
static void hello_orders(void **state)
{
	struct craft hello;
	int p[5] = { 0, 1, 2, 3, 4 }, orders = 0;

	(void)state;
	craft_load(&hello, "curl-default");
	for (int code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
		int left = code, seen = 0;

		for (int i = 0; i < 5; i++, left /= 5) {
			p[i] = left % 5;
			seen |= 1 << p[i];
		}
		if (seen != 31)
			continue;
		orders++;
		stream_init(&s, 0xffffff80);
		for (int i = 0; i < 5; i++) {
			size_t each = hello.n / 5, from = each * (size_t)p[i];
			size_t to = p[i] == 4 ? hello.n : from + each;
			struct facts f = { 0 };
			uint32_t tried = 0;
			struct slice part = { hello.b + from, to - from };

			assert_int_equal(stream_push(&s, s.isn + 1 + (uint32_t)from, part),
					 STREAM_OK);
			assert_int_equal(dissect(&f, NULL, &tried, 6, stream_bytes(&s),
						 (struct slice){ NULL, 0 }),
					 i == 4 ? DISSECT_DONE : DISSECT_MORE);
			if (i == 4) {
				assert_int_equal(f.sni_len, 15);
				assert_memory_equal(f.sni, "www.example.com", 15);
			}
		}
	}
	assert_int_equal(orders, 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),    cmocka_unit_test(reversed_bytes),
		cmocka_unit_test(three_parts), cmocka_unit_test(holes),
		cmocka_unit_test(overlaps),    cmocka_unit_test(overlap_and_gap),
		cmocka_unit_test(outside),     cmocka_unit_test(skipped),
		cmocka_unit_test(full),
		cmocka_unit_test(hello_orders),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
