/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "agent/hosts_tables.h"
#include "policy/list.h"

/* Parts of a dump, in this order: the kernel takes one at a time. */
static const uint16_t hosts_parts[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE };

static const char *const hosts_files[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf",
					   "/tmp/resolv.conf.d/resolv.conf.auto", NULL };

void *hosts_grow(void *v, size_t n, size_t *cap, size_t each, size_t max)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap || n >= max)
		return v;
	want = want > max ? max : want;
	p = realloc(v, want * each);
	if (!p)
		return v;
	*cap = want;
	return p;
}

/* First and last address of a net of `bits` (of 128). */
static void hosts_range(struct nft_range *r, const uint8_t a[16], unsigned int bits)
{
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int left = bits > 8 * i ? bits - 8 * i : 0;
		uint8_t mask = (uint8_t)(0xff00 >> (left < 8 ? left : 8));

		r->lo[i] = a[i] & mask;
		r->hi[i] = a[i] | (uint8_t)~mask;
	}
}

/*
 * Adds a range. One of IPv6 that covers ::ffff:0:0/96, where IPv4 stands, is split around it:
 * "::/0" says nothing about IPv4.
 */
static bool hosts_put(struct hosts *h, struct ranges *to, const struct nft_range *r, size_t max)
{
	static const uint8_t below[16] = { [10] = 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t above[16] = { [9] = 1 };
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff };
	bool both = !hosts_is_v4(r->lo) && memcmp(r->lo, mapped, 16) < 0 &&
		    memcmp(r->hi, mapped, 16) > 0;
	struct nft_range *at = HOSTS_ADD(h, to, max);

	if (!at)
		return false;
	*at = *r;
	if (!both)
		return true;
	memcpy(at->hi, below, 16);
	if (memcmp(r->hi, above, 16) < 0)
		return true;
	at = HOSTS_ADD(h, to, max);
	if (!at)
		return false;
	memcpy(at->lo, above, 16);
	memcpy(at->hi, r->hi, 16);
	return true;
}

struct hosts *hosts_new(void)
{
	struct hosts *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->part = HOSTS_PARTS;
	h->automatic = true;
	h->files = hosts_files;
	h->dirty = true;
	return h;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	free(h->links.v);
	free(h->addrs.v);
	free(h->routes.v);
	free(h->given.v);
	free(h->spared.v);
	free(h->inside.v);
	free(h->prot.v);
	free(h);
}

void hosts_resolv(struct hosts *h, const char *const *files)
{
	h->files = files ? files : hosts_files;
}

/* "nameserver ADDRESS[%zone]" (resolv.conf(5)); all else is passed over. */
static void hosts_resolv_line(struct hosts *h, char *line)
{
	char *save = NULL, *word = strtok_r(line, " \t\r\n", &save);
	uint8_t v4[4], a[16];

	if (!word || strcmp(word, "nameserver") != 0)
		return;
	word = strtok_r(NULL, " \t\r\n", &save);
	if (!word || h->n_servers == HOSTS_SERVERS)
		return;
	word[strcspn(word, "%")] = '\0';
	if (inet_pton(AF_INET, word, v4) == 1)
		hosts_v4(a, v4);
	else if (inet_pton(AF_INET6, word, a) != 1)
		return;
	memcpy(h->servers[h->n_servers++], a, 16);
}

static void hosts_read_resolv(struct hosts *h)
{
	uint8_t old[HOSTS_SERVERS][16];
	size_t n_old = h->n_servers;
	char line[512];

	memcpy(old, h->servers, sizeof(old));
	h->n_servers = 0;
	for (const char *const *name = h->files; *name; name++) {
		FILE *f = fopen(*name, "re");

		for (int i = 0; f && i < 1000 && fgets(line, sizeof(line), f); i++)
			hosts_resolv_line(h, line);
		if (f)
			fclose(f);
	}
	if (n_old != h->n_servers || memcmp(old, h->servers, n_old * 16) != 0)
		h->dirty = true;
}

struct link *hosts_link(const struct hosts *h, uint32_t index)
{
	for (size_t i = 0; i < h->links.n; i++)
		if (h->links.v[i].index == index)
			return &h->links.v[i];
	return NULL;
}

const char *hosts_ifname(const struct hosts *h, uint32_t index)
{
	const struct link *l = hosts_link(h, index);

	return l ? l->name : "";
}

static bool hosts_has_default(const struct hosts *h, uint32_t index)
{
	for (size_t i = 0; i < h->routes.n; i++)
		if (h->routes.v[i].index == index && hosts_is_default(&h->routes.v[i]))
			return true;
	return false;
}

static bool hosts_is_inside(const struct hosts *h, const struct link *l)
{
	if (l->flags & IFF_LOOPBACK)
		return false;
	if (h->automatic)
		return !hosts_has_default(h, l->index);
	for (size_t i = 0; i < h->n_named; i++)
		if (!strcmp(h->named[i], l->name))
			return true;
	return false;
}

static bool hosts_is_fe80(const uint8_t a[16])
{
	return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

static int hosts_order(const void *a, const void *b)
{
	return memcmp(((const struct nft_range *)a)->lo, ((const struct nft_range *)b)->lo, 16);
}

/* `b` begins in `a` or right behind it, and both are of one family. */
static bool hosts_joins(const struct nft_range *a, const struct nft_range *b)
{
	uint8_t next[16];
	int i = 15;

	if (hosts_is_v4(a->lo) != hosts_is_v4(b->lo))
		return false;
	if (memcmp(b->lo, a->hi, 16) <= 0)
		return true;
	memcpy(next, a->hi, 16);
	while (i >= 0 && ++next[i] == 0)
		i--;
	return !memcmp(next, b->lo, 16);
}

static size_t hosts_merge(struct nft_range *r, size_t n)
{
	size_t out = 0;

	if (!n)
		return 0;
	qsort(r, n, sizeof(*r), hosts_order);
	for (size_t i = 1; i < n; i++) {
		if (!hosts_joins(&r[out], &r[i]))
			r[++out] = r[i];
		else if (memcmp(r[i].hi, r[out].hi, 16) > 0)
			memcpy(r[out].hi, r[i].hi, 16);
	}
	return out + 1;
}

static int hosts_link_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Interfaces that are inside, sorted by index; their number. */
static size_t hosts_inside_links(const struct hosts *h, uint32_t index[HOSTS_LINKS])
{
	size_t n = 0;

	for (size_t i = 0; i < h->links.n && n < HOSTS_LINKS; i++)
		if (hosts_is_inside(h, &h->links.v[i]))
			index[n++] = h->links.v[i].index;
	qsort(index, n, sizeof(*index), hosts_link_order);
	return n;
}

static void hosts_add_net(struct hosts *h, const uint8_t a[16], unsigned int bits)
{
	struct nft_range r;

	if (hosts_is_fe80(a))
		return;
	hosts_range(&r, a, bits);
	hosts_put(h, &h->inside, &r, HOSTS_NETS);
}

static void hosts_make_inside(struct hosts *h)
{
	uint32_t index[HOSTS_LINKS] = { 0 };
	size_t n = hosts_inside_links(h, index);

	h->inside.n = 0;
	for (size_t i = 0; i < h->given.n; i++)
		hosts_put(h, &h->inside, &h->given.v[i], HOSTS_NETS);
	for (size_t i = 0; i < h->routes.n; i++) {
		const struct route *r = &h->routes.v[i];

		if (r->table == RT_TABLE_MAIN && !hosts_is_default(r) &&
		    bsearch(&r->index, index, n, sizeof(*index), hosts_link_order))
			hosts_add_net(h, r->dst, r->bits);
	}
	for (size_t i = 0; i < h->addrs.n; i++) {
		const struct addr *a = &h->addrs.v[i];

		if (bsearch(&a->index, index, n, sizeof(*index), hosts_link_order))
			hosts_add_net(h, a->net, a->bits);
	}
	h->inside.n = hosts_merge(h->inside.v, h->inside.n);
}

enum { HOSTS_PROT = 4 * HOSTS_NETS + HOSTS_ADDRS };

static void hosts_spare(struct hosts *h, const uint8_t a[16], unsigned int bits)
{
	struct nft_range r;

	hosts_range(&r, a, bits);
	hosts_put(h, &h->prot, &r, HOSTS_PROT);
}

/* RFC 6890 section 2.2: what is no destination in the Internet, whatever a list says. */
static void hosts_spare_special(struct hosts *h)
{
	static const struct {
		uint8_t a[16];
		uint8_t bits;
	} special[] = {
		{ { [10] = 0xff, 0xff, 0 }, 96 + 8 },         /* 0.0.0.0/8 */
		{ { [10] = 0xff, 0xff, 127 }, 96 + 8 },       /* loopback */
		{ { [10] = 0xff, 0xff, 169, 254 }, 96 + 16 }, /* link-local */
		{ { [10] = 0xff, 0xff, 224 }, 96 + 4 },       /* multicast */
		{ { [10] = 0xff, 0xff, 255, 255, 255, 255 }, 128 },
		{ { 0 }, 128 },        /* :: */
		{ { [15] = 1 }, 128 }, /* ::1 */
		{ { 0xfe, 0x80 }, 10 },
		{ { 0xff }, 8 },
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		hosts_spare(h, special[i].a, special[i].bits);
}

static void hosts_make_protected(struct hosts *h)
{
	static const uint8_t none[16];

	h->prot.n = 0;
	hosts_spare_special(h);
	for (size_t i = 0; i < h->addrs.n; i++)
		hosts_spare(h, h->addrs.v[i].own, 128);
	for (size_t i = 0; i < h->routes.n; i++)
		if (hosts_is_default(&h->routes.v[i]) && memcmp(h->routes.v[i].via, none, 16) != 0)
			hosts_spare(h, h->routes.v[i].via, 128);
	for (size_t i = 0; i < h->n_servers; i++)
		hosts_spare(h, h->servers[i], 128);
	for (size_t i = 0; i < h->inside.n; i++)
		hosts_put(h, &h->prot, &h->inside.v[i], HOSTS_PROT);
	for (size_t i = 0; i < h->spared.n; i++)
		hosts_put(h, &h->prot, &h->spared.v[i], HOSTS_PROT);
	h->prot.n = hosts_merge(h->prot.v, h->prot.n);
}

static uint64_t hosts_digest(const struct nft_range *r, size_t n)
{
	const uint8_t *p = (const uint8_t *)r;
	uint64_t d = UINT64_C(14695981039346656037) ^ n;

	for (size_t i = 0; i < n * sizeof(*r); i++)
		d = (d ^ p[i]) * UINT64_C(1099511628211);
	return d;
}

/* Makes inside and protected anew if anything they depend on has changed. */
static int hosts_settle(struct hosts *h)
{
	uint64_t inside = hosts_digest(h->inside.v, h->inside.n);
	uint64_t prot = hosts_digest(h->prot.v, h->prot.n);
	int bits = 0;

	if (!h->dirty)
		return 0;
	h->dirty = false;
	hosts_make_inside(h);
	hosts_make_protected(h);
	if (inside != hosts_digest(h->inside.v, h->inside.n))
		bits |= HOSTS_INSIDE;
	if (prot != hosts_digest(h->prot.v, h->prot.n))
		bits |= HOSTS_PROTECTED;
	return bits;
}

/* Nets of a config value; what is no net is taken as an interface name where those may stand. */
static int hosts_texts(struct hosts *h, const struct config_value *v, bool spared)
{
	struct list_entry e;
	char buf[300];

	for (size_t i = 0; i < v->n; i++) {
		struct nft_range r;

		if (list_value(&e, LIST_ADDRESS, buf, sizeof(buf), v->text[i])) {
			if (!spared && h->n_named < HOSTS_NAMED)
				snprintf(h->named[h->n_named++], IF_NAMESIZE, "%.*s",
					 IF_NAMESIZE - 1, v->text[i]);
			continue;
		}
		memcpy(r.lo, e.lo, 16);
		memcpy(r.hi, e.hi, 16);
		if (!hosts_put(h, spared ? &h->spared : &h->given, &r, HOSTS_NETS))
			return -ENOMEM;
	}
	return 0;
}

int hosts_config(struct hosts *h, const struct config *c)
{
	int rc;

	h->automatic = c->inside_auto;
	h->n_named = h->given.n = h->spared.n = 0;
	h->dirty = true;
	rc = c->inside_auto ? 0 : hosts_texts(h, &c->inside, false);
	if (!rc)
		rc = hosts_texts(h, &c->allow, true);
	if (!rc)
		rc = hosts_texts(h, &c->never_block, true);
	if (rc)
		return rc;
	hosts_read_resolv(h);
	return hosts_settle(h);
}

int hosts_read(struct hosts *h, const void *buf, size_t len)
{
	int bits = hosts_messages(h, buf, len > HOSTS_BUF ? HOSTS_BUF : len);

	return bits | hosts_settle(h);
}

int hosts_socket(void)
{
	static const unsigned int groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
					   RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int rc, size = 1 << 20;

	if (fd < 0)
		return -errno;
	/* without privilege the default stays: then losses are noticed and mended */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int hosts_request(struct hosts *h, int fd)
{
	union {
		struct nlmsghdr nlh;
		char bytes[64];
	} buf;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf.bytes);

	nlh->nlmsg_type = hosts_parts[h->part];
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++h->seq;
	/* the largest of the three headers, zeroed: AF_UNSPEC, all */
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (sendto(fd, nlh, nlh->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

int hosts_sync(struct hosts *h, int fd)
{
	int rc;

	hosts_read_resolv(h);
	if (h->part < HOSTS_PARTS) {
		h->interrupted = true; /* one is under way: another will follow it */
		return 0;
	}
	/* apart from the numbers of a predecessor on the same socket */
	if (!h->seq && getrandom(&h->seq, sizeof(h->seq), GRND_NONBLOCK) != sizeof(h->seq))
		h->seq = (uint32_t)getpid() << 12 ^ (uint32_t)time(NULL);
	h->part = 0;
	h->round++;
	h->interrupted = h->overflow = false;
	rc = hosts_request(h, fd);
	if (rc)
		h->part = HOSTS_PARTS;
	return rc;
}

/* Messages from anybody but the kernel (nl_pid 0) are not for us. */
static ssize_t hosts_receive_one(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { buf, size };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	return from.nl_pid == 0 ? n : 0;
}

int hosts_receive(struct hosts *h, int fd)
{
	bool resync = false;
	ssize_t n;
	int bits, rc;

	/* bounded: a machine whose routes never rest must not keep the clerk here */
	for (int i = 0; i < 1000; i++) {
		n = hosts_receive_one(fd, h->buf, sizeof(h->buf));
		if (n == -EAGAIN || n == -EINTR)
			break;
		if (n == -ENOBUFS) {
			/* notifications were lost; a dump is not, it waits for room */
			resync = true;
			continue;
		}
		if (n < 0)
			return (int)n;
		bits = hosts_messages(h, h->buf, (size_t)n);
		resync |= (bits & HOSTS_RESYNC) != 0;
		if (bits & HOSTS_NEXT && h->part < HOSTS_PARTS) {
			rc = hosts_request(h, fd);
			if (rc)
				return rc;
		}
	}
	if (resync) {
		rc = hosts_sync(h, fd);
		if (rc)
			return rc;
	}
	/* half a dump is no ground for a change */
	return h->ready ? hosts_settle(h) : 0;
}

bool hosts_ready(const struct hosts *h)
{
	return h->ready;
}

bool hosts_overflow(const struct hosts *h)
{
	return h->overflow;
}

size_t hosts_inside(const struct hosts *h, const struct nft_range **nets)
{
	*nets = h->inside.v;
	return h->inside.n;
}

bool hosts_protected(const struct hosts *h, const uint8_t addr[16])
{
	size_t lo = 0, hi = h->prot.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(h->prot.v[mid].hi, addr, 16) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < h->prot.n && memcmp(h->prot.v[lo].lo, addr, 16) <= 0;
}

bool hosts_is_protected(void *ctx, const uint8_t addr[16])
{
	return hosts_protected(ctx, addr);
}
