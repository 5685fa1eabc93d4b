/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>

#include "nft/internal.h"

#define SET_SIZE      65536
#define SET_SIZE_FLOW 16384
#define SET_FIELDS    5

/* Data types of the nft program (its datatype.h): with them `nft list set` prints keys. */
enum set_type { SET_IPV4 = 7, SET_IPV6 = 8, SET_PROTO = 12, SET_PORT = 13, SET_MARK = 19 };

enum set_field { SET_END, SET_SRC, SET_DST, SET_L4, SET_SPORT, SET_DPORT };

struct set_def {
	const char *name, *twin[2];
	uint32_t size, flags;
	bool counter;
	uint8_t field[SET_FIELDS]; /* enum set_field, ends with SET_END if shorter */
};

#define SET_NAMES(n) .name = (n), .twin = { n "_4", n "_6" }
#define SET_DROP_MAP .size = SET_SIZE, .flags = NFT_SET_MAP | NFT_SET_TIMEOUT, .counter = true

static const struct set_def set_defs[NFT_SET_N] = {
	[NFT_DROP_PAIR] = { SET_NAMES("drop_pair"), SET_DROP_MAP,
			    .field = { SET_SRC, SET_DST, SET_L4, SET_DPORT } },
	[NFT_DROP_EP] = { SET_NAMES("drop_ep"), SET_DROP_MAP,
			  .field = { SET_DST, SET_L4, SET_DPORT } },
	[NFT_DROP_ADDR] = { SET_NAMES("drop_addr"), SET_DROP_MAP, .field = { SET_DST } },
	[NFT_DROP_FLOW] = { SET_NAMES("drop_flow"), .size = SET_SIZE_FLOW,
			    .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,
			    .field = { SET_SRC, SET_DST, SET_L4, SET_SPORT, SET_DPORT } },
	[NFT_WATCH] = { SET_NAMES("watch"), .size = SET_SIZE, .flags = NFT_SET_TIMEOUT,
			.counter = true, .field = { SET_DST, SET_L4, SET_DPORT } },
};

static const struct set_def set_interval[] = {
	{ SET_NAMES("inside"), .flags = NFT_SET_INTERVAL, .field = { SET_DST } },
	{ SET_NAMES("allow"), .flags = NFT_SET_INTERVAL, .field = { SET_DST } },
};

const char *nft_set_name(enum nft_set set)
{
	return (unsigned int)set < NFT_SET_N ? set_defs[set].name : "?";
}

const char *set_twin(enum nft_set set, bool v6)
{
	return set_defs[set].twin[v6];
}

static uint8_t set_field_len(uint8_t field, bool v6)
{
	switch (field) {
	case SET_SRC:
	case SET_DST:
		return v6 ? 16 : 4;
	case SET_L4:
		return 1;
	default:
		return 2;
	}
}

static uint32_t set_field_type(uint8_t field, bool v6)
{
	switch (field) {
	case SET_SRC:
	case SET_DST:
		return v6 ? SET_IPV6 : SET_IPV4;
	case SET_L4:
		return SET_PROTO;
	default:
		return SET_PORT;
	}
}

/* Sets type, length and field lengths of the key; returns the set flags that it needs. */
static uint32_t set_describe_key(struct nftnl_set *s, const struct set_def *d, bool v6)
{
	uint8_t lens[SET_FIELDS];
	uint32_t type = 0, len = 0, n = 0;

	for (; n < SET_FIELDS && d->field[n] != SET_END; n++) {
		lens[n] = set_field_len(d->field[n], v6);
		len += (lens[n] + 3u) & ~3u;
		type = type << 6 | set_field_type(d->field[n], v6);
	}
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, len);
	if (n < 2)
		return 0;
	nftnl_set_set_data(s, NFTNL_SET_DESC_CONCAT, lens, n);
	return NFT_SET_CONCAT;
}

/* For nft's eyes: the data of the map is in host byte order. */
static void set_host_order_data(struct nftnl_set *s)
{
	struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(64);

	if (!u)
		return;
	nftnl_udata_put_u32(u, NFTNL_UDATA_SET_DATABYTEORDER, 1);
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, nftnl_udata_buf_data(u), nftnl_udata_buf_len(u));
	nftnl_udata_buf_free(u);
}

static void set_create(struct batch *b, const struct set_def *d, bool v6, uint32_t id)
{
	struct nftnl_set *s = nftnl_set_alloc();
	uint32_t flags = d->flags;

	if (!s) {
		b->err = -ENOMEM;
		return;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, NFT_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, d->twin[v6]);
	nftnl_set_set_u32(s, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	flags |= set_describe_key(s, d, v6);
	if (d->size)
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, d->size);
	if (flags & NFT_SET_MAP) {
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, SET_MARK);
		nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, sizeof(uint32_t));
		set_host_order_data(s);
	}
	if (d->counter) {
		struct nftnl_expr *e = nftnl_expr_alloc("counter");

		flags |= NFT_SET_EXPR;
		if (e)
			nftnl_set_add_expr(s, e);
		else
			b->err = -ENOMEM;
	}
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags);
	nftnl_set_nlmsg_build_payload(
		batch_msg(b, NFT_MSG_NEWSET, NLM_F_CREATE, "add set", d->twin[v6], NULL), s);
	nftnl_set_free(s);
}

void set_create_all(struct batch *b)
{
	uint32_t id = 1;

	for (size_t i = 0; i < sizeof(set_interval) / sizeof(*set_interval); i++)
		for (int v6 = 0; v6 < 2; v6++)
			set_create(b, &set_interval[i], v6, id++);
	for (size_t i = 0; i < NFT_SET_N; i++)
		for (int v6 = 0; v6 < 2; v6++)
			set_create(b, &set_defs[i], v6, id++);
}

void set_flush(struct batch *b, const char *name)
{
	struct nlmsghdr *h = batch_msg(b, NFT_MSG_DELSETELEM, 0, "flush set", name, NULL);

	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, name);
}

static bool set_uses(const struct set_def *d, enum set_field f)
{
	for (size_t i = 0; i < SET_FIELDS; i++)
		if (d->field[i] == f)
			return true;
	return false;
}

int set_is_v6(const struct nft_elem *e)
{
	bool v6 = !range_is_v4(e->dst);

	if (e->set >= NFT_SET_N)
		return -EINVAL;
	if (set_uses(&set_defs[e->set], SET_SRC) && range_is_v4(e->src) == v6)
		return -EINVAL;
	return v6;
}

static void set_put_port(uint8_t *p, uint16_t port)
{
	p[0] = (uint8_t)(port >> 8);
	p[1] = (uint8_t)port;
}

/* The kernel's key: each field from the start of its own 4-byte words, network order. */
size_t set_key(uint8_t key[SET_KEY_MAX], const struct nft_elem *e, bool v6)
{
	const struct set_def *d = &set_defs[e->set];
	uint8_t *p = key;

	memset(key, 0, SET_KEY_MAX);
	for (size_t i = 0; i < SET_FIELDS && d->field[i] != SET_END; i++) {
		uint8_t len = set_field_len(d->field[i], v6);

		switch (d->field[i]) {
		case SET_SRC:
			memcpy(p, v6 ? e->src : e->src + 12, len);
			break;
		case SET_DST:
			memcpy(p, v6 ? e->dst : e->dst + 12, len);
			break;
		case SET_L4:
			*p = e->proto;
			break;
		case SET_SPORT:
			set_put_port(p, e->sport);
			break;
		default:
			set_put_port(p, e->dport);
			break;
		}
		p += (len + 3u) & ~3u;
	}
	return (size_t)(p - key);
}

static void set_get_addr(uint8_t addr[16], const uint8_t *p, bool v6)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (v6) {
		memcpy(addr, p, 16);
		return;
	}
	memcpy(addr, mapped, sizeof(mapped));
	memcpy(addr + 12, p, 4);
}

/* Fills the key fields of `e`, whose `set` is known; false if the length is not the key's. */
bool set_key_parse(struct nft_elem *e, const uint8_t *key, size_t len, bool v6)
{
	const struct set_def *d = &set_defs[e->set];
	struct nft_elem blank = { .set = e->set };
	uint8_t probe[SET_KEY_MAX];

	if (len != set_key(probe, &blank, v6))
		return false;
	for (size_t i = 0; i < SET_FIELDS && d->field[i] != SET_END; i++) {
		switch (d->field[i]) {
		case SET_SRC:
			set_get_addr(e->src, key, v6);
			break;
		case SET_DST:
			set_get_addr(e->dst, key, v6);
			break;
		case SET_L4:
			e->proto = *key;
			break;
		case SET_SPORT:
			e->sport = (uint16_t)(key[0] << 8 | key[1]);
			break;
		default:
			e->dport = (uint16_t)(key[0] << 8 | key[1]);
			break;
		}
		key += (set_field_len(d->field[i], v6) + 3u) & ~3u;
	}
	return true;
}

/* An nft comment: one type-length-value with its NUL. Control characters become '?'. */
size_t set_comment(uint8_t udata[COMMENT_UDATA], const char *text)
{
	size_t n = strnlen(text, NFT_COMMENT_MAX);

	if (!n)
		return 0;
	udata[0] = NFTNL_UDATA_SET_ELEM_COMMENT;
	udata[1] = (uint8_t)(n + 1);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];

		udata[2 + i] = c < 0x20 || c == 0x7f || c == '"' ? '?' : c;
	}
	udata[2 + n] = 0;
	return n + 3;
}

void set_comment_parse(char text[NFT_COMMENT_MAX + 1], const uint8_t *udata, size_t len)
{
	text[0] = '\0';
	while (len >= 2 && udata[1] <= len - 2) {
		size_t n = udata[1];

		if (udata[0] == NFTNL_UDATA_SET_ELEM_COMMENT) {
			n = strnlen((const char *)udata + 2, n);
			n = n < NFT_COMMENT_MAX ? n : NFT_COMMENT_MAX;
			memcpy(text, udata + 2, n);
			text[n] = '\0';
			return;
		}
		udata += 2 + n;
		len -= 2 + n;
	}
}

static void set_elem_fill(struct nftnl_set_elem *k, const struct nft_elem *e, enum set_act act)
{
	uint8_t udata[COMMENT_UDATA];
	size_t n = set_comment(udata, e->comment);

	nftnl_set_elem_set_u64(k, NFTNL_SET_ELEM_TIMEOUT, e->timeout);
	if (act == SET_PUT)
		nftnl_set_elem_set_u64(k, NFTNL_SET_ELEM_EXPIRATION, e->timeout);
	if (n)
		nftnl_set_elem_set(k, NFTNL_SET_ELEM_USERDATA, udata, (uint32_t)n);
	if (set_defs[e->set].flags & NFT_SET_MAP) {
		const uint32_t data = e->reject ? SET_REJECT : SET_STOP;

		nftnl_set_elem_set(k, NFTNL_SET_ELEM_DATA, &data, sizeof(data));
	}
}

static void set_message(struct batch *b, const struct nft_elem *e, size_t index, bool del,
			enum set_act act)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_set_elem *k = nftnl_set_elem_alloc();
	bool v6 = set_is_v6(e) > 0;
	const char *name = set_twin(e->set, v6);
	uint8_t key[SET_KEY_MAX];
	uint16_t flags = 0;
	struct nlmsghdr *h;

	if (!s || !k) {
		b->err = -ENOMEM;
		goto out;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, NFT_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, name);
	nftnl_set_elem_set(k, NFTNL_SET_ELEM_KEY, key, (uint32_t)set_key(key, e, v6));
	if (!del) {
		set_elem_fill(k, e, act);
		flags = act == SET_PUT ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_EXCL;
	}
	nftnl_set_elem_add(s, k);
	k = NULL;
	h = batch_msg(b, del ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM, flags,
		      del ? "delete element of" : "add element to", name, NULL);
	nftnl_set_elems_nlmsg_build_payload(h, s);
	b->notes[b->n - 1].elem = index + 1;
out:
	if (k)
		nftnl_set_elem_free(k);
	if (s)
		nftnl_set_free(s);
}

enum set_act set_act_first(const struct nft_elem *e, const struct nft_caps *caps)
{
	if (set_is_v6(e) < 0 || (e->op != NFT_DEL && !e->timeout))
		return SET_NONE;
	switch (e->op) {
	case NFT_ADD:
		return SET_NEW;
	case NFT_REFRESH:
		return caps->refresh ? SET_PUT : SET_SWAP;
	case NFT_DEL:
		return SET_DROP;
	default:
		return SET_NONE;
	}
}

void set_change(struct batch *b, const struct nft_elem *e, size_t index, enum set_act act)
{
	if (act == SET_DROP || act == SET_SWAP)
		set_message(b, e, index, true, act);
	if (act == SET_NEW || act == SET_PUT || act == SET_SWAP)
		set_message(b, e, index, false, act);
}

/* What to try next for an element that was answered with `error`; the old act = no idea. */
static enum set_act set_act_next(enum set_act act, int error)
{
	bool there = error == -EEXIST || error == -EBUSY;

	if ((act == SET_NEW || act == SET_PUT) && there)
		return SET_SWAP;
	if (act == SET_SWAP && error == -ENOENT)
		return SET_NEW;
	if (act == SET_DROP && error == -ENOENT)
		return SET_NONE;
	return act;
}

/*
 * After a failed transaction: chooses another act for each element that failed. 0: worth a
 * retry. Else the error, if it has to do with something else than single elements.
 */
int set_settle_errors(const struct batch *b, enum set_act *acts, size_t *refused)
{
	size_t last = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct batch_note *note = &b->notes[i];
		enum set_act next;

		if (!note->error || (note->elem && note->elem == last))
			continue;
		if (!note->elem || note->error == -EPERM || note->error == -ENOMEM)
			return note->error;
		last = note->elem;
		next = set_act_next(acts[last - 1], note->error);
		if (next == acts[last - 1]) {
			if (note->error == -ENOENT) /* no such set: all others fail likewise */
				return note->error;
			++*refused;
			next = SET_NONE;
		}
		acts[last - 1] = next;
	}
	return last ? 0 : -EPROTO;
}
