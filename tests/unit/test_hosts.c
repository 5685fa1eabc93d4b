/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Crafted rtnetlink messages, and the running kernel's own: that part needs root and a network
 * namespace of its own (run under `unshare -n`); as another user it says so and exits 77.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "agent/hosts_tables.h"

static const char *const no_files[] = { NULL };
static struct hosts *h;
static struct config conf;
static char buf[8192] __attribute__((aligned(8)));
static struct nlmsghdr *nlh;

static int setup(void **state)
{
	(void)state;
	h = hosts_new();
	memset(&conf, 0, sizeof(conf));
	conf.inside_auto = true;
	hosts_resolv(h, no_files);
	return h && hosts_config(h, &conf) >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	hosts_free(h);
	return 0;
}

static int family(const char *addr)
{
	return strchr(addr, ':') ? AF_INET6 : AF_INET;
}

/* v4-mapped form of a text. */
static const uint8_t *mapped(const char *text)
{
	static uint8_t out[16];

	memset(out, 0, 16);
	out[10] = out[11] = 0xff;
	if (inet_pton(AF_INET, text, out + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, out), 1);
	return out;
}

static void attr_addr(uint16_t type, const char *text)
{
	uint8_t a[16];

	assert_int_equal(inet_pton(family(text), text, a), 1);
	mnl_attr_put(nlh, type, family(text) == AF_INET ? 4 : 16, a);
}

static int feed(void)
{
	return hosts_read(h, buf, nlh->nlmsg_len);
}

static void *begin(uint16_t type, size_t size)
{
	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	return mnl_nlmsg_put_extra_header(nlh, size);
}

static int say_link(uint16_t type, int index, const char *name, unsigned int flags)
{
	struct ifinfomsg *m = begin(type, sizeof(*m));

	m->ifi_index = index;
	m->ifi_flags = flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return feed();
}

static int say_addr(uint16_t type, int index, const char *addr, uint8_t len)
{
	struct ifaddrmsg *m = begin(type, sizeof(*m));

	m->ifa_family = (uint8_t)family(addr);
	m->ifa_index = (uint32_t)index;
	m->ifa_prefixlen = len;
	attr_addr(IFA_ADDRESS, addr);
	return feed();
}

static void route(uint16_t type, int fam, uint8_t table, const char *dst, uint8_t len)
{
	struct rtmsg *m = begin(type, sizeof(*m));

	m->rtm_family = (uint8_t)fam;
	m->rtm_dst_len = len;
	m->rtm_table = table;
	m->rtm_type = RTN_UNICAST;
	if (dst)
		attr_addr(RTA_DST, dst);
}

static int say_route(uint16_t type, const char *dst, uint8_t len, int index, const char *via)
{
	route(type, family(dst), RT_TABLE_MAIN, len ? dst : NULL, len);
	mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)index);
	if (via)
		attr_addr(RTA_GATEWAY, via);
	return feed();
}

static const char *range_text(const struct nft_range *r)
{
	static char out[128];
	char lo[64], hi[64];
	bool v4 = !memcmp(r->lo, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

	inet_ntop(v4 ? AF_INET : AF_INET6, r->lo + (v4 ? 12 : 0), lo, sizeof(lo));
	inet_ntop(v4 ? AF_INET : AF_INET6, r->hi + (v4 ? 12 : 0), hi, sizeof(hi));
	snprintf(out, sizeof(out), "%s-%s", lo, hi);
	return out;
}

/* All of inside as one text. */
static const char *inside(void)
{
	static char out[2048];
	const struct nft_range *r;
	size_t n = hosts_inside(h, &r), at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "",
				       range_text(&r[i]));
	return out;
}

static bool prot(const char *addr)
{
	return hosts_protected(h, mapped(addr));
}

/* A router: lan (2) and wan (3). */
static void router(void)
{
	say_link(RTM_NEWLINK, 1, "lo", IFF_UP | IFF_LOOPBACK);
	say_link(RTM_NEWLINK, 2, "br-lan", IFF_UP);
	say_link(RTM_NEWLINK, 3, "wan", IFF_UP);
	say_addr(RTM_NEWADDR, 1, "127.0.0.1", 8);
	say_addr(RTM_NEWADDR, 2, "192.168.1.1", 24);
	say_addr(RTM_NEWADDR, 2, "fe80::1", 64);
	say_addr(RTM_NEWADDR, 3, "198.51.100.2", 24);
	say_route(RTM_NEWROUTE, "192.168.1.0", 24, 2, NULL);
	say_route(RTM_NEWROUTE, "fe80::", 64, 2, NULL);
	say_route(RTM_NEWROUTE, "198.51.100.0", 24, 3, NULL);
	say_route(RTM_NEWROUTE, "0.0.0.0", 0, 3, "198.51.100.1");
}

static void test_auto(void **state)
{
	(void)state;
	assert_string_equal(inside(), "");
	router();
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	/* a net behind another router of the LAN */
	assert_int_equal(say_route(RTM_NEWROUTE, "10.5.0.0", 16, 2, "192.168.1.9"),
			 HOSTS_INSIDE | HOSTS_PROTECTED);
	assert_string_equal(inside(), "10.5.0.0-10.5.255.255 192.168.1.0-192.168.1.255");
	assert_int_equal(say_route(RTM_DELROUTE, "10.5.0.0", 16, 2, "192.168.1.9"),
			 HOSTS_INSIDE | HOSTS_PROTECTED);
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	/* said again: no change */
	assert_int_equal(say_route(RTM_NEWROUTE, "192.168.1.0", 24, 2, NULL), 0);
	assert_string_equal(hosts_ifname(h, 2), "br-lan");
	assert_string_equal(hosts_ifname(h, 9), "");
}

static void test_prefix_change(void **state)
{
	(void)state;
	router();
	say_addr(RTM_NEWADDR, 2, "2001:db8:a::1", 64);
	say_route(RTM_NEWROUTE, "2001:db8:a::", 64, 2, NULL);
	assert_string_equal(
		inside(),
		"192.168.1.0-192.168.1.255 2001:db8:a::-2001:db8:a:0:ffff:ffff:ffff:ffff");
	say_addr(RTM_DELADDR, 2, "2001:db8:a::1", 64);
	say_route(RTM_DELROUTE, "2001:db8:a::", 64, 2, NULL);
	say_addr(RTM_NEWADDR, 2, "2001:db8:b::1", 64);
	assert_string_equal(
		inside(),
		"192.168.1.0-192.168.1.255 2001:db8:b::-2001:db8:b:0:ffff:ffff:ffff:ffff");
}

/* What makes an interface outside: a default route in any table, in either family, or its halves.
 */
static void test_defaults(void **state)
{
	(void)state;
	router();
	say_link(RTM_NEWLINK, 4, "tun0", IFF_UP);
	say_addr(RTM_NEWADDR, 4, "10.8.0.2", 24);
	assert_string_equal(inside(), "10.8.0.0-10.8.0.255 192.168.1.0-192.168.1.255");
	say_route(RTM_NEWROUTE, "128.0.0.0", 1, 4, NULL);
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	say_route(RTM_DELROUTE, "128.0.0.0", 1, 4, NULL);
	assert_string_equal(inside(), "10.8.0.0-10.8.0.255 192.168.1.0-192.168.1.255");
	say_route(RTM_NEWROUTE, "2000::", 3, 4, NULL);
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	say_route(RTM_DELROUTE, "2000::", 3, 4, NULL);
	/* wg-quick: a table of its own, told by attribute */
	route(RTM_NEWROUTE, AF_INET, RT_TABLE_COMPAT, NULL, 0);
	mnl_attr_put_u32(nlh, RTA_TABLE, 51820);
	mnl_attr_put_u32(nlh, RTA_OIF, 4);
	feed();
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	/* nets of other tables are not inside, and an unreachable route is no route */
	route(RTM_NEWROUTE, AF_INET, 100, "10.77.0.0", 16);
	mnl_attr_put_u32(nlh, RTA_OIF, 2);
	feed();
	route(RTM_NEWROUTE, AF_INET, RT_TABLE_MAIN, "10.78.0.0", 16);
	((struct rtmsg *)mnl_nlmsg_get_payload(nlh))->rtm_type = RTN_UNREACHABLE;
	mnl_attr_put_u32(nlh, RTA_OIF, 2);
	feed();
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
}

static void hop(struct nlattr *nest, int index, const char *via)
{
	struct rtnexthop *nh = (void *)((char *)buf + nlh->nlmsg_len);
	uint32_t before = nlh->nlmsg_len;

	(void)nest;
	nh->rtnh_ifindex = index;
	nlh->nlmsg_len += sizeof(*nh);
	attr_addr(RTA_GATEWAY, via);
	nh->rtnh_len = (uint16_t)(nlh->nlmsg_len - before);
}

static void test_multipath(void **state)
{
	struct nlattr *nest;

	(void)state;
	router();
	say_link(RTM_NEWLINK, 4, "wan2", IFF_UP);
	say_addr(RTM_NEWADDR, 4, "100.64.0.2", 24);
	assert_string_equal(inside(), "100.64.0.0-100.64.0.255 192.168.1.0-192.168.1.255");
	route(RTM_NEWROUTE, AF_INET, RT_TABLE_MAIN, NULL, 0);
	nlh->nlmsg_flags |= NLM_F_REPLACE;
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	hop(nest, 3, "198.51.100.1");
	hop(nest, 4, "100.64.0.1");
	mnl_attr_nest_end(nlh, nest);
	feed();
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	assert_true(prot("198.51.100.1") && prot("100.64.0.1"));
	/* replaced by a single one: the other hop is gone without a word of its own */
	route(RTM_NEWROUTE, AF_INET, RT_TABLE_MAIN, NULL, 0);
	nlh->nlmsg_flags |= NLM_F_REPLACE;
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	feed();
	assert_string_equal(inside(), "100.64.0.0-100.64.0.255 192.168.1.0-192.168.1.255");
	assert_false(prot("198.51.100.1"));
}

static void test_link_down(void **state)
{
	(void)state;
	router();
	say_route(RTM_NEWROUTE, "10.5.0.0", 16, 2, NULL);
	assert_true(say_link(RTM_NEWLINK, 2, "br-lan", 0) & HOSTS_RESYNC);
	/* its addresses stay, the routes of IPv4 are gone without a word */
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	assert_true(say_link(RTM_DELLINK, 2, "br-lan", 0) & HOSTS_RESYNC);
	assert_string_equal(inside(), "");
	assert_false(prot("192.168.1.1"));
}

static void test_protected(void **state)
{
	static const char *const yes[] = {
		"192.168.1.1", "192.168.1.77", "198.51.100.2",    "198.51.100.1",
		"127.0.0.1",   "127.9.9.9",    "0.0.0.0",         "255.255.255.255",
		"224.0.0.251", "239.1.2.3",    "169.254.169.254", "::",
		"::1",         "fe80::9",      "febf::9",         "ff02::fb",
	};
	static const char *const no[] = { "198.51.100.3",    "8.8.8.8",     "1.0.0.0",
					  "126.255.255.255", "128.0.0.0",   "240.0.0.1",
					  "223.255.255.255", "2001:db8::1", "::2",
					  "fec0::1",         "fe7f::1" };

	(void)state;
	router();
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!prot(yes[i]))
			fail_msg("%s is not protected", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (prot(no[i]))
			fail_msg("%s is protected", no[i]);
}

static void test_config(void **state)
{
	char *in[] = { (char *)(uintptr_t) "wan", (char *)(uintptr_t) "10.0.0.0/8" };
	char *never[] = { (char *)(uintptr_t) "8.8.8.8", (char *)(uintptr_t) "2001:db8:53::/48" };
	char *allow[] = { (char *)(uintptr_t) "9.9.9.0/24" };
	char path[] = "/tmp/test_hosts_XXXXXX";
	const char *files[] = { "/nonexistent", path, NULL };
	const char *resolv =
		"# nameserver 7.7.7.7\nnameserver 9.8.7.6\noptions x\n"
		"nameserver 2001:db8:2::53%eth0\nnameserver 2001:db8:1::53\nnameserver\n";
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(write(file, resolv, strlen(resolv)), strlen(resolv));
	close(file);
	router();
	conf.inside_auto = false;
	conf.inside = (struct config_value){ .text = in, .n = 2 };
	conf.never_block = (struct config_value){ .text = never, .n = 2 };
	conf.allow = (struct config_value){ .text = allow, .n = 1 };
	hosts_resolv(h, files);
	assert_int_equal(hosts_config(h, &conf), HOSTS_INSIDE | HOSTS_PROTECTED);
	unlink(path);
	assert_string_equal(inside(), "10.0.0.0-10.255.255.255 198.51.100.0-198.51.100.255");
	assert_true(prot("8.8.8.8") && prot("2001:db8:53:1::1") && prot("9.9.9.9"));
	assert_true(prot("9.8.7.6") && prot("2001:db8:1::53") && prot("2001:db8:2::53"));
	assert_false(prot("7.7.7.7"));
	assert_false(prot("192.168.1.77"));
	conf = (struct config){ .inside_auto = true };
	hosts_resolv(h, no_files);
	assert_int_equal(hosts_config(h, &conf), HOSTS_INSIDE | HOSTS_PROTECTED);
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	assert_false(prot("8.8.8.8"));
}

/* Ranges that touch are one; families never melt together. */
static void test_merge(void **state)
{
	(void)state;
	router();
	say_route(RTM_NEWROUTE, "192.168.2.0", 24, 2, NULL);
	say_route(RTM_NEWROUTE, "192.168.0.0", 16, 2, NULL);
	say_route(RTM_NEWROUTE, "10.0.0.0", 8, 2, NULL);
	say_route(RTM_NEWROUTE, "11.0.0.0", 8, 2, NULL);
	assert_string_equal(inside(), "10.0.0.0-11.255.255.255 192.168.0.0-192.168.255.255");
}

/* IPv4 stands inside ::/0 in the 16-byte form, and must not be meant by it. */
static void test_families(void **state)
{
	char *never[] = { (char *)(uintptr_t) "::/0" };

	(void)state;
	router();
	say_route(RTM_NEWROUTE, "::", 64, 2, NULL);
	say_route(RTM_NEWROUTE, "255.0.0.0", 8, 2, NULL);
	assert_string_equal(inside(), "::-::fffe:ffff:ffff 192.168.1.0-192.168.1.255 "
				      "255.0.0.0-255.255.255.255 ::1:0:0:0-::ffff:ffff:ffff:ffff");
	conf.never_block = (struct config_value){ .text = never, .n = 1 };
	hosts_config(h, &conf);
	assert_true(prot("2001:db8::1") && prot("::5") && prot("192.168.1.5"));
	assert_false(prot("8.8.8.8"));
}

static int say_end(uint16_t flags)
{
	begin(NLMSG_DONE, 4);
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = h->seq;
	return feed();
}

/* What a whole dump does not tell of is gone; a dump that is not consistent proves nothing. */
static void test_dump(void **state)
{
	(void)state;
	router();
	/* asked for while one is under way: that one is not enough */
	h->part = 0;
	assert_int_equal(hosts_sync(h, -1), 0);
	assert_true(h->interrupted);
	h->interrupted = false;
	h->seq = 7;
	h->round++;
	h->part = HOSTS_PARTS - 1;
	say_link(RTM_NEWLINK, 2, "br-lan", IFF_UP);
	say_addr(RTM_NEWADDR, 2, "192.168.1.1", 24);
	assert_int_equal(say_end(NLM_F_DUMP_INTR), HOSTS_RESYNC);
	assert_false(hosts_ready(h));
	assert_true(prot("198.51.100.1"));
	h->interrupted = false;
	h->part = HOSTS_PARTS - 1;
	h->seq++;
	assert_int_equal(say_end(0), HOSTS_NEXT | HOSTS_PROTECTED);
	assert_true(hosts_ready(h));
	assert_string_equal(inside(), "192.168.1.0-192.168.1.255");
	assert_false(prot("198.51.100.1"));
	assert_string_equal(hosts_ifname(h, 3), "");
}

/* Every message cut at every length, behind the sanitizer; then bits of them turned. */
static void test_cut(void **state)
{
	struct nlattr *nest;

	(void)state;
	srand(3);
	for (int round = 0; round < 300; round++) {
		router();
		route(RTM_NEWROUTE, AF_INET, RT_TABLE_MAIN, "10.1.0.0", 16);
		nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
		hop(nest, 3, "198.51.100.1");
		hop(nest, 2, "192.168.1.5");
		mnl_attr_nest_end(nlh, nest);
		for (size_t len = 0; len <= nlh->nlmsg_len; len++) {
			char *exact = malloc(len ? len : 1);

			memcpy(exact, buf, len);
			if (round && len)
				exact[(size_t)rand() % len] ^= (char)(1 << rand() % 8);
			if (round % 2 && len >= 4)
				*(uint32_t *)(void *)exact = (uint32_t)len;
			hosts_read(h, exact, len);
			free(exact);
		}
	}
}

/* More interfaces than there is room for: the rest is left out, and that is told. */
static void test_bound(void **state)
{
	static char many[65536] __attribute__((aligned(8)));
	size_t len = 0;

	(void)state;
	for (int i = 1; i <= HOSTS_LINKS + 1; i++) {
		struct ifinfomsg *m;

		nlh = mnl_nlmsg_put_header(many + len);
		nlh->nlmsg_type = RTM_NEWLINK;
		m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
		m->ifi_index = i;
		len += nlh->nlmsg_len;
		assert_false(hosts_overflow(h));
		if (len > sizeof(many) - 64 || i > HOSTS_LINKS) {
			hosts_read(h, many, len);
			len = 0;
		}
	}
	assert_true(hosts_overflow(h));
	assert_string_equal(inside(), "");
}

/* ---- the kernel's own ---- */

static int fd = -1;

static void shell(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

/* Reads until the kernel has nothing to say for a while. */
static int drain(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int bits = 0, rc;

	while (poll(&p, 1, 300) > 0) {
		rc = hosts_receive(h, fd);
		assert_true(rc >= 0);
		bits |= rc;
	}
	return bits;
}

static int kernel_setup(void **state)
{
	setup(state);
	shell("ip link add lan type veth peer lanp && ip link add wan type veth peer wanp && "
	      "ip link set lo up && ip link set lan up && ip link set wan up && ip addr add "
	      "192.168.7.1/24 dev lan && "
	      "ip addr add 198.51.100.2/24 dev wan && ip route add default via 198.51.100.1");
	fd = hosts_socket();
	return fd < 0 || hosts_sync(h, fd);
}

static int kernel_teardown(void **state)
{
	close(fd);
	fd = -1;
	shell("ip link del lan 2>/dev/null; ip link del wan 2>/dev/null; true");
	return teardown(state);
}

static void test_kernel(void **state)
{
	(void)state;
	assert_false(hosts_ready(h));
	assert_true(drain() & HOSTS_INSIDE);
	assert_true(hosts_ready(h));
	assert_string_equal(inside(), "192.168.7.0-192.168.7.255");
	assert_true(prot("198.51.100.1") && prot("198.51.100.2") && prot("192.168.7.9"));
	shell("ip addr add 2001:db8:a::1/64 dev lan nodad");
	assert_int_equal(drain(), HOSTS_INSIDE | HOSTS_PROTECTED);
	assert_string_equal(
		inside(),
		"192.168.7.0-192.168.7.255 2001:db8:a::-2001:db8:a:0:ffff:ffff:ffff:ffff");
	shell("ip addr del 2001:db8:a::1/64 dev lan && ip addr add 2001:db8:b::1/64 dev lan nodad");
	assert_true(drain() & HOSTS_INSIDE);
	assert_string_equal(
		inside(),
		"192.168.7.0-192.168.7.255 2001:db8:b::-2001:db8:b:0:ffff:ffff:ffff:ffff");
	assert_int_equal(drain(), 0);
}

/* IPv4 routes that go with their interface are not notified. */
static void test_kernel_down(void **state)
{
	(void)state;
	shell("ip route add 10.5.0.0/16 dev lan");
	drain();
	assert_string_equal(inside(), "10.5.0.0-10.5.255.255 192.168.7.0-192.168.7.255");
	shell("ip link set lan down");
	drain();
	assert_string_equal(inside(), "192.168.7.0-192.168.7.255");
	shell("ip link del lan");
	drain();
	assert_string_equal(inside(), "");
	/* the default route moves over: the former outside is inside now */
	shell("ip route del default && ip link add lan type veth peer lanp && ip link set lan up "
	      "&& "
	      "ip addr add 192.168.8.1/24 dev lan && ip route add default via 192.168.8.9");
	drain();
	assert_string_equal(inside(), "198.51.100.0-198.51.100.255");
}

/* A flood of changes overruns the socket: the truth is found again. */
static void test_kernel_overrun(void **state)
{
	int small = 2048;

	(void)state;
	drain();
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	shell("for i in $(seq 200); do echo \"route add 10.9.$i.0/24 dev lan\"; done | ip -batch "
	      "-");
	drain();
	assert_string_equal(inside(), "10.9.1.0-10.9.200.255 192.168.7.0-192.168.7.255");
}

/* A successor on the same socket, its predecessor gone in the middle of a dump. */
static void test_kernel_successor(void **state)
{
	(void)state;
	hosts_free(h);
	h = hosts_new();
	hosts_resolv(h, no_files);
	assert_int_equal(hosts_sync(h, fd), 0);
	drain();
	assert_true(hosts_ready(h));
	assert_string_equal(inside(), "192.168.7.0-192.168.7.255");
}

/* In a namespace of our own nothing but loopback is up. */
static bool alone(void)
{
	struct if_nameindex *all = if_nameindex();
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	bool yes = all && sock >= 0;

	for (struct if_nameindex *i = all; yes && i->if_name; i++) {
		struct ifreq r = { 0 };

		snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", i->if_name);
		yes = ioctl(sock, SIOCGIFFLAGS, &r) == 0 &&
		      (!(r.ifr_flags & IFF_UP) || r.ifr_flags & IFF_LOOPBACK);
	}
	if (all)
		if_freenameindex(all);
	close(sock);
	return yes;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define K(f) cmocka_unit_test_setup_teardown(f, kernel_setup, kernel_teardown)
	const struct CMUnitTest tests[] = {
		T(test_auto),      T(test_prefix_change), T(test_defaults), T(test_multipath),
		T(test_link_down), T(test_protected),     T(test_config),   T(test_merge),
		T(test_families),  T(test_dump),          T(test_cut),      T(test_bound),
	};
	const struct CMUnitTest kernel[] = {
		K(test_kernel),
		K(test_kernel_down),
		K(test_kernel_overrun),
		K(test_kernel_successor),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (geteuid() != 0) {
		printf("test_hosts: the kernel's part needs root\n");
		return failed ? failed : 77;
	}
	if (!alone()) {
		printf("test_hosts: the kernel's part needs a network namespace of its own\n");
		return failed ? failed : 77;
	}
	return failed + cmocka_run_group_tests(kernel, NULL, NULL);
}
