/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/quic.h"

#include <string.h>

/*
 * Finds the client's Initials among its first datagrams, and reads the ClientHello in them. Keys
 * are those of the first Initial's destination id, or of a later one's own (after Retry, RFC 9001
 * section 5.2). A datagram counts as a whole; the first that completes the hello is the answer.
 *
 * A version that cannot be looked into is told at once, but is not the end: whoever sends it to
 * force a version negotiation says its hello in the next datagrams.
 */
enum {
	DATAGRAMS_MAX = 10,
	INITIALS_MAX = 24,   /* in all of them */
	DATAGRAM_MIN = 1200, /* RFC 9000 section 14.1 */
	FIRST_CID_MIN = 8,   /* section 7.2 */
};

struct scan {
	const struct quic_suite *suite; /* of `keys`; NULL: none yet */
	struct slice dcid;		/* that they come from */
	struct quic_keys keys;
	int64_t number;			/* largest packet number */
	uint32_t version;		/* of the first long header that counts */
	bool strange;			/* one came whose version cannot be looked into */
	bool opened;			/* an Initial did */
	bool many;			/* more than INITIALS_MAX */
	uint8_t datagrams;
	size_t tries, n;
	struct quic_sealed sealed[INITIALS_MAX];
};

enum seen {
	SEEN_NOTHING,  /* not QUIC, or nothing that helps */
	SEEN_WAIT,     /* QUIC whose Initial may still come */
	SEEN_STRANGE,  /* a version that cannot be looked into */
	SEEN_INITIAL,  /* at least one Initial opened */
};

/* "Q043", "T051": Google's versions (quicwg wiki, QUIC-Versions) */
static bool google(uint32_t v)
{
	uint32_t tens = v >> 8 & 0xff, ones = v & 0xff;

	return (v >> 16 == 0x5130 || v >> 16 == 0x5430) && tens >= '0' && tens <= '9' &&
	       ones >= '0' && ones <= '9';
}

/* Versions that somebody has registered or reserved (RFC 9000 section 15; quicwg wiki). */
static bool registered(uint32_t v)
{
	static const struct {
		uint32_t value, mask;
	} known[] = {
		{ 0x00000000, 0xffff0000 }, { 0xff000000, 0xffff0000 }, { 0xff020000, 0xffff0000 },
		{ 0x0a0a0a0a, 0x0f0f0f0f }, { 0x6b3343cf, 0xffffffff }, { 0x709a50c4, 0xffffffff },
		{ 0x45474700, 0xffffff00 }, { 0x50435130, 0xffffffff }, { 0x50524f58, 0xffffffff },
		{ 0x5c100000, 0xfffffff0 }, { 0x51474f00, 0xffffff00 }, { 0x91c17000, 0xffffff00 },
		{ 0xabcd0000, 0xfffffff0 }, { 0xf123f0c0, 0xfffffff0 }, { 0xfaceb000, 0xfffffff0 },
		{ 0xf0f0f0f0, 0xffffffc0 }, { 0x07007000, 0xfffffff0 },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if ((v & known[i].mask) == known[i].value)
			return true;
	return google(v);
}

static bool reserved(uint32_t v)
{
	return (v & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/* RFC 8999 section 6: only versions follow, and one of them must be believable. */
static bool negotiation(const struct quic_head *h, struct cur c)
{
	bool some = false;

	if (h->dcid.n > QUIC_CID_MAX || h->scid.n > QUIC_CID_MAX || cur_left(&c) % 4)
		return false;
	while (cur_left(&c)) {
		uint32_t v = cur_uint(&c, 4);

		some |= v && registered(v);
	}
	return some;
}

/* An Initial as versions 1 and 2 have it, and nothing but such packets behind it. */
static bool shaped(const struct quic_head *h, struct cur c)
{
	if (!(h->first & 0x40) || h->dcid.n < FIRST_CID_MIN)
		return false;
	for (;;) {
		struct quic_head next;
		uint64_t token = quic_int(&c), len;

		if (token > cur_left(&c))
			return false;
		cur_take(&c, (size_t)token);
		len = quic_int(&c);
		if (c.bad || len < 20 || len > cur_left(&c))
			return false;
		cur_take(&c, (size_t)len);
		if (!cur_left(&c))
			return true;
		if (!quic_head(&next, &c) || next.version != h->version)
			return false;
	}
}

/* Gives a version that is not known only if there is no doubt that it is one. */
static bool strange(uint32_t *version, struct slice datagram)
{
	struct cur c = cur_of(datagram);
	struct quic_head h;

	if (!quic_head(&h, &c)) {
		/* before Q046: flags with version and 8 bytes of id, the id, the version */
		c = cur_of(datagram);
		uint8_t flags = cur_u8(&c);
		cur_take(&c, 8);
		*version = cur_uint(&c, 4);
		return !c.bad && (flags & 0xcb) == 0x09 && google(*version);
	}
	*version = h.version;
	if (h.version == 0)
		return negotiation(&h, c);
	if (quic_suite(h.version))
		return false;
	if (google(h.version)) /* Q046 writes its id lengths in another way */
		return true;
	if (h.dcid.n > QUIC_CID_MAX || h.scid.n > QUIC_CID_MAX)
		return false;
	if (reserved(h.version))
		return true;
	return datagram.n >= DATAGRAM_MIN && (registered(h.version) || shaped(&h, c));
}

static bool same(struct slice a, struct slice b)
{
	return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

/* What is common to the packets of one datagram (RFC 9000 section 12.2). */
struct group {
	const struct quic_suite *suite; /* of `own`; NULL: not derived yet */
	struct quic_keys own;		/* from `dcid` */
	struct slice dcid;		/* of the first; p NULL: there was none yet */
	bool small;
};

/* With the keys in use, else with those of the datagram's own id. */
static bool open_one(struct scan *s, struct group *g, const struct quic_packet *p)
{
	struct quic_sealed *to = &s->sealed[s->n];

	if (s->suite == p->suite && quic_open(to, &s->number, &s->keys, p))
		return true;
	if (s->suite == p->suite && same(s->dcid, g->dcid))
		return false;
	if (g->suite != p->suite)
		quic_client_keys(&g->own, p->suite, g->dcid);
	g->suite = p->suite;
	if (!quic_open(to, &s->number, &g->own, p))
		return false;
	s->keys = g->own;
	s->suite = p->suite;
	s->dcid = g->dcid;
	return true;
}

/* One that does not open is passed over, as its receiver does. */
static bool try_initial(struct scan *s, struct group *g, const struct quic_packet *p)
{
	if (++s->tries > INITIALS_MAX) {
		s->many = true;
		return false;
	}
	if (!open_one(s, g, p))
		return false;
	struct quic_sealed *x = &s->sealed[s->n++];
	x->datagram = s->datagrams;
	x->stray = !same(g->dcid, p->head.dcid);
	x->small = g->small;
	if (!s->opened && !s->strange)
		s->version = p->head.version;
	s->opened = true;
	return true;
}

static enum seen open_all(struct scan *s, struct slice datagram)
{
	struct group g = { .small = datagram.n < DATAGRAM_MIN };
	struct cur c = cur_of(datagram);
	struct quic_packet p;
	bool opened = false, closed = false, early = false;

	while (cur_left(&c) && quic_next(&p, &c)) {
		if (!g.dcid.p)
			g.dcid = p.head.dcid;
		if (p.type == QUIC_0RTT)
			early = true;
		if (p.type == QUIC_INITIAL)
			*(try_initial(s, &g, &p) ? &opened : &closed) = true;
	}
	if (opened)
		return SEEN_INITIAL;
	return early && !closed ? SEEN_WAIT : SEEN_NOTHING;
}

static enum seen see(struct scan *s, struct slice datagram)
{
	uint32_t version;

	s->datagrams++;
	if (s->opened || !strange(&version, datagram))
		return open_all(s, datagram);
	if (!s->strange)
		s->version = version;
	s->strange = true;
	return SEEN_STRANGE;
}

/* The message from the start of the CRYPTO stream, when it is whole. */
static enum dissect_result hello(struct facts *f, struct dissect_text *text,
				 const struct pieces *p)
{
	struct slice head = pieces_head(p);
	struct cur c = cur_of(head);
	uint8_t type = cur_u8(&c);
	size_t need = 4 + cur_u24(&c);

	if ((head.n && type != 1) || need > HELLO_MAX) {
		f->anomalies |= ANOM_QUIC_BAD;
		return DISSECT_BAD;
	}
	if (need > head.n)
		return DISSECT_MORE;
	c = cur_of(head);
	return tls_client_hello(f, text, cur_take(&c, need), 'q');
}

/* Apart for its stack. */
static __attribute__((noinline)) enum dissect_result
read_hello(struct facts *f, struct dissect_text *text, const struct scan *s)
{
	struct pieces p;

	pieces_init(&p);
	for (size_t i = 0; i < s->n; i++) {
		enum dissect_result r = quic_frames(&p, &f->anomalies, &s->sealed[i]);

		if (r == DISSECT_BAD)
			return r;
		if (i + 1 < s->n && s->sealed[i + 1].datagram == s->sealed[i].datagram)
			continue;
		r = hello(f, text, &p);
		if (r != DISSECT_MORE)
			return r;
	}
	if (!s->many && s->datagrams < DATAGRAMS_MAX)
		return DISSECT_MORE;
	f->anomalies |= ANOM_QUIC_BAD;
	return DISSECT_BAD;
}

/* False: as long as no Initial has opened, none is to be waited for any longer. */
static bool scan(struct scan *s, struct slice bytes, struct slice before)
{
	struct cur c = cur_of(before);

	memset(s, 0, offsetof(struct scan, sealed));
	s->number = -1;
	while (cur_left(&c) && s->datagrams < DATAGRAMS_MAX) {
		struct cur d = cur_sub16(&c);

		if (see(s, cur_rest(&d)) == SEEN_NOTHING && !s->opened)
			return false;
	}
	return s->datagrams == DATAGRAMS_MAX || see(s, bytes) != SEEN_NOTHING;
}

static __attribute__((noinline)) enum dissect_result
read_flow(struct facts *f, struct dissect_text *text, struct slice bytes, struct slice before)
{
	struct scan s;
	bool more = scan(&s, bytes, before) && s.datagrams < DATAGRAMS_MAX;

	if (!s.opened && !s.strange)
		return more ? DISSECT_MORE : DISSECT_NOT_MINE;
	dissect_app(f, APP_QUIC);
	f->quic_version = s.version;
	facts_know(f, FACT_QUIC_VERSION);
	if (s.strange)
		f->anomalies |= ANOM_QUIC_VERSION;
	if (s.opened)
		return read_hello(f, text, &s);
	return more ? DISSECT_MORE : DISSECT_DONE;
}

enum dissect_result quic_dissect(struct facts *f, struct dissect_text *text, struct slice bytes,
				 struct slice before)
{
	struct cur c = cur_of(before.n ? before : bytes);
	struct cur first = before.n ? cur_sub16(&c) : c;
	uint8_t flags = cur_u8(&first);

	/* a long header, or the flags of an old Google version: the rest of the world ends here */
	if (!(flags & 0x80) && (flags & 0xcb) != 0x09)
		return DISSECT_NOT_MINE;
	return read_flow(f, text, bytes, before);
}
