/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FIRST_H
#define FIRST_H

#include "agent/dissect/dissect.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

/* Feeds first bytes to one dissector, and holds it to the contract of dissect.h. */
typedef enum dissect_result first_ask(struct facts *f, struct dissect_text *text,
				      struct slice bytes);

struct first {
	first_ask *ask;
	uint8_t app;
	uint16_t dport;
};

CRAFT void first_contract(const struct first *d, const struct facts *f, enum dissect_result r)
{
	assert_int_equal(f->known & f->absent, 0);
	assert_int_equal(f->anomalies >> ANOM_N, 0);
	if (r == DISSECT_MORE || r == DISSECT_NOT_MINE) {
		assert_int_equal(f->known | f->absent | f->anomalies, 0);
		return;
	}
	assert_int_equal(facts_state(f, FACT_APP), FACT_KNOWN);
	assert_int_equal(f->app, d->app);
	if (r == DISSECT_BAD)
		assert_int_equal(f->anomalies, ANOM_APP_BAD);
}

/* Through an exact-size copy, so that a byte read behind the end is seen. */
CRAFT enum dissect_result first_of(const struct first *d, struct facts *f, const void *p, size_t n)
{
	struct slice s = craft_copy(p, n);
	struct facts g = { .dport = d->dport };
	enum dissect_result r;

	memset(f, 0, sizeof *f);
	f->dport = d->dport;
	r = d->ask(f, NULL, s);
	assert_int_equal(d->ask(&g, NULL, s), r);
	assert_memory_equal(f, &g, sizeof g);
	first_contract(d, f, r);
	free((void *)(uintptr_t)s.p);
	return r;
}

CRAFT enum dissect_result first_is(const struct first *d, const void *p, size_t n)
{
	struct facts f;

	return first_of(d, &f, p, n);
}
#define FIRST(d, text) first_is(d, text, sizeof(text) - 1)

/* A stream: MORE until byte `at`, then `r` for good. */
CRAFT void first_prefixes(const struct first *d, const void *p, size_t n, size_t at,
			  enum dissect_result r)
{
	for (size_t i = 0; i <= n; i++)
		assert_int_equal(first_is(d, p, i), i < at ? DISSECT_MORE : r);
}

CRAFT uint32_t first_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 32);
}

CRAFT void first_fill(uint64_t *s, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)first_random(s);
}

/* How many of a million random inputs of 1 to 200 bytes are taken for the protocol. */
CRAFT unsigned int first_taken(const struct first *d)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned int taken = 0;
	uint8_t b[200];

	for (unsigned int i = 0; i < 1000000; i++) {
		struct facts f = { .dport = d->dport };
		size_t n = 1 + first_random(&seed) % sizeof b;

		first_fill(&seed, b, n);
		enum dissect_result r = d->ask(&f, NULL, (struct slice){ b, n });
		taken += r == DISSECT_DONE || r == DISSECT_BAD;
	}
	return taken;
}

#endif
