/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match/kinds.h"

/* not: a group of conditions, negated as a whole. What is not yet known stays so. */

int not_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct group *d = match_alloc(b, 1, sizeof *d);
	struct group g;
	int err;

	if (c->value.n || !c->sub.n)
		return match_error(b, c->line, "\"not\" needs conditions: not: { ... }");
	if (b->depth == RULE_DEPTH_MAX)
		return match_error(b, c->line, "more than %d \"not\" within each other",
				   RULE_DEPTH_MAX);
	b->depth++;
	b->all_names = !b->all_names;
	err = rule_group(&g, b, &c->sub);
	b->all_names = !b->all_names;
	b->depth--;
	if (d)
		*d = g;
	*data = d;
	return err;
}

enum tri not_test(const void *data, const struct facts *f, struct evidence *ev)
{
	struct evidence inner;

	(void)ev; /* what is not there stands nowhere but in the rule */
	switch (group_test(data, f, &inner)) {
	case TRI_TRUE:
		return TRI_FALSE;
	case TRI_FALSE:
		return TRI_TRUE;
	default:
		return TRI_NOT_YET;
	}
}
