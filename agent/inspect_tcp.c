/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inspect_path.h"

/*
 * Bytes that the receiver will never take, sent past us to be read: the flow is marked, and they
 * are not read. A TTL counts as lowered when it is below the SYN's by more than a route changes,
 * and so low that the packet may end on the way.
 */
enum { TTL_SLACK = 2, TTL_LOW = 32, WINDOW_MAX = 1 << 30 };

static void second_syn(struct look *k)
{
	struct flow *f = k->flow;

	k->facts->anomalies |= ANOM_DECOY;
	if (f->flags & (FLOW_SYN2 | FLOW_DATA))
		return;
	f->isn2 = k->packet.seq;
	f->flags |= FLOW_SYN2;
}

/* Two SYNs differ: the connection is the one whose bytes come. */
static void choose_syn(struct look *k, uint32_t seq)
{
	struct flow *f = k->flow;

	if ((f->flags & (FLOW_SYN2 | FLOW_DATA)) != FLOW_SYN2)
		return;
	if (seq - (f->isn + 1) > WINDOW_MAX && seq - (f->isn2 + 1) <= WINDOW_MAX)
		f->isn = f->isn2;
}

/* Data comes on the first SYN or on none: who has seen one without takes no other. */
static bool late_syn_data(const struct flow *f)
{
	return f->flags & FLOW_SYN && f->packets > 1 && !(f->flags & FLOW_DATA);
}

/* Who has not heard of the server cannot have acknowledged its SYN, and would not be heard. */
static bool too_early(const struct look *k)
{
	return k->in->conf.handshake && !(k->packet.flags & PACKET_SYN) &&
	       (k->flow->flags & (FLOW_SYN | FLOW_REPLY)) == FLOW_SYN;
}

/* The sequence number behind what is there without a hole. */
static uint32_t stream_end(const struct flow *f)
{
	return f->isn + 1 + (f->probe ? (uint32_t)stream_bytes(&f->probe->stream).n : 0);
}

/*
 * New data with a timestamp of the past is dropped by its receiver (RFC 7323 section 5); Linux takes
 * what is older by one.
 */
static bool too_old(const struct look *k)
{
	const struct packet *p = &k->packet;
	const struct flow *f = k->flow;
	uint32_t end = p->seq + (uint32_t)p->payload.n;

	return (f->flags & FLOW_TIMES) && p->times && f->tsval - p->tsval - 2 < UINT32_MAX / 2 &&
	       end - stream_end(f) - 1 < WINDOW_MAX;
}

/* The receiver goes by the time of what continues its stream. */
static void note_time(struct look *k, uint32_t seq)
{
	const struct packet *p = &k->packet;
	struct flow *f = k->flow;

	if ((f->flags & FLOW_TIMES) && p->times && stream_end(f) - seq < WINDOW_MAX &&
	    p->tsval - f->tsval < UINT32_MAX / 2)
		f->tsval = p->tsval;
}

/* The receiver will not take it: an option that it does not know, or it ends on its way. */
static uint32_t dies(const struct flow *f, const struct packet *p)
{
	uint32_t odd = 0;

	if (p->md5 && !(f->flags & FLOW_MD5))
		odd |= ANOM_MD5;
	if (p->ttl + TTL_SLACK < f->ttl && p->ttl <= TTL_LOW)
		odd |= ANOM_TTL;
	return odd;
}

static bool decoy(struct look *k)
{
	const struct packet *p = &k->packet;
	const struct flow *f = k->flow;
	uint32_t odd = 0;

	odd |= dies(f, p);
	if (p->flags & PACKET_SYN ? p->seq != f->isn || late_syn_data(f) : !(p->flags & PACKET_ACK))
		odd |= ANOM_DECOY;
	if (too_early(k) || too_old(k))
		odd |= ANOM_DECOY;
	k->facts->anomalies |= odd;
	return odd || (p->flags & PACKET_RST);
}

/* A keep-alive repeats the byte before the stream (RFC 9293 section 3.8.4). */
static bool keep_alive(const struct look *k, uint32_t seq)
{
	return k->packet.payload.n == 1 && seq == k->flow->isn;
}

static uint32_t stream_anomaly(const struct look *k, enum stream_result r, uint32_t seq)
{
	if (r == STREAM_DIFFERS)
		return ANOM_OVERLAP;
	if (r == STREAM_OUTSIDE && !keep_alive(k, seq))
		return ANOM_DECOY;
	return 0;
}

static bool settled(const struct facts *f)
{
	return (f->known | f->absent) == (1u << FACT_N) - 1;
}

static void read_segment(struct look *k)
{
	const struct packet *p = &k->packet;
	uint32_t seq = p->seq + (p->flags & PACKET_SYN ? 1 : 0);
	const struct inspect_conf *c = &k->in->conf;
	enum stream_result r;
	const struct slice none = { NULL, 0 };
	struct slice bytes;
	size_t had;

	if (!inspect_probe(k))
		return;
	had = stream_bytes(&k->flow->probe->stream).n;
	note_time(k, seq);
	r = stream_push(&k->flow->probe->stream, seq, p->payload);
	bytes = stream_bytes(&k->flow->probe->stream);
	k->facts->anomalies |= stream_anomaly(k, r, seq);
	if ((p->flags & PACKET_URG) && p->urgent)
		inspect_urgent_note(k, seq);
	k->flow->flags |= FLOW_DATA;
	flow_arm(k->in->flows, k->flow, k->now + c->time_ms);
	if (bytes.n > had && !settled(k->facts) &&
	    inspect_dissect(k, bytes, none) != DISSECT_MORE)
		return;
	if (p->truncated)
		k->facts->anomalies |= ANOM_TRUNCATED;
	if (r == STREAM_PIECES || r == STREAM_FULL || bytes.n >= c->bytes)
		inspect_spent(k);
}

/* A server that speaks first is only seen in what the client acknowledges. */
static void read_ack(struct look *k)
{
	const struct packet *p = &k->packet;
	struct flow *f = k->flow;

	if ((p->flags & (PACKET_ACK | PACKET_RST | PACKET_SYN)) != PACKET_ACK || dies(f, p))
		return;
	if (!(f->flags & FLOW_ACK)) {
		f->first_ack = p->ack;
		f->flags |= FLOW_ACK;
		return;
	}
	uint32_t served = p->ack - f->first_ack;
	if (served == 0 || served > WINDOW_MAX)
		return;
	flow_arm(k->in->flows, f, k->now + k->in->conf.time_ms);
	if (served >= k->in->conf.bytes)
		inspect_spent(k);
}

bool inspect_payload(struct look *k)
{
	const struct packet *p = &k->packet;

	if ((p->flags & PACKET_SYN) && p->seq != k->flow->isn)
		second_syn(k);
	if (!p->payload.n || decoy(k))
		return false;
	choose_syn(k, p->seq + (p->flags & PACKET_SYN ? 1 : 0));
	return true;
}

void inspect_tcp(struct look *k)
{
	struct flow *f = k->flow;

	if (inspect_payload(k))
		read_segment(k);
	if (!k->blind)
		read_ack(k);
	/* acknowledgements alone are no attempt to say something: a client that waits may send many */
	if ((f->flags & FLOW_DATA && f->packets >= k->in->conf.packets) ||
	    (f->deadline && f->deadline <= k->now))
		inspect_spent(k);
}
