/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/wire/packet.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

static const uint8_t src4[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
static const uint8_t dst4[16] = { [10] = 0xff, 0xff, 198, 51, 100, 7 };

static enum packet_result parse(struct packet *p, const struct craft *c)
{
	struct slice s = craft_copy(c->b, c->n);
	enum packet_result r = packet_parse(p, s);

	if (p->payload.n) { /* must lie inside the input */
		assert_true(p->payload.p >= s.p);
		assert_true(p->payload.p + p->payload.n <= s.p + s.n);
	}
	free((void *)(uintptr_t)s.p);
	return r;
}

/* IPv4 up to the transport header; total length is set by v4_end unless given. */
static void v4(struct craft *c, uint8_t proto, uint16_t frag, size_t options)
{
	c->n = 0;
	craft_uint(c, 0x45 + options / 4, 1);
	craft_uint(c, 0x2e, 1);
	craft_uint(c, 0, 2);
	craft_uint(c, 0xbeef, 2);
	craft_uint(c, frag, 2);
	craft_uint(c, 61, 1);
	craft_uint(c, proto, 1);
	craft_uint(c, 0, 2);
	craft_bytes(c, src4 + 12, 4);
	craft_bytes(c, dst4 + 12, 4);
	craft_fill(c, 1, options);
}

static void v4_len(struct craft *c, size_t len)
{
	c->b[2] = (uint8_t)(len >> 8);
	c->b[3] = (uint8_t)len;
}

static void v6(struct craft *c, uint8_t next)
{
	c->n = 0;
	craft_uint(c, 0x6a500000, 4);
	craft_uint(c, 0, 2);
	craft_uint(c, next, 1);
	craft_uint(c, 33, 1);
	craft_fill(c, 0x20, 16);
	craft_fill(c, 0x30, 16);
}

static void v6_len(struct craft *c, size_t len)
{
	c->b[4] = (uint8_t)(len >> 8);
	c->b[5] = (uint8_t)len;
}

static void tcp(struct craft *c, const void *options, size_t n, const char *payload)
{
	craft_uint(c, 40000, 2);
	craft_uint(c, 443, 2);
	craft_uint(c, 0xfffffff0, 4);
	craft_uint(c, 0x01020304, 4);
	craft_uint(c, (5 + n / 4) << 4, 1);
	craft_uint(c, 0xc0 | PACKET_ACK | PACKET_PSH, 1); /* CWR and ECE are not ours */
	craft_uint(c, 0xfaf0, 2);
	craft_uint(c, 0, 2);
	craft_uint(c, 9, 2);
	craft_bytes(c, options, n);
	craft_bytes(c, payload, strlen(payload));
}

static void udp(struct craft *c, uint16_t len, const char *payload)
{
	craft_uint(c, 5353, 2);
	craft_uint(c, 53, 2);
	craft_uint(c, len, 2);
	craft_uint(c, 0, 2);
	craft_bytes(c, payload, strlen(payload));
}

static void tcp4(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	v4(&c, IPPROTO_TCP, 0x4000, 0);
	tcp(&c, NULL, 0, "hello");
	v4_len(&c, c.n);
	size_t len = c.n;
	craft_fill(&c, 0, 6); /* Ethernet padding */
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_memory_equal(p.src, src4, 16);
	assert_memory_equal(p.dst, dst4, 16);
	assert_int_equal(p.version, 4);
	assert_int_equal(p.proto, IPPROTO_TCP);
	assert_int_equal(p.ttl, 61);
	assert_int_equal(p.tos, 0x2e);
	assert_int_equal(p.ip_id, 0xbeef);
	assert_int_equal(p.ip_len, len);
	assert_int_equal(p.sport, 40000);
	assert_int_equal(p.dport, 443);
	assert_int_equal(p.seq, 0xfffffff0);
	assert_int_equal(p.ack, 0x01020304);
	assert_int_equal(p.flags, PACKET_ACK | PACKET_PSH);
	assert_int_equal(p.window, 0xfaf0);
	assert_int_equal(p.urgent, 9);
	assert_false(p.md5);
	assert_false(p.truncated);
	assert_int_equal(p.payload.n, 5);
}

/* every cut of a packet with IP and TCP options: never a read behind, and the headers decide */
static void prefixes4(void **state)
{
	static const uint8_t options[] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct craft c, cut;
	struct packet p;

	(void)state;
	v4(&c, IPPROTO_TCP, 0, 8);
	tcp(&c, options, sizeof options, "hello");
	v4_len(&c, c.n);
	for (size_t n = 0; n < c.n; n++) {
		cut.n = 0;
		craft_bytes(&cut, c.b, n);
		assert_int_equal(parse(&p, &cut), n < 28 + 32 ? PACKET_BAD : PACKET_OK);
		if (n >= 28)
			assert_true(p.truncated);
		assert_int_equal(p.payload.n, n < 60 ? 0 : n - 60);
	}
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.payload.n, 5);
}

static void broken4(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	v4(&c, IPPROTO_TCP, 0, 0);
	tcp(&c, NULL, 0, "hello");
	v4_len(&c, 19); /* less than its own header */
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	v4_len(&c, 39); /* less than the TCP header */
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	v4_len(&c, c.n);
	c.b[0] = 0x44; /* header of four words */
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	c.b[0] = 0x55;
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	c.b[0] = 0x45;
	c.b[32] = 0x40; /* TCP header of four words */
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	c.b[32] = 0xf0; /* and of more than there is */
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	assert_int_equal(p.payload.n, 0);
}

static void gso(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	v4(&c, IPPROTO_TCP, 0, 0);
	tcp(&c, NULL, 0, "");
	craft_fill(&c, 'x', 69000);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.ip_len, 69040);
	assert_int_equal(p.payload.n, 69000);
	assert_false(p.truncated);
	v6(&c, IPPROTO_TCP);
	tcp(&c, NULL, 0, "");
	craft_fill(&c, 'x', 69000);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.ip_len, 69060);
	assert_int_equal(p.payload.n, 69000);
	assert_false(p.truncated);
}

static void fragments4(void **state)
{
	static const uint16_t frag[] = { 0x2000, 0x0001, 0x2001, 0x1fff, 0x4001 };
	struct craft c;
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof frag / sizeof frag[0]; i++) {
		v4(&c, IPPROTO_TCP, frag[i], 0);
		tcp(&c, NULL, 0, "hello");
		v4_len(&c, c.n);
		assert_int_equal(parse(&p, &c), PACKET_FRAGMENT);
		assert_memory_equal(p.src, src4, 16);
		assert_int_equal(p.proto, IPPROTO_TCP);
		assert_int_equal(p.dport, 0);
	}
	v4(&c, IPPROTO_TCP, 0x8000, 0); /* the evil bit makes no fragment */
	tcp(&c, NULL, 0, "hello");
	v4_len(&c, c.n);
	assert_int_equal(parse(&p, &c), PACKET_OK);
}

static bool md5_seen(const uint8_t *options, size_t n)
{
	struct craft c;
	struct packet p;

	v4(&c, IPPROTO_TCP, 0, 0);
	tcp(&c, options, n, "x");
	v4_len(&c, c.n);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.payload.n, 1);
	return p.md5;
}

/* The timestamp, 0 = none. */
static uint32_t times_seen(const uint8_t *options, size_t n)
{
	struct craft c;
	struct packet p;

	v4(&c, IPPROTO_TCP, 0, 0);
	tcp(&c, options, n, "x");
	v4_len(&c, c.n);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_true(p.times || !p.tsval);
	return p.tsval;
}

static void tcp_options(void **state)
{
	static const uint8_t md5[20] = { 1, 1, 19, 18 };
	static const uint8_t after_end[20] = { 0, 1, 19, 18 };
	static const uint8_t zero[20] = { 8, 0, 19, 18 };
	static const uint8_t over[8] = { 1, 1, 1, 19, 18 };
	static const uint8_t lone[4] = { 1, 1, 1, 19 };
	static const uint8_t ts[12] = { 1, 1, 8, 10, 19, 18, 19, 18, 19, 18, 19, 18 };

	(void)state;
	assert_true(md5_seen(md5, sizeof md5));
	assert_false(md5_seen(after_end, sizeof after_end));
	assert_false(md5_seen(zero, sizeof zero));
	assert_false(md5_seen(over, sizeof over));
	assert_false(md5_seen(lone, sizeof lone));
	assert_false(md5_seen(ts, sizeof ts));
	assert_int_equal(times_seen(ts, sizeof ts), 0x13121312);
	assert_int_equal(times_seen(ts, 8), 0); /* it ends before its end */
	static const uint8_t odd[12] = { 8, 9, 1, 2, 3, 4, 5, 6, 7 };
	assert_int_equal(times_seen(odd, sizeof odd), 0);
	static const uint8_t two[24] = { 19, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8, 10, 0, 0, 0, 5 };
	assert_true(md5_seen(two, sizeof two));
	assert_int_equal(times_seen(two, sizeof two), 5);
}

static void udp4(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	v4(&c, IPPROTO_UDP, 0, 0);
	udp(&c, 8 + 3, "abcdef"); /* UDP states less than IP */
	v4_len(&c, c.n);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.sport, 5353);
	assert_int_equal(p.dport, 53);
	assert_int_equal(p.payload.n, 3);
	c.b[25] = 8 + 7; /* more than there is */
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	c.b[25] = 7;
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	c.b[25] = 0;
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	c.b[25] = 8 + 7; /* more, but the copy is short as well */
	v4_len(&c, c.n + 1);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_true(p.truncated);
	assert_int_equal(p.payload.n, 6);
}

static void others(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	v4(&c, IPPROTO_ICMP, 0, 0);
	craft_fill(&c, 8, 12);
	v4_len(&c, c.n);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.proto, IPPROTO_ICMP);
	assert_int_equal(p.payload.n, 12);
	assert_int_equal(p.sport, 0);
	c.b[0] = 0x75; /* IP version 7 */
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	c.n = 0;
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	assert_int_equal(packet_parse(&p, (struct slice){ NULL, 0 }), PACKET_BAD);
}

static void tcp6(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	v6(&c, IPPROTO_TCP);
	tcp(&c, NULL, 0, "hello");
	v6_len(&c, c.n - 40);
	craft_fill(&c, 0, 3);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.version, 6);
	assert_int_equal(p.tos, 0xa5);
	assert_int_equal(p.ttl, 33);
	assert_int_equal(p.ip_id, 0);
	assert_int_equal(p.src[0], 0x20);
	assert_int_equal(p.dst[15], 0x30);
	assert_int_equal(p.ip_len, 65);
	assert_int_equal(p.payload.n, 5);
	v6_len(&c, 1000);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_true(p.truncated);
	assert_int_equal(p.ip_len, 1040);
}

/* n extension headers of 8 bytes, of all kinds in turn */
static void chain(struct craft *c, int n)
{
	static const uint8_t kind[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING,
					IPPROTO_FRAGMENT };

	v6(c, kind[0]);
	for (int i = 0; i < n; i++) {
		uint8_t next = i + 1 < n ? kind[(i + 1) % 4] : IPPROTO_TCP;

		craft_uint(c, next, 1);
		craft_fill(c, 0, 7);
	}
	if (n == 0)
		c->b[6] = IPPROTO_TCP;
	tcp(c, NULL, 0, "hello");
	v6_len(c, c->n - 40);
}

static void extensions6(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	for (int n = 0; n <= PACKET_EXT_MAX + 4; n++) {
		chain(&c, n);
		if (n <= PACKET_EXT_MAX) {
			assert_int_equal(parse(&p, &c), PACKET_OK);
			assert_int_equal(p.dport, 443);
			assert_int_equal(p.payload.n, 5);
		} else {
			assert_int_equal(parse(&p, &c), PACKET_BAD);
		}
	}
	chain(&c, PACKET_EXT_MAX);
	size_t all = c.n;
	for (c.n = 0; c.n < all; c.n++) {
		struct craft cut = { .n = 0 };

		craft_bytes(&cut, c.b, c.n);
		assert_int_equal(parse(&p, &cut), c.n < all - 5 ? PACKET_BAD : PACKET_OK);
	}
	v6(&c, IPPROTO_DSTOPTS); /* longer than the packet */
	craft_uint(&c, IPPROTO_TCP, 1);
	craft_uint(&c, 255, 1);
	craft_fill(&c, 0, 100);
	v6_len(&c, c.n - 40);
	assert_int_equal(parse(&p, &c), PACKET_BAD);
	v6(&c, IPPROTO_AH); /* a protocol of its own, as for nftables */
	craft_uint(&c, IPPROTO_TCP, 1);
	craft_uint(&c, 1, 1);
	craft_fill(&c, 0, 10);
	tcp(&c, NULL, 0, "hello");
	v6_len(&c, c.n - 40);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.proto, IPPROTO_AH);
	assert_int_equal(p.dport, 0);
	assert_int_equal(p.payload.n, 12 + 20 + 5);
}

static void fragments6(void **state)
{
	static const struct {
		uint16_t word;
		enum packet_result want;
	} t[] = { { 0x0000, PACKET_OK },       { 0x0006, PACKET_OK }, /* reserved bits */
		  { 0x0001, PACKET_FRAGMENT }, { 0x0008, PACKET_FRAGMENT },
		  { 0xfff9, PACKET_FRAGMENT } };
	struct craft c;
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		v6(&c, IPPROTO_FRAGMENT);
		craft_uint(&c, IPPROTO_TCP, 1);
		craft_uint(&c, 0, 1);
		craft_uint(&c, t[i].word, 2);
		craft_uint(&c, 0xdeadbeef, 4);
		tcp(&c, NULL, 0, "hello");
		v6_len(&c, c.n - 40);
		assert_int_equal(parse(&p, &c), t[i].want);
		assert_int_equal(p.proto, IPPROTO_TCP);
		assert_int_equal(p.dst[0], 0x30);
		assert_int_equal(p.dport, t[i].want == PACKET_OK ? 443 : 0);
	}
}

static void udp6_jumbo_length(void **state)
{
	struct craft c;
	struct packet p;

	(void)state;
	v6(&c, IPPROTO_UDP);
	udp(&c, 0, "abc");
	v6_len(&c, c.n - 40);
	assert_int_equal(parse(&p, &c), PACKET_OK);
	assert_int_equal(p.payload.n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp4),	       cmocka_unit_test(prefixes4),
		cmocka_unit_test(broken4),     cmocka_unit_test(gso),
		cmocka_unit_test(fragments4),  cmocka_unit_test(tcp_options),
		cmocka_unit_test(udp4),	       cmocka_unit_test(others),
		cmocka_unit_test(tcp6),	       cmocka_unit_test(extensions6),
		cmocka_unit_test(fragments6),  cmocka_unit_test(udp6_jumbo_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
