/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef REPLAY_PRINT_H
#define REPLAY_PRINT_H

#include <stdio.h>

#include "agent/enforce.h"
#include "agent/gate.h"

/*
 * What a replay tells people: a line for each decided flow, hit or anomaly,
 *   TIME WHAT PROTO SRC:PORT > DST:PORT key=value ...
 * with hostile bytes as \xNN.
 */
void replay_print_event(FILE *to, const struct event *ev, const struct outcome *oc);
/* A new flow that a drop set stopped without asking. */
void replay_print_blocked(FILE *to, const struct packet *p, uint64_t wall, enum nft_set set,
			  bool observe);
void replay_print_entry(FILE *to, const struct enforce_entry *en);
void replay_print_sum(FILE *to, const struct event_counts *c, const struct nft_counters *n,
		      uint64_t frames);

#endif
