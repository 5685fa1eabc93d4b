/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "policy/match/kinds.h"

/*
 * anomaly: what was odd on the way. TRUE as soon as it shows; while anything is pending it may
 * still show.
 */

_Static_assert(ANOM_N <= 32, "anomalies are bits of a word");

struct anomalies {
	uint32_t bits;
	uint32_t line[ANOM_N];
};

int anomaly_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct anomalies *d = match_alloc(b, 1, sizeof *d);
	const char *words[ANOM_N + 2];
	int err = 0;

	for (unsigned int i = 0; i < ANOM_N; i++)
		words[i] = facts_anomaly_name(i);
	words[ANOM_N] = "any";
	words[ANOM_N + 1] = NULL;
	for (size_t i = 0; i < c->value.n; i++) {
		const char *text = c->value.text[i];
		bool any = strcmp(text, "any") == 0, known = any;

		for (unsigned int k = 0; k < ANOM_N; k++) {
			if (!any && strcmp(text, facts_anomaly_name(k)) != 0)
				continue;
			known = true;
			if (d && !d->line[k])
				d->line[k] = (uint32_t)c->value.line[i];
			if (d)
				d->bits |= 1u << k;
		}
		if (!known)
			err = match_unknown(b, c->value.line[i], c->key, text, words);
	}
	*data = d;
	return err;
}

enum tri anomaly_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct anomalies *d = data;
	uint32_t met = f->anomalies & d->bits;

	if (met) {
		*ev = (struct evidence){ DECISION_NO_LIST, d->line[__builtin_ctz(met)] };
		return TRI_TRUE;
	}
	return (f->known | f->absent) == (1u << FACT_N) - 1 ? TRI_FALSE : TRI_NOT_YET;
}
