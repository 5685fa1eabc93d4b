/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <libnftnl/set.h>

#include "nft/expr.h"

#define PROBE_CHAIN "try"
#define PROBE_SET   "try"
#define PROBE_SHORT 10000 /* ms */
#define PROBE_LONG  3600000
#define PROBE_TRIES 20

static void probe_nothing(struct expr *x)
{
	expr_rule(x, PROBE_CHAIN, "nothing");
}

static void probe_queue(struct expr *x)
{
	expr_rule(x, PROBE_CHAIN, "queue");
	expr_queue(x);
}

static void probe_inner(struct expr *x)
{
	expr_rule(x, PROBE_CHAIN, "payload");
	expr_payload(x);
}

static void probe_log(struct expr *x)
{
	expr_rule(x, PROBE_CHAIN, "log");
	expr_log(x, "sluice");
}

/*
 * Tries one thing in a transaction that takes its own scratch table away again. The table has
 * no base chain: when one goes, the kernel drops every queued packet of the namespace.
 */
static int probe_try(struct nft *n, const struct expr *words, uint32_t flags,
		     void (*fn)(struct expr *x))
{
	struct expr x;
	struct batch b;
	int code = -EINTR;

	for (int i = 0; (code == -EINTR || code == -ERESTART) && i < PROBE_TRIES; i++) {
		code = batch_init(&b, n->own.seq, 0);
		if (code)
			return code;
		x = *words;
		x.b = &b;
		table_msg(&b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, TABLE_PROBE, flags,
			  NULL);
		table_chain(&b, TABLE_PROBE, PROBE_CHAIN, -1, 0);
		if (fn)
			fn(&x);
		expr_end(&x);
		table_msg(&b, NFT_MSG_DELTABLE, 0, TABLE_PROBE, 0, NULL);
		code = link_send(&n->own, &b, NULL);
		batch_fini(&b);
	}
	return code;
}

static void probe_set_new(struct batch *b)
{
	struct nftnl_set *s = nftnl_set_alloc();

	if (!s) {
		b->err = -ENOMEM;
		return;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, TABLE_PROBE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, PROBE_SET);
	nftnl_set_set_u32(s, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(s, NFTNL_SET_ID, 1);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, 4);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, NFT_SET_TIMEOUT);
	nftnl_set_nlmsg_build_payload(
		batch_msg(b, NFT_MSG_NEWSET, NLM_F_CREATE, "add set", PROBE_SET, NULL), s);
	nftnl_set_free(s);
}

static struct nftnl_set *probe_elem(uint64_t timeout)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_set_elem *e = s ? nftnl_set_elem_alloc() : NULL;
	const uint32_t key = 1;

	if (!e) {
		if (s)
			nftnl_set_free(s);
		return NULL;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, TABLE_PROBE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, PROBE_SET);
	nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, &key, sizeof(key));
	if (timeout) {
		nftnl_set_elem_set_u64(e, NFTNL_SET_ELEM_TIMEOUT, timeout);
		nftnl_set_elem_set_u64(e, NFTNL_SET_ELEM_EXPIRATION, timeout);
	}
	nftnl_set_elem_add(s, e);
	return s;
}

/* Adds the element; with `create`, makes table and set before it. */
static int probe_put(struct nft *n, uint64_t timeout, bool create)
{
	struct nftnl_set *s = probe_elem(timeout);
	struct batch b;
	int code = s ? batch_init(&b, n->own.seq, 0) : -ENOMEM;

	if (code)
		goto out;
	if (create) {
		table_msg(&b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, TABLE_PROBE,
			  n->caps.owner ? TABLE_F_OWNER : 0, NULL);
		probe_set_new(&b);
	}
	nftnl_set_elems_nlmsg_build_payload(
		batch_msg(&b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, "add element to", PROBE_SET, NULL),
		s);
	code = link_send(&n->own, &b, NULL);
	batch_fini(&b);
out:
	if (s)
		nftnl_set_free(s);
	return code;
}

static int probe_remove(struct nft *n)
{
	struct batch b;
	int code = batch_init(&b, n->own.seq, 0);

	if (code)
		return code;
	table_msg(&b, NFT_MSG_DELTABLE, 0, TABLE_PROBE, 0, NULL);
	code = link_send(&n->own, &b, NULL);
	batch_fini(&b);
	return code;
}

static int probe_expiry_cb(const struct nlmsghdr *h, void *ctx)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_set_elems_iter *it = NULL;
	struct nftnl_set_elem *e;

	if (s && nftnl_set_elems_nlmsg_parse(h, s) == 0)
		it = nftnl_set_elems_iter_create(s);
	while (it && (e = nftnl_set_elems_iter_next(it)))
		*(uint64_t *)ctx = nftnl_set_elem_get_u64(e, NFTNL_SET_ELEM_EXPIRATION);
	if (it)
		nftnl_set_elems_iter_destroy(it);
	if (s)
		nftnl_set_free(s);
	return MNL_CB_OK;
}

static uint64_t probe_expiry(struct nft *n)
{
	char buf[512] __attribute__((aligned(8)));
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP, 0);
	uint64_t left = 0;

	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, TABLE_PROBE);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, PROBE_SET);
	return link_ask(&n->ask, h, probe_expiry_cb, &left) ? 0 : left;
}

/* A scratch table that is in the way is a dead prober's, or a live one's for a moment. */
static int probe_clear(struct nft *n)
{
	int code = -EBUSY;

	for (int i = 0; code && i < PROBE_TRIES; i++) {
		const struct timespec nap = { .tv_nsec = 20000000 };

		code = probe_remove(n);
		if (code == -ENOENT)
			code = 0;
		else if (code)
			nanosleep(&nap, NULL);
	}
	return code;
}

/* Does adding an element again move its expiry? Only a committed element can tell. */
static int probe_refresh(struct nft *n, bool *refresh)
{
	int code = probe_put(n, PROBE_SHORT, true);

	if (code)
		return code;
	if (probe_put(n, PROBE_LONG, false) == 0)
		*refresh = probe_expiry(n) > PROBE_SHORT;
	return probe_remove(n);
}

int nft_probe(struct nft *n, struct nft_caps *caps, struct nft_err *err)
{
	const struct nft_conf conf = { .queue_count = 1, .log_group = 1 };
	struct nft_caps c = { .native_queue = true };
	struct expr x = { .table = TABLE_PROBE, .conf = &conf, .caps = &c };
	int code;

	if (n->probed) {
		*caps = n->caps;
		return 0;
	}
	code = probe_clear(n);
	if (!code)
		code = probe_try(n, &x, 0, probe_nothing);
	if (code)
		return link_fail(err, code, "try the kernel with table inet", TABLE_PROBE, NULL);
	c.native_queue = probe_try(n, &x, 0, probe_queue) == 0;
	c.compat_queue = false;
	if (!c.native_queue)
		c.compat_queue = probe_try(n, &x, 0, probe_queue) == 0;
	c.inner = probe_try(n, &x, 0, probe_inner) == 0;
	c.log = probe_try(n, &x, 0, probe_log) == 0;
	c.owner = probe_try(n, &x, TABLE_F_OWNER, NULL) == 0;
	c.persist = c.owner && probe_try(n, &x, TABLE_F_OWNER | TABLE_F_KEEP, NULL) == 0;
	n->caps = c;
	code = probe_refresh(n, &n->caps.refresh);
	if (code) {
		probe_clear(n);
		return link_fail(err, code, "try the kernel with table inet", TABLE_PROBE, NULL);
	}
	n->probed = true;
	*caps = n->caps;
	return 0;
}
