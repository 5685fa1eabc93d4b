/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/gate.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow/siphash.h"
#include "agent/track.h"

enum {
	ACK_AFTER = 8,	 /* as nft/rule.c */
	FLOW_MS = 150000, /* as nft/rule.c */
	BUCKETS = 65536, /* a power of two */
	PORT_DNS = 53,
};

struct key {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t set, proto, zero[2];
};

struct elem {
	struct key key;
	bool reject;
	uint64_t until;
	struct elem *next;
	struct elem *older, *newer;
};

struct gate {
	struct nft_conf conf;
	struct nft_range *inside, *allow;
	size_t n_inside, n_allow;
	struct track *track;
	struct elem *hash[BUCKETS];
	struct elem *oldest, *newest;
	uint32_t elems;
	struct nft_counters counters;
};

/* The way of one packet. */
struct way {
	struct gate *g;
	struct gate_result *r;
	const struct packet *p;
	struct frame *fr;
	gate_judge *judge;
	void *ctx;
	struct conn *conn;
	enum track_state state;
	bool reply;
};

static struct nft_range *copy_ranges(const struct nft_range *r, size_t n)
{
	struct nft_range *c = calloc(n ? n : 1, sizeof *c);

	if (c && n)
		memcpy(c, r, n * sizeof *c);
	return c;
}

struct gate *gate_new(const struct nft_conf *conf, const struct nft_range *inside, size_t n_inside,
		      const struct nft_range *allow, size_t n_allow)
{
	struct gate *g = calloc(1, sizeof *g);

	if (!g)
		return NULL;
	g->conf = *conf;
	g->inside = copy_ranges(inside, n_inside);
	g->n_inside = n_inside;
	g->allow = copy_ranges(allow, n_allow);
	g->n_allow = n_allow;
	g->track = track_new(GATE_CONNS);
	if (!g->inside || !g->allow || !g->track) {
		gate_free(g);
		return NULL;
	}
	return g;
}

/* Bits of the default mark mask, where the configured one has them. */
static uint32_t bits(const struct gate *g, uint32_t of_default)
{
	return (of_default >> __builtin_ctz(NFT_MARK_MASK)) << __builtin_ctz(g->conf.mark_mask);
}

/* --- sets --- */

static struct elem **find(struct gate *g, const struct key *k)
{
	static const uint8_t key[16] = "sluice replay 2";
	uint64_t h = siphash(key, (struct slice){ (const uint8_t *)k, sizeof *k });
	struct elem **at = &g->hash[h & (BUCKETS - 1)];

	while (*at && memcmp(&(*at)->key, k, sizeof *k) != 0)
		at = &(*at)->next;
	return at;
}

static void take_out(struct gate *g, struct elem **at)
{
	struct elem *e = *at;

	*at = e->next;
	*(e->older ? &e->older->newer : &g->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &g->newest) = e->older;
	g->elems--;
	free(e);
}

static void put(struct gate *g, const struct key *k, bool reject, uint64_t until)
{
	struct elem **at = find(g, k), *e = *at;

	if (!e) {
		if (g->elems >= GATE_ELEMS)
			take_out(g, find(g, &g->oldest->key));
		e = calloc(1, sizeof *e);
		if (!e)
			return;
		at = find(g, k);
		e->key = *k;
		e->older = g->newest;
		*(g->newest ? &g->newest->newer : &g->oldest) = e;
		g->newest = e;
		*at = e;
		g->elems++;
	}
	e->reject = reject;
	e->until = until;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	while (g->oldest)
		take_out(g, find(g, &g->oldest->key));
	track_free(g->track);
	free(g->inside);
	free(g->allow);
	free(g);
}

/* The key of a packet, as written or with source and destination exchanged. */
static void key_of(struct key *k, enum nft_set set, const struct packet *p, bool exchanged)
{
	const uint8_t *src = exchanged ? p->dst : p->src, *dst = exchanged ? p->src : p->dst;

	*k = (struct key){ .set = (uint8_t)set };
	memcpy(k->dst, dst, 16);
	if (set == NFT_DROP_ADDR)
		return;
	k->proto = p->proto;
	k->dport = exchanged ? p->sport : p->dport;
	if (set == NFT_DROP_PAIR || set == NFT_DROP_FLOW)
		memcpy(k->src, src, 16);
	if (set == NFT_DROP_FLOW)
		k->sport = exchanged ? p->dport : p->sport;
}

static const struct elem *look_up(struct way *w, enum nft_set set, bool exchanged)
{
	struct elem **at;
	struct key k;

	key_of(&k, set, w->p, exchanged);
	at = find(w->g, &k);
	if (*at && (*at)->until <= w->fr->now)
		take_out(w->g, at);
	return *at;
}

void gate_apply(struct gate *g, const struct nft_elem *e, size_t n, uint64_t now)
{
	for (; n-- > 0; e++) {
		struct key k = { .set = e->set, .proto = e->proto, .dport = e->dport };

		memcpy(k.dst, e->dst, 16);
		if (e->set == NFT_DROP_ADDR)
			k.proto = 0, k.dport = 0;
		if (e->set == NFT_DROP_PAIR || e->set == NFT_DROP_FLOW)
			memcpy(k.src, e->src, 16);
		if (e->set == NFT_DROP_FLOW)
			k.sport = e->sport;
		if (e->op != NFT_DEL)
			put(g, &k, e->reject, now + e->timeout);
		else if (*find(g, &k))
			take_out(g, find(g, &k));
	}
}

/* --- the chains --- */

static void count(struct way *w, enum nft_counter c)
{
	w->g->counters.packets[c]++;
}

static bool within(const struct nft_range *r, size_t n, const uint8_t addr[16])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(addr, r[i].lo, 16) >= 0 && memcmp(addr, r[i].hi, 16) <= 0)
			return true;
	return false;
}

/* Ends of a blocked packet: observing, it is counted and goes on. */
static void stop(struct way *w, enum nft_counter c)
{
	count(w, c);
	w->r->blocked = true;
	w->r->dropped = !w->g->conf.observe;
}

static bool in_drop_sets(struct way *w)
{
	static const enum nft_set sets[] = { NFT_DROP_ADDR, NFT_DROP_PAIR, NFT_DROP_EP };

	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
		if (look_up(w, sets[i], false) || look_up(w, sets[i], true)) {
			w->r->set = (uint8_t)sets[i];
			return true;
		}
	if (w->state == TRACK_ESTABLISHED || !look_up(w, NFT_DROP_FLOW, false))
		return false;
	w->r->set = NFT_DROP_FLOW;
	return true;
}

/* Multicast, broadcast and link-local never leave through the gateway. */
static bool is_local(const uint8_t addr[16])
{
	static const uint8_t v4[16] = { [10] = 0xff, [11] = 0xff, [12] = 224 };
	static const uint8_t v6[16] = { 0xfe, 0x80 };

	return memcmp(addr, v4, 12) == 0 ? memcmp(addr, v4, 16) >= 0 : memcmp(addr, v6, 16) >= 0;
}

static bool comes_here(const struct way *w)
{
	const struct gate *g = w->g;
	bool src, dst;

	if (is_local(w->p->dst))
		return false;
	if (!g->n_inside)
		return true;
	src = within(g->inside, g->n_inside, w->p->src);
	dst = within(g->inside, g->n_inside, w->p->dst);
	return src ? !dst : dst && g->conf.inbound;
}

static bool echo_request(const struct packet *p)
{
	struct cur c = cur_of(p->payload);
	uint8_t type = cur_u8(&c);

	return !c.bad && ((p->proto == IPPROTO_ICMP && type == 8) ||
			  (p->proto == IPPROTO_ICMPV6 && type == 128));
}

static bool wanted(const struct way *w)
{
	const struct packet *p = w->p;

	if (!comes_here(w))
		return false;
	if (p->proto == IPPROTO_UDP)
		return true;
	if (p->proto != IPPROTO_TCP)
		return w->g->conf.icmp && (w->state == TRACK_NEW || echo_request(p));
	if ((p->flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN || p->payload.n)
		return true;
	return !(p->flags & (PACKET_FIN | PACKET_RST)) && w->conn->packets > ACK_AFTER;
}

static void remember(struct way *w)
{
	struct key k;

	if (w->state != TRACK_NEW || (w->p->proto != IPPROTO_TCP && w->p->proto != IPPROTO_UDP))
		return;
	key_of(&k, NFT_DROP_FLOW, w->p, false);
	put(w->g, &k, false, w->fr->now + FLOW_MS);
}

static void settle(struct way *w, const struct verdict *v)
{
	uint32_t verdict = v->mark & bits(w->g, NFT_MARK_VERDICT);

	if (!verdict)
		return;
	if (v->mark & bits(w->g, NFT_MARK_ALONE)) {
		stop(w, NFT_C_DROP_MARK);
		return;
	}
	w->conn->mark = verdict;
	if (!(verdict & bits(w->g, NFT_MARK_DROP)))
		return;
	remember(w);
	stop(w, NFT_C_DROP_MARK);
}

static void ask(struct way *w)
{
	struct verdict v;

	count(w, NFT_C_QUEUED);
	w->r->queued = true;
	w->judge(w->ctx, &v, w->fr);
	w->r->action = v.action;
	if (v.accept)
		settle(w, &v);
	else
		w->r->dropped = w->r->blocked = true;
}

static bool is_inside(const struct gate *g, const uint8_t addr[16])
{
	return !g->n_inside || within(g->inside, g->n_inside, addr);
}

/* A query from inside or an answer to inside: asked for by itself. */
static bool dns(struct way *w, uint8_t proto)
{
	const struct packet *p = w->p;

	if (!w->g->conf.dns || p->proto != proto || (proto == IPPROTO_TCP && !p->payload.n))
		return false;
	if (w->reply ? p->sport != PORT_DNS || !is_inside(w->g, p->dst)
		     : p->dport != PORT_DNS || !is_inside(w->g, p->src))
		return false;
	if (w->state == TRACK_ESTABLISHED)
		w->fr->mark |= bits(w->g, NFT_MARK_REPLY);
	ask(w);
	return true;
}

/* The flow's mark and what is not decided yet. */
static void flow_rules(struct way *w)
{
	uint32_t mark = w->conn->mark;

	if (mark & bits(w->g, NFT_MARK_DROP)) { /* reject has that bit too */
		w->r->by_mark = true;
		stop(w, NFT_C_DROP_MARK);
	} else if (dns(w, IPPROTO_UDP)) {
		return;
	} else if (mark) {
		count(w, NFT_C_PASS);
	} else if (!dns(w, IPPROTO_TCP) && !w->reply) {
		if (w->state == TRACK_ESTABLISHED)
			w->fr->mark |= bits(w->g, NFT_MARK_REPLY);
		if (wanted(w))
			ask(w);
	}
}

static void gate_rules(struct way *w)
{
	struct gate *g = w->g;

	if (w->state == TRACK_UNTRACKED)
		return;
	if (within(g->allow, g->n_allow, w->p->src) || within(g->allow, g->n_allow, w->p->dst)) {
		count(w, NFT_C_ALLOW);
		return;
	}
	if (w->state == TRACK_INVALID) {
		count(w, NFT_C_INVALID);
		w->r->dropped = !g->conf.observe && !g->conf.invalid_pass;
		return;
	}
	if (in_drop_sets(w)) {
		w->r->by_set = true;
		stop(w, NFT_C_DROP_SET);
		return;
	}
	if (look_up(w, NFT_WATCH, false))
		count(w, NFT_C_WATCH);
	if (w->conn)
		flow_rules(w);
}

void gate_packet(struct gate *g, struct gate_result *r, const struct packet *p, struct frame *fr,
		 gate_judge *judge, void *ctx)
{
	struct way w = { .g = g, .r = r, .p = p, .fr = fr, .judge = judge, .ctx = ctx };

	*r = (struct gate_result){ .queued = false };
	fr->mark &= ~g->conf.mark_mask;
	w.state = track_packet(g->track, &w.conn, &w.reply, p, fr->now);
	r->fresh = w.state == TRACK_NEW;
	gate_rules(&w);
	if (!w.conn)
		return;
	if (r->dropped)
		track_dropped(g->track, w.conn);
	else
		w.conn->confirmed = true;
}

const struct nft_counters *gate_counters(const struct gate *g)
{
	return &g->counters;
}
