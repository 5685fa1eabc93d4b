/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HTTP_H
#define HTTP_H

#include "agent/dissect/dissect.h"

/*
 * An HTTP/1 request taken apart (RFC 9112 sections 2 to 7, RFC 9110 sections 4, 7, 8.6). Slices
 * borrow the bytes given. Nothing here keeps state; every call is linear in its bytes.
 */
enum {
	HTTP_HEAD_MAX = 15 * 1024, /* a head without an end in as much is given up */
};

struct http_head {
	uint32_t anomalies;	/* enum anomaly bits: ANOM_HTTP_* */
	struct slice method, target; /* as sent */
	struct slice host, agent; /* first field's value, blanks around it and folds' ends off */
	unsigned int fields, hosts, agents, lengths, codings;
	uint64_t length;	/* of the first legal Content-Length */
	bool claimed;		/* the bytes are HTTP: not yet if the method alone is there */
	bool version;		/* HTTP/1.x */
	bool no_version;	/* nothing stands behind the target */
	bool cut;		/* the request line has no end, target is what there is */
	bool whole;		/* the empty line is there */
	bool chunked;		/* Transfer-Encoding ends in "chunked" */
	uint8_t minor;		/* of the version */
	uint8_t names_len;
	bool names_cut;
	size_t size;		/* DONE: bytes from the start to behind the empty line */
	char names[FACTS_TEXT_MAX]; /* field names, joined by ','; whole ones, as many as fit */
};

/*
 * MORE: no empty line yet; what is whole so far is filled in. DONE: the head is whole
 * (not necessarily right: see anomalies, version). NOT_MINE: this is no HTTP/1 request.
 */
enum dissect_result http_head(struct http_head *h, struct slice bytes);

/* The same word: http_is() in any case of letters. */
bool http_exact(struct slice s, const char *word);
bool http_is(struct slice s, const char *word);

/* Off with the blanks (and line ends, within folds) at both ends. */
struct slice http_trim(struct slice s);

/* [user@]host[:port] (RFC 3986 section 3.2) */
struct http_authority {
	struct slice host, port; /* host: without brackets, as sent; empty: none */
	bool legal;		 /* host and port are what the grammar allows; no user */
	bool literal;		 /* host is an IP address */
};
void http_authority(struct http_authority *a, struct slice s);

/* The same host: any case, one final dot aside. */
bool http_host_same(struct slice a, struct slice b);

/*
 * FACT_HOST from a host as sent: lower case, one final dot off. Not told if it is empty, longer
 * than a name can be, or not printable ASCII.
 */
void http_host_tell(struct facts *f, struct slice host);

/* RFC 1123 section 2.1, and the underscore that real names have; IPv4 addresses too. */
bool http_host_legal(struct slice host);

#endif
