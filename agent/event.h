/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EVENT_H
#define EVENT_H

#include "agent/dissect/dissect.h"
#include "policy/config.h"
#include "policy/decision.h"
#include "policy/facts.h"

/*
 * What a worker tells the clerk about a flow. One plain struct without pointers: it crosses a pipe
 * packed (pack.h), in one write, so it is whole or absent. Names of rules and lists travel as text, so
 * that an event is always told in the words of the policy that judged it.
 */
enum event_kind {
	EVENT_READ = 1,	   /* a first message was read: facts.app says what; of a broken one its name */
	EVENT_HITS = 2,	   /* hits[] holds monitor or score rules not told before for this flow */
	EVENT_VERDICT = 4, /* the flow is decided: action, scope, rule ... are valid */
	EVENT_ANOMALY = 8, /* facts.anomalies has bits not told before */
};

enum { EVENT_NAME = 49, EVENT_ATTACK = 12 };

/* Header fields of the deciding packet, for `drop` records. Host byte order. */
struct event_packet {
	uint32_t len, seq, ack;
	uint16_t ip_id, window, urgent;
	uint8_t ttl, tos, flags, version; /* flags: PACKET_*; version 4, 6 or 0 = none */
};

struct event_hit {
	char rule[EVENT_NAME], list[EVENT_NAME], attack[EVENT_ATTACK];
	uint8_t action; /* ACTION_MONITOR or ACTION_SCORE */
	uint16_t score;
	uint32_t line, ttl;
};

struct event {
	uint32_t generation;	/* of the policy */
	uint64_t wall;		/* microseconds since 1970, of the packet that caused it */
	uint64_t now;		/* milliseconds, monotonic */
	uint64_t start;		/* wall time of the flow's first packet */
	uint64_t flow_id;	/* stable for one flow, not 0 */
	uint32_t packets;	/* original-direction packets looked at so far */
	uint32_t bytes;		/* their IP lengths */
	uint8_t kinds;		/* enum event_kind bits */
	uint8_t worker;
	uint8_t observe;	/* mode: nothing is dropped */
	uint8_t first_packet;	/* the verdict fell on the flow's first packet */
	/* EVENT_VERDICT */
	uint8_t action, scope;	/* enum action, enum scope: as the policy says */
	uint8_t by_client, by_name;
	uint8_t shared;		/* destination is known for several names */
	uint8_t allowed;	/* destination is known for a name that an allow rule matches */
	uint8_t told;		/* "monitor", and its rule stood in hits[] of this event or of one before */
	uint8_t n_hits;
	uint16_t score;
	uint16_t rule_index;	/* RULE_NONE, RULE_DEFAULT, RULE_SCORE or an index */
	uint32_t ttl;		/* seconds */
	uint32_t line;		/* of the evidence in its list; 0 unknown */
	char rule[EVENT_NAME], list[EVENT_NAME], attack[EVENT_ATTACK];
	struct event_packet packet;
	struct event_hit hits[DECISION_HITS];
	struct facts facts;
	struct dissect_text text; /* EVENT_READ: valid as far as it says */
};

/* What the clerk made of a verdict (enforce.c), told in alert.context. */
enum { OUTCOME_NOTE = 96 };
struct outcome {
	uint8_t scope;		   /* enum scope actually used */
	char set[24];		   /* "drop_pair", ...; "" = no set entry */
	uint32_t timeout;	   /* seconds */
	uint32_t reason;	   /* reason number in the element's comment; 0 none */
	char note[OUTCOME_NOTE];   /* why the scope is narrower than asked; "" */
};

/* Which records to write besides alert and drop: of first messages, by event_type. */
enum {
	EVENT_REC_TLS = 1, /* tls and quic */
	EVENT_REC_HTTP = 2,
	EVENT_REC_DNS = 4,
	EVENT_REC_SSH = 8,
	EVENT_REC_RDP = 16,
	EVENT_REC_OTHER = 32, /* not in the schema: event_type is the protocol */
	EVENT_REC_ALL = 63,
};

struct event_opts {
	uint32_t records;     /* EVENT_REC_* */
	bool flow;
	const char *host;     /* name of this gateway, or NULL */
	const char *in_iface; /* name of facts.iif, or NULL */
};

/* The records that a config asks for. */
uint32_t event_records(const struct config *c);

/*
 * Writes the EVE records of `ev` (Suricata's schema, one JSON object a line, final newline) into a
 * buffer; returns its length, or -ENOSPC. `out` may be NULL (no set entry). Hostile bytes are
 * escaped; a record is never longer than EVENT_LINE_MAX.
 */
enum { EVENT_LINE_MAX = 8192, EVENT_LINES_MAX = (DECISION_HITS + 9) * EVENT_LINE_MAX };
long event_lines(char *buf, size_t size, const struct event *ev, const struct outcome *out,
		 const struct event_opts *o);

/* Counters of one worker: single writer, read by the clerk through shared memory. */
struct event_counts {
	uint64_t packets;	/* received from the queue */
	uint64_t inspected;	/* reached policy with a known flow */
	uint64_t flows;		/* flows begun */
	uint64_t undecided;	/* verdict undecided: packet passed, next one looked at */
	uint64_t allowed, monitored, dropped, rejected; /* flows decided */
	uint64_t apps[APP_N];	/* first messages read, by enum app */
	uint64_t anomalies;
	uint64_t midstream;	/* flows picked up after their first packet */
	uint64_t blind_bad;	/* not parsed: broken headers, fragments */
	uint64_t blind_flows;	/* not inspected: flow table or pool full, per-source cap */
	uint64_t events_lost;	/* pipe full */
	uint64_t refused;	/* verdicts the kernel did not want: the packet was gone */
	uint64_t kernel_lost;	/* gaps in packet ids: lost before they reached us */
	uint64_t table;		/* flows in the table now */
	uint64_t probes;	/* of them being read */
	uint64_t memory, memory_max; /* bytes: in use by flows and probes; their bound */
};

/* The `stats` record. `uptime` in seconds; counters summed over workers. */
long event_stats(char *buf, size_t size, uint64_t wall, uint64_t uptime,
		 const struct event_counts *sum, const struct event_opts *o);

#endif
