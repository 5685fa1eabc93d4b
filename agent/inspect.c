/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inspect_path.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>

#include "nft/nft.h"

enum {
	AGAIN_MS = 1000,	       /* a blocked flow that comes again is judged anew */
	UNDECIDED_MS = 10 * 60 * 1000, /* a client may keep a connection in store that long */
	DECIDED_MS = 30 * 1000,	       /* repeated packets of a decided flow get the same answer */
	PROBES_MIN = 64,	       /* flows that are being read at a time */
	PROBES_MAX = 4096,
};

struct inspect *inspect_new(const struct inspect_conf *c, inspect_emit *emit, void *ctx)
{
	struct flow_conf fc = {
		.flows = c->flows,
		.probes = c->probes,
		.per_source = c->per_source,
		.undecided_ms = UNDECIDED_MS,
		.decided_ms = DECIDED_MS,
	};
	struct inspect *in = calloc(1, sizeof *in);

	if (!in)
		return NULL;
	memcpy(fc.key, c->key, sizeof fc.key);
	in->flows = flow_table_new(&fc);
	if (!in->flows) {
		free(in);
		return NULL;
	}
	in->conf = *c;
	in->emit = emit;
	in->ctx = ctx;
	in->counts = &in->own_counts;
	return in;
}

void inspect_conf_of(struct inspect_conf *to, const struct config *c)
{
	uint32_t probes = c->limits.flows / 16;

	if (probes < PROBES_MIN)
		probes = PROBES_MIN;
	if (probes > PROBES_MAX)
		probes = PROBES_MAX;
	*to = (struct inspect_conf){
		.mark_mask = c->mark_mask,
		.bytes = c->limits.bytes,
		.packets = c->limits.packets,
		.time_ms = c->limits.time * 1000,
		.flows = c->limits.flows,
		.probes = probes,
		.per_source = c->limits.per_source,
		.observe = c->mode == MODE_OBSERVE,
		.fail_open = c->queue.fail_open,
	};
}

void inspect_free(struct inspect *in)
{
	if (!in)
		return;
	flow_table_free(in->flows);
	free(in);
}

void inspect_policy(struct inspect *in, const struct policy *p)
{
	in->policy = p;
}

void inspect_reconf(struct inspect *in, const struct inspect_conf *c)
{
	in->conf = *c;
	flow_per_source(in->flows, c->per_source);
}

void inspect_names(struct inspect *in, struct names *const *tables, size_t n, size_t own)
{
	in->n_names = n < INSPECT_TABLES ? n : INSPECT_TABLES;
	in->own = own;
	for (size_t i = 0; i < in->n_names; i++)
		in->names[i] = tables[i];
}

void inspect_inside(struct inspect *in, const struct inspect_net *nets, size_t n)
{
	in->n_inside = n < INSPECT_NETS ? n : INSPECT_NETS;
	for (size_t i = 0; i < in->n_inside; i++)
		in->inside[i] = nets[i];
	in->inside_known = true;
}

void inspect_counts(struct inspect *in, struct event_counts *where)
{
	in->counts = where;
}

/* Our bits of a packet mark, from their place in the default mask to the configured one. */
static uint32_t mark_bits(const struct inspect *in, uint32_t bits)
{
	uint32_t mask = in->conf.mark_mask;

	return mask ? (bits >> __builtin_ctz(NFT_MARK_MASK)) << __builtin_ctz(mask) : 0;
}

static void answer(struct verdict *v, const struct inspect *in, const struct frame *fr,
		   uint8_t action)
{
	static const uint32_t bits[ACTION_N] = {
		[ACTION_ALLOW] = NFT_MARK_PASS,
		[ACTION_MONITOR] = NFT_MARK_PASS,
		[ACTION_DROP] = NFT_MARK_DROP,
		[ACTION_REJECT] = NFT_MARK_REJECT,
	};

	v->id = fr->id;
	v->action = action;
	v->accept = 1;
	v->mark = (fr->mark & ~in->conf.mark_mask) | mark_bits(in, bits[action]);
}

/* What cannot be inspected follows the exception policy; to observe is to drop nothing. */
static void answer_blind(struct verdict *v, const struct inspect *in, const struct frame *fr)
{
	answer(v, in, fr, ACTION_NONE);
	v->accept = in->conf.fail_open || in->conf.observe;
}

static bool is_inside(const struct inspect *in, const uint8_t addr[16])
{
	for (size_t i = 0; i < in->n_inside; i++)
		if (memcmp(addr, in->inside[i].lo, 16) >= 0 &&
		    memcmp(addr, in->inside[i].hi, 16) <= 0)
			return true;
	return false;
}

static uint8_t direction(const struct look *k)
{
	uint8_t hook = k->frame ? k->frame->hook : NF_INET_FORWARD;
	bool src, dst;

	if (!k->in->inside_known)
		return DIR_OUT;
	src = hook == NF_INET_LOCAL_OUT || is_inside(k->in, k->flow->src);
	dst = hook == NF_INET_LOCAL_IN || is_inside(k->in, k->flow->dst);
	if (src && dst)
		return DIR_LOCAL;
	return dst ? DIR_IN : DIR_OUT;
}

void inspect_facts(struct look *k)
{
	const struct flow *f = k->flow;
	struct facts *facts = &k->own;

	if (f->probe) {
		k->facts = &f->probe->facts;
		k->facts->reply_seen = !!(f->flags & FLOW_REPLY);
		k->facts->anomalies |= f->anomalies;
		return;
	}
	memcpy(facts->src, f->src, sizeof facts->src);
	memcpy(facts->dst, f->dst, sizeof facts->dst);
	memcpy(facts->mac, f->mac, sizeof facts->mac);
	facts->sport = f->sport;
	facts->dport = f->dport;
	facts->proto = f->proto;
	facts->iif = f->iif;
	facts->oif = f->oif;
	facts->anomalies = f->anomalies;
	facts->reply_seen = !!(f->flags & FLOW_REPLY);
	facts->direction = direction(k);
	k->facts = facts;
}

bool inspect_probe(struct look *k)
{
	bool had = k->flow->probe;
	enum flow_why why;
	struct probe *pr = flow_probe(k->in->flows, &why, k->flow);

	if (!pr) {
		k->blind = true;
		return false;
	}
	if (!had)
		pr->facts = *k->facts;
	k->facts = &pr->facts;
	return true;
}

enum dissect_result inspect_dissect(struct look *k, struct slice bytes)
{
	struct probe *pr = k->flow->probe;
	uint32_t tried = pr ? pr->tried : 0;
	enum dissect_result r;

	k->in->text.ja3_len = 0;
	r = dissect(k->facts, &k->in->text, &tried, k->flow->proto, bytes);
	if (pr)
		pr->tried = tried;
	if (r == DISSECT_MORE)
		return r;
	facts_settle(k->facts);
	/* a broken hello may still have said whom it asks for */
	k->hello = k->facts->app == APP_TLS &&
		   (r == DISSECT_DONE || facts_state(k->facts, FACT_SNI) == FACT_KNOWN);
	return r;
}

void inspect_spent(struct look *k)
{
	if (k->flow->flags & FLOW_DATA)
		k->facts->anomalies |= ANOM_BUDGET;
	facts_settle(k->facts);
}

static bool read_packet(struct look *k)
{
	if (packet_parse(&k->packet, k->frame->bytes) == PACKET_OK)
		return true;
	k->in->counts->blind_bad++;
	return false;
}

static bool blocked(const struct flow *f)
{
	return f->action == ACTION_DROP || f->action == ACTION_REJECT;
}

static bool find_flow(struct look *k)
{
	const struct frame *fr = k->frame;
	enum flow_why why;
	struct flow *f = flow_find(k->in->flows, &k->packet);

	/*
	 * The kernel remembers blocked flows itself: that one comes here again later means that it was
	 * told to forget (a reload, an operator), and so does this table.
	 */
	if (f && blocked(f) && fr->now - f->decided >= AGAIN_MS)
		flow_forget(k->in->flows, f);
	f = flow_get(k->in->flows, &why, &k->packet, fr->wall, fr->now);
	if (!f) {
		k->in->counts->blind_flows++;
		return false;
	}
	if (f->flags & FLOW_FRESH) {
		k->in->counts->flows++;
		f->iif = fr->iif;
		f->oif = fr->oif;
		memcpy(f->mac, fr->mac, sizeof f->mac);
	}
	if (fr->mark & mark_bits(k->in, NFT_MARK_REPLY))
		f->flags |= FLOW_REPLY;
	k->flow = f;
	return true;
}

/*
 * Picked up after its beginning: it ran before the agent, or its entry was given up (a worker died,
 * a source had too many flows). What comes first is read as if it were the beginning, or making us
 * forget a flow would be a way past every rule.
 */
static void midstream(struct look *k)
{
	struct flow *f = k->flow;

	k->facts->anomalies |= ANOM_MIDSTREAM;
	if (f->flags & FLOW_MIDSTREAM)
		return;
	f->flags |= FLOW_MIDSTREAM;
	if (k->packet.md5)
		f->flags |= FLOW_MD5;
	f->isn = k->packet.seq - 1;
	k->in->counts->midstream++;
}

/* What ran when the agent started goes on, unless it says something that policy knows. */
static bool spared(const struct look *k)
{
	return k->flow->flags & FLOW_MIDSTREAM && k->now < k->in->conf.grace_until &&
	       facts_state(k->facts, FACT_APP) == FACT_ABSENT &&
	       (k->decision.action == ACTION_DROP || k->decision.action == ACTION_REJECT);
}

/* Each datagram by itself; several only if a dissector asks for more. */
static void read_datagram(struct look *k)
{
	k->flow->flags |= FLOW_DATA;
	if (inspect_dissect(k, k->packet.payload) != DISSECT_MORE)
		return;
	if (k->packet.truncated)
		k->facts->anomalies |= ANOM_TRUNCATED;
	if (!inspect_probe(k))
		return;
	flow_arm(k->in->flows, k->flow, k->now + k->in->conf.time_ms);
	if (k->flow->packets >= k->in->conf.packets || k->flow->bytes >= k->in->conf.bytes)
		inspect_spent(k);
}

static void read_bytes(struct look *k)
{
	if (k->flow->proto == IPPROTO_TCP)
		inspect_tcp(k);
	else if (k->flow->proto == IPPROTO_UDP)
		read_datagram(k);
	else
		facts_settle(k->facts);
}

static void judge(struct look *k)
{
	policy_judge(&k->decision, k->in->policy, k->facts);
	if (spared(k))
		k->decision = (struct decision){
			.action = ACTION_ALLOW,
			.scope = SCOPE_FLOW,
			.rule = RULE_NONE,
			.ev.list = DECISION_NO_LIST,
		};
}

static void keep(struct look *k)
{
	struct event_counts *c = k->in->counts;

	switch (k->decision.action) {
	case ACTION_ALLOW:
		c->allowed++;
		break;
	case ACTION_MONITOR:
		c->monitored++;
		break;
	case ACTION_DROP:
		c->dropped++;
		break;
	case ACTION_REJECT:
		c->rejected++;
		break;
	default:
		c->undecided++;
		return;
	}
	k->flow->decided = k->now;
	flow_decide(k->in->flows, k->flow, k->decision.action);
}

static void look_at(struct look *k)
{
	inspect_facts(k);
	if (k->flow->proto == IPPROTO_TCP && !(k->flow->flags & FLOW_SYN))
		midstream(k);
	read_bytes(k);
	if (k->blind)
		return;
	judge(k);
	inspect_tell(k);
	keep(k);
}

void inspect_frame(struct inspect *in, struct verdict *v, const struct frame *fr)
{
	struct look k = { .in = in, .frame = fr, .wall = fr->wall, .now = fr->now };

	in->counts->packets++;
	if (!read_packet(&k) || !find_flow(&k)) {
		answer_blind(v, in, fr);
		return;
	}
	if (k.flow->action == ACTION_NONE)
		look_at(&k);
	if (k.blind) {
		in->counts->blind_flows++;
		answer_blind(v, in, fr);
	} else {
		in->counts->inspected++;
		answer(v, in, fr, k.flow->action);
	}
	in->counts->table = flow_count(in->flows);
}

void inspect_tick(struct inspect *in, uint64_t wall, uint64_t now)
{
	struct flow *f;

	for (int i = 0; i < INSPECT_TICK && (f = flow_overdue(in->flows, now)); i++) {
		struct look k = { .in = in, .wall = wall, .now = now, .flow = f };

		inspect_facts(&k);
		inspect_spent(&k);
		judge(&k);
		inspect_tell(&k);
		keep(&k);
		if (f->action == ACTION_NONE) /* with nothing pending a policy always decides */
			flow_decide(in->flows, f, ACTION_ALLOW);
	}
	flow_expire(in->flows, now);
	in->counts->table = flow_count(in->flows);
}
