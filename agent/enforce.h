/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCE_H
#define ENFORCE_H

#include "agent/event.h"
#include "nft/nft.h"
#include "policy/policy.h"

/*
 * From verdicts to set entries: how wide a block may be (scope of a block = scope of its evidence),
 * who is protected, who has spent his quota, and which entries stand, with the reason of each.
 * Knows no socket and no clock; the clerk sends what it gives to the guard, the replay keeps it in
 * a simulated set. Bounded: ENFORCE_ENTRIES entries, oldest of the same source goes first.
 */
enum { ENFORCE_ENTRIES = 65536 };
/* End of the comment of an entry that was made in observe mode: it must not act after arming. */
#define ENFORCE_OBSERVED " observe"

struct enforce;

struct enforce_entry {
	struct nft_elem elem;	/* as sent; op unused */
	uint64_t added, until;	/* now-clock, ms */
	uint64_t wall;		/* microseconds since 1970 when it was added */
	uint32_t reason;
	uint32_t hits;		/* verdicts that asked for it */
	uint8_t action;		/* enum action */
	bool adopted;		/* found in the kernel at start: facts are unknown */
	uint32_t line;		/* of the evidence in its list; 0 unknown */
	char rule[EVENT_NAME], list[EVENT_NAME], attack[EVENT_ATTACK];
	struct facts facts;	/* of the flow that caused it */
};

/* True if the address may never be blocked wider than a flow (own, gateway, inside ...). */
typedef bool enforce_protected(void *ctx, const uint8_t addr[16]);

struct enforce *enforce_new(uint32_t quota, enforce_protected *fn, void *ctx);
void enforce_free(struct enforce *e);
void enforce_quota(struct enforce *e, uint32_t quota);

/*
 * One event in: the changes it asks for go to out[0..max), their number is returned. The
 * outcome says what was done and why not more. Never more than ENFORCE_CHANGES per event.
 */
enum { ENFORCE_CHANGES = 12 };
size_t enforce_event(struct enforce *e, struct outcome *oc, struct nft_elem out[ENFORCE_CHANGES],
		     const struct event *ev);

/* An element found in the kernel at start; `policy` may know the rule of its comment. */
void enforce_adopt(struct enforce *e, const struct nft_elem *el, uint64_t wall, uint64_t now);

/*
 * After a reload: judges every entry again from its saved facts; those no longer blocked (or
 * watched) are forgotten and returned for deletion, through `del`.
 */
void enforce_rejudge(struct enforce *e, const struct policy *p,
		     void (*del)(void *ctx, const struct nft_elem *el), void *ctx);

/*
 * Entries that name `addr` as source or destination (NULL: all) are forgotten and given to
 * `del`; returns how many.
 */
size_t enforce_unblock(struct enforce *e, const uint8_t addr[16],
		       void (*del)(void *ctx, const struct nft_elem *el), void *ctx);

/* Forgets what the kernel has let expire. */
void enforce_expire(struct enforce *e, uint64_t now);
void enforce_each(struct enforce *e, void (*fn)(void *ctx, const struct enforce_entry *en),
		  void *ctx);
size_t enforce_count(const struct enforce *e);

struct enforce_counts {
	uint64_t added, refreshed, expired;
	uint64_t evicted;	/* oldest of the same source gave way */
	uint64_t refused;	/* quota or table full: flow verdict only */
	uint64_t narrowed;	/* protected, shared, no reply ...: narrower than asked */
};
void enforce_counts(const struct enforce *e, struct enforce_counts *c);

#endif
