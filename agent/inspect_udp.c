/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inspect_path.h"

#include <netinet/in.h>

/*
 * OPEN: a datagram that nobody recognises, or that may not live to reach its end (no system begins
 * with so low a TTL), does not end the search while the other side is silent: a client could send
 * what its server never reads, and then what it wants to hide.
 */
enum { OPEN_PACKETS = 8, TTL_LOW = 16, LENGTH = 2 };
enum { STREAM_PACKETS = 32, PING_US = 200000 };

/* Kept for those that come, behind its length. False: there is no room. */
static bool keep(struct stream *s, struct slice datagram)
{
	uint8_t n[LENGTH] = { (uint8_t)(datagram.n >> 8), (uint8_t)datagram.n };
	uint32_t end = s->isn + 1 + (uint32_t)stream_bytes(s).n;

	return stream_bytes(s).n + LENGTH + datagram.n <= STREAM_BYTES &&
	       stream_push(s, end, (struct slice){ n, LENGTH }) == STREAM_OK &&
	       stream_push(s, end + LENGTH, datagram) == STREAM_OK;
}

static bool may_say_more(const struct look *k)
{
	return !(k->flow->flags & FLOW_REPLY) && k->flow->packets < OPEN_PACKETS;
}

bool inspect_udp_holds(const struct look *k)
{
	return k->flow->proto == IPPROTO_UDP && k->frame && may_say_more(k) &&
	       policy_needs_payload(k->in->policy);
}

/*
 * What the newest datagram says by itself, or behind those in `before`, whoever claimed the flow's
 * first: it counts if it is recognised, and blocked for it. Apart for its stack.
 */
static __attribute__((noinline)) bool blocked_behind(struct look *k, enum dissect_result *said,
						     struct slice before)
{
	struct look other = { .in = k->in, .flow = k->flow, .frame = k->frame,
			      .wall = k->wall, .now = k->now };
	struct probe *pr = k->flow->probe;
	uint32_t tried = 0;
	enum dissect_result r;

	k->flow->probe = NULL; /* facts as they are before a byte is read */
	inspect_facts(&other);
	k->flow->probe = pr;
	dissect_text_init(&k->in->text);
	r = dissect(&other.own, &k->in->text, &tried, k->flow->proto, k->packet.payload, before);
	*said = r;
	if (r != DISSECT_DONE && r != DISSECT_BAD)
		return false;
	dissect_settle(&other.own, true);
	inspect_judge(&other);
	if (other.decision.action != ACTION_DROP && other.decision.action != ACTION_REJECT)
		return false;
	*k->facts = other.own;
	k->decision = other.decision;
	k->read = true;
	return true;
}

static bool blocked_alone(struct look *k)
{
	const struct slice none = { NULL, 0 };
	enum dissect_result r;

	return blocked_behind(k, &r, none);
}

/* Of a message over several datagrams all are kept, and the flow is held until it is whole. */
bool inspect_udp_held(struct look *k)
{
	struct probe *pr = k->flow->probe;
	struct slice before = { NULL, 0 };
	enum dissect_result r;

	if (pr)
		before = stream_bytes(&pr->stream);
	if ((pr && blocked_alone(k)) || blocked_behind(k, &r, before))
		return true;
	if (r != DISSECT_MORE)
		return false;
	k->open = inspect_probe(k) && keep(&k->flow->probe->stream, k->packet.payload) &&
		  k->flow->packets < k->in->conf.packets;
	k->blind = false; /* no room: as if it had not said so much */
	return false;
}

void inspect_udp(struct look *k)
{
	const struct inspect_conf *c = &k->in->conf;
	struct probe *pr = k->flow->probe;
	struct slice before = { NULL, 0 };
	enum dissect_result r;

	if (pr)
		before = stream_bytes(&pr->stream);
	k->flow->flags |= FLOW_DATA;
	r = inspect_dissect(k, k->packet.payload, before);
	if (r != DISSECT_NOT_MINE && k->packet.ttl <= TTL_LOW)
		k->facts->anomalies |= ANOM_TTL;
	if (!pr && may_say_more(k) &&
	    (r == DISSECT_NOT_MINE || (r != DISSECT_MORE && k->facts->anomalies & ANOM_TTL))) {
		k->open = true;
		flow_arm(k->in->flows, k->flow, k->now + c->time_ms);
	}
	if (r == DISSECT_NOT_MINE && k->flow->packets >= OPEN_PACKETS && !(k->flow->flags & FLOW_REPLY))
		k->facts->anomalies |= ANOM_BUDGET; /* it may be a screen for what follows */
	if (r != DISSECT_MORE || (pr && blocked_alone(k)))
		return;
	if (k->packet.truncated)
		k->facts->anomalies |= ANOM_TRUNCATED;
	if (!inspect_probe(k))
		return;
	flow_arm(k->in->flows, k->flow, k->now + c->time_ms);
	if (!keep(&k->flow->probe->stream, k->packet.payload) ||
	    k->flow->packets >= c->packets || k->flow->bytes >= c->bytes)
		inspect_spent(k);
}

/*
 * Echo requests are judged one by one, and no flow of them is ever let go: it may become a tunnel.
 * A ping is slow; what goes on fast for long is a stream.
 */
void inspect_icmp(struct look *k)
{
	const struct slice none = { NULL, 0 };
	uint64_t us = k->wall > k->flow->start ? k->wall - k->flow->start : 0;

	if (k->flow->packets >= STREAM_PACKETS && us < (uint64_t)k->flow->packets * PING_US)
		k->facts->anomalies |= ANOM_ICMP_DATA;
	inspect_dissect(k, k->packet.payload, none);
}
