/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "policy/match/kinds.h"

/*
 * quic_version. "1" (RFC 9000), "2" (RFC 9369), "draft" (0xff0000NN, RFC 9000 section 15),
 * "negotiation" (0, RFC 9000 section 17.2.1), a number in hex, or "unknown": none of those named.
 */

enum { VALUES_MAX = 64 };
enum kind { KIND_NUMBER, KIND_DRAFT, KIND_UNKNOWN };

#define QUIC_V2 UINT32_C(0x6b3343cf)

struct version {
	uint32_t number, line;
	enum kind kind;
};

struct versions {
	const struct version *version;
	uint32_t n;
};

static bool is_draft(uint32_t v)
{
	return v >> 8 == 0xff0000;
}

/* In hex, or in decimal: what libconfig makes of a hex number outside quotes. */
static bool read_number(uint32_t *v, const char *text)
{
	bool hex = strncmp(text, "0x", 2) == 0;
	unsigned long long number;
	size_t n;

	text += hex ? 2 : 0;
	n = strlen(text);
	if (n == 0 || n > 10 || strspn(text, hex ? "0123456789abcdefABCDEF" : "0123456789") != n)
		return false;
	number = strtoull(text, NULL, hex ? 16 : 10);
	*v = (uint32_t)number;
	return number <= UINT32_MAX;
}

static bool read_version(struct version *v, const char *text)
{
	static const struct {
		const char *word;
		enum kind kind;
		uint32_t number;
	} words[] = {
		{ "1", KIND_NUMBER, 1 },	     { "2", KIND_NUMBER, QUIC_V2 },
		{ "negotiation", KIND_NUMBER, 0 }, { "draft", KIND_DRAFT, 0 },
		{ "unknown", KIND_UNKNOWN, 0 },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, text) == 0) {
			v->kind = words[i].kind;
			v->number = words[i].number;
			return true;
		}
	v->kind = KIND_NUMBER;
	return read_number(&v->number, text);
}

int quic_version_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	static const char *const words[] = { "1", "2", "draft", "negotiation", "unknown",
					     "0x and up to 8 hex digits", NULL };
	struct versions *d = match_alloc(b, 1, sizeof *d);
	struct version *v;
	int err = 0;

	if (c->value.n > VALUES_MAX)
		return match_error(b, c->line, "\"%s\" has more than %d values", c->key, VALUES_MAX);
	v = match_alloc(b, c->value.n, sizeof *v);
	for (size_t i = 0; i < c->value.n; i++) {
		struct version one = { .line = (uint32_t)c->value.line[i] };

		if (!read_version(&one, c->value.text[i]))
			err = match_unknown(b, c->value.line[i], c->key, c->value.text[i], words);
		if (v)
			v[i] = one;
	}
	if (d)
		*d = (struct versions){ v, v ? (uint32_t)c->value.n : 0 };
	*data = d;
	return err;
}

static bool fits(const struct version *v, uint32_t number)
{
	switch (v->kind) {
	case KIND_DRAFT:
		return is_draft(number);
	case KIND_UNKNOWN:
		return number > 1 && number != QUIC_V2 && !is_draft(number);
	default:
		return number == v->number;
	}
}

enum tri quic_version_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct versions *d = data;
	enum fact_state state = facts_state(f, FACT_QUIC_VERSION);

	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	for (uint32_t i = 0; i < d->n; i++)
		if (fits(&d->version[i], f->quic_version)) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->version[i].line };
			return TRI_TRUE;
		}
	return TRI_FALSE;
}
