/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NAMESET_H
#define NAMESET_H

#include "policy/hashset.h"

/*
 * A set of host names: exact ones, and "*.name", which holds every name below `name` and not
 * `name` itself. The longest entry that holds a name owns it. Names: lower case, no final dot.
 */
struct nameset {
	struct hashset exact, below;
	uint32_t labels; /* most labels of an entry in `below`: the walk goes no deeper */
};

struct nameset_build {
	struct hashset_build exact, below;
	uint32_t labels;
};

/* Errors and ownership as in hashset.h; an empty name is -EINVAL. */
void nameset_build_init(struct nameset_build *b);
void nameset_build_fini(struct nameset_build *b);
int nameset_add(struct nameset_build *b, const char *name, size_t len, bool suffix, uint32_t line);
int nameset_make(struct nameset *s, struct arena *a, struct nameset_build *b,
		 const uint64_t seed[2]);
/* Looks up at most min(labels of `name`, s->labels) + 1 strings. */
bool nameset_find(const struct nameset *s, uint32_t *line, const char *name, size_t len);

#endif
