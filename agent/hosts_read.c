/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink(7) messages into the tables of struct hosts. Nothing here trusts a length. */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include <libmnl/libmnl.h>

#include "agent/hosts_tables.h"

/* Attributes by number into a table; a cut one ends it. */
struct attrs {
	const struct nlattr *tb[RTA_MAX + 1];
};

static bool hosts_attr_is(const struct nlattr *a, size_t size)
{
	return a && mnl_attr_get_payload_len(a) == size;
}

static void hosts_attrs(struct attrs *t, const void *from, const void *tail)
{
	const char *p = from;
	const struct nlattr *a = from;

	memset(t, 0, sizeof(*t));
	/* mnl_attr_ok() tells whether all of the attribute is there */
	while (p < (const char *)tail && mnl_attr_ok(a, (int)((const char *)tail - p))) {
		if (mnl_attr_get_type(a) <= RTA_MAX)
			t->tb[mnl_attr_get_type(a)] = a;
		p = (const char *)mnl_attr_next(a);
		a = mnl_attr_next(a);
	}
}

/* libmnl's own rounds up, beyond a message whose length is not a multiple of 4. */
static const void *hosts_tail(const struct nlmsghdr *nlh)
{
	return (const char *)nlh + nlh->nlmsg_len;
}

static bool hosts_attr_addr(uint8_t out[16], const struct nlattr *a, uint8_t family)
{
	if (family == AF_INET && hosts_attr_is(a, 4))
		hosts_v4(out, mnl_attr_get_payload(a));
	else if (family == AF_INET6 && hosts_attr_is(a, 16))
		memcpy(out, mnl_attr_get_payload(a), 16);
	else
		return false;
	return true;
}

/* Prefix length of the v4-mapped form; > 128 when it cannot be. */
static unsigned int hosts_bits(uint8_t family, unsigned int len)
{
	if (len > (family == AF_INET ? 32 : 128))
		return 129;
	return family == AF_INET ? 96 + len : len;
}

/* An interface that went down took its routes with it, and the kernel says so for IPv6 only. */
static void hosts_forget_link(struct hosts *h, uint32_t index, bool addrs)
{
	size_t n = 0;

	for (size_t i = 0; i < h->routes.n; i++)
		if (h->routes.v[i].index != index)
			h->routes.v[n++] = h->routes.v[i];
	h->routes.n = n;
	n = 0;
	for (size_t i = 0; i < h->addrs.n; i++)
		if (!addrs || h->addrs.v[i].index != index)
			h->addrs.v[n++] = h->addrs.v[i];
	h->addrs.n = n;
	h->dirty = true;
}

static int hosts_read_link(struct hosts *h, const struct nlmsghdr *nlh, const struct ifinfomsg *m)
{
	struct link new = { .index = (uint32_t)m->ifi_index, .flags = m->ifi_flags };
	struct link *l = hosts_link(h, new.index);
	struct attrs t;

	/* AF_BRIDGE and others tell of ports, with a link's message type */
	if (m->ifi_family != AF_UNSPEC || !new.index)
		return 0;
	if (nlh->nlmsg_type == RTM_DELLINK) {
		if (l)
			*l = h->links.v[--h->links.n];
		hosts_forget_link(h, new.index, true);
		return HOSTS_RESYNC;
	}
	hosts_attrs(&t, m + 1, hosts_tail(nlh));
	if (t.tb[IFLA_IFNAME] && mnl_attr_validate(t.tb[IFLA_IFNAME], MNL_TYPE_NUL_STRING) >= 0)
		snprintf(new.name, sizeof(new.name), "%.*s", IF_NAMESIZE - 1,
			 mnl_attr_get_str(t.tb[IFLA_IFNAME]));
	new.seen = h->round;
	if (!l) {
		l = HOSTS_ADD(h, &h->links, HOSTS_LINKS);
		if (l)
			*l = new;
		h->dirty = true;
		return 0;
	}
	if (l->flags & IFF_UP && !(new.flags &IFF_UP)) {
		*l = new;
		hosts_forget_link(h, new.index, false);
		return HOSTS_RESYNC;
	}
	if (strcmp(l->name, new.name) != 0 || (l->flags ^ new.flags) & (IFF_UP | IFF_LOOPBACK))
		h->dirty = true;
	*l = new;
	return 0;
}

static int hosts_read_addr(struct hosts *h, const struct nlmsghdr *nlh, const struct ifaddrmsg *m)
{
	struct addr new = { .index = m->ifa_index, .seen = h->round };
	unsigned int bits = hosts_bits(m->ifa_family, m->ifa_prefixlen);
	struct attrs t;
	size_t i = 0;

	hosts_attrs(&t, m + 1, hosts_tail(nlh));
	if (bits > 128 || !hosts_attr_addr(new.net, t.tb[IFA_ADDRESS], m->ifa_family))
		return 0;
	if (!hosts_attr_addr(new.own, t.tb[IFA_LOCAL], m->ifa_family))
		memcpy(new.own, new.net, 16);
	new.bits = (uint8_t)bits;
	while (i < h->addrs.n &&
	       (h->addrs.v[i].index != new.index || memcmp(h->addrs.v[i].own, new.own, 16) != 0 ||
		h->addrs.v[i].bits != new.bits || memcmp(h->addrs.v[i].net, new.net, 16) != 0))
		i++;
	if (nlh->nlmsg_type == RTM_DELADDR) {
		if (i == h->addrs.n)
			return 0;
		h->addrs.v[i] = h->addrs.v[--h->addrs.n];
		h->dirty = true;
		/* routes that preferred it as a source go without a word */
		return HOSTS_RESYNC;
	}
	if (i < h->addrs.n) {
		h->addrs.v[i].seen = h->round;
		return 0;
	}
	h->dirty = true;
	struct addr *a = HOSTS_ADD(h, &h->addrs, HOSTS_ADDRS);

	if (a)
		*a = new;
	return 0;
}

static bool hosts_same_route(const struct route *a, const struct route *b, bool any_hop)
{
	return a->table == b->table && a->bits == b->bits && a->tos == b->tos &&
	       a->metric == b->metric && !memcmp(a->dst, b->dst, 16) &&
	       (any_hop || (a->index == b->index && !memcmp(a->via, b->via, 16)));
}

static void hosts_drop_route(struct hosts *h, const struct route *r, bool any_hop)
{
	size_t n = 0;

	for (size_t i = 0; i < h->routes.n; i++)
		if (!hosts_same_route(&h->routes.v[i], r, any_hop))
			h->routes.v[n++] = h->routes.v[i];
	h->dirty |= n != h->routes.n;
	h->routes.n = n;
}

static void hosts_put_route(struct hosts *h, const struct route *r)
{
	struct route *at;

	for (size_t i = 0; i < h->routes.n; i++)
		if (hosts_same_route(&h->routes.v[i], r, false)) {
			h->routes.v[i].seen = h->round;
			return;
		}
	at = HOSTS_ADD(h, &h->routes, HOSTS_ROUTES);
	if (at)
		*at = *r;
	h->dirty = true;
}

static void hosts_via(struct route *r, const struct attrs *t, uint8_t family)
{
	const struct nlattr *via = t->tb[RTA_VIA];
	const struct rtvia *v;

	memset(r->via, 0, sizeof(r->via));
	if (hosts_attr_addr(r->via, t->tb[RTA_GATEWAY], family) || !via)
		return;
	/* an IPv4 route by way of an IPv6 neighbour (RFC 5549) */
	v = mnl_attr_get_payload(via);
	if (mnl_attr_get_payload_len(via) == sizeof(*v) + 16 && v->rtvia_family == AF_INET6)
		memcpy(r->via, v->rtvia_addr, 16);
	else if (mnl_attr_get_payload_len(via) == sizeof(*v) + 4 && v->rtvia_family == AF_INET)
		hosts_v4(r->via, v->rtvia_addr);
}

/* RTA_MULTIPATH: struct rtnexthop, each with its own length and attributes (rtnetlink(7)). */
static void hosts_hops(struct hosts *h, struct route *r, const struct nlattr *multi, bool del,
		       uint8_t family)
{
	const char *p = mnl_attr_get_payload(multi);
	size_t left = mnl_attr_get_payload_len(multi);
	struct rtnexthop hop;
	struct attrs t;

	while (left >= sizeof(hop)) {
		size_t step;

		memcpy(&hop, p, sizeof(hop));
		step = ((size_t)hop.rtnh_len + 3) & ~(size_t)3; /* RTNH_ALIGN, unsigned */
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return;
		hosts_attrs(&t, p + sizeof(hop), p + hop.rtnh_len);
		r->index = (uint32_t)hop.rtnh_ifindex;
		hosts_via(r, &t, family);
		if (del)
			hosts_drop_route(h, r, false);
		else
			hosts_put_route(h, r);
		if (step >= left)
			return;
		p += step;
		left -= step;
	}
}

static int hosts_read_route(struct hosts *h, const struct nlmsghdr *nlh, const struct rtmsg *m)
{
	bool del = nlh->nlmsg_type == RTM_DELROUTE;
	struct route r = { .seen = h->round, .table = m->rtm_table, .tos = m->rtm_tos };
	unsigned int bits = hosts_bits(m->rtm_family, m->rtm_dst_len);
	struct attrs t;

	hosts_attrs(&t, m + 1, hosts_tail(nlh));
	if (hosts_attr_is(t.tb[RTA_TABLE], 4))
		r.table = mnl_attr_get_u32(t.tb[RTA_TABLE]);
	if (hosts_attr_is(t.tb[RTA_PRIORITY], 4))
		r.metric = mnl_attr_get_u32(t.tb[RTA_PRIORITY]);
	if (bits > 128 || m->rtm_type != RTN_UNICAST || r.table == RT_TABLE_LOCAL ||
	    m->rtm_flags & RTM_F_CLONED)
		return 0;
	r.bits = (uint8_t)bits;
	if (m->rtm_family == AF_INET)
		hosts_v4(r.dst, "\0\0\0\0");
	if (t.tb[RTA_DST] ? !hosts_attr_addr(r.dst, t.tb[RTA_DST], m->rtm_family)
			  : m->rtm_dst_len != 0)
		return 0;
	/* other tables matter only for who has a way out */
	if (r.table != RT_TABLE_MAIN && !hosts_is_default(&r))
		return 0;
	if (!del && nlh->nlmsg_flags & NLM_F_REPLACE)
		hosts_drop_route(h, &r, true);
	if (t.tb[RTA_MULTIPATH]) {
		hosts_hops(h, &r, t.tb[RTA_MULTIPATH], del, m->rtm_family);
		return 0;
	}
	if (!hosts_attr_is(t.tb[RTA_OIF], 4))
		return 0;
	r.index = mnl_attr_get_u32(t.tb[RTA_OIF]);
	hosts_via(&r, &t, m->rtm_family);
	if (del)
		hosts_drop_route(h, &r, false);
	else
		hosts_put_route(h, &r);
	return 0;
}

/* What the whole dump did not tell of has gone without a notification. */
static void hosts_sweep(struct hosts *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->links.n; i++)
		if (h->links.v[i].seen == h->round)
			h->links.v[n++] = h->links.v[i];
	h->dirty |= n != h->links.n;
	h->links.n = n;
	n = 0;
	for (size_t i = 0; i < h->addrs.n; i++)
		if (h->addrs.v[i].seen == h->round)
			h->addrs.v[n++] = h->addrs.v[i];
	h->dirty |= n != h->addrs.n;
	h->addrs.n = n;
	n = 0;
	for (size_t i = 0; i < h->routes.n; i++)
		if (h->routes.v[i].seen == h->round)
			h->routes.v[n++] = h->routes.v[i];
	h->dirty |= n != h->routes.n;
	h->routes.n = n;
}

/* The end of one part of the dump, or its failure. */
static int hosts_read_end(struct hosts *h, const struct nlmsghdr *nlh)
{
	bool done = nlh->nlmsg_type == NLMSG_DONE;

	if (nlh->nlmsg_seq != h->seq && done && h->busy) {
		h->busy = false;
		return HOSTS_RESYNC;
	}
	if (h->part >= HOSTS_PARTS || nlh->nlmsg_seq != h->seq)
		return 0;
	if (!done) {
		/* most likely EBUSY: a former clerk died in the middle of its dump */
		h->busy = true;
		h->part = HOSTS_PARTS;
		return 0;
	}
	if (h->interrupted) {
		h->part = HOSTS_PARTS;
		return HOSTS_RESYNC;
	}
	h->part++;
	if (h->part == HOSTS_PARTS) {
		hosts_sweep(h);
		h->ready = true;
	}
	return HOSTS_NEXT;
}

static int hosts_read_one(struct hosts *h, const struct nlmsghdr *nlh)
{
	size_t len = nlh->nlmsg_len - sizeof(*nlh);
	const void *m = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		h->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return hosts_read_end(h, nlh);
	case NLMSG_OVERRUN:
		return HOSTS_RESYNC;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return len < sizeof(struct ifinfomsg) ? 0 : hosts_read_link(h, nlh, m);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return len < sizeof(struct ifaddrmsg) ? 0 : hosts_read_addr(h, nlh, m);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return len < sizeof(struct rtmsg) ? 0 : hosts_read_route(h, nlh, m);
	default:
		return 0;
	}
}

/* Not mnl_nlmsg_ok(): of a length above 2^31 that says it fits. */
int hosts_messages(struct hosts *h, const void *buf, size_t len)
{
	const char *p = buf;
	int bits = 0;

	while (len >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *nlh = (const void *)p;
		size_t step = ((size_t)nlh->nlmsg_len + 3) & ~(size_t)3;

		if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > len)
			break;
		bits |= hosts_read_one(h, nlh);
		if (step >= len)
			break;
		p += step;
		len -= step;
	}
	return bits;
}
