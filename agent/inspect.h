/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef INSPECT_H
#define INSPECT_H

#include "agent/event.h"
#include "agent/flow/names.h"
#include "agent/source.h"
#include "policy/policy.h"

/*
 * The path of a packet, from a frame to a verdict, one call per stage: packet, flow, stream,
 * dissect, judge. No socket, no clock, no process here: the worker feeds it from the kernel's
 * queue, the replay from a capture. Allocates in inspect_new() only.
 */
struct inspect;

/* INSPECT_GRACE_MS: flows that ran before the start of the agent are spared so long. */
enum { INSPECT_NETS = 128, INSPECT_TABLES = 64, INSPECT_TICK = 256, INSPECT_GRACE_MS = 600000 };

struct inspect_net {
	uint8_t lo[16], hi[16]; /* inclusive, v4-mapped */
};

struct inspect_conf {
	uint32_t mark_mask;	 /* nft.h: 3 contiguous bits */
	uint32_t bytes, packets; /* inspection budget of a flow */
	uint32_t time_ms;
	uint32_t flows, probes, per_source;
	bool observe;
	bool dns;		 /* DNS is judged message by message */
	bool handshake;		 /* no data counts before the SYN was answered; false: that may be unseen */
	uint64_t grace_until;	 /* now-clock, ms: until then what ran before the start is spared */
	bool fail_open;		 /* what cannot be inspected passes, else it is dropped */
	uint8_t worker;
	uint8_t key[16];	 /* random */
};

/* What a config asks for; worker and key are left zero. */
void inspect_conf_of(struct inspect_conf *to, const struct config *c);

/* Called for every event; the struct is the inspector's and good until it returns. */
typedef void inspect_emit(void *ctx, const struct event *ev);

struct inspect *inspect_new(const struct inspect_conf *c, inspect_emit *emit, void *ctx);
void inspect_free(struct inspect *in);

/* The next packet is judged by `p`. Must be called before the first packet. */
void inspect_policy(struct inspect *in, const struct policy *p);
/* Changes budgets and modes (not table sizes). */
void inspect_reconf(struct inspect *in, const struct inspect_conf *c);
/* Names tables: [own] is written, all are read. */
void inspect_names(struct inspect *in, struct names *const *tables, size_t n, size_t own);
/* Which nets are inside; direction is unknown (taken as out) until this was called. */
void inspect_inside(struct inspect *in, const struct inspect_net *nets, size_t n);

/* Judges one frame. Always fills in `v`. */
void inspect_frame(struct inspect *in, struct verdict *v, const struct frame *fr);

/*
 * Time goes on without packets: flows whose budget in time is spent are judged and told, at most
 * INSPECT_TICK in one call. A flow's time begins with the first data of either side.
 */
void inspect_tick(struct inspect *in, uint64_t wall, uint64_t now);

/* Counters, written in place by the inspector; may be moved into shared memory. */
void inspect_counts(struct inspect *in, struct event_counts *where);

#endif
