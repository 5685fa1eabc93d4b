/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/flow.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow/siphash.h"

enum { EXPIRE_MAX = 64, ID_BITS = 44 };

/* By kind, each in order of time: waiting and decided ones by last packet, armed by deadline. */
enum { LIST_WAITING, LIST_ARMED, LIST_DECIDED, LIST_N };

struct flow_list {
	struct flow *oldest, *newest;
};

struct flow_source {
	uint8_t addr[16];
	uint32_t n;
	struct flow *oldest, *newest;
	struct flow_source *next; /* in its bucket, or free */
};

struct flow_table {
	struct flow_conf conf;
	uint32_t buckets; /* a power of two */
	uint32_t count;
	uint64_t next_id;
	struct flow **hash;
	struct flow_source **source_hash;
	/* used[] of each pool have been handed out once: the rest of its pages is not touched */
	struct flow *flows, *free_flow;
	struct flow_source *sources, *free_source;
	struct probe *probes, *free_probe;
	uint32_t used_flows, used_sources, used_probes;
	uint32_t probing; /* probes with a flow */
	struct flow_list list[LIST_N];
};

struct flow_table *flow_table_new(const struct flow_conf *c)
{
	struct flow_table *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->conf = *c;
	if (t->conf.flows == 0)
		t->conf.flows = 1;
	if (t->conf.probes == 0)
		t->conf.probes = 1;
	for (t->buckets = 1; t->buckets < t->conf.flows && t->buckets < 1u << 30;)
		t->buckets *= 2;
	t->hash = calloc(t->buckets, sizeof(struct flow *));
	t->source_hash = calloc(t->buckets, sizeof(struct flow_source *));
	t->flows = calloc(t->conf.flows, sizeof *t->flows);
	t->sources = calloc(t->conf.flows, sizeof *t->sources);
	t->probes = calloc(t->conf.probes, sizeof *t->probes);
	if (!t->hash || !t->source_hash || !t->flows || !t->sources || !t->probes) {
		flow_table_free(t);
		return NULL;
	}
	t->next_id = siphash(c->key, (struct slice){ (const uint8_t *)"flow id", 7 });
	return t;
}

void flow_table_free(struct flow_table *t)
{
	if (!t)
		return;
	free(t->hash);
	free(t->source_hash);
	free(t->flows);
	free(t->sources);
	free(t->probes);
	free(t);
}

void flow_per_source(struct flow_table *t, uint32_t cap)
{
	t->conf.per_source = cap;
}

/* What makes a flow a flow, laid out for the hash. */
struct key {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t proto, zero[3];
};

static uint32_t bucket_of(const struct flow_table *t, const void *bytes, size_t n)
{
	return (uint32_t)siphash(t->conf.key, (struct slice){ bytes, n }) & (t->buckets - 1);
}

static uint32_t flow_bucket(const struct flow_table *t, const uint8_t src[16],
			    const uint8_t dst[16], uint16_t sport, uint16_t dport, uint8_t proto)
{
	struct key k = { .sport = sport, .dport = dport, .proto = proto };

	memcpy(k.src, src, sizeof k.src);
	memcpy(k.dst, dst, sizeof k.dst);
	return bucket_of(t, &k, sizeof k);
}

static struct flow **flow_place(struct flow_table *t, const struct flow *f)
{
	return &t->hash[flow_bucket(t, f->src, f->dst, f->sport, f->dport, f->proto)];
}

static unsigned int kind_of(const struct flow *f)
{
	if (f->action)
		return LIST_DECIDED;
	return f->deadline ? LIST_ARMED : LIST_WAITING;
}

static void list_take(struct flow_table *t, struct flow *f)
{
	struct flow_list *l = &t->list[kind_of(f)];

	*(f->older ? &f->older->newer : &l->oldest) = f->newer;
	*(f->newer ? &f->newer->older : &l->newest) = f->older;
	f->older = f->newer = NULL;
}

static void list_put(struct flow_table *t, struct flow *f)
{
	struct flow_list *l = &t->list[kind_of(f)];

	f->newer = NULL;
	f->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = f;
	l->newest = f;
}

static struct flow_source **source_place(struct flow_table *t, const uint8_t addr[16])
{
	struct flow_source **s = &t->source_hash[bucket_of(t, addr, 16)];

	while (*s && memcmp((*s)->addr, addr, 16) != 0)
		s = &(*s)->next;
	return s;
}

/* There are as many sources as flows, so one is always free for a flow that has room. */
static void source_join(struct flow_table *t, struct flow *f)
{
	struct flow_source **place = source_place(t, f->src), *s = *place;

	if (!s) {
		s = t->free_source;
		if (s)
			t->free_source = s->next;
		else
			s = &t->sources[t->used_sources++];
		*s = (struct flow_source){ .n = 0 };
		memcpy(s->addr, f->src, sizeof s->addr);
		*place = s;
	}
	f->source = s;
	f->source_newer = NULL;
	f->source_older = s->newest;
	*(s->newest ? &s->newest->source_newer : &s->oldest) = f;
	s->newest = f;
	s->n++;
}

static void source_leave(struct flow_table *t, struct flow *f)
{
	struct flow_source *s = f->source;

	if (!s)
		return;
	*(f->source_older ? &f->source_older->source_newer : &s->oldest) = f->source_newer;
	*(f->source_newer ? &f->source_newer->source_older : &s->newest) = f->source_older;
	f->source = NULL;
	f->source_older = f->source_newer = NULL;
	if (--s->n == 0) {
		*source_place(t, s->addr) = s->next;
		s->next = t->free_source;
		t->free_source = s;
	}
}

static void give_probe_back(struct flow_table *t, struct flow *f)
{
	if (!f->probe)
		return;
	t->probing--;
	f->probe->next_free = t->free_probe;
	t->free_probe = f->probe;
	f->probe = NULL;
}

static void forget(struct flow_table *t, struct flow *f)
{
	struct flow **at = flow_place(t, f);

	while (*at != f)
		at = &(*at)->next_hash;
	*at = f->next_hash;
	list_take(t, f);
	source_leave(t, f);
	give_probe_back(t, f);
	f->next_hash = t->free_flow;
	t->free_flow = f;
	t->count--;
}

/* One flow's worth of room for a flow from `addr`, or FLOW_TABLE_FULL. */
static enum flow_why make_room(struct flow_table *t, const uint8_t addr[16])
{
	struct flow_source *s = *source_place(t, addr);

	if (s && t->conf.per_source && s->n >= t->conf.per_source) {
		forget(t, s->oldest);
		return FLOW_SOURCE_CAP;
	}
	if (t->free_flow || t->used_flows < t->conf.flows)
		return FLOW_OK;
	if (t->list[LIST_DECIDED].oldest) {
		forget(t, t->list[LIST_DECIDED].oldest);
		return FLOW_OK;
	}
	if (!s)
		return FLOW_TABLE_FULL;
	forget(t, s->oldest);
	return FLOW_SOURCE_CAP;
}

static void begin(struct flow *f, const struct packet *p)
{
	*f = (struct flow){ .sport = p->sport, .dport = p->dport, .proto = p->proto };
	memcpy(f->src, p->src, sizeof f->src);
	memcpy(f->dst, p->dst, sizeof f->dst);
	f->ttl = p->ttl;
	f->flags = FLOW_FRESH;
	if (p->proto == IPPROTO_TCP && (p->flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN) {
		f->isn = p->seq;
		f->flags |= FLOW_SYN;
		if (p->md5)
			f->flags |= FLOW_MD5;
		if (p->times)
			f->flags |= FLOW_TIMES;
		f->tsval = p->tsval;
	}
}

static struct flow *flow_make(struct flow_table *t, enum flow_why *why, const struct packet *p,
			      uint64_t wall, uint64_t now)
{
	struct flow *f, **place;

	*why = make_room(t, p->src);
	if (*why == FLOW_TABLE_FULL)
		return NULL;
	f = t->free_flow;
	if (f)
		t->free_flow = f->next_hash;
	else
		f = &t->flows[t->used_flows++];
	begin(f, p);
	f->start = wall;
	f->seen = now;
	do
		f->id = t->next_id++ & ((1ULL << ID_BITS) - 1);
	while (f->id == 0);
	place = flow_place(t, f);
	f->next_hash = *place;
	*place = f;
	list_put(t, f);
	source_join(t, f);
	t->count++;
	return f;
}

struct flow *flow_find(struct flow_table *t, const struct packet *p)
{
	struct flow *f = t->hash[flow_bucket(t, p->src, p->dst, p->sport, p->dport, p->proto)];

	while (f && (f->sport != p->sport || f->dport != p->dport || f->proto != p->proto ||
		     memcmp(f->src, p->src, 16) != 0 || memcmp(f->dst, p->dst, 16) != 0))
		f = f->next_hash;
	return f;
}

static bool ports_used_again(const struct flow *f, const struct packet *p)
{
	if (!f->action || p->proto != IPPROTO_TCP)
		return false;
	if ((p->flags & (PACKET_SYN | PACKET_ACK)) != PACKET_SYN)
		return false;
	return !(f->flags & FLOW_SYN) || f->isn != p->seq;
}

struct flow *flow_get(struct flow_table *t, enum flow_why *why, const struct packet *p,
		      uint64_t wall, uint64_t now)
{
	struct flow *f = flow_find(t, p);

	if (f && ports_used_again(f, p)) {
		forget(t, f);
		f = NULL;
	}
	*why = FLOW_OK;
	if (!f) {
		f = flow_make(t, why, p, wall, now);
		if (!f)
			return NULL;
	} else {
		f->flags &= (uint16_t)~FLOW_FRESH;
		f->seen = now;
		if (kind_of(f) != LIST_ARMED) { /* those stay in order of their deadlines */
			list_take(t, f);
			list_put(t, f);
		}
	}
	if (f->packets < UINT32_MAX)
		f->packets++;
	f->bytes = f->bytes > UINT32_MAX - p->ip_len ? UINT32_MAX : f->bytes + p->ip_len;
	return f;
}

/* The oldest flow of the same source that holds a probe gives way, and with it the probe. */
static enum flow_why make_probe_room(struct flow_table *t, const struct flow *f)
{
	struct flow *v = f->source ? f->source->oldest : NULL;

	if (t->free_probe || t->used_probes < t->conf.probes)
		return FLOW_OK;
	while (v && !v->probe)
		v = v->source_newer;
	if (!v)
		return FLOW_TABLE_FULL;
	forget(t, v);
	return FLOW_SOURCE_CAP;
}

struct probe *flow_probe(struct flow_table *t, enum flow_why *why, struct flow *f)
{
	struct probe *pr;

	*why = FLOW_OK;
	if (f->probe)
		return f->probe;
	*why = make_probe_room(t, f);
	if (*why == FLOW_TABLE_FULL)
		return NULL;
	pr = t->free_probe;
	if (pr)
		t->free_probe = pr->next_free;
	else
		pr = &t->probes[t->used_probes++];
	pr->next_free = NULL;
	pr->tried = 0;
	pr->n_urgent = 0;
	memset(&pr->facts, 0, sizeof pr->facts);
	stream_init(&pr->stream, f->isn);
	f->probe = pr;
	t->probing++;
	return pr;
}

void flow_arm(struct flow_table *t, struct flow *f, uint64_t deadline)
{
	if (f->action || f->deadline)
		return;
	list_take(t, f);
	f->deadline = deadline ? deadline : 1;
	list_put(t, f);
}

void flow_forget(struct flow_table *t, struct flow *f)
{
	forget(t, f);
}

void flow_rest(struct flow_table *t, struct flow *f)
{
	if (f->action)
		return;
	give_probe_back(t, f);
	list_take(t, f);
	f->deadline = 0;
	list_put(t, f);
}

void flow_decide(struct flow_table *t, struct flow *f, uint8_t action)
{
	give_probe_back(t, f);
	source_leave(t, f);
	list_take(t, f);
	f->action = action;
	list_put(t, f);
}

struct flow *flow_overdue(struct flow_table *t, uint64_t now)
{
	struct flow *f = t->list[LIST_ARMED].oldest;

	return f && f->deadline <= now ? f : NULL;
}

void flow_expire(struct flow_table *t, uint64_t now)
{
	struct flow *f;

	for (int i = 0; i < EXPIRE_MAX; i++) {
		f = t->list[LIST_DECIDED].oldest;
		if (!f || f->seen + t->conf.decided_ms > now)
			break;
		forget(t, f);
	}
	for (int i = 0; i < EXPIRE_MAX; i++) {
		f = t->list[LIST_WAITING].oldest;
		if (!f || f->seen + t->conf.undecided_ms > now)
			break;
		forget(t, f);
	}
}

uint32_t flow_count(const struct flow_table *t)
{
	return t->count;
}

uint32_t flow_probes(const struct flow_table *t)
{
	return t->probing;
}

static uint64_t tables(const struct flow_table *t)
{
	return sizeof *t + t->buckets * (sizeof(struct flow *) + sizeof(struct flow_source *));
}

/* What has been handed out once stays touched. */
uint64_t flow_memory(const struct flow_table *t)
{
	return tables(t) + (uint64_t)t->used_flows * sizeof(struct flow) +
	       (uint64_t)t->used_sources * sizeof(struct flow_source) +
	       (uint64_t)t->used_probes * sizeof(struct probe);
}

uint64_t flow_memory_max(const struct flow_table *t)
{
	return tables(t) +
	       (uint64_t)t->conf.flows * (sizeof(struct flow) + sizeof(struct flow_source)) +
	       (uint64_t)t->conf.probes * sizeof(struct probe);
}
