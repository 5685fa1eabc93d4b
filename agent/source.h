/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_H
#define SOURCE_H

#include "agent/wire/cur.h"

/*
 * One packet as it comes from a source (the kernel's queue, or a capture), before anything
 * has read it. Borrows the source's receive buffer until the next receive.
 * `wall` is microseconds since 1970 (log records), `now` milliseconds of a clock that never
 * jumps (timeouts); a replay derives both from the capture.
 */
struct frame {
	uint32_t id;		/* packet id of the queue, host byte order */
	uint32_t mark;		/* packet mark as it came */
	uint32_t iif, oif;	/* interface indexes; 0 = none */
	uint32_t orig_len;	/* length before truncation (= bytes.n if it is whole) */
	uint8_t hook;		/* NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT */
	uint8_t mac[6];		/* source MAC; all zero = unknown */
	uint64_t wall, now;
	struct slice bytes;	/* from the IP header on */
};

/* The answer to a frame: what goes back to the kernel. */
struct verdict {
	uint32_t id;
	uint32_t mark;	/* whole new packet mark: foreign bits kept, ours set */
	uint8_t accept;	/* 1 accept (the verdict proper is in the mark), 0 drop */
	uint8_t action;	/* enum action: what the mark says; ACTION_NONE = undecided */
};

#endif
