/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "policy/match/kinds.h"

/*
 * app: the protocol that the first bytes speak. "unknown" is a value too: nothing was
 * recognised, so there it is the absent fact that makes the condition TRUE.
 */

_Static_assert(APP_N <= 32, "apps are bits of a word");

struct apps {
	uint32_t bits; /* 1 << enum app */
	uint32_t line[APP_N];
};

static int unknown_app(struct match_build *b, const char *text, int line)
{
	char all[APP_N * 16];
	size_t n = 0;

	all[0] = 0;
	for (int i = 0; i < APP_N; i++) {
		int put = snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "",
				   facts_app_name((enum app)i));

		if (put < 0 || (size_t)put >= sizeof all - n)
			break;
		n += (size_t)put;
	}
	return match_error(b, line, "app = \"%s\": not one of: %s", text, all);
}

int app_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct apps *d = match_alloc(b, 1, sizeof *d);
	int err = 0;

	for (size_t i = 0; i < c->value.n; i++) {
		int app = facts_app_parse(c->value.text[i]);

		if (app < 0) {
			err = unknown_app(b, c->value.text[i], c->value.line[i]);
		} else if (d) {
			d->bits |= 1u << app;
			d->line[app] = (uint32_t)c->value.line[i];
		}
	}
	*data = d;
	return err;
}

enum tri app_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct apps *d = data;
	enum fact_state state = facts_state(f, FACT_APP);
	unsigned int app = state == FACT_KNOWN ? f->app : APP_UNKNOWN;

	if (state == FACT_PENDING)
		return TRI_NOT_YET;
	if (app >= APP_N || !(d->bits >> app & 1))
		return TRI_FALSE;
	*ev = (struct evidence){ DECISION_NO_LIST, d->line[app] };
	return TRI_TRUE;
}
