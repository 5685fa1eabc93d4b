/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/config_key.h"
#include "policy/match/match.h"

static void section(FILE *to, enum config_section s, const void *base, int depth);

static void indent(FILE *to, int depth)
{
	for (int i = 0; i < depth; i++)
		fputs("  ", to);
}

static void text(FILE *to, const char *s)
{
	putc('"', to);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', to);
		putc(*s, to);
	}
	putc('"', to);
}

/* A number or truth value that reads back to the same text may stand bare. */
static bool bare(const char *s)
{
	size_t n = strlen(s);

	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
		return true;
	return n > 0 && n <= 9 && strspn(s, "0123456789") == n && (n == 1 || s[0] != '0');
}

static void value(FILE *to, const struct config_value *v)
{
	if (v->n != 1)
		fputs("( ", to);
	for (size_t i = 0; i < v->n; i++) {
		if (i > 0)
			fputs(", ", to);
		if (bare(v->text[i]))
			fputs(v->text[i], to);
		else
			text(to, v->text[i]);
	}
	if (v->n != 1)
		fputs(v->n ? " )" : ")", to);
}

static void when(FILE *to, const struct config_when *w, int depth)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct config_cond *c = &w->cond[i];

		indent(to, depth);
		if (strcmp(c->key, "not") == 0) {
			fputs("not: {\n", to);
			when(to, &c->sub, depth + 1);
			indent(to, depth);
			fputs("};\n", to);
			continue;
		}
		fprintf(to, "%s = ", c->key);
		value(to, &c->value);
		fputs(";\n", to);
	}
}

static void number(FILE *to, const struct config_key *k, int64_t v)
{
	char buf[32];

	if (k->kind == CONFIG_HEX) {
		fprintf(to, "0x%" PRIx64, v);
	} else if (k->kind == CONFIG_DURATION) {
		config_duration_text(buf, sizeof buf, v);
		text(to, buf);
	} else {
		fprintf(to, "%" PRId64, v);
	}
}

static void lists(FILE *to, const struct config *c)
{
	fputs("lists: {\n", to);
	for (size_t i = 0; i < c->n_lists; i++) {
		fprintf(to, "  %s: {\n", c->list[i].name);
		section(to, CONFIG_LIST, &c->list[i], 2);
		fputs("  };\n", to);
	}
	fputs("};\n", to);
}

static void rules(FILE *to, const struct config *c)
{
	fputs("rules = (\n", to);
	for (size_t i = 0; i < c->n_rules; i++) {
		fputs("  {\n", to);
		section(to, CONFIG_RULE, &c->rule[i], 2);
		fprintf(to, "  }%s\n", i + 1 < c->n_rules ? "," : "");
	}
	fputs(");\n", to);
}

/* Does the member hold nothing that can be written? */
static bool nothing(const struct config_key *k, const void *base)
{
	switch (k->kind) {
	case CONFIG_TEXT:
		return !config_key_text(k, base);
	case CONFIG_NETS:
	case CONFIG_VALUES:
		return config_key_value(k, base)->n == 0;
	case CONFIG_COUNT:
	case CONFIG_DURATION:
		return k->def && !*k->def && !config_key_get(k, base);
	default:
		return false;
	}
}

/* The format says how to read a file: it means nothing for inline entries. */
static bool idle(const struct config_key *k, const void *base)
{
	const struct config_list *l = base;

	return k->section == CONFIG_LIST && !l->path &&
	       (k->kind == CONFIG_FORMAT || k->kind == CONFIG_BOOL);
}

static void simple(FILE *to, const struct config_key *k, const void *base)
{
	fprintf(to, "%s = ", k->name);
	switch (k->kind) {
	case CONFIG_BOOL:
		fputs(config_key_get(k, base) ? "true" : "false", to);
		break;
	case CONFIG_WORD:
		text(to, config_key_word(k, config_key_get(k, base)));
		break;
	case CONFIG_FORMAT:
	case CONFIG_TEXT:
		text(to, config_key_text(k, base));
		break;
	case CONFIG_INSIDE:
		if (((const struct config *)base)->inside_auto)
			text(to, "auto");
		else
			value(to, config_key_value(k, base));
		break;
	case CONFIG_NETS:
	case CONFIG_VALUES:
		value(to, config_key_value(k, base));
		break;
	default:
		number(to, k, config_key_get(k, base));
	}
	fputs(";\n", to);
}

static void section(FILE *to, enum config_section s, const void *base, int depth)
{
	for (size_t i = 0; i < config_keys_n; i++) {
		const struct config_key *k = &config_keys[i];

		if (k->section != s || nothing(k, base) || idle(k, base))
			continue;
		if (k->kind == CONFIG_LISTS) {
			lists(to, base);
		} else if (k->kind == CONFIG_RULES) {
			rules(to, base);
		} else if (k->kind == CONFIG_SUB || k->kind == CONFIG_WHEN) {
			indent(to, depth);
			fprintf(to, "%s: {\n", k->name);
			if (k->kind == CONFIG_SUB)
				section(to, k->sub, base, depth + 1);
			else
				when(to, &((const struct config_rule *)base)->when, depth + 1);
			indent(to, depth);
			fputs("};\n", to);
		} else {
			indent(to, depth);
			simple(to, k, base);
		}
	}
}

void config_print(const struct config *c, FILE *to)
{
	section(to, CONFIG_TOP, c, 0);
}

/* No help text begins with a dot or a quote, which roff would take as its own. */
static void roff(FILE *to, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", to);
		else if (*s == '-')
			fputs("\\-", to);
		else
			putc(*s, to);
	}
}

static void manual_kind(FILE *to, const struct config_key *k)
{
	char low[32], high[32];

	switch (k->kind) {
	case CONFIG_WORD:
	case CONFIG_FORMAT:
		for (const struct config_word *w = k->words; w->text; w++)
			fprintf(to, "%s%s", w == k->words ? "" : " | ", w->text);
		break;
	case CONFIG_BOOL:
		fputs("true | false", to);
		break;
	case CONFIG_DURATION:
		config_duration_text(low, sizeof low, k->min);
		config_duration_text(high, sizeof high, k->max);
		fprintf(to, "duration, %s to %s", low, high);
		break;
	case CONFIG_COUNT:
		fprintf(to, "number, %" PRId64 " to %" PRId64, k->min, k->max);
		break;
	case CONFIG_SIZE:
		fprintf(to, "size, %" PRId64 " to %" PRId64 " bytes", k->min, k->max);
		break;
	case CONFIG_HEX:
		fputs("number", to);
		break;
	case CONFIG_TEXT:
		fputs("text", to);
		break;
	case CONFIG_NETS:
		fputs("addresses and nets", to);
		break;
	case CONFIG_INSIDE:
		fputs("auto | interfaces and nets", to);
		break;
	case CONFIG_VALUES:
		fputs("values", to);
		break;
	case CONFIG_RULES:
		fputs("list of groups", to);
		break;
	case CONFIG_LISTS:
		fputs("group of groups", to);
		break;
	default:
		fputs("group", to);
	}
}

static void manual_key(FILE *to, const struct config_key *k)
{
	const char *in = config_section_name(k->section);

	fprintf(to, ".It Sy %s%s%s%s", in, *in ? "." : "", k->section == CONFIG_LIST ? "NAME." : "",
		k->name);
	fputs(" Pq ", to);
	manual_kind(to, k);
	putc('\n', to);
	roff(to, k->help);
	fputs(".\n", to);
	if (!k->def)
		fputs("Required.\n", to);
	else if (*k->def)
		fprintf(to, "Default:\n.Ql %s .\n", k->def);
}

void config_manual(FILE *to)
{
	fputs(".Ss Settings\n.Bl -tag -width Ds\n", to);
	for (size_t i = 0; i < config_keys_n; i++)
		manual_key(to, &config_keys[i]);
	fputs(".El\n.Ss Conditions\n.Bl -tag -width Ds\n", to);
	for (size_t i = 0; i < match_table_n; i++) {
		fprintf(to, ".It Sy %s\n", match_table[i].key);
		roff(to, match_table[i].help);
		fputs(".\n", to);
	}
	fputs(".El\n", to);
}
