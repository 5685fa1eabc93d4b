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

/*
 * Texts for the log that policy does not need, or not in full length. Caller's storage; start each
 * call of dissect() with dissect_text_init(). Every dissector takes NULL for it.
 */
enum text_part {
	TEXT_URL,	 /* HTTP request target as sent */
	TEXT_USER_AGENT, /* as sent */
	TEXT_HOST,	 /* Host, or the authority of CONNECT, as sent, with its port */
	TEXT_CLIENT,	 /* the client's SSH banner line */
	TEXT_SERVER,	 /* the server's, where it is seen */
	TEXT_HASSH,	 /* the string that was hashed */
	TEXT_COOKIE,	 /* RDP */
	TEXT_N
};
enum { DISSECT_TEXT_MAX = 2048, DISSECT_PARTS_MAX = 8192 };

struct dissect_text {
	uint8_t hellos;			/* ClientHellos seen, for --all; stays at 255 */
	uint16_t ja3_len;		/* 0: none, or longer than fits */
	uint16_t used;			/* bytes of parts[] */
	struct {
		uint16_t at, n;		/* n 0: there is none */
	} part[TEXT_N];
	char ja3[DISSECT_TEXT_MAX];	/* JA3 string, not NUL-terminated */
	char parts[DISSECT_PARTS_MAX];
};

static inline void dissect_text_init(struct dissect_text *t)
{
	t->ja3_len = t->used = 0;
	for (int i = 0; i < TEXT_N; i++)
		t->part[i].at = t->part[i].n = 0;
}

/* Keeps a text whole, or not at all if it does not fit. The last word on a part holds. */
void dissect_put(struct dissect_text *t, enum text_part part, struct slice s);

/*
 * Asks every dissector of `proto` (IPPROTO_TCP, _UDP, _ICMP or _ICMPV6) in turn and remembers in
 * *tried which of them said NOT_MINE (start with 0, keep it with the flow). The first that is DONE
 * or BAD is the answer and has set FACT_APP. MORE if any may still answer, NOT_MINE if none will.
 * Ports in `f` may be used as a hint where the bytes alone say too little.
 *
 * `bytes`: TCP: the client's stream from its start. UDP: the newest datagram. ICMP: the message
 * from its type on. `before`: UDP: the datagrams of the flow before that one, each behind two bytes
 * of length (network byte order); empty otherwise.
 */
enum dissect_result dissect(struct facts *f, struct dissect_text *text, uint32_t *tried,
			    uint8_t proto, struct slice bytes, struct slice before);

/*
 * For a dissector of something that carries another protocol (CONNECT, SOCKS, STARTTLS, X.224):
 * what the client sends inside, from its start; empty: nothing yet. Sets f->via = via at once,
 * and, when the answer is final, FACT_APP: of what is inside, or `via` itself if that is not
 * recognised. MORE, DONE or BAD. Facts of the outer protocol may be told before the answer.
 * A carrier may be inside another (a proxy behind a proxy): f->via is the outermost. NOT_MINE, with
 * nothing done, if they are too many: then the caller answers for itself.
 */
enum dissect_result dissect_inner(struct facts *f, struct dissect_text *text, enum app via,
				  struct slice inside);

/*
 * When nothing more will be learnt: f->via speaks for what it carries if that was never
 * recognised, FACT_CONFORMS is worked out, and every pending fact is absent. `said`: the client has
 * sent something, so that an application that is not known is an unknown one.
 */
void dissect_settle(struct facts *f, bool said);

/* Sets FACT_APP. */
static inline void dissect_app(struct facts *f, enum app a)
{
	f->app = (uint8_t)a;
	facts_know(f, FACT_APP);
}

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

/*
 * The other protocols. Each recognises its own by the bytes (never by the port alone), sets its
 * facts, and gives an answer as above.
 */
enum dissect_result http_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result http2_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result socks_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result ssh_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result rdp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result mail_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result smb_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result mqtt_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result stratum_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result remote_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result dns_tcp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result dns_udp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result bittorrent_dissect(struct facts *f, struct dissect_text *text,
				       struct slice bytes);
enum dissect_result dht_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result openvpn_tcp_dissect(struct facts *f, struct dissect_text *text,
					struct slice bytes);
enum dissect_result openvpn_udp_dissect(struct facts *f, struct dissect_text *text,
					struct slice bytes);
enum dissect_result wireguard_dissect(struct facts *f, struct dissect_text *text,
				      struct slice bytes);
enum dissect_result ike_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result stun_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result ntp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result icmp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
enum dissect_result icmp6_dissect(struct facts *f, struct dissect_text *text, struct slice bytes);
/* These need the datagrams before this one. */
enum dissect_result quic_dissect(struct facts *f, struct dissect_text *text, struct slice bytes,
				 struct slice before);
enum dissect_result dtls_dissect(struct facts *f, struct dissect_text *text, struct slice bytes,
				 struct slice before);

/* FACT_CONFORMS from FACT_APP, proto and dport; absent if neither port nor protocol is known. */
void conform(struct facts *f);

/* FACT_ENTROPY from the first bytes that nobody recognised; too few of them: absent. */
void guess(struct facts *f, struct slice bytes);

#endif
