/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOW_H
#define FLOW_H

#include "agent/flow/stream.h"
#include "agent/wire/packet.h"
#include "policy/facts.h"

/*
 * The flows of one worker, original direction only: a bounded hash table keyed by addresses,
 * protocol and ports with a keyed hash (SipHash-2-4, random key per start: no one outside can
 * aim at one bucket). All memory is allocated by flow_table_new(); nothing after.
 *
 * A flow that has only shown its SYN costs one struct flow. What inspection of bytes needs
 * (facts, stream) is a struct probe from a bounded pool, given back when the flow is decided.
 */
enum { FLOW_URGENT = 8 };

struct probe {
	struct facts facts;
	struct stream stream;
	uint16_t urgent[FLOW_URGENT]; /* offsets of urgent bytes in the stream */
	uint8_t n_urgent;
	uint32_t tried;		   /* dissectors that said NOT_MINE */
	struct probe *next_free;
};

enum { FLOW_TOLD = 16 };

struct flow_source; /* one source address with undecided flows */

struct flow {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t action;		/* enum action; ACTION_NONE = undecided */
	uint8_t ttl;		/* of the first packet */
	uint8_t n_told;
	uint16_t flags;		/* FLOW_* */
	uint8_t mac[6];		/* of the first packet; the caller's to fill in */
	uint8_t held;		/* enum action: said of its first datagrams, not yet let go */
	uint32_t isn, isn2;	/* of the SYN; of a later SYN that differs (FLOW_SYN2) */
	uint32_t tsval;		/* newest that the receiver has taken (FLOW_TIMES) */
	uint32_t packets, bytes; /* original direction; IP lengths; both stop at UINT32_MAX */
	uint32_t iif, oif;
	uint32_t first_ack;	/* first ACK number seen (FLOW_ACK) */
	uint32_t anomalies;	/* enum anomaly, all that were found */
	uint32_t told_anomalies; /* already reported */
	uint32_t told_by;	/* generation of the policy that told[] speaks of */
	uint16_t told[FLOW_TOLD]; /* rules already reported */
	uint64_t id;		/* not 0; counts up from a number made of the key, 44 bits */
	uint64_t start;		/* wall, microseconds */
	uint64_t deadline;	/* now-clock, ms: end of the budget in time; 0 = not begun */
	uint64_t seen;		/* now-clock, ms */
	uint64_t decided;	/* now-clock, ms; set by the caller of flow_decide() */
	struct probe *probe;	/* NULL: none */
	struct flow *next_hash;
	struct flow *older, *newer; /* of the same kind: waiting, armed or decided */
	struct flow_source *source; /* NULL once decided */
	struct flow *source_older, *source_newer;
};

enum {
	FLOW_SYN = 1,		/* its SYN was seen: isn is valid */
	FLOW_MD5 = 2,		/* the SYN had the MD5 option */
	FLOW_MIDSTREAM = 4,
	FLOW_FRESH = 8,		/* set by flow_get() on creation, cleared by the next flow_get() */
	FLOW_REPLY = 16,	/* the reply direction has been seen */
	FLOW_ACK = 32,		/* first_ack is valid */
	FLOW_SYN2 = 64,		/* isn2 is valid */
	FLOW_DATA = 128,	/* the client has sent payload */
	FLOW_TIMES = 256,	/* the SYN had timestamps: tsval is valid */
	FLOW_READ = 512,	/* its first message was told */
};

struct flow_conf {
	uint32_t flows;		/* table bound */
	uint32_t probes;	/* pool bound */
	uint32_t per_source;	/* undecided flows of one source address at most; 0 = no cap */
	uint32_t undecided_ms;	/* life of an undecided flow after its last packet */
	uint32_t decided_ms;	/* a decided flow stays this long for repeated packets */
	uint8_t key[16];	/* hash key, random */
};

enum flow_why {
	FLOW_OK,
	FLOW_TABLE_FULL, /* NULL was returned: only undecided flows of others are left to evict */
	FLOW_SOURCE_CAP, /* room was made, but the oldest undecided flow of this source is gone */
};

struct flow_table;

struct flow_table *flow_table_new(const struct flow_conf *c); /* NULL: no memory */
void flow_table_free(struct flow_table *t);
void flow_per_source(struct flow_table *t, uint32_t cap);     /* for flows to come */

/*
 * The packet's flow, made if it is not there. Eviction takes decided flows first (oldest), then
 * the oldest undecided flow of the same source, which also gives way when its source is at the cap;
 * never another source's undecided flow. A SYN that differs from the one of a decided flow begins a
 * new flow: its ports are used again. The first packet sets isn, ttl, FLOW_SYN and FLOW_MD5.
 * The pointer is good until the next flow_get() or flow_expire().
 */
struct flow *flow_get(struct flow_table *t, enum flow_why *why, const struct packet *p,
		      uint64_t wall, uint64_t now);
/* Gives the flow up; the pointer is dead. */
void flow_forget(struct flow_table *t, struct flow *f);
struct flow *flow_find(struct flow_table *t, const struct packet *p);
/*
 * A probe for an undecided flow: the one it has, or a zeroed one (stream begun with isn). When the
 * pool is empty the oldest flow of the same source that holds one gives way (FLOW_SOURCE_CAP);
 * NULL with FLOW_TABLE_FULL if there is none.
 */
struct probe *flow_probe(struct flow_table *t, enum flow_why *why, struct flow *f);
/* Begins the budget in time of an undecided flow. Once begun it stays as it is. */
void flow_arm(struct flow_table *t, struct flow *f, uint64_t deadline);
/* Marks the flow decided (action not NONE) and gives its probe back. */
void flow_decide(struct flow_table *t, struct flow *f, uint8_t action);
/* An undecided flow has come to rest: gives its probe back and ends the budget in time. */
void flow_rest(struct flow_table *t, struct flow *f);
/*
 * An undecided flow whose deadline has passed, oldest first; NULL when there is none. The same is
 * given again until flow_decide(): the caller judges it with all facts settled.
 */
struct flow *flow_overdue(struct flow_table *t, uint64_t now);
/* Drops flows that have been silent too long; bounded work per call. */
void flow_expire(struct flow_table *t, uint64_t now);
uint32_t flow_count(const struct flow_table *t);
uint32_t flow_probes(const struct flow_table *t);	/* in use */
/* Bytes of memory touched so far, never given back; and what the table can come to. */
uint64_t flow_memory(const struct flow_table *t);
uint64_t flow_memory_max(const struct flow_table *t);

#endif
