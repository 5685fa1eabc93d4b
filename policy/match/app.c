/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match/kinds.h"

/*
 * app: the protocol that the first bytes speak, and what carries it, which is known before.
 * "unknown" is a value too: nothing was recognised, so there it is the absent fact that makes the
 * condition TRUE.
 */

_Static_assert(APP_N <= 64, "apps are bits of a word");

struct apps {
	uint64_t bits; /* 1 << enum app */
	uint32_t line[APP_N];
};

int app_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct apps *d = match_alloc(b, 1, sizeof *d);
	const char *words[APP_N + 1];
	int err = 0;

	for (int i = 0; i < APP_N; i++)
		words[i] = facts_app_name((enum app)i);
	words[APP_N] = NULL;
	for (size_t i = 0; i < c->value.n; i++) {
		int app = facts_app_parse(c->value.text[i]);

		if (app < 0) {
			err = match_unknown(b, c->value.line[i], c->key, c->value.text[i], words);
		} else if (d) {
			d->bits |= UINT64_C(1) << app;
			d->line[app] = (uint32_t)c->value.line[i];
		}
	}
	*data = d;
	return err;
}

static enum tri is(const struct apps *d, unsigned int app, struct evidence *ev)
{
	if (app >= APP_N || !(d->bits >> app & 1))
		return TRI_FALSE;
	*ev = (struct evidence){ DECISION_NO_LIST, d->line[app] };
	return TRI_TRUE;
}

enum tri app_test(const void *data, const struct facts *f, struct evidence *ev)
{
	enum fact_state state = facts_state(f, FACT_APP);

	if (f->via != APP_UNKNOWN && is(data, f->via, ev) == TRI_TRUE)
		return TRI_TRUE;
	if (state == FACT_PENDING)
		return TRI_NOT_YET;
	return is(data, state == FACT_KNOWN ? f->app : APP_UNKNOWN, ev);
}
