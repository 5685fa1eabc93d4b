/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DNS_H
#define DNS_H

#include "agent/dissect/dissect.h"

/*
 * DNS messages: RFC 1035 section 4 (format, compression, 2 bytes of length over TCP), RFC 6891
 * (OPT), RFC 9460 (SVCB, HTTPS), RFC 9619 (one question). What a client asks is read by
 * dns_udp_dissect() and dns_tcp_dissect() (dissect.h), what it is told by dns_answer().
 */
enum {
	DNS_PORT = 53,
	DNS_HEADER = 12,    /* bytes */
	DNS_NAME_WIRE = 255, /* octets of a name, lengths and root with it */
	DNS_JUMPS = 32,	    /* compression pointers followed in one name */
	DNS_RECORDS = 64,   /* records of an answer that are looked at */
	DNS_WHOLE = 4096,   /* a query over TCP that states more is not waited for */
};
enum { DNS_FLAG_QR = 0x8000 }; /* an answer */
enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_SVCB = 64, DNS_HTTPS = 65 };

/* Canonical: labels joined by '.', A-Z lower-cased, other bytes as they came; the root is ".". */
struct dns_name {
	uint8_t len;
	bool odd; /* bytes that no host name has: not a letter, digit, '-' or '_' */
	char text[FACTS_NAME_MAX];
};

enum dns_read {
	DNS_OK,
	DNS_SHORT,  /* the bytes end before the name does */
	DNS_BROKEN, /* too long, too many jumps, a pointer that does not go back, another label type */
};

/*
 * The name at offset *at of the message; *at moves behind it (behind the first pointer, if any).
 * A pointer must lead to before the labels that it ends, and not into the header.
 */
enum dns_read dns_name(struct dns_name *n, size_t *at, struct slice msg);
/* The same without following pointers. */
enum dns_read dns_name_skip(size_t *at, struct slice msg);

struct dns_answer {
	uint16_t id, type, class; /* of the question */
	uint8_t rcode;
	bool ech;		  /* an HTTPS or SVCB record carries the ech key */
	struct dns_name question;
};

/* An address that the answer gives to the name asked for. */
struct dns_found {
	uint8_t addr[16];	      /* v4-mapped, network byte order */
	uint32_t ttl;		      /* seconds, the least along the way there */
	const struct dns_name *owner; /* whose address it is, at the end of the aliases */
};
typedef void dns_each(void *ctx, const struct dns_answer *a, const struct dns_found *found);

/*
 * Reads an answer to one question (as much of it as is there) and calls `each` for every address:
 * A, AAAA, and the hints of SVCB and HTTPS, at most DNS_RECORDS of the answer section. A record
 * counts only if its owner is the name asked for or the end of the chain of aliases (CNAME, SVCB in
 * alias mode) that the records before it make from there: servers put them in that order.
 * False: no such answer, nothing was called.
 */
bool dns_answer(struct dns_answer *a, struct slice msg, dns_each *each, void *ctx);

#endif
