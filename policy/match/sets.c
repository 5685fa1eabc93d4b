/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "policy/match/kinds.h"

static int add_value(struct set_build *sb, struct match_build *b, const char *key, const char *text,
		     int line)
{
	struct list_entry e;
	char buf[FACTS_NAME_MAX + 1];
	int err;

	if (list_value(&e, sb->type, buf, sizeof buf, text)) {
		const char *why = list_value_why(sb->type, text);

		return match_error(b, line, "%s = \"%s\": %s", key, text,
				   why ? why : "not understood");
	}
	e.line = (uint32_t)line;
	err = set_add(sb, &e);
	return err ? match_error(b, line, "%s: no memory", key) : 0;
}

/* The values that stand in the rule itself. */
static int own_set(struct match_set *to, struct match_build *b, struct set_build *sb)
{
	struct set *set = match_alloc(b, 1, sizeof *set);

	to->list = DECISION_NO_LIST;
	to->set = set;
	if (set && set_make(set, b->a, sb, b->seed) && !b->a->full)
		return match_error(b, 0, "no memory");
	return 0;
}

int match_sets(struct match_sets *s, struct match_build *b, const struct config_cond *c,
	       enum list_type type, bool (*skip)(const char *text))
{
	struct match_set *set = match_alloc(b, c->value.n + 1, sizeof *set);
	struct set_build sb;
	uint32_t n = 1;
	int err = 0;

	set_build_init(&sb, type);
	for (size_t i = 0; i < c->value.n; i++) {
		const char *text = c->value.text[i];
		int line = c->value.line[i], list;

		if (skip && skip(text))
			continue;
		if (text[0] != '@') {
			if (add_value(&sb, b, c->key, text, line))
				err = -EINVAL;
			continue;
		}
		list = match_list(b, text, line, type);
		if (list < 0)
			err = -EINVAL;
		else if (set)
			set[n++] = (struct match_set){ &b->list[list].set, (uint16_t)list };
	}
	if (!err && set)
		err = own_set(&set[0], b, &sb);
	set_build_fini(&sb);
	s->set = set;
	s->n = set ? n : 0;
	return err;
}
