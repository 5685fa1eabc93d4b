/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRACK_H
#define TRACK_H

#include "agent/wire/packet.h"

/* Connection tracking for the software gate (gate.h says how much of it). */
struct track;

struct conn {
	uint8_t src[16], dst[16]; /* original direction */
	uint16_t sport, dport;
	uint8_t proto;
	bool replied;		/* the reply direction has been seen */
	bool confirmed;		/* its first packet was not dropped */
	uint8_t closed;		/* TCP: bits 1, 2 = FIN of original, reply; 4 = RST */
	uint32_t mark;
	uint32_t packets;	/* original direction */
	uint64_t seen;		/* ms */
	struct conn *next;
	struct conn *older, *newer;
};

enum track_state {
	TRACK_NEW,
	TRACK_ESTABLISHED,
	TRACK_RELATED,	 /* an ICMP error about some flow */
	TRACK_INVALID,
	TRACK_UNTRACKED, /* neighbour discovery and the like */
};

struct track *track_new(uint32_t max); /* NULL: no memory */
void track_free(struct track *t);

/*
 * The packet's connection, made if it begins one, in *c (NULL unless NEW or ESTABLISHED) and
 * whether it travels in reply direction. *c is good until the next call.
 */
enum track_state track_packet(struct track *t, struct conn **c, bool *reply,
			      const struct packet *p, uint64_t now);
/* The packet was dropped: a connection that is not confirmed is forgotten. */
void track_dropped(struct track *t, struct conn *c);

#endif
