/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/rule.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int match_error(struct match_build *b, int line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	errs_add(b->e, b->c->file, line, "%s", text);
	return -EINVAL;
}

void *match_alloc(struct match_build *b, size_t n, size_t each)
{
	return arena_array(b->a, n, each);
}

int rule_find_list(const struct config *c, const char *text)
{
	for (size_t i = 0; i < c->n_lists; i++)
		if (strcmp(c->list[i].name, text + 1) == 0)
			return (int)i;
	return -1;
}

static int no_list(struct match_build *b, const char *text, int line)
{
	const char **names = calloc(b->c->n_lists + 1, sizeof *names);
	const char *near = NULL;

	for (size_t i = 0; names && i < b->c->n_lists; i++)
		names[i] = b->c->list[i].name;
	if (names)
		near = errs_suggest(text + 1, names);
	if (near)
		match_error(b, line, "no list is named \"%s\"; did you mean \"@%s\"?", text + 1,
			    near);
	else
		match_error(b, line, "no list is named \"%s\"", text + 1);
	free(names);
	return -EINVAL;
}

int match_list(struct match_build *b, const char *text, int line, enum list_type type)
{
	int i = rule_find_list(b->c, text);

	if (i < 0)
		return no_list(b, text, line);
	if (b->c->list[i].type != type)
		return match_error(b, line,
				   "list \"%s\" is of type %s; a list of type %s is wanted here",
				   text + 1, list_type_name(b->c->list[i].type),
				   list_type_name(type));
	return i;
}

static int no_key(struct match_build *b, const struct config_cond *c)
{
	const char **keys = calloc(match_table_n + 1, sizeof *keys);
	const char *near = NULL;

	for (size_t i = 0; keys && i < match_table_n; i++)
		keys[i] = match_table[i].key;
	if (keys)
		near = errs_suggest(c->key, keys);
	if (near)
		match_error(b, c->line, "no condition is named \"%s\"; did you mean \"%s\"?",
			    c->key, near);
	else
		match_error(b, c->line, "no condition is named \"%s\"", c->key);
	free(keys);
	return -EINVAL;
}

static int compile_cond(struct cond *to, struct match_build *b, const struct config_cond *c)
{
	int at = match_find(c->key);
	const struct match *m;
	const struct group *sub;

	if (at < 0)
		return no_key(b, c);
	m = &match_table[at];
	if (m->kind && c->sub.n)
		return match_error(b, c->line, "\"%s\" takes values, not conditions", c->key);
	if (m->kind && !c->value.n)
		return match_error(b, c->line, "\"%s\" needs a value", c->key);
	if (c->value.n > RULE_VALUES_MAX)
		return match_error(b, c->line, "\"%s\" has more than %d values; put them in a list",
				   c->key, RULE_VALUES_MAX);
	*to = (struct cond){ .line = (uint32_t)c->line, .match = (uint16_t)at,
			     .kind = (uint8_t)m->kind, .header = m->header };
	if (m->compile(&to->data, b, c))
		return -EINVAL;
	if (m->kind || !to->data)
		return 0;
	/*
	 * `not`: what is not in a list of destinations blames no destination, but a client that
	 * did not say something is still judged by what it says.
	 */
	sub = to->data;
	to->kind = (uint8_t)((sub->kind & ~(unsigned int)MATCH_DEST) | MATCH_HOW);
	to->header = sub->header;
	return 0;
}

int rule_group(struct group *g, struct match_build *b, const struct config_when *w)
{
	struct cond *cond;
	int err = 0;

	*g = (struct group){ .header = true };
	if (w->n > RULE_CONDS_MAX)
		return match_error(b, w->cond[0].line, "more than %d conditions in one group",
				   RULE_CONDS_MAX);
	cond = match_alloc(b, w->n, sizeof *cond);
	for (size_t i = 0; i < w->n; i++) {
		struct cond one = { 0 };

		if (compile_cond(&one, b, &w->cond[i]))
			err = -EINVAL; /* go on: all errors are told */
		if (cond)
			cond[i] = one;
		g->kind |= one.kind;
		g->header = g->header && one.header;
	}
	g->cond = cond;
	g->n = cond ? (uint32_t)w->n : 0;
	return err;
}

/* The scope that the evidence allows (DESIGN: scope of a block = scope of its evidence). */
static enum scope scope_of(unsigned int kind)
{
	if (kind & MATCH_MESSAGE)
		return SCOPE_FLOW;
	if (kind & MATCH_CLIENT)
		return SCOPE_PAIR;
	if (!(kind & MATCH_DEST))
		return SCOPE_FLOW;
	/* a rule for some hosts must not cut the endpoint off for all */
	return kind & MATCH_SOURCE ? SCOPE_PAIR : SCOPE_ENDPOINT;
}

int rule_compile(struct rule *r, struct match_build *b, const struct config_rule *c)
{
	int err;

	b->all_names = c->action == ACTION_ALLOW;
	err = rule_group(&r->when, b, &c->when);
	r->name = arena_strdup(b->a, c->name);
	r->attack = arena_strdup(b->a, c->attack ? c->attack : "");
	r->line = (uint32_t)c->line;
	r->ttl = c->ttl ? c->ttl : b->c->ttl;
	r->score = c->score;
	r->action = (uint8_t)c->action;
	r->direction = c->direction;
	r->scope_auto = c->block == SCOPE_AUTO;
	r->scope = (uint8_t)(r->scope_auto ? scope_of(r->when.kind) : c->block);
	if (c->action <= ACTION_NONE || c->action >= ACTION_N)
		err = match_error(b, c->line, "rule \"%s\" has no action", c->name);
	if (c->action == ACTION_SCORE && !c->score)
		err = match_error(b, c->line, "rule \"%s\": a score must be above 0", c->name);
	if (!(c->direction & (DIR_OUT | DIR_IN | DIR_LOCAL)))
		err = match_error(b, c->line, "rule \"%s\" has no direction", c->name);
	if (r->scope > SCOPE_FLOW && r->when.kind & MATCH_MESSAGE)
		err = match_error(b, c->line, "rule \"%s\": a DNS message is judged by itself: its "
				  "block can be no wider than flow", c->name);
	if (r->scope > SCOPE_PAIR && r->when.kind & MATCH_SOURCE &&
	    (c->action == ACTION_DROP || c->action == ACTION_REJECT))
		errs_warn(b->e, b->c->file, c->line,
			  "rule \"%s\" is for some hosts, but its block cuts off all hosts",
			  c->name);
	return err;
}

enum tri group_test(const struct group *g, const struct facts *f, struct evidence *ev)
{
	struct evidence first = { DECISION_NO_LIST, 0 };
	enum tri all = TRI_TRUE;

	for (uint32_t i = 0; i < g->n; i++) {
		const struct cond *c = &g->cond[i];
		struct evidence own = { DECISION_NO_LIST, c->line };
		enum tri t = match_table[c->match].test(c->data, f, &own);

		if (t == TRI_FALSE)
			return TRI_FALSE;
		if (t == TRI_NOT_YET)
			all = TRI_NOT_YET;
		if (i == 0 || (first.list == DECISION_NO_LIST && own.list != DECISION_NO_LIST))
			first = own;
	}
	if (all == TRI_TRUE && g->n)
		*ev = first;
	return all;
}

enum tri rule_test(const struct rule *r, const struct facts *f, struct evidence *ev)
{
	if (!(r->direction & f->direction))
		return TRI_FALSE;
	*ev = (struct evidence){ DECISION_NO_LIST, r->line };
	return group_test(&r->when, f, ev);
}
