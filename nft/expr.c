/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <libnftnl/udata.h>

#include "nft/expr.h"

#define EXPR_BASE_INNER   3 /* NFT_PAYLOAD_INNER_HEADER (5.16): what the transport carries */
#define EXPR_LOG_SNAPLEN  128
#define EXPR_QUEUE_BYPASS 1 /* NFT_QUEUE_FLAG_BYPASS and NFQ_FLAG_BYPASS are the same bit */
#define EXPR_SECOND       1

const struct expr_ip expr_ip[2] = {
	{ NFPROTO_IPV4, 4, 12, 16 },
	{ NFPROTO_IPV6, 16, 8, 24 },
};

/* linux/netfilter/xt_NFQUEUE.h, revision 3; the kernel wants it padded to 8 bytes. */
struct expr_xt_nfqueue {
	uint16_t first, total, flags, pad;
};

static struct nftnl_expr *expr_new(struct expr *x, const char *name)
{
	struct nftnl_expr *e = x->r ? nftnl_expr_alloc(name) : NULL;

	if (e)
		nftnl_rule_add_expr(x->r, e);
	else
		x->b->err = -ENOMEM;
	return e;
}

static void expr_u32(struct nftnl_expr *e, uint16_t attr, uint32_t v)
{
	if (e)
		nftnl_expr_set_u32(e, attr, v);
}

static void expr_data(struct nftnl_expr *e, uint16_t attr, const void *data, uint32_t len)
{
	if (e)
		nftnl_expr_set(e, attr, data, len);
}

static void expr_comment(struct nftnl_rule *r, const char *text)
{
	struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(NFTNL_UDATA_COMMENT_MAXLEN + 8);

	if (!u)
		return;
	if (nftnl_udata_put_strz(u, NFTNL_UDATA_RULE_COMMENT, text))
		nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(u),
				    nftnl_udata_buf_len(u));
	nftnl_udata_buf_free(u);
}

void expr_rule(struct expr *x, const char *chain, const char *what)
{
	expr_end(x);
	x->chain = chain;
	x->what = what;
	x->r = nftnl_rule_alloc();
	if (!x->r) {
		x->b->err = -ENOMEM;
		return;
	}
	nftnl_rule_set_u32(x->r, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(x->r, NFTNL_RULE_TABLE, x->table);
	nftnl_rule_set_str(x->r, NFTNL_RULE_CHAIN, chain);
	expr_comment(x->r, what);
}

void expr_end(struct expr *x)
{
	if (!x->r)
		return;
	nftnl_rule_nlmsg_build_payload(batch_msg(x->b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
						 "add rule", x->chain, x->what),
				       x->r);
	nftnl_rule_free(x->r);
	x->r = NULL;
}

static void expr_meta(struct expr *x, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = expr_new(x, "meta");

	expr_u32(e, NFTNL_EXPR_META_KEY, key);
	expr_u32(e, NFTNL_EXPR_META_DREG, reg);
}

static void expr_ct(struct expr *x, uint32_t key)
{
	struct nftnl_expr *e = expr_new(x, "ct");

	expr_u32(e, NFTNL_EXPR_CT_KEY, key);
	expr_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

static void expr_load(struct expr *x, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *e = expr_new(x, "payload");

	expr_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	expr_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	expr_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	expr_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

/* register 1 = (register 1 & mask) ^ xor */
static void expr_bits(struct expr *x, const void *mask, const void * xor, uint32_t len)
{
	struct nftnl_expr *e = expr_new(x, "bitwise");

	expr_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	expr_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	expr_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	expr_data(e, NFTNL_EXPR_BITWISE_MASK, mask, len);
	expr_data(e, NFTNL_EXPR_BITWISE_XOR, xor, len);
}

static void expr_cmp(struct expr *x, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = expr_new(x, "cmp");

	expr_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	expr_u32(e, NFTNL_EXPR_CMP_OP, op);
	expr_data(e, NFTNL_EXPR_CMP_DATA, data, len);
}

static void expr_cmp_u8(struct expr *x, uint32_t op, uint8_t v)
{
	expr_cmp(x, op, &v, sizeof(v));
}

static void expr_masked(struct expr *x, uint32_t mask, uint32_t value, bool equal)
{
	const uint32_t zero = 0;

	expr_bits(x, &mask, &zero, sizeof(mask));
	expr_cmp(x, equal ? NFT_CMP_EQ : NFT_CMP_NEQ, &value, sizeof(value));
}

void expr_family(struct expr *x, bool v6)
{
	expr_meta(x, NFT_META_NFPROTO, NFT_REG_1);
	expr_cmp_u8(x, NFT_CMP_EQ, expr_ip[v6].nfproto);
}

void expr_proto(struct expr *x, uint8_t proto, bool equal)
{
	expr_meta(x, NFT_META_L4PROTO, NFT_REG_1);
	expr_cmp_u8(x, equal ? NFT_CMP_EQ : NFT_CMP_NEQ, proto);
}

void expr_port(struct expr *x, bool dst, uint16_t port)
{
	uint16_t be = htons(port);

	expr_load(x, NFT_PAYLOAD_TRANSPORT_HEADER, dst ? 2 : 0, 2, NFT_REG_1);
	expr_cmp(x, NFT_CMP_EQ, &be, sizeof(be));
}

void expr_loopback(struct expr *x, bool out)
{
	static const char lo[16] = "lo"; /* IFNAMSIZ */

	expr_meta(x, out ? NFT_META_OIFNAME : NFT_META_IIFNAME, NFT_REG_1);
	expr_cmp(x, NFT_CMP_EQ, lo, sizeof(lo));
}

void expr_ct_state(struct expr *x, uint32_t states)
{
	expr_ct(x, NFT_CT_STATE);
	expr_masked(x, states, 0, false);
}

void expr_ct_reply(struct expr *x, bool reply)
{
	expr_ct(x, NFT_CT_DIRECTION);
	expr_cmp_u8(x, NFT_CMP_EQ, reply);
}

/* Packets of the original direction so far; this match turns conntrack's counting on. */
void expr_ct_packets(struct expr *x, uint64_t more_than)
{
	struct nftnl_expr *e = expr_new(x, "ct"), *h;
	uint8_t be[8];

	for (size_t i = 0; i < sizeof(be); i++)
		be[i] = (uint8_t)(more_than >> (56 - 8 * i));
	expr_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_PKTS);
	expr_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	if (e)
		nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, 0);
	h = expr_new(x, "byteorder");
	expr_u32(h, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
	expr_u32(h, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
	expr_u32(h, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	expr_u32(h, NFTNL_EXPR_BYTEORDER_LEN, 8);
	expr_u32(h, NFTNL_EXPR_BYTEORDER_SIZE, 8);
	expr_cmp(x, NFT_CMP_GT, be, sizeof(be));
}

void expr_ct_mark(struct expr *x, uint32_t mask, uint32_t value)
{
	expr_ct(x, NFT_CT_MARK);
	expr_masked(x, mask, value, true);
}

void expr_mark(struct expr *x, uint32_t mask, uint32_t value, bool equal)
{
	expr_meta(x, NFT_META_MARK, NFT_REG_1);
	expr_masked(x, mask, value, equal);
}

void expr_mark_is(struct expr *x, uint32_t value)
{
	expr_meta(x, NFT_META_MARK, NFT_REG_1);
	expr_cmp(x, NFT_CMP_EQ, &value, sizeof(value));
}

void expr_addr(struct expr *x, bool v6, bool dst, const char *set, bool in)
{
	const struct expr_ip *ip = &expr_ip[v6];

	expr_load(x, NFT_PAYLOAD_NETWORK_HEADER, dst ? ip->dst : ip->src, ip->len, NFT_REG_1);
	expr_lookup(x, set, in);
}

/* Destination at or above `limit`, an address of the family's length. */
void expr_addr_from(struct expr *x, bool v6, const uint8_t *limit)
{
	const struct expr_ip *ip = &expr_ip[v6];

	expr_load(x, NFT_PAYLOAD_NETWORK_HEADER, ip->dst, ip->len, NFT_REG_1);
	expr_cmp(x, NFT_CMP_GTE, limit, ip->len);
}

void expr_icmp_type(struct expr *x, bool v6, uint8_t type)
{
	expr_proto(x, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, true);
	expr_load(x, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	expr_cmp_u8(x, NFT_CMP_EQ, type);
}

void expr_tcp_flags(struct expr *x, uint8_t mask, uint8_t value)
{
	const uint8_t zero = 0;

	expr_load(x, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, NFT_REG_1);
	expr_bits(x, &mask, &zero, 1);
	expr_cmp_u8(x, NFT_CMP_EQ, value);
}

/* The transport carries at least one byte: loading it ends the rule if there is none. */
void expr_payload(struct expr *x)
{
	expr_load(x, EXPR_BASE_INNER, 0, 1, NFT_REG_1);
	expr_cmp_u8(x, NFT_CMP_GTE, 0);
}

static void expr_store_mark(struct expr *x)
{
	struct nftnl_expr *e = expr_new(x, "meta");

	expr_u32(e, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	expr_u32(e, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

void expr_set_mark(struct expr *x, uint32_t bits, uint32_t value)
{
	const uint32_t keep = ~bits;

	expr_meta(x, NFT_META_MARK, NFT_REG_1);
	expr_bits(x, &keep, &value, sizeof(keep));
	expr_store_mark(x);
}

void expr_set_ct_mark(struct expr *x, uint32_t bits, uint32_t value)
{
	const uint32_t keep = ~bits;
	struct nftnl_expr *e;

	expr_ct(x, NFT_CT_MARK);
	expr_bits(x, &keep, &value, sizeof(keep));
	e = expr_new(x, "ct");
	expr_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_MARK);
	expr_u32(e, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}

void expr_count(struct expr *x, enum nft_counter c)
{
	struct nftnl_expr *e = expr_new(x, "objref");

	expr_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	if (e)
		nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, nft_counter_name(c));
}

void expr_log(struct expr *x, const char *prefix)
{
	struct nftnl_expr *e = expr_new(x, "log");

	if (!e)
		return;
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, x->conf->log_group);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, EXPR_LOG_SNAPLEN);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, prefix);
}

void expr_limit(struct expr *x, uint64_t per_second, uint32_t burst)
{
	struct nftnl_expr *e = expr_new(x, "limit");

	if (!e)
		return;
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, per_second);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, EXPR_SECOND);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, burst);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
}

/* Adds the key in the registers to a set. A full set ends the rule, nothing else. */
void expr_remember(struct expr *x, const char *set, uint64_t timeout)
{
	struct nftnl_expr *e = expr_new(x, "dynset");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, timeout);
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, set);
}

static void expr_verdict(struct expr *x, uint32_t verdict, const char *chain)
{
	struct nftnl_expr *e = expr_new(x, "immediate");

	expr_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	expr_u32(e, NFTNL_EXPR_IMM_VERDICT, verdict);
	if (e && chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
}

void expr_accept(struct expr *x)
{
	expr_verdict(x, NF_ACCEPT, NULL);
}

void expr_drop(struct expr *x)
{
	expr_verdict(x, NF_DROP, NULL);
}

void expr_jump(struct expr *x, const char *chain)
{
	expr_verdict(x, (uint32_t)NFT_JUMP, chain);
}

void expr_goto(struct expr *x, const char *chain)
{
	expr_verdict(x, (uint32_t)NFT_GOTO, chain);
}

void expr_reject(struct expr *x, bool tcp)
{
	struct nftnl_expr *e = expr_new(x, "reject");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE,
			   tcp ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, tcp ? 0 : NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

static void expr_queue_native(struct expr *x)
{
	struct nftnl_expr *e = expr_new(x, "queue");

	if (!e)
		return;
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, x->conf->queue_first);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, x->conf->queue_count);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_FLAGS, x->conf->fail_open ? EXPR_QUEUE_BYPASS : 0);
}

static void expr_queue_compat(struct expr *x)
{
	struct nftnl_expr *e = expr_new(x, "target");
	struct expr_xt_nfqueue *info;

	if (!e)
		return;
	info = calloc(1, sizeof(*info));
	if (!info) {
		x->b->err = -ENOMEM;
		return;
	}
	info->first = x->conf->queue_first;
	info->total = x->conf->queue_count;
	info->flags = x->conf->fail_open ? EXPR_QUEUE_BYPASS : 0;
	nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, 3);
	nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, info, sizeof(*info));
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the expression owns it now */
}

/* Neither kind fans out by CPU: both directions of an address pair meet the same queue. */
void expr_queue(struct expr *x)
{
	if (x->caps->native_queue)
		expr_queue_native(x);
	else
		expr_queue_compat(x);
}

void expr_lookup(struct expr *x, const char *set, bool in)
{
	struct nftnl_expr *e = expr_new(x, "lookup");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set);
	if (!in)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

/*
 * Matches if the key in the registers is in a drop map. What the map holds for it becomes the
 * packet mark, the whole of it: fine for a packet that is about to end. One that goes on
 * keeps its mark.
 */
void expr_hit(struct expr *x, const char *map, bool keep_mark)
{
	struct nftnl_expr *e = expr_new(x, "lookup");
	const uint32_t zero = 0;

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, map);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
	if (keep_mark)
		expr_cmp(x, NFT_CMP_NEQ, &zero, sizeof(zero));
	else
		expr_store_mark(x);
}

static uint32_t expr_key_addr(struct expr *x, bool v6, bool dst, uint32_t reg)
{
	const struct expr_ip *ip = &expr_ip[v6];

	expr_load(x, NFT_PAYLOAD_NETWORK_HEADER, dst ? ip->dst : ip->src, ip->len, reg);
	return reg + ip->len / 4u;
}

/* A protocol without ports has 0 in their place. */
static uint32_t expr_key_port(struct expr *x, bool dst, bool ports, uint32_t reg)
{
	const uint16_t none = 0;
	struct nftnl_expr *e;

	if (ports) {
		expr_load(x, NFT_PAYLOAD_TRANSPORT_HEADER, dst ? 2 : 0, 2, reg);
		return reg + 1;
	}
	e = expr_new(x, "immediate");
	expr_u32(e, NFTNL_EXPR_IMM_DREG, reg);
	expr_data(e, NFTNL_EXPR_IMM_DATA, &none, sizeof(none));
	return reg + 1;
}

/* Loads the fields of set_defs[set] (set.c) in their order, each from its own register. */
void expr_key(struct expr *x, enum nft_set set, bool v6, bool exchanged, bool ports)
{
	uint32_t reg = EXPR_KEY_REG;

	if (set == NFT_DROP_PAIR || set == NFT_DROP_FLOW)
		reg = expr_key_addr(x, v6, exchanged, reg);
	reg = expr_key_addr(x, v6, !exchanged, reg);
	if (set == NFT_DROP_ADDR)
		return;
	expr_meta(x, NFT_META_L4PROTO, reg++);
	if (set == NFT_DROP_FLOW)
		reg = expr_key_port(x, exchanged, ports, reg);
	expr_key_port(x, !exchanged, ports, reg);
}
