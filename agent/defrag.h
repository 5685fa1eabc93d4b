/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DEFRAG_H
#define DEFRAG_H

#include "agent/wire/cur.h"

/*
 * Puts IP fragments together for a replay, as conntrack does before any rule (RFC 791 section 3.2,
 * RFC 8200 section 4.5). A datagram with overlapping fragments is given up whole (RFC 5722; Linux
 * does so for IPv4 too); an exact repetition is passed over. Bounded: DEFRAG_OPEN datagrams at a
 * time, the oldest gives way; each 30 s at most.
 */
enum { DEFRAG_OPEN = 64, DEFRAG_PIECES = 128, DEFRAG_BYTES = 65535 };

struct defrag;

struct defrag *defrag_new(void); /* NULL: no memory */
void defrag_free(struct defrag *d);

/*
 * `ip` from the IP header on. True with a whole packet in *out: `ip` itself if it is no fragment or
 * too broken to say, else the one it has completed, which lives in `d` until the next call.
 */
bool defrag_push(struct defrag *d, struct slice *out, struct slice ip, uint64_t now);

#endif
