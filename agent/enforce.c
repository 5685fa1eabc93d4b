/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/enforce.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/pack.h"

enum {
	ENFORCE_BUCKETS = 16384,               /* power of two */
	ENFORCE_WATCHES = ENFORCE_ENTRIES / 2, /* a spoofed port scan may not crowd out blocks */
	ENFORCE_REFRESH = 1000,                /* ms between two refreshes of one entry */
	ENFORCE_TTL_MAX = 30 * 24 * 3600,      /* seconds; 2^32 ms is 49 days */
	ENFORCE_FLOW_TTL = 150,                /* drop_flow, filled by the packet path */
	ENFORCE_NARROW = 4096,                 /* entries looked at for one event */
};

/* What makes two set elements the same one: zeroes where the set's key has no such part. */
struct key {
	uint8_t src[16], dst[16];
	uint16_t dport;
	uint8_t proto, set;
};

struct entry;

/* A ring with its head inside; oldest is head.newer. */
struct links {
	struct entry *older, *newer;
};

struct source {
	uint8_t addr[16];                 /* of IPv6 the /64: a host has 2^64 addresses there */
	struct entry *first[2], *last[2]; /* by age; [0] blocks, [1] watches */
	uint32_t count;
	struct source *next;
};

/* Facts are kept packed: of 255-byte names only what is there. */
struct entry {
	struct key key;
	uint8_t action;
	bool adopted, observe;
	bool named; /* blocks for the sake of a name or of what the client said */
	uint16_t packed;  /* bytes of facts[] */
	uint32_t timeout; /* seconds */
	uint32_t reason, hits, line;
	uint64_t added, until, sent, wall;
	char rule[EVENT_NAME], list[EVENT_NAME], attack[EVENT_ATTACK];
	struct source *source;
	struct entry *next;           /* hash */
	struct entry *older, *newer;  /* of the same source and kind */
	struct entry *before, *after; /* of all, by age */
	uint8_t facts[];
};

struct enforce {
	struct entry *entries[ENFORCE_BUCKETS];
	struct source *sources[ENFORCE_BUCKETS];
	struct entry *first, *last;
	size_t count, watches, named;
	uint64_t next_until; /* no entry ends before */
	uint64_t seed;
	uint32_t quota, reason;
	struct enforce_counts counts;
	enforce_protected *fn;
	void *ctx;
};

/* Collects the changes of one event. */
struct changes {
	struct nft_elem *out;
	size_t n;
};

struct enforce *enforce_new(uint32_t quota, enforce_protected *fn, void *ctx)
{
	struct enforce *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->quota = quota;
	e->fn = fn;
	e->ctx = ctx;
	e->next_until = UINT64_MAX;
	/* without it a client could aim its destinations at one bucket; a failure costs only that
	 */
	if (getrandom(&e->seed, sizeof(e->seed), GRND_NONBLOCK) != sizeof(e->seed))
		e->seed = (uintptr_t)e;
	return e;
}

static uint32_t enforce_hash(const struct enforce *e, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t h = e->seed, w;

	for (; n; p += n < 8 ? n : 8, n -= n < 8 ? n : 8) {
		w = 0;
		memcpy(&w, p, n < 8 ? n : 8);
		h = (h ^ w ^ e->seed >> 32) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
		h = h * (e->seed | 1) ^ h >> 32;
	}
	return (uint32_t)h & (ENFORCE_BUCKETS - 1);
}

static bool enforce_is_watch(const struct entry *en)
{
	return en->key.set == NFT_WATCH;
}

static struct entry *enforce_find(const struct enforce *e, const struct key *k)
{
	struct entry *en = e->entries[enforce_hash(e, k, sizeof(*k))];

	while (en && memcmp(&en->key, k, sizeof(*k)) != 0)
		en = en->next;
	return en;
}

static void enforce_source_key(uint8_t out[16], const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(out, addr, 16);
	if (memcmp(addr, mapped, sizeof(mapped)) != 0)
		memset(out + 8, 0, 8);
}

static struct source **enforce_source_at(struct enforce *e, const uint8_t addr[16])
{
	uint8_t key[16];
	struct source **at;

	enforce_source_key(key, addr);
	at = &e->sources[enforce_hash(e, key, 16)];
	while (*at && memcmp((*at)->addr, key, 16) != 0)
		at = &(*at)->next;
	return at;
}

static struct source *enforce_source(struct enforce *e, const uint8_t addr[16])
{
	struct source **at = enforce_source_at(e, addr);

	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (*at)
			enforce_source_key((*at)->addr, addr);
	}
	return *at;
}

static void enforce_unlink_source(struct enforce *e, struct entry *en)
{
	struct source *s = en->source, **at;
	int kind = enforce_is_watch(en);

	*(en->older ? &en->older->newer : &s->first[kind]) = en->newer;
	*(en->newer ? &en->newer->older : &s->last[kind]) = en->older;
	if (--s->count)
		return;
	at = enforce_source_at(e, s->addr);
	*at = s->next;
	free(s);
}

static void enforce_remove(struct enforce *e, struct entry *en)
{
	struct entry **at = &e->entries[enforce_hash(e, &en->key, sizeof(en->key))];

	while (*at != en)
		at = &(*at)->next;
	*at = en->next;
	enforce_unlink_source(e, en);
	*(en->before ? &en->before->after : &e->first) = en->after;
	*(en->after ? &en->after->before : &e->last) = en->before;
	e->count--;
	e->watches -= enforce_is_watch(en);
	e->named -= en->named;
	free(en);
}

void enforce_free(struct enforce *e)
{
	if (!e)
		return;
	while (e->first)
		enforce_remove(e, e->first);
	free(e);
}

void enforce_quota(struct enforce *e, uint32_t quota)
{
	e->quota = quota;
}

static struct entry *enforce_insert(struct enforce *e, const struct key *k, const uint8_t src[16],
				    const struct facts *f)
{
	uint16_t packed = f ? (uint16_t)pack_facts_size(f) : 0;
	struct entry *en = calloc(1, sizeof(*en) + packed), **at;
	struct source *s = en ? enforce_source(e, src) : NULL;
	int kind = k->set == NFT_WATCH;

	if (!s) {
		free(en);
		return NULL;
	}
	en->key = *k;
	en->packed = packed;
	if (f)
		pack_facts(en->facts, f);
	en->source = s;
	en->older = s->last[kind];
	*(s->last[kind] ? &s->last[kind]->newer : &s->first[kind]) = en;
	s->last[kind] = en;
	s->count++;
	en->before = e->last;
	*(e->last ? &e->last->after : &e->first) = en;
	e->last = en;
	at = &e->entries[enforce_hash(e, k, sizeof(*k))];
	en->next = *at;
	*at = en;
	e->count++;
	e->watches += enforce_is_watch(en);
	return en;
}

/* A refreshed entry is young again. */
static void enforce_touch(struct entry *en)
{
	struct source *s = en->source;
	int kind = enforce_is_watch(en);

	if (s->last[kind] == en)
		return;
	en->newer->older = en->older;
	*(en->older ? &en->older->newer : &s->first[kind]) = en->newer;
	en->older = s->last[kind];
	en->newer = NULL;
	s->last[kind]->newer = en;
	s->last[kind] = en;
}

static void enforce_elem(struct nft_elem *el, const struct entry *en, enum nft_op op,
			 uint32_t timeout_ms)
{
	memset(el, 0, sizeof(*el));
	el->op = (uint8_t)op;
	el->set = en->key.set;
	el->reject = en->action == ACTION_REJECT;
	el->proto = en->key.proto;
	el->dport = en->key.dport;
	memcpy(el->src, en->key.src, 16);
	memcpy(el->dst, en->key.dst, 16);
	el->timeout = timeout_ms ? timeout_ms : 1;
	snprintf(el->comment, sizeof(el->comment), "rule=%s reason=%" PRIu32 "%s", en->rule,
		 en->reason, en->observe ? ENFORCE_OBSERVED : "");
}

static void enforce_change(struct changes *c, const struct entry *en, enum nft_op op,
			   uint64_t timeout_ms)
{
	if (c->n < ENFORCE_CHANGES)
		enforce_elem(&c->out[c->n++], en, op, (uint32_t)timeout_ms);
}

static __attribute__((format(printf, 2, 3))) void enforce_note(struct outcome *oc, const char *fmt,
							       ...)
{
	va_list ap;

	if (oc->note[0])
		return; /* the first reason is the one that counted */
	va_start(ap, fmt);
	vsnprintf(oc->note, sizeof(oc->note), fmt, ap);
	va_end(ap);
}

/*
 * Why a block may not be wider than the flow, or NULL. In this order: who is never blocked; whose
 * evidence cannot carry it; who might be somebody else.
 */
static const char *enforce_why_flow(const struct enforce *e, const struct event *ev,
				    enum scope scope)
{
	static const uint8_t no_mac[6];
	const struct facts *f = &ev->facts;

	if (e->fn && e->fn(e->ctx, f->dst))
		return "destination is protected";
	if ((ev->by_client || ev->by_name) && facts_state(f, FACT_QUERY) == FACT_KNOWN)
		return "a resolver is not to blame for a name";
	if ((ev->by_client || ev->by_name) && (f->via == APP_HTTP || f->via == APP_SOCKS))
		return "a proxy is not to blame for where it is sent";
	if ((ev->by_client || ev->by_name) && ev->shared)
		return "address serves several names";
	if ((ev->by_client || ev->by_name) && ev->allowed)
		return "address also serves an allowed name";
	if (!f->reply_seen && (ev->by_client || scope == SCOPE_PAIR))
		return "no reply seen: source may be forged";
	/* no handshake proves the source: who sent it is known by its MAC alone */
	if (f->proto != IPPROTO_TCP && (ev->by_client || scope == SCOPE_PAIR) &&
	    !memcmp(f->mac, no_mac, sizeof(no_mac)))
		return "no handshake and MAC unknown";
	return NULL;
}

static void enforce_key(struct key *k, const struct facts *f, enum nft_set set)
{
	bool ports = f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP;

	memset(k, 0, sizeof(*k));
	k->set = (uint8_t)set;
	memcpy(k->dst, f->dst, 16);
	if (set == NFT_DROP_ADDR)
		return;
	k->proto = f->proto;
	k->dport = ports ? f->dport : 0;
	if (set == NFT_DROP_PAIR)
		memcpy(k->src, f->src, 16);
}

/*
 * Makes room for one more entry of a source: its oldest gives way, watches first; a watch
 * never costs a block. False: no room.
 */
static bool enforce_room(struct enforce *e, struct changes *c, const uint8_t src[16], bool watch)
{
	struct source *s = *enforce_source_at(e, src);
	bool full = e->count >= ENFORCE_ENTRIES || (watch && e->watches >= ENFORCE_WATCHES);
	struct entry *old;

	if (!full && (s ? s->count : 0) < e->quota)
		return true;
	if (!s || !e->quota)
		return false;
	old = s->first[1] ? s->first[1] : watch ? NULL : s->first[0];
	if (!old)
		return false;
	enforce_change(c, old, NFT_DEL, 1);
	enforce_remove(e, old);
	e->counts.evicted++;
	return true;
}

/* What is asked for: a block by the verdict, or a watch by it or by a hit. */
struct wish {
	enum nft_set set;
	uint8_t action;
	uint32_t ttl, line;
	const char *rule, *list, *attack;
};

static void enforce_provenance(struct enforce *e, struct entry *en, const struct wish *w)
{
	en->action = w->action;
	en->line = w->line;
	en->reason = ++e->reason;
	snprintf(en->rule, sizeof(en->rule), "%.*s", EVENT_NAME - 1, w->rule);
	snprintf(en->list, sizeof(en->list), "%.*s", EVENT_NAME - 1, w->list);
	snprintf(en->attack, sizeof(en->attack), "%.*s", EVENT_ATTACK - 1, w->attack);
}

/*
 * An entry that is there is asked for again. It never ends sooner than it would have; within a
 * second only a new verdict or a longer time is worth a transaction.
 */
static void enforce_again(struct enforce *e, struct changes *c, struct entry *en,
			  const struct wish *w, uint64_t now)
{
	uint64_t until = now + (uint64_t)w->ttl * 1000;
	bool turned = en->action != w->action, longer = w->ttl > en->timeout;

	en->hits++;
	enforce_touch(en);
	if (until > en->until && (turned || longer || now - en->sent >= ENFORCE_REFRESH)) {
		en->until = until;
		en->timeout = longer ? w->ttl : en->timeout;
	} else if (!turned) {
		return;
	}
	if (turned)
		enforce_provenance(e, en, w);
	en->sent = now;
	e->counts.refreshed++;
	enforce_change(c, en, turned ? NFT_ADD : NFT_REFRESH, en->until - now);
}

static struct entry *enforce_put(struct enforce *e, struct changes *c, const struct event *ev,
				 const struct wish *w)
{
	uint64_t until = ev->now + (uint64_t)w->ttl * 1000;
	struct entry *en;
	struct key k;

	enforce_key(&k, &ev->facts, w->set);
	en = enforce_find(e, &k);
	if (en && en->until > ev->now && !en->adopted) {
		enforce_again(e, c, en, w, ev->now);
		return en;
	}
	if (en) {
		/* of an adopted one the facts become known now; its time is not cut */
		until = en->until > until ? en->until : until;
		enforce_remove(e, en);
	}
	if (!enforce_room(e, c, ev->facts.src, w->set == NFT_WATCH)) {
		e->counts.refused++;
		return NULL;
	}
	en = enforce_insert(e, &k, ev->facts.src, &ev->facts);
	if (!en) {
		e->counts.refused++;
		return NULL;
	}
	en->added = en->sent = ev->now;
	en->wall = ev->wall;
	en->timeout = (uint32_t)((until - ev->now) / 1000);
	en->until = until;
	en->hits = 1;
	en->observe = ev->observe;
	en->named = w->set != NFT_WATCH && (ev->by_client || ev->by_name);
	e->named += en->named;
	if (en->until < e->next_until)
		e->next_until = en->until;
	enforce_provenance(e, en, w);
	e->counts.added++;
	enforce_change(c, en, NFT_ADD, until - ev->now);
	return en;
}

static uint32_t enforce_ttl(uint32_t ttl)
{
	return ttl < 1 ? 1 : ttl > ENFORCE_TTL_MAX ? ENFORCE_TTL_MAX : ttl;
}

static void enforce_told(struct outcome *oc, const struct entry *en, uint64_t now)
{
	snprintf(oc->set, sizeof(oc->set), "%s", nft_set_name((enum nft_set)en->key.set));
	oc->timeout = (uint32_t)((en->until - now + 999) / 1000);
	oc->reason = en->reason;
}

static void enforce_flow_only(struct outcome *oc, const struct event *ev)
{
	oc->scope = SCOPE_FLOW;
	if (!ev->first_packet)
		return;
	/* the packet path puts it there by itself: its drop never confirms the conntrack entry */
	snprintf(oc->set, sizeof(oc->set), "%s", nft_set_name(NFT_DROP_FLOW));
	oc->timeout = ENFORCE_FLOW_TTL;
}

static void enforce_block(struct enforce *e, struct outcome *oc, struct changes *c,
			  const struct event *ev)
{
	static const enum nft_set sets[SCOPE_N] = { [SCOPE_PAIR] = NFT_DROP_PAIR,
						    [SCOPE_ENDPOINT] = NFT_DROP_EP,
						    [SCOPE_ADDRESS] = NFT_DROP_ADDR };
	struct wish w = {
		.action = ev->action,
		.ttl = enforce_ttl(ev->ttl),
		.line = ev->line,
		.rule = ev->rule,
		.list = ev->list,
		.attack = ev->attack,
	};
	enum scope scope = ev->scope < SCOPE_N ? (enum scope)ev->scope : SCOPE_FLOW;
	struct entry *en;
	const char *why;

	if (scope < SCOPE_PAIR) {
		enforce_flow_only(oc, ev);
		return;
	}
	why = enforce_why_flow(e, ev, scope);
	if (why) {
		e->counts.narrowed++;
		enforce_note(oc, "flow only: %s", why);
		enforce_flow_only(oc, ev);
		return;
	}
	w.set = sets[scope];
	en = enforce_put(e, c, ev, &w);
	if (!en) {
		enforce_note(oc, "flow only: source has spent its quota, or the table is full");
		enforce_flow_only(oc, ev);
		return;
	}
	oc->scope = (uint8_t)scope;
	enforce_told(oc, en, ev->now);
}

static const struct event_hit *enforce_monitor_hit(const struct event *ev)
{
	for (size_t i = 0; ev->kinds & EVENT_HITS && i < ev->n_hits && i < DECISION_HITS; i++)
		if (ev->hits[i].action == ACTION_MONITOR)
			return &ev->hits[i];
	return NULL;
}

/* All monitor hits of a flow watch the same endpoint: the first names it. */
static void enforce_watch(struct enforce *e, struct outcome *oc, struct changes *c,
			  const struct event *ev)
{
	bool verdict = ev->kinds & EVENT_VERDICT && ev->action == ACTION_MONITOR;
	const struct event_hit *h = enforce_monitor_hit(ev);
	struct wish w = { .set = NFT_WATCH, .action = ACTION_MONITOR };
	struct entry *en;

	if (h) {
		w.rule = h->rule, w.list = h->list, w.attack = h->attack;
		w.line = h->line, w.ttl = enforce_ttl(h->ttl);
	} else if (verdict) {
		w.rule = ev->rule, w.list = ev->list, w.attack = ev->attack;
		w.line = ev->line, w.ttl = enforce_ttl(ev->ttl);
	} else {
		return;
	}
	if (facts_state(&ev->facts, FACT_QUERY) == FACT_KNOWN) {
		if (!oc->scope) /* each message to a resolver is seen as it is */
			oc->scope = SCOPE_FLOW;
		return;
	}
	en = enforce_put(e, c, ev, &w);
	if (oc->set[0] || oc->scope)
		return; /* the block is what the outcome tells */
	if (!en) {
		enforce_note(oc, "not watched: source has spent its quota, or the table is full");
		return;
	}
	oc->scope = SCOPE_ENDPOINT;
	enforce_told(oc, en, ev->now);
}

/*
 * The address turns out to serve several names, or an allowed one: what was blocked there for the
 * sake of one name goes. Looks at the newest entries only, so that one event costs a bounded time.
 */
static void enforce_narrow(struct enforce *e, struct changes *c, const struct event *ev)
{
	struct entry *en = e->last, *before;

	if (!e->named || !(ev->kinds & EVENT_VERDICT) || !(ev->shared || ev->allowed))
		return;
	for (int i = 0; en && i < ENFORCE_NARROW && c->n + 4 < ENFORCE_CHANGES; i++, en = before) {
		before = en->before;
		if (!en->named || memcmp(en->key.dst, ev->facts.dst, 16) != 0)
			continue;
		enforce_change(c, en, NFT_DEL, 1);
		enforce_remove(e, en);
		e->counts.narrowed++;
	}
}

size_t enforce_event(struct enforce *e, struct outcome *oc, struct nft_elem out[ENFORCE_CHANGES],
		     const struct event *ev)
{
	struct changes c = { out, 0 };

	memset(oc, 0, sizeof(*oc));
	enforce_narrow(e, &c, ev);
	if (ev->kinds & EVENT_VERDICT && (ev->action == ACTION_DROP || ev->action == ACTION_REJECT))
		enforce_block(e, oc, &c, ev);
	enforce_watch(e, oc, &c, ev);
	return c.n;
}

/* "rule=NAME reason=N[ observe]"; anything else (an older version, a human's hand): no name, no number. */
static void enforce_comment(struct entry *en, const char *comment)
{
	const char *name = comment + 5, *end = strstr(comment, " reason=");
	unsigned long long n;

	if (strncmp(comment, "rule=", 5) != 0 || !end || end < name ||
	    (size_t)(end - name) >= sizeof(en->rule))
		return;
	n = strtoull(end + 8, NULL, 10);
	if (n > UINT32_MAX)
		return;
	memcpy(en->rule, name, (size_t)(end - name));
	en->reason = (uint32_t)n;
}

void enforce_adopt(struct enforce *e, const struct nft_elem *el, uint64_t wall, uint64_t now)
{
	static const uint8_t nobody[16];
	uint32_t left = el->expires ? el->expires : el->timeout;
	struct facts f = { .proto = el->proto, .dport = el->dport };
	struct entry *en;
	struct key k;

	if (el->set >= NFT_SET_N || el->set == NFT_DROP_FLOW || e->count >= ENFORCE_ENTRIES)
		return;
	memcpy(f.src, el->src, 16);
	memcpy(f.dst, el->dst, 16);
	enforce_key(&k, &f, (enum nft_set)el->set);
	if (enforce_find(e, &k))
		return;
	/* whose quota it was is known for pairs only; the others count for nobody */
	en = enforce_insert(e, &k, el->set == NFT_DROP_PAIR ? el->src : nobody, NULL);
	if (!en)
		return;
	en->adopted = true;
	en->named = el->set == NFT_DROP_PAIR;
	e->named += en->named;
	en->action = el->set == NFT_WATCH ? ACTION_MONITOR
		     : el->reject         ? ACTION_REJECT
					  : ACTION_DROP;
	en->added = en->sent = now;
	en->until = now + left;
	en->timeout = (el->timeout ? el->timeout : left) / 1000;
	en->wall = wall;
	enforce_comment(en, el->comment);
	if (en->until < e->next_until)
		e->next_until = en->until;
	/* numbers go on where the last process stopped */
	if (en->reason > e->reason)
		e->reason = en->reason;
}

static void enforce_give(struct enforce *e, struct entry *en,
			 void (*del)(void *ctx, const struct nft_elem *el), void *ctx)
{
	struct nft_elem el;

	enforce_elem(&el, en, NFT_DEL, 1);
	enforce_remove(e, en);
	if (del)
		del(ctx, &el);
}

static bool enforce_rule_stands(const struct policy *p, const struct entry *en)
{
	uint16_t special[] = { RULE_DEFAULT, RULE_SCORE };
	bool watch = enforce_is_watch(en);

	for (size_t i = 0; i < 2; i++)
		if (!strcmp(policy_rule_name(p, special[i]), en->rule))
			return true;
	for (uint16_t i = 0; i < policy_rules(p); i++) {
		enum action a = policy_rule_action(p, i);
		bool fits = watch ? a == ACTION_MONITOR : a == ACTION_DROP || a == ACTION_REJECT;

		if (fits && !strcmp(policy_rule_name(p, i), en->rule))
			return true;
	}
	return false;
}

/*
 * Of an adopted entry only the key is known: it stays while its rule does, unless the key alone
 * is enough for an allow rule.
 */
static bool enforce_adopted_stands(const struct policy *p, const struct entry *en)
{
	struct facts f = { .proto = en->key.proto, .dport = en->key.dport, .direction = DIR_OUT };
	struct decision d;

	if (!enforce_rule_stands(p, en))
		return false;
	if (en->key.set == NFT_DROP_ADDR || enforce_is_watch(en))
		return true;
	memcpy(f.src, en->key.src, 16);
	memcpy(f.dst, en->key.dst, 16);
	policy_judge(&d, p, &f);
	return d.action != ACTION_ALLOW;
}

static bool enforce_stands(const struct enforce *e, const struct policy *p, const struct entry *en)
{
	static const enum scope needs[NFT_SET_N] = { [NFT_DROP_PAIR] = SCOPE_PAIR,
						     [NFT_DROP_EP] = SCOPE_ENDPOINT,
						     [NFT_DROP_ADDR] = SCOPE_ADDRESS };
	struct decision d;
	struct facts f;

	if (!enforce_is_watch(en) && e->fn && e->fn(e->ctx, en->key.dst))
		return false;
	if (en->adopted)
		return enforce_adopted_stands(p, en);
	unpack_facts(&f, en->facts, en->packed);
	policy_judge(&d, p, &f);
	if (enforce_is_watch(en))
		return d.action == ACTION_MONITOR || d.n_monitors;
	return (d.action == ACTION_DROP || d.action == ACTION_REJECT) &&
	       d.scope >= needs[en->key.set];
}

void enforce_rejudge(struct enforce *e, const struct policy *p,
		     void (*del)(void *ctx, const struct nft_elem *el), void *ctx)
{
	for (struct entry *en = e->first, *after; en; en = after) {
		after = en->after;
		if (!enforce_stands(e, p, en))
			enforce_give(e, en, del, ctx);
	}
}

size_t enforce_unblock(struct enforce *e, const uint8_t addr[16],
		       void (*del)(void *ctx, const struct nft_elem *el), void *ctx)
{
	size_t n = 0;

	for (struct entry *en = e->first, *after; en; en = after) {
		after = en->after;
		if (addr && memcmp(en->key.dst, addr, 16) != 0 &&
		    memcmp(en->key.src, addr, 16) != 0)
			continue;
		enforce_give(e, en, del, ctx);
		n++;
	}
	return n;
}

void enforce_expire(struct enforce *e, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	if (now < e->next_until)
		return;
	for (struct entry *en = e->first, *after; en; en = after) {
		after = en->after;
		if (en->until <= now) {
			enforce_remove(e, en);
			e->counts.expired++;
		} else if (en->until < next) {
			next = en->until;
		}
	}
	e->next_until = next;
}

void enforce_each(struct enforce *e, void (*fn)(void *ctx, const struct enforce_entry *en),
		  void *ctx)
{
	struct enforce_entry out;

	for (const struct entry *en = e->first; en; en = en->after) {
		memset(&out, 0, sizeof(out));
		enforce_elem(&out.elem, en, NFT_ADD, en->timeout * 1000);
		out.added = en->added;
		out.until = en->until;
		out.wall = en->wall;
		out.reason = en->reason;
		out.hits = en->hits;
		out.action = en->action;
		out.adopted = en->adopted;
		out.line = en->line;
		memcpy(out.rule, en->rule, sizeof(out.rule));
		memcpy(out.list, en->list, sizeof(out.list));
		memcpy(out.attack, en->attack, sizeof(out.attack));
		unpack_facts(&out.facts, en->facts, en->packed);
		fn(ctx, &out);
	}
}

size_t enforce_count(const struct enforce *e)
{
	return e->count;
}

void enforce_counts(const struct enforce *e, struct enforce_counts *c)
{
	*c = e->counts;
}
