/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SET_H
#define SET_H

#include "policy/addrset.h"
#include "policy/epset.h"
#include "policy/list.h"
#include "policy/nameset.h"
#include "policy/svcset.h"

/* A set of any type of list: what a list, or the values of a condition, are compiled to. */
struct set {
	enum list_type type;
	union {
		struct addrset addr;
		struct epset ep;
		struct nameset name;
		struct svcset svc;
		struct hashset hash; /* JA3, HASSH: 16 bytes, JA4: text */
	};
};

struct set_build {
	enum list_type type;
	union {
		struct addrset_build addr;
		struct epset_build ep;
		struct nameset_build name;
		struct svcset_build svc;
		struct hashset_build hash;
	};
};

void set_build_init(struct set_build *b, enum list_type type);
void set_build_fini(struct set_build *b);
/* 0, -EINVAL, -E2BIG or -ENOMEM. The entry is of the set's type. */
int set_add(struct set_build *b, const struct list_entry *e);
/* 0 or -ENOMEM (heap, or the arena is full). `b` still wants set_build_fini(). */
int set_make(struct set *s, struct arena *a, struct set_build *b, const uint64_t seed[2]);

#endif
