/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "policy/config_key.h"
#include "policy/match/match.h"

enum { RULE_NAME_MAX = 48, RULES_MAX = 4096, KEYS_MAX = 64 };

static int when_read(struct config_read *r, struct config_when *w, const config_setting_t *s);

static const char *suggest_condition(const char *key)
{
	const char *words[KEYS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < match_table_n && n + 1 < KEYS_MAX; i++)
		words[n++] = match_table[i].key;
	words[n] = NULL;
	return errs_suggest(key, words);
}

static void unknown_condition(struct config_read *r, int line, const char *key)
{
	const char *near = suggest_condition(key);

	config_error(r, line, "unknown condition \"%.80s\"%s%s%s", key,
		     near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void cond_read(struct config_read *r, struct config_cond *c, const config_setting_t *s)
{
	c->line = config_line(s);
	c->key = strdup(config_setting_name(s));
	if (!c->key) {
		config_error(r, 0, "out of memory");
		return;
	}
	if (strcmp(c->key, "not") == 0) {
		if (!config_setting_is_group(s))
			config_error(r, c->line, "not must be a group of conditions: not: { ... }");
		else if (when_read(r, &c->sub, s) == 0)
			config_error(r, c->line, "not has no conditions");
		return;
	}
	if (match_find(c->key) < 0) {
		unknown_condition(r, c->line, c->key);
		return;
	}
	if (config_value_texts(r, &c->value, s, c->key) == 0 && c->value.n == 0)
		config_error(r, c->line, "%s has no values", c->key);
}

/* The number of conditions read. */
static int when_read(struct config_read *r, struct config_when *w, const config_setting_t *s)
{
	int n = config_setting_length(s);

	if (n == 0)
		return 0;
	w->cond = calloc((size_t)n, sizeof *w->cond);
	if (!w->cond) {
		config_error(r, 0, "out of memory");
		return n;
	}
	for (int i = 0; i < n; i++)
		cond_read(r, &w->cond[w->n++], config_setting_get_elem(s, (unsigned int)i));
	return n;
}

void config_when_fini(struct config_when *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->cond[i].key);
		config_value_fini(&w->cond[i].value);
		config_when_fini(&w->cond[i].sub); /* as deep as the text may be nested */
	}
	free(w->cond);
	memset(w, 0, sizeof *w);
}

void config_rule_fini(struct config_rule *rule)
{
	free(rule->name);
	free(rule->attack);
	config_when_fini(&rule->when);
	memset(rule, 0, sizeof *rule);
}

static void rule_read(struct config_read *r, const config_setting_t *s)
{
	struct config *c = r->c;
	struct config_rule *rules = config_grow(c->rule, c->n_rules, sizeof *rules), *rule;
	const config_setting_t *when = config_setting_get_member(s, "when");

	if (!rules) {
		config_error(r, 0, "out of memory");
		return;
	}
	c->rule = rules;
	rule = &rules[c->n_rules++];
	memset(rule, 0, sizeof *rule);
	rule->line = config_line(s);
	config_group_read(r, CONFIG_RULE, rule, s);
	if (!when)
		return;
	if (!config_setting_is_group(when))
		config_error(r, config_line(when), "when must be a group: when: { ... }");
	else if (when_read(r, &rule->when, when) == 0)
		config_error(r, config_line(when),
			     "when has no conditions; use default for what holds for every flow");
}

void config_rules_read(struct config_read *r, const config_setting_t *s)
{
	int n = config_setting_length(s);

	if (config_setting_type(s) != CONFIG_TYPE_LIST) {
		config_error(r, config_line(s),
			     "rules must be a list of groups: rules = ( { ... }, ... )");
		return;
	}
	if (n > RULES_MAX) {
		config_error(r, config_line(s), "more than %d rules", RULES_MAX);
		return;
	}
	for (int i = 0; i < n; i++) {
		const config_setting_t *one = config_setting_get_elem(s, (unsigned int)i);

		if (config_setting_is_group(one))
			rule_read(r, one);
		else
			config_error(r, config_line(one),
				     "a rule must be a group: { name = ...; }");
	}
}

static bool is_attack(const char *t)
{
	static const char form[] = "T####.###";
	size_t n = strlen(t);

	if (n != 5 && n != 9)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '#' ? t[i] < '0' || t[i] > '9' : t[i] != form[i])
			return false;
	return true;
}

static bool is_name(const char *t)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t n = strlen(t);

	return n > 0 && n <= RULE_NAME_MAX && strspn(t, allowed) == n;
}

static void check_name(struct config_read *r, size_t index)
{
	const struct config_rule *rule = &r->c->rule[index];

	if (!rule->name)
		return;
	if (!is_name(rule->name)) {
		config_error(r, rule->line,
			     "rule name \"%.80s\" must be 1 to %d letters, digits, '.', '_' or '-'",
			     rule->name, RULE_NAME_MAX);
		return;
	}
	for (size_t i = 0; i < index; i++) {
		const struct config_rule *other = &r->c->rule[i];

		if (!other->name || strcmp(other->name, rule->name) != 0)
			continue;
		config_error(r, rule->line, "rule \"%s\" is already defined in line %d", rule->name,
			     other->line);
		return;
	}
}

static const struct config_list *find_list(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_lists; i++)
		if (strcmp(c->list[i].name, name) == 0)
			return &c->list[i];
	return NULL;
}

static void unknown_list(struct config_read *r, int line, const char *name)
{
	const char *words[KEYS_MAX];
	const char *near;
	size_t n = 0;

	for (; n < r->c->n_lists && n + 1 < KEYS_MAX; n++)
		words[n] = r->c->list[n].name;
	words[n] = NULL;
	near = errs_suggest(name, words);
	config_error(r, line, "there is no list \"%.80s\"%s%s%s", name,
		     near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void check_when(struct config_read *r, const struct config_when *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct config_value *v = &w->cond[i].value;

		for (size_t k = 0; k < v->n; k++)
			if (v->text[k][0] == '@' && !find_list(r->c, v->text[k] + 1))
				unknown_list(r, v->line[k], v->text[k] + 1);
		check_when(r, &w->cond[i].sub);
	}
}

void config_rules_check(struct config_read *r)
{
	for (size_t i = 0; i < r->c->n_rules; i++) {
		const struct config_rule *rule = &r->c->rule[i];
		const char *name = rule->name ? rule->name : "";

		check_name(r, i);
		if (rule->action == ACTION_SCORE && rule->score == 0)
			config_error(r, rule->line, "rule \"%.80s\": action score needs a score",
				     name);
		if (rule->action != ACTION_SCORE && rule->action != ACTION_NONE && rule->score != 0)
			config_error(r, rule->line,
				     "rule \"%.80s\": score needs action = \"score\"", name);
		if (rule->attack && !is_attack(rule->attack))
			config_error(
				r, rule->line,
				"rule \"%.80s\": attack \"%.80s\" is not like T1090 or T1090.003",
				name, rule->attack);
		check_when(r, &rule->when);
	}
}
