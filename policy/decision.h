/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DECISION_H
#define DECISION_H

#include <stdbool.h>
#include <stdint.h>

enum action {
	ACTION_NONE, /* undecided: let this packet pass and look at the next */
	ACTION_ALLOW,
	ACTION_MONITOR,
	ACTION_SCORE, /* only in rules, never a verdict */
	ACTION_DROP,
	ACTION_REJECT,
	ACTION_N
};

/* What a block covers; the order is that of breadth. */
enum scope {
	SCOPE_AUTO, /* only in rules: by the kind of evidence */
	SCOPE_FLOW,
	SCOPE_PAIR,
	SCOPE_ENDPOINT,
	SCOPE_ADDRESS,
	SCOPE_N
};

enum { DECISION_HITS = 8, DECISION_NO_LIST = 0xffff };

/* Where the evidence stands: index of a list of the policy and the line in its file. */
struct evidence {
	uint16_t list; /* DECISION_NO_LIST: the value stands in the rule itself */
	uint32_t line; /* 1-based; 0 unknown */
};

/* Rules that fired without ending the search. */
struct hit {
	uint16_t rule;
	struct evidence ev;
};

/* Special values of decision.rule */
enum { RULE_NONE = 0xffff, RULE_DEFAULT = 0xfffe, RULE_SCORE = 0xfffd };

struct decision {
	/*
	 * enum action: NONE, ALLOW, MONITOR (passes, watched), DROP, REJECT. An ALLOW with
	 * n_monitors > 0 passes by the rule named here and is watched for the rules in `monitors`.
	 */
	uint8_t action;
	/*
	 * enum scope of the block, never AUTO, at most PAIR for DIR_IN; of a watch: ENDPOINT, or
	 * FLOW: a DNS message, for which nothing is to be watched.
	 */
	uint8_t scope;
	bool by_client;	   /* the evidence is what the client said: PAIR and above need a reply */
	bool by_name;	   /* a name or fingerprint is in it: says little of the whole address */
	uint16_t rule;	   /* index into the policy's rules, or RULE_* */
	uint16_t score;	   /* sum of the TRUE score rules */
	uint32_t ttl;	   /* seconds a set entry lives */
	struct evidence ev; /* of the rule that decided */
	uint8_t n_monitors, n_scores; /* <= DECISION_HITS, more are counted in lost */
	uint8_t lost;
	struct hit monitors[DECISION_HITS]; /* monitor rules that are TRUE and stand */
	struct hit scores[DECISION_HITS];   /* score rules that are TRUE */
};

const char *decision_action_name(enum action a); /* "allow", ... */
const char *decision_scope_name(enum scope s);	 /* "flow", ... */

#endif
