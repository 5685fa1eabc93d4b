/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "policy/match/kinds.h"

/* ja3, ja4, hassh: fingerprints of the client's TLS and SSH. */

static int compile(const void **data, struct match_build *b, const struct config_cond *c,
		   enum list_type type)
{
	struct match_sets *d = match_alloc(b, 1, sizeof *d);
	struct match_sets sets;
	int err = match_sets(&sets, b, c, type, NULL);

	if (d)
		*d = sets;
	*data = d;
	return err;
}

static enum tri test(const struct match_sets *d, enum fact_state state, const void *key, size_t len,
		     struct evidence *ev)
{
	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	for (uint32_t i = 0; i < d->n; i++)
		if (hashset_find(&d->set[i].set->hash, &ev->line, key, len)) {
			ev->list = d->set[i].list;
			return TRI_TRUE;
		}
	return TRI_FALSE;
}

int ja3_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, LIST_JA3);
}

enum tri ja3_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_JA3), f->ja3, sizeof f->ja3, ev);
}

int ja4_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, LIST_JA4);
}

enum tri ja4_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_JA4), f->ja4, strnlen(f->ja4, sizeof f->ja4), ev);
}

int hassh_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, LIST_HASSH);
}

enum tri hassh_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_HASSH), f->hassh, sizeof f->hassh, ev);
}
