/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef INSPECT_PATH_H
#define INSPECT_PATH_H

#include "agent/flow/flow.h"
#include "agent/inspect.h"

/* Shared by the inspect*.c files alone: the inspector, and one look at one packet. */
struct inspect {
	struct inspect_conf conf;
	inspect_emit *emit;
	void *ctx;
	const struct policy *policy;
	struct flow_table *flows;
	struct names *names[INSPECT_TABLES];
	size_t n_names, own;
	struct inspect_net inside[INSPECT_NETS];
	size_t n_inside;
	bool inside_known;
	struct event_counts own_counts, *counts;
	uint64_t unread_told; /* ms: when a packet that cannot be read was last told */
	struct dissect_text text;
	struct event event;
};

struct look {
	struct inspect *in;
	uint64_t wall, now;
	const struct frame *frame; /* NULL: only time has passed */
	struct verdict *verdict;   /* of that frame */
	struct packet packet;	   /* version 0 then */
	struct flow *flow;
	struct facts *facts;	   /* of the flow's probe, or `own` */
	struct facts own;
	struct decision decision;
	bool alone;		   /* the verdict is for this message, its flow has none */
	bool blind;		   /* no room to inspect this packet: exception policy */
	bool read;		   /* in->text and the facts are of a first message just read */
	/*
	 * Nothing was recognised, and the flow could still say something else: a block stands, all
	 * else is left open.
	 */
	bool open;
};

/* What a flow's own facts are before a byte is read; into k->facts. */
void inspect_facts(struct look *k);
/* A probe for the flow, its facts in k->facts; false: none left, k->blind is set. */
bool inspect_probe(struct look *k);
/*
 * The bytes so far to the dissectors (`before`: as in dissect()); everything is settled unless more
 * bytes may help.
 */
enum dissect_result inspect_dissect(struct look *k, struct slice bytes, struct slice before);
/* The inspection budget is spent: what is not known will not be. */
void inspect_spent(struct look *k);
/* k->facts to the policy, into k->decision. */
void inspect_judge(struct look *k);
/*
 * Fills in k->verdict. `mark`: the flow carries the verdict from now on (and what blocks acts by
 * it); else it is for this packet alone: an allow leaves the flow undecided, a drop is a drop here,
 * a reject tells the kernel so.
 */
void inspect_verdict(struct look *k, uint8_t action, bool mark);

/* Our bits of a packet mark, from their place in the default mask to the configured one. */
uint32_t inspect_mark(const struct inspect *in, uint32_t bits);
/* Is the address in one of the inside nets? */
bool inspect_is_inside(const struct inspect *in, const uint8_t addr[16]);

/* inspect_tcp.c: are there bytes in the segment that the receiver will take? */
bool inspect_payload(struct look *k);
/* inspect_tcp.c: a segment of an undecided flow, whose isn is known or was assumed. */
void inspect_tcp(struct look *k);

/* inspect_urgent.c: takes note of an urgent byte of a segment that begins at `seq`. */
void inspect_urgent_note(struct look *k, uint32_t seq);
/* inspect_urgent.c: after the judgement: judges the bytes without the urgent ones, too. */
void inspect_urgent(struct look *k);

/* inspect_udp.c: a datagram of an undecided flow; an ICMP message. */
void inspect_udp(struct look *k);
/*
 * inspect_udp.c: a flow of datagrams that is not to be let go yet, though its first ones are judged:
 * the client may have sent them for us alone.
 */
bool inspect_udp_holds(const struct look *k);
/* inspect_udp.c: a later datagram of a flow that is held. True: it is blocked for what it says. */
bool inspect_udp_held(struct look *k);
void inspect_icmp(struct look *k);

/*
 * inspect_dns.c: true if the packet is a DNS message that was dealt with by itself, k->verdict and
 * the counters included; false: it goes the way of all packets.
 */
bool inspect_dns(struct look *k);
/*
 * inspect_dns_tcp.c: true if the packet of an undecided flow, whose facts are there, belongs to a
 * stream of DNS messages and was dealt with: the flow is blocked, or stays undecided for the next.
 */
bool inspect_dns_stream(struct look *k);
/* inspect_dns.c: the query in k->facts to the policy, into k->decision, and told. */
void inspect_dns_judge(struct look *k);
/* inspect_dns.c: FACT_RESOLVED and FACT_DNS_NAME into k->facts, as far as they can be said. */
void inspect_resolved(struct look *k);

/* inspect_tell.c: says what is new about the flow, in one event, or nothing. */
void inspect_tell(struct look *k);

#endif
