/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every line of the lists in contrib/lists is an entry, and none stands there twice. */
#include "policy/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { ENTRIES = 512, NAME = 256 };

struct seen {
	char name[ENTRIES][NAME + 2];
	size_t n;
};

static int take(void *ctx, const struct list_entry *e)
{
	struct seen *s = ctx;

	assert_true(s->n < ENTRIES);
	snprintf(s->name[s->n], sizeof s->name[0], "%s%.*s", e->suffix ? "*." : "", (int)e->len,
		 e->text);
	for (size_t i = 0; i < s->n; i++)
		assert_string_not_equal(s->name[i], s->name[s->n]);
	s->n++;
	return 0;
}

static void read_list(const char *path)
{
	static char data[65536];
	static struct seen seen;
	struct list_stats st;
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(data, 1, sizeof data, f);
	fclose(f);
	assert_in_range(n, 1, sizeof data - 1);
	seen.n = 0;
	assert_int_equal(list_parse(&st, LIST_DOMAIN, "plain", data, n, take, &seen), 0);
	if (st.bad)
		fail_msg("%s:%u: %s: %s", path, st.first_bad, st.first_bad_text, st.why);
	assert_int_equal(st.good, seen.n);
	assert_true(seen.n > 10);
}

static void remote_access(void **state)
{
	(void)state;
	read_list("contrib/lists/remote-access.domains");
}

static void doh(void **state)
{
	(void)state;
	read_list("contrib/lists/doh.domains");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remote_access),
		cmocka_unit_test(doh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
