/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/replay.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/capture.h"
#include "agent/defrag.h"
#include "agent/gate.h"
#include "agent/tunnel.h"
#include "tests/unit/traffic.h"

enum { PASS = 0x10000000, MARK_DROP = 0x20000000, REPLY = 0x40000000 };

/* --- capture: each link type down to IP --- */

static const char *write_pcap(const struct craft *frames, size_t n, uint32_t link, uint32_t lack)
{
	static char path[] = "/tmp/test_replay.XXXXXX";
	static struct craft c;
	int fd;

	c.n = 0;
	craft_uint(&c, 0xa1b2c3d4, 4);
	craft_uint(&c, 0x00020004, 4);
	craft_fill(&c, 0, 8);
	craft_uint(&c, 65535, 4);
	craft_uint(&c, link, 4);
	for (size_t i = 0; i < n; i++) {
		craft_uint(&c, 1000 + i, 4);
		craft_uint(&c, 5, 4);
		craft_uint(&c, frames[i].n - lack, 4);
		craft_uint(&c, frames[i].n, 4);
		craft_bytes(&c, frames[i].b, frames[i].n - lack);
	}
	memcpy(path, "/tmp/test_replay.XXXXXX", sizeof path);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, c.b, c.n), c.n);
	close(fd);
	return path;
}

static void link_types(void **state)
{
	static const uint8_t ip[24] = { 0x45, 0, 0, 24, [20] = 'a', 'b', 'c', 'd' };
	static const struct {
		uint32_t link;
		const char *head;
		size_t n;
		bool mac;
	} v[] = {
		{ 1, "ddddddssssss\x08\x00", 14, true },
		{ 1, "ddddddssssss\x81\x00\x00\x05\x08\x00", 18, true },
		{ 1, "ddddddssssss\x88\xa8\x00\x05\x81\x00\x00\x05\x08\x00", 22, true },
		{ 1, "ddddddssssss\x88\x64\x11\x00\x00\x01\x00\x1a\x00\x21", 22, true },
		{ 113, "\x00\x00\x00\x01\x00\x06ssssss\x00\x00\x08\x00", 16, true },
		{ 113, "\x00\x00\x03\x04\x00\x00ssssss\x00\x00\x08\x00", 16, false },
		{ 276, "\x08\x00\x00\x00\x00\x00\x00\x02\x00\x01\x00\x06ssssss\x00\x00", 20, true },
		{ 101, "", 0, false },
		{ 228, "", 0, false },
		{ 0, "\x02\x00\x00\x00", 4, false },
		{ 108, "\x00\x00\x00\x02", 4, false },
	};
	static struct craft f[3];
	char err[CAPTURE_ERR] = "";

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct frame fr;

		f[0].n = f[1].n = f[2].n = 0;
		for (int k = 0; k < 2; k++) {
			craft_bytes(&f[k], v[i].head, v[i].n);
			craft_bytes(&f[k], ip, sizeof ip);
		}
		const char *path = write_pcap(f, 2, v[i].link, i % 2 ? 2 : 0);
		struct capture *c = capture_open(path, err);
		unlink(path);
		assert_non_null(c);
		assert_int_equal(capture_next(c, &fr, err), 1);
		assert_int_equal(fr.bytes.n, i % 2 ? 22 : 24);
		assert_int_equal(fr.orig_len, 24);
		assert_memory_equal(fr.bytes.p, ip, fr.bytes.n);
		assert_memory_equal(fr.mac, v[i].mac ? "ssssss" : "\0\0\0\0\0\0", 6);
		assert_true(fr.wall == 1000000005ULL && fr.now == 1000000);
		assert_int_equal(capture_next(c, &fr, err), 1);
		assert_int_equal(fr.id, 2);
		assert_int_equal(capture_next(c, &fr, err), 0);
		capture_close(c);
	}
	assert_null(capture_open(write_pcap(f, 0, 147, 0), err));
	assert_non_null(strstr(err, "147"));
	assert_null(capture_open("/nonexistent/x.pcap", err));
}

/* --- defrag --- */

static struct defrag *D;

/* A fragment of a datagram of 'a'..: [from, to) in units of 8 bytes. */
static bool fragment(struct slice *out, bool v6, uint16_t id, uint16_t from, uint16_t to, bool more,
		     char fill)
{
	static struct craft c;
	size_t n = (size_t)(to - from) * 8;

	c.n = 0;
	if (v6) {
		craft_uint(&c, 0x60000000, 4);
		craft_uint(&c, n + 16, 2);
		craft_uint(&c, 60 << 8 | 64, 2); /* destination options before the fragment */
		craft_fill(&c, 1, 16);
		craft_fill(&c, 2, 16);
		craft_uint(&c, 44 << 8, 2);
		craft_uint(&c, 0x01040000, 4);
		craft_uint(&c, 0, 2);
		craft_uint(&c, 17 << 8, 2);
		craft_uint(&c, (uint64_t)from * 8 | more, 2);
		craft_uint(&c, id, 4);
	} else {
		craft_uint(&c, 0x4500, 2);
		craft_uint(&c, 20 + n, 2);
		craft_uint(&c, id, 2);
		craft_uint(&c, (uint64_t)more << 13 | from, 2);
		craft_uint(&c, 0x40110000, 4);
		craft_fill(&c, 1, 4);
		craft_fill(&c, 2, 4);
	}
	for (size_t i = 0; i < n; i++)
		craft_uint(&c, fill ? (uint8_t)fill : (uint8_t)(from * 8 + i), 1);
	return defrag_push(D, out, (struct slice){ c.b, c.n }, 1000);
}

static void is_whole(struct slice out, bool v6, size_t n)
{
	struct packet p;

	assert_int_equal(packet_parse(&p, out), PACKET_OK);
	assert_int_equal(p.proto, 17);
	assert_false(p.truncated);
	assert_int_equal(out.n, (v6 ? 48 : 20) + n);
	/* the first 8 bytes are the UDP header */
	for (size_t i = 0; i < n; i++)
		assert_int_equal(out.p[out.n - n + i], (uint8_t)i);
}

/* The UDP length at byte 4 of the data is 0x0405: long enough for 1029 bytes. */
enum { UNITS = 129 };

static void fragments(void **state)
{
	static const uint16_t cut[] = { 0, 1, 50, UNITS };
	static const uint8_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct slice out;

	(void)state;
	D = defrag_new();
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t o = 0; o < 6; o++)
			for (int k = 0; k < 3; k++) {
				uint8_t i = orders[o][k];
				bool whole = fragment(&out, v6, (uint16_t)o, cut[i], cut[i + 1],
						      i != 2, 0);

				assert_int_equal(whole, k == 2);
				if (k == 0) /* once more is no overlap */
					assert_false(fragment(&out, v6, (uint16_t)o, cut[i],
							      cut[i + 1], i != 2, 0));
				if (whole)
					is_whole(out, v6, UNITS * 8);
			}
	/* what is no fragment passes as it is */
	assert_true(fragment(&out, false, 9, 0, UNITS, false, 0));
	is_whole(out, false, UNITS * 8);
	defrag_free(D);
}

static void fragments_overlap(void **state)
{
	struct slice out;

	(void)state;
	D = defrag_new();
	for (int v6 = 0; v6 < 2; v6++) {
		assert_false(fragment(&out, v6, 1, 0, 10, true, 0));
		assert_false(fragment(&out, v6, 1, 9, 20, true, 'x'));
		assert_false(fragment(&out, v6, 1, 10, UNITS, false, 0)); /* given up whole */
		/* as many bytes as the whole, and a hole */
		assert_false(fragment(&out, v6, 6, 0, 10, true, 0));
		assert_false(fragment(&out, v6, 6, 5, 15, true, 0));
		assert_false(fragment(&out, v6, 6, 20, UNITS, false, 0));
		assert_false(fragment(&out, v6, 7, 15, 20, false, 0));
		assert_false(fragment(&out, v6, 7, 20, 30, true, 0));
		assert_false(fragment(&out, v6, 7, 0, 5, true, 0));
		/* two ends */
		assert_false(fragment(&out, v6, 2, 5, UNITS, false, 0));
		assert_false(fragment(&out, v6, 2, 5, 7, false, 0));
		assert_false(fragment(&out, v6, 2, 0, 5, true, 0));
		/* bytes behind the end */
		assert_false(fragment(&out, v6, 3, 50, UNITS, true, 0));
		assert_false(fragment(&out, v6, 3, 5, 50, false, 0));
		assert_false(fragment(&out, v6, 3, 0, 5, true, 0));
		/* another id is another datagram */
		assert_false(fragment(&out, v6, 4, 0, 10, true, 0));
		assert_false(fragment(&out, v6, 5, 10, UNITS, false, 0));
		assert_true(fragment(&out, v6, 4, 10, UNITS, false, 0));
		is_whole(out, v6, UNITS * 8);
	}
	/* many beginnings push out the oldest, never the youngest */
	assert_false(fragment(&out, false, 100, 0, 10, true, 0));
	for (uint16_t i = 0; i < 1000; i++)
		assert_false(fragment(&out, false, (uint16_t)(200 + i), 0, 10, true, 0));
	assert_false(fragment(&out, false, 100, 10, UNITS, false, 0));
	assert_true(fragment(&out, false, 1199, 10, UNITS, false, 0));
	defrag_free(D);
}

/* --- gate --- */

static struct {
	struct gate *gate;
	struct gate_result r;
	uint32_t answer, saw;
	unsigned int asked;
	uint64_t now;
	struct craft c;
} G;

static void judge(void *ctx, struct verdict *v, const struct frame *fr)
{
	(void)ctx;
	G.asked++;
	G.saw = fr->mark;
	*v = (struct verdict){ .id = fr->id, .accept = 1, .mark = G.answer };
}

static void gate_begin(bool observe)
{
	const struct nft_conf conf = { .mark_mask = 0x70000000, .observe = observe, .icmp = true };

	memset(&G, 0, sizeof G);
	G.gate = gate_new(&conf, NULL, 0, NULL, 0);
	G.now = 1000000;
}

/* One packet; true if it was queued. */
static bool gate_send(const struct traffic *t, bool back)
{
	struct frame fr = { .mark = 0xffffffff, .now = G.now };
	struct packet p;

	fr.bytes = traffic(&G.c, t);
	assert_int_equal(packet_parse(&p, fr.bytes), PACKET_OK);
	if (back) {
		struct packet q = p;

		memcpy(p.src, q.dst, 16);
		memcpy(p.dst, q.src, 16);
		p.sport = q.dport;
		p.dport = q.sport;
	}
	gate_packet(G.gate, &G.r, &p, &fr, judge, NULL);
	return G.r.queued;
}

static struct traffic tcp(uint8_t flags, const char *text)
{
	return (struct traffic){ .src = 1, .dst = 2, .sport = 3, .dport = 443, .flags = flags,
				 .data = text, .n = strlen(text) };
}

static void payload_rule(void **state)
{
	struct traffic syn = tcp(PACKET_SYN, ""), synack = tcp(PACKET_SYN | PACKET_ACK, ""),
		       ack = tcp(PACKET_ACK, ""), data = tcp(PACKET_ACK, "x");

	(void)state;
	gate_begin(false);
	assert_true(gate_send(&syn, false));
	assert_int_equal(G.saw, 0x8fffffff);
	assert_false(gate_send(&synack, true));
	assert_false(gate_send(&ack, false));
	assert_true(gate_send(&data, false));
	assert_int_equal(G.saw, 0x8fffffff | REPLY);
	assert_false(gate_send(&data, true));
	for (int i = 4; i <= 8; i++)
		assert_false(gate_send(&ack, false));
	assert_true(gate_send(&ack, false)); /* the ninth */
	G.answer = PASS;
	assert_true(gate_send(&data, false));
	assert_false(gate_send(&data, false));
	assert_int_equal(gate_counters(G.gate)->packets[NFT_C_PASS], 1);
	gate_free(G.gate);
}

/* Nothing begins with these: no flags, SYN and FIN, an answer, a reset. */
static void invalid(void **state)
{
	static const uint8_t flags[] = { 0, PACKET_SYN | PACKET_FIN, PACKET_SYN | PACKET_ACK,
					 PACKET_RST, PACKET_FIN | PACKET_ACK, PACKET_PSH };

	(void)state;
	gate_begin(false);
	for (size_t i = 0; i < sizeof flags; i++) {
		struct traffic t = tcp(flags[i], "x");

		assert_false(gate_send(&t, false));
		assert_true(G.r.dropped);
	}
	assert_int_equal(gate_counters(G.gate)->packets[NFT_C_INVALID], sizeof flags);
	struct traffic t = tcp(PACKET_ACK, "x"); /* the middle of a connection is new */
	assert_true(gate_send(&t, false));
	gate_free(G.gate);
}

static void blocked_first_packet(void **state)
{
	struct traffic syn = tcp(PACKET_SYN, "");

	(void)state;
	gate_begin(false);
	G.answer = MARK_DROP;
	assert_true(gate_send(&syn, false));
	assert_true(G.r.dropped);
	assert_false(gate_send(&syn, false)); /* retries are not asked about */
	assert_true(G.r.dropped && G.r.by_set);
	assert_int_equal(G.r.set, NFT_DROP_FLOW);
	syn.sport = 4;
	assert_true(gate_send(&syn, false));
	syn.sport = 3;
	G.now += 150001;
	assert_true(gate_send(&syn, false)); /* forgotten: no connection was kept */
	gate_free(G.gate);
}

static void running_flow(void **state)
{
	struct traffic syn = tcp(PACKET_SYN, ""), data = tcp(PACKET_ACK, "x"),
		       synack = tcp(PACKET_SYN | PACKET_ACK, "");
	struct nft_elem e = { .op = NFT_ADD, .set = NFT_DROP_PAIR, .proto = 6, .dport = 443,
			      .timeout = 5000 };

	(void)state;
	gate_begin(false);
	traffic_addr(e.src, false, true, 1);
	traffic_addr(e.dst, false, false, 2);
	gate_send(&syn, false);
	gate_send(&synack, true);
	G.answer = PASS;
	gate_send(&data, false);
	gate_send(&data, true);
	assert_false(G.r.dropped);
	gate_apply(G.gate, &e, 1, G.now);
	gate_send(&data, false);
	assert_true(G.r.dropped);
	gate_send(&data, true); /* a push of the server, too */
	assert_true(G.r.dropped && G.r.by_set);
	syn.src = 9; /* another client */
	assert_true(gate_send(&syn, false));
	G.now += 5000;
	gate_send(&data, false);
	assert_false(G.r.dropped);
	/* by endpoint and address, gone when deleted */
	for (int set = NFT_DROP_EP; set <= NFT_DROP_ADDR; set++) {
		e.set = (uint8_t)set;
		e.op = NFT_ADD;
		gate_apply(G.gate, &e, 1, G.now);
		gate_send(&data, true);
		assert_true(G.r.dropped);
		e.op = NFT_DEL;
		gate_apply(G.gate, &e, 1, G.now);
		gate_send(&data, true);
		assert_false(G.r.dropped);
	}
	gate_free(G.gate);
}

static void observing(void **state)
{
	struct traffic syn = tcp(PACKET_SYN, ""), data = tcp(PACKET_ACK, "x");

	(void)state;
	gate_begin(true);
	G.answer = MARK_DROP;
	assert_true(gate_send(&syn, false));
	assert_true(G.r.blocked && !G.r.dropped);
	assert_false(gate_send(&data, false)); /* decided, and it goes on */
	assert_true(G.r.blocked && !G.r.dropped);
	gate_free(G.gate);
}

static void ports_again(void **state)
{
	struct traffic syn = tcp(PACKET_SYN, ""), data = tcp(PACKET_ACK, "x"),
		       rst = tcp(PACKET_RST, ""), fin = tcp(PACKET_FIN | PACKET_ACK, "");

	(void)state;
	for (int way = 0; way < 2; way++) {
		gate_begin(false);
		gate_send(&syn, false);
		G.answer = PASS;
		gate_send(&data, false);
		assert_false(gate_send(&syn, false));
		if (way) {
			gate_send(&rst, true);
		} else {
			gate_send(&fin, false);
			assert_false(gate_send(&syn, false));
			gate_send(&fin, true);
		}
		assert_true(gate_send(&syn, false));
		gate_free(G.gate);
	}
}

static void others(void **state)
{
	struct traffic udp = { .src = 1, .dst = 2, .proto = 17, .sport = 3, .dport = 53,
			       .data = "x", .n = 1 };

	(void)state;
	gate_begin(false);
	assert_true(gate_send(&udp, false));
	assert_true(gate_send(&udp, false));
	assert_false(gate_send(&udp, true));
	G.answer = PASS;
	assert_true(gate_send(&udp, false));
	assert_int_equal(G.saw, 0x8fffffff | REPLY);
	assert_false(gate_send(&udp, false));
	G.now += 120001; /* the connection is forgotten, and its verdict */
	assert_true(gate_send(&udp, false));
	gate_free(G.gate);
}

/* Only what leaves by the gateway is looked at. */
static void whose(void **state)
{
	static const struct {
		uint8_t src, dst;
		bool inbound, queued;
	} v[] = { { 1, 100, false, true },  { 1, 2, false, false },	{ 100, 1, false, false },
		  { 100, 1, true, true },   { 100, 101, true, false }, { 1, 2, true, false } };
	static const uint8_t local[][16] = {
		{ [10] = 255, 255, 224, 0, 0, 251 }, { [10] = 255, 255, 255, 255, 255, 255 },
		{ 0xff, 2, [15] = 1 },		     { 0xfe, 0x80, [15] = 1 } };
	struct nft_conf conf = { .mark_mask = 0x70000000 };
	struct nft_range inside = { .lo = { 0x20 }, .hi = { 0x20 } };
	struct packet p = { .version = 6, .proto = 17 };
	struct frame fr = { .now = 1000 };

	(void)state;
	inside.hi[15] = 99;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		conf.inbound = v[i].inbound;
		struct gate *g = gate_new(&conf, &inside, 1, NULL, 0);
		p.src[0] = p.dst[0] = 0x20;
		p.src[15] = v[i].src;
		p.dst[15] = v[i].dst;
		gate_packet(g, &G.r, &p, &fr, judge, NULL);
		assert_int_equal(G.r.queued, v[i].queued);
		p.src[15] = 1;
		for (size_t k = 0; k < 4; k++) {
			memcpy(p.dst, local[k], 16);
			gate_packet(g, &G.r, &p, &fr, judge, NULL);
			assert_false(G.r.queued);
		}
		memset(p.dst, 0, 16);
		gate_free(g);
	}
}

/* --- tunnels --- */

static void tunnels(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t port;
		const char *head;
		size_t n;
	} v[] = {
		{ 4, 0, "", 0 },
		{ 41, 0, "", 0 },
		{ 47, 0, "\x00\x00\x08\x00", 4 },
		{ 47, 0, "\x20\x00\x08\x00kkkk", 8 },
		{ 47, 0, "\xb0\x00\x08\x00" "ccookkkkssss", 16 },
		{ 47, 0, "\x00\x00\x65\x58" "ddddddssssss\x08\x00", 18 },
		{ 47, 0, "\x30\x81\x88\x0b\x00\x09\x12\x34ssssaaaa\xff\x03\x00\x21", 20 },
		{ 47, 0, "\x20\x01\x88\x0b\x00\x07\x12\x34\x00\x57", 10 },
		{ 47, 0, "\x20\x01\x88\x0b\x00\x06\x12\x34!", 9 },
		{ 47, 0, "\x10\x00\x88\xbe" "sssseeeeeeee" "ddddddssssss\x08\x00", 30 },
		{ 47, 0, "\x00\x00\x88\xbe" "ddddddssssss\x08\x00", 18 },
		{ 47, 0, "\x10\x00\x22\xeb" "sssseeeeeeeeeeee" "ddddddssssss\x08\x00", 34 },
		{ 17, 4789, "\x08\x00\x00\x00\x00\x00\x01\x00" "ddddddssssss\x08\x00", 22 },
		{ 17, 4790, "\x0c\x00\x00\x01\x00\x00\x01\x00", 8 },
		{ 17, 4790, "\x0c\x00\x00\x03\x00\x00\x01\x00" "ddddddssssss\x08\x00", 22 },
		{ 17, 4790, "\x08\x00\x00\x01\x00\x00\x01\x00" "ddddddssssss\x08\x00", 22 },
		{ 17, 6081, "\x01\x00\x08\x00\x00\x00\x01\x00oooo", 12 },
		{ 17, 2152, "\x30\xff\x00\x18\x00\x00\x00\x01", 8 },
		{ 17, 2152, "\x36\xff\x00\x18\x00\x00\x00\x01ss\x00\x85\x01xx\x00", 16 },
	};
	static struct craft c;
	struct packet p = { .version = 4 };
	struct slice in;

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		c.n = 0;
		craft_bytes(&c, v[i].head, v[i].n);
		craft_bytes(&c, "inner", 5);
		p.proto = v[i].proto;
		p.dport = v[i].port;
		p.payload = craft_copy(c.b, c.n);
		in = tunnel_inner(&p);
		assert_int_equal(in.n, 5);
		assert_memory_equal(in.p, "inner", 5);
		free((void *)(uintptr_t)p.payload.p);
		for (size_t n = 0; n < v[i].n; n++) { /* cut anywhere it is none */
			p.payload = craft_copy(c.b, n);
			in = tunnel_inner(&p);
			assert_true(in.n < 5 || v[i].proto == 4 || v[i].proto == 41);
			free((void *)(uintptr_t)p.payload.p);
		}
	}
	p.proto = 17;
	p.dport = 3544;
	p.payload = (struct slice){ (const uint8_t *)"\x60inner", 6 };
	assert_int_equal(tunnel_inner(&p).n, 6);
	p.payload = (struct slice){ (const uint8_t *)"\x00\x00ppaaaa\x60inner", 14 };
	assert_int_equal(tunnel_inner(&p).n, 6);
	p.payload = (struct slice){ (const uint8_t *)"\x00\x01\x01\x02iaannnnnnnnc\x00\x00ppaaaa\x60inner",
				    30 };
	assert_int_equal(tunnel_inner(&p).n, 6);
	p.payload = (struct slice){ (const uint8_t *)"\x45inner", 6 };
	assert_int_equal(tunnel_inner(&p).n, 0);
}

/* --- the whole --- */

static int run(const struct replay_opts *o, char *text, size_t size)
{
	FILE *to = fmemopen(text, size, "w"), *err = fopen("/dev/null", "w");
	int r = replay_run(o, to, err);

	fclose(to);
	fclose(err);
	return r;
}

static void errors(void **state)
{
	static const char *const bad_net[] = { "10.0.0.0/8", "here" };
	static char text[4096];
	static struct craft f[1];
	struct replay_opts o = { .config = "/nonexistent/x.conf", .file = "/nonexistent/x.pcap" };
	FILE *conf;

	(void)state;
	assert_int_equal(run(&o, text, sizeof text), -EINVAL);
	o.config = "/tmp/test_replay.conf";
	conf = fopen(o.config, "w");
	assert_non_null(conf);
	fputs("mode = \"observe\";\n", conf);
	fclose(conf);
	assert_int_equal(run(&o, text, sizeof text), -EINVAL);
	f[0].n = 0;
	craft_fill(&f[0], 0, 60);
	o.file = write_pcap(f, 1, 101, 0);
	assert_int_equal(run(&o, text, sizeof text), 0);
	assert_non_null(strstr(text, "sum packets=1 looked_at=0"));
	assert_non_null(strstr(text, "unreadable=1"));
	o.inside = bad_net;
	o.n_inside = 2;
	assert_int_equal(run(&o, text, sizeof text), -EINVAL);
	o.n_inside = 1;
	assert_int_equal(run(&o, text, sizeof text), 0);
	assert_int_equal(truncate(o.file, 60), 0); /* cut in a frame */
	assert_int_equal(run(&o, text, sizeof text), -EBADMSG);
	unlink(o.file);
	unlink(o.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_types),	cmocka_unit_test(fragments),
		cmocka_unit_test(fragments_overlap),
		cmocka_unit_test(payload_rule), cmocka_unit_test(invalid),
		cmocka_unit_test(blocked_first_packet),
		cmocka_unit_test(running_flow), cmocka_unit_test(observing),
		cmocka_unit_test(ports_again),	cmocka_unit_test(others),
		cmocka_unit_test(whose),
		cmocka_unit_test(tunnels),	cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
