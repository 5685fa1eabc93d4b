/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PREFIX_TARGET_H
#define PREFIX_TARGET_H

#include "agent/dissect/dissect.h"

#include <stdlib.h>
#include <string.h>

/*
 * What must hold of a dissector for any bytes: facts in their bounds, the same answer for the same
 * bytes, MORE for every prefix until the final answer, and that one for everything longer.
 */
typedef enum dissect_result target_fn(struct facts *f, struct dissect_text *text,
				      struct slice bytes);

#define TARGET static inline __attribute__((unused))

TARGET void must(bool x)
{
	if (!x)
		abort();
}

TARGET enum dissect_result target_ask(target_fn *fn, struct facts *f, struct dissect_text *text,
				      uint16_t dport, struct slice s)
{
	uint8_t *b = malloc(s.n ? s.n : 1); /* exact size: ASan sees its end */
	enum dissect_result r;

	must(b != NULL);
	if (s.n)
		memcpy(b, s.p, s.n);
	memset(f, 0, sizeof *f);
	f->dport = dport;
	dissect_text_init(text);
	text->hellos = 0;
	r = fn(f, text, (struct slice){ b, s.n });
	free(b);
	return r;
}

TARGET void target_check(const struct facts *f, const struct dissect_text *text,
			 enum dissect_result r)
{
	must(!(f->known & f->absent));
	must(!(f->anomalies >> ANOM_N));
	must(f->app < APP_N && f->via < APP_N && f->inner == 0);
	must(f->software_len <= FACTS_SOFTWARE_MAX);
	must(text->used <= DISSECT_PARTS_MAX);
	for (int i = 0; i < TEXT_N; i++)
		must(text->part[i].at + text->part[i].n <= text->used);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		must(facts_state(f, FACT_APP) == FACT_KNOWN && f->app != APP_UNKNOWN);
	if (r == DISSECT_BAD)
		must(f->anomalies != 0);
	if (r == DISSECT_NOT_MINE)
		must(!f->known && !f->anomalies && !f->via);
}

/* Both began as zeroes, padding too, and were filled member by member. */
TARGET bool target_same(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

TARGET void target_prefixes(target_fn *fn, uint16_t dport, struct slice s)
{
	static struct dissect_text text, part_text;
	struct facts f, g;
	enum dissect_result r = target_ask(fn, &f, &text, dport, s), part;
	bool final = false;
	/* every split of a short input, some of a long one */
	size_t step = s.n > 64 ? s.n / 16 : 1;

	target_check(&f, &text, r);
	for (size_t n = 0; n <= s.n; n += n + 2 >= s.n ? 1 : step) {
		part = target_ask(fn, &g, &part_text, dport, (struct slice){ s.p, n });
		target_check(&g, &part_text, part);
		must(part != DISSECT_MORE || !final);
		if (part == DISSECT_MORE) {
			must(!(g.known & ~f.known)); /* what has been told stays */
			continue;
		}
		final = true;
		must(part == r && target_same(&f, &g, sizeof g));
		must(text.used == part_text.used &&
		     target_same(text.parts, part_text.parts, text.used));
	}
}

#endif
