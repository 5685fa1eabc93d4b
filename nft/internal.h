/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFT_INTERNAL_H
#define NFT_INTERNAL_H

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <libnftnl/common.h>

#include "nft/nft.h"

/* Shared by the files of this folder only. */

#define TABLE_COMMENT "sluice table 1" /* the table's version: only such a table is adopted */
#define TABLE_PROBE   "sluice_probe"
#define TABLE_F_OWNER 2u
#define TABLE_F_KEEP  4u                    /* persist; newer than Debian 12's headers */
#define BATCH_TRIES   10                    /* resends after ERESTART, EINTR, or a fixed element */
#define COMMENT_UDATA (NFT_COMMENT_MAX + 3) /* type, length, NUL */

/* A netlink socket. `own` of struct nft owns the table: closing it gives the table up. */
struct link {
	struct mnl_socket *sock;
	uint32_t seq;
	size_t sndbuf;
};

struct nft {
	struct link own; /* transactions */
	struct link ask; /* questions and dumps; may be reopened at any time */
	struct nft_caps caps;
	bool probed;
};

/* What a request of a transaction is about, for the error text. Static strings only. */
struct batch_note {
	const char *what, *where, *detail;
	size_t elem; /* index of the element + 1; 0 = not about an element */
	int error;   /* negative errno of the kernel's answer */
};

/*
 * One transaction under construction: batch_init, batch_msg for each request (its payload
 * is put behind the returned header before the next call), link_send, batch_fini. Running
 * out of memory is remembered and reported by link_send.
 */
struct batch {
	char *buf;
	size_t len, cap;
	struct nlmsghdr *cur;
	struct batch_note *notes; /* [0] is the transaction itself */
	size_t n, notes_cap;
	uint32_t seq; /* of notes[0] */
	int err;
};

int batch_init(struct batch *b, uint32_t seq, uint32_t genid) __attribute__((warn_unused_result));
void batch_fini(struct batch *b);
struct nlmsghdr *batch_msg(struct batch *b, uint16_t type, uint16_t flags, const char *what,
			   const char *where, const char *detail);
int batch_end(struct batch *b);

int link_open(struct link *l) __attribute__((warn_unused_result));
void link_close(struct link *l);
int link_send(struct link *l, struct batch *b, struct nft_err *err);
int link_ask(struct link *l, struct nlmsghdr *req, mnl_cb_t fn, void *ctx);
int link_genid(struct link *l, uint32_t *genid);
int link_fail(struct nft_err *err, int code, const char *what, const char *where,
	      const char *detail);

/* Ranges: v4 or v6 ones of `in`, sorted, overlapping and touching ones joined, into `out`. */
int range_merge(struct nft_range *out, size_t *n_out, const struct nft_range *in, size_t n,
		bool v6);
bool range_is_v4(const uint8_t addr[16]);
int range_fill(struct batch *b, const char *name, const struct nft_range *in, size_t n, bool v6);
bool range_next(uint8_t addr[16], bool v6); /* addr + 1; false when it wraps */

/*
 * What a drop map holds. Not verdicts: for every new element that jumps somewhere the kernel
 * walks all elements of all maps (0.5 us each, measured), instead of 7 us for the one.
 */
#define SET_STOP   2u
#define SET_REJECT 3u

#define SET_KEY_MAX 44 /* two IPv6 addresses, protocol, two ports, each padded to 4 bytes */

const char *set_twin(enum nft_set set, bool v6);
void set_create_all(struct batch *b);
void set_flush(struct batch *b, const char *name);
int set_is_v6(const struct nft_elem *e); /* 0 or 1; -EINVAL: no such set, families mixed */
size_t set_key(uint8_t key[SET_KEY_MAX], const struct nft_elem *e, bool v6);
bool set_key_parse(struct nft_elem *e, const uint8_t *key, size_t len, bool v6);
size_t set_comment(uint8_t udata[COMMENT_UDATA], const char *text);
void set_comment_parse(char text[NFT_COMMENT_MAX + 1], const uint8_t *udata, size_t len);

/* How an element's change is asked for; the answer may call for another way. */
enum set_act {
	SET_NONE, /* done, or refused */
	SET_NEW,  /* create, must not be there */
	SET_PUT,  /* create or move its expiry in place */
	SET_SWAP, /* delete and create */
	SET_DROP, /* delete */
};

enum set_act set_act_first(const struct nft_elem *e, const struct nft_caps *caps);
void set_change(struct batch *b, const struct nft_elem *e, size_t index, enum set_act act);
int set_settle_errors(const struct batch *b, enum set_act *acts, size_t *refused);

/* Rules. The mark values for a configured mask. */
struct rule_marks {
	uint32_t all, verdict, pass, drop, reject, reply;
};
int rule_marks(struct rule_marks *m, uint32_t mask);
int rule_write(struct batch *b, const struct nft_conf *conf, const struct nft_caps *caps,
	       bool allow);

extern const char *const rule_chains[];
void table_msg(struct batch *b, uint16_t type, uint16_t flags, const char *name, uint32_t tflags,
	       const char *comment);
/* Empties drop_flow. */
int table_forget_flows(struct nft *n, struct nft_err *err);
int table_refused(struct nft *n, int code, struct nft_err *err);
void table_chain(struct batch *b, const char *table, const char *chain, int hook, int prio);

#endif
