/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_H
#define POLICY_H

#include "policy/arena.h"
#include "policy/config.h"
#include "policy/decision.h"
#include "policy/facts.h"

/*
 * The compiled policy: one image in one arena, read-only once made. It holds plain
 * pointers, so it must be mapped where it was built; nothing in it changes while
 * it is judged, so any number of processes may read one copy.
 */
struct policy;

/*
 * Compiles `c` and all its lists into `a` (which must be empty and its base aligned to 16; the
 * image begins there). NULL and errors in `e` if anything is wrong: all of them, not the first.
 * `generation` is stamped into the image. Warnings may be put into `e` on success too.
 */
const struct policy *policy_compile(struct arena *a, struct errs *e, const struct config *c,
				    uint32_t generation);

/* The image at `base`, or NULL if its header or its size does not fit (wrong build, cut file). */
const struct policy *policy_at(const void *base, size_t size);

/*
 * The decision at this moment. Pure: no clock, no state. Linear in the rules. With ACTION_NONE
 * the flow is undecided; hits may still be reported. Once every fact is settled it is never NONE.
 *
 * A condition is TRUE, FALSE or NOT YET. The first ending rule (allow, drop, reject) that is TRUE
 * decides, if no ending rule before it is NOT YET. An allow also waits for the monitor rules
 * before it, whose watch would be lost; a block does not. If no ending rule is TRUE or NOT YET:
 * score-drop as soon as the sum is there; then default = "drop" at once; then, when no score and
 * no monitor rule is NOT YET, score-monitor, the first TRUE monitor rule, or default allow.
 *
 * A decision taken early is the one that all facts would have given, with two liberties: a drop
 * by score or default may name the other of the two, and a score's scope may be narrower.
 */
void policy_judge(struct decision *d, const struct policy *p, const struct facts *f);

uint32_t policy_generation(const struct policy *p);
uint16_t policy_rules(const struct policy *p);
/* Also of RULE_*; never NULL. */
const char *policy_rule_name(const struct policy *p, uint16_t rule);
const char *policy_rule_attack(const struct policy *p, uint16_t rule); /* "T1090.003" or "" */
enum action policy_rule_action(const struct policy *p, uint16_t rule);
uint16_t policy_rule_score(const struct policy *p, uint16_t rule);
uint32_t policy_rule_ttl(const struct policy *p, uint16_t rule);       /* seconds */
const char *policy_list_name(const struct policy *p, uint16_t list);   /* "" for DECISION_NO_LIST */

/* A rule judges flows from outside: inbound flows must be queued. */
bool policy_inbound(const struct policy *p);
/* Some rule, of any action, needs more than addresses, ports and protocol. */
bool policy_needs_payload(const struct policy *p);
/* Would an allow rule on names match this name? (then its address is blocked by flow only) */
bool policy_allows_name(const struct policy *p, const char *name, size_t len);
/* Is the address in top-level `allow` or `never_block`? */
bool policy_never_block(const struct policy *p, const uint8_t addr[16]);

#endif
