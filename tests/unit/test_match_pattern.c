/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint8_t room[1 << 16] __attribute__((aligned(16)));

static bool match_len(const char *pattern, const char *text, size_t len, bool fold, bool cut)
{
	struct pattern p = { .n = 0 };
	struct arena a;

	arena_init(&a, room, sizeof room);
	assert_null(pattern_why(pattern));
	assert_int_equal(pattern_make(&p, &a, pattern, fold), 0);
	return pattern_match(&p, text, len, cut);
}

static bool match(const char *pattern, const char *text)
{
	return match_len(pattern, text, strlen(text), false, false);
}

static void forms(void **state)
{
	(void)state;
	assert_true(match("/a", "/a"));
	assert_false(match("/a", "/ab"));
	assert_false(match("/a", "/A"));
	assert_false(match("/a", ""));
	assert_true(match("*", ""));
	assert_true(match("*", "anything"));
	assert_true(match("**", ""));
	assert_false(match("?", ""));
	assert_true(match("?", "x"));
	assert_false(match("?", "xy"));
	assert_true(match("/a*", "/a"));
	assert_true(match("/a*", "/abc"));
	assert_true(match("*c", "abc"));
	assert_false(match("*c", "abcd"));
	assert_true(match("*b*", "abc"));
	assert_true(match("a*b*c", "aXbXbXcc"));
	assert_false(match("a*b*c", "aXcXb"));
	assert_true(match("a?c*", "abcd"));
	assert_true(match("x*?y", "xay"));
	assert_false(match("x*?y", "xy"));
}

static void escapes(void **state)
{
	(void)state;
	assert_true(match("/a\\?b", "/a?b"));
	assert_false(match("/a\\?b", "/axb"));
	assert_true(match("\\*", "*"));
	assert_false(match("\\*", "x"));
	assert_true(match("\\\\", "\\"));
	assert_non_null(pattern_why("a\\"));
	assert_non_null(pattern_why("\\a"));
	assert_non_null(pattern_why(""));
}

static void case_of_letters(void **state)
{
	(void)state;
	assert_true(match_len("Curl/*", "cURL/8", 6, true, false));
	assert_false(match_len("Curl/*", "cURL/8", 6, false, false));
	assert_false(match_len("@[`{", "`{@[", 4, true, false)); /* next to the letters */
	assert_true(match_len("\xc4*", "\xc4x", 2, true, false));
}

/* What is cut off may hold anything: only an open end takes it. */
static void cut_texts(void **state)
{
	(void)state;
	assert_true(match_len("/a*", "/abc", 4, false, true));
	assert_true(match_len("/abc*", "/abc", 4, false, true));
	assert_false(match_len("/abc", "/abc", 4, false, true));
	assert_false(match_len("*c", "/abc", 4, false, true));
	assert_false(match_len("/abcd*", "/abc", 4, false, true));
	assert_false(match_len("\\*", "*", 1, false, true));
}

static void long_ones(void **state)
{
	char pattern[300], text[300];

	(void)state;
	for (size_t n = 1; n <= PATTERN_MAX; n++) {
		memset(pattern, 'a', n);
		pattern[n] = 0;
		memset(text, 'a', sizeof text);
		assert_true(match_len(pattern, text, n, false, false));
		assert_false(match_len(pattern, text, n - 1, false, false));
		assert_false(match_len(pattern, text, n + 1, false, false));
		text[n - 1] = 'b';
		assert_false(match_len(pattern, text, n, false, false));
	}
	memset(pattern, '?', PATTERN_MAX);
	strcpy(pattern + PATTERN_MAX, "*");
	assert_true(match_len(pattern, text, 255, false, false));
	assert_true(match_len(pattern, text, 256, false, false));
	memset(pattern, 'a', PATTERN_MAX + 1);
	pattern[PATTERN_MAX + 1] = 0;
	assert_non_null(pattern_why(pattern));
}

/* The obvious way, exponential as it is. */
static bool plainly(const char *p, const char *t, size_t len)
{
	if (*p == '*')
		return plainly(p + 1, t, len) || (len && plainly(p, t + 1, len - 1));
	if (!*p)
		return len == 0;
	return len && (*p == '?' || *p == *t) && plainly(p + 1, t + 1, len - 1);
}

static uint32_t rnd(uint32_t n)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16) % n;
}

static void random_ones(void **state)
{
	unsigned int yes = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char pattern[12] = "", text[12];
		size_t len = rnd(11), n = 1 + rnd(8);

		for (size_t k = 0; k < n; k++)
			pattern[k] = "ab?*ab*"[rnd(7)];
		for (size_t k = 0; k < len; k++)
			text[k] = "abc"[rnd(3)];
		assert_int_equal(match_len(pattern, text, len, false, false),
				 plainly(pattern, text, len));
		yes += plainly(pattern, text, len);
	}
	assert_true(yes > 20000);
}

/* No room: told, and nothing written beyond it. */
static void arena_full(void **state)
{
	struct pattern p;
	struct arena a;

	(void)state;
	for (size_t size = 0; size < 256 + 4 * 8; size += 8) {
		arena_init(&a, room, size);
		assert_int_equal(pattern_make(&p, &a, "/a*", false), -12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),	cmocka_unit_test(escapes),
		cmocka_unit_test(case_of_letters), cmocka_unit_test(cut_texts),
		cmocka_unit_test(long_ones),	cmocka_unit_test(random_ones),
		cmocka_unit_test(arena_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
