/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOW_TARGET_H
#define FLOW_TARGET_H

#include <stdlib.h>
#include <string.h>

#include "agent/dissect/dissect.h"

/*
 * For fuzz targets of dissectors that read several datagrams of a flow: what must hold for any. An
 * answer other than MORE stays, whatever comes behind; facts are in their bounds; bytes are never
 * read behind their end (exact-size copies, for ASan).
 */
enum { FLOW_DATAGRAMS = 14, FLOW_DATAGRAM_MAX = 20000 };

typedef enum dissect_result flow_ask(struct facts *f, struct dissect_text *text,
				     struct slice bytes, struct slice before);

struct flow_input {
	struct {
		uint8_t b[FLOW_DATAGRAM_MAX];
		size_t n;
	} d[FLOW_DATAGRAMS];
	size_t n;
};

#define FLOW static inline __attribute__((unused))

FLOW void must(bool x)
{
	if (!x)
		abort();
}

/* Whole or not at all. */
FLOW void flow_append(struct flow_input *in, struct slice s)
{
	size_t last = in->n - 1;

	if (!s.n || s.n > sizeof in->d[last].b - in->d[last].n)
		return;
	memcpy(in->d[last].b + in->d[last].n, s.p, s.n);
	in->d[last].n += s.n;
}

FLOW void flow_next(struct flow_input *in)
{
	if (in->n < FLOW_DATAGRAMS)
		in->d[in->n++].n = 0;
}

FLOW void flow_check(const struct facts *f, enum dissect_result r, enum app app)
{
	size_t at = 0;

	must(!(f->known & f->absent));
	must(!(f->anomalies >> ANOM_N));
	must(facts_state(f, FACT_APP) != FACT_KNOWN || f->app == app);
	if (r == DISSECT_NOT_MINE)
		must(!f->known && !f->absent && !f->anomalies);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		must(facts_state(f, FACT_APP) == FACT_KNOWN);
	if (r == DISSECT_BAD)
		must(f->anomalies & (ANOM_TLS_BAD | ANOM_QUIC_BAD));
	if (r == DISSECT_MORE)
		must(!(f->known & ~(1u << FACT_APP | 1u << FACT_QUIC_VERSION)));
	must(facts_state(f, FACT_SNI) != FACT_KNOWN || f->sni_len);
	for (size_t i = 0; i < f->sni_len; i++)
		must(f->sni[i] >= 0x20 && f->sni[i] < 0x7f);
	while (at < f->alpn_len)
		at += f->alpn[at] + 1u;
	must(at == f->alpn_len);
	must(facts_state(f, FACT_JA4) != FACT_KNOWN || strlen(f->ja4) == FACTS_JA4_LEN);
}

FLOW enum dissect_result flow_ask_upto(struct facts *f, const struct flow_input *in, size_t n,
				       flow_ask *ask)
{
	static struct dissect_text text;
	static uint8_t all[FLOW_DATAGRAMS * (FLOW_DATAGRAM_MAX + 2)];
	size_t used = 0, last = in->d[n - 1].n;
	uint8_t *bytes = malloc(last ? last : 1), *before;
	enum dissect_result r;

	for (size_t i = 0; i + 1 < n; i++) {
		all[used++] = (uint8_t)(in->d[i].n >> 8);
		all[used++] = (uint8_t)in->d[i].n;
		memcpy(all + used, in->d[i].b, in->d[i].n);
		used += in->d[i].n;
	}
	before = malloc(used ? used : 1);
	must(bytes && before);
	memcpy(bytes, in->d[n - 1].b, last);
	memcpy(before, all, used);
	memset(f, 0, sizeof *f);
	dissect_text_init(&text);
	r = ask(f, &text, (struct slice){ bytes, last }, (struct slice){ before, used });
	must(text.ja3_len <= DISSECT_TEXT_MAX);
	free(bytes);
	free(before);
	return r;
}

/* Both began as zeroes, padding too, and were filled member by member. */
FLOW bool flow_same(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

FLOW enum dissect_result flow_run(struct facts *f, const struct flow_input *in, enum app app,
				  flow_ask *ask)
{
	enum dissect_result r = DISSECT_MORE;

	for (size_t n = 1; n <= in->n; n++) {
		struct facts g;
		enum dissect_result now = flow_ask_upto(&g, in, n, ask);

		flow_check(&g, now, app);
		if (r != DISSECT_MORE)
			must(now == r && flow_same(f, &g, sizeof g));
		else
			*f = g;
		r = now;
	}
	return r;
}

#endif
