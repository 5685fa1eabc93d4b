/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IMAGE_H
#define IMAGE_H

#include "policy/policy.h"
#include "policy/rule.h"

/* What the image of a policy begins with. Private to policy/. */

enum { POLICY_MAGIC = 0x43494c53, POLICY_LAYOUT = 1 };

/* Tells one build's image from another's. */
struct policy_stamp {
	uint32_t magic, layout;
	uint32_t sizes[6];
	uint64_t kinds; /* of match_table: keys, their order */
};

struct policy {
	struct policy_stamp stamp;
	const struct policy *base; /* where it was built and must be mapped */
	uint64_t size;
	uint32_t generation;
	const struct rule *rule;
	const struct list_image *list;
	struct addrset never_block;
	uint32_t ttl, score_monitor, score_drop, score_ttl; /* threshold 0: never reached */
	uint16_t n_rules, n_lists;
	bool default_drop, inbound, payload;
};

void policy_stamp(struct policy_stamp *s);

#endif
