/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PIECES_H
#define PIECES_H

#include "agent/dissect/hello.h"

/*
 * A handshake message put together from pieces that come in any order and may overlap: QUIC CRYPTO
 * frames (RFC 9000 section 19.6), DTLS fragments (RFC 9147 section 5.5). Caller's storage, 16 KiB:
 * of functions that are not on the way of every packet.
 */
enum { PIECES_MAX = 64 }; /* apart from each other at one time; clients come to a dozen */

struct pieces {
	size_t n;
	struct {
		uint16_t from, to;
	} at[PIECES_MAX];	/* ascending, never touching each other */
	uint8_t b[HELLO_MAX];
};

enum pieces_result {
	PIECES_OK,
	PIECES_BOUND,		/* ends behind HELLO_MAX, or too many gaps */
	PIECES_DIFFER,		/* other bytes at a place that was filled before */
};

static inline void pieces_init(struct pieces *p)
{
	p->n = 0;
}

enum pieces_result pieces_put(struct pieces *p, size_t at, struct slice s);

/* What is there from the start without a gap; good as long as `p`. */
struct slice pieces_head(const struct pieces *p);

#endif
