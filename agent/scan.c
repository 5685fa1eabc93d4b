/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/scan.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow/siphash.h"
#include "agent/scan_path.h"
#include "agent/tunnel.h"

enum {
	FLOW_ID_BASE = 63, /* in the place of the worker's number */
	PORT_CLIENT = 1024,
	UDP_HEAD = 8,
	UDP_LENGTH = 4, /* where it stands in the header: RFC 768 */
};

static const uint8_t hash_key[16] = "sluice replay 3";

struct scan *scan_new(scan_emit *emit, void *ctx)
{
	struct scan *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->emit = emit;
	s->ctx = ctx;
	return s;
}

/* --- the table --- */

static struct scan_way **place(struct scan *s, const struct scan_key *k)
{
	uint64_t h = siphash(hash_key, (struct slice){ (const uint8_t *)k, sizeof *k });
	struct scan_way **at = &s->hash[h & (SCAN_BUCKETS - 1)];

	while (*at && memcmp(&(*at)->key, k, sizeof *k) != 0)
		at = &(*at)->next_hash;
	return at;
}

static void forget(struct scan *s, struct scan_way *w)
{
	struct scan_way **at;

	scan_tcp_end(s, w);
	at = place(s, &w->key);
	*at = w->next_hash;
	*(w->older ? &w->older->newer : &s->oldest) = w->newer;
	*(w->newer ? &w->newer->older : &s->newest) = w->older;
	s->count--;
	free(w->told);
	free(w->bytes);
	free(w);
}

void scan_end(struct scan *s)
{
	while (s->oldest)
		forget(s, s->oldest);
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	s->emit = NULL;
	scan_end(s);
	free(s);
}

static struct scan_way *find(struct scan *s, const struct scan_key *k, uint64_t wall)
{
	struct scan_way **at = place(s, k), *w = *at, *back;

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
	/* who is seen first began, unless the ports say otherwise; a SYN will tell */
	back = scan_back(s, w);
	w->server = back ? !back->server : k->sport < PORT_CLIENT && k->dport >= PORT_CLIENT;
	return w;
}

struct scan_way *scan_back(struct scan *s, const struct scan_way *w)
{
	struct scan_key k = { .sport = w->key.dport, .dport = w->key.sport, .proto = w->key.proto };

	memcpy(k.src, w->key.dst, 16);
	memcpy(k.dst, w->key.src, 16);
	return *place(s, &k);
}

/* --- what the path has told --- */

/* One message by what is told of it: equal for the path and for the scan. */
static uint64_t mark_of(const struct facts *f, uint8_t app)
{
	struct {
		struct facts f;
	} m;
	struct facts *to = &m.f;

	memset(&m, 0, sizeof m);
	to->app = app;
	switch (app) {
	case APP_TLS:
	case APP_QUIC:
	case APP_DTLS:
		memcpy(to->ja3, f->ja3, sizeof to->ja3);
		memcpy(to->sni, f->sni, f->sni_len);
		break;
	case APP_HTTP:
	case APP_HTTP2:
		memcpy(to->method, f->method, f->method_len);
		memcpy(to->host, f->host, f->host_len);
		memcpy(to->path, f->path, f->path_len);
		break;
	case APP_DNS:
		memcpy(to->query, f->query, f->query_len);
		to->query_type = f->query_type;
		break;
	default:
		break;
	}
	return siphash(hash_key, (struct slice){ (const uint8_t *)&m, sizeof m }) | 1;
}

static bool take_mark(uint64_t *marks, uint32_t n, uint64_t mark)
{
	for (uint32_t i = 0; i < n; i++)
		if (marks[i] == mark) {
			marks[i] = 0;
			return true;
		}
	return false;
}

static bool told_before(struct scan_way *w, const struct facts *f)
{
	uint64_t mark = mark_of(f, f->app);

	if (take_mark(w->told, w->n_told, mark))
		return true;
	if (w->n_found < SCAN_FOUND)
		w->found[w->n_found++] = mark;
	return false;
}

/* Of a packet with more messages than fit some are told twice. */
static void keep_mark(struct scan_way *w, uint64_t mark)
{
	while (w->n_told && !w->told[w->n_told - 1])
		w->n_told--;
	if (w->n_told == w->room_told) {
		uint32_t room = w->room_told ? w->room_told * 2 : 4;
		uint64_t *more = room > SCAN_TOLD ? NULL : realloc(w->told, room * sizeof *more);

		if (!more)
			return;
		w->told = more;
		w->room_told = room;
	}
	w->told[w->n_told++] = mark;
}

static bool found_before(struct scan_way *w, const struct facts *f, uint8_t app)
{
	uint64_t mark = mark_of(f, app);

	w->apps |= 1u << app;
	if (take_mark(w->found, w->n_found, mark))
		return true;
	keep_mark(w, mark);
	return false;
}

static struct scan_way *way_of(struct scan *s, const struct facts *f, uint64_t wall)
{
	struct scan_key k = { .sport = f->sport, .dport = f->dport, .proto = f->proto };

	memcpy(k.src, f->src, 16);
	memcpy(k.dst, f->dst, 16);
	return find(s, &k, wall);
}

/* What carries the rest was told by itself. */
static void without_outer(struct facts *f)
{
	static const enum fact outer[] = { FACT_METHOD, FACT_HOST, FACT_PATH, FACT_USER_AGENT,
					   FACT_HEADERS };

	for (size_t i = 0; f->via == APP_HTTP && i < sizeof outer / sizeof outer[0]; i++) {
		f->known &= ~(1u << outer[i]);
		f->absent |= 1u << outer[i];
	}
}

void scan_told(struct scan *s, struct event *ev)
{
	struct facts *f = &ev->facts;
	struct scan_way *w = way_of(s, f, ev->start);

	if (!w)
		return;
	w->id = ev->flow_id;
	if (!(ev->kinds & EVENT_READ) || facts_state(f, FACT_APP) != FACT_KNOWN)
		return;
	if (f->app == APP_SSH && f->proto == IPPROTO_TCP) {
		s->wall = ev->wall;
		s->now = ev->now;
		s->event.text = ev->text;
		scan_ssh_hold(s, w, f, facts_state(f, FACT_HASSH) == FACT_KNOWN);
		ev->kinds &= (uint8_t)~EVENT_READ;
		return;
	}
	if (found_before(w, f, f->app))
		ev->kinds &= (uint8_t)~EVENT_READ;
	if (f->via && f->via != f->app && found_before(w, f, f->via))
		without_outer(f);
}

/* --- what the scan tells --- */

struct facts scan_facts(const struct scan_way *w)
{
	struct facts f = {
		.sport = w->key.sport, .dport = w->key.dport, .proto = (uint8_t)w->key.proto,
		.direction = DIR_OUT, .inner = UINT8_MAX, /* what is inside is found by itself */
	};

	memcpy(f.src, w->key.src, 16);
	memcpy(f.dst, w->key.dst, 16);
	return f;
}

void scan_tell(struct scan *s, struct scan_way *w, const struct facts *f)
{
	struct event *ev = &s->event;

	w->apps |= 1u << f->app;
	if (told_before(w, f) || !s->emit)
		return;
	memset(ev, 0, offsetof(struct event, text));
	ev->kinds = EVENT_READ;
	ev->wall = s->wall;
	ev->now = s->now;
	ev->start = w->start;
	ev->flow_id = w->id;
	ev->facts = *f;
	ev->facts.inner = 0;
	dissect_settle(&ev->facts, true);
	s->emit(s->ctx, ev);
}

void scan_tell_once(struct scan *s, struct scan_way *w, const struct facts *f)
{
	const struct scan_way *back = scan_back(s, w);

	if ((w->apps | (back ? back->apps : 0)) >> f->app & 1)
		return;
	scan_tell(s, w, f);
}

/* --- packets --- */

static void icmp(struct scan *s, struct scan_way *w, const struct packet *p)
{
	struct facts f = scan_facts(w);
	uint32_t tried = 0;

	dissect_text_init(&s->event.text);
	if (dissect(&f, &s->event.text, &tried, p->proto, p->payload, (struct slice){ NULL, 0 }) ==
	    DISSECT_DONE)
		scan_tell_once(s, w, &f);
}

static void look(struct scan *s, const struct packet *p)
{
	struct scan_key k = { .sport = p->sport, .dport = p->dport, .proto = p->proto };
	struct scan_way *w;

	memcpy(k.src, p->src, 16);
	memcpy(k.dst, p->dst, 16);
	if (!p->payload.n && !(p->proto == IPPROTO_TCP && p->flags & PACKET_SYN))
		return;
	w = find(s, &k, s->wall);
	if (!w)
		return;
	switch (p->proto) {
	case IPPROTO_TCP:
		scan_segment(s, w, p);
		break;
	case IPPROTO_UDP:
		scan_datagram(s, w, p->payload);
		break;
	default:
		icmp(s, w, p);
		break;
	}
}

void scan_packet(struct scan *s, const struct packet *p, const struct frame *fr)
{
	struct packet outer = *p, inner;

	s->wall = fr->wall;
	s->now = fr->now;
	for (int depth = 0; depth < SCAN_DEPTH; depth++) {
		struct slice in = tunnel_inner(&outer);

		if (!in.n || packet_parse(&inner, in) != PACKET_OK)
			break;
		outer = inner;
	}
	if (outer.proto == IPPROTO_TCP || outer.proto == IPPROTO_UDP ||
	    outer.proto == IPPROTO_ICMP || outer.proto == IPPROTO_ICMPV6)
		look(s, &outer);
}

void scan_refused(struct scan *s, const struct frame *fr)
{
	struct cur c = cur_of(fr->bytes);
	size_t head = (cur_u8(&c) & 15u) * 4, n = fr->bytes.n;
	struct packet p;

	if (n > sizeof s->refused || n < head + UDP_HEAD)
		return;
	memcpy(s->refused, fr->bytes.p, n);
	s->refused[head + UDP_LENGTH] = (uint8_t)((n - head) >> 8);
	s->refused[head + UDP_LENGTH + 1] = (uint8_t)(n - head);
	if (packet_parse(&p, (struct slice){ s->refused, n }) == PACKET_OK && p.version == 4 &&
	    p.proto == IPPROTO_UDP)
		scan_packet(s, &p, fr);
}
