/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/defrag.h"

#include <stdlib.h>
#include <string.h>

enum {
	LIFE_MS = 30000,
	HEAD_MAX = 512, /* of IP header and what precedes the fragment header */
	IP6_HEADER = 40,
	NEXT_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_OPTIONS = 60,
};

struct piece {
	uint32_t from, to;
};

/* One fragment as read: `head` are the bytes that go before the data of the whole. */
struct fragment {
	uint8_t version, proto;
	uint32_t id, from;
	bool more;
	struct slice head, data;
	size_t next_at; /* IPv6: where in head the type of what follows stands */
	uint8_t src[16], dst[16];
};

struct datagram {
	bool used, dead;
	uint8_t version, proto;
	uint8_t src[16], dst[16];
	uint32_t id;
	uint64_t since, order;
	uint32_t total; /* bytes of data; 0 = the last fragment has not come */
	uint32_t have, n;
	struct piece piece[DEFRAG_PIECES];
	size_t head_n; /* 0: the first has not come */
	uint8_t head[HEAD_MAX];
	uint8_t data[DEFRAG_BYTES];
};

struct defrag {
	uint64_t begun;
	struct datagram open[DEFRAG_OPEN];
	uint8_t whole[HEAD_MAX + DEFRAG_BYTES];
};

struct defrag *defrag_new(void)
{
	return calloc(1, sizeof(struct defrag));
}

void defrag_free(struct defrag *d)
{
	free(d);
}

/* False: no fragment, or not whole. */
static bool read_v4(struct fragment *f, struct slice ip)
{
	struct cur c = cur_of(ip), all = c;
	size_t header = (cur_u8(&c) & 15u) * 4, total;
	uint16_t field;

	cur_u8(&c);
	total = cur_u16(&c);
	f->id = cur_u16(&c);
	field = cur_u16(&c);
	cur_u8(&c);
	f->proto = cur_u8(&c);
	cur_u16(&c);
	struct slice src = cur_take(&c, 4), dst = cur_take(&c, 4);
	f->more = field >> 13 & 1;
	f->from = (field & 0x1fffu) * 8u;
	if (c.bad || header < 20 || total < header || (!f->more && !f->from))
		return false;
	f->version = 4;
	f->head = cur_take(&all, header);
	f->data = cur_take(&all, total - header);
	memcpy(f->src, src.p, 4);
	memcpy(f->dst, dst.p, 4);
	return !all.bad;
}

/* Walks to the fragment header; false if there is none. */
static bool find_fragment(struct fragment *f, struct cur *c, uint8_t next, size_t size)
{
	f->next_at = 6;
	while (next == NEXT_HOP || next == NEXT_ROUTING || next == NEXT_OPTIONS) {
		f->next_at = size - cur_left(c);
		next = cur_u8(c);
		cur_take(c, cur_u8(c) * 8u + 6u);
		if (c->bad)
			return false;
	}
	return next == NEXT_FRAGMENT;
}

static bool read_v6(struct fragment *f, struct slice ip)
{
	struct cur c = cur_of(ip), all = c;
	size_t length, head;
	uint16_t field;
	uint8_t next;

	cur_take(&c, 4);
	length = cur_u16(&c) + (size_t)IP6_HEADER;
	next = cur_u8(&c);
	cur_u8(&c);
	struct slice src = cur_take(&c, 16), dst = cur_take(&c, 16);
	if (c.bad || !find_fragment(f, &c, next, ip.n))
		return false;
	head = ip.n - cur_left(&c);
	f->proto = cur_u8(&c);
	cur_u8(&c);
	field = cur_u16(&c);
	f->id = cur_uint(&c, 4);
	f->more = field & 1;
	f->from = field & 0xfff8u;
	if (c.bad || length < head + 8 || head > HEAD_MAX || (!f->more && !f->from))
		return false; /* with neither it is atomic (RFC 6946): a whole packet */
	f->version = 6;
	f->head = cur_take(&all, head);
	cur_take(&all, 8);
	f->data = cur_take(&all, length - head - 8);
	memcpy(f->src, src.p, 16);
	memcpy(f->dst, dst.p, 16);
	return !all.bad;
}

static bool read_fragment(struct fragment *f, struct slice ip)
{
	struct cur c = cur_of(ip);

	*f = (struct fragment){ .version = 0 };
	switch (cur_u8(&c) >> 4) {
	case 4:
		return read_v4(f, ip);
	case 6:
		return read_v6(f, ip);
	default:
		return false;
	}
}

static bool same(const struct datagram *g, const struct fragment *f)
{
	return g->used && g->version == f->version && g->id == f->id &&
	       (f->version == 6 || g->proto == f->proto) && memcmp(g->src, f->src, 16) == 0 &&
	       memcmp(g->dst, f->dst, 16) == 0;
}

static struct datagram *find(struct defrag *d, const struct fragment *f, uint64_t now)
{
	struct datagram *best = d->open;

	for (struct datagram *g = d->open; g < d->open + DEFRAG_OPEN; g++) {
		if (g->used && g->since + LIFE_MS < now)
			g->used = false;
		if (same(g, f))
			return g;
		if (best->used && (!g->used || g->order < best->order))
			best = g;
	}
	best->used = true;
	best->dead = false;
	best->version = f->version;
	best->proto = f->proto;
	best->id = f->id;
	best->since = now;
	best->order = d->begun++;
	best->total = best->have = best->n = 0;
	best->head_n = 0;
	memcpy(best->src, f->src, 16);
	memcpy(best->dst, f->dst, 16);
	return best;
}

/* False: this datagram will never be whole. */
static bool add(struct datagram *g, const struct fragment *f)
{
	struct piece p = { f->from, f->from + (uint32_t)f->data.n };

	if (f->data.n == 0 || p.to > DEFRAG_BYTES || (f->more && f->data.n % 8))
		return false;
	if (!f->more && g->total && g->total != p.to)
		return false;
	if (g->total && p.to > g->total)
		return false;
	for (uint32_t i = 0; i < g->n; i++) {
		if (g->piece[i].from == p.from && g->piece[i].to == p.to)
			return true;
		if (g->piece[i].from < p.to && p.from < g->piece[i].to)
			return false;
		if (!f->more && g->piece[i].to > p.to)
			return false;
	}
	if (g->n == DEFRAG_PIECES || f->head.n > HEAD_MAX)
		return false;
	g->piece[g->n++] = p;
	g->have += (uint32_t)f->data.n;
	memcpy(g->data + p.from, f->data.p, f->data.n);
	if (!f->more)
		g->total = p.to;
	if (f->from == 0) {
		memcpy(g->head, f->head.p, f->head.n);
		g->head_n = f->head.n;
		g->proto = f->proto;
		if (f->version == 6)
			g->head[f->next_at] = f->proto;
	}
	return true;
}

/* The header says what it would have said of the whole. */
static bool finish(struct defrag *d, struct slice *out, struct datagram *g)
{
	size_t n = g->head_n + g->total, stated = g->version == 6 ? n - IP6_HEADER : n;
	uint8_t *w = d->whole, *length = w + (g->version == 6 ? 4 : 2);

	if (stated > DEFRAG_BYTES)
		return false;
	memcpy(w, g->head, g->head_n);
	memcpy(w + g->head_n, g->data, g->total);
	length[0] = (uint8_t)(stated >> 8);
	length[1] = (uint8_t)stated;
	if (g->version == 4)
		w[6] = w[7] = 0;
	*out = (struct slice){ w, n };
	return true;
}

bool defrag_push(struct defrag *d, struct slice *out, struct slice ip, uint64_t now)
{
	struct datagram *g;
	struct fragment f;

	*out = ip;
	if (!read_fragment(&f, ip))
		return true;
	g = find(d, &f, now);
	if (g->dead || !add(g, &f)) {
		g->dead = true; /* its other fragments are not a datagram of their own */
		return false;
	}
	if (!g->total || !g->head_n || g->have != g->total)
		return false;
	g->used = false;
	return finish(d, out, g);
}
