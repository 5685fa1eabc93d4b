/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCAN_PATH_H
#define SCAN_PATH_H

#include "agent/scan.h"

/* Shared by the scan*.c files alone. */
enum {
	SCAN_BUCKETS = 8192, /* a power of two */
	SCAN_EDGES = 64,
	SCAN_TOLD = 8192, /* messages that one packet may hold */
	SCAN_FOUND = 4,	  /* the path tells the first of a flow */
	SCAN_BANNER = 255, /* RFC 4253 section 4.2 */
	SCAN_ID = 20,	   /* a QUIC connection id (RFC 9000 section 17.2) */
};

struct scan_key {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint32_t proto;
};

/* A segment that waits for those before it. */
struct scan_waiting {
	uint32_t seq;
	size_t n;
	uint8_t *bytes;
};

/* What may begin at the place in a stream where we are. */
enum scan_place {
	SCAN_START, /* the first bytes of a direction, or of what a proxy connects: anything */
	SCAN_NEXT,  /* behind a message, or a segment of something unknown: what can begin there */
	SCAN_CHUNK, /* a chunk of an HTTP body, its size first */
	SCAN_TRAILER, /* lines behind the last one */
	SCAN_OVER,  /* nothing of use will come */
};

/* What an SSH client said, until the server's banner is known. */
struct scan_ssh {
	bool whole; /* its KEXINIT was read, or is none to come */
	uint64_t wall, now;
	struct facts facts;
	struct dissect_text text;
};

/* One direction of a connection. */
struct scan_way {
	struct scan_key key;
	bool server;	    /* the other side began, as far as is known */
	bool begun;	    /* TCP: next is valid */
	bool quic;	    /* quic_id is of a hello that was told */
	uint8_t place, last; /* enum scan_place; enum app of the message before */
	/* told by the path and not found here yet; found here and not told by the path: 0 none */
	uint64_t *told, found[SCAN_FOUND];
	uint32_t n_told, room_told, n_found;
	uint32_t apps;	    /* told here, 1 << enum app */
	uint32_t tried;	    /* for dissect() */
	uint32_t isn, next;
	size_t skip;	    /* bytes of a message that are still to come and not looked at */
	size_t n;
	uint8_t *bytes;	    /* TCP: from where something may begin; UDP: datagrams; SCAN_BYTES */
	unsigned int n_edges;
	uint16_t edge[SCAN_EDGES]; /* where segments begin in bytes[], but the first */
	unsigned int n_waiting;
	struct scan_waiting waiting[SCAN_WAITING];
	struct scan_ssh *ssh;
	uint8_t banner_len; /* this side's SSH banner, without its line end */
	char banner[SCAN_BANNER];
	uint8_t quic_len, quic_id[SCAN_ID];
	uint64_t id, start;
	struct scan_way *next_hash, *older, *newer;
};

struct scan {
	scan_emit *emit;
	void *ctx;
	struct scan_way *hash[SCAN_BUCKETS];
	struct scan_way *oldest, *newest;
	uint32_t count;
	uint64_t ids;
	uint64_t wall, now;
	uint8_t refused[UINT16_MAX];
	struct event event; /* event.text: of the dissector that was asked last */
};

/* The other direction, if it was seen. */
struct scan_way *scan_back(struct scan *s, const struct scan_way *w);
/* Says what `f` and s->event.text hold, unless the path has. */
void scan_tell(struct scan *s, struct scan_way *w, const struct facts *f);
/* The same of a protocol of which nothing but itself is told: once in a connection. */
void scan_tell_once(struct scan *s, struct scan_way *w, const struct facts *f);
/* Facts as a dissector of this direction gets them. */
struct facts scan_facts(const struct scan_way *w);

/* scan_tcp.c */
void scan_segment(struct scan *s, struct scan_way *w, const struct packet *p);
void scan_tcp_end(struct scan *s, struct scan_way *w); /* tells what was held back, begins anew */

/*
 * scan_http.c: bytes of the request that begins here, and sets the place behind them; of the chunk
 * or the line of a trailer, 0: more are needed.
 */
size_t scan_http(struct scan_way *w, struct slice bytes);
size_t scan_chunk(struct scan_way *w, struct slice bytes);

/* scan_ssh.c: a client is told when its server's banner is known, or nothing more comes. */
void scan_ssh_hold(struct scan *s, struct scan_way *w, const struct facts *f, bool whole);
void scan_ssh_banner(struct scan *s, struct scan_way *w, struct slice bytes);
void scan_ssh_end(struct scan *s, struct scan_way *w);

/* scan_udp.c */
void scan_datagram(struct scan *s, struct scan_way *w, struct slice bytes);

#endif
