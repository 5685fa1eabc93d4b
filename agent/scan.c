/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/scan.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow/siphash.h"
#include "agent/tunnel.h"

enum {
	BUCKETS = 8192, /* a power of two */
	RECORD_HEAD = 5,
	RECORD_MAX = 16384 + 2048, /* TLSCiphertext, RFC 5246 section 6.2.3 */
	FLOW_ID_BASE = 63,	   /* in the place of the worker's number */
};

/* A segment that waits for those before it. */
struct waiting {
	uint32_t seq;
	size_t n;
	uint8_t *bytes;
};

struct key {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
};

/* One direction of a connection. */
struct way {
	struct key key;
	bool begun;	   /* next is valid */
	bool told;	   /* the path has told a hello that was not found here yet */
	uint8_t told_ja3[16];
	uint32_t isn, next;
	size_t skip;	   /* bytes of a record that are still to come and not looked at */
	size_t n;
	uint8_t *bytes;	   /* from a place where something may begin; room SCAN_BYTES */
	unsigned int n_waiting;
	struct waiting waiting[SCAN_WAITING];
	uint64_t id, start;
	struct way *next_hash, *older, *newer;
};

struct scan {
	scan_emit *emit;
	void *ctx;
	struct way *hash[BUCKETS];
	struct way *oldest, *newest;
	uint32_t count;
	uint64_t ids;
	const struct frame *frame;
	struct dissect_text text;
	struct event event;
};

struct scan *scan_new(scan_emit *emit, void *ctx)
{
	struct scan *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->emit = emit;
	s->ctx = ctx;
	return s;
}

static struct way **place(struct scan *s, const struct key *k)
{
	static const uint8_t key[16] = "sluice replay 3";
	uint64_t h = siphash(key, (struct slice){ (const uint8_t *)k, sizeof *k });
	struct way **at = &s->hash[h & (BUCKETS - 1)];

	while (*at && memcmp(&(*at)->key, k, sizeof *k) != 0)
		at = &(*at)->next_hash;
	return at;
}

static void begin(struct way *w)
{
	for (unsigned int i = 0; i < w->n_waiting; i++)
		free(w->waiting[i].bytes);
	w->n_waiting = 0;
	w->n = w->skip = 0;
	w->begun = w->told = false;
}

static void forget(struct scan *s, struct way *w)
{
	struct way **at = place(s, &w->key);

	*at = w->next_hash;
	*(w->older ? &w->older->newer : &s->oldest) = w->newer;
	*(w->newer ? &w->newer->older : &s->newest) = w->older;
	s->count--;
	begin(w);
	free(w->bytes);
	free(w);
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	while (s->oldest)
		forget(s, s->oldest);
	free(s);
}

static struct way *find(struct scan *s, const struct key *k, uint64_t wall)
{
	struct way **at = place(s, k), *w = *at;

	if (w)
		return w;
	if (s->count >= SCAN_CONNS)
		forget(s, s->oldest);
	w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->key = *k;
	w->id = ++s->ids | (uint64_t)FLOW_ID_BASE << 44;
	w->start = wall;
	w->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = w;
	s->newest = w;
	s->count++;
	*place(s, k) = w;
	return w;
}

void scan_told(struct scan *s, const struct event *ev)
{
	const struct facts *f = &ev->facts;
	struct key k = { .sport = f->sport, .dport = f->dport };
	struct way *w;

	if (f->proto != IPPROTO_TCP)
		return;
	memcpy(k.src, f->src, 16);
	memcpy(k.dst, f->dst, 16);
	w = find(s, &k, ev->start);
	if (!w)
		return;
	w->id = ev->flow_id;
	if (!(ev->kinds & EVENT_TLS))
		return;
	w->told = true;
	memcpy(w->told_ja3, f->ja3, sizeof w->told_ja3);
}

static void tell(struct scan *s, struct way *w, const struct facts *f)
{
	struct event *ev = &s->event;

	if (w->told && memcmp(w->told_ja3, f->ja3, sizeof f->ja3) == 0) {
		w->told = false;
		return;
	}
	memset(ev, 0, offsetof(struct event, ja3));
	ev->kinds = EVENT_TLS;
	ev->wall = s->frame->wall;
	ev->now = s->frame->now;
	ev->start = w->start;
	ev->flow_id = w->id;
	ev->facts = *f;
	memcpy(ev->facts.src, w->key.src, 16);
	memcpy(ev->facts.dst, w->key.dst, 16);
	ev->facts.sport = w->key.sport;
	ev->facts.dport = w->key.dport;
	ev->facts.proto = IPPROTO_TCP;
	ev->facts.direction = DIR_OUT;
	facts_settle(&ev->facts);
	ev->ja3_len = s->text.ja3_len;
	memcpy(ev->ja3, s->text.ja3, ev->ja3_len);
	ev->size = (uint32_t)(offsetof(struct event, ja3) + ev->ja3_len);
	s->emit(s->ctx, ev);
}

/* The header of a record may still be on its way. */
static bool record_begins(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t type = cur_u8(&c);

	return s.n < RECORD_HEAD && type >= 20 && type <= 24;
}

/* Length of the TLS record that begins here, with its header; 0: none does. */
static size_t record(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t type = cur_u8(&c), major = cur_u8(&c), minor = cur_u8(&c);
	size_t n = cur_u16(&c);

	if (c.bad || type < 20 || type > 24 || major != 3 || minor > 4 || n > RECORD_MAX)
		return 0;
	return n + RECORD_HEAD;
}

static void drop_front(struct way *w, size_t n)
{
	size_t here = n < w->n ? n : w->n;

	memmove(w->bytes, w->bytes + here, w->n - here);
	w->n -= here;
	w->skip = n - here;
}

/* Reads on from where something may begin; what is plain text ends with its segment. */
static void read_on(struct scan *s, struct way *w)
{
	while (w->n) {
		struct slice bytes = { w->bytes, w->n };
		struct facts f = { .known = 0 };
		size_t n;

		s->text.ja3_len = 0;
		switch (tls_dissect(&f, &s->text, bytes)) {
		case DISSECT_MORE:
			if (w->n < SCAN_BYTES)
				return;
			break;
		case DISSECT_DONE:
			tell(s, w, &f);
			break;
		case DISSECT_BAD: /* broken, but it may have said whom it asks for */
			if (facts_state(&f, FACT_SNI) == FACT_KNOWN)
				tell(s, w, &f);
			break;
		case DISSECT_NOT_MINE:
			break;
		}
		if (record_begins(bytes))
			return;
		n = record(bytes);
		drop_front(w, n ? n : w->n);
	}
}

static void take(struct scan *s, struct way *w, struct slice bytes)
{
	struct cur c = cur_of(bytes);

	w->next += (uint32_t)bytes.n;
	while (cur_left(&c)) {
		if (w->skip) {
			size_t n = w->skip < cur_left(&c) ? w->skip : cur_left(&c);
			cur_take(&c, n);
			w->skip -= n;
			continue;
		}
		size_t room = SCAN_BYTES - w->n;
		struct slice part = cur_take(&c, room < cur_left(&c) ? room : cur_left(&c));
		if (!w->bytes)
			w->bytes = malloc(SCAN_BYTES);
		if (!w->bytes)
			return;
		memcpy(w->bytes + w->n, part.p, part.n);
		w->n += part.n;
		read_on(s, w);
	}
}

/* The part of a segment that is new, if it goes on where we are. */
static bool take_segment(struct scan *s, struct way *w, uint32_t seq, struct slice bytes)
{
	uint32_t old = w->next - seq;
	struct cur c = cur_of(bytes);

	if (old > 1u << 30)
		return false;
	if (old >= bytes.n)
		return true;
	cur_take(&c, old);
	take(s, w, cur_rest(&c));
	return true;
}

static void drop_waiting(struct way *w, unsigned int i)
{
	free(w->waiting[i].bytes);
	w->waiting[i] = w->waiting[--w->n_waiting];
}

static void take_waiting(struct scan *s, struct way *w)
{
	for (unsigned int i = 0; i < w->n_waiting;) {
		struct slice bytes = { w->waiting[i].bytes, w->waiting[i].n };

		if (take_segment(s, w, w->waiting[i].seq, bytes)) {
			drop_waiting(w, i);
			i = 0;
		} else {
			i++;
		}
	}
}

/* The capture lacks something: reading begins anew at the next bytes that are there. */
static void give_up_hole(struct scan *s, struct way *w)
{
	uint32_t best = w->waiting[0].seq;

	for (unsigned int i = 1; i < w->n_waiting; i++)
		if (w->waiting[i].seq - w->next < best - w->next)
			best = w->waiting[i].seq;
	w->n = w->skip = 0;
	w->next = best;
	take_waiting(s, w);
}

static void wait(struct scan *s, struct way *w, uint32_t seq, struct slice bytes)
{
	struct waiting *to;

	if (w->n_waiting == SCAN_WAITING)
		give_up_hole(s, w);
	if (w->n_waiting == SCAN_WAITING || bytes.n > UINT16_MAX)
		return;
	to = &w->waiting[w->n_waiting];
	to->bytes = malloc(bytes.n);
	if (!to->bytes)
		return;
	memcpy(to->bytes, bytes.p, bytes.n);
	to->n = bytes.n;
	to->seq = seq;
	w->n_waiting++;
}

static void segment(struct scan *s, const struct packet *p)
{
	bool syn = p->flags & PACKET_SYN;
	uint32_t seq = p->seq + syn;
	struct key k = { .sport = p->sport, .dport = p->dport };
	struct way *w;

	memcpy(k.src, p->src, 16);
	memcpy(k.dst, p->dst, 16);
	if (!syn && !p->payload.n)
		return;
	w = find(s, &k, s->frame->wall);
	if (!w)
		return;
	if (syn && w->begun && w->isn != p->seq)
		begin(w);
	if (!w->begun) {
		w->begun = true;
		w->isn = seq - 1;
		w->next = seq;
	}
	if (!p->payload.n)
		return;
	if (take_segment(s, w, seq, p->payload))
		take_waiting(s, w);
	else
		wait(s, w, seq, p->payload);
}

void scan_packet(struct scan *s, const struct packet *p, const struct frame *fr)
{
	struct packet inner = *p;

	s->frame = fr;
	for (int depth = 0; depth <= SCAN_DEPTH; depth++) {
		struct slice in;

		if (inner.proto == IPPROTO_TCP) {
			segment(s, &inner);
			return;
		}
		in = tunnel_inner(&inner);
		if (!in.n || packet_parse(&inner, in) != PACKET_OK)
			return;
	}
}
