/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "agent/inspect_path.h"

/*
 * Urgent data (RFC 9293 section 3.8.5) reads two ways: most receivers take the byte before the
 * pointer out of the stream (Linux does unless SO_OOBINLINE is set), some leave it in. Both readings
 * are judged, and the one that is blocked stands.
 */
void inspect_urgent_note(struct look *k, uint32_t seq)
{
	struct probe *pr = k->flow->probe;
	uint32_t at = seq + k->packet.urgent - 1u - (pr->stream.isn + 1);

	k->facts->anomalies |= ANOM_URGENT;
	if (at >= STREAM_BYTES)
		return;
	for (unsigned int i = 0; i < pr->n_urgent; i++)
		if (pr->urgent[i] == at)
			return;
	if (pr->n_urgent < FLOW_URGENT)
		pr->urgent[pr->n_urgent++] = (uint16_t)at;
}

static bool taken_out(const struct probe *pr, size_t at)
{
	for (unsigned int i = 0; i < pr->n_urgent; i++)
		if (pr->urgent[i] == at)
			return true;
	return false;
}

/* The stream as most receivers see it. */
static size_t other_bytes(uint8_t to[STREAM_BYTES], const struct probe *pr)
{
	struct cur c = cur_of(stream_bytes(&pr->stream));
	size_t n = 0;

	for (size_t at = 0; cur_left(&c); at++) {
		uint8_t b = cur_u8(&c);

		if (!taken_out(pr, at))
			to[n++] = b;
	}
	return n;
}

static bool spent(const struct look *k)
{
	const struct inspect_conf *c = &k->in->conf;
	const struct flow *f = k->flow;

	return !k->frame || f->packets >= c->packets || (f->deadline && f->deadline <= k->now) ||
	       stream_bytes(&f->probe->stream).n >= c->bytes;
}

/* Apart for its stack: this is rare. */
static __attribute__((noinline)) void read_other(struct look *k)
{
	const struct slice none = { NULL, 0 };
	struct probe *pr = k->flow->probe;
	uint8_t bytes[STREAM_BYTES];
	struct look other = { .in = k->in, .flow = k->flow, .frame = k->frame,
			      .wall = k->wall, .now = k->now };
	uint32_t tried = 0;
	enum dissect_result r;

	k->flow->probe = NULL; /* facts as they are before a byte is read */
	inspect_facts(&other);
	k->flow->probe = pr;
	other.own.anomalies |= k->facts->anomalies;
	dissect_text_init(&k->in->text);
	r = dissect(&other.own, &k->in->text, &tried, k->flow->proto,
		    (struct slice){ bytes, other_bytes(bytes, pr) }, none);
	if (r != DISSECT_MORE || spent(k))
		dissect_settle(&other.own, true);
	inspect_judge(&other);
	if (other.decision.action == ACTION_NONE)
		k->decision.action = ACTION_NONE; /* the other reading may still be blocked */
	if (other.decision.action != ACTION_DROP && other.decision.action != ACTION_REJECT)
		return;
	k->decision = other.decision;
	*k->facts = other.own;
	k->read = facts_state(k->facts, FACT_APP) == FACT_KNOWN;
}

void inspect_urgent(struct look *k)
{
	const struct probe *pr = k->flow->probe;

	if (pr && pr->n_urgent && k->decision.action != ACTION_DROP &&
	    k->decision.action != ACTION_REJECT)
		read_other(k);
}
