/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/pieces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void put(struct pieces *p, size_t at, const char *text, enum pieces_result want)
{
	struct slice s = { (const uint8_t *)text, strlen(text) };

	assert_int_equal(pieces_put(p, at, s), want);
}

static void order(void **state)
{
	static struct pieces p;

	(void)state;
	pieces_init(&p);
	assert_int_equal(pieces_head(&p).n, 0);
	put(&p, 4, "efgh", PIECES_OK);
	put(&p, 12, "mn", PIECES_OK);
	assert_int_equal(p.n, 2);
	assert_int_equal(pieces_head(&p).n, 0);
	put(&p, 8, "i", PIECES_OK); /* touches the first only */
	assert_int_equal(p.n, 2);
	put(&p, 0, "abcd", PIECES_OK);
	assert_int_equal(p.n, 2);
	assert_int_equal(pieces_head(&p).n, 9);
	put(&p, 13, "x", PIECES_DIFFER);
	put(&p, 7, "hijKlmn", PIECES_OK);
	put(&p, 11, "l", PIECES_OK);
	put(&p, 10, "k", PIECES_DIFFER);
	assert_int_equal(p.n, 1);
	assert_int_equal(pieces_head(&p).n, 14);
	assert_memory_equal(pieces_head(&p).p, "abcdefghijKlmn", 14);
	put(&p, HELLO_MAX - 1, "z", PIECES_OK);
	put(&p, HELLO_MAX - 1, "zz", PIECES_BOUND);
	put(&p, HELLO_MAX, "", PIECES_OK);
	put(&p, HELLO_MAX + 1, "", PIECES_BOUND);
}

static void bound(void **state)
{
	static struct pieces p;

	(void)state;
	pieces_init(&p);
	for (size_t i = PIECES_MAX; i-- > 0;)
		put(&p, 2 * i + 1, "a", PIECES_OK);
	put(&p, 1000, "b", PIECES_BOUND);
	for (size_t i = 0; i <= PIECES_MAX; i++)
		put(&p, 2 * i, "c", PIECES_OK);
	assert_int_equal(p.n, 1);
	assert_int_equal(pieces_head(&p).n, 2 * PIECES_MAX + 1);
}

/* Against one byte a place, whatever comes. */
static void model(void **state)
{
	static struct pieces p;
	uint32_t x = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint8_t there[100] = { 0 }, b[100];
		size_t head = 0;

		pieces_init(&p);
		for (int i = 0; i < 12; i++) {
			bool differ = false;

			x = x * 1664525 + 1013904223;
			size_t at = (x >> 24) % 90, n = (x >> 16) % 10;
			for (size_t k = 0; k < n; k++) {
				b[k] = (uint8_t)(1 + (x >> 12 & 15 ? 0 : 1));
				differ |= there[at + k] && there[at + k] != b[k];
			}
			assert_int_equal(pieces_put(&p, at, (struct slice){ b, n }),
					 differ ? PIECES_DIFFER : PIECES_OK);
			for (size_t k = 0; k < n && !differ; k++)
				there[at + k] = b[k];
		}
		while (head < sizeof there && there[head])
			head++;
		assert_int_equal(pieces_head(&p).n, head);
		assert_memory_equal(p.b, there, head);
		for (size_t i = 0; i < p.n; i++) {
			assert_true(p.at[i].from < p.at[i].to);
			if (i)
				assert_true(p.at[i - 1].to < p.at[i].from);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(bound),
		cmocka_unit_test(model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
