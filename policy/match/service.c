/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/match/kinds.h"

/* service: a name that the flow goes by belongs to a service, by any list of type service. */

struct one {
	const struct nameset *names;
	uint16_t list;
};

struct services {
	const struct one *one;
	uint32_t n;
	bool all;
};

/* Called for every service of every list, until it is true. */
typedef bool each_fn(void *ctx, const struct svc *s, size_t list);

static bool each(const struct match_build *b, each_fn *fn, void *ctx)
{
	for (size_t i = 0; i < b->c->n_lists; i++) {
		const struct set *set = &b->list[i].set;

		for (uint32_t k = 0; set->type == LIST_SERVICE && k < set->svc.n; k++)
			if (fn(ctx, &set->svc.svc[k], i))
				return true;
	}
	return false;
}

struct search {
	const char *name;
	struct one *to; /* NULL: only count */
	uint32_t n;
};

static bool collect(void *ctx, const struct svc *s, size_t list)
{
	struct search *x = ctx;

	if (strcmp(s->name, x->name) != 0)
		return false;
	if (x->to)
		x->to[x->n] = (struct one){ &s->names, (uint16_t)list };
	x->n++;
	return false;
}

struct names {
	const char **name;
	size_t n;
};

static bool name(void *ctx, const struct svc *s, size_t list)
{
	struct names *x = ctx;

	(void)list;
	if (x->name)
		x->name[x->n] = s->name;
	x->n++;
	return false;
}

/* Some list of services that is not there yet may hold it. */
static bool list_is_empty(const struct match_build *b)
{
	for (size_t i = 0; i < b->c->n_lists; i++)
		if (b->c->list[i].type == LIST_SERVICE && b->list[i].set.svc.n == 0)
			return true;
	return false;
}

static int unknown(struct match_build *b, const char *text, int line)
{
	struct names x = { NULL, 0 };
	const char *near = NULL;

	each(b, name, &x);
	x.name = calloc(x.n + 1, sizeof *x.name);
	x.n = 0;
	if (x.name) {
		each(b, name, &x);
		near = errs_suggest(text, x.name);
	}
	free(x.name);
	if (near)
		return match_error(b, line, "service = \"%.80s\": no list of type service has it; "
				   "did you mean \"%s\"?", text, near);
	if (!list_is_empty(b))
		return match_error(b, line, "service = \"%.80s\": no list of type service has it",
				   text);
	errs_warn(b->e, b->c->file, line,
		  "service = \"%.80s\": no list of type service has it yet; one is empty", text);
	return 0;
}

/* Those that one value means: counted, or put into `to` too. Errors are told when counting. */
static int value(uint32_t *n, struct one *to, struct match_build *b, const char *text, int line)
{
	struct search x = { text, to, 0 };
	int list;

	*n = 0;
	if (text[0] != '@') {
		each(b, collect, &x);
		*n = x.n;
		return x.n || to ? 0 : unknown(b, text, line);
	}
	list = rule_find_list(b->c, text);
	if (!to)
		list = match_list(b, text, line, LIST_SERVICE);
	if (list < 0)
		return -EINVAL;
	if (to)
		*to = (struct one){ &b->list[list].set.svc.all, (uint16_t)list };
	*n = 1;
	return 0;
}

int service_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct services *d = match_alloc(b, 1, sizeof *d);
	struct one *one;
	uint32_t all = 0, n = 0, at = 0;
	int err = 0;

	for (size_t i = 0; i < c->value.n; i++, all += n)
		if (value(&n, NULL, b, c->value.text[i], c->value.line[i]))
			err = -EINVAL;
	if (err)
		return err;
	one = match_alloc(b, all, sizeof *one);
	for (size_t i = 0; one && i < c->value.n; i++, at += n)
		value(&n, one + at, b, c->value.text[i], c->value.line[i]);
	if (d)
		*d = (struct services){ one, one ? all : 0, b->all_names };
	*data = d;
	return 0;
}

static bool find(const void *data, const char *text, size_t len, struct evidence *ev)
{
	const struct services *d = data;

	for (uint32_t i = 0; i < d->n; i++)
		if (nameset_find(d->one[i].names, &ev->line, text, len)) {
			ev->list = d->one[i].list;
			return true;
		}
	return false;
}

enum tri service_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct services *d = data;

	return match_names(f, d->all, find, d, ev);
}
