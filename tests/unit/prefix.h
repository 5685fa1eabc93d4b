/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PREFIX_H
#define PREFIX_H

#include "agent/dissect/dissect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

/*
 * Asks one dissector about bytes, and about every prefix of them: MORE until the final answer,
 * which neither more bytes of the same nor anything behind them changes.
 */
typedef enum dissect_result prefix_fn(struct facts *f, struct dissect_text *text,
				      struct slice bytes);

struct prefix {
	prefix_fn *fn;
	uint16_t dport;
	struct facts f; /* after the last ask */
	struct dissect_text text;
	size_t at;	/* bytes that the final answer took */
};

CRAFT enum dissect_result prefix_ask(struct prefix *p, struct slice bytes)
{
	struct slice s = craft_copy(bytes.p, bytes.n);
	enum dissect_result r;

	memset(&p->f, 0, sizeof p->f);
	memset(&p->text, 0, sizeof p->text);
	p->f.dport = p->dport;
	p->f.anomalies = ANOM_TTL; /* what was odd before stays */
	r = p->fn(&p->f, &p->text, s);
	assert_true(p->f.anomalies & ANOM_TTL);
	p->f.anomalies &= ~(uint32_t)ANOM_TTL;
	free((void *)(uintptr_t)s.p);
	assert_int_equal(p->f.known & p->f.absent, 0);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		assert_int_equal(facts_state(&p->f, FACT_APP), FACT_KNOWN);
	if (r == DISSECT_BAD)
		assert_int_not_equal(p->f.anomalies, 0);
	if (r == DISSECT_NOT_MINE)
		assert_int_equal(p->f.known | p->f.anomalies, 0);
	return r;
}

CRAFT enum dissect_result prefix_all(struct prefix *p, const void *bytes, size_t n)
{
	static struct craft longer;
	struct prefix whole = *p;
	enum dissect_result r = prefix_ask(&whole, (struct slice){ bytes, n }), part;

	p->at = SIZE_MAX;
	for (size_t i = 0; i <= n; i++) {
		part = prefix_ask(p, (struct slice){ bytes, i });
		if (part == DISSECT_MORE)
			assert_int_equal(p->at, SIZE_MAX);
		if (part == DISSECT_MORE || i == n)
			continue;
		if (p->at == SIZE_MAX)
			p->at = i;
		assert_int_equal(part, r);
		assert_memory_equal(&p->f, &whole.f, sizeof p->f);
		assert_memory_equal(&p->text, &whole.text, sizeof p->text);
	}
	if (p->at == SIZE_MAX)
		p->at = n;
	if (r != DISSECT_MORE)
		for (int fill = 0; fill < 3; fill++) {
			longer.n = 0;
			craft_bytes(&longer, bytes, n);
			craft_fill(&longer, (uint8_t)"\0\xff\n"[fill], 100);
			assert_int_equal(prefix_ask(p, (struct slice){ longer.b, longer.n }), r);
			assert_memory_equal(&p->f, &whole.f, sizeof p->f);
		}
	p->f = whole.f;
	p->text = whole.text;
	return r;
}

/* A string literal without its NUL. */
#define PREFIX(p, s) prefix_all(p, s, sizeof(s) - 1)

CRAFT void prefix_text(const struct prefix *p, enum text_part part, const char *want)
{
	assert_int_equal(p->text.part[part].n, strlen(want));
	assert_memory_equal(p->text.parts + p->text.part[part].at, want, strlen(want));
}

/* splitmix64: the same on every machine. */
CRAFT uint64_t prefix_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* How many of `count` inputs of 1 to 200 bytes from lo to hi it takes for its own. */
CRAFT size_t prefix_noise(struct prefix *p, size_t count, uint8_t lo, uint8_t hi)
{
	uint64_t state = 1;
	uint8_t b[200];
	size_t taken = 0;

	for (size_t i = 0; i < count; i++) {
		size_t n = 1 + prefix_random(&state) % sizeof b;
		enum dissect_result r;

		for (size_t k = 0; k < n; k++)
			b[k] = (uint8_t)(lo + prefix_random(&state) % (hi - lo + 1u));
		memset(&p->f, 0, sizeof p->f);
		p->f.dport = p->dport;
		r = p->fn(&p->f, NULL, (struct slice){ b, n });
		if (r == DISSECT_DONE || r == DISSECT_BAD)
			taken++;
	}
	return taken;
}

#endif
