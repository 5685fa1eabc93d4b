/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFT_EXPR_H
#define NFT_EXPR_H

#include <stdio.h> /* libnftnl's headers need FILE */
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "nft/internal.h"

/*
 * Words to write rules with. Each puts one match or statement at the end of the rule begun
 * by expr_rule(); the next expr_rule(), or expr_end(), puts the rule into the batch. Lack of
 * memory is kept in the batch.
 */
struct expr {
	struct batch *b;
	const char *table;
	const struct nft_conf *conf;
	const struct nft_caps *caps;
	struct rule_marks mark;
	struct nftnl_rule *r;
	const char *chain, *what;
};

#define EXPR_CT_INVALID     1u
#define EXPR_CT_ESTABLISHED 2u
#define EXPR_CT_RELATED     4u
#define EXPR_CT_NEW         8u
#define EXPR_CT_UNTRACKED   64u

/* Offsets and lengths of the addresses in the two network headers (RFC 791, RFC 8200). */
struct expr_ip {
	uint8_t nfproto, len, src, dst;
};
extern const struct expr_ip expr_ip[2];

/* `what` becomes the rule's nft comment, and names it in an error. */
void expr_rule(struct expr *x, const char *chain, const char *what);
void expr_end(struct expr *x);

void expr_family(struct expr *x, bool v6);
void expr_proto(struct expr *x, uint8_t proto, bool equal);
void expr_port(struct expr *x, bool dst, uint16_t port);
void expr_loopback(struct expr *x, bool out);
void expr_ct_state(struct expr *x, uint32_t states);
void expr_ct_reply(struct expr *x, bool reply);
void expr_ct_packets(struct expr *x, uint64_t more_than);
void expr_ct_mark(struct expr *x, uint32_t mask, uint32_t value);
void expr_mark(struct expr *x, uint32_t mask, uint32_t value, bool equal);
void expr_mark_is(struct expr *x, uint32_t value);
void expr_addr(struct expr *x, bool v6, bool dst, const char *set, bool in);
void expr_addr_from(struct expr *x, bool v6, const uint8_t *limit);
void expr_icmp_type(struct expr *x, bool v6, uint8_t type);
void expr_tcp_flags(struct expr *x, uint8_t mask, uint8_t value);
void expr_payload(struct expr *x);

void expr_set_mark(struct expr *x, uint32_t bits, uint32_t value);
void expr_set_ct_mark(struct expr *x, uint32_t bits, uint32_t value);
void expr_count(struct expr *x, enum nft_counter c);
void expr_log(struct expr *x, const char *prefix);
void expr_limit(struct expr *x, uint64_t per_second, uint32_t burst);
void expr_remember(struct expr *x, const char *set, uint64_t timeout);

void expr_accept(struct expr *x);
void expr_drop(struct expr *x);
void expr_jump(struct expr *x, const char *chain);
void expr_goto(struct expr *x, const char *chain);
void expr_reject(struct expr *x, bool tcp);
void expr_queue(struct expr *x);

/* The key of a dynamic set, as written or with source and destination exchanged. */
#define EXPR_KEY_REG 8 /* NFT_REG32_00: keys of several fields start at the first register */
void expr_key(struct expr *x, enum nft_set set, bool v6, bool exchanged, bool ports);
void expr_lookup(struct expr *x, const char *set, bool in);
void expr_hit(struct expr *x, const char *map, bool keep_mark);

#endif
