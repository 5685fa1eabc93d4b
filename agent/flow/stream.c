/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/stream.h"

#include <string.h>

enum { WINDOW_MAX = 1 << 30 }; /* largest receive window, RFC 7323 section 2.3 */

void stream_init(struct stream *s, uint32_t isn)
{
	s->isn = isn;
	s->n_pieces = 0;
}

static bool differs(const struct stream *s, struct cur *c, uint32_t from, uint32_t to)
{
	struct slice again = cur_take(c, to - from);

	return again.n && memcmp(s->data + from, again.p, again.n) != 0;
}

static void store(struct stream *s, struct cur *c, uint32_t from, uint32_t to)
{
	struct slice fresh = cur_take(c, to - from);

	memcpy(s->data + from, fresh.p, fresh.n);
}

/*
 * Lays `bytes` over [at, at + n), inside data[]: what is there is compared, what is not is
 * copied, and the pieces it touches become one. One walk over the bytes and the pieces.
 */
static enum stream_result lay(struct stream *s, uint32_t at, struct slice bytes)
{
	struct stream_piece all = { at, at + (uint32_t)bytes.n };
	struct cur c = cur_of(bytes);
	uint32_t pos = at, i = 0, j;
	bool differ = false;

	while (i < s->n_pieces && s->piece[i].to < all.from)
		i++;
	for (j = i; j < s->n_pieces && s->piece[j].from <= all.to; j++) {
		struct stream_piece have = s->piece[j];

		if (have.from > pos) {
			store(s, &c, pos, have.from);
			pos = have.from;
		}
		uint32_t upto = have.to < all.to ? have.to : all.to;
		differ |= differs(s, &c, pos, upto);
		pos = upto;
	}
	if (i == j && s->n_pieces == STREAM_HOLES)
		return STREAM_PIECES;
	store(s, &c, pos, all.to);

	struct stream_piece merged = all;
	if (i < j) {
		if (s->piece[i].from < all.from)
			merged.from = s->piece[i].from;
		if (s->piece[j - 1].to > all.to)
			merged.to = s->piece[j - 1].to;
	}
	memmove(&s->piece[i + 1], &s->piece[j], (s->n_pieces - j) * sizeof s->piece[0]);
	s->piece[i] = merged;
	s->n_pieces -= j - i;
	s->n_pieces++;
	return differ ? STREAM_DIFFERS : STREAM_OK;
}

enum stream_result stream_push(struct stream *s, uint32_t seq, struct slice bytes)
{
	uint32_t at = seq - (s->isn + 1);
	enum stream_result odd = STREAM_OK, r;
	struct cur c = cur_of(bytes);

	if (bytes.n == 0)
		return STREAM_OK;
	if (at >= 1u << 31) { /* begins below byte 0 */
		uint32_t below = 0u - at;

		if (below >= bytes.n)
			return STREAM_OUTSIDE;
		cur_take(&c, below);
		at = 0;
		odd = STREAM_OUTSIDE;
	}
	if (at > WINDOW_MAX)
		return STREAM_OUTSIDE;
	if (at >= STREAM_BYTES)
		return STREAM_FULL;
	if (cur_left(&c) > STREAM_BYTES - at) {
		c = cur_sub(&c, STREAM_BYTES - at);
		if (odd == STREAM_OK)
			odd = STREAM_FULL;
	}
	r = lay(s, at, cur_rest(&c));
	return r == STREAM_OK ? odd : r;
}

struct slice stream_bytes(const struct stream *s)
{
	bool begun = s->n_pieces && s->piece[0].from == 0;

	return (struct slice){ s->data, begun ? s->piece[0].to : 0 };
}

void stream_skip(struct stream *s, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->n_pieces; i++) {
		struct stream_piece p = s->piece[i];

		if (p.to <= n)
			continue;
		s->piece[kept].from = p.from > n ? p.from - n : 0;
		s->piece[kept++].to = p.to - n;
	}
	s->n_pieces = kept;
	s->isn += n;
	if (kept)
		memmove(s->data, s->data + n, s->piece[kept - 1].to);
}

bool stream_gap(const struct stream *s)
{
	return s->n_pieces > 1 || (s->n_pieces == 1 && s->piece[0].from > 0);
}
