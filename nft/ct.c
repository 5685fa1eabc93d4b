/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include "nft/internal.h"

struct ct {
	struct link del; /* deletions while the dump goes on */
	const struct nft_elem *match;
	uint32_t mark;
	int deleted, err;
};

static bool ct_addr(const struct nf_conntrack *c, bool v6, bool dst, const uint8_t addr[16])
{
	enum nf_conntrack_attr a4 = dst ? ATTR_ORIG_IPV4_DST : ATTR_ORIG_IPV4_SRC;
	enum nf_conntrack_attr a6 = dst ? ATTR_ORIG_IPV6_DST : ATTR_ORIG_IPV6_SRC;
	const void *have = nfct_get_attr(c, v6 ? a6 : a4);

	return have && memcmp(have, v6 ? addr : addr + 12, v6 ? 16 : 4) == 0;
}

static bool ct_port(const struct nf_conntrack *c, enum nf_conntrack_attr attr, uint16_t port)
{
	uint16_t have = nfct_attr_is_set(c, attr) > 0 ? ntohs(nfct_get_attr_u16(c, attr)) : 0;

	return have == port;
}

/* Does the original tuple fit those fields of the element that its set's key has? */
static bool ct_fits(const struct nf_conntrack *c, const struct nft_elem *e)
{
	bool v6 = !range_is_v4(e->dst);
	bool pair = e->set == NFT_DROP_PAIR || e->set == NFT_DROP_FLOW;

	if (nfct_get_attr_u8(c, ATTR_L3PROTO) != (v6 ? AF_INET6 : AF_INET))
		return false;
	if (e->set == NFT_DROP_ADDR) /* whoever has that address */
		return ct_addr(c, v6, true, e->dst) || ct_addr(c, v6, false, e->dst);
	if (!ct_addr(c, v6, true, e->dst))
		return false;
	if (pair && !ct_addr(c, v6, false, e->src))
		return false;
	if (nfct_get_attr_u8(c, ATTR_L4PROTO) != e->proto ||
	    !ct_port(c, ATTR_ORIG_PORT_DST, e->dport))
		return false;
	return e->set != NFT_DROP_FLOW || ct_port(c, ATTR_ORIG_PORT_SRC, e->sport);
}

static struct nlmsghdr *ct_header(char *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	g->res_id = 0;
	return h;
}

/* An entry that went by itself meanwhile is as good as deleted, but not counted. */
static int ct_delete(struct ct *ct, const struct nf_conntrack *c)
{
	char buf[4096] __attribute__((aligned(8)));
	struct nlmsghdr *h =
		ct_header(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, nfct_get_attr_u8(c, ATTR_L3PROTO));
	int code;

	if (nfct_nlmsg_build(h, c) < 0)
		return -EINVAL;
	code = link_ask(&ct->del, h, NULL, NULL);
	if (!code)
		ct->deleted++;
	return code == -ENOENT ? 0 : code;
}

static int ct_cb(const struct nlmsghdr *h, void *ctx)
{
	struct ct *ct = ctx;
	struct nf_conntrack *c = nfct_new();

	if (!c) {
		ct->err = -ENOMEM;
		return MNL_CB_STOP;
	}
	/* An old kernel ignores the filter of the dump. */
	if (nfct_nlmsg_parse(h, c) == 0 && (nfct_get_attr_u32(c, ATTR_MARK) & ct->mark) &&
	    (!ct->match || ct_fits(c, ct->match)))
		ct->err = ct_delete(ct, c);
	nfct_destroy(c);
	return ct->err ? MNL_CB_STOP : MNL_CB_OK;
}

int nft_forget(struct nft *n, uint32_t mask, const struct nft_elem *match, struct nft_err *err)
{
	char buf[256] __attribute__((aligned(8)));
	struct rule_marks m;
	struct ct ct = { .match = match };
	struct nlmsghdr *h;
	int code = rule_marks(&m, mask);

	if (!code && match)
		code = set_is_v6(match) < 0 ? -EINVAL : 0;
	if (!code)
		code = link_open(&ct.del);
	if (code)
		return link_fail(err, code, "forget blocked flows", NULL, NULL);
	ct.mark = m.drop; /* the bit that drop and reject share */
	h = ct_header(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
	mnl_attr_put_u32(h, CTA_MARK, htonl(ct.mark));
	mnl_attr_put_u32(h, CTA_MARK_MASK, htonl(ct.mark));
	code = link_ask(&n->ask, h, ct_cb, &ct);
	if (!code)
		code = ct.err;
	link_close(&ct.del);
	if (code)
		return link_fail(err, code, "forget blocked flows", NULL, NULL);
	code = table_forget_flows(n, err);
	return code ? code : ct.deleted;
}
