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
	struct dissect_text text;
	struct event event;
};

struct look {
	struct inspect *in;
	uint64_t wall, now;
	const struct frame *frame; /* NULL: only time has passed */
	struct packet packet;	   /* version 0 then */
	struct flow *flow;
	struct facts *facts;	   /* of the flow's probe, or `own` */
	struct facts own;
	struct decision decision;
	bool blind;		   /* no room to inspect this packet: exception policy */
	bool hello;		   /* in->text and the facts are of a hello just read */
};

/* What a flow's own facts are before a byte is read; into k->facts. */
void inspect_facts(struct look *k);
/* A probe for the flow, its facts in k->facts; false: none left, k->blind is set. */
bool inspect_probe(struct look *k);
/* The bytes so far to the dissectors; everything is settled unless more bytes may help. */
enum dissect_result inspect_dissect(struct look *k, struct slice bytes);
/* The inspection budget is spent: what is not known will not be. */
void inspect_spent(struct look *k);

/* inspect_tcp.c: a segment of an undecided flow, whose isn is known or was assumed. */
void inspect_tcp(struct look *k);

/* inspect_tell.c: says what is new about the flow, in one event, or nothing. */
void inspect_tell(struct look *k);

#endif
