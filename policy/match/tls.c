/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "policy/match/kinds.h"

/* alpn, ech: what the client hello offers. */

enum { ALPN_VALUES_MAX = 64 };

struct protocol {
	const char *id;
	uint32_t len, line;
};

struct protocols {
	const struct protocol *protocol;
	uint32_t n;
};

int alpn_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct protocols *d = match_alloc(b, 1, sizeof *d);
	struct protocol *p;
	int err = 0;

	if (c->value.n > ALPN_VALUES_MAX)
		return match_error(b, c->line, "\"alpn\" has more than %d values", ALPN_VALUES_MAX);
	p = match_alloc(b, c->value.n, sizeof *p);
	for (size_t i = 0; i < c->value.n; i++) {
		const char *text = c->value.text[i];
		size_t len = strlen(text);

		if (len == 0 || len >= FACTS_ALPN_MAX)
			err = match_error(b, c->value.line[i],
					  "alpn = \"%s\": not a protocol of 1 to %d bytes", text,
					  FACTS_ALPN_MAX - 1);
		else if (p)
			p[i] = (struct protocol){ arena_strdup(b->a, text), (uint32_t)len,
						  (uint32_t)c->value.line[i] };
	}
	if (d)
		*d = (struct protocols){ p, p ? (uint32_t)c->value.n : 0 };
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

	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	for (uint32_t i = 0; i < d->n; i++)
		if (offers(f, &d->protocol[i])) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->protocol[i].line };
			return TRI_TRUE;
		}
	return TRI_FALSE;
}

struct ech {
	uint8_t want;
	uint32_t line;
};

int ech_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct ech *d = match_alloc(b, 1, sizeof *d);
	bool yes = strcmp(c->value.text[0], "true") == 0;

	if (c->value.n != 1 || (!yes && strcmp(c->value.text[0], "false") != 0))
		return match_error(b, c->line, "ech: true or false is wanted");
	if (d)
		*d = (struct ech){ yes, (uint32_t)c->value.line[0] };
	*data = d;
	return 0;
}

enum tri ech_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct ech *d = data;
	enum fact_state state = facts_state(f, FACT_ECH);

	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	if ((f->ech != 0) != (d->want != 0))
		return TRI_FALSE;
	*ev = (struct evidence){ DECISION_NO_LIST, d->line };
	return TRI_TRUE;
}
