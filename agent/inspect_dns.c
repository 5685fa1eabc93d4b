/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inspect_path.h"

#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>

#include "agent/dissect/dns.h"
#include "agent/flow/siphash.h"
#include "nft/nft.h"

enum { HOST_MS = 3600 * 1000 }; /* how long a host counts as one whose DNS is seen */
#define ID_MASK ((UINT64_C(1) << 44) - 1)
#define OF_DNS	(1u << FACT_QUERY | 1u << FACT_QUERY_TYPE)

/* --- what was answered --- */

static bool starts(const uint8_t addr[16], const char *bytes, size_t at, unsigned int bits)
{
	for (unsigned int i = 0; i < bits; i++)
		if ((addr[at + i / 8] ^ (uint8_t)bytes[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

/* Nobody outside has it (RFC 6890): an answer with it leads nowhere, and none is missing. */
static bool special(const uint8_t addr[16])
{
	static const struct {
		const char *bytes;
		unsigned int bits;
	} v4[] = { { "\0", 8 },	     { "\12", 8 },	   { "\144\100", 10 }, { "\177", 8 },
		   { "\251\376", 16 }, { "\254\20", 12 }, { "\300\250", 16 }, { "\340", 3 } },
	  v6[] = { { "\376\200", 9 }, { "\374", 7 }, { "\377", 8 },
		   { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 120 } };

	if (starts(addr, "\0\0\0\0\0\0\0\0\0\0\377\377", 0, 96)) {
		for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++)
			if (starts(addr, v4[i].bytes, 12, v4[i].bits))
				return true;
		return false;
	}
	for (size_t i = 0; i < sizeof v6 / sizeof v6[0]; i++)
		if (starts(addr, v6[i].bytes, 0, v6[i].bits))
			return true;
	return false;
}

static void learn(void *ctx, const struct dns_answer *a, const struct dns_found *found)
{
	struct look *k = ctx;
	const struct policy *p = k->in->policy;
	bool allowed;

	if (special(found->addr) || inspect_is_inside(k->in, found->addr))
		return;
	allowed = policy_allows_name(p, a->question.text, a->question.len) ||
		  policy_allows_name(p, found->owner->text, found->owner->len);
	names_add_dns(k->in->names[k->in->own], found->addr, a->question.text, a->question.len,
		      allowed, found->ttl, k->now);
}

static bool read_answer(struct look *k, struct slice msg)
{
	struct dns_answer a;

	if (!dns_answer(&a, msg, learn, k))
		return false;
	names_add_host(k->in->names[k->in->own], k->packet.dst, k->now);
	return true;
}

/*
 * Answers over TCP, each behind its length, as far as the segment holds them: of a long one the
 * first part says enough. Some servers send the length by itself first.
 */
static void read_answers(struct look *k)
{
	struct cur c = cur_of(k->packet.payload);

	while (cur_left(&c) > 2) {
		struct cur at = c;
		size_t n = cur_u16(&c), left = cur_left(&c);

		if (!read_answer(k, cur_take(&c, n < left ? n : left))) {
			read_answer(k, cur_rest(&at));
			return;
		}
	}
}

/* A connection that was begun at port 53 is no answer, though it looks like one. */
static bool is_answer(const struct look *k)
{
	const struct packet *p = &k->packet;
	struct cur c = cur_of(p->payload);

	cur_take(&c, 2);
	if (p->sport != DNS_PORT || !p->payload.n ||
	    (p->dport == DNS_PORT && p->proto == IPPROTO_UDP && !(cur_u8(&c) & 0x80)))
		return false;
	return k->frame->mark & inspect_mark(k->in, NFT_MARK_REPLY) &&
	       (!k->in->inside_known || inspect_is_inside(k->in, p->dst)) &&
	       !flow_find(k->in->flows, p);
}

static void take_answer(struct look *k)
{
	if (k->in->own < k->in->n_names) {
		if (k->packet.proto == IPPROTO_UDP)
			read_answer(k, k->packet.payload);
		else
			read_answers(k);
	}
	inspect_verdict(k, ACTION_NONE, false);
}

/* --- what is asked --- */

static bool blocks(const struct decision *d)
{
	return d->action == ACTION_DROP || d->action == ACTION_REJECT;
}

static uint8_t without(struct hit *hits, uint8_t n, const struct hit *other, uint8_t m)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < n; i++) {
		bool there = false;

		for (uint8_t j = 0; j < m; j++)
			there |= other[j].rule == hits[i].rule;
		if (!there)
			hits[kept++] = hits[i];
	}
	return kept;
}

/*
 * A resolver inside, the gateway's own above all, asks outside for its clients. So what a rule says
 * of queries to the outside holds for those to it; but what it says of the resolver's address or of
 * port 53 does not: only what comes of the question itself is taken over.
 */
static void judge_local(struct look *k)
{
	struct decision *d = &k->decision, out, plain;
	struct facts *f = k->facts;
	uint32_t known = f->known, absent = f->absent;

	if (blocks(d) && d->rule < policy_rules(k->in->policy))
		return;
	f->direction = DIR_OUT;
	policy_judge(&out, k->in->policy, f);
	f->known &= ~OF_DNS;
	f->absent |= OF_DNS;
	policy_judge(&plain, k->in->policy, f);
	f->known = known;
	f->absent = absent;
	if (out.action == plain.action && out.rule == plain.rule) {
		out.action = ACTION_ALLOW;
		out.rule = RULE_DEFAULT;
		out.scope = SCOPE_FLOW;
	}
	out.n_monitors = without(out.monitors, out.n_monitors, plain.monitors, plain.n_monitors);
	out.n_scores = without(out.scores, out.n_scores, plain.scores, plain.n_scores);
	*d = out;
}

static void count(struct event_counts *c, uint8_t action)
{
	if (action == ACTION_DROP)
		c->dropped++;
	else if (action == ACTION_REJECT)
		c->rejected++;
	else if (action == ACTION_MONITOR)
		c->monitored++;
	else
		c->allowed++;
}

void inspect_dns_judge(struct look *k)
{
	inspect_judge(k);
	if (k->facts->direction == DIR_LOCAL)
		judge_local(k);
	/* a resolver is not to be blocked for what somebody asks it */
	if (k->decision.by_client)
		k->decision.scope = SCOPE_FLOW;
}

/* A message is told as a flow of its own; those between the same two have one number. */
static void as_flow(struct look *k, struct flow *f)
{
	const struct packet *p = &k->packet;
	const struct frame *fr = k->frame;
	struct {
		uint8_t src[16], dst[16];
		uint16_t sport, dport;
	} key = { .sport = p->sport, .dport = p->dport };

	memcpy(key.src, p->src, 16);
	memcpy(key.dst, p->dst, 16);
	*f = (struct flow){ .sport = p->sport, .dport = p->dport, .proto = p->proto,
			    .ttl = p->ttl, .packets = 1, .bytes = p->ip_len, .iif = fr->iif,
			    .oif = fr->oif, .start = k->wall, .seen = k->now, .flags = FLOW_DATA };
	memcpy(f->src, p->src, 16);
	memcpy(f->dst, p->dst, 16);
	memcpy(f->mac, fr->mac, sizeof f->mac);
	f->id = (siphash(k->in->conf.key, (struct slice){ (uint8_t *)&key, sizeof key }) & ID_MASK) | 1;
	if (fr->mark & inspect_mark(k->in, NFT_MARK_REPLY))
		f->flags |= FLOW_REPLY;
}

static bool is_query(const struct look *k)
{
	const struct packet *p = &k->packet;

	return p->proto == IPPROTO_UDP && p->dport == DNS_PORT && p->payload.n &&
	       (!k->in->inside_known || k->frame->hook == NF_INET_LOCAL_OUT ||
		inspect_is_inside(k->in, p->src));
}

/*
 * What is blocked for more than its question (an address, the port) is blocked as any flow is, and
 * so is what is no DNS.
 */
static bool take_query(struct look *k)
{
	struct flow f;

	as_flow(k, &f);
	k->flow = &f;
	inspect_facts(k);
	dissect_text_init(&k->in->text);
	if (dns_udp_dissect(k->facts, &k->in->text, k->packet.payload) == DISSECT_NOT_MINE)
		goto other;
	if (k->packet.truncated)
		k->facts->anomalies |= ANOM_TRUNCATED;
	dissect_settle(k->facts, true);
	inspect_dns_judge(k);
	if (blocks(&k->decision) && !k->decision.by_client)
		goto other;
	k->read = k->alone = true;
	inspect_tell(k);
	count(k->in->counts, k->decision.action);
	inspect_verdict(k, k->decision.action, false);
	k->flow = NULL;
	return true;
other:
	k->flow = NULL;
	memset(&k->own, 0, sizeof k->own);
	return false;
}

bool inspect_dns(struct look *k)
{
	const struct packet *p = &k->packet;

	if (!k->in->conf.dns || (p->proto != IPPROTO_UDP && p->proto != IPPROTO_TCP))
		return false;
	if (is_answer(k))
		take_answer(k);
	else if (!is_query(k) || !take_query(k))
		return false;
	k->in->counts->inspected++;
	return true;
}

/* --- what follows from it --- */

void inspect_resolved(struct look *k)
{
	const struct inspect *in = k->in;
	struct facts *f = k->facts;

	f->absent |= 1u << FACT_RESOLVED | 1u << FACT_DNS_NAME;
	if (!in->conf.dns || f->direction != DIR_OUT || special(f->dst))
		return;
	f->resolved = names_resolved(in->names, in->n_names, f->dns_name, &f->dns_name_len, f->dst,
				     k->now);
	if (f->resolved && f->dns_name_len)
		facts_know(f, FACT_DNS_NAME);
	if (f->resolved || (k->now >= in->conf.grace_until &&
			    names_host_seen(in->names, in->n_names, f->src, k->now, HOST_MS)))
		facts_know(f, FACT_RESOLVED);
}
