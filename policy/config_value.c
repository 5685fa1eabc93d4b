/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/config_key.h"
#include "policy/list.h"

enum { IFNAME_MAX = 15, WORDS_TEXT = 160 };

struct unit {
	char c;
	uint32_t times;
};

/* Digits and at most one unit letter; -1 if it is anything else or beyond 2^40. */
static int64_t with_unit(const char *text, const struct unit *unit, size_t n)
{
	int64_t v = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > UINT32_MAX)
			return -1;
	}
	if (p == text)
		return -1;
	if (!*p)
		return v;
	for (size_t i = 0; i < n; i++)
		if ((*p | 0x20) == unit[i].c && !p[1])
			return v * unit[i].times;
	return -1;
}

int64_t config_duration(const char *text)
{
	static const struct unit units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
	};

	return with_unit(text, units, sizeof units / sizeof *units);
}

int64_t config_size(const char *text)
{
	static const struct unit units[] = { { 'k', 1 << 10 }, { 'm', 1 << 20 }, { 'g', 1 << 30 } };

	return with_unit(text, units, sizeof units / sizeof *units);
}

static const char *kind_name(const struct config_key *k)
{
	switch (k->kind) {
	case CONFIG_BOOL:
		return "true or false";
	case CONFIG_COUNT:
		return "a number";
	case CONFIG_SIZE:
		return "a size like 16384 or \"16k\"";
	case CONFIG_DURATION:
		return "a duration like \"30s\", \"5m\", \"1h\", \"2d\" or \"1w\"";
	case CONFIG_HEX:
		return "a number like 0x70000000";
	case CONFIG_NETS:
		return "an address, a net or a list of them";
	case CONFIG_INSIDE:
		return "\"auto\" or a list of interfaces and nets";
	case CONFIG_VALUES:
	case CONFIG_WHEN:
		return "a text, a number, true, false or a list of them";
	default:
		return "a text in quotes";
	}
}

static const char *type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a point";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	default:
		return "a list";
	}
}

static void wrong_type(struct config_read *r, const struct config_key *k, const config_setting_t *s)
{
	char path[CONFIG_PATH_MAX];

	config_error(r, config_line(s), "%s must be %s, not %s", config_key_path(path, k),
		     kind_name(k), type_name(s));
}

/* A text without control characters (libconfig knows \x escapes); NULL after telling. */
static const char *plain_text(struct config_read *r, const char *key, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);

	for (const char *p = text; p && *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			config_error(r, config_line(s), "%s: control character in \"%.80s\"", key,
				     text);
			return NULL;
		}
	}
	return text;
}

static int64_t number_of(const config_setting_t *s)
{
	/* 0xf0000000 comes as a negative int */
	if (config_setting_type(s) == CONFIG_TYPE_INT &&
	    config_setting_get_format(s) == CONFIG_FORMAT_HEX)
		return (uint32_t)config_setting_get_int(s);
	return config_setting_get_int64(s);
}

static void print_number(char *buf, size_t size, const struct config_key *k, int64_t v)
{
	if (k->kind == CONFIG_HEX)
		snprintf(buf, size, "0x%" PRIx64, v);
	else if (k->kind == CONFIG_DURATION)
		config_duration_text(buf, size, v);
	else
		snprintf(buf, size, "%" PRId64, v);
}

static void out_of_range(struct config_read *r, const struct config_key *k,
			 const config_setting_t *s)
{
	char low[32], high[32], path[CONFIG_PATH_MAX];

	print_number(low, sizeof low, k, k->min);
	print_number(high, sizeof high, k, k->max);
	config_error(r, config_line(s), "%s must be from %s to %s", config_key_path(path, k), low,
		     high);
}

static void read_number(struct config_read *r, const struct config_key *k, void *base,
			const config_setting_t *s)
{
	char path[CONFIG_PATH_MAX];
	int64_t v = -1;
	const char *text;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		v = number_of(s);
		break;
	case CONFIG_TYPE_STRING:
		text = config_setting_get_string(s);
		v = k->kind == CONFIG_DURATION ? config_duration(text) : config_size(text);
		if (v < 0) {
			config_error(r, config_line(s), "%s: \"%.80s\" is not %s",
				     config_key_path(path, k), text, kind_name(k));
			return;
		}
		break;
	default:
		wrong_type(r, k, s);
		return;
	}
	if (v < k->min || v > k->max)
		out_of_range(r, k, s);
	else
		config_key_set(k, base, v);
}

static const struct config_word *find_word(const struct config_key *k, const char *text)
{
	for (const struct config_word *w = k->words; w->text; w++)
		if (strcmp(w->text, text) == 0)
			return w;
	return NULL;
}

static const struct config_word *read_word(struct config_read *r, const struct config_key *k,
					   const config_setting_t *s)
{
	char all[WORDS_TEXT] = "", path[CONFIG_PATH_MAX];
	size_t n = 0;
	const char *text = config_setting_get_string(s);
	const struct config_word *w;

	if (!text) {
		wrong_type(r, k, s);
		return NULL;
	}
	w = find_word(k, text);
	if (w)
		return w;
	for (w = k->words; w->text && n < sizeof all; w++)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s\"%s\"",
				      n == 0      ? ""
				      : w[1].text ? ", "
						  : " or ",
				      w->text);
	config_error(r, config_line(s), "%s must be %s, not \"%.80s\"", config_key_path(path, k),
		     all, text);
	return NULL;
}

static int add_text(struct config_value *v, const char *text, int line)
{
	char **texts = config_grow(v->text, v->n, sizeof *texts);
	int *lines;

	if (!texts)
		return -1;
	v->text = texts;
	lines = config_grow(v->line, v->n, sizeof *lines);
	if (!lines)
		return -1;
	v->line = lines;
	texts[v->n] = strdup(text);
	lines[v->n] = line;
	if (!texts[v->n])
		return -1;
	v->n++;
	return 0;
}

static int add_scalar(struct config_read *r, struct config_value *v, const config_setting_t *s,
		      const char *key)
{
	char buf[32];
	const char *text = buf;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		text = plain_text(r, key, s);
		if (!text)
			return -1;
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(buf, sizeof buf, "%" PRId64, number_of(s));
		break;
	case CONFIG_TYPE_BOOL:
		text = config_setting_get_bool(s) ? "true" : "false";
		break;
	default:
		config_error(r, config_line(s),
			     "%s must be a text, a number, true, false or a list of them, not %s",
			     key, type_name(s));
		return -1;
	}
	if (add_text(v, text, config_line(s)) < 0) {
		config_error(r, 0, "out of memory");
		return -1;
	}
	return 0;
}

int config_value_texts(struct config_read *r, struct config_value *v, const config_setting_t *s,
		       const char *key)
{
	int type = config_setting_type(s), rc = 0;

	if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST)
		return add_scalar(r, v, s, key);
	for (int i = 0; i < config_setting_length(s); i++)
		if (add_scalar(r, v, config_setting_get_elem(s, (unsigned int)i), key) < 0)
			rc = -1;
	return rc;
}

void config_value_fini(struct config_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->text[i]);
	free(v->text);
	free(v->line);
	memset(v, 0, sizeof *v);
}

static bool is_interface(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= IFNAME_MAX && strcspn(text, "/: \"\\,") == n &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0 && strspn(text, "0123456789.") < n;
}

static void check_nets(struct config_read *r, const struct config_key *k,
		       const struct config_value *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const char *why = list_value_why(LIST_ADDRESS, v->text[i]);

		if (!why || (k->kind == CONFIG_INSIDE && is_interface(v->text[i])))
			continue;
		config_error(r, v->line[i], "%s: \"%.80s\": %s", k->name, v->text[i],
			     k->kind == CONFIG_INSIDE ? "neither an interface nor a net" : why);
	}
}

static struct config_value *value_at(const struct config_key *k, void *base)
{
	return (void *)((char *)base + k->offset);
}

static void read_nets(struct config_read *r, const struct config_key *k, void *base,
		      const config_setting_t *s)
{
	struct config_value *v = value_at(k, base);
	const char *one = config_setting_get_string(s);

	if (k->kind == CONFIG_INSIDE && one && strcmp(one, "auto") == 0)
		return;
	if (config_setting_is_group(s)) {
		wrong_type(r, k, s);
		return;
	}
	if (config_value_texts(r, v, s, k->name) < 0)
		return;
	check_nets(r, k, v);
	if (k->kind != CONFIG_INSIDE)
		return;
	r->c->inside_auto = false;
	if (v->n == 0)
		config_error(r, config_line(s), "inside is empty: say \"auto\" or what is inside");
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->text[i], "auto") == 0)
			config_error(r, v->line[i], "inside: \"auto\" stands alone, not in a list");
}

static void set_text(struct config_read *r, const struct config_key *k, void *base,
		     const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		config_error(r, 0, "out of memory");
	config_key_set_text(k, base, copy);
}

static void read_text(struct config_read *r, const struct config_key *k, void *base,
		      const config_setting_t *s)
{
	const char *text;

	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		wrong_type(r, k, s);
		return;
	}
	text = plain_text(r, k->name, s);
	if (text && !*text)
		config_error(r, config_line(s), "%s is empty", k->name);
	else if (text)
		set_text(r, k, base, text);
}

void config_value_read(struct config_read *r, const struct config_key *k, void *base,
		       const config_setting_t *s)
{
	const struct config_word *w;

	switch (k->kind) {
	case CONFIG_BOOL:
		if (config_setting_type(s) == CONFIG_TYPE_BOOL)
			config_key_set(k, base, config_setting_get_bool(s));
		else
			wrong_type(r, k, s);
		break;
	case CONFIG_WORD:
		w = read_word(r, k, s);
		if (w)
			config_key_set(k, base, w->number);
		break;
	case CONFIG_FORMAT:
		w = read_word(r, k, s);
		if (w)
			set_text(r, k, base, w->text);
		break;
	case CONFIG_COUNT:
	case CONFIG_SIZE:
	case CONFIG_DURATION:
	case CONFIG_HEX:
		read_number(r, k, base, s);
		break;
	case CONFIG_TEXT:
		read_text(r, k, base, s);
		break;
	case CONFIG_NETS:
	case CONFIG_INSIDE:
		read_nets(r, k, base, s);
		break;
	case CONFIG_VALUES:
		config_value_texts(r, value_at(k, base), s, k->name);
		break;
	default:
		break; /* groups are read by config.c and config_rule.c */
	}
}

void config_value_default(struct config_read *r, const struct config_key *k, void *base)
{
	int64_t v = 0;

	switch (k->kind) {
	case CONFIG_BOOL:
		config_key_set(k, base, strcmp(k->def, "true") == 0);
		break;
	case CONFIG_WORD:
		config_key_set(k, base, find_word(k, k->def)->number);
		break;
	case CONFIG_COUNT:
	case CONFIG_SIZE:
	case CONFIG_DURATION:
	case CONFIG_HEX:
		if (*k->def)
			v = k->kind == CONFIG_DURATION ? config_duration(k->def)
			    : k->kind == CONFIG_HEX    ? (int64_t)strtoul(k->def, NULL, 16)
						       : config_size(k->def);
		config_key_set(k, base, v);
		break;
	case CONFIG_TEXT:
	case CONFIG_FORMAT:
		if (*k->def)
			set_text(r, k, base, k->def);
		break;
	case CONFIG_INSIDE:
		r->c->inside_auto = true;
		break;
	default:
		break;
	}
}

void config_duration_text(char *buf, size_t size, int64_t seconds)
{
	static const struct unit units[] = {
		{ 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
	};
	size_t i = 0;

	while (seconds % units[i].times)
		i++;
	if (seconds == 0)
		snprintf(buf, size, "0");
	else
		snprintf(buf, size, "%" PRId64 "%c", seconds / units[i].times, units[i].c);
}
