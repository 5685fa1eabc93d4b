/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "policy/match/kinds.h"

/* alpn: what the client hello offers. "none": no such extension. */

enum { ALPN_VALUES_MAX = 64 };

struct protocol {
	const char *id;
	uint32_t len, line;
};

struct protocols {
	const struct protocol *protocol;
	uint32_t n, none; /* line of "none", or 0 */
};

int alpn_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct protocols *d = match_alloc(b, 1, sizeof *d), all = { .n = 0 };
	struct protocol *p;
	int err = 0;

	if (c->value.n > ALPN_VALUES_MAX)
		return match_error(b, c->line, "\"alpn\" has more than %d values", ALPN_VALUES_MAX);
	all.protocol = p = match_alloc(b, c->value.n, sizeof *p);
	for (size_t i = 0; i < c->value.n; i++) {
		const char *text = c->value.text[i];
		size_t len = strlen(text);

		if (strcmp(text, "none") == 0)
			all.none = (uint32_t)c->value.line[i];
		else if (len == 0 || len >= FACTS_ALPN_MAX)
			err = match_error(b, c->value.line[i],
					  "alpn = \"%s\": not a protocol of 1 to %d bytes", text,
					  FACTS_ALPN_MAX - 1);
		else if (p)
			p[all.n++] = (struct protocol){ arena_strdup(b->a, text), (uint32_t)len,
						  (uint32_t)c->value.line[i] };
	}
	if (d)
		*d = all;
	*data = d;
	return err;
}

static bool offers(const struct facts *f, const struct protocol *p)
{
	size_t at = 0;

	while (at < f->alpn_len) {
		size_t len = f->alpn[at++];

		if (len > f->alpn_len - at)
			return false;
		if (len == p->len && memcmp(f->alpn + at, p->id, len) == 0)
			return true;
		at += len;
	}
	return false;
}

enum tri alpn_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct protocols *d = data;
	enum fact_state state = facts_state(f, FACT_ALPN);

	if (state == FACT_PENDING)
		return TRI_NOT_YET;
	if (state == FACT_ABSENT && d->none) {
		*ev = (struct evidence){ DECISION_NO_LIST, d->none };
		return TRI_TRUE;
	}
	for (uint32_t i = 0; state == FACT_KNOWN && i < d->n; i++)
		if (offers(f, &d->protocol[i])) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->protocol[i].line };
			return TRI_TRUE;
		}
	return TRI_FALSE;
}
