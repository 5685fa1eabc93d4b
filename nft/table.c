/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

#include "nft/internal.h"

#define TABLE_PRIO_GATE   10 /* filter + 10: after the system's own firewall */
#define TABLE_PRIO_SETTLE 20
#define TABLE_LOADS       20 /* attempts while others keep changing the ruleset */

struct table_state {
	bool there, ours;
	uint32_t flags, owner; /* owner: netlink port, 0 = nobody */
};

static const struct table_base {
	const char *name;
	int hook, prio;
} table_base[] = {
	{ "forward", NF_INET_FORWARD, TABLE_PRIO_GATE },
	{ "input", NF_INET_LOCAL_IN, TABLE_PRIO_GATE },
	{ "output", NF_INET_LOCAL_OUT, TABLE_PRIO_GATE },
	{ "settle_forward", NF_INET_FORWARD, TABLE_PRIO_SETTLE },
	{ "settle_input", NF_INET_LOCAL_IN, TABLE_PRIO_SETTLE },
	{ "settle_output", NF_INET_LOCAL_OUT, TABLE_PRIO_SETTLE },
};

struct nft *nft_open(struct nft_err *err)
{
	struct nft *n = calloc(1, sizeof(*n));
	int code = n ? 0 : -ENOMEM;

	if (!code)
		code = link_open(&n->own);
	if (!code)
		code = link_open(&n->ask);
	if (!code)
		return n;
	link_fail(err, code, "open netlink socket", NULL, NULL);
	nft_close(n);
	return NULL;
}

void nft_close(struct nft *n)
{
	if (!n)
		return;
	link_close(&n->own);
	link_close(&n->ask);
	free(n);
}

static int table_comment_cb(const struct nftnl_udata *attr, void *ctx)
{
	const char *want = TABLE_COMMENT;

	if (nftnl_udata_type(attr) == NFTNL_UDATA_TABLE_COMMENT &&
	    nftnl_udata_len(attr) == strlen(want) + 1 &&
	    memcmp(nftnl_udata_get(attr), want, strlen(want) + 1) == 0)
		*(bool *)ctx = true;
	return 0;
}

static int table_state_cb(const struct nlmsghdr *h, void *ctx)
{
	struct table_state *st = ctx;
	struct nftnl_table *t = nftnl_table_alloc();
	const void *udata;
	uint32_t len = 0;

	if (!t)
		return MNL_CB_ERROR;
	if (nftnl_table_nlmsg_parse(h, t) == 0) {
		st->there = true;
		st->flags = nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS);
		if (nftnl_table_is_set(t, NFTNL_TABLE_OWNER))
			st->owner = nftnl_table_get_u32(t, NFTNL_TABLE_OWNER);
		udata = nftnl_table_get_data(t, NFTNL_TABLE_USERDATA, &len);
		if (udata)
			nftnl_udata_parse(udata, len, table_comment_cb, &st->ours);
	}
	nftnl_table_free(t);
	return MNL_CB_OK;
}

static int table_look(struct nft *n, struct table_state *st, struct nft_err *err)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETTABLE, NFPROTO_INET, NLM_F_ACK, 0);
	int rc;

	*st = (struct table_state){ 0 };
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, NFT_TABLE);
	rc = link_ask(&n->ask, h, table_state_cb, st);
	if (rc == -ENOENT)
		return 0;
	return rc ? link_fail(err, rc, "look for table", NFT_TABLE, NULL) : 0;
}

/* A refusal because of the owner is told apart from one for want of a capability. */
static int table_owned(const struct nft *n, const struct table_state *st, struct nft_err *err)
{
	if (!st->there || !st->owner || st->owner == mnl_socket_get_portid(n->own.sock))
		return 0;
	if (err) {
		err->code = -EPERM;
		snprintf(err->text, sizeof(err->text),
			 "another sluice agent owns the table inet %s (netlink port %u)", NFT_TABLE,
			 st->owner);
	}
	return -EPERM;
}

int table_refused(struct nft *n, int code, struct nft_err *err)
{
	struct table_state st;

	if (code == -EPERM && table_look(n, &st, NULL) == 0)
		table_owned(n, &st, err);
	if (code == -ENOENT && table_look(n, &st, NULL) == 0 && !st.there)
		link_fail(err, code, "find table inet", NFT_TABLE, NULL);
	return code;
}

static int table_foreign(struct nft_err *err)
{
	if (err) {
		err->code = -EEXIST;
		snprintf(err->text, sizeof(err->text),
			 "there is a table inet %s that is not ours (its comment is not \"%s\")",
			 NFT_TABLE, TABLE_COMMENT);
	}
	return -EEXIST;
}

void table_msg(struct batch *b, uint16_t type, uint16_t flags, const char *name, uint32_t tflags,
	       const char *comment)
{
	const char *what = type == NFT_MSG_DELTABLE ? "delete table inet" : "add table inet";
	struct nlmsghdr *h = batch_msg(b, type, flags, what, name, NULL);
	uint8_t udata[64];
	size_t n = comment ? strlen(comment) + 1 : 0;

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, name);
	if (type == NFT_MSG_DELTABLE)
		return;
	mnl_attr_put_u32(h, NFTA_TABLE_FLAGS, htonl(tflags));
	if (!n || n > sizeof(udata) - 2)
		return;
	udata[0] = NFTNL_UDATA_TABLE_COMMENT;
	udata[1] = (uint8_t)n;
	memcpy(udata + 2, comment, n);
	mnl_attr_put(h, NFTA_TABLE_USERDATA, n + 2, udata);
}

/* hook < 0: a regular chain. */
void table_chain(struct batch *b, const char *table, const char *chain, int hook, int prio)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c) {
		b->err = -ENOMEM;
		return;
	}
	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain);
	if (hook >= 0) {
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, (uint32_t)hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, prio);
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	nftnl_chain_nlmsg_build_payload(
		batch_msg(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add chain", chain, NULL), c);
	nftnl_chain_free(c);
}

static void table_counter(struct batch *b, const char *name)
{
	struct nlmsghdr *h = batch_msg(b, NFT_MSG_NEWOBJ, NLM_F_CREATE, "add counter", name, NULL);
	struct nlattr *nest;

	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, NFT_TABLE);
	mnl_attr_put_strz(h, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	nest = mnl_attr_nest_start(h, NFTA_OBJ_DATA);
	mnl_attr_nest_end(h, nest);
}

static void table_flush_rules(struct batch *b)
{
	struct nlmsghdr *h =
		batch_msg(b, NFT_MSG_DELRULE, 0, "flush rules of table", NFT_TABLE, NULL);

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, NFT_TABLE);
}

static void table_flush_dynamic(struct batch *b)
{
	for (int set = 0; set < NFT_SET_N; set++)
		for (int v6 = 0; v6 < 2; v6++)
			set_flush(b, set_twin((enum nft_set)set, v6));
}

static void table_flush_flows(struct batch *b)
{
	for (int v6 = 0; v6 < 2; v6++)
		set_flush(b, set_twin(NFT_DROP_FLOW, v6));
}

static uint32_t table_flags(const struct nft *n, const struct table_state *st, bool create)
{
	/* An orphan has persist alone. A table that was made without these flags cannot get
	 * them. Owner without persist would let the table die with the agent. */
	if (!n->caps.persist || (!create && !(st->flags & TABLE_F_KEEP)))
		return 0;
	return TABLE_F_OWNER | TABLE_F_KEEP;
}

/* Everything that is there once: creating it again changes nothing. */
static void table_frame(struct batch *b, const struct nft *n, const struct table_state *st)
{
	bool create = !st->there || !st->ours;

	if (st->there && !st->ours)
		table_msg(b, NFT_MSG_DELTABLE, 0, NFT_TABLE, 0, NULL);
	table_msg(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFT_TABLE, table_flags(n, st, create),
		  create ? TABLE_COMMENT : NULL);
	for (size_t i = 0; rule_chains[i]; i++)
		table_chain(b, NFT_TABLE, rule_chains[i], -1, 0);
	for (size_t i = 0; i < sizeof(table_base) / sizeof(*table_base); i++)
		table_chain(b, NFT_TABLE, table_base[i].name, table_base[i].hook,
			    table_base[i].prio);
	set_create_all(b);
	for (int c = 0; c < NFT_C_N; c++)
		table_counter(b, nft_counter_name((enum nft_counter)c));
}

static int table_build(struct batch *b, const struct nft *n, const struct table_state *st,
		       const struct nft_load *l, const enum set_act *acts)
{
	int err = 0;

	table_frame(b, n, st);
	table_flush_rules(b);
	if (l->drop_dynamic)
		table_flush_dynamic(b);
	else
		table_flush_flows(b); /* the policy of now judges them anew */
	for (int v6 = 0; v6 < 2 && !err; v6++) {
		err = range_fill(b, v6 ? "inside_6" : "inside_4", l->inside, l->n_inside, v6);
		if (!err)
			err = range_fill(b, v6 ? "allow_6" : "allow_4", l->allow, l->n_allow, v6);
	}
	if (!err)
		err = rule_write(b, &l->conf, &n->caps, l->n_allow > 0);
	for (size_t i = 0; i < l->n_changes && !err; i++)
		set_change(b, &l->changes[i], i, acts[i]);
	return err;
}

/* One attempt. -ERESTART: the ruleset changed meanwhile, look again. */
static int table_load_once(struct nft *n, const struct nft_load *l, enum set_act *acts,
			   size_t *refused, struct nft_err *err)
{
	struct table_state st;
	struct batch b;
	uint32_t genid;
	int code = link_genid(&n->ask, &genid);

	if (code)
		return link_fail(err, code, "read the ruleset's generation", NULL, NULL);
	code = table_look(n, &st, err);
	if (!code)
		code = table_owned(n, &st, err);
	if (code)
		return code;
	if (st.there && !st.ours && !l->replace)
		return table_foreign(err);
	code = batch_init(&b, n->own.seq, genid);
	if (code)
		return link_fail(err, code, "build the table", NULL, NULL);
	code = table_build(&b, n, &st, l, acts);
	if (code)
		link_fail(err, code, "build the table", NULL, NULL);
	else
		code = link_send(&n->own, &b, err);
	if (code && code != -ERESTART && set_settle_errors(&b, acts, refused) == 0)
		code = -ERESTART;
	batch_fini(&b);
	return code;
}

static int table_check(const struct nft_load *l)
{
	struct rule_marks m;

	if (l->n_changes > NFT_BATCH_ELEMS || !l->conf.queue_count ||
	    l->conf.queue_first + l->conf.queue_count > UINT16_MAX + 1)
		return -EINVAL;
	return rule_marks(&m, l->conf.mark_mask);
}

int nft_load(struct nft *n, const struct nft_load *l, struct nft_err *err)
{
	enum set_act *acts = NULL;
	size_t refused = 0;
	int code = table_check(l);

	if (code)
		return link_fail(err, code, "load the table", NULL, NULL);
	if (!n->probed) {
		struct nft_caps caps;

		code = nft_probe(n, &caps, err);
		if (code)
			return code;
	}
	acts = calloc(l->n_changes ? l->n_changes : 1, sizeof(*acts));
	if (!acts)
		return link_fail(err, -ENOMEM, "load the table", NULL, NULL);
	for (size_t i = 0; i < l->n_changes; i++) {
		acts[i] = set_act_first(&l->changes[i], &n->caps);
		refused += acts[i] == SET_NONE;
	}
	code = -ERESTART;
	for (int i = 0; code == -ERESTART && i < TABLE_LOADS; i++)
		code = table_load_once(n, l, acts, &refused, err);
	if (!code && err) {
		err->code = 0;
		err->text[0] = '\0';
		if (refused)
			snprintf(err->text, sizeof(err->text), "%zu elements were refused",
				 refused);
	}
	free(acts);
	return code;
}

int nft_inside(struct nft *n, const struct nft_range *r, size_t count, struct nft_err *err)
{
	struct batch b;
	int code = batch_init(&b, n->own.seq, 0);

	if (!code)
		code = range_fill(&b, "inside_4", r, count, false);
	if (!code)
		code = range_fill(&b, "inside_6", r, count, true);
	if (code)
		link_fail(err, code, "replace set", "inside", NULL);
	else
		code = table_refused(n, link_send(&n->own, &b, err), err);
	batch_fini(&b);
	return code;
}

int nft_flush(struct nft *n, struct nft_err *err)
{
	struct batch b;
	int code = batch_init(&b, n->own.seq, 0);

	if (code)
		return link_fail(err, code, "flush the sets", NULL, NULL);
	table_flush_dynamic(&b);
	code = table_refused(n, link_send(&n->own, &b, err), err);
	batch_fini(&b);
	return code;
}

int table_forget_flows(struct nft *n, struct nft_err *err)
{
	struct batch b;
	int code = batch_init(&b, n->own.seq, 0);

	if (code)
		return link_fail(err, code, "flush drop_flow", NULL, NULL);
	table_flush_flows(&b);
	code = table_refused(n, link_send(&n->own, &b, err), err);
	batch_fini(&b);
	return code;
}

int nft_present(struct nft *n, struct nft_err *err)
{
	struct table_state st;
	int code = table_look(n, &st, err);

	return code ? code : st.there && st.ours;
}

int nft_remove(struct nft *n, struct nft_err *err)
{
	struct table_state st;
	struct batch b;
	int code = table_look(n, &st, err);

	if (!code)
		code = table_owned(n, &st, err);
	if (code)
		return code;
	if (!st.there)
		return link_fail(err, -ENOENT, "delete table inet", NFT_TABLE, NULL);
	if (!st.ours)
		return table_foreign(err);
	code = batch_init(&b, n->own.seq, 0);
	if (code)
		return link_fail(err, code, "delete table inet", NFT_TABLE, NULL);
	table_msg(&b, NFT_MSG_DELTABLE, 0, NFT_TABLE, 0, NULL);
	code = table_refused(n, link_send(&n->own, &b, err), err);
	batch_fini(&b);
	return code;
}
