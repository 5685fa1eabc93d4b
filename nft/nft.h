/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFT_H
#define NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's half: table `inet sluice`, built and changed only by libnftnl/libmnl
 * transactions. Nothing here knows the agent or the policy.
 *
 * Conventions of this header:
 *  - Addresses are 16 bytes in network byte order; IPv4 is v4-mapped (::ffff:a.b.c.d,
 *    RFC 4291 section 2.5.5.2) and goes to the `_4` twin of a set, all else to `_6`.
 *  - Ports and marks are in host byte order. Times are milliseconds.
 *  - Functions return 0 or -errno; with an error the kernel's answer stands in words
 *    in `struct nft_err`. No pointer is kept after a call returns.
 *  - A `struct nft` belongs to one thread at a time (it is not locked).
 */

#define NFT_TABLE	  "sluice"
#define NFT_COMMENT_MAX	  120	/* bytes without NUL; nft itself refuses more than 128 */
#define NFT_BATCH_ELEMS	  20000 /* elements a transaction at most (measured optimum) */

/* Bits of the packet mark and the conntrack mark, for the default mask 0x70000000. */
#define NFT_MARK_MASK	  0x70000000u /* all bits that are ours */
#define NFT_MARK_VERDICT  0x30000000u
#define NFT_MARK_PASS	  0x10000000u
#define NFT_MARK_DROP	  0x20000000u
#define NFT_MARK_REJECT	  0x30000000u
#define NFT_MARK_REPLY	  0x40000000u /* packet mark toward the agent: reply direction was seen */
#define NFT_MARK_ALONE	  0x40000000u /* from the agent, with a reject: of this packet, not its flow */

struct nft;

struct nft_err {
	int code;	/* negative errno of the kernel's answer */
	char text[240]; /* what was asked and what the kernel said, one line, no newline */
};

/* What this kernel can do; filled by nft_probe(). */
struct nft_caps {
	bool native_queue; /* `queue` expression; else xt NFQUEUE through nft_compat */
	bool compat_queue; /* xt NFQUEUE revision 3 through nft_compat works */
	bool inner;	   /* payload base `ih` (5.16): pure ACKs can stay in the kernel */
	bool owner;	   /* table flag owner */
	bool persist;	   /* table flag persist (6.9) */
	bool refresh;	   /* re-adding an element moves its expiry in place (6.12) */
	bool log;	   /* NFLOG works (nfnetlink_log); without it log_group is ignored */
};

/* Everything the rules depend on. A plain struct: it crosses a pipe. */
struct nft_conf {
	uint32_t mark_mask;	/* 3 bits, contiguous; NFT_MARK_* are shifted into it */
	uint16_t queue_first;	/* first queue number */
	uint16_t queue_count;	/* queues; balanced by address hash, never by CPU */
	uint16_t log_group;	/* NFLOG group of watch hits and kernel drops; 0 = no log */
	bool fail_open;		/* queue bypass: nobody listens = packet goes on */
	bool observe;		/* verdict chains count, and let the packet go on */
	bool invalid_pass;	/* `ct state invalid` goes on instead of being dropped */
	bool router_traffic;	/* the gateway's own flows (hook output) are inspected */
	bool inbound;		/* new flows from outside are inspected too */
	bool dns;		/* DNS messages are queued one by one, in all hooks */
	bool icmp;		/* queued, too: echo requests, new flows of other protocols */
};

/* A net or a range: first and last address, both inclusive, same family. */
struct nft_range {
	uint8_t lo[16], hi[16];
};

enum nft_set {
	NFT_DROP_PAIR,	/* saddr . daddr . l4proto . dport */
	NFT_DROP_EP,	/* daddr . l4proto . dport */
	NFT_DROP_ADDR,	/* daddr */
	NFT_DROP_FLOW,	/* saddr . daddr . l4proto . sport . dport; filled by the packet path */
	NFT_WATCH,	/* daddr . l4proto . dport */
	NFT_SET_N
};

enum nft_op {
	NFT_ADD,     /* add; an element that is there gets this timeout and verdict */
	NFT_REFRESH, /* move the expiry of an element believed present; added if it is not */
	NFT_DEL,     /* delete; no error if it is not there */
};

/* One dynamic element. Plain: crosses a socketpair. Fields a set's key lacks are ignored. */
struct nft_elem {
	uint8_t op;	     /* enum nft_op */
	uint8_t set;	     /* enum nft_set */
	uint8_t reject;	     /* drop_pair, drop_ep, drop_addr: chain `cut`, not `stop` */
	uint8_t proto;	     /* IPPROTO_* */
	uint16_t sport, dport; /* 0 for protocols without ports */
	uint8_t src[16], dst[16];
	uint32_t timeout;    /* ms, > 0 */
	uint32_t expires;    /* ms left; filled by nft_dump(), ignored by nft_apply() */
	uint64_t packets;    /* counter; filled by nft_dump() where the set counts, else 0 */
	char comment[NFT_COMMENT_MAX + 1]; /* NUL-terminated; "" = none */
};

/* Packet totals of the named counter objects; they survive a reload. */
enum nft_counter {
	NFT_C_QUEUED,	 /* packets that met a queue rule */
	NFT_C_PASS,	 /* accepted by conntrack mark pass */
	NFT_C_DROP_SET,	 /* drop_pair, drop_ep, drop_addr, drop_flow */
	NFT_C_DROP_MARK, /* conntrack mark drop or reject, and fresh verdicts */
	NFT_C_WATCH,	 /* watch hits */
	NFT_C_ALLOW,	 /* top-level allow */
	NFT_C_INVALID,	 /* ct state invalid */
	NFT_C_UNTRACKED, /* blind: not tracked */
	NFT_C_N
};

struct nft_counters {
	uint64_t packets[NFT_C_N];
};

const char *nft_set_name(enum nft_set set);	      /* without the `_4`/`_6` suffix */
const char *nft_counter_name(enum nft_counter c);

/* Opens and binds the netlink socket. Needs CAP_NET_ADMIN, then and at every call. */
struct nft *nft_open(struct nft_err *err) __attribute__((warn_unused_result));
void nft_close(struct nft *n); /* NULL is fine */

/*
 * Finds out what the kernel can do, by transactions on a scratch table that is gone
 * afterwards. Cached in `n`; nft_load() calls it if nobody has.
 */
int nft_probe(struct nft *n, struct nft_caps *caps, struct nft_err *err);

/*
 * Builds the table, or adopts the one that is there with its elements, and (re)writes
 * every rule and the `inside` and `allow` sets: one transaction, all or nothing. Base
 * chains are created once and never deleted (queued packets are lost when one goes).
 * A table that is not ours by its version comment is replaced only if `replace`;
 * otherwise -EEXIST. -EPERM: another running agent owns it.
 * `drop_dynamic` empties drop_pair, drop_ep, drop_addr, drop_flow and watch in the
 * same transaction (observe -> enforce).
 * `changes` are applied in the same transaction; n_changes <= NFT_BATCH_ELEMS.
 * Refused ones among them do not fail the load; err->text then says how many (code 0).
 */
struct nft_load {
	struct nft_conf conf;
	const struct nft_range *inside, *allow;	/* any order; may overlap: merged here */
	size_t n_inside, n_allow;
	const struct nft_elem *changes;
	size_t n_changes;
	bool drop_dynamic;
	bool replace;
};
int nft_load(struct nft *n, const struct nft_load *l, struct nft_err *err);

/* Replaces the content of `inside` alone. */
int nft_inside(struct nft *n, const struct nft_range *r, size_t count, struct nft_err *err);

/*
 * Applies element changes, NFT_BATCH_ELEMS a transaction at most. A full set (ENFILE) or one
 * refused element never costs the others: the batch is retried without it, and the
 * number of refused elements is put into *refused (may be NULL). Returns 0 if all others
 * are in, else -errno.
 */
int nft_apply(struct nft *n, const struct nft_elem *e, size_t count, size_t *refused,
	      struct nft_err *err);

/* Empties the dynamic sets (both families). */
int nft_flush(struct nft *n, struct nft_err *err);

/*
 * Calls fn for every element of a dynamic set, both families, stops after `max`
 * (dumps of large hash sets are quadratic in the kernel). fn returning < 0 ends it.
 */
int nft_dump(struct nft *n, enum nft_set set, size_t max,
	     int (*fn)(void *ctx, const struct nft_elem *e), void *ctx, struct nft_err *err);

int nft_counters(struct nft *n, struct nft_counters *c, struct nft_err *err);

/* Is there a table of ours? 1 yes, 0 no, -errno. */
int nft_present(struct nft *n, struct nft_err *err);

/* Takes the table away (uninstall). -ENOENT if there is none, -EPERM if an agent owns it. */
int nft_remove(struct nft *n, struct nft_err *err);

/*
 * Deletes conntrack entries whose mark under `mask` is a blocking verdict (drop or reject)
 * and, if `match` is not NULL, whose original tuple fits the element's key: an unblocked
 * flow must not stay blocked by its mark. Empties drop_flow too: what was blocked on its first packet
 * is judged anew. Returns the number of entries deleted or -errno.
 */
int nft_forget(struct nft *n, uint32_t mask, const struct nft_elem *match, struct nft_err *err);

#endif
