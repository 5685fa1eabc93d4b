/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold for any bytes: facts in their bounds, an answer that more bytes do not change,
 * and the same facts when the hello comes in other records or alone. First byte: how to split.
 */
#include "agent/dissect/dissect.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct dissect_text text;

static void must(bool x)
{
	if (!x)
		abort();
}

static enum dissect_result ask(struct facts *f, struct slice s)
{
	memset(f, 0, sizeof *f);
	dissect_text_init(&text);
	return tls_dissect(f, &text, s);
}

static void check(const struct facts *f, enum dissect_result r)
{
	must(!(f->known & f->absent));
	must(!(f->anomalies >> ANOM_N));
	if (r == DISSECT_MORE || r == DISSECT_NOT_MINE) {
		must(!f->known && !f->absent);
		return;
	}
	must((f->known | f->absent) == (1u << (FACT_JA4 + 1)) - 1); /* what a hello tells */
	must(f->app == APP_TLS && facts_state(f, FACT_APP) == FACT_KNOWN);
	must((r == DISSECT_BAD) == !!(f->anomalies & ANOM_TLS_BAD));
	if (r == DISSECT_BAD)
		must((f->known & ~(1u << FACT_SNI)) == 1u << FACT_APP);
	must((facts_state(f, FACT_SNI) == FACT_KNOWN) == (f->sni_len > 0));
	for (size_t i = 0; i < f->sni_len; i++) {
		must(f->sni[i] >= 0x20 && f->sni[i] < 0x7f);
		must(!(f->sni[i] >= 'A' && f->sni[i] <= 'Z'));
	}
	size_t at = 0;
	while (at < f->alpn_len)
		at += f->alpn[at] + 1u;
	must(at == f->alpn_len);
	if (facts_state(f, FACT_JA4) == FACT_KNOWN) {
		must(strlen(f->ja4) == FACTS_JA4_LEN);
		must(f->ja4[10] == '_' && f->ja4[23] == '_');
	}
	must(text.ja3_len <= DISSECT_TEXT_MAX);
}

/* Both began as zeroes, padding too, and were filled member by member. */
static bool same(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

/* The bytes behind the record headers, as far as they are handshake records. */
static size_t unwrap(uint8_t *to, struct slice s)
{
	struct cur c = cur_of(s);
	size_t n = 0;

	while (cur_left(&c) >= 5) {
		uint8_t type = cur_u8(&c), major = cur_u8(&c);

		cur_u8(&c);
		size_t len = cur_u16(&c);
		if (type != 22 || major != 3)
			break;
		struct slice part = cur_take(&c, len < cur_left(&c) ? len : cur_left(&c));
		if (part.n)
			memcpy(to + n, part.p, part.n);
		n += part.n;
	}
	return n;
}

static void other_records(const struct facts *f, struct slice s, size_t each)
{
	uint8_t *msg = malloc(s.n + 1), *rec = malloc(s.n * 6 + 16);
	size_t n = 0, len = unwrap(msg, s);
	struct cur c = cur_of((struct slice){ msg, len });
	struct facts g;

	if (each < len / 60 + 1)
		each = len / 60 + 1;
	must(msg && rec);
	while (cur_left(&c)) {
		struct slice part = cur_take(&c, each < cur_left(&c) ? each : cur_left(&c));
		const uint8_t head[5] = { 22, 3, 9, (uint8_t)(part.n >> 8), (uint8_t)part.n };

		memcpy(rec + n, head, 5);
		memcpy(rec + n + 5, part.p, part.n);
		n += 5 + part.n;
	}
	must(ask(&g, (struct slice){ rec, n }) == DISSECT_DONE);
	g.anomalies |= f->anomalies & ANOM_TLS_RECORDS;
	must(same(f, &g, sizeof g));

	memset(&g, 0, sizeof g);
	must(tls_client_hello(&g, &text, (struct slice){ msg, len }, 't') == DISSECT_DONE);
	must(memcmp(f->ja4, g.ja4, sizeof g.ja4) == 0 && memcmp(f->ja3, g.ja3, 16) == 0);
	free(msg);
	free(rec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t how = cur_u8(&c);
	struct slice all = cur_rest(&c);
	struct facts f, g;
	enum dissect_result r = ask(&f, all), part;

	check(&f, r);
	for (size_t n = how % 7; n < all.n; n += 1 + all.n / 8) {
		uint8_t *b = malloc(n ? n : 1); /* exact size: ASan sees its end */

		must(b != NULL);
		if (n)
			memcpy(b, all.p, n);
		part = ask(&g, (struct slice){ b, n });
		check(&g, part);
		if (part != DISSECT_MORE)
			must(part == r && same(&f, &g, sizeof g));
		free(b);
	}
	if (r == DISSECT_DONE && facts_state(&f, FACT_JA3) == FACT_KNOWN)
		other_records(&f, all, how);
	memset(&f, 0, sizeof f); /* any bytes as a message, over QUIC and DTLS */
	tls_client_hello(&f, NULL, all, 'q');
	memset(&f, 0, sizeof f);
	tls_client_hello(&f, NULL, all, 'd');
	return 0;
}
