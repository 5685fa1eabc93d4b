/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SOCKS requests of any bytes: facts in their bounds, told once and for all, and an answer that
 * more bytes do not change. First byte: where to cut, and whether it is inside something.
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

static enum dissect_result one(struct facts *f, struct slice s, uint8_t how)
{
	enum dissect_result r;

	memset(f, 0, sizeof *f);
	dissect_text_init(&text);
	if (how & 0x80) {
		f->inner = 1;
		f->via = APP_HTTP;
	}
	r = socks_dissect(f, &text, s);
	must(!(f->known & f->absent) && !(f->anomalies >> ANOM_N));
	if (r == DISSECT_NOT_MINE)
		must(!f->known && !f->absent && !f->anomalies && (f->inner || !f->via));
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		must(facts_state(f, FACT_APP) == FACT_KNOWN && f->app);
	if (f->inner)
		must(f->via == APP_HTTP);
	for (size_t i = 0; i < f->host_len; i++)
		must(f->host[i] >= 0x20 && f->host[i] < 0x7f &&
		     !(f->host[i] >= 'A' && f->host[i] <= 'Z'));
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t how = cur_u8(&c);
	struct slice all = cur_rest(&c);
	struct facts f, g;
	enum dissect_result r = one(&f, all, how), part;

	for (size_t n = 0; n < all.n; n += 1 + n / 64) {
		uint8_t *b = malloc(n ? n : 1); /* exact size: ASan sees its end */

		must(b != NULL);
		if (n)
			memcpy(b, all.p, n);
		part = one(&g, (struct slice){ b, n }, how);
		if (part != DISSECT_MORE)
			must(part == r && memcmp(&f, &g, sizeof f) == 0);
		else
			must(!(g.known & ~f.known) && !(g.anomalies & ~f.anomalies));
		free(b);
	}
	return 0;
}
