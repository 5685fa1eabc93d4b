/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>

#include "nft/internal.h"

static const char *const dump_counters[NFT_C_N] = {
	[NFT_C_QUEUED] = "queued",       [NFT_C_PASS] = "pass",       [NFT_C_DROP_SET] = "drop_set",
	[NFT_C_DROP_MARK] = "drop_mark", [NFT_C_WATCH] = "watched",   [NFT_C_ALLOW] = "allowed",
	[NFT_C_INVALID] = "bad_state",   [NFT_C_UNTRACKED] = "blind",
};

const char *nft_counter_name(enum nft_counter c)
{
	return (unsigned int)c < NFT_C_N ? dump_counters[c] : "?";
}

struct dump {
	enum nft_set set;
	bool v6;
	size_t left;
	int (*fn)(void *ctx, const struct nft_elem *e);
	void *ctx;
	int rc;
};

static uint32_t dump_u32(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static bool dump_elem(struct nft_elem *e, struct nftnl_set_elem *k, bool v6)
{
	const struct nftnl_expr *counter;
	const void *key, *udata, *data;
	uint32_t len = 0, verdict;

	key = nftnl_set_elem_get(k, NFTNL_SET_ELEM_KEY, &len);
	if (!key || !set_key_parse(e, key, len, v6))
		return false;
	e->timeout = dump_u32(nftnl_set_elem_get_u64(k, NFTNL_SET_ELEM_TIMEOUT));
	e->expires = dump_u32(nftnl_set_elem_get_u64(k, NFTNL_SET_ELEM_EXPIRATION));
	data = nftnl_set_elem_get(k, NFTNL_SET_ELEM_DATA, &len);
	if (data && len == sizeof(verdict)) {
		memcpy(&verdict, data, sizeof(verdict));
		e->reject = verdict == SET_REJECT;
	}
	udata = nftnl_set_elem_get(k, NFTNL_SET_ELEM_USERDATA, &len);
	if (udata)
		set_comment_parse(e->comment, udata, len);
	counter = nftnl_set_elem_get(k, NFTNL_SET_ELEM_EXPR, &len);
	if (counter && strcmp(nftnl_expr_get_str(counter, NFTNL_EXPR_NAME), "counter") == 0)
		e->packets = nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_PACKETS);
	return true;
}

static int dump_message(struct dump *d, struct nftnl_set *s)
{
	struct nftnl_set_elems_iter *it = nftnl_set_elems_iter_create(s);
	struct nftnl_set_elem *k;
	int rc = MNL_CB_OK;

	if (!it)
		return MNL_CB_ERROR;
	while (rc == MNL_CB_OK && (k = nftnl_set_elems_iter_next(it))) {
		struct nft_elem e = { .op = NFT_ADD, .set = (uint8_t)d->set };

		if (!dump_elem(&e, k, d->v6))
			continue;
		if (!d->left) {
			rc = MNL_CB_STOP;
			break;
		}
		d->left--;
		d->rc = d->fn(d->ctx, &e);
		if (d->rc < 0)
			rc = MNL_CB_STOP;
	}
	nftnl_set_elems_iter_destroy(it);
	return rc;
}

static int dump_cb(const struct nlmsghdr *h, void *ctx)
{
	struct nftnl_set *s = nftnl_set_alloc();
	int rc = MNL_CB_ERROR;

	if (!s)
		return rc;
	if (nftnl_set_elems_nlmsg_parse(h, s) == 0)
		rc = dump_message(ctx, s);
	nftnl_set_free(s);
	return rc;
}

static int dump_set(struct nft *n, struct dump *d, struct nft_err *err)
{
	char buf[512] __attribute__((aligned(8)));
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP, 0);
	int code;

	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, set_twin(d->set, d->v6));
	code = link_ask(&n->ask, h, dump_cb, d);
	if (code)
		return link_fail(err, code, "list set", set_twin(d->set, d->v6), NULL);
	return 0;
}

int nft_dump(struct nft *n, enum nft_set set, size_t max,
	     int (*fn)(void *ctx, const struct nft_elem *e), void *ctx, struct nft_err *err)
{
	struct dump d = { .set = set, .left = max, .fn = fn, .ctx = ctx };
	int code = (unsigned int)set < NFT_SET_N ? 0 : -EINVAL;

	if (code)
		return link_fail(err, code, "list set", NULL, NULL);
	for (int v6 = 0; v6 < 2 && !code && d.left && d.rc >= 0; v6++) {
		d.v6 = v6;
		code = dump_set(n, &d, err);
	}
	return code;
}

struct dump_total {
	struct nft_counters *c;
	bool any;
};

static int dump_counter_cb(const struct nlmsghdr *h, void *ctx)
{
	struct dump_total *t = ctx;
	struct nftnl_obj *o = nftnl_obj_alloc();
	const char *name;

	if (!o)
		return MNL_CB_ERROR;
	name = nftnl_obj_nlmsg_parse(h, o) == 0 ? nftnl_obj_get_str(o, NFTNL_OBJ_NAME) : NULL;
	for (int i = 0; name && i < NFT_C_N; i++)
		if (strcmp(name, dump_counters[i]) == 0) {
			t->c->packets[i] = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_PKTS);
			t->any = true;
		}
	nftnl_obj_free(o);
	return MNL_CB_OK;
}

int nft_counters(struct nft *n, struct nft_counters *c, struct nft_err *err)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETOBJ, NFPROTO_INET, NLM_F_DUMP, 0);
	struct dump_total t = { .c = c };
	int code;

	*c = (struct nft_counters){ { 0 } };
	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, NFT_TABLE);
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	code = link_ask(&n->ask, h, dump_counter_cb, &t);
	if (!code && !t.any)
		code = -ENOENT;
	return code ? link_fail(err, code, "read counters of table inet", NFT_TABLE, NULL) : 0;
}
