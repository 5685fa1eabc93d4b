/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/conf: NAME.conf with NAME.ok (warnings as comments, then config_print()) or NAME.err
 * (the exact errors). UPDATE=1 writes them, and the table of keys in the man page, anew.
 */
#include "policy/config.h"

#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "policy/config_key.h"
#include "policy/list.h"
#include "policy/match/match.h"

enum { GOLDENS_MIN = 40 };

/* libconfig 1.5 loses the text at which a syntax error is found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		return NULL;
	assert_true(getdelim(&text, &size, 0, f) >= 0 || feof(f));
	fclose(f);
	return text ? text : strdup("");
}

static void spill(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static char *printed(const struct config *c)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	config_print(c, f);
	fclose(f);
	return text;
}

static void load_lists(const struct config *c, struct errs *e)
{
	struct list_stats st;

	for (size_t i = 0; i < c->n_lists; i++)
		if (strncmp(c->list[i].path ? c->list[i].path : "/", "/", 1) == 0)
			list_load(&st, e, c, &c->list[i], NULL, NULL);
}

/* What a golden holds: errors, or warnings and the printed form. *ok: which of them. */
static char *outcome(const char *path, bool *ok)
{
	struct errs e;
	struct config c;
	char *told, *text = NULL, *out, *save = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	errs_init(&e);
	if (config_load(&c, &e, path) == 0) {
		assert_int_equal(e.errors, 0);
		text = printed(&c);
		load_lists(&c, &e);
		config_fini(&c);
	} else {
		assert_true(e.errors > 0);
		assert_null(c.file);
		assert_null(c.rule);
	}
	told = errs_text(&e);
	*ok = e.errors == 0;
	if (!*ok)
		fputs(told, f);
	for (char *l = strtok_r(told, "\n", &save); *ok && l; l = strtok_r(NULL, "\n", &save))
		if (!strstr(l, "more than its max_age")) /* a checkout grows old */
			fprintf(f, "# %s\n", l);
	if (*ok)
		fputs(text, f);
	fclose(f);
	free(text);
	free(told);
	errs_fini(&e);
	return out;
}

static int golden(const char *conf)
{
	char want[512], other[512];
	bool ok;
	char *got = outcome(conf, &ok), *expected;
	int stem = (int)strlen(conf) - 5, bad = 0;

	snprintf(want, sizeof want, "%.*s.%s", stem, conf, ok ? "ok" : "err");
	snprintf(other, sizeof other, "%.*s.%s", stem, conf, ok ? "err" : "ok");
	if (getenv("UPDATE")) {
		unlink(other);
		spill(want, got);
	}
	expected = slurp(want);
	if (!expected || strcmp(got, expected) != 0 || access(other, F_OK) == 0) {
		print_error("%s: expected:\n%s\ngot:\n%s\n", want,
			    expected ? expected : "no such file", got);
		bad = 1;
	}
	free(expected);
	free(got);
	return bad;
}

static void goldens(void **state)
{
	glob_t g;
	int bad = 0;

	(void)state;
	assert_int_equal(glob("tests/conf/*.conf", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= GOLDENS_MIN);
	for (size_t i = 0; i < g.gl_pathc; i++)
		bad += golden(g.gl_pathv[i]);
	globfree(&g);
	assert_int_equal(bad, 0);
}

static bool same_value(const struct config_value *a, const struct config_value *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_when(const struct config_when *a, const struct config_when *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_text(a->cond[i].key, b->cond[i].key) ||
		    !same_value(&a->cond[i].value, &b->cond[i].value) ||
		    !same_when(&a->cond[i].sub, &b->cond[i].sub))
			return false;
	return true;
}

/* Compares every member that the table knows. */
static bool same_section(enum config_section s, const void *a, const void *b)
{
	for (size_t i = 0; i < config_keys_n; i++) {
		const struct config_key *k = &config_keys[i];
		bool same = true;

		if (k->section != s)
			continue;
		switch (k->kind) {
		case CONFIG_TEXT:
		case CONFIG_FORMAT:
			same = same_text(config_key_text(k, a), config_key_text(k, b));
			break;
		case CONFIG_NETS:
		case CONFIG_INSIDE:
		case CONFIG_VALUES:
			same = same_value(config_key_value(k, a), config_key_value(k, b));
			break;
		case CONFIG_SUB:
			same = same_section(k->sub, a, b);
			break;
		case CONFIG_LISTS:
		case CONFIG_RULES:
		case CONFIG_WHEN:
			break;
		default:
			same = config_key_get(k, a) == config_key_get(k, b);
		}
		if (!same) {
			print_error("%s.%s differs\n", config_section_name(s), k->name);
			return false;
		}
	}
	return true;
}

static bool same_config(const struct config *a, const struct config *b)
{
	if (!same_section(CONFIG_TOP, a, b) || a->inside_auto != b->inside_auto ||
	    a->n_lists != b->n_lists || a->n_rules != b->n_rules)
		return false;
	for (size_t i = 0; i < a->n_lists; i++)
		if (!same_text(a->list[i].name, b->list[i].name) ||
		    !same_section(CONFIG_LIST, &a->list[i], &b->list[i]))
			return false;
	for (size_t i = 0; i < a->n_rules; i++)
		if (!same_section(CONFIG_RULE, &a->rule[i], &b->rule[i]) ||
		    !same_when(&a->rule[i].when, &b->rule[i].when))
			return false;
	return true;
}

static void reads_back(const char *path)
{
	struct config a, b;
	struct errs e;
	char *text;

	errs_init(&e);
	assert_int_equal(config_load(&a, &e, path), 0);
	text = printed(&a);
	assert_int_equal(config_parse(&b, &e, "again", text), 0);
	if (!same_config(&a, &b))
		fail_msg("%s does not read back", path);
	free(text);
	config_fini(&a);
	config_fini(&b);
	errs_fini(&e);
}

static void print_reads_back(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob("tests/conf/*.ok", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char path[512];

		snprintf(path, sizeof path, "%.*s.conf", (int)strlen(g.gl_pathv[i]) - 3,
			 g.gl_pathv[i]);
		reads_back(path);
	}
	globfree(&g);
	reads_back("contrib/examples/sluice.conf");
}

static void defaults(void **state)
{
	struct config c;
	struct errs e;

	(void)state;
	errs_init(&e);
	assert_int_equal(config_parse(&c, &e, "x", ""), 0);
	assert_int_equal(c.mode, MODE_OBSERVE);
	assert_true(c.inside_auto);
	assert_true(c.queue.fail_open);
	assert_false(c.default_drop);
	assert_int_equal(c.mark_mask, 0x70000000);
	assert_int_equal(c.ttl, 3600);
	assert_int_equal(c.score_ttl, 3600);
	assert_int_equal(c.queue.first, 100);
	assert_string_equal(c.lists_dir, "/var/lib/sluice");
	config_fini(&c);
	errs_fini(&e);
}

static void durations(void **state)
{
	char big[64];

	(void)state;
	assert_int_equal(config_duration("0"), 0);
	assert_int_equal(config_duration("10s"), 10);
	assert_int_equal(config_duration("5m"), 300);
	assert_int_equal(config_duration("1H"), 3600);
	assert_int_equal(config_duration("2d"), 172800);
	assert_int_equal(config_duration("1w"), 604800);
	assert_int_equal(config_duration(""), -1);
	assert_int_equal(config_duration("m"), -1);
	assert_int_equal(config_duration("1mm"), -1);
	assert_int_equal(config_duration("1 m"), -1);
	assert_int_equal(config_duration("-1"), -1);
	assert_int_equal(config_duration("4294967295"), 4294967295);
	assert_int_equal(config_duration("4294967296"), -1);
	memset(big, '9', sizeof big - 1);
	big[sizeof big - 1] = 0;
	assert_int_equal(config_duration(big), -1);
}

static void refused(const char *text, size_t least)
{
	struct config c;
	struct errs e;

	errs_init(&e);
	assert_int_equal(config_parse(&c, &e, "x", text), -EINVAL);
	assert_true(e.errors >= least);
	errs_fini(&e);
}

/* Texts that would exhaust memory, stack or patience. */
static void hostile_sizes(void **state)
{
	size_t n = (1 << 20) - 16;
	char *text = malloc(n + 64);
	size_t at = 0;
	struct config c;
	struct errs e;

	(void)state;
	memset(text, '(', n);
	text[n] = 0;
	refused(text, 1);
	text[0] = 'a';
	text[1] = '=';
	refused(text, 1);
	memset(text, ' ', n + 32);
	text[n + 32] = 0;
	refused(text, 1);
	for (int i = 0; at < n - 16; i++)
		at += (size_t)snprintf(text + at, 16, "k%d=1;", i);
	refused(text, 1);
	for (at = (size_t)snprintf(text, 16, "for = 1;"); at < n / 8; at += 5)
		memcpy(text + at, "/**/ ", 6);
	errs_init(&e);
	assert_int_equal(config_parse(&c, &e, "x", text), 0);
	config_fini(&c);
	errs_fini(&e);
	free(text);
}

/* The rule with `nots` conditions within each other is 3 + nots levels deep. */
static int parse_nested(int nots)
{
	char text[1024] = "rules = ( { name = \"r\"; action = \"drop\"; when: {";
	size_t at = strlen(text);
	struct config c;
	struct errs e;
	int rc;

	for (int i = 0; i < nots; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "not: {");
	at += (size_t)snprintf(text + at, sizeof text - at, "port = 1;");
	for (int i = 0; i < nots; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "};");
	snprintf(text + at, sizeof text - at, "}; } );");
	errs_init(&e);
	rc = config_parse(&c, &e, "x", text);
	config_fini(&c);
	errs_fini(&e);
	return rc;
}

static void depth_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(13), 0);
	assert_int_equal(parse_nested(14), -EINVAL);
}

static void many_errors_are_bounded(void **state)
{
	char *text = malloc(64 * 1000);
	size_t at = 0;
	struct config c;
	struct errs e;

	(void)state;
	for (int i = 0; i < 1000; i++)
		at += (size_t)snprintf(text + at, 32, "k%d = 1;\n", i);
	errs_init(&e);
	assert_int_equal(config_parse(&c, &e, "x", text), -EINVAL);
	assert_int_equal(e.errors, 1000);
	assert_int_equal(e.n, ERRS_MAX);
	assert_int_equal(e.lost, 1000 - ERRS_MAX);
	errs_fini(&e);
	free(text);
}

static void no_file(void **state)
{
	static const char *const paths[] = { "/nonexistent/sluice.conf", "/", "/dev/null" };
	static const int want[] = { -ENOENT, -EINVAL, -EINVAL };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct config c;
		struct errs e;

		errs_init(&e);
		assert_int_equal(config_load(&c, &e, paths[i]), want[i]);
		assert_int_equal(e.n, 1);
		assert_string_equal(e.e[0].file, paths[i]);
		assert_null(c.file);
		errs_fini(&e);
	}
}

/* The line of a text in a list is its own, not that of the next token (libconfig 1.5). */
static void lines_of_texts(void **state)
{
	struct config c;
	struct errs e;

	(void)state;
	errs_init(&e);
	assert_int_equal(config_parse(&c, &e, "x",
				      "/* \" */\nallow = [\n\"192.0.2.1\",\n\n\"192.0.2.2\"\n\n];\n"
				      "never_block = \"192.0.2.9\" # \"\n;\n"
				      "inside = \"eth0\"\n\n;"),
			 0);
	assert_int_equal(c.allow.line[0], 3);
	assert_int_equal(c.allow.line[1], 5);
	assert_int_equal(c.never_block.line[0], 8);
	assert_int_equal(c.inside.line[0], 10);
	config_fini(&c);
	errs_fini(&e);
}

static void shipped_example(void **state)
{
	struct config c;
	struct errs e;
	struct list_stats st;
	char *text = slurp("contrib/examples/sluice.conf");

	(void)state;
	errs_init(&e);
	assert_non_null(text);
	assert_int_equal(config_load(&c, &e, "contrib/examples/sluice.conf"), 0);
	assert_int_equal(e.n, 0);
	assert_int_equal(c.mode, MODE_OBSERVE);
	free(c.lists_dir);
	c.lists_dir = strdup("/nonexistent");
	for (size_t i = 0; i < c.n_lists; i++)
		assert_int_equal(list_load(&st, &e, &c, &c.list[i], NULL, NULL), 0);
	assert_int_equal(e.errors, 0);
	assert_true(e.n > 0);
	for (size_t i = 0; i < config_keys_n; i++) {
		const struct config_key *k = &config_keys[i];
		bool group = k->kind >= CONFIG_SUB && k->kind != CONFIG_RULES;
		char want[64];

		snprintf(want, sizeof want, "%s%s", k->name, group ? ":" : " = ");
		if (!strstr(text, want))
			fail_msg("contrib/examples/sluice.conf does not show \"%s\"", want);
	}
	config_fini(&c);
	errs_fini(&e);
	free(text);
}

static void shipped_lists(void **state)
{
	static const struct {
		const char *path;
		enum list_type type;
		const char *format;
	} lists[] = {
		{ "contrib/examples/lists/ja4.txt", LIST_JA4, "plain" },
		{ "contrib/examples/lists/partners.txt", LIST_DOMAIN, "plain" },
		{ "contrib/lists/remote-access.domains", LIST_DOMAIN, "plain" },
		{ "contrib/lists/doh.domains", LIST_DOMAIN, "plain" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct list_stats st;
		char *text = slurp(lists[i].path);

		assert_non_null(text);
		assert_int_equal(list_parse(&st, lists[i].type, lists[i].format, text, strlen(text),
					    NULL, NULL),
				 0);
		assert_int_equal(st.bad, 0);
		assert_true(st.good > 0);
		free(text);
	}
}

static void manual_in_step(void **state)
{
	static const char path[] = "contrib/man/sluice.conf.5";
	static const char begin[] = ".\\\" BEGIN KEYS\n", end[] = ".\\\" END KEYS\n";
	char *page = slurp(path), *made, *from, *to;
	size_t len, head, tail;
	FILE *f = open_memstream(&made, &len);

	(void)state;
	config_manual(f);
	fclose(f);
	assert_non_null(page);
	from = strstr(page, begin);
	to = strstr(page, end);
	assert_true(from && to && from < to);
	head = from ? (size_t)(from - page) + strlen(begin) : 0;
	tail = to ? (size_t)(to - page) : 0;
	if (getenv("UPDATE")) {
		f = fopen(path, "wb");
		assert_non_null(f);
		fprintf(f, "%.*s%s%s", (int)head, page, made, page + tail);
		fclose(f);
	} else if (tail - head != len || memcmp(page + head, made, len) != 0) {
		fail_msg("%s: the keys are not those of the code; UPDATE=1 writes them anew", path);
	}
	free(page);
	free(made);
}

/* Every name of the code stands in its part of the man page, and no other. */
static void manual_names(const char *page, const char *part, const char *(*name)(unsigned int i),
			 unsigned int n)
{
	char mark[64], want[64];
	const char *from, *to;
	unsigned int items = 0;

	snprintf(mark, sizeof mark, ".\\\" BEGIN %s\n", part);
	from = strstr(page, mark);
	snprintf(mark, sizeof mark, ".\\\" END %s\n", part);
	to = from ? strstr(from, mark) : NULL;
	assert_non_null(to);
	for (unsigned int i = 0; i < n; i++) {
		const char *at;

		snprintf(want, sizeof want, "\n.It Sy %s\n", name(i));
		at = strstr(from, want);
		if (!at || at > to)
			fail_msg("%s: \"%s\" is not in the man page", part, name(i));
	}
	for (const char *p = from; (p = strstr(p, "\n.It ")) != NULL && p < to; p++)
		items++;
	assert_int_equal(items, n);
}

static const char *app_name(unsigned int i)
{
	return facts_app_name((enum app)i);
}

static void manual_has_all_names(void **state)
{
	char *page = slurp("contrib/man/sluice.conf.5");

	(void)state;
	assert_non_null(page);
	manual_names(page, "APPS", app_name, APP_N);
	manual_names(page, "ANOMALIES", facts_anomaly_name, ANOM_N);
	free(page);
}

/* Each condition is explained, not only listed. */
static void manual_explains(void **state)
{
	char *page = slurp("contrib/man/sluice.conf.5"), *from, *to;
	static const char *const plain[] = { "from", "to", "endpoint", "port", "proto", "not" };

	(void)state;
	assert_non_null(page);
	from = strstr(page, "\n.Sh CONDITIONS\n");
	to = strstr(page, "\n.Sh PROTOCOLS\n");
	assert_true(from && to && from < to);
	if (to)
		*to = 0;
	for (size_t i = 0; i < match_table_n; i++) {
		bool here = false;
		const char *key = match_table[i].key;

		for (size_t k = 0; k < sizeof plain / sizeof *plain; k++)
			here |= strcmp(plain[k], key) == 0;
		for (char *l = from; l && !here; l = strchr(l + 1, '\n')) {
			char line[128], *save = NULL;

			snprintf(line, sizeof line, "%.*s", (int)strcspn(l + 1, "\n"), l + 1);
			if (strncmp(line, ".It Sy ", 7) != 0)
				continue;
			for (char *w = strtok_r(line + 7, " ,", &save); w && !here;
			     w = strtok_r(NULL, " ,", &save))
				here = strcmp(w, key) == 0;
		}
		if (!here)
			fail_msg("%s is not explained in the man page", key);
	}
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens),
		cmocka_unit_test(print_reads_back),
		cmocka_unit_test(defaults),
		cmocka_unit_test(durations),
		cmocka_unit_test(hostile_sizes),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(many_errors_are_bounded),
		cmocka_unit_test(no_file),
		cmocka_unit_test(lines_of_texts),
		cmocka_unit_test(shipped_example),
		cmocka_unit_test(shipped_lists),
		cmocka_unit_test(manual_in_step),
		cmocka_unit_test(manual_has_all_names),
		cmocka_unit_test(manual_explains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
