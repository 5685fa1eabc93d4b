/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inspect_path.h"

#include <netinet/in.h>
#include <string.h>

#include "agent/dissect/dns.h"

/*
 * DNS over TCP: one message after another, each judged when it is whole, whatever the segments are.
 * The flow stays undecided; between two messages it holds no probe and no time runs. What is not DNS
 * from the start of a message on goes the way of all flows. A blocked message ends its connection:
 * nothing behind it could arrive.
 */
enum { PART = STREAM_BYTES - DNS_WHOLE - 2 };
#define OF_ADDRESS (1u << FACT_RESOLVED | 1u << FACT_DNS_NAME)

static bool blocks(const struct look *k)
{
	return k->decision.action == ACTION_DROP || k->decision.action == ACTION_REJECT;
}

/* The next message begins with nothing known but of the addresses. */
static void forget(struct look *k)
{
	k->facts->known &= OF_ADDRESS;
	k->facts->absent &= OF_ADDRESS;
	k->facts->anomalies = 0;
	k->facts->app = APP_UNKNOWN;
	k->facts->query_len = 0;
	k->flow->anomalies = k->flow->told_anomalies = 0;
	k->flow->n_told = 0;
	k->read = false;
}

/* The place that the bytes now begin at; the flow and its stream agree. */
static void go_on_at(struct look *k, uint32_t n)
{
	struct stream *s = &k->flow->probe->stream;

	stream_skip(s, n);
	k->flow->isn = s->isn;
}

static void judge(struct look *k)
{
	struct event_counts *c = k->in->counts;

	dissect_settle(k->facts, true);
	inspect_dns_judge(k);
	k->read = true;
	inspect_tell(k);
	if (!blocks(k)) {
		*(k->decision.action == ACTION_MONITOR ? &c->monitored : &c->allowed) += 1;
		return;
	}
	*(k->decision.action == ACTION_DROP ? &c->dropped : &c->rejected) += 1;
	k->flow->decided = k->now;
	flow_decide(k->in->flows, k->flow, k->decision.action);
}

static uint32_t message_length(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint32_t n = cur_u16(&c);

	return 2 + n;
}

/* All whole messages that are there. NOT_MINE: what comes now is no DNS. */
static enum dissect_result read_messages(struct look *k)
{
	for (;;) {
		struct slice bytes = stream_bytes(&k->flow->probe->stream);

		if (!bytes.n)
			return DISSECT_DONE;
		dissect_text_init(&k->in->text);
		enum dissect_result r = dns_tcp_dissect(k->facts, &k->in->text, bytes);
		if (r == DISSECT_MORE || r == DISSECT_NOT_MINE)
			return r;
		uint32_t n = message_length(bytes);
		judge(k);
		if (blocks(k))
			return DISSECT_DONE;
		go_on_at(k, n);
		forget(k);
	}
}

/* As if the segment had not come: the ordinary way takes it in. */
static void undo(struct look *k, const struct stream_piece *had, uint32_t n, uint32_t isn)
{
	struct stream *s = &k->flow->probe->stream;

	if (s->isn != isn) {
		stream_init(s, s->isn);
		return;
	}
	memcpy(s->piece, had, n * sizeof had[0]);
	s->n_pieces = n;
}

/* Beyond all bounds: told, and read on behind this segment. */
static void give_up(struct look *k, uint32_t end)
{
	struct stream *s = &k->flow->probe->stream;

	k->facts->anomalies |= ANOM_BUDGET;
	k->decision = (struct decision){ .rule = RULE_NONE };
	inspect_tell(k);
	stream_init(s, end - 1);
	k->flow->isn = s->isn;
	forget(k);
}

/* The segment in parts that fit beside a message that is waited for. */
static enum dissect_result take_in(struct look *k, enum stream_result *pushed, uint32_t seq)
{
	struct cur c = cur_of(k->packet.payload);
	enum dissect_result r = DISSECT_MORE;

	*pushed = STREAM_OK;
	while (cur_left(&c) && r != DISSECT_NOT_MINE && !k->flow->action) {
		struct slice part = cur_take(&c, cur_left(&c) < PART ? cur_left(&c) : PART);
		enum stream_result one = stream_push(&k->flow->probe->stream, seq, part);

		seq += (uint32_t)part.n;
		if (one == STREAM_DIFFERS)
			k->facts->anomalies |= ANOM_OVERLAP;
		if (one != STREAM_OK && one != STREAM_OUTSIDE)
			*pushed = one;
		r = read_messages(k);
	}
	return r;
}

static bool read_segment(struct look *k)
{
	const struct packet *p = &k->packet;
	uint32_t seq = p->seq + (p->flags & PACKET_SYN ? 1 : 0);
	struct stream_piece had[STREAM_HOLES];
	enum stream_result pushed;

	if (!inspect_probe(k))
		return true;
	struct stream *s = &k->flow->probe->stream;
	uint32_t n = s->n_pieces, isn = s->isn;
	memcpy(had, s->piece, n * sizeof had[0]);
	if ((p->flags & PACKET_URG) && p->urgent)
		k->facts->anomalies |= ANOM_URGENT;
	if (p->truncated)
		k->facts->anomalies |= ANOM_TRUNCATED;
	if (take_in(k, &pushed, seq) == DISSECT_NOT_MINE) {
		undo(k, had, n, isn);
		return false;
	}
	if (k->flow->action)
		return true;
	if (pushed == STREAM_PIECES || pushed == STREAM_FULL)
		give_up(k, seq + (uint32_t)p->payload.n);
	k->flow->flags |= FLOW_DATA;
	if (stream_bytes(s).n || stream_gap(s))
		flow_arm(k->in->flows, k->flow, k->now + k->in->conf.time_ms);
	else
		flow_rest(k->in->flows, k->flow);
	return true;
}

/* Picked up after its beginning: the first segment seen is taken for the start of a message. */
static void pick_up(struct look *k)
{
	struct flow *f = k->flow;

	if (f->flags & (FLOW_SYN | FLOW_MIDSTREAM))
		return;
	f->flags |= FLOW_MIDSTREAM;
	if (k->packet.md5)
		f->flags |= FLOW_MD5;
	f->isn = k->packet.seq - 1;
}

bool inspect_dns_stream(struct look *k)
{
	const struct flow *f = k->flow;

	if (!k->in->conf.dns || f->proto != IPPROTO_TCP || f->dport != DNS_PORT ||
	    k->facts->direction == DIR_IN)
		return false;
	pick_up(k);
	if (inspect_payload(k))
		return read_segment(k);
	if (k->blind)
		return true;
	/* what an address or the port decides needs no message */
	inspect_dns_judge(k);
	return !blocks(k);
}
