/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUIC_H
#define QUIC_H

#include "agent/dissect/pieces.h"

/*
 * A client's QUIC Initial packets: header (RFC 9000 section 17.2), keys and protection (RFC 9001
 * section 5), what version 2 changes (RFC 9369 section 3). Shared by the quic*.c files.
 */
enum { QUIC_CID_MAX = 20, QUIC_TAG = 16 };

/* What differs between the versions that can be looked into. */
struct quic_suite {
	uint8_t salt[20];
	const char *key, *iv, *hp; /* HKDF labels */
	uint8_t type_bits;	   /* added to a packet type */
};
/* NULL: this version cannot be looked into. */
const struct quic_suite *quic_suite(uint32_t version);

struct quic_keys {
	uint8_t key[16], iv[12], hp[16];
};
/* Of the client, from the destination connection id of its first Initial. */
void quic_client_keys(struct quic_keys *k, const struct quic_suite *s, struct slice dcid);

/* The part of a long header that all versions share (RFC 8999 section 5.1). */
struct quic_head {
	uint8_t first;
	uint32_t version;
	struct slice dcid, scid;
};
/* False: no long header; connection ids may be longer than versions 1 and 2 allow. */
bool quic_head(struct quic_head *h, struct cur *c);

enum quic_type { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY };

struct quic_packet {
	const struct quic_suite *suite;
	struct quic_head head;
	enum quic_type type;
	struct slice whole; /* from the first byte to where Length says that it ends */
	size_t number_at;   /* offset of the packet number in it */
};
/* The next long header packet of a datagram, of a known version and well formed. */
bool quic_next(struct quic_packet *p, struct cur *c);

/* A variable-length integer (RFC 9000 section 16). */
static inline uint64_t quic_int(struct cur *c)
{
	uint8_t b = cur_u8(c);
	uint64_t v = b & 0x3f;

	switch (b >> 6) {
	case 0:
		return v;
	case 1:
		return v << 8 | cur_u8(c);
	case 2:
		return v << 24 | cur_u24(c);
	default:
		v = v << 24 | cur_u24(c);
		return v << 32 | cur_uint(c, 4);
	}
}

/* An Initial whose tag was right. Decrypted only where it is read: it may be 64 KB. */
struct quic_sealed {
	struct slice cipher; /* without tag */
	uint8_t key[16], nonce[12];
	uint8_t datagram;    /* the how manyeth of the flow */
	bool reserved;	     /* reserved header bits are set (RFC 9000 section 17.2) */
	bool stray;	     /* coalesced with a packet to another id (section 12.2) */
	bool small;	     /* in a datagram too small for an Initial (section 14.1) */
};
/* False: the tag is wrong. *number: largest packet number so far, starts as -1. */
bool quic_open(struct quic_sealed *to, int64_t *number, const struct quic_keys *k,
	       const struct quic_packet *p);

/* Puts what CRYPTO frames carry into `to`. Otherwise DISSECT_BAD with *anomalies added to. */
enum dissect_result quic_frames(struct pieces *to, uint32_t *anomalies,
				const struct quic_sealed *s);

#endif
