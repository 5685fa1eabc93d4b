/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1 and HTTP/2 requests of any bytes: facts in their bounds, told once and for all, an answer
 * that more bytes do not change, and a message that ends within the bytes. First byte: where to
 * cut, and whether it is inside something.
 */
#include "agent/dissect/http.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef enum dissect_result ask(struct facts *f, struct dissect_text *text, struct slice bytes);

static struct dissect_text text;

static void must(bool x)
{
	if (!x)
		abort();
}

static void check_text(const struct dissect_text *t)
{
	must(t->used <= sizeof t->parts);
	for (int i = 0; i < TEXT_N; i++)
		must(t->part[i].at + t->part[i].n <= t->used);
}

static void check(const struct facts *f, enum dissect_result r)
{
	must(!(f->known & f->absent));
	must(!(f->anomalies >> ANOM_N));
	must(f->method_len <= sizeof f->method);
	if (r == DISSECT_NOT_MINE)
		must(!f->known && !f->absent && !f->anomalies && (f->inner || !f->via));
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		must(facts_state(f, FACT_APP) == FACT_KNOWN && f->app);
	if (r == DISSECT_BAD && !f->via)
		must(f->anomalies);
	if (facts_state(f, FACT_HOST) == FACT_KNOWN)
		must(f->host_len > 0);
	for (size_t i = 0; i < f->host_len; i++)
		must(f->host[i] >= 0x20 && f->host[i] < 0x7f &&
		     !(f->host[i] >= 'A' && f->host[i] <= 'Z'));
	must(!memchr(f->headers, 0, f->headers_len) || f->app == APP_HTTP2 || f->via);
	check_text(&text);
}

static enum dissect_result one(struct facts *f, ask *which, struct slice s, uint8_t how)
{
	enum dissect_result r;

	memset(f, 0, sizeof *f);
	dissect_text_init(&text);
	if (how & 0x80) {
		f->inner = 1;
		f->via = APP_TLS;
	}
	r = which(f, &text, s);
	check(f, r);
	return r;
}

static void try_all(ask *which, struct slice all, uint8_t how)
{
	struct facts f, g;
	enum dissect_result r = one(&f, which, all, how), part;

	for (size_t n = how % 7; n < all.n; n += 1 + all.n / 16) {
		uint8_t *b = malloc(n ? n : 1); /* exact size: ASan sees its end */

		must(b != NULL);
		if (n)
			memcpy(b, all.p, n);
		part = one(&g, which, (struct slice){ b, n }, how);
		if (part != DISSECT_MORE)
			must(part == r && memcmp(&f, &g, sizeof f) == 0);
		else
			must(!(g.known & ~f.known) && !(g.absent & ~(f.known | f.absent)) &&
			     !(g.anomalies & ~f.anomalies));
		free(b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t how = cur_u8(&c);
	struct slice all = cur_rest(&c);
	struct http_head h;
	enum dissect_result r = http_head(&h, all);

	must(r != DISSECT_DONE || (h.claimed && h.size <= all.n));
	try_all(http_dissect, all, how);
	try_all(http2_dissect, all, how);
	return 0;
}
