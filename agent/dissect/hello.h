/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HELLO_H
#define HELLO_H

#include "agent/dissect/dissect.h"

/*
 * A ClientHello taken apart (RFC 8446 section 4.1.2), for facts and fingerprints.
 * Slices borrow the message and hold a vector's content without its length. Where an extension
 * comes twice the first counts.
 */
enum { HELLO_MAX = 16384, HELLO_EXT_MAX = 512 };

struct hello {
	uint16_t legacy_version;
	uint16_t version;	 /* highest of supported_versions, GREASE aside; else legacy */
	uint16_t n_ext;
	bool sni, ech;		 /* the extension is there */
	uint32_t anomalies;	 /* enum anomaly bits */
	struct slice ciphers, groups, sigalgs; /* 2 bytes each, wire order */
	struct slice points;	 /* 1 byte each */
	struct slice name;	 /* first host_name as sent; empty: none */
	struct slice alpn;	 /* entries: length byte, bytes */
	uint16_t ext[HELLO_EXT_MAX];	/* types in wire order, GREASE too */
	uint16_t sorted[HELLO_EXT_MAX]; /* the same, ascending */
};

/* From the handshake header on: DONE, MORE or BAD; of a BAD one only anomalies and name count. */
enum dissect_result hello_parse(struct hello *h, struct slice msg, bool dtls);

/* RFC 8701: 0x0a0a, 0x1a1a, ... 0xfafa */
static inline bool hello_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* Ascending, in place, n log n whatever the input. */
void hello_sort(uint16_t *v, size_t n);

/* MD5 of the JA3 string (salesforce/ja3 README); the string itself into *text if not NULL. */
void ja3_hash(uint8_t md5[16], struct dissect_text *text, const struct hello *h);

/* JA4 (FoxIO JA4.md); `transport` is its first letter. NUL-terminated. */
void ja4_text(char ja4[FACTS_JA4_LEN + 1], const struct hello *h, char transport);

#endif
