/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

/* A struct config made by hand, and what is compiled from it. Each thing gets the next line. */
struct cb {
	struct config c;
	struct errs e;
	struct arena a;
	const struct policy *p;
	void *heap[4096];
	size_t n_heap;
	int line;
};

static inline void *cb_keep(struct cb *b, void *p)
{
	if (!p || b->n_heap == sizeof b->heap / sizeof *b->heap)
		abort();
	return b->heap[b->n_heap++] = p;
}

static inline char *cb_text(struct cb *b, const char *s)
{
	return cb_keep(b, strdup(s));
}

static inline void cb_init(struct cb *b)
{
	memset(b, 0, sizeof *b);
	errs_init(&b->e);
	b->c.file = cb_text(b, "test.conf");
	b->c.lists_dir = cb_text(b, "/nonexistent");
	b->c.ttl = 3600;
	b->c.score_monitor = 50;
	b->c.score_drop = 80;
	b->c.score_ttl = 600;
	b->c.rule = cb_keep(b, calloc(64, sizeof *b->c.rule));
	b->c.list = cb_keep(b, calloc(16, sizeof *b->c.list));
}

static inline void cb_fini(struct cb *b)
{
	for (size_t i = 0; i < b->n_heap; i++)
		free(b->heap[i]);
	errs_fini(&b->e);
	free(b->a.base);
}

/* Adds one text to a value. */
static inline void cb_add(struct cb *b, struct config_value *v, const char *text)
{
	char **t = cb_keep(b, calloc(v->n + 1, sizeof *t));
	int *l = cb_keep(b, calloc(v->n + 1, sizeof *l));

	for (size_t i = 0; i < v->n; i++) {
		t[i] = v->text[i];
		l[i] = v->line[i];
	}
	t[v->n] = cb_text(b, text);
	l[v->n] = ++b->line;
	v->text = t;
	v->line = l;
	v->n++;
}

static inline struct config_rule *cb_rule(struct cb *b, const char *name, enum action action)
{
	struct config_rule *r = &b->c.rule[b->c.n_rules++];

	if (b->c.n_rules > 64)
		abort();
	*r = (struct config_rule){ .name = cb_text(b, name), .line = ++b->line, .action = action,
				   .direction = DIR_OUT };
	return r;
}

static inline struct config_cond *cb_cond_empty(struct cb *b, struct config_when *w,
						const char *key)
{
	if (w->n % 16 == 0) {
		struct config_cond *more = cb_keep(b, calloc(w->n + 16, sizeof *more));

		if (w->n)
			memcpy(more, w->cond, w->n * sizeof *more);
		w->cond = more;
	}
	w->cond[w->n] = (struct config_cond){ .key = cb_text(b, key), .line = ++b->line };
	return &w->cond[w->n++];
}

/* A condition with the values that follow, ended by NULL. */
static inline void cb_cond(struct cb *b, struct config_when *w, const char *key, ...)
	__attribute__((sentinel));
static inline void cb_cond(struct cb *b, struct config_when *w, const char *key, ...)
{
	struct config_cond *c = cb_cond_empty(b, w, key);
	const char *text;
	va_list ap;

	va_start(ap, key);
	while ((text = va_arg(ap, const char *)) != NULL)
		cb_add(b, &c->value, text);
	va_end(ap);
}

/* The group inside a new `not`. Valid until 15 more conditions are added to `w`. */
static inline struct config_when *cb_not(struct cb *b, struct config_when *w)
{
	return &cb_cond_empty(b, w, "not")->sub;
}

static inline struct config_list *cb_list(struct cb *b, const char *name, enum list_type type, ...)
	__attribute__((sentinel));
static inline struct config_list *cb_list(struct cb *b, const char *name, enum list_type type, ...)
{
	struct config_list *l = &b->c.list[b->c.n_lists++];
	const char *text;
	va_list ap;

	if (b->c.n_lists > 16)
		abort();
	*l = (struct config_list){ .name = cb_text(b, name), .line = ++b->line, .type = type,
				   .format = cb_text(b, "plain") };
	va_start(ap, type);
	while ((text = va_arg(ap, const char *)) != NULL)
		cb_add(b, &l->entries, text);
	va_end(ap);
	return l;
}

static inline const struct policy *cb_compile_in(struct cb *b, size_t bytes)
{
	free(b->a.base);
	errs_fini(&b->e);
	arena_init(&b->a, aligned_alloc(16, (bytes + 15) / 16 * 16), bytes);
	b->p = policy_compile(&b->a, &b->e, &b->c, 7);
	return b->p;
}

static inline const struct policy *cb_compile(struct cb *b)
{
	return cb_compile_in(b, 1 << 20);
}

/* Some error or warning that holds `part`. */
static inline bool cb_told(const struct cb *b, const char *part)
{
	for (size_t i = 0; i < b->e.n; i++)
		if (strstr(b->e.e[i].text, part))
			return true;
	return false;
}

/* 192.168.1.2:40000 -> 203.0.113.9:443 over TCP, all contents pending. */
static inline struct facts cb_facts(void)
{
	struct facts f = {
		.src = { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168, [14] = 1, [15] = 2 },
		.dst = { [10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 9 },
		.sport = 40000, .dport = 443, .proto = 6, .direction = DIR_OUT,
	};

	return f;
}

static inline void cb_sni(struct facts *f, const char *name)
{
	f->sni_len = (uint8_t)strlen(name);
	memcpy(f->sni, name, f->sni_len);
	facts_know(f, FACT_SNI);
	f->absent |= 1u << FACT_HOST; /* as TLS that nothing carries */
}

static inline struct decision cb_judge(const struct cb *b, const struct facts *f)
{
	struct decision d;

	policy_judge(&d, b->p, f);
	return d;
}

/* The value of a one-rule drop policy's condition: '+' TRUE, '-' FALSE, '?' NOT YET. */
static inline char cb_value(const struct cb *b, const struct facts *f)
{
	switch (cb_judge(b, f).action) {
	case ACTION_DROP:
		return '+';
	case ACTION_ALLOW:
		return '-';
	case ACTION_NONE:
		return '?';
	default:
		return '!';
	}
}

/* A new policy with one rule, for any direction, with one condition. */
static inline void cb_one(struct cb *b, const char *key, const char *value)
{
	struct config_rule *r;

	cb_fini(b);
	cb_init(b);
	r = cb_rule(b, "r", ACTION_DROP);
	r->direction = DIR_OUT | DIR_IN | DIR_LOCAL;
	cb_cond(b, &r->when, key, value, NULL);
	if (!cb_compile(b))
		abort();
}

#endif
