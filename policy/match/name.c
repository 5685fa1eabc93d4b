/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match/kinds.h"

/* domain: any name that the flow goes by. */

struct name {
	enum fact id;
	const char *text;
	size_t len;
};

int domain_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct match_sets *d = match_alloc(b, 1, sizeof *d);
	struct match_sets sets;
	int err = match_sets(&sets, b, c, LIST_DOMAIN, NULL);

	if (d)
		*d = sets;
	*data = d;
	return err;
}

static bool find(const struct match_sets *d, const struct name *name, struct evidence *ev)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (nameset_find(&d->set[i].set->name, &ev->line, name->text, name->len)) {
			ev->list = d->set[i].list;
			return true;
		}
	return false;
}

enum tri domain_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct name names[] = {
		{ FACT_SNI, f->sni, f->sni_len },
	};
	enum tri result = TRI_FALSE;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		enum fact_state state = facts_state(f, names[i].id);

		if (state == FACT_KNOWN && find(data, &names[i], ev))
			return TRI_TRUE;
		if (state == FACT_PENDING)
			result = TRI_NOT_YET;
	}
	return result;
}
