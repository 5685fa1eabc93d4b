/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/pieces.h"

#include <string.h>

/*
 * DTLS (RFC 6347 section 4.1, 4.2.2; RFC 9147 section 4, 5.2): records with a header of 13 bytes,
 * handshake fragments with one of 12. The first ClientHello decides; the one with the cookie that
 * follows a HelloVerifyRequest says the same. It may come in fragments and over several datagrams.
 */
enum {
	TYPE_FIRST = 20,
	TYPE_HANDSHAKE = 22,
	TYPE_HEARTBEAT = 24,
	MSG_CLIENT_HELLO = 1,
	RECORD_MAX = 16384 + 2048, /* RFC 6347 section 4.1, with what encryption may add */
	FRAGMENT_HEAD = 12,
	FRAGMENTS_MAX = 64,
	DATAGRAMS_MAX = 10,
};

struct record {
	uint8_t type;
	uint16_t epoch;
	struct slice body;
};

static bool next_record(struct record *r, struct cur *c)
{
	r->type = cur_u8(c);
	uint16_t version = cur_u16(c);
	r->epoch = cur_u16(c);
	cur_take(c, 6); /* sequence */
	size_t len = cur_u16(c);
	r->body = cur_take(c, len);
	return !c->bad && r->type >= TYPE_FIRST && r->type <= TYPE_HEARTBEAT && len &&
	       len <= RECORD_MAX && (version == 0xfeff || version == 0xfefd);
}

struct fragment {
	uint8_t type;
	uint16_t seq;
	size_t len;		/* of the whole message */
	size_t at;		/* where this fragment stands in it */
	struct slice body, all; /* `all`: with its header */
};

static bool next_fragment(struct fragment *g, struct cur *c)
{
	struct slice from = cur_rest(c);
	struct cur again = *c;

	g->type = cur_u8(c);
	g->len = cur_u24(c);
	g->seq = cur_u16(c);
	g->at = cur_u24(c);
	size_t here = cur_u24(c);
	g->body = cur_take(c, here);
	g->all = cur_take(&again, from.n - cur_left(c));
	return !c->bad && g->at <= g->len && here <= g->len - g->at;
}

static enum dissect_result bad(struct facts *f, uint32_t anomalies)
{
	f->anomalies |= ANOM_TLS_BAD | anomalies;
	return DISSECT_BAD;
}

struct join {
	struct facts *f;
	size_t len;		/* of the hello, and its message_seq, from the first fragment */
	uint16_t seq;
	unsigned int fragments, datagrams;
	struct pieces p;
};

static void join_init(struct join *j, struct facts *f)
{
	memset(j, 0, offsetof(struct join, p));
	j->f = f;
	pieces_init(&j->p);
}

/* The header that the message would have in one fragment. */
static void begin(struct join *j, const struct fragment *g)
{
	uint8_t hi = (uint8_t)(g->len >> 16), mid = (uint8_t)(g->len >> 8), lo = (uint8_t)g->len;
	const uint8_t head[FRAGMENT_HEAD] = { MSG_CLIENT_HELLO, hi, mid, lo,
					      (uint8_t)(g->seq >> 8), (uint8_t)g->seq, 0, 0, 0,
					      hi, mid, lo };

	j->len = g->len;
	j->seq = g->seq;
	pieces_put(&j->p, 0, (struct slice){ head, sizeof head });
}

static enum dissect_result add(struct join *j, const struct fragment *g)
{
	if (j->fragments++ == 0)
		begin(j, g);
	if (!g->body.n || j->fragments > FRAGMENTS_MAX)
		j->f->anomalies |= ANOM_TLS_RECORDS;
	if (j->fragments > FRAGMENTS_MAX)
		return bad(j->f, 0);
	if (g->seq != j->seq) /* the hello that follows a HelloVerifyRequest */
		return DISSECT_MORE;
	if (g->type != MSG_CLIENT_HELLO || g->len != j->len)
		return bad(j->f, 0);
	switch (pieces_put(&j->p, FRAGMENT_HEAD + g->at, g->body)) {
	case PIECES_OK:
		return DISSECT_MORE;
	case PIECES_DIFFER:
		return bad(j->f, ANOM_OVERLAP);
	default:
		return bad(j->f, 0);
	}
}

static enum dissect_result add_datagram(struct join *j, struct dissect_text *text, struct slice d)
{
	struct cur c = cur_of(d);
	enum dissect_result x = DISSECT_MORE;
	struct record r;

	j->datagrams++;
	while (cur_left(&c) && next_record(&r, &c)) {
		struct cur body = cur_of(r.body);
		struct fragment g;

		if (r.type != TYPE_HANDSHAKE || r.epoch)
			continue;
		while (x == DISSECT_MORE && cur_left(&body))
			x = next_fragment(&g, &body) ? add(j, &g) : bad(j->f, 0);
		if (x != DISSECT_MORE)
			return x;
	}
	c = cur_of(pieces_head(&j->p));
	struct slice msg = cur_take(&c, FRAGMENT_HEAD + j->len);
	return c.bad ? DISSECT_MORE : tls_client_hello(j->f, text, msg, 'd');
}

/* The rare hello in fragments. Apart for its stack. */
static __attribute__((noinline)) enum dissect_result
joined(struct facts *f, struct dissect_text *text, struct slice bytes, struct slice before)
{
	struct cur c = cur_of(before);
	enum dissect_result r = DISSECT_MORE;
	struct join j;

	join_init(&j, f);
	while (r == DISSECT_MORE && cur_left(&c) && j.datagrams < DATAGRAMS_MAX) {
		struct cur d = cur_sub16(&c);

		r = add_datagram(&j, text, cur_rest(&d));
	}
	if (r == DISSECT_MORE && j.datagrams < DATAGRAMS_MAX)
		r = add_datagram(&j, text, bytes);
	if (r == DISSECT_MORE && j.datagrams == DATAGRAMS_MAX)
		return bad(f, ANOM_TLS_RECORDS);
	return r;
}

/* Nothing but whole records: DTLS that is beyond its hello, or the side of the server. */
static bool records_only(struct slice d)
{
	struct cur c = cur_of(d);
	struct record r;

	while (cur_left(&c))
		if (!next_record(&r, &c))
			return false;
	return d.n > 0;
}

enum dissect_result dtls_dissect(struct facts *f, struct dissect_text *text, struct slice bytes,
				 struct slice before)
{
	struct cur c = cur_of(before), d = before.n ? cur_sub16(&c) : cur_of(bytes), body;
	struct slice first = cur_rest(&d);
	struct record r;
	struct fragment g;

	if (!next_record(&r, &d))
		return DISSECT_NOT_MINE;
	body = cur_of(r.body);
	if (r.type != TYPE_HANDSHAKE || r.epoch || cur_u8(&body) != MSG_CLIENT_HELLO) {
		if (!records_only(first))
			return DISSECT_NOT_MINE;
		dissect_app(f, APP_DTLS);
		return DISSECT_DONE;
	}
	body = cur_of(r.body);
	dissect_app(f, APP_DTLS);
	if (!next_fragment(&g, &body) || g.len > HELLO_MAX - FRAGMENT_HEAD)
		return bad(f, 0);
	if (g.body.n == g.len)
		return tls_client_hello(f, text, g.all, 'd');
	return joined(f, text, bytes, before);
}
