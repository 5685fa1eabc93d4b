/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/scan.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/quic_build.h"
#include "tests/unit/traffic.h"

/* --- a scan, and what it told: one word a message --- */

static struct {
	struct scan *s;
	char said[65536];
	struct event last;
	uint64_t now;
} G;

static void say(const struct event *ev)
{
	const struct facts *f = &ev->facts;
	size_t at = strlen(G.said);
	const char *text;
	size_t n;

	if (f->app == APP_HTTP) {
		n = f->path_len ? f->path_len : f->host_len;
		text = f->path_len ? f->path : f->host;
	} else if (f->app == APP_DNS) {
		text = f->query;
		n = f->query_len;
	} else if (f->app == APP_SSH) {
		text = f->software;
		n = f->software_len;
	} else {
		text = f->sni;
		n = f->sni_len;
	}
	snprintf(G.said + at, sizeof G.said - at, "%s:%.*s ", facts_app_name((enum app)f->app),
		 (int)n, text);
}

static void emit(void *ctx, const struct event *ev)
{
	(void)ctx;
	assert_int_equal(ev->kinds, EVENT_READ);
	assert_int_equal(ev->facts.known & ev->facts.absent, 0);
	assert_int_equal(ev->facts.known | ev->facts.absent, (1u << FACT_N) - 1);
	assert_int_equal(ev->facts.inner, 0);
	assert_true(ev->flow_id && ev->wall == G.now * 1000);
	G.last = *ev;
	say(ev);
}

static void begin(void)
{
	G.said[0] = 0;
	G.now = 1000;
	G.s = scan_new(emit, NULL);
	assert_non_null(G.s);
}

static void end(const char *expected)
{
	scan_end(G.s);
	assert_string_equal(G.said, expected);
	scan_free(G.s);
}

static void send_packet(const struct traffic *t, bool back)
{
	static struct craft c;
	struct frame fr = { .now = G.now, .wall = G.now * 1000 };
	struct slice whole = traffic(&c, t), copy;
	struct packet p;
	uint8_t addr[16];

	copy = craft_copy(whole.p, whole.n);
	fr.bytes = copy;
	if (packet_parse(&p, copy) == PACKET_OK) {
		if (back) {
			uint16_t port = p.sport;

			p.sport = p.dport;
			p.dport = port;
			memcpy(addr, p.src, 16);
			memcpy(p.src, p.dst, 16);
			memcpy(p.dst, addr, 16);
		}
		scan_packet(G.s, &p, &fr);
	} else {
		scan_refused(G.s, &fr);
	}
	free((void *)(uintptr_t)copy.p);
}

static void client(uint32_t seq, const void *data, size_t n)
{
	struct traffic t = { .src = 1, .dst = 2, .sport = 4000, .dport = 80, .seq = seq,
			     .flags = PACKET_ACK, .data = data, .n = n };

	send_packet(&t, false);
}

static void server(uint32_t seq, const void *data, size_t n)
{
	struct traffic t = { .src = 1, .dst = 2, .sport = 4000, .dport = 80, .seq = seq,
			     .flags = PACKET_ACK, .data = data, .n = n };

	send_packet(&t, true);
}

static void handshake(void)
{
	struct traffic syn = { .src = 1, .dst = 2, .sport = 4000, .dport = 80, .seq = 99,
			       .flags = PACKET_SYN };

	send_packet(&syn, false);
	syn.flags |= PACKET_ACK;
	syn.seq = 499;
	send_packet(&syn, true);
}

/* The client's stream in two parts, at every place, in both orders. */
static void split(const void *data, size_t n, const char *expected)
{
	const uint8_t *b = data;

	for (size_t at = 0; at <= n; at++)
		for (int order = 0; order < 2; order++) {
			begin();
			handshake();
			if (order && at < n)
				client(100 + (uint32_t)at, b + at, n - at);
			if (at)
				client(100, b, at);
			if (!order && at < n)
				client(100 + (uint32_t)at, b + at, n - at);
			end(expected);
		}
}

/* --- streams --- */

#define HEAD(x) x " HTTP/1.1\r\nHost: h\r\n"

static void requests(void **state)
{
	static const char text[] = HEAD("GET /1") "\r\n"
				   HEAD("POST /2") "Content-Length: 31\r\n\r\n"
				   "GET /body HTTP/1.1\r\nHost: x\r\n\r\n"
				   HEAD("GET /3") "\r\n"
				   HEAD("PUT /4") "Transfer-Encoding: chunked\r\n\r\n"
				   "1F;a=b\r\nGET /body HTTP/1.1\r\nHost: x\r\n\r\n\r\n"
				   "0\r\nGET: /trailer\r\n\r\n"
				   HEAD("GET /5") "\r\n";
	static const char big[] = HEAD("POST /6") "Content-Length: 100000\r\n\r\n";
	char fill[1000];

	(void)state;
	split(text, sizeof text - 1, "http:/1 http:/2 http:/3 http:/4 http:/5 ");

	/* a body is passed by, whatever its segments begin with */
	begin();
	handshake();
	client(100, big, sizeof big - 1);
	memset(fill, 'x', sizeof fill);
	memcpy(fill, text, 36);
	for (uint32_t at = 0; at < 100; at++)
		client(100 + (uint32_t)sizeof big - 1 + at * 1000, fill, sizeof fill);
	client(100 + (uint32_t)sizeof big - 1 + 100000, text, sizeof text - 1);
	end("http:/6 http:/1 http:/2 http:/3 http:/4 http:/5 ");
}

/* What a server sends is no request. */
static void echoed(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n\r\n";
	static const char body[] = HEAD("GET /1") "\r\n";

	(void)state;
	begin();
	handshake();
	server(500, text, sizeof text - 1);
	server(500 + sizeof text - 1, body, sizeof body - 1);
	end("");
}

static void tunnelled(void **state)
{
	static const char connect[] = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n";
	static struct craft c, hello;
	struct slice tls = traffic_hello(&hello, "a.example", 9999);

	(void)state;
	c.n = 0;
	craft_bytes(&c, connect, sizeof connect - 1);
	craft_bytes(&c, tls.p, tls.n);
	split(c.b, c.n, "http:h tls:a.example ");
	c.n = 0;
	craft_bytes(&c, connect, sizeof connect - 1);
	craft_bytes(&c, "SSH-2.0-cli\r\n", 13);
	split(c.b, c.n, "http:h ssh:cli ");
	/* what began like a request is none, and the next segment begins anew */
	begin();
	handshake();
	client(100, "GE", 2);
	client(102, tls.p, tls.n);
	end("tls:a.example ");
	/* two hellos, one in records, text between */
	c.n = 0;
	craft_bytes(&c, tls.p, tls.n);
	craft_bytes(&c, "\x17\x03\x03\x00\x03\x16\x03\x01", 8);
	tls = traffic_hello(&hello, "b.example", 50);
	craft_bytes(&c, tls.p, tls.n);
	split(c.b, c.n, "tls:a.example tls:b.example ");
}

static size_t question(uint8_t *to, uint8_t id, const char *name, bool tcp)
{
	static const uint8_t head[12] = { [2] = 1, [5] = 1 };
	size_t n = strlen(name), at = tcp ? 2 : 0;

	memcpy(to + at, head, sizeof head);
	to[at + 1] = id;
	at += sizeof head;
	to[at++] = (uint8_t)n;
	memcpy(to + at, name, n);
	at += n;
	memcpy(to + at, "\0\0\1\0\1", 5);
	at += 5;
	if (tcp) {
		to[0] = 0;
		to[1] = (uint8_t)(at - 2);
	}
	return at;
}

static void queries(void **state)
{
	uint8_t b[256];
	size_t n = question(b, 1, "one", true);

	(void)state;
	n += question(b + n, 2, "two", true);
	n += question(b + n, 3, "three", true);
	split(b, n, "dns:one dns:two dns:three ");
	/* behind a hole nobody knows where one begins */
	begin();
	handshake();
	n = question(b, 1, "one", true);
	client(100, b, n);
	client(100 + (uint32_t)n * 2, b, n);
	end("dns:one ");
}

static size_t kexinit(uint8_t *to)
{
	static const char list[] = "curve25519-sha256";
	size_t at = 6 + 16;

	memset(to, 0, 400);
	to[4] = 8;
	to[5] = 20;
	for (int i = 0; i < 10; i++) {
		to[at + 3] = sizeof list - 1;
		memcpy(to + at + 4, list, sizeof list - 1);
		at += 4 + sizeof list - 1;
	}
	at += 5 + 8;
	to[2] = (uint8_t)((at - 4) >> 8);
	to[3] = (uint8_t)(at - 4);
	return at;
}

static void ssh(void **state)
{
	static const char both[] = "SSH-2.0-cli\r\n", theirs[] = "hello\r\nSSH-2.0-srv x\r\n";
	const struct dissect_text *t = &G.last.text;
	uint8_t kex[400];
	size_t n = kexinit(kex);

	(void)state;
	for (int order = 0; order < 3; order++) {
		begin();
		handshake();
		if (order == 0)
			server(500, theirs, sizeof theirs - 1);
		client(100, both, sizeof both - 1);
		if (order == 1)
			server(500, theirs, sizeof theirs - 1);
		client(100 + sizeof both - 1, kex, n);
		if (order == 2)
			server(500, theirs, sizeof theirs - 1);
		assert_string_equal(G.said, "ssh:cli ");
		assert_int_equal(facts_state(&G.last.facts, FACT_HASSH), FACT_KNOWN);
		assert_int_equal(t->part[TEXT_SERVER].n, 13);
		assert_memory_equal(t->parts + t->part[TEXT_SERVER].at, "SSH-2.0-srv x", 13);
		end("ssh:cli ");
	}
	/* no more than a banner, of one or the other */
	begin();
	handshake();
	client(100, both, sizeof both - 1);
	assert_string_equal(G.said, "");
	end("ssh:cli ");
	begin();
	handshake();
	server(500, theirs, sizeof theirs - 1);
	end("ssh: ");
	assert_int_equal(G.last.facts.sport, 4000);
	assert_int_equal(t->part[TEXT_SERVER].n, 13);
}

/* --- datagrams --- */

static void datagram(uint16_t sport, uint16_t dport, const void *data, size_t n, bool back)
{
	struct traffic t = { .src = 1, .dst = 2, .proto = 17, .sport = sport, .dport = dport,
			     .data = data, .n = n };

	send_packet(&t, back);
}

static void datagrams(void **state)
{
	/* a STUN binding request (RFC 8489 section 5) */
	static const uint8_t stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3 };
	uint8_t b[64];
	size_t n;

	(void)state;
	begin();
	n = question(b, 1, "one", false);
	datagram(5000, 53, b, n, false);
	datagram(5000, 53, b, n, false);
	n = question(b, 2, "two", false);
	datagram(5000, 53, b, n, false);
	datagram(5001, 3478, stun, sizeof stun, false); /* once in a connection */
	datagram(5001, 3478, stun, sizeof stun, false);
	datagram(5001, 3478, stun, sizeof stun, true);
	datagram(5002, 3478, stun, sizeof stun, false);
	end("dns:one dns:one dns:two stun: stun: ");
}

/* A hello in two datagrams, each sent twice; then again under another id, after a Retry. */
static void quic(void **state)
{
	static const uint16_t ciphers[] = { 0x1301 }, versions[] = { 0x0304 };
	static struct craft_hello h;
	static struct craft frames, c;
	struct build b = { .version = 1, .min = 1200 };
	struct slice msg;

	(void)state;
	craft_hello_begin(&h, 0x0303, ciphers, 1);
	craft_ext_name(&h, "q.example", 9);
	craft_ext_list(&h, 43, 1, versions, 1);
	msg = craft_hello_end(&h);
	begin();
	for (unsigned int i = 0; i < 6; i++) {
		b.dcid = i < 4 ? BUILD("12345678") : BUILD("87654321");
		b.number = i;
		frames.n = c.n = 0;
		if (i % 2)
			build_crypto(&frames, msg, 20, msg.n - 20);
		else
			build_crypto(&frames, msg, 0, 20);
		build_initial(&c, &b, (struct slice){ frames.b, frames.n });
		assert_int_equal(strlen(G.said), i < 2 ? 0 : 15);
		datagram(5000, 443, c.b, c.n, false);
	}
	end("quic:q.example quic:q.example ");
}

/* A UDP length beyond the packet. */
static void refused(void **state)
{
	static struct craft c;
	uint8_t b[64];
	struct traffic t = { .src = 1, .dst = 2, .proto = 17, .sport = 5000, .dport = 53,
			     .data = b };
	struct frame fr = { .now = 1000, .wall = 1000000 };
	struct slice s;

	(void)state;
	t.n = question(b, 1, "one", false);
	s = traffic(&c, &t);
	c.b[24] = 0x40;
	begin();
	for (size_t n = 0; n <= s.n; n++) {
		fr.bytes = craft_copy(c.b, n);
		scan_refused(G.s, &fr);
		free((void *)(uintptr_t)fr.bytes.p);
	}
	end("dns:one ");
}

/* --- beside the path --- */

static struct event path_event(enum app app, enum app via)
{
	struct event ev;

	memset(&ev, 0, sizeof ev);
	ev.kinds = EVENT_READ | EVENT_ANOMALY;
	ev.wall = G.now * 1000;
	ev.flow_id = 7;
	ev.facts.proto = IPPROTO_TCP;
	ev.facts.sport = 4000;
	ev.facts.dport = 80;
	traffic_addr(ev.facts.src, false, true, 1);
	traffic_addr(ev.facts.dst, false, false, 2);
	ev.facts.via = (uint8_t)via;
	dissect_app(&ev.facts, app);
	return ev;
}

static void set_http(struct facts *f, const char *method, const char *path, const char *host)
{
	facts_text(f->method, &f->method_len, sizeof f->method, (const uint8_t *)method,
		   strlen(method));
	facts_text(f->path, &f->path_len, sizeof f->path, (const uint8_t *)path, strlen(path));
	facts_text(f->host, &f->host_len, sizeof f->host, (const uint8_t *)host, strlen(host));
	facts_know(f, FACT_METHOD);
	facts_know(f, FACT_HOST);
}

static void told(void **state)
{
	static const char text[] = HEAD("GET /1") "\r\n", connect[] = "CONNECT h:443 HTTP/1.1\r\n\r\n";
	struct event ev;

	(void)state;
	/* the path first: each of its messages is left out once */
	begin();
	handshake();
	ev = path_event(APP_HTTP, 0);
	set_http(&ev.facts, "GET", "/1", "h");
	scan_told(G.s, &ev);
	assert_int_equal(ev.kinds, EVENT_READ | EVENT_ANOMALY);
	client(100, text, sizeof text - 1);
	assert_string_equal(G.said, "");
	client(100 + sizeof text - 1, text, sizeof text - 1);
	assert_int_equal(G.last.flow_id, 7);
	end("http:/1 ");
	/* the scan first */
	begin();
	handshake();
	client(100, text, sizeof text - 1);
	ev = path_event(APP_HTTP, 0);
	set_http(&ev.facts, "GET", "/1", "h");
	scan_told(G.s, &ev);
	assert_int_equal(ev.kinds, EVENT_ANOMALY);
	end("http:/1 ");
	/* what carries the rest was told, the rest was not */
	begin();
	handshake();
	client(100, connect, sizeof connect - 1);
	ev = path_event(APP_TLS, APP_HTTP);
	set_http(&ev.facts, "CONNECT", "", "h");
	scan_told(G.s, &ev);
	assert_int_equal(ev.kinds, EVENT_READ | EVENT_ANOMALY);
	assert_int_equal(facts_state(&ev.facts, FACT_METHOD), FACT_ABSENT);
	assert_int_equal(facts_state(&ev.facts, FACT_HOST), FACT_ABSENT);
	end("http:h ");
	/* SSH is told by the scan, with what the server says */
	begin();
	handshake();
	ev = path_event(APP_SSH, 0);
	facts_know(&ev.facts, FACT_HASSH);
	facts_text(ev.facts.software, &ev.facts.software_len, sizeof ev.facts.software,
		   (const uint8_t *)"cli", 3);
	facts_know(&ev.facts, FACT_SSH_SOFTWARE);
	scan_told(G.s, &ev);
	assert_int_equal(ev.kinds, EVENT_ANOMALY);
	assert_string_equal(G.said, "");
	server(500, "SSH-2.0-srv\n", 12);
	assert_string_equal(G.said, "ssh:cli ");
	ev.kinds = EVENT_READ;
	scan_told(G.s, &ev);
	assert_int_equal(ev.kinds, 0);
	end("ssh:cli ");
	/* many in one packet */
	begin();
	handshake();
	for (int i = 0; i < 100; i++) {
		ev = path_event(APP_HTTP, 0);
		set_http(&ev.facts, "GET", "/1", "h");
		scan_told(G.s, &ev);
		assert_true(ev.kinds & EVENT_READ);
	}
	for (uint32_t i = 0; i < 101; i++)
		client(100 + i * (uint32_t)(sizeof text - 1), text, sizeof text - 1);
	end("http:/1 ");
}

/* --- bounds --- */

static void many(void **state)
{
	static const char text[] = "SSH-2.0-cli\r\n";
	struct traffic t = { .src = 1, .dst = 2, .dport = 22, .seq = 1, .flags = PACKET_ACK,
			     .data = text, .n = sizeof text - 1 };

	(void)state;
	begin();
	for (uint32_t i = 0; i < SCAN_CONNS + 50; i++) {
		t.sport = (uint16_t)(2000 + i);
		if (i >= SCAN_CONNS)
			assert_int_equal(strlen(G.said), (i - SCAN_CONNS) * 8);
		send_packet(&t, false);
	}
	assert_int_equal(strlen(G.said), 50 * 8); /* the oldest gave way, and were told */
	G.said[0] = 0;
	scan_free(G.s); /* without scan_end(): silent */
	assert_string_equal(G.said, "");
}

/* Segments that never fit, and more bytes than are kept: it goes on behind them. */
static void holes(void **state)
{
	static const char text[] = HEAD("GET /1") "\r\n";
	static char fill[SCAN_BYTES];
	uint32_t seq = 100;

	(void)state;
	begin();
	handshake();
	for (uint32_t i = 0; i < 200; i++)
		client(100000 + i * 1000, text, sizeof text - 1);
	assert_true(strlen(G.said) >= 100 * 8);
	G.said[0] = 0;
	scan_end(G.s);
	assert_true(strlen(G.said) > 0 && strlen(G.said) <= 100 * 8);
	scan_free(G.s);
	/* a request line without an end */
	begin();
	handshake();
	memset(fill, 'a', sizeof fill);
	client(seq, "GET /", 5);
	for (seq += 5; seq < 3 * SCAN_BYTES; seq += 1000)
		client(seq, fill, 1000);
	client(seq, text, sizeof text - 1);
	scan_end(G.s);
	assert_non_null(strstr(G.said, "http:/1 "));
	scan_free(G.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),  cmocka_unit_test(echoed),	cmocka_unit_test(tunnelled),
		cmocka_unit_test(queries),   cmocka_unit_test(ssh),	cmocka_unit_test(datagrams),
		cmocka_unit_test(quic),
		cmocka_unit_test(refused),   cmocka_unit_test(told),	cmocka_unit_test(many),
		cmocka_unit_test(holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
