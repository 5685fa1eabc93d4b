/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STREAM_H
#define STREAM_H

#include "agent/wire/cur.h"

/*
 * The first bytes of one TCP direction, in order, from the initial sequence number on
 * (RFC 9293 section 3.4). Takes segments in any order, again and overlapping; keeps the
 * first copy of each byte and compares every later one. Bounded: STREAM_BYTES of data,
 * STREAM_HOLES separate pieces.
 * It does not own memory: the caller's struct holds everything, nothing is allocated.
 */
enum { STREAM_BYTES = 16384 + 512, STREAM_HOLES = 32 };

/*
 * When several hold, the answer is the first of PIECES, DIFFERS, OUTSIDE, FULL. After all but
 * PIECES the part inside has been taken, so look at stream_bytes() again: the receiver takes
 * that part too.
 */
enum stream_result {
	STREAM_OK,	/* taken; stream_bytes() may have grown. Also for no bytes at all */
	STREAM_FULL,	/* bytes beyond STREAM_BYTES: those were not taken */
	STREAM_PIECES,	/* one separate piece too many: the segment was not taken */
	STREAM_DIFFERS, /* overlaps earlier bytes and differs: first copy kept, the rest taken */
	/*
	 * Bytes below byte 0, or the start over 2^30 above it, which no window allows (RFC 7323
	 * section 2.3): those were not taken. No honest sender does so (but a keep-alive on a
	 * flow without data repeats one byte at the ISN, RFC 9293 section 3.8.4): a decoy sign.
	 */
	STREAM_OUTSIDE,
};

struct stream_piece {
	uint32_t from, to; /* offsets from isn + 1, half open */
};

struct stream {
	uint32_t isn;	    /* sequence number of the SYN: byte 0 of the stream is isn + 1 */
	uint32_t n_pieces;  /* sorted, disjoint, not touching */
	struct stream_piece piece[STREAM_HOLES];
	uint8_t data[STREAM_BYTES];
};

void stream_init(struct stream *s, uint32_t isn);

/*
 * `seq` is the sequence number of the first byte of `bytes`; for data on a SYN that is one more
 * than the segment's own. Time is linear in bytes and pieces.
 */
enum stream_result stream_push(struct stream *s, uint32_t seq, struct slice bytes);

/* The contiguous bytes from byte 0; borrows the stream. They never change, they only grow. */
struct slice stream_bytes(const struct stream *s);

/* Byte n becomes byte 0: what is before it, taken or not, is gone. n < 2^30. */
void stream_skip(struct stream *s, uint32_t n);

/* True if bytes wait behind a hole. */
bool stream_gap(const struct stream *s);

#endif
