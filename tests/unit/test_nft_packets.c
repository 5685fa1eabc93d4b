/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real packets through the table: lan - gateway (this namespace) - wan, in one process, and
 * an agent in another whose verdict is the last digit of the port: 1 pass, 2 drop, 3 reject,
 * else (and for DNS) undecided; a DNS message that ends in 'r' is rejected alone. Needs root and a
 * network namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "tests/unit/nft_build.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <libnetfilter_queue/libnetfilter_queue.h>

#define QUEUE  100
#define WAIT   8000 /* ms for what must come; slow machines are slow */
#define SILENT 300  /* ms for what must not come */

static const char *const client[2] = { "10.1.1.2", "fd00:1::2" };
static const char *const server[2] = { "198.51.100.1", "2001:db8:100::1" };
static const char *const gateway[2] = { "10.1.1.1", "fd00:1::1" };

static struct {
	int home, lan, wan;
	struct nft *nft;
	struct nft_err err;
	pid_t agent;
} net;

static int ns_new(void)
{
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void in_ns(int ns, const char *line)
{
	assert_int_equal(setns(ns, CLONE_NEWNET), 0);
	if (shell(line))
		fail_msg("failed: %s", line);
	assert_int_equal(setns(net.home, CLONE_NEWNET), 0);
}

static void build_net(void)
{
	char line[200];

	net.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	net.lan = ns_new();
	net.wan = ns_new();
	assert_int_equal(setns(net.home, CLONE_NEWNET), 0);
	snprintf(line, sizeof(line),
		 "ip link add lan type veth peer name eth netns /proc/%d/fd/%d && "
		 "ip link add wan type veth peer name eth netns /proc/%d/fd/%d",
		 getpid(), net.lan, getpid(), net.wan);
	in_ns(net.home, line);
	in_ns(net.home, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 && "
			"ip link set lo up && ip addr add 10.1.1.1/24 dev lan && "
			"ip addr add fd00:1::1/64 dev lan nodad && "
			"ip addr add 198.51.100.254/24 dev wan && "
			"ip addr add 2001:db8:100::254/64 dev wan nodad && "
			"ip link set lan up && ip link set wan up");
	in_ns(net.lan,
	      "ip addr add 10.1.1.2/24 dev eth && ip addr add fd00:1::2/64 dev eth nodad && "
	      "ip link set lo up && ip link set eth up && "
	      "ip route add default via 10.1.1.1 && "
	      "ip route add default via fd00:1::1");
	in_ns(net.wan, "ip addr add 198.51.100.1/24 dev eth && "
		       "ip addr add 2001:db8:100::1/64 dev eth nodad && "
		       "ip link set lo up && ip link set eth up && "
		       "ip route add default via 198.51.100.254 && "
		       "ip route add default via 2001:db8:100::254");
}

/* The agent's answer to one packet. */
static void answer(struct mnl_socket *q, const struct nlmsghdr *h)
{
	struct nlattr *attr[NFQA_MAX + 1] = { NULL };
	const struct nfqnl_msg_packet_hdr *ph;
	char buf[256] __attribute__((aligned(8)));
	uint32_t mark = 0, port = 0, proto;
	struct nlmsghdr *v;
	const uint8_t *p;
	size_t head;
	bool alone;

	if (nfq_nlmsg_parse(h, attr) < 0 || !attr[NFQA_PACKET_HDR] || !attr[NFQA_PAYLOAD])
		return;
	ph = mnl_attr_get_payload(attr[NFQA_PACKET_HDR]);
	p = mnl_attr_get_payload(attr[NFQA_PAYLOAD]);
	head = p[0] >> 4 == 6 ? 40 : (p[0] & 15) * 4u;
	proto = p[0] >> 4 == 6 ? p[6] : p[9];
	if (attr[NFQA_MARK])
		mark = ntohl(mnl_attr_get_u32(attr[NFQA_MARK]));
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP)
		port = (uint32_t)(p[head + 2] << 8 | p[head + 3]);
	else
		port = 1;
	alone = port == 53 && p[mnl_attr_get_payload_len(attr[NFQA_PAYLOAD]) - 1] == 'r';
	port = (port == 53 || (p[head] << 8 | p[head + 1]) == 53) ? 0 : port % 10;
	if (port > 3)
		port = 0;
	mark = (mark & ~NFT_MARK_MASK) | port * NFT_MARK_PASS;
	if (alone)
		mark |= NFT_MARK_REJECT | NFT_MARK_ALONE;
	v = nfq_nlmsg_put(buf, NFQNL_MSG_VERDICT, QUEUE);
	nfq_nlmsg_verdict_put(v, (int)ntohl(ph->packet_id), NF_ACCEPT);
	nfq_nlmsg_verdict_put_mark(v, mark);
	mnl_socket_sendto(q, v, v->nlmsg_len);
}

static void agent_run(int ready)
{
	char buf[70000] __attribute__((aligned(8)));
	struct mnl_socket *q = mnl_socket_open(NETLINK_NETFILTER);
	struct nlmsghdr *h = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, QUEUE);

	if (!q || mnl_socket_bind(q, 0, MNL_SOCKET_AUTOPID) < 0)
		_exit(1);
	nfq_nlmsg_cfg_put_cmd(h, AF_INET, NFQNL_CFG_CMD_BIND);
	mnl_socket_sendto(q, h, h->nlmsg_len);
	h = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, QUEUE);
	nfq_nlmsg_cfg_put_params(h, NFQNL_COPY_PACKET, 0xffff);
	mnl_socket_sendto(q, h, h->nlmsg_len);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(q, buf, sizeof(buf));
		int left = (int)got;

		for (h = (void *)buf; got > 0 && mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			if ((h->nlmsg_type & 0xff) == NFQNL_MSG_PACKET)
				answer(q, h);
	}
}

static void agent_start(void)
{
	int ready[2];
	char x;

	assert_int_equal(pipe(ready), 0);
	net.agent = fork();
	assert_true(net.agent >= 0);
	if (net.agent == 0)
		agent_run(ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &x, 1), 1);
	close(ready[0]);
}

static void agent_stop(void)
{
	if (net.agent <= 0)
		return;
	kill(net.agent, SIGKILL);
	waitpid(net.agent, NULL, 0);
	net.agent = 0;
}

static struct nft_load load_here(struct nft_range inside[2])
{
	struct nft_load l = load_of();

	inside[0] = range_of("10.1.1.0", "10.1.1.255");
	inside[1] = range_of("fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	l.inside = inside;
	l.n_inside = 2;
	l.conf.queue_first = QUEUE;
	l.conf.queue_count = 1;
	l.conf.inbound = false;
	return l;
}

static void load(const struct nft_load *l)
{
	int rc = nft_load(net.nft, l, &net.err);

	if (rc)
		fail_msg("load: %d, %s", rc, net.err.text);
}

static void load_plain(bool observe)
{
	struct nft_range inside[2];
	struct nft_load l = load_here(inside);

	l.conf.observe = observe;
	load(&l);
}

static void apply(enum nft_op op, enum nft_set set, int v6, uint8_t proto, uint16_t port,
		  bool reject)
{
	struct nft_elem e = elem_of(op, set, client[v6], server[v6], port);
	size_t refused = 0;

	e.proto = proto;
	e.reject = reject;
	if (nft_apply(net.nft, &e, 1, &refused, &net.err) || refused)
		fail_msg("apply: %s", net.err.text);
}

static uint64_t count(enum nft_counter c)
{
	struct nft_counters all;

	assert_int_equal(nft_counters(net.nft, &all, &net.err), 0);
	return all.packets[c];
}

static int add_packets(void *ctx, const struct nft_elem *e)
{
	*(uint64_t *)ctx += e->packets;
	return 0;
}

static uint64_t element_packets(enum nft_set set)
{
	uint64_t sum = 0;

	assert_int_equal(nft_dump(net.nft, set, 1000, add_packets, &sum, &net.err), 0);
	return sum;
}

static int one_more(void *ctx, const struct nft_elem *e)
{
	assert_true(e->timeout == 150000 && e->expires <= 150000);
	++*(int *)ctx;
	return 0;
}

/* A socket in a namespace; bound or connected, without waiting. */
static int sock(int ns, int type, const char *addr, uint16_t port, bool bound)
{
	bool v6 = strchr(addr, ':');
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr *a = v6 ? (const void *)&a6 : (const void *)&a4;
	socklen_t len = v6 ? sizeof(a6) : sizeof(a4);
	int fd, on = 1;

	inet_pton(v6 ? AF_INET6 : AF_INET, addr, v6 ? (void *)&a6.sin6_addr : (void *)&a4.sin_addr);
	assert_int_equal(setns(ns, CLONE_NEWNET), 0);
	fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setns(net.home, CLONE_NEWNET), 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bound) {
		assert_true(connect(fd, a, len) == 0 || errno == EINPROGRESS);
		return fd;
	}
	assert_int_equal(bind(fd, a, len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static bool wait_for(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) > 0;
}

static int so_error(int fd)
{
	int e = 0;
	socklen_t len = sizeof(e);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len);
	return e;
}

static void take(int fd)
{
	char buf[64];

	assert_true(wait_for(fd, POLLIN, WAIT));
	assert_true(recv(fd, buf, sizeof(buf), 0) > 0);
}

struct pair {
	int a, b; /* client's end, server's end */
};

/* A TCP connection from `ns` to the server. */
static struct pair connected(int ns, int v6, uint16_t port)
{
	int ls = sock(net.wan, SOCK_STREAM, server[v6], port, true);
	struct pair p = { .a = sock(ns, SOCK_STREAM, server[v6], port, false) };

	assert_true(wait_for(ls, POLLIN, WAIT));
	p.b = accept4(ls, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(p.b >= 0);
	assert_true(wait_for(p.a, POLLOUT, WAIT));
	assert_int_equal(so_error(p.a), 0);
	close(ls);
	return p;
}

static void say(int from, int to)
{
	assert_int_equal(send(from, "0123456789", 10, MSG_NOSIGNAL), 10);
	take(to);
}

/* Reset, not finished: nothing of this flow reaches the counters of the next test. */
static void pair_close(struct pair p)
{
	const struct linger now = { .l_onoff = 1 };

	setsockopt(p.a, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	setsockopt(p.b, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p.a);
	close(p.b);
}

static int setup(void **state)
{
	(void)state;
	net.nft = nft_open(&net.err);
	assert_non_null(net.nft);
	load_plain(false);
	agent_start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	agent_stop();
	nft_remove(net.nft, &net.err);
	nft_close(net.nft);
	assert_int_equal(shell("nft flush ruleset"), 0);
	return 0;
}

/* A flow decided on its SYN meets the queue once, whatever it carries. */
static void passed_once(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint64_t queued = count(NFT_C_QUEUED), passed = count(NFT_C_PASS);
		struct pair p = connected(net.lan, v6, 8001);

		for (int i = 0; i < 20; i++) {
			say(p.a, p.b);
			say(p.b, p.a);
		}
		assert_int_equal(count(NFT_C_QUEUED), queued + 1);
		assert_true(count(NFT_C_PASS) >= passed + 40);
		pair_close(p);
	}
}

/* Undecided: SYN and what has payload, no pure ACK; after the eighth packet those too. */
static void undecided(void **state)
{
	struct nft_caps caps;

	(void)state;
	assert_int_equal(nft_probe(net.nft, &caps, &net.err), 0);
	assert_true(caps.inner);
	for (int v6 = 0; v6 < 2; v6++) {
		uint64_t queued = count(NFT_C_QUEUED), before;
		struct pair p = connected(net.lan, v6, 8000);

		for (int i = 0; i < 3; i++)
			say(p.a, p.b);
		assert_int_equal(count(NFT_C_QUEUED), queued + 4);
		for (int i = 0; i < 8; i++)
			say(p.a, p.b);
		before = count(NFT_C_QUEUED);
		assert_int_equal(before, queued + 12);
		for (int i = 0; i < 30 && count(NFT_C_QUEUED) == before; i++) {
			say(p.b, p.a);
			usleep(50000); /* delayed acknowledgements */
		}
		assert_true(count(NFT_C_QUEUED) > before);
		pair_close(p);
	}
}

/* A dropped SYN is remembered: its retry is dropped unasked. */
static void dropped_new(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint64_t queued = count(NFT_C_QUEUED), hits = count(NFT_C_DROP_SET);
		int ls = sock(net.wan, SOCK_STREAM, server[v6], 8002, true), n = 0;
		int fd = sock(net.lan, SOCK_STREAM, server[v6], 8002, false);

		for (int i = 0; i < WAIT / 50 && count(NFT_C_DROP_SET) == hits; i++)
			usleep(50000); /* the client's retry, after a second */
		assert_true(count(NFT_C_DROP_SET) > hits);
		assert_int_equal(count(NFT_C_QUEUED), queued + 1);
		assert_int_equal(count(NFT_C_DROP_MARK), (uint64_t)v6 + 1);
		assert_false(wait_for(ls, POLLIN, 0));
		assert_int_equal(nft_dump(net.nft, NFT_DROP_FLOW, 9, one_more, &n, &net.err), 0);
		assert_int_equal(n, v6 + 1);
		close(fd);
		close(ls);
	}
}

static void rejected_new(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint64_t queued = count(NFT_C_QUEUED);
		int ls = sock(net.wan, SOCK_STREAM, server[v6], 8003, true);
		int fd = sock(net.lan, SOCK_STREAM, server[v6], 8003, false);

		assert_true(wait_for(fd, POLLOUT, WAIT));
		assert_int_equal(so_error(fd), ECONNREFUSED);
		close(fd);
		fd = sock(net.lan, SOCK_DGRAM, server[v6], 8003, false);
		assert_int_equal(send(fd, "x", 1, 0), 1);
		assert_true(wait_for(fd, POLLERR, WAIT));
		assert_int_equal(so_error(fd), v6 ? EACCES : EHOSTUNREACH);
		assert_int_equal(count(NFT_C_QUEUED), queued + 2);
		close(fd);
		close(ls);
	}
}

static const struct {
	enum nft_set set;
	const char *name;
} drop_sets[] = { { NFT_DROP_PAIR, "pair" }, { NFT_DROP_EP, "ep" }, { NFT_DROP_ADDR, "addr" } };

/* An entry cuts a running flow, the server's push too; without it the flow goes on. */
static void cuts_running(void **state)
{
	(void)state;
	for (size_t s = 0; s < 3; s++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct pair p = connected(net.lan, v6, 8001);
			uint64_t hits;

			say(p.a, p.b);
			hits = count(NFT_C_DROP_SET);
			apply(NFT_ADD, drop_sets[s].set, v6, IPPROTO_TCP, 8001, false);
			assert_int_equal(send(p.b, "0123456789", 10, 0), 10);
			assert_false(wait_for(p.a, POLLIN, SILENT));
			assert_true(count(NFT_C_DROP_SET) > hits);
			assert_true(element_packets(drop_sets[s].set) > 0);
			hits = count(NFT_C_DROP_SET);
			assert_int_equal(send(p.a, "0123456789", 10, 0), 10);
			assert_false(wait_for(p.b, POLLIN, SILENT));
			assert_true(count(NFT_C_DROP_SET) > hits);
			apply(NFT_DEL, drop_sets[s].set, v6, IPPROTO_TCP, 8001, false);
			take(p.a);
			take(p.b);
			pair_close(p);
		}
}

/* Refused by a set: the client is told, and the agent is not asked. */
static void set_rejects(void **state)
{
	(void)state;
	for (size_t s = 0; s < 3; s++)
		for (int v6 = 0; v6 < 2; v6++) {
			uint64_t queued = count(NFT_C_QUEUED);
			int fd;

			apply(NFT_ADD, drop_sets[s].set, v6, IPPROTO_TCP, 8005, true);
			fd = sock(net.lan, SOCK_STREAM, server[v6], 8005, false);
			assert_true(wait_for(fd, POLLOUT, WAIT));
			assert_int_equal(so_error(fd), ECONNREFUSED);
			assert_int_equal(count(NFT_C_QUEUED), queued);
			apply(NFT_DEL, drop_sets[s].set, v6, IPPROTO_TCP, 8005, true);
			close(fd);
		}
}

/* An endpoint entry for another port, protocol or family is none of this flow's. */
static void set_spares(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct pair p;

		apply(NFT_ADD, NFT_DROP_EP, v6, IPPROTO_TCP, 8011, false);
		apply(NFT_ADD, NFT_DROP_EP, v6, IPPROTO_UDP, 8001, false);
		apply(NFT_ADD, NFT_DROP_EP, v6, IPPROTO_TCP, 0, false);
		apply(NFT_ADD, NFT_DROP_ADDR, !v6, IPPROTO_TCP, 8001, false);
		p = connected(net.lan, v6, 8001);
		say(p.a, p.b);
		assert_int_equal(element_packets(NFT_DROP_EP), 0);
		assert_int_equal(nft_flush(net.nft, &net.err), 0);
		pair_close(p);
	}
}

/* Observing, everything is asked, marked, counted, and goes on. */
static void observes(void **state)
{
	(void)state;
	load_plain(true);
	for (int v6 = 0; v6 < 2; v6++) {
		uint64_t queued = count(NFT_C_QUEUED), hits, marked = count(NFT_C_DROP_MARK);

		for (uint16_t port = 8002; port <= 8003; port++) {
			struct pair p = connected(net.lan, v6, port);

			say(p.a, p.b);
			say(p.b, p.a);
			pair_close(p);
		}
		assert_int_equal(count(NFT_C_QUEUED), queued + 2);
		assert_true(count(NFT_C_DROP_MARK) >= marked + 8);
		for (size_t s = 0; s < 3; s++) {
			struct pair p;

			hits = count(NFT_C_DROP_SET);
			queued = count(NFT_C_QUEUED);
			apply(NFT_ADD, drop_sets[s].set, v6, IPPROTO_TCP, 8001, s & 1);
			p = connected(net.lan, v6, 8001);
			say(p.a, p.b);
			say(p.b, p.a);
			assert_true(count(NFT_C_DROP_SET) >= hits + 4);
			assert_true(element_packets(drop_sets[s].set) >= 4);
			assert_int_equal(count(NFT_C_QUEUED), queued);
			assert_int_equal(nft_flush(net.nft, &net.err), 0);
			pair_close(p);
		}
	}
}

/* From one mode to the other in one transaction, under a running flow. */
static void arms(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct pair p;

		load_plain(true);
		apply(NFT_ADD, NFT_DROP_EP, v6, IPPROTO_TCP, 8001, false);
		p = connected(net.lan, v6, 8001);
		say(p.a, p.b);
		load_plain(false);
		assert_int_equal(send(p.a, "0123456789", 10, 0), 10);
		assert_false(wait_for(p.b, POLLIN, SILENT));
		load_plain(true);
		take(p.b);
		say(p.b, p.a);
		assert_int_equal(nft_flush(net.nft, &net.err), 0);
		pair_close(p);
	}
}

static void watches(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint64_t queued = count(NFT_C_QUEUED), seen = count(NFT_C_WATCH), packets;
		struct pair p;

		apply(NFT_ADD, NFT_WATCH, v6, IPPROTO_TCP, 8001, false);
		p = connected(net.lan, v6, 8001);
		say(p.a, p.b);
		packets = element_packets(NFT_WATCH);
		assert_true(packets >= 3);
		assert_true(count(NFT_C_WATCH) - seen == packets);
		assert_int_equal(count(NFT_C_QUEUED), queued + 1);
		assert_int_equal(nft_flush(net.nft, &net.err), 0);
		pair_close(p);
	}
}

/* Allowed nets: not asked, not dropped, counted. As destination and as source. */
static void allows(void **state)
{
	const struct nft_range allow[2][2] = {
		{ range_of(server[0], server[0]), range_of(server[1], server[1]) },
		{ range_of(client[0], client[0]), range_of(client[1], client[1]) },
	};

	(void)state;
	for (int who = 0; who < 2; who++)
		for (int v6 = 0; v6 < 2; v6++) {
			uint64_t queued = count(NFT_C_QUEUED), seen = count(NFT_C_ALLOW);
			struct nft_range inside[2];
			struct nft_load l = load_here(inside);
			struct pair p;

			l.allow = allow[who];
			l.n_allow = 2;
			load(&l);
			apply(NFT_ADD, NFT_DROP_ADDR, v6, 0, 0, false);
			p = connected(net.lan, v6, 8002);
			say(p.a, p.b);
			say(p.b, p.a);
			assert_int_equal(count(NFT_C_QUEUED), queued);
			assert_true(count(NFT_C_ALLOW) >= seen + 5);
			assert_int_equal(nft_flush(net.nft, &net.err), 0);
			pair_close(p);
		}
}

/* Each DNS message by itself, query and answer, through the gateway and to the gateway. */
static void dns(void **state)
{
	(void)state;
	for (int to_gateway = 0; to_gateway < 2; to_gateway++)
		for (int v6 = 0; v6 < 2; v6++) {
			const char *where = to_gateway ? gateway[v6] : server[v6];
			int ns = to_gateway ? net.home : net.wan;
			uint64_t queued = count(NFT_C_QUEUED);
			int ss = sock(ns, SOCK_DGRAM, where, 53, true);
			int fd = sock(net.lan, SOCK_DGRAM, where, 53, false);
			struct sockaddr_storage a;
			char buf[16];

			for (int i = 0; i < 3; i++) {
				socklen_t len = sizeof(a);

				assert_int_equal(send(fd, "q", 1, 0), 1);
				assert_true(wait_for(ss, POLLIN, WAIT));
				assert_int_equal(
					recvfrom(ss, buf, sizeof(buf), 0, (void *)&a, &len), 1);
				assert_int_equal(sendto(ss, "a", 1, 0, (void *)&a, len), 1);
				take(fd);
			}
			assert_int_equal(count(NFT_C_QUEUED), queued + 6);
			close(fd);
			close(ss);
		}
}

/* One message is rejected, its socket's others are not: nothing is kept of it. */
static void dns_alone(void **state)
{
	(void)state;
	for (int to_gateway = 0; to_gateway < 2; to_gateway++)
		for (int v6 = 0; v6 < 2; v6++) {
			const char *where = to_gateway ? gateway[v6] : server[v6];
			int ss = sock(to_gateway ? net.home : net.wan, SOCK_DGRAM, where, 53, true);
			int fd = sock(net.lan, SOCK_DGRAM, where, 53, false);
			char buf[16];

			for (int i = 0; i < 3; i++) {
				uint64_t blocked = count(NFT_C_DROP_MARK);

				assert_int_equal(send(fd, "r", 1, 0), 1);
				assert_true(wait_for(fd, POLLIN | POLLERR, WAIT));
				assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
				assert_int_not_equal(errno, EAGAIN); /* told by ICMP */
				assert_int_equal(count(NFT_C_DROP_MARK), blocked + 1);
				assert_int_equal(send(fd, "q", 1, 0), 1);
				assert_true(wait_for(ss, POLLIN, WAIT));
				assert_int_equal(recv(ss, buf, sizeof(buf), 0), 1);
				assert_int_equal(buf[0], 'q');
			}
			assert_false(wait_for(ss, POLLIN, SILENT));
			close(fd);
			close(ss);
		}
}

/* Over TCP each segment with data, both ways, while the connection is undecided. */
static void dns_tcp(void **state)
{
	(void)state;
	for (int to_gateway = 0; to_gateway < 2; to_gateway++)
		for (int v6 = 0; v6 < 2; v6++) {
			const char *where = to_gateway ? gateway[v6] : server[v6];
			int ls = sock(to_gateway ? net.home : net.wan, SOCK_STREAM, where, 53, true);
			uint64_t queued = count(NFT_C_QUEUED);
			int fd = sock(net.lan, SOCK_STREAM, where, 53, false);
			struct pair p = { .a = fd };

			assert_true(wait_for(ls, POLLIN, WAIT));
			p.b = accept4(ls, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
			assert_true(wait_for(fd, POLLOUT, WAIT));
			for (int i = 0; i < 3; i++) {
				say(p.a, p.b);
				say(p.b, p.a);
			}
			/* and the SYN, on its way through */
			assert_int_equal(count(NFT_C_QUEUED), queued + 6 + !to_gateway);
			pair_close(p);
			close(ls);
		}
}

/* A protocol without ports: first packet asked; an entry with port 0 stops it. */
static void ping(void **state)
{
	static const char *const line[2] = { "ping -c1 -W3 198.51.100.1 >/dev/null",
					     "ping -c1 -W3 2001:db8:100::1 >/dev/null" };
	static const char *const quick[2] = { "! ping -c1 -W1 198.51.100.1 >/dev/null",
					      "! ping -c1 -W1 2001:db8:100::1 >/dev/null" };

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		uint64_t queued = count(NFT_C_QUEUED);

		in_ns(net.lan, line[v6]);
		assert_int_equal(count(NFT_C_QUEUED), queued + 1);
		for (int s = 0; s < 2; s++) {
			apply(NFT_ADD, drop_sets[s].set, v6, proto, 0, false);
			in_ns(net.lan, quick[v6]);
			assert_true(element_packets(drop_sets[s].set) > 0);
			assert_int_equal(nft_flush(net.nft, &net.err), 0);
		}
	}
}

/* The gateway's own: asked as configured; its talk with inside and with itself never. */
static void router_traffic(void **state)
{
	struct nft_range inside[2];
	struct nft_load l = load_here(inside);

	(void)state;
	for (int on = 1; on >= 0; on--)
		for (int v6 = 0; v6 < 2; v6++) {
			uint64_t queued = count(NFT_C_QUEUED);
			int ls, fd;
			struct pair p;

			l.conf.router_traffic = on;
			load(&l);
			p = connected(net.home, v6, 8001);
			say(p.a, p.b);
			say(p.b, p.a);
			assert_int_equal(count(NFT_C_QUEUED), queued + (uint64_t)on);
			pair_close(p);
			ls = sock(net.lan, SOCK_STREAM, client[v6], 8002, true);
			fd = sock(net.home, SOCK_STREAM, client[v6], 8002, false);
			assert_true(wait_for(ls, POLLIN, WAIT));
			close(fd);
			close(ls);
			ls = sock(net.home, SOCK_STREAM, v6 ? "::1" : "127.0.0.1", 8002, true);
			fd = sock(net.home, SOCK_STREAM, v6 ? "::1" : "127.0.0.1", 8002, false);
			assert_true(wait_for(ls, POLLIN, WAIT));
			close(fd);
			close(ls);
			assert_int_equal(count(NFT_C_QUEUED), queued + (uint64_t)on);
		}
}

/* From outside to inside and to the gateway: asked only if so configured. */
static void inbound(void **state)
{
	struct nft_range inside[2];
	struct nft_load l = load_here(inside);

	(void)state;
	for (int on = 0; on < 2; on++)
		for (int v6 = 0; v6 < 2; v6++)
			for (int to_gateway = 0; to_gateway < 2; to_gateway++) {
				const char *to = to_gateway ? gateway[v6] : client[v6];
				int ns = to_gateway ? net.home : net.lan, ls, fd;
				uint64_t queued = count(NFT_C_QUEUED);

				l.conf.inbound = on;
				load(&l);
				ls = sock(ns, SOCK_STREAM, to, 8001, true);
				fd = sock(net.wan, SOCK_STREAM, to, 8001, false);
				assert_true(wait_for(ls, POLLIN, WAIT));
				assert_int_equal(count(NFT_C_QUEUED), queued + (uint64_t)on);
				close(fd);
				close(ls);
			}
}

/* Nobody listens: open lets flows pass unseen, closed stops new ones; sets go on in both. */
static void nobody_listens(void **state)
{
	struct nft_range inside[2];
	struct nft_load l = load_here(inside);

	(void)state;
	agent_stop();
	for (int v6 = 0; v6 < 2; v6++) {
		struct pair p;
		int ls, fd;

		l.conf.fail_open = true;
		load(&l);
		p = connected(net.lan, v6, 8002);
		say(p.a, p.b);
		pair_close(p);
		l.conf.fail_open = false;
		load(&l);
		ls = sock(net.wan, SOCK_STREAM, server[v6], 8001, true);
		fd = sock(net.lan, SOCK_STREAM, server[v6], 8001, false);
		assert_false(wait_for(ls, POLLIN, SILENT));
		close(fd);
		close(ls);
		apply(NFT_ADD, NFT_DROP_ADDR, v6, 0, 0, true);
		fd = sock(net.lan, SOCK_STREAM, server[v6], 8001, false);
		assert_true(wait_for(fd, POLLOUT, WAIT));
		assert_int_equal(so_error(fd), ECONNREFUSED);
		close(fd);
		assert_int_equal(nft_flush(net.nft, &net.err), 0);
	}
}

/* Other people's bits of both marks stay as they are, also where we have bits set. */
static void foreign_bits(void **state)
{
	struct nft_range inside[2];
	struct nft_load l = load_here(inside);
	struct pair p;

	(void)state;
	assert_int_equal(shell("nft 'table inet other { "
			       "counter good { }; counter bad { }; "
			       "chain pre { type filter hook prerouting priority -100; "
			       "iifname lan meta mark set 0x70000f05 ct mark set ct mark | 0x9; }; "
			       "chain post { type filter hook postrouting priority 100; "
			       "oifname wan meta mark 0x00000f05 ct mark & 0x8fffffff == 0x9 "
			       "counter name good accept; oifname wan counter name bad; }; }'"),
			 0);
	for (int v6 = 0; v6 < 2; v6++)
		for (int observe = 0; observe < 2; observe++) {
			l.conf.observe = observe;
			load(&l);
			if (observe)
				apply(NFT_ADD, NFT_DROP_EP, v6, IPPROTO_TCP, 8012, false);
			p = connected(net.lan, v6, observe ? 8012 : 8001);
			for (int i = 0; i < 3; i++) {
				say(p.a, p.b);
				say(p.b, p.a);
			}
			pair_close(p);
			p = connected(net.lan, v6, 8000);
			say(p.a, p.b);
			pair_close(p);
		}
	assert_int_equal(shell("nft list counter inet other bad | grep -q 'packets 0 '"), 0);
	assert_int_not_equal(shell("nft list counter inet other good | grep -q 'packets 0 '"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(passed_once, setup, teardown),
		cmocka_unit_test_setup_teardown(undecided, setup, teardown),
		cmocka_unit_test_setup_teardown(dropped_new, setup, teardown),
		cmocka_unit_test_setup_teardown(rejected_new, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_running, setup, teardown),
		cmocka_unit_test_setup_teardown(set_rejects, setup, teardown),
		cmocka_unit_test_setup_teardown(set_spares, setup, teardown),
		cmocka_unit_test_setup_teardown(observes, setup, teardown),
		cmocka_unit_test_setup_teardown(arms, setup, teardown),
		cmocka_unit_test_setup_teardown(watches, setup, teardown),
		cmocka_unit_test_setup_teardown(allows, setup, teardown),
		cmocka_unit_test_setup_teardown(dns, setup, teardown),
		cmocka_unit_test_setup_teardown(dns_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(dns_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(ping, setup, teardown),
		cmocka_unit_test_setup_teardown(router_traffic, setup, teardown),
		cmocka_unit_test_setup_teardown(inbound, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_bits, setup, teardown),
	};

	need_root();
	build_net();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
