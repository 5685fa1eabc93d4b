/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's check of what a worker answers: the file itself, to reach its statics. */
#include "agent/herd.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct herd herd;

static bool fits(uint32_t mark, uint8_t action, uint8_t accept)
{
	struct ipc_verdict v = { .id = 1, .mark = mark, .accept = accept, .action = action };

	return answer_fits(&herd, &v);
}

static void mark_must_say_what_the_action_says(void **state)
{
	static const uint32_t alone = NFT_MARK_REJECT | NFT_MARK_ALONE;
	static const struct right {
		uint8_t action;
		uint32_t bits;
	} right[] = {
		{ ACTION_NONE, 0 },		    { ACTION_ALLOW, NFT_MARK_PASS },
		{ ACTION_MONITOR, NFT_MARK_PASS },  { ACTION_DROP, NFT_MARK_DROP },
		{ ACTION_REJECT, NFT_MARK_REJECT },
	};

	(void)state;
	herd.conf.mark_mask = NFT_MARK_MASK;
	for (size_t i = 0; i < 5; i++)
		for (uint32_t bits = 0; bits < 8; bits++)
			assert_int_equal(fits(0x0badf00d | bits << 28, right[i].action, 1),
					 bits << 28 == right[i].bits ||
						 (i == 4 && bits << 28 == alone));
	assert_false(fits(0, ACTION_SCORE, 1));
	assert_false(fits(0, ACTION_N, 1));
	assert_false(fits(0, 255, 1));
	assert_false(fits(0, ACTION_NONE, 2));
}

static void any_mask_of_three_bits(void **state)
{
	(void)state;
	for (unsigned int shift = 0; shift <= 29; shift++) {
		herd.conf.mark_mask = 7u << shift;
		assert_true(fits(1u << shift, ACTION_ALLOW, 1));
		assert_true(fits(~(7u << shift) | 2u << shift, ACTION_DROP, 1));
		assert_false(fits(5u << shift, ACTION_ALLOW, 1));
		assert_false(fits(2u << shift, ACTION_ALLOW, 1));
	}
}

static void unused_bytes_must_be_zero(void **state)
{
	struct ipc_verdict v = { .accept = 1, .zero = 1 };

	(void)state;
	herd.conf.mark_mask = NFT_MARK_MASK;
	assert_false(answer_fits(&herd, &v));
	v = (struct ipc_verdict){ .accept = 1, .zero2 = 1 };
	assert_false(answer_fits(&herd, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mark_must_say_what_the_action_says),
		cmocka_unit_test(any_mask_of_three_bits),
		cmocka_unit_test(unused_bytes_must_be_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
