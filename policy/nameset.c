/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/nameset.h"

#include <errno.h>

void nameset_build_init(struct nameset_build *b)
{
	hashset_build_init(&b->exact, 0);
	hashset_build_init(&b->below, 0);
	b->labels = 0;
}

void nameset_build_fini(struct nameset_build *b)
{
	hashset_build_fini(&b->exact);
	hashset_build_fini(&b->below);
}

int nameset_add(struct nameset_build *b, const char *name, size_t len, bool suffix, uint32_t line)
{
	uint32_t labels = 1;

	if (len == 0)
		return -EINVAL;
	if (!suffix)
		return hashset_add(&b->exact, name, len, line);
	for (size_t i = 0; i < len; i++)
		labels += name[i] == '.';
	if (labels > b->labels)
		b->labels = labels;
	return hashset_add(&b->below, name, len, line);
}

int nameset_make(struct nameset *s, struct arena *a, struct nameset_build *b,
		 const uint64_t seed[2])
{
	int err = hashset_make(&s->exact, a, &b->exact, seed);

	s->labels = b->labels;
	return err ? err : hashset_make(&s->below, a, &b->below, seed);
}

bool nameset_find(const struct nameset *s, uint32_t *line, const char *name, size_t len)
{
	bool found = false;
	uint32_t labels = 0;

	if (hashset_find(&s->exact, line, name, len))
		return true;
	if (!s->below.n)
		return false;
	for (size_t i = len; i-- > 0 && labels < s->labels;) {
		if (name[i] != '.')
			continue;
		labels++;
		found |= hashset_find(&s->below, line, name + i + 1, len - i - 1);
	}
	return found;
}
