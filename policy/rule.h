/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RULE_H
#define RULE_H

#include "policy/arena.h"
#include "policy/config.h"
#include "policy/match/match.h"
#include "policy/set.h"

/*
 * Compiled rules: part of the image, private to policy/. Plain data and pointers into the
 * arena; a condition names its kind by its place in match_table, so that an image is good for
 * every process of the same build wherever its code is loaded.
 */
struct cond {
	const void *data;	/* of the kind's compile() */
	uint32_t line;		/* in the config */
	uint16_t match;		/* index into match_table */
	uint8_t kind;		/* enum match_kind */
	bool header;
};

/* Conditions joined by AND; none: TRUE. */
struct group {
	const struct cond *cond;
	uint32_t n;
	uint8_t kind;		/* of all of them */
	bool header;		/* all are known from the first packet */
};

struct rule {
	struct group when;
	const char *name, *attack;
	uint32_t line, ttl;	/* ttl in seconds, never 0 unless the global one is */
	uint16_t score;
	uint8_t action, scope, direction;
	bool scope_auto;
};

/* One list of the config, compiled. */
struct list_image {
	const char *name;
	struct set set;
	bool used;		/* some rule names it; others are not loaded */
};

/* What compiling a condition needs. */
struct match_build {
	struct arena *a;
	struct errs *e;
	const struct config *c;
	const struct list_image *list; /* c->n_lists of them */
	uint64_t seed[2];
	unsigned int depth;	/* of `not` */
	/*
	 * A flow may go by several names, and the client chooses them: an allow rule wants all of
	 * them, lest one name get another through; other rules any. `not` turns it round.
	 */
	bool all_names;
};

enum {
	RULE_DEPTH_MAX = 8,	/* of `not` in `not` */
	RULE_CONDS_MAX = 64,	/* in one group */
	RULE_VALUES_MAX = 65535, /* in one condition */
	RULE_RULES_MAX = 4096,
	RULE_LISTS_MAX = 1024,
};

/* An error in the config at `line`; gives -EINVAL. */
int match_error(struct match_build *b, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Index of the list that "@name" stands for; an error and -EINVAL if there is none of the type. */
int match_list(struct match_build *b, const char *text, int line, enum list_type type);
/* For compile(): n objects in the arena, or NULL (the arena is full: told once, at the end). */
void *match_alloc(struct match_build *b, size_t n, size_t each);

/* Index of the list named after the '@', or -1. */
int rule_find_list(const struct config *c, const char *text);

/* Errors go to b->e; 0 or -EINVAL. */
int rule_group(struct group *g, struct match_build *b, const struct config_when *w);
int rule_compile(struct rule *r, struct match_build *b, const struct config_rule *c);

/*
 * *ev, untouched unless TRUE: of the first condition found in a list, else of the first
 * condition.
 */
enum tri group_test(const struct group *g, const struct facts *f, struct evidence *ev);
enum tri rule_test(const struct rule *r, const struct facts *f, struct evidence *ev);

#endif
