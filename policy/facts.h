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
	FACT_QUIC_VERSION, /* of the first long header (RFC 9000 section 17.2) */
	FACT_HOST,	  /* whom an HTTP request or a proxy request names: no port, canonical as a name */
	FACT_METHOD,	  /* HTTP request method (RFC 9110 section 9), as sent */
	FACT_PATH,	  /* HTTP request target without scheme and authority, as sent */
	FACT_USER_AGENT,  /* value of User-Agent, as sent; sent empty: known, of no bytes */
	FACT_HEADERS,	  /* names of the HTTP header fields, in order and case, joined by ',' */
	FACT_HASSH,	  /* MD5 of the client's KEXINIT (github.com/salesforce/hassh) */
	FACT_SSH_SOFTWARE, /* softwareversion and comments of the client's banner (RFC 4253 4.2) */
	FACT_QUERY,	  /* name asked for in a DNS query */
	FACT_QUERY_TYPE,  /* DNS QTYPE */
	FACT_RESOLVED,	  /* the destination's address stood in a DNS answer to the inside */
	FACT_DNS_NAME,	  /* the name of that answer */
	FACT_CONFORMS,	  /* the application protocol is the one that the port is registered for */
	FACT_ENTROPY,	  /* nothing was recognised, and the first bytes look random or not */
	FACT_ICMP_SIZE,	  /* bytes of payload of an ICMP echo request */
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
	APP_QUIC,
	APP_DTLS,
	APP_HTTP,     /* HTTP/1 request */
	APP_HTTP2,    /* HTTP/2 with prior knowledge (RFC 9113 section 3.4) */
	APP_DNS,
	APP_DOT,      /* DNS over TLS (RFC 7858) */
	APP_SSH,
	APP_RDP,
	APP_SOCKS,
	APP_SMTP,
	APP_IMAP,
	APP_POP3,
	APP_FTP,
	APP_SMB,
	APP_MQTT,
	APP_STRATUM,
	APP_BITTORRENT,
	APP_OPENVPN,
	APP_WIREGUARD,
	APP_IKE,
	APP_STUN,
	APP_NTP,
	APP_ICMP,     /* echo request */
	APP_VNC,
	APP_TEAMVIEWER,
	APP_RUSTDESK,
	APP_ANYDESK,
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
	ANOM_HTTP_BAD = 1 << 15,  /* claims HTTP and breaks its grammar (RFC 9112) */
	ANOM_HTTP_LINES = 1 << 16, /* bare LF or CR, folded lines, NUL: receivers read it differently */
	ANOM_HTTP_HOST = 1 << 17, /* Host is missing, twice, illegal, or not the target's */
	ANOM_HTTP_LENGTH = 1 << 18, /* body length given twice or illegally */
	ANOM_DNS_BAD = 1 << 19,	  /* claims DNS and breaks its grammar */
	ANOM_DNS_NAME = 1 << 20,  /* bytes in a name that no host name has */
	ANOM_DNS_TRAILING = 1 << 21, /* bytes behind a DNS message */
	ANOM_QUIC_BAD = 1 << 22,  /* a QUIC Initial that opens and breaks the rules inside */
	ANOM_QUIC_VERSION = 1 << 23, /* a QUIC version that cannot be looked into */
	ANOM_APP_BAD = 1 << 24,	  /* claims another protocol and breaks its grammar */
	ANOM_ICMP_DATA = 1 << 25, /* echo requests carry data of their own or come in a stream */
	ANOM_N = 26
};

enum {
	FACTS_NAME_MAX = 255,
	FACTS_ALPN_MAX = 255,
	FACTS_JA4_LEN = 36,
	FACTS_TEXT_MAX = 255,
	FACTS_METHOD_MAX = 24,
	FACTS_SOFTWARE_MAX = 64,
};

struct facts {
	uint32_t known, absent; /* bit 1 << enum fact; neither: pending */
	uint32_t anomalies;	/* enum anomaly bits */
	uint8_t src[16], dst[16];
	uint16_t sport, dport;	/* 0 for protocols without ports */
	uint8_t proto;		/* IPPROTO_* */
	uint8_t direction;	/* one enum direction */
	uint8_t reply_seen;	/* the reply direction has answered (conntrack) */
	uint8_t app;		/* enum app: what is spoken in the end */
	uint8_t via;		/* enum app: what carries it (HTTP CONNECT, SOCKS, STARTTLS), or 0 */
	uint8_t inner;		/* carriers that are being read: of no meaning to policy */
	uint32_t iif, oif;	/* interface indexes, 0 = none */
	uint8_t mac[6];		/* source MAC; all zero = unknown */
	uint16_t tls_version;	/* 0x0304 = TLS 1.3; valid with FACT_TLS_VERSION */
	uint8_t ech;		/* 0 no, 1 the extension is there */
	uint8_t sni_len;
	uint8_t alpn_len;	/* bytes of alpn[] */
	uint8_t alpn_cut;	/* 1: the client offered more than fits */
	uint8_t resolved;	/* 1: the address stood in an answer; 0: it did not */
	uint8_t conforms;	/* 1, 0 */
	uint8_t entropy;	/* 1: the first bytes look encrypted (random) throughout; 0: not */
	uint8_t cut;		/* FACTS_CUT_*: the text was longer than what is kept */
	uint16_t query_type;	/* 1 = A ... (RFC 1035 section 3.2.2) */
	uint16_t query_id;	/* of the message; valid with FACT_QUERY, for the log */
	uint16_t icmp_size;
	uint32_t quic_version;	/* 1; 0x6b3343cf = version 2; 0 = version negotiation */
	uint8_t host_len, method_len, path_len, user_agent_len, headers_len, software_len;
	uint8_t query_len, dns_name_len;
	uint8_t ja3[16];
	uint8_t hassh[16];
	char ja4[FACTS_JA4_LEN + 1]; /* NUL-terminated */
	char sni[FACTS_NAME_MAX];
	uint8_t alpn[FACTS_ALPN_MAX]; /* whole entries as on the wire: length byte, bytes */
	char host[FACTS_NAME_MAX];
	char method[FACTS_METHOD_MAX];
	char path[FACTS_TEXT_MAX];
	char user_agent[FACTS_TEXT_MAX];
	char headers[FACTS_TEXT_MAX];	/* whole names as far as they fit */
	char software[FACTS_SOFTWARE_MAX];
	char query[FACTS_NAME_MAX];	/* labels joined by '.', other bytes as on the wire */
	char dns_name[FACTS_NAME_MAX];
};

enum {
	FACTS_CUT_PATH = 1,
	FACTS_CUT_USER_AGENT = 2,
	FACTS_CUT_HEADERS = 4,
	FACTS_CUT_SOFTWARE = 8,
	FACTS_CUT_METHOD = 16,
};

/*
 * Keeps a text of the flow: its first `size` bytes into `to`, how many into *len. False if it was
 * longer. The caller says facts_know().
 */
bool facts_text(char *to, uint8_t *len, size_t size, const uint8_t *from, size_t n);

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
