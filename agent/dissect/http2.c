/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hpack.h"
#include "agent/dissect/http.h"

#include <string.h>

/*
 * HTTP/2 with prior knowledge (RFC 9113 section 3.4): preface, SETTINGS, and the first request's
 * HEADERS with its CONTINUATIONs (sections 4.1, 6.2, 6.10, 8.3.1). Told when that block is whole;
 * BAD: frames out of order or of illegal size, a block that does not decode, is too long
 * when decoded, or has no end within HTTP_HEAD_MAX bytes.
 */
enum {
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FRAME_SETTINGS = 4,
	FRAME_PUSH_PROMISE = 5,
	FRAME_CONTINUATION = 9,
	FRAME_MAX = 16384, /* as long as the server has not allowed more */
	FLAG_ACK = 1,
	FLAG_END_HEADERS = 4,
	FLAG_PADDED = 8,
	FLAG_PRIORITY = 0x20,
	NAME_MAX = 64,
	VALUE_MAX = 1024,
	BLOCK_MAX = 12 * 1024, /* put together from several frames */
	LIST_MAX = 32 * 1024,  /* decoded: a long field named again and again is a bomb */
};

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static const uint32_t request_facts = 1u << FACT_HOST | 1u << FACT_METHOD | 1u << FACT_PATH |
				      1u << FACT_USER_AGENT | 1u << FACT_HEADERS;

struct frame_head {
	uint8_t type, flags;
	uint32_t stream;
	struct cur body;
};

static enum dissect_result next_frame(struct frame_head *fr, struct cur *c)
{
	size_t n = cur_u24(c);

	fr->type = cur_u8(c);
	fr->flags = cur_u8(c);
	fr->stream = cur_uint(c, 4) & 0x7fffffff;
	if (c->bad)
		return DISSECT_MORE;
	if (n > FRAME_MAX)
		return DISSECT_BAD;
	fr->body = cur_sub(c, n);
	return c->bad ? DISSECT_MORE : DISSECT_DONE;
}

/* The part of a HEADERS frame's body that is of the header block. */
static bool fragment(struct slice *s, struct frame_head *fr)
{
	size_t pad = fr->flags & FLAG_PADDED ? cur_u8(&fr->body) : 0;

	if (fr->flags & FLAG_PRIORITY)
		cur_take(&fr->body, 5);
	if (fr->body.bad || pad > cur_left(&fr->body))
		return false;
	*s = cur_take(&fr->body, cur_left(&fr->body) - pad);
	return true;
}

/* Up to the first HEADERS frame: DONE with it in *fr. */
static enum dissect_result first_headers(struct frame_head *fr, struct cur *c)
{
	for (unsigned int i = 0;; i++) {
		enum dissect_result r = next_frame(fr, c);

		if (r != DISSECT_DONE)
			return r;
		if (i == 0 && (fr->type != FRAME_SETTINGS || fr->flags & FLAG_ACK))
			return DISSECT_BAD;
		if (fr->type == FRAME_SETTINGS && (fr->stream || cur_left(&fr->body) % 6))
			return DISSECT_BAD;
		if (fr->type == FRAME_HEADERS)
			return fr->stream & 1 ? DISSECT_DONE : DISSECT_BAD;
		if (fr->type == FRAME_DATA || fr->type == FRAME_PUSH_PROMISE ||
		    fr->type == FRAME_CONTINUATION)
			return DISSECT_BAD;
	}
}

struct names {
	char *to;
	size_t size, n;
	bool cut;
};

static void add_name(struct names *k, const char *name, size_t len)
{
	size_t comma = k->n ? 1 : 0;

	if (k->cut || len + comma > k->size - k->n) {
		k->cut = true;
		return;
	}
	if (comma)
		k->to[k->n++] = ',';
	memcpy(k->to + k->n, name, len);
	k->n += len;
}

static void set_cut(struct facts *f, uint8_t bit, bool whole)
{
	f->cut = (uint8_t)(whole ? f->cut & ~bit : f->cut | bit);
}

/* The first of a kind counts. */
static bool first_time(const struct facts *f, enum fact id, uint32_t *anomalies)
{
	if (facts_state(f, id) != FACT_KNOWN)
		return true;
	*anomalies |= ANOM_HTTP_BAD;
	return false;
}

static void tell_host(struct facts *f, struct dissect_text *text, struct slice v,
		      uint32_t *anomalies)
{
	struct slice told = { (const uint8_t *)f->host, f->host_len };
	struct http_authority a;

	http_authority(&a, v);
	if (!a.legal)
		*anomalies |= ANOM_HTTP_HOST;
	if (facts_state(f, FACT_HOST) != FACT_KNOWN) {
		http_host_tell(f, a.host);
		dissect_put(text, TEXT_HOST, v);
	} else if (!http_host_same(a.host, told)) {
		*anomalies |= ANOM_HTTP_HOST;
	}
}

static void tell_field(struct facts *f, struct dissect_text *text, struct slice name,
		       struct slice v, uint32_t *anomalies)
{
	if (http_exact(name, ":method") && first_time(f, FACT_METHOD, anomalies)) {
		set_cut(f, FACTS_CUT_METHOD,
			facts_text(f->method, &f->method_len, sizeof f->method, v.p, v.n));
		facts_know(f, FACT_METHOD);
	} else if (http_exact(name, ":path") && first_time(f, FACT_PATH, anomalies)) {
		set_cut(f, FACTS_CUT_PATH,
			facts_text(f->path, &f->path_len, sizeof f->path, v.p, v.n));
		facts_know(f, FACT_PATH);
		dissect_put(text, TEXT_URL, v);
	} else if (http_exact(name, ":authority") || http_exact(name, "host")) {
		tell_host(f, text, v, anomalies);
	} else if (http_exact(name, "user-agent") &&
		   facts_state(f, FACT_USER_AGENT) != FACT_KNOWN) {
		set_cut(f, FACTS_CUT_USER_AGENT,
			facts_text(f->user_agent, &f->user_agent_len, sizeof f->user_agent, v.p,
				   v.n));
		facts_know(f, FACT_USER_AGENT);
		dissect_put(text, TEXT_USER_AGENT, v);
	}
}

/* Section 8.2.1 and 8.3: what makes a request malformed. */
static uint32_t name_anomalies(struct slice name, bool regular_seen)
{
	struct cur c = cur_of(name);
	bool pseudo = cur_u8(&c) == ':';

	if (!name.n || (pseudo && regular_seen))
		return ANOM_HTTP_BAD;
	for (c = cur_of(name); cur_left(&c);) {
		uint8_t b = cur_u8(&c);

		if (b <= 0x20 || b >= 0x7f || (b >= 'A' && b <= 'Z'))
			return ANOM_HTTP_BAD;
	}
	return 0;
}

/* Into `f`, which is the caller's copy. Apart for its stack. */
static __attribute__((noinline)) enum dissect_result
tell_block(struct facts *f, struct dissect_text *text, struct slice block)
{
	struct names names = { f->headers, sizeof f->headers, 0, false };
	char name[NAME_MAX], value[VALUE_MAX];
	enum hpack_result r;
	struct hpack_field field;
	size_t total = 0;
	struct hpack h;

	hpack_init(&h, block);
	while ((r = hpack_next(&h, &field)) == HPACK_FIELD) {
		size_t n, v;

		if (!hpack_decode(name, &n, sizeof name, field.name) ||
		    !hpack_decode(value, &v, sizeof value, field.value))
			return DISSECT_BAD;
		total += n + v;
		if (total > LIST_MAX)
			return DISSECT_BAD;
		struct slice ns = { (const uint8_t *)name, n < sizeof name ? n : sizeof name };
		struct slice vs = { (const uint8_t *)value, v < sizeof value ? v : sizeof value };

		f->anomalies |= name_anomalies(ns, names.n > 0);
		if (n <= sizeof name)
			tell_field(f, text, ns, vs, &f->anomalies);
		if (n && name[0] != ':')
			add_name(&names, name, ns.n);
	}
	if (r == HPACK_BAD)
		return DISSECT_BAD;
	f->headers_len = (uint8_t)names.n;
	set_cut(f, FACTS_CUT_HEADERS, !names.cut);
	facts_know(f, FACT_HEADERS);
	return DISSECT_DONE;
}

/* The rare block over several frames: put together first. Apart for its stack. */
static __attribute__((noinline)) enum dissect_result
joined_block(struct facts *f, struct dissect_text *text, struct slice first, struct cur *c)
{
	uint8_t block[BLOCK_MAX];
	struct frame_head fr = { 0 };
	struct slice part = first;
	size_t n = 0;

	for (;;) {
		if (part.n > sizeof block - n)
			return DISSECT_MORE; /* never to be satisfied */
		if (part.n)
			memcpy(block + n, part.p, part.n);
		n += part.n;
		if (fr.flags & FLAG_END_HEADERS)
			return tell_block(f, text, (struct slice){ block, n });
		enum dissect_result r = next_frame(&fr, c);
		if (r != DISSECT_DONE)
			return r;
		if (fr.type != FRAME_CONTINUATION)
			return DISSECT_BAD;
		part = cur_rest(&fr.body);
	}
}

static enum dissect_result request(struct facts *f, struct dissect_text *text, struct cur *c)
{
	struct frame_head fr;
	struct slice part;
	enum dissect_result r = first_headers(&fr, c);

	if (r != DISSECT_DONE)
		return r;
	if (!fragment(&part, &fr))
		return DISSECT_BAD;
	if (fr.flags & FLAG_END_HEADERS)
		return tell_block(f, text, part);
	return joined_block(f, text, part, c);
}

/* Inside HTTP nothing is told, inside SOCKS not the host if it was named: see http.c. */
static void take_over(struct facts *f, struct facts *told)
{
	struct slice outer = { (const uint8_t *)f->host, f->host_len };
	struct slice host = { (const uint8_t *)told->host, told->host_len };
	struct http_authority a;

	if (facts_state(told, FACT_METHOD) != FACT_KNOWN)
		told->anomalies |= ANOM_HTTP_BAD;
	f->anomalies |= told->anomalies;
	if (facts_state(f, FACT_METHOD) != FACT_PENDING)
		return;
	if (facts_state(f, FACT_HOST) == FACT_KNOWN) {
		http_authority(&a, outer);
		if (!a.literal && host.n && !http_host_same(host, outer))
			f->anomalies |= ANOM_HTTP_HOST;
		told->anomalies |= f->anomalies;
		memcpy(told->host, f->host, sizeof told->host);
		told->host_len = f->host_len;
	}
	told->known |= f->known;
	*f = *told;
}

static enum dissect_result final(struct facts *f, enum dissect_result r)
{
	if (r == DISSECT_BAD)
		f->anomalies |= ANOM_APP_BAD;
	if (!f->inner)
		f->via = 0;
	dissect_app(f, APP_HTTP2);
	f->absent |= request_facts & ~f->known;
	return r;
}

/* Apart for its stack. */
static __attribute__((noinline)) enum dissect_result
behind_preface(struct facts *f, struct dissect_text *text, struct cur c)
{
	struct facts told = *f;
	enum dissect_result r;

	told.known &= ~request_facts;
	told.absent &= ~request_facts;
	r = request(&told, f->inner && f->via == APP_HTTP ? NULL : text, &c);
	if (r == DISSECT_DONE)
		take_over(f, &told);
	return r;
}

enum dissect_result http2_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	size_t n = bytes.n < HTTP_HEAD_MAX ? bytes.n : HTTP_HEAD_MAX, len = sizeof preface - 1;
	struct cur c = cur_of((struct slice){ bytes.p, n });
	struct slice start = cur_take(&c, n < len ? n : len);
	enum dissect_result r;

	if (memcmp(start.p, preface, start.n) != 0)
		return DISSECT_NOT_MINE;
	if (n < len)
		return DISSECT_MORE;
	r = behind_preface(f, text, c);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		return final(f, r);
	if (bytes.n >= HTTP_HEAD_MAX) {
		f->anomalies |= ANOM_BUDGET;
		return final(f, DISSECT_BAD);
	}
	if (!f->inner)
		f->via = APP_HTTP2;
	return DISSECT_MORE;
}
