/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DISSECT_H
#define DISSECT_H

#include "agent/wire/cur.h"
#include "policy/facts.h"

/*
 * What the first bytes of a flow are. A dissector reads the client's bytes from the
 * start of the stream (or one datagram), and answers; called again with more bytes it
 * starts anew, so it keeps no state. An answer other than MORE is final: more bytes would
 * not change it. Facts are filled in with DISSECT_DONE; with DISSECT_BAD FACT_APP says which
 * protocol was claimed, the name asked for may be known, and all else is absent. Anomaly bits
 * may be set with any answer and are never cleared. With NOT_MINE nothing is settled: that is
 * for the caller (facts_settle) when every dissector has said so.
 */
enum dissect_result {
	DISSECT_MORE,	  /* so far it fits; feed more bytes */
	DISSECT_DONE,	  /* facts are filled in */
	DISSECT_NOT_MINE, /* another protocol */
	DISSECT_BAD,	  /* claims this protocol and breaks its rules */
};

/* Text of fingerprints for the log, on request. Caller's storage. */
enum { DISSECT_TEXT_MAX = 2048 };
struct dissect_text {
	uint16_t ja3_len;		/* 0: none, or longer than fits */
	uint8_t hellos;			/* ClientHellos seen, for --all; stays at 255 */
	char ja3[DISSECT_TEXT_MAX];	/* JA3 string, not NUL-terminated */
};

/*
 * Asks every dissector of `proto` (IPPROTO_TCP or _UDP) in turn and remembers in *tried which
 * of them said NOT_MINE (start with 0, keep it with the flow). The first that is DONE or BAD
 * is the answer and has set FACT_APP. MORE if any may still answer, NOT_MINE if none will.
 * `text` may be NULL.
 */
enum dissect_result dissect(struct facts *f, struct dissect_text *text, uint32_t *tried,
			    uint8_t proto, struct slice bytes);

/*
 * TLS ClientHello over records (RFC 8446 section 5.1, 4.1.2; RFC 5246; SSL 3.0 by RFC 6101).
 * BAD: more than 64 records, a record of another type inside the hello, a message of more than
 * 16 KiB, lengths that do not nest exactly, more than 512 extensions. What follows the hello is
 * not looked at. A hello in SSLv2 form (RFC 5246 appendix E.2) is APP_TLS with its version, and
 * has neither name nor fingerprint. `text` may be NULL.
 */
enum dissect_result tls_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);

/*
 * The ClientHello message itself, from its handshake header on (QUIC carries it so).
 * `transport`: 't' TCP, 'q' QUIC, 'd' DTLS (RFC 9147 section 5.2: header of 12 bytes, whole
 * in one fragment): first letter of JA4. Does not touch FACT_APP. MORE while msg is short.
 *
 * The name is lower-cased and loses one final dot. One that is no host name (other bytes than
 * letters, digits, '-', '_', '.'; an empty label or one above 63; an IP literal) is
 * ANOM_SNI_BAD and, if it is printable ASCII of at most 255 bytes, still FACT_SNI; with a
 * name given twice the first counts.
 */
enum dissect_result tls_client_hello(struct facts *f, struct dissect_text *text,
				     struct slice msg, char transport);

#endif
