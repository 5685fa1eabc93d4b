/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MATCH_H
#define MATCH_H

#include "policy/policy.h"

/* The three values of a condition. */
enum tri { TRI_FALSE, TRI_NOT_YET, TRI_TRUE };

/* What a condition's evidence says about whom (decides the default scope of a block). */
enum match_kind {
	MATCH_HOW = 1 << 0,	/* port, protocol, source: the flow */
	MATCH_DEST = 1 << 1,	/* destination address or endpoint */
	MATCH_CLIENT = 1 << 2,	/* what the client says: name, fingerprint, content */
	MATCH_NAME = 1 << 3,	/* a name or fingerprint: says nothing of the whole address */
	MATCH_SOURCE = 1 << 4,	/* holds for some hosts only: a block must not cover the others */
	MATCH_MESSAGE = 1 << 5,	/* one message of many to the same place, which is not to blame */
};

struct match_build; /* what compiling a condition needs: arena, lists, errors (rule.h) */

/*
 * One kind of condition: a line in match_table (match.c) and a file here.
 * compile() puts what test() needs into the arena and gives it in *data; errors with
 * match_error(). test() must not follow anything but `data` and `f`, and runs in bounded time.
 * A fact that is pending: NOT YET. One that is absent: FALSE, so that `not` of it is TRUE: a
 * flow without a name is not one with a listed name. When TRUE, *ev says where it stands.
 */
struct match {
	const char *key;
	const char *help;	/* one line for the man page */
	unsigned int kind;	/* enum match_kind; 0: `not`, which takes it from what it negates */
	bool header;		/* known from the first packet: addresses, ports, protocol */
	int (*compile)(const void **data, struct match_build *b, const struct config_cond *c);
	enum tri (*test)(const void *data, const struct facts *f, struct evidence *ev);
};

extern const struct match match_table[];
extern const size_t match_table_n;

/* Index into match_table, or -1. */
int match_find(const char *key);

#endif
