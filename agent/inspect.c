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
	UNREAD_MS = 1000,
	NOWHERE_PACKETS = 8,
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
		.dns = c->dns,
		.handshake = true,
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
uint32_t inspect_mark(const struct inspect *in, uint32_t bits)
{
	uint32_t mask = in->conf.mark_mask;

	return mask ? (bits >> __builtin_ctz(NFT_MARK_MASK)) << __builtin_ctz(mask) : 0;
}

void inspect_verdict(struct look *k, uint8_t action, bool mark)
{
	static const uint32_t bits[ACTION_N] = {
		[ACTION_ALLOW] = NFT_MARK_PASS,
		[ACTION_MONITOR] = NFT_MARK_PASS,
		[ACTION_DROP] = NFT_MARK_DROP,
		[ACTION_REJECT] = NFT_MARK_REJECT,
	};
	const struct inspect *in = k->in;
	struct verdict *v = k->verdict;
	uint32_t set = bits[action];

	if (!mark)
		set = action == ACTION_REJECT ? NFT_MARK_REJECT | NFT_MARK_ALONE : 0;
	v->id = k->frame->id;
	v->action = set ? action : ACTION_NONE;
	v->accept = mark || action != ACTION_DROP || in->conf.observe;
	v->mark = (k->frame->mark & ~in->conf.mark_mask) | inspect_mark(in, set);
}

/* What cannot be inspected follows the exception policy; to observe is to drop nothing. */
static void answer_blind(struct look *k)
{
	inspect_verdict(k, ACTION_NONE, true);
	k->verdict->accept = k->in->conf.fail_open || k->in->conf.observe;
}

bool inspect_is_inside(const struct inspect *in, const uint8_t addr[16])
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
	src = hook == NF_INET_LOCAL_OUT || inspect_is_inside(k->in, k->flow->src);
	dst = hook == NF_INET_LOCAL_IN || inspect_is_inside(k->in, k->flow->dst);
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
	inspect_resolved(k);
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

enum dissect_result inspect_dissect(struct look *k, struct slice bytes, struct slice before)
{
	struct probe *pr = k->flow->probe;
	uint32_t tried = pr ? pr->tried : 0;
	enum dissect_result r;

	dissect_text_init(&k->in->text);
	r = dissect(k->facts, &k->in->text, &tried, k->flow->proto, bytes, before);
	if (pr)
		pr->tried = tried;
	if (r == DISSECT_MORE)
		return r;
	if (r == DISSECT_NOT_MINE)
		guess(k->facts, bytes);
	dissect_settle(k->facts, true);
	k->read = r != DISSECT_NOT_MINE;
	return r;
}

void inspect_spent(struct look *k)
{
	bool said = k->flow->flags & FLOW_DATA;

	if (said && k->flow->probe)
		k->facts->anomalies |= ANOM_BUDGET;
	dissect_settle(k->facts, said);
	/* what an unfinished message has told */
	k->read = k->flow->probe && facts_state(k->facts, FACT_APP) == FACT_KNOWN;
}

/* What cannot be read belongs to no flow; it is told now and then, and always counted. */
static void tell_unread(struct look *k, enum packet_result why)
{
	struct inspect *in = k->in;
	struct flow f = { .proto = k->packet.proto, .packets = 1, .bytes = k->packet.ip_len,
			  .start = k->wall, .id = in->counts->blind_bad };

	if (in->unread_told && k->now - in->unread_told < UNREAD_MS)
		return;
	in->unread_told = k->now;
	memcpy(f.src, k->packet.src, sizeof f.src);
	memcpy(f.dst, k->packet.dst, sizeof f.dst);
	memcpy(f.mac, k->frame->mac, sizeof f.mac);
	f.iif = k->frame->iif;
	f.oif = k->frame->oif;
	k->flow = &f;
	inspect_facts(k);
	k->facts->anomalies |= why == PACKET_FRAGMENT ? ANOM_FRAGMENT : ANOM_HEADER;
	inspect_tell(k);
	k->flow = NULL;
}

static bool read_packet(struct look *k)
{
	enum packet_result r = packet_parse(&k->packet, k->frame->bytes);

	if (r == PACKET_OK)
		return true;
	k->in->counts->blind_bad++;
	tell_unread(k, r);
	return false;
}

static bool blocks(uint8_t action)
{
	return action == ACTION_DROP || action == ACTION_REJECT;
}

/* What came before the SYN was for nobody, if nobody has answered. */
static bool begins_anew(const struct look *k, const struct flow *f)
{
	return f->flags & FLOW_MIDSTREAM && !(f->flags & FLOW_REPLY) && f->action == ACTION_NONE &&
	       (k->packet.flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN;
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
	if (f && ((blocks(f->action) && fr->now - f->decided >= AGAIN_MS) || begins_anew(k, f)))
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
	if (fr->mark & inspect_mark(k->in, NFT_MARK_REPLY))
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
	       facts_state(k->facts, FACT_APP) == FACT_ABSENT && blocks(k->decision.action);
}

static void read_bytes(struct look *k)
{
	if (k->flow->proto == IPPROTO_TCP)
		inspect_tcp(k);
	else if (k->flow->proto == IPPROTO_UDP)
		inspect_udp(k);
	else if (k->flow->proto == IPPROTO_ICMP || k->flow->proto == IPPROTO_ICMPV6)
		inspect_icmp(k);
	else
		facts_settle(k->facts);
}

void inspect_judge(struct look *k)
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
	if (!blocks(k->decision.action) && inspect_udp_holds(k)) {
		k->flow->held = k->decision.action;
		flow_rest(k->in->flows, k->flow);
		flow_arm(k->in->flows, k->flow, k->now + k->in->conf.time_ms);
		return;
	}
	k->flow->decided = k->now;
	flow_decide(k->in->flows, k->flow, k->decision.action);
}

/*
 * From the middle of a connection that nobody has answered: it may be a decoy, sent before the SYN of a
 * connection on the same ports, and what is let go here would be let go there.
 */
static bool from_nowhere(const struct flow *f)
{
	return f->flags & FLOW_MIDSTREAM && !(f->flags & FLOW_REPLY) && f->packets < NOWHERE_PACKETS;
}

static void look_at_held(struct look *k)
{
	if (inspect_udp_held(k)) {
		inspect_tell(k);
		keep(k);
	} else if (!k->open && !inspect_udp_holds(k)) {
		k->flow->decided = k->now;
		flow_decide(k->in->flows, k->flow, k->flow->held);
	}
}

static void look_at(struct look *k)
{
	inspect_facts(k);
	if (k->flow->held) {
		look_at_held(k);
		return;
	}
	if (inspect_dns_stream(k))
		return;
	if (k->flow->proto == IPPROTO_TCP && !(k->flow->flags & FLOW_SYN))
		midstream(k);
	read_bytes(k);
	if (k->blind)
		return;
	inspect_judge(k);
	inspect_urgent(k);
	if ((k->open || from_nowhere(k->flow)) && !blocks(k->decision.action))
		k->decision.action = ACTION_NONE;
	inspect_tell(k);
	keep(k);
}

static void count_table(struct inspect *in)
{
	in->counts->table = flow_count(in->flows);
	in->counts->probes = flow_probes(in->flows);
	in->counts->memory = flow_memory(in->flows);
	in->counts->memory_max = flow_memory_max(in->flows);
}

static bool is_icmp(const struct look *k)
{
	return k->flow->proto == IPPROTO_ICMP || k->flow->proto == IPPROTO_ICMPV6;
}

/* An echo flow that was let through is not left alone: each message is judged. */
static void look_again(struct look *k)
{
	inspect_facts(k);
	inspect_icmp(k);
	inspect_judge(k);
	if (!blocks(k->decision.action))
		return;
	inspect_tell(k);
	keep(k);
}

void inspect_frame(struct inspect *in, struct verdict *v, const struct frame *fr)
{
	struct look k = { .in = in, .frame = fr, .verdict = v, .wall = fr->wall, .now = fr->now };

	in->counts->packets++;
	if (!read_packet(&k)) {
		answer_blind(&k);
		return;
	}
	if (inspect_dns(&k))
		return;
	if (!find_flow(&k)) {
		answer_blind(&k);
		return;
	}
	if (k.flow->action == ACTION_NONE)
		look_at(&k);
	else if (is_icmp(&k) && !blocks(k.flow->action))
		look_again(&k);
	if (k.blind) {
		in->counts->blind_flows++;
		answer_blind(&k);
	} else {
		in->counts->inspected++;
		inspect_verdict(&k, k.flow->action, !is_icmp(&k) || blocks(k.flow->action));
	}
	count_table(in);
}

/* Texts for the log are not kept with the flow: what it has said so far is read once more. */
static void read_texts(struct look *k)
{
	const struct slice none = { NULL, 0 };
	struct probe *pr = k->flow->probe;

	dissect_text_init(&k->in->text);
	if (pr && k->flow->proto == IPPROTO_TCP)
		dissect(k->facts, &k->in->text, &pr->tried, IPPROTO_TCP, stream_bytes(&pr->stream),
			none);
}

void inspect_tick(struct inspect *in, uint64_t wall, uint64_t now)
{
	struct flow *f;

	for (int i = 0; i < INSPECT_TICK && (f = flow_overdue(in->flows, now)); i++) {
		struct look k = { .in = in, .wall = wall, .now = now, .flow = f };

		if (f->held) {
			f->decided = now;
			flow_decide(in->flows, f, f->held);
			continue;
		}
		inspect_facts(&k);
		read_texts(&k);
		inspect_spent(&k);
		inspect_judge(&k);
		inspect_tell(&k);
		keep(&k);
		if (f->action == ACTION_NONE) /* with nothing pending a policy always decides */
			flow_decide(in->flows, f, ACTION_ALLOW);
	}
	flow_expire(in->flows, now);
	count_table(in);
}
