/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GATE_H
#define GATE_H

#include "agent/source.h"
#include "agent/wire/packet.h"
#include "nft/nft.h"

/*
 * The kernel's half in software, for a replay: connection tracking as far as the rules look at it,
 * and the chains `gate`, `inspect` and `settle` of the table (nft.h, nft/rule.c) in their order,
 * with the sets. Hook forward. What conntrack calls invalid here: flags that no TCP has, a first
 * packet that begins nothing, ICMP that answers nothing; windows and checksums are not looked at.
 * Bounded: GATE_CONNS connections, GATE_ELEMS elements, the oldest gives way. Time is the frame's
 * `now`.
 */
enum { GATE_CONNS = 262144, GATE_ELEMS = 262144 };

struct gate;

/* Judges what the gate would queue: inspect_frame(). */
typedef void gate_judge(void *ctx, struct verdict *v, const struct frame *fr);

/* What became of a packet. */
struct gate_result {
	bool queued, dropped;
	bool fresh;		/* connection tracking calls it new */
	bool by_set;		/* it hit a drop set (observing: and went on) */
	bool by_mark;		/* its flow was decided so before */
	bool blocked;		/* dropped, or would be if the mode were enforce */
	uint8_t set;		/* enum nft_set; valid with by_set */
	uint8_t action;		/* of the verdict, if queued */
};

/*
 * `conf` as for the kernel; queue and log fields are ignored. Who is inside: n_inside 0 means
 * that whoever begins a flow is. Ranges are copied.
 */
struct gate *gate_new(const struct nft_conf *conf, const struct nft_range *inside, size_t n_inside,
		      const struct nft_range *allow, size_t n_allow);
void gate_free(struct gate *g);

/* `fr` is `p` before parsing; its mark is set here. */
void gate_packet(struct gate *g, struct gate_result *r, const struct packet *p, struct frame *fr,
		 gate_judge *judge, void *ctx);

/* As nft_apply(). */
void gate_apply(struct gate *g, const struct nft_elem *e, size_t n, uint64_t now);

const struct nft_counters *gate_counters(const struct gate *g);

#endif
