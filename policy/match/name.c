/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "policy/match/kinds.h"

/*
 * domain, sni, host, query, dns_name: names. "none", for sni and host, is the client that named
 * nobody.
 */

struct named {
	struct match_sets sets;
	uint32_t none; /* line of "none", or 0 */
	bool all;
};

static bool is_none(const char *text)
{
	return strcmp(text, "none") == 0;
}

static int compile(const void **data, struct match_build *b, const struct config_cond *c, bool none)
{
	struct named *d = match_alloc(b, 1, sizeof *d), own = { .all = b->all_names };
	int err = match_sets(&own.sets, b, c, LIST_DOMAIN, none ? is_none : NULL);

	for (size_t i = 0; none && i < c->value.n; i++)
		if (is_none(c->value.text[i]))
			own.none = (uint32_t)c->value.line[i];
	if (d)
		*d = own;
	*data = d;
	return err;
}

static bool find(const void *data, const char *text, size_t len, struct evidence *ev)
{
	const struct named *d = data;

	for (uint32_t i = 0; i < d->sets.n; i++) {
		const struct match_set *s = &d->sets.set[i];

		if (nameset_find(&s->set->name, &ev->line, text, len)) {
			ev->list = s->list;
			return true;
		}
	}
	return false;
}

static enum tri test(const struct named *d, enum fact_state state, const char *text, size_t len,
		     struct evidence *ev)
{
	if (state == FACT_PENDING)
		return TRI_NOT_YET;
	if (state == FACT_KNOWN)
		return find(d, text, len, ev) ? TRI_TRUE : TRI_FALSE;
	if (!d->none)
		return TRI_FALSE;
	*ev = (struct evidence){ DECISION_NO_LIST, d->none };
	return TRI_TRUE;
}

enum tri match_names(const struct facts *f, bool all, match_name_fn *in, const void *data,
		     struct evidence *ev)
{
	/* in the order in which they become known, so that early evidence stays */
	const struct {
		enum fact id;
		const char *text;
		size_t len;
	} names[] = {
		{ FACT_HOST, f->host, f->host_len },
		{ FACT_SNI, f->sni, f->sni_len },
	};
	unsigned int known = 0, pending = 0, found = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct evidence one = { DECISION_NO_LIST, 0 };

		pending += facts_state(f, names[i].id) == FACT_PENDING;
		if (facts_state(f, names[i].id) != FACT_KNOWN)
			continue;
		known++;
		if (in(data, names[i].text, names[i].len, &one) && found++ == 0)
			*ev = one;
	}
	if (all ? found < known : found > 0)
		return all ? TRI_FALSE : TRI_TRUE;
	if (pending)
		return TRI_NOT_YET;
	return all && known ? TRI_TRUE : TRI_FALSE;
}

int domain_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, false);
}

enum tri domain_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct named *d = data;

	return match_names(f, d->all, find, d, ev);
}

int sni_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, true);
}

enum tri sni_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_SNI), f->sni, f->sni_len, ev);
}

int host_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, true);
}

enum tri host_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_HOST), f->host, f->host_len, ev);
}

int query_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, false);
}

enum tri query_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_QUERY), f->query, f->query_len, ev);
}

int dns_name_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, false);
}

enum tri dns_name_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_DNS_NAME), f->dns_name, f->dns_name_len, ev);
}
