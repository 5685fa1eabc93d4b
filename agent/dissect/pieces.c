/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/pieces.h"

#include <string.h>

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool agrees(const struct pieces *p, size_t at, struct slice s)
{
	for (size_t i = 0; i < p->n; i++) {
		size_t from = larger(at, p->at[i].from), to = smaller(at + s.n, p->at[i].to);

		if (from < to && memcmp(p->b + from, s.p + (from - at), to - from) != 0)
			return false;
	}
	return true;
}

/* One range more, and those that it touches become one. False: no room. */
static bool note(struct pieces *p, size_t from, size_t to)
{
	size_t first = 0, past;

	while (first < p->n && p->at[first].to < from)
		first++;
	for (past = first; past < p->n && p->at[past].from <= to; past++) {
		from = smaller(from, p->at[past].from);
		to = larger(to, p->at[past].to);
	}
	if (past == first && p->n == PIECES_MAX)
		return false;
	memmove(p->at + first + 1, p->at + past, (p->n - past) * sizeof p->at[0]);
	p->n = p->n - (past - first) + 1;
	p->at[first].from = (uint16_t)from;
	p->at[first].to = (uint16_t)to;
	return true;
}

enum pieces_result pieces_put(struct pieces *p, size_t at, struct slice s)
{
	if (at > HELLO_MAX || s.n > HELLO_MAX - at)
		return PIECES_BOUND;
	if (!s.n)
		return PIECES_OK;
	if (!agrees(p, at, s))
		return PIECES_DIFFER;
	if (!note(p, at, at + s.n))
		return PIECES_BOUND;
	memcpy(p->b + at, s.p, s.n);
	return PIECES_OK;
}

struct slice pieces_head(const struct pieces *p)
{
	return (struct slice){ p->b, p->n && p->at[0].from == 0 ? p->at[0].to : 0 };
}
