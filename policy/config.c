/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/config_key.h"
#include "policy/config_scan.h"
#include "policy/list.h"

enum { LIST_NAME_MAX = 32, LISTS_MAX = 1024, KEYS_MAX = 64, ERROR_TEXT = 480 };

void config_error(struct config_read *r, int line, const char *fmt, ...)
{
	char text[ERROR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	errs_add(r->e, r->name, line, "%s", text);
}

void *config_grow(void *array, size_t n, size_t each)
{
	/* doubled whenever n reaches a power of two */
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? 2 * n : 1, each);
}

int config_line(const config_setting_t *s)
{
	int line = (int)(intptr_t)config_setting_get_hook(s);

	return line ? line : (int)config_setting_source_line(s);
}

/* The scan has counted the texts in the order in which they stand in the tree. */
static void mark_lines(config_setting_t *s, const struct config_scan *scan, size_t *n)
{
	if (config_setting_type(s) == CONFIG_TYPE_STRING && *n < scan->n)
		config_setting_set_hook(s, (void *)(intptr_t)scan->line[(*n)++]);
	if (!config_setting_is_aggregate(s))
		return;
	for (int i = 0; i < config_setting_length(s); i++)
		mark_lines(config_setting_get_elem(s, (unsigned int)i), scan, n);
}

static void unknown_key(struct config_read *r, enum config_section section,
			const config_setting_t *s)
{
	const char *words[KEYS_MAX], *near, *name = config_setting_name(s);
	const char *in = config_section_name(section);

	config_key_names(section, words, KEYS_MAX);
	near = errs_suggest(name, words);
	config_error(r, config_line(s), "unknown setting \"%s%s%.80s\"%s%s%s", in, *in ? "." : "",
		     name, near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void missing_key(struct config_read *r, const struct config_key *k,
			const config_setting_t *group)
{
	const char *kind = k->section == CONFIG_RULE ? "rule" : "list", *name = NULL;
	char quoted[100] = "";

	if (k->section == CONFIG_LIST)
		name = config_setting_name(group);
	else
		config_setting_lookup_string(group, "name", &name);
	if (name)
		snprintf(quoted, sizeof quoted, " \"%.80s\"", name);
	config_error(r, config_line(group), "%s%s has no %s", kind, quoted, k->name);
}

static void list_read(struct config_read *r, const config_setting_t *s)
{
	struct config *c = r->c;
	struct config_list *lists = config_grow(c->list, c->n_lists, sizeof *lists), *l;
	const char *name = config_setting_name(s);

	if (!lists) {
		config_error(r, 0, "out of memory");
		return;
	}
	c->list = lists;
	l = &lists[c->n_lists];
	memset(l, 0, sizeof *l);
	l->name = strdup(name);
	if (!l->name) {
		config_error(r, 0, "out of memory");
		return;
	}
	c->n_lists++;
	l->line = config_line(s);
	l->type = LIST_TYPE_N; /* until it is known: check_list() says no more about it */
	if (strchr(name, '*') || strlen(name) > LIST_NAME_MAX)
		config_error(r, l->line,
			     "list name \"%.80s\" must be 1 to %d letters, digits, '_' or '-'",
			     name, LIST_NAME_MAX);
	config_group_read(r, CONFIG_LIST, l, s);
}

static void lists_read(struct config_read *r, const config_setting_t *s)
{
	if (!config_setting_is_group(s)) {
		config_error(r, config_line(s), "lists must be a group: lists: { name: { ... }; }");
		return;
	}
	if (config_setting_length(s) > LISTS_MAX) {
		config_error(r, config_line(s), "more than %d lists", LISTS_MAX);
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *one = config_setting_get_elem(s, (unsigned int)i);

		if (config_setting_is_group(one))
			list_read(r, one);
		else
			config_error(r, config_line(one), "list \"%.80s\" must be a group",
				     config_setting_name(one));
	}
}

static void key_read(struct config_read *r, const struct config_key *k, void *base,
		     const config_setting_t *s)
{
	switch (k->kind) {
	case CONFIG_SUB:
		if (config_setting_is_group(s))
			config_group_read(r, k->sub, base, s);
		else
			config_error(r, config_line(s), "%s must be a group: %s: { ... };", k->name,
				     k->name);
		break;
	case CONFIG_LISTS:
		lists_read(r, s);
		break;
	case CONFIG_RULES:
		config_rules_read(r, s);
		break;
	default:
		config_value_read(r, k, base, s);
	}
}

/* Defaults of a section and of those below it. */
static void defaults(struct config_read *r, enum config_section section, void *base)
{
	for (size_t i = 0; i < config_keys_n; i++) {
		const struct config_key *k = &config_keys[i];

		if (k->section != section || !k->def)
			continue;
		if (k->kind == CONFIG_SUB)
			defaults(r, k->sub, base);
		else
			config_value_default(r, k, base);
	}
}

void config_group_read(struct config_read *r, enum config_section section, void *base,
		       const config_setting_t *group)
{
	if (section == CONFIG_LIST || section == CONFIG_RULE)
		defaults(r, section, base);
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned int)i);
		const struct config_key *k = config_key_find(section, config_setting_name(s));

		if (k)
			key_read(r, k, base, s);
		else
			unknown_key(r, section, s);
	}
	for (size_t i = 0; i < config_keys_n; i++) {
		const struct config_key *k = &config_keys[i];

		if (k->section == section && !k->def && !config_setting_get_member(group, k->name))
			missing_key(r, k, group);
	}
}

static void check_list(struct config_read *r, const struct config_list *l)
{
	if (l->path && l->entries.n)
		config_error(r, l->line, "list \"%s\" has both path and entries", l->name);
	else if (!l->path && !l->entries.n)
		config_error(r, l->line, "list \"%s\" needs a path or entries", l->name);
	if (!l->path && l->optional)
		config_error(r, l->line, "list \"%s\": optional is for files", l->name);
	if (!l->path && l->max_age)
		config_error(r, l->line, "list \"%s\": max_age is for files", l->name);
	if (!l->path && l->format && strcmp(l->format, "plain") != 0)
		config_error(r, l->line, "list \"%s\": format is for files", l->name);
	if (l->type == LIST_TYPE_N)
		return;
	if (l->format && strcmp(l->format, "sslbl") == 0 && l->type != LIST_JA3 &&
	    l->type != LIST_JA4)
		config_error(r, l->line, "list \"%s\": format sslbl needs type ja3 or ja4",
			     l->name);
	if (l->format && strcmp(l->format, "onionoo") == 0 && l->type != LIST_ENDPOINT &&
	    l->type != LIST_ADDRESS)
		config_error(r, l->line,
			     "list \"%s\": format onionoo needs type endpoint or address", l->name);
	for (size_t i = 0; i < l->entries.n; i++) {
		const char *why = list_value_why(l->type, l->entries.text[i]);

		if (why)
			config_error(r, l->entries.line[i], "list \"%s\": \"%.80s\": %s", l->name,
				     l->entries.text[i], why);
	}
}

static int line_of(const config_t *lib, const char *path)
{
	const config_setting_t *s = config_lookup(lib, path);

	return s ? config_line(s) : 0;
}

/* What no single key can tell. */
static void check(struct config_read *r, const config_t *lib)
{
	struct config *c = r->c;
	uint32_t low = c->mark_mask & (~c->mark_mask + 1);

	if (low == 0 || c->mark_mask / low != 7)
		config_error(r, line_of(lib, "mark_mask"),
			     "mark_mask must be three neighbouring bits, like 0x70000000");
	if (c->queue.first + c->queue.count > 65536)
		config_error(r, line_of(lib, "queue"), "queues end at 65535");
	if (c->score_monitor > c->score_drop)
		config_error(r, line_of(lib, "score"),
			     "score.monitor (%u) is above score.drop (%u)", c->score_monitor,
			     c->score_drop);
	if (c->limits.per_source > c->limits.flows)
		config_error(r, line_of(lib, "limits"),
			     "limits.flows_per_source (%u) is above limits.flows (%u)",
			     c->limits.per_source, c->limits.flows);
	if (c->lists_dir && c->lists_dir[0] != '/')
		config_error(r, line_of(lib, "lists_dir"), "lists_dir must begin with /");
	if (c->log.file && c->log.file[0] != '/')
		config_error(r, line_of(lib, "log.file"), "log.file must begin with /");
	for (size_t i = 0; i < c->n_lists; i++)
		check_list(r, &c->list[i]);
	config_rules_check(r);
	if (c->score_ttl == 0)
		c->score_ttl = c->ttl;
}

static void syntax_error(struct config_read *r, const config_t *lib)
{
	const char *text = config_error_text(lib);

	if (text && strcmp(text, "syntax error") == 0)
		text = "syntax error here or just before: texts stand in quotes, settings end with "
		       ";";
	config_error(r, config_error_line(lib), "%s", text ? text : "not readable");
}

int config_parse(struct config *c, struct errs *e, const char *name, const char *text)
{
	struct config_read r = { .c = c, .e = e, .name = name };
	struct config_scan scan;
	config_t lib;
	size_t n = 0, first = e->n, before = e->errors;

	memset(c, 0, sizeof *c);
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	config_init(&lib);
	c->file = strdup(name);
	if (!c->file)
		config_error(&r, 0, "out of memory");
	if (config_scan(&scan, e, name, text) < 0)
		goto out;
	if (!config_read_string(&lib, text)) {
		syntax_error(&r, &lib);
		goto out;
	}
	mark_lines(config_root_setting(&lib), &scan, &n);
	defaults(&r, CONFIG_TOP, c);
	config_group_read(&r, CONFIG_TOP, c, config_root_setting(&lib));
	check(&r, &lib);
out:
	errs_sort(e, first);
	config_destroy(&lib);
	config_scan_fini(&scan);
	if (e->errors == before)
		return 0;
	config_fini(c);
	return -EINVAL;
}

/* The file as text, at most CONFIG_TEXT_MAX long; NULL after telling. */
static char *read_text(struct config_read *r, int *rc)
{
	struct stat s;
	size_t got = 0;
	ssize_t n = 1;
	char *text = NULL;
	int fd = open(r->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*rc = 0;
	if (fd < 0 || fstat(fd, &s)) {
		*rc = -errno;
		config_error(r, 0, "cannot open: %s", strerror(-*rc));
		goto out;
	}
	if (!S_ISREG(s.st_mode)) {
		*rc = -EINVAL;
		config_error(r, 0, "not a plain file");
		goto out;
	}
	text = malloc(CONFIG_TEXT_MAX + 2);
	while (text && n > 0 && got <= CONFIG_TEXT_MAX) {
		n = read(fd, text + got, CONFIG_TEXT_MAX + 1 - got);
		got += n > 0 ? (size_t)n : 0;
	}
	if (!text || n < 0) {
		*rc = text ? -errno : -ENOMEM;
		config_error(r, 0, "cannot read: %s", strerror(-*rc));
	} else if (memchr(text, 0, got)) {
		*rc = -EINVAL;
		config_error(r, 0, "not a text file (it has NUL bytes)");
	} else {
		text[got] = 0;
	}
out:
	if (fd >= 0)
		close(fd);
	if (*rc == 0)
		return text;
	free(text);
	return NULL;
}

int config_load(struct config *c, struct errs *e, const char *path)
{
	struct config_read r = { .c = c, .e = e, .name = path };
	int rc;
	char *text = read_text(&r, &rc);

	memset(c, 0, sizeof *c);
	if (!text)
		return rc;
	rc = config_parse(c, e, path, text);
	free(text);
	return rc;
}

static void list_fini(struct config_list *l)
{
	free(l->name);
	free(l->format);
	free(l->path);
	config_value_fini(&l->entries);
}

void config_fini(struct config *c)
{
	for (size_t i = 0; i < c->n_lists; i++)
		list_fini(&c->list[i]);
	for (size_t i = 0; i < c->n_rules; i++)
		config_rule_fini(&c->rule[i]);
	free(c->list);
	free(c->rule);
	free(c->file);
	free(c->log.file);
	free(c->lists_dir);
	config_value_fini(&c->inside);
	config_value_fini(&c->allow);
	config_value_fini(&c->never_block);
	memset(c, 0, sizeof *c);
}
