/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hpack.h"
#include "agent/dissect/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

#define IN(x) { (const uint8_t *)(x), sizeof(x) - 1 }
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* RFC 7541 appendix C.3.1 and C.4.1, the first request */
#define C31 "\x82\x86\x84\x41\x0fwww.example.com"
#define C41 "\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"
/* user-agent: x/1; x-a: b, then named by its place in the table; cookie; host again */
#define MORE_FIELDS "\x7a\x03x/1\x40\x03x-a\x01" "b" "\x7e\x01" "c" "\xbe\x0f\x11\x01z"

/* The bytes 0 to 255, coded by RFC 7541 appendix B. */
static const uint8_t all_symbols[] = {
	0xff, 0xc7, 0xff, 0xfd, 0x8f, 0xff, 0xff, 0xe2, 0xff, 0xff, 0xfe, 0x3f, 0xff, 0xff, 0xe4,
	0xff, 0xff, 0xfe, 0x5f, 0xff, 0xff, 0xe6, 0xff, 0xff, 0xfe, 0x7f, 0xff, 0xff, 0xe8, 0xff,
	0xff, 0xea, 0xff, 0xff, 0xff, 0xf3, 0xff, 0xff, 0xfa, 0x7f, 0xff, 0xff, 0xab, 0xff, 0xff,
	0xff, 0xdf, 0xff, 0xff, 0xeb, 0xff, 0xff, 0xfe, 0xcf, 0xff, 0xff, 0xed, 0xff, 0xff, 0xfe,
	0xef, 0xff, 0xff, 0xef, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xf1, 0xff, 0xff, 0xff, 0x2f,
	0xff, 0xff, 0xff, 0xbf, 0xff, 0xff, 0xcf, 0xff, 0xff, 0xfd, 0x3f, 0xff, 0xff, 0xd7, 0xff,
	0xff, 0xfd, 0xbf, 0xff, 0xff, 0xdf, 0xff, 0xff, 0xfe, 0x3f, 0xff, 0xff, 0xe7, 0xff, 0xff,
	0xfe, 0xbf, 0xff, 0xff, 0xed, 0x4f, 0xe3, 0xf9, 0xff, 0xaf, 0xfc, 0xab, 0xf1, 0xfe, 0xbf,
	0xaf, 0xef, 0xe7, 0xfd, 0xfd, 0x2c, 0xbb, 0x00, 0x08, 0x99, 0x69, 0xb7, 0x1d, 0x79, 0xfb,
	0x9f, 0x7f, 0xff, 0x20, 0xff, 0xbf, 0xf3, 0xff, 0x50, 0xdd, 0xbd, 0x7f, 0x06, 0x1c, 0x58,
	0xf2, 0x65, 0xcd, 0x9f, 0x46, 0x9d, 0x5a, 0xf6, 0x6d, 0xdd, 0xbf, 0x87, 0x1e, 0x5f, 0x9c,
	0xff, 0x7f, 0xf7, 0xff, 0xfc, 0x3f, 0xf9, 0xff, 0xe4, 0x5f, 0xff, 0x47, 0x19, 0x24, 0x2c,
	0xb3, 0x4e, 0x6e, 0x9d, 0x68, 0xa6, 0xa3, 0xd7, 0xda, 0xc4, 0x26, 0xde, 0xfe, 0x3c, 0xfa,
	0xf7, 0xff, 0xfb, 0xfe, 0x7f, 0xfb, 0xff, 0xdf, 0xff, 0xff, 0xfc, 0xff, 0xfe, 0x6f, 0xff,
	0xf4, 0xbf, 0xff, 0x9f, 0xff, 0xfa, 0x3f, 0xff, 0xd3, 0xff, 0xff, 0x53, 0xff, 0xfd, 0x5f,
	0xff, 0xfb, 0x3f, 0xff, 0xeb, 0x7f, 0xff, 0xda, 0xff, 0xff, 0xb7, 0xff, 0xff, 0x73, 0xff,
	0xfe, 0xef, 0xff, 0xfd, 0xef, 0xff, 0xfe, 0xbf, 0xff, 0xfb, 0xff, 0xff, 0xfd, 0x9f, 0xff,
	0xfd, 0xbf, 0xff, 0xeb, 0xff, 0xff, 0xe0, 0xff, 0xff, 0xee, 0xff, 0xff, 0xc3, 0xff, 0xff,
	0x8b, 0xff, 0xff, 0x1f, 0xff, 0xfe, 0x4f, 0xff, 0xee, 0x7f, 0xff, 0xb1, 0xff, 0xff, 0x97,
	0xff, 0xfd, 0x9f, 0xff, 0xfc, 0xdf, 0xff, 0xf9, 0xff, 0xff, 0xfb, 0xff, 0xff, 0xda, 0xff,
	0xfe, 0xef, 0xff, 0xf4, 0xff, 0xff, 0xb7, 0xff, 0xfe, 0xe7, 0xff, 0xfe, 0x8f, 0xff, 0xfd,
	0x3f, 0xff, 0xde, 0xff, 0xff, 0xd5, 0xff, 0xfe, 0xef, 0xff, 0xfb, 0xdf, 0xff, 0xfe, 0x1f,
	0xff, 0xdf, 0xff, 0xff, 0x7f, 0xff, 0xff, 0x5f, 0xff, 0xfe, 0xcf, 0xff, 0xf0, 0x7f, 0xff,
	0x87, 0xff, 0xfe, 0x0f, 0xff, 0xf1, 0x7f, 0xff, 0xed, 0xff, 0xff, 0x87, 0xff, 0xff, 0x77,
	0xff, 0xfe, 0xff, 0xff, 0xea, 0xff, 0xff, 0x8b, 0xff, 0xfe, 0x3f, 0xff, 0xf9, 0x3f, 0xff,
	0xf8, 0x7f, 0xff, 0xcb, 0xff, 0xff, 0x37, 0xff, 0xff, 0x1f, 0xff, 0xff, 0x83, 0xff, 0xff,
	0xe1, 0xff, 0xfe, 0xbf, 0xff, 0xe3, 0xff, 0xff, 0x3f, 0xff, 0xff, 0x2f, 0xff, 0xfa, 0x3f,
	0xff, 0xfd, 0x9f, 0xff, 0xff, 0x17, 0xff, 0xff, 0xc7, 0xff, 0xff, 0xf2, 0x7f, 0xff, 0xfd,
	0xef, 0xff, 0xff, 0xbf, 0xff, 0xff, 0xf2, 0xff, 0xff, 0xf8, 0xff, 0xff, 0xfb, 0x7f, 0xff,
	0x97, 0xff, 0xf8, 0xff, 0xff, 0xfe, 0x6f, 0xff, 0xff, 0xc1, 0xff, 0xff, 0xf8, 0x7f, 0xff,
	0xfe, 0x7f, 0xff, 0xff, 0xc5, 0xff, 0xff, 0xe5, 0xff, 0xfe, 0x4f, 0xff, 0xf2, 0xff, 0xff,
	0xfd, 0x1f, 0xff, 0xff, 0x4f, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xfe, 0x3f, 0xff, 0xff, 0xc9,
	0xff, 0xff, 0xf9, 0x7f, 0xff, 0xb3, 0xff, 0xff, 0xcf, 0xff, 0xfb, 0x7f, 0xff, 0xcd, 0xff,
	0xff, 0x4f, 0xff, 0xf9, 0xff, 0xff, 0xd1, 0xff, 0xff, 0xcf, 0xff, 0xfe, 0xaf, 0xff, 0xfa,
	0xff, 0xff, 0xfd, 0xdf, 0xff, 0xfe, 0xff, 0xff, 0xff, 0x4f, 0xff, 0xff, 0x5f, 0xff, 0xff,
	0xab, 0xff, 0xff, 0xa7, 0xff, 0xff, 0xd7, 0xff, 0xff, 0xf9, 0xbf, 0xff, 0xfe, 0xcf, 0xff,
	0xff, 0xb7, 0xff, 0xff, 0xf3, 0xff, 0xff, 0xfe, 0x8f, 0xff, 0xff, 0xd3, 0xff, 0xff, 0xfa,
	0xbf, 0xff, 0xff, 0x5f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xfe, 0xcf, 0xff, 0xff, 0xdb, 0xff,
	0xff, 0xfb, 0xbf, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xf0, 0xff, 0xff, 0xfb, 0xbf,
};

static struct dissect_text text;

static void frame(struct craft *c, unsigned int type, unsigned int flags, uint32_t stream,
		  const void *body, size_t n)
{
	craft_uint(c, n, 3);
	craft_uint(c, type, 1);
	craft_uint(c, flags, 1);
	craft_uint(c, stream, 4);
	craft_bytes(c, body, n);
}

static void begin(struct craft *c)
{
	c->n = 0;
	craft_bytes(c, PREFACE, sizeof PREFACE - 1);
	frame(c, 4, 0, 0, "\0\3\0\0\0\x64", 6);
	frame(c, 8, 0, 0, "\0\1\0\0", 4);
}

static enum dissect_result ask(struct facts *f, const struct craft *c, size_t n)
{
	struct slice s = craft_copy(c->b, n);
	enum dissect_result r;

	memset(f, 0, sizeof *f);
	dissect_text_init(&text);
	r = http2_dissect(f, &text, s);
	free((void *)(uintptr_t)s.p);
	assert_int_equal(f->known & f->absent, 0);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		assert_int_equal(f->app, APP_HTTP2);
	else
		assert_int_equal(f->known | f->absent | f->anomalies, 0);
	return r;
}

static bool is(const char *got, size_t n, const char *want)
{
	return n == strlen(want) && memcmp(got, want, n) == 0;
}

/* The same answer for every beginning that is no longer MORE. */
static enum dissect_result ask_all(struct facts *f, const struct craft *c)
{
	enum dissect_result whole = ask(f, c, c->n), r;
	struct facts g;

	for (size_t n = 0; n < c->n; n++) {
		r = ask(&g, c, n);
		if (r == DISSECT_MORE) {
			assert_int_equal(g.via, n < sizeof PREFACE - 1 ? 0 : APP_HTTP2);
			continue;
		}
		assert_int_equal(r, whole);
		assert_memory_equal(f, &g, sizeof g);
	}
	return whole;
}

static void check_example(const struct facts *f)
{
	assert_true(is(f->method, f->method_len, "GET"));
	assert_true(is(f->path, f->path_len, "/"));
	assert_true(is(f->host, f->host_len, "www.example.com"));
	assert_int_equal(f->anomalies, 0);
	assert_int_equal(f->via, 0);
}

static void examples(void **state)
{
	struct craft c;
	struct facts f;

	(void)state;
	begin(&c);
	frame(&c, 1, 4 | 1, 1, C31, sizeof C31 - 1);
	assert_int_equal(ask_all(&f, &c), DISSECT_DONE);
	check_example(&f);
	f = (struct facts){ .via = APP_HTTP2 }; /* of the call before */
	assert_int_equal(http2_dissect(&f, NULL, (struct slice){ c.b, c.n }), DISSECT_DONE);
	check_example(&f);
	assert_int_equal(facts_state(&f, FACT_USER_AGENT), FACT_ABSENT);
	assert_int_equal(f.headers_len, 0);
	begin(&c);
	frame(&c, 1, 4, 1, C41 MORE_FIELDS, sizeof(C41 MORE_FIELDS) - 1);
	assert_int_equal(ask_all(&f, &c), DISSECT_DONE);
	check_example(&f);
	assert_true(is(f.user_agent, f.user_agent_len, "x/1"));
	assert_true(is(f.headers, f.headers_len, "user-agent,x-a,x-a,x-a,cookie"));
	ask(&f, &c, c.n);
	assert_true(is(text.parts + text.part[TEXT_HOST].at, text.part[TEXT_HOST].n,
		       "www.example.com"));
}

static void padded_and_continued(void **state)
{
	static const char padded[] = "\3\0\0\0\0\x10" C41 "\0\0\0";
	static const char block[] = C41;
	struct craft c;
	struct facts f;

	(void)state;
	begin(&c);
	frame(&c, 1, 4 | 8 | 0x20, 3, padded, sizeof padded - 1);
	assert_int_equal(ask_all(&f, &c), DISSECT_DONE);
	check_example(&f);
	begin(&c);
	frame(&c, 1, 0, 1, block, 7);
	frame(&c, 9, 0, 1, block, 0);
	frame(&c, 9, 4, 1, block + 7, sizeof block - 1 - 7);
	assert_int_equal(ask_all(&f, &c), DISSECT_DONE);
	check_example(&f);
	begin(&c);
	frame(&c, 1, 0, 1, block, 7);
	frame(&c, 8, 0, 0, "\0\1\0\0", 4);
	assert_int_equal(ask_all(&f, &c), DISSECT_BAD);
}

/* One fault each. */
static void faults(void **state)
{
	static const struct {
		unsigned int type, flags;
		uint32_t stream;
		struct slice body;
	} v[] = {
		{ 1, 4, 2, IN(C31) },	     { 1, 4, 0, IN(C31) },  { 0, 0, 1, IN("x") },
		{ 9, 4, 1, IN(C31) },	     { 5, 4, 1, IN(C31) },  { 4, 0, 0, IN("1234567") },
		{ 4, 0, 1, IN("123456") },   { 1, 4 | 8, 1, IN("\2x") }, { 1, 4 | 0x20, 1, IN("1234") },
		{ 1, 4, 1, IN("\x80") },     { 1, 4, 1, IN("\xbe") }, { 1, 4, 1, IN("\x41\2x") },
		{ 1, 4, 1, IN("\x41\x81\xff") }, /* padding of a byte */
		{ 1, 4, 1, IN("\x41\x81\0") },    /* padding of zeroes */
		{ 1, 4, 1, IN("\x41\x84\xff\xff\xff\xff") }, /* the end is no symbol */
		{ 1, 4, 1, IN("\x3f\x80\x80\x80\x80\x82\x84") }, /* a number without end */
	};
	struct craft c;
	struct facts f;

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		begin(&c);
		frame(&c, v[i].type, v[i].flags, v[i].stream, v[i].body.p, v[i].body.n);
		if (ask_all(&f, &c) != DISSECT_BAD)
			fail_msg("fault %zu", i);
		assert_int_equal(f.anomalies, ANOM_APP_BAD);
		assert_int_equal(f.known, 1u << FACT_APP);
	}
	c.n = 0;
	craft_bytes(&c, PREFACE, sizeof PREFACE - 1);
	frame(&c, 1, 4, 1, C31, sizeof C31 - 1); /* no SETTINGS */
	assert_int_equal(ask_all(&f, &c), DISSECT_BAD);
	c.n = sizeof PREFACE - 1;
	frame(&c, 4, 1, 0, "", 0); /* acknowledges what was never said */
	assert_int_equal(ask_all(&f, &c), DISSECT_BAD);
	begin(&c);
	craft_uint(&c, 16385, 3);
	craft_fill(&c, 0, 6);
	assert_int_equal(ask_all(&f, &c), DISSECT_BAD);
}

static void anomalies(void **state)
{
	static const struct {
		struct slice block;
		unsigned int anomalies;
		const char *host;
	} v[] = {
		{ IN("\x82\x84\x01\x03" "A.b" "\x0f\x17\x03" "a.b"), 0, "a.b" },
		{ IN("\x82\x84\x01\x03" "a.b" "\x0f\x17\x03" "c.d"), ANOM_HTTP_HOST, "a.b" },
		{ IN("\x82\x84\x01\x03" "a b"), ANOM_HTTP_HOST, "a b" },
		{ IN("\x82\x84\x01\x05[::1]"), 0, "::1" },
		{ IN("\x82\x83\x84\x01\x03" "a.b"), ANOM_HTTP_BAD, "a.b" },
		{ IN("\x84\x01\x03" "a.b"), ANOM_HTTP_BAD, "a.b" },
		{ IN("\x82\x84\0\1x\1y\x01\x03" "a.b"), ANOM_HTTP_BAD, "a.b" },
		{ IN("\x82\x84\x01\x03" "a.b" "\0\1X\1y"), ANOM_HTTP_BAD, "a.b" },
		{ IN("\x82\x84\x01\x03" "a.b" "\0\0\1y"), ANOM_HTTP_BAD, "a.b" },
		{ IN("\x3f\xe1\x1f\x82\x84\x01\x03" "a.b"), 0, "a.b" },
	};
	struct craft c;
	struct facts f;

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		begin(&c);
		frame(&c, 1, 4, 1, v[i].block.p, v[i].block.n);
		assert_int_equal(ask_all(&f, &c), DISSECT_DONE);
		if (f.anomalies != v[i].anomalies || !is(f.host, f.host_len, v[i].host))
			fail_msg("block %zu: anomalies %x", i, f.anomalies);
	}
}

static void others(void **state)
{
	struct craft c;
	struct facts f;

	(void)state;
	c.n = 0;
	craft_bytes(&c, "PRI * HTTP/2.0\r\n\r\nXX", 20);
	assert_int_equal(ask(&f, &c, 18), DISSECT_MORE);
	assert_int_equal(ask(&f, &c, 19), DISSECT_NOT_MINE);
	c.b[0] = 'G';
	assert_int_equal(ask(&f, &c, 1), DISSECT_NOT_MINE);
}

/* No request within the bound: given up at the same byte, however much there is. */
static void no_end(void **state)
{
	static const uint8_t much[1000];
	struct craft c;
	struct facts f;

	(void)state;
	begin(&c);
	while (c.n < HTTP_HEAD_MAX)
		frame(&c, 8, 0, 0, "\0\1\0\0", 4);
	assert_int_equal(ask(&f, &c, HTTP_HEAD_MAX - 1), DISSECT_MORE);
	assert_int_equal(ask(&f, &c, HTTP_HEAD_MAX), DISSECT_BAD);
	assert_true(f.anomalies & ANOM_BUDGET);
	frame(&c, 1, 4, 1, C31, sizeof C31 - 1);
	assert_int_equal(ask(&f, &c, c.n), DISSECT_BAD);
	begin(&c); /* a block longer than what is put together */
	frame(&c, 1, 0, 1, C31, sizeof C31 - 1);
	while (c.n < HTTP_HEAD_MAX - 1500)
		frame(&c, 9, 0, 1, much, sizeof much);
	frame(&c, 9, 4, 1, C31, sizeof C31 - 1);
	assert_int_equal(ask(&f, &c, c.n), DISSECT_MORE);
	dissect_settle(&f, true);
	assert_int_equal(f.app, APP_HTTP2);
}

/* A long field named over and over costs no more than its bytes. */
static void bomb(void **state)
{
	struct craft c, block = { .n = 0 };
	struct facts f;

	(void)state;
	craft_bytes(&block, C31 "\x40\1x\x7f\xd1\x0e", sizeof C31 - 1 + 6); /* 2000 bytes follow */
	craft_fill(&block, 'y', 2000);
	craft_fill(&block, 0xbe, 15);
	begin(&c);
	frame(&c, 1, 4, 1, block.b, block.n);
	assert_int_equal(ask(&f, &c, c.n), DISSECT_DONE);
	craft_fill(&block, 0xbe, 1);
	begin(&c);
	frame(&c, 1, 4, 1, block.b, block.n);
	assert_int_equal(ask(&f, &c, c.n), DISSECT_BAD);
}

/* The outer request's facts stay. */
static void inside(void **state)
{
	struct facts f;
	struct craft c;

	(void)state;
	begin(&c);
	frame(&c, 1, 4, 1, C31, sizeof C31 - 1);
	struct slice s = { c.b, c.n };

	f = (struct facts){ .inner = 1, .via = APP_SOCKS, .host = "outer.x", .host_len = 7,
			    .known = 1u << FACT_HOST };
	assert_int_equal(http2_dissect(&f, NULL, s), DISSECT_DONE);
	assert_true(is(f.host, f.host_len, "outer.x"));
	assert_true(is(f.method, f.method_len, "GET"));
	assert_int_equal(f.anomalies, ANOM_HTTP_HOST);
	assert_int_equal(f.via, APP_SOCKS);
	f = (struct facts){ .inner = 1, .via = APP_HTTP, .method = "CONNECT", .method_len = 7,
			    .known = 1u << FACT_METHOD,
			    .absent = 1u << FACT_PATH | 1u << FACT_HOST };
	assert_int_equal(http2_dissect(&f, NULL, s), DISSECT_DONE);
	assert_true(is(f.method, f.method_len, "CONNECT"));
	assert_int_equal(facts_state(&f, FACT_PATH), FACT_ABSENT);
	assert_int_equal(facts_state(&f, FACT_HOST), FACT_ABSENT);
}

static void symbols(void **state)
{
	struct slice s = craft_copy(all_symbols, sizeof all_symbols);
	char to[256];
	size_t n;

	(void)state;
	assert_true(hpack_decode(to, &n, sizeof to, (struct hpack_text){ s, true }));
	assert_int_equal(n, 256);
	for (size_t i = 0; i < 256; i++)
		assert_int_equal((uint8_t)to[i], i);
	memset(to, 'x', sizeof to);
	assert_true(hpack_decode(to, &n, 10, (struct hpack_text){ s, true }));
	assert_int_equal(n, 256);
	assert_int_equal(to[9], 9);
	assert_int_equal(to[10], 'x');
	free((void *)(uintptr_t)s.p);
}

/* Entries beyond those kept are empty, never another one's. */
static void many_entries(void **state)
{
	struct craft c = { .n = 0 };
	struct hpack_field field;
	struct hpack h;
	int last = 0;

	(void)state;
	for (unsigned int i = 0; i < HPACK_ENTRIES + 8; i++) {
		craft_bytes(&c, "\x40\2x", 3);
		craft_uint(&c, 'A' + i, 1);
		craft_bytes(&c, "\1y", 2);
	}
	craft_bytes(&c, "\xbe\xc5\xc6", 3);
	hpack_init(&h, (struct slice){ c.b, c.n });
	for (unsigned int i = 0; i < HPACK_ENTRIES + 8; i++)
		assert_int_equal(hpack_next(&h, &field), HPACK_FIELD);
	assert_int_equal(hpack_next(&h, &field), HPACK_FIELD);
	assert_int_equal(field.name.s.n, 0);
	assert_int_equal(hpack_next(&h, &field), HPACK_FIELD);
	assert_int_equal(field.name.s.n, 0);
	assert_int_equal(hpack_next(&h, &field), HPACK_FIELD);
	assert_int_equal(field.name.s.n, 2);
	last = field.name.s.p[1];
	assert_int_equal(last, 'A' + HPACK_ENTRIES - 1);
	assert_int_equal(hpack_next(&h, &field), HPACK_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples), cmocka_unit_test(padded_and_continued),
		cmocka_unit_test(faults),   cmocka_unit_test(anomalies),
		cmocka_unit_test(others),   cmocka_unit_test(no_end),
		cmocka_unit_test(inside),   cmocka_unit_test(symbols),
		cmocka_unit_test(many_entries), cmocka_unit_test(bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
