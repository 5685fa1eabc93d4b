/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Everything policy may know about one flow, each fact known, absent or not yet known.
 * Plain data without pointers: it is copied into events and kept with set elements.
 * Addresses: 16 bytes, network byte order, IPv4 v4-mapped (RFC 4291 section 2.5.5.2).
 * Ports and versions: host byte order. Names: lower case, no final dot, not NUL-terminated
 * unless said so.
 */

enum fact {
	FACT_APP,	  /* application protocol recognised from the first bytes */
	FACT_SNI,	  /* host name the client asks for (RFC 6066 section 3) */
	FACT_ALPN,	  /* protocols the client offers (RFC 7301) */
	FACT_TLS_VERSION, /* highest version offered */
	FACT_ECH,	  /* encrypted_client_hello (RFC 9849, type 0xfe0d) seen or not */
	FACT_JA3,	  /* MD5 of the JA3 string (github.com/salesforce/ja3) */
	FACT_JA4,	  /* JA4 TLS client fingerprint (FoxIO JA4.md) */
	FACT_N
};

enum fact_state {
	FACT_PENDING, /* more packets may tell */
	FACT_ABSENT,  /* settled: this flow has none */
	FACT_KNOWN,
};

enum app {
	APP_UNKNOWN, /* nothing recognised; FACT_APP is then absent */
	APP_TLS,
	APP_N
};

enum direction {
	DIR_OUT = 1,   /* from inside to outside */
	DIR_IN = 2,    /* from outside to inside or to the gateway */
	DIR_LOCAL = 4, /* both ends inside, or the gateway itself talks to inside */
};

/* What was odd on the way. Each is logged by name and never reads as clean. */
enum anomaly {
	ANOM_OVERLAP = 1 << 0,	  /* two copies of the same stream bytes differ */
	ANOM_BUDGET = 1 << 1,	  /* inspection budget spent before an answer */
	ANOM_DECOY = 1 << 2,	  /* bytes that the receiver will not take (below ISN, second SYN) */
	ANOM_URGENT = 1 << 3,	  /* urgent data inside the first bytes */
	ANOM_MIDSTREAM = 1 << 4,  /* picked up after its first packet */
	ANOM_TRUNCATED = 1 << 5,  /* the kernel's copy is shorter than the packet */
	ANOM_HEADER = 1 << 6,	  /* broken or too deep IP, extension or transport header */
	ANOM_FRAGMENT = 1 << 7,	  /* raw IP fragment */
	ANOM_TLS_BAD = 1 << 8,	  /* claims TLS and breaks its grammar */
	ANOM_TLS_RECORDS = 1 << 9, /* hello in suspiciously many or empty records */
	ANOM_SNI_BAD = 1 << 10,	  /* server name with illegal bytes or length */
	ANOM_SNI_TWICE = 1 << 11, /* more than one server name */
	ANOM_EXT_TWICE = 1 << 12, /* an extension type appears twice (RFC 8446 section 4.2) */
	ANOM_MD5 = 1 << 13,	  /* TCP MD5 option on a flow that began without */
	ANOM_TTL = 1 << 14,	  /* data with a TTL lower than the SYN's */
	ANOM_N = 15
};

enum { FACTS_NAME_MAX = 255, FACTS_ALPN_MAX = 255, FACTS_JA4_LEN = 36 };

struct facts {
	uint32_t known, absent; /* bit 1 << enum fact; neither: pending */
	uint32_t anomalies;	/* enum anomaly bits */
	uint8_t src[16], dst[16];
	uint16_t sport, dport;	/* 0 for protocols without ports */
	uint8_t proto;		/* IPPROTO_* */
	uint8_t direction;	/* one enum direction */
	uint8_t reply_seen;	/* the reply direction has answered (conntrack) */
	uint8_t app;		/* enum app */
	uint32_t iif, oif;	/* interface indexes, 0 = none */
	uint8_t mac[6];		/* source MAC; all zero = unknown */
	uint16_t tls_version;	/* 0x0304 = TLS 1.3; valid with FACT_TLS_VERSION */
	uint8_t ech;		/* 0 no, 1 the extension is there */
	uint8_t sni_len;
	uint8_t alpn_len;	/* bytes of alpn[] */
	uint8_t alpn_cut;	/* 1: the client offered more than fits */
	uint8_t ja3[16];
	char ja4[FACTS_JA4_LEN + 1]; /* NUL-terminated */
	char sni[FACTS_NAME_MAX];
	uint8_t alpn[FACTS_ALPN_MAX]; /* whole entries as on the wire: length byte, bytes */
};

static inline enum fact_state facts_state(const struct facts *f, enum fact id)
{
	if (f->known >> id & 1)
		return FACT_KNOWN;
	return f->absent >> id & 1 ? FACT_ABSENT : FACT_PENDING;
}

static inline void facts_know(struct facts *f, enum fact id)
{
	f->known |= 1u << id;
	f->absent &= ~(1u << id);
}

/* Settles every fact that is still pending: nothing more will be learnt. */
static inline void facts_settle(struct facts *f)
{
	f->absent = ~f->known & ((1u << FACT_N) - 1);
}

const char *facts_app_name(enum app a);		  /* "tls"; "unknown" */
int facts_app_parse(const char *name);		  /* enum app or -1 */
const char *facts_anomaly_name(unsigned int bit); /* 0..ANOM_N-1: "overlap", ... */

#endif
