/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "policy/match/kinds.h"

/* ech, resolved, conforms, entropy: facts of two values. Absent is neither. */

struct flag {
	uint8_t want;
	uint32_t line;
};

static int compile(const void **data, struct match_build *b, const struct config_cond *c,
		   const char *one, const char *zero)
{
	struct flag *d = match_alloc(b, 1, sizeof *d);
	bool yes = strcmp(c->value.text[0], one) == 0;

	if (c->value.n != 1 || (!yes && strcmp(c->value.text[0], zero) != 0))
		return match_error(b, c->value.line[0], "%s: %s or %s is wanted", c->key, one, zero);
	if (d)
		*d = (struct flag){ yes, (uint32_t)c->value.line[0] };
	*data = d;
	return 0;
}

static enum tri test(const struct flag *d, enum fact_state state, uint8_t value,
		     struct evidence *ev)
{
	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	if ((value != 0) != (d->want != 0))
		return TRI_FALSE;
	*ev = (struct evidence){ DECISION_NO_LIST, d->line };
	return TRI_TRUE;
}

int ech_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, "true", "false");
}

enum tri ech_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_ECH), f->ech, ev);
}

int resolved_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, "true", "false");
}

enum tri resolved_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_RESOLVED), f->resolved, ev);
}

int conforms_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, "true", "false");
}

enum tri conforms_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_CONFORMS), f->conforms, ev);
}

int entropy_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, "high", "low");
}

enum tri entropy_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_ENTROPY), f->entropy, ev);
}
