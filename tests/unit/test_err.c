/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void all_in_one_text(void **state)
{
	struct errs e;
	char *text;

	(void)state;
	errs_init(&e);
	text = errs_text(&e);
	assert_string_equal(text, "");
	free(text);
	errs_add(&e, "a.conf", 3, "bad %s", "thing");
	errs_warn(&e, "b.txt", 0, "old");
	errs_add(&e, "a.conf", 0, "x");
	text = errs_text(&e);
	assert_string_equal(text, "a.conf:3: bad thing\nb.txt: warning: old\na.conf: x\n");
	assert_int_equal(e.errors, 2);
	assert_int_equal(e.n, 3);
	free(text);
	errs_fini(&e);
	assert_int_equal(e.n, 0);
}

static void bounded(void **state)
{
	struct errs e;
	char *text, *long_word = malloc(100000);

	(void)state;
	memset(long_word, 'x', 99999);
	long_word[99999] = 0;
	errs_init(&e);
	for (int i = 0; i < ERRS_MAX + 5; i++)
		errs_add(&e, "f", i, "%s", i ? "n" : long_word);
	errs_warn(&e, "f", 1, "w");
	assert_int_equal(e.n, ERRS_MAX);
	assert_int_equal(e.lost, 6);
	assert_int_equal(e.errors, ERRS_MAX + 5);
	text = errs_text(&e);
	assert_non_null(strstr(text, "... and 6 more\n"));
	assert_true(strlen(text) < 10000);
	free(text);
	free(long_word);
	errs_fini(&e);
}

/* What files say must not forge lines or move a cursor. */
static void no_control_characters(void **state)
{
	struct errs e;
	char *text;

	(void)state;
	errs_init(&e);
	errs_add(&e, "a\nb", 1, "%s", "x\n\x1b[2J\x7f\ty");
	text = errs_text(&e);
	assert_string_equal(text, "a?b:1: x??[2J??y\n");
	free(text);
	errs_fini(&e);
}

static void sorted_by_line(void **state)
{
	struct errs e;
	char *text;

	(void)state;
	errs_init(&e);
	errs_add(&e, "a", 9, "first file");
	errs_add(&e, "b", 5, "1");
	errs_add(&e, "b", 2, "2");
	errs_add(&e, "b", 5, "3");
	errs_add(&e, "b", 0, "4");
	errs_sort(&e, 1);
	text = errs_text(&e);
	assert_string_equal(text, "a:9: first file\nb: 4\nb:2: 2\nb:5: 1\nb:5: 3\n");
	free(text);
	errs_fini(&e);
}

static void suggestions(void **state)
{
	static const char *const words[] = { "mode", "queue", "never_block", "for", "score", NULL };
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "moed", "mode" },     { "Mode", "mode" },
		{ "que", "queue" },     { "neverblock", "never_block" },
		{ "fro", "for" },       { "scores", "score" },
		{ "x", NULL },          { "", NULL },
		{ "completely", NULL }, { "mode", "mode" },
	};
	char big[500];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = errs_suggest(cases[i].word, words);

		if (cases[i].want)
			assert_string_equal(got ? got : "(none)", cases[i].want);
		else
			assert_null(got);
	}
	memset(big, 'm', sizeof big - 1);
	big[sizeof big - 1] = 0;
	assert_null(errs_suggest(big, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_in_one_text),       cmocka_unit_test(bounded),
		cmocka_unit_test(no_control_characters), cmocka_unit_test(sorted_by_line),
		cmocka_unit_test(suggestions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
