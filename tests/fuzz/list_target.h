/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIST_TARGET_H
#define LIST_TARGET_H

/* What the fuzz targets of the list formats share. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct seen {
	enum list_type type;
	uint32_t n;
};

static int check(void *ctx, const struct list_entry *e)
{
	struct seen *s = ctx;

	s->n++;
	if (e->type != s->type || e->line == 0)
		abort();
	switch (e->type) {
	case LIST_ADDRESS:
	case LIST_ENDPOINT:
		if (memcmp(e->lo, e->hi, 16) > 0)
			abort();
		if (e->type == LIST_ENDPOINT && (e->port == 0 || memcmp(e->lo, e->hi, 16) != 0))
			abort();
		break;
	case LIST_SERVICE:
		if (e->service_len == 0 || e->service_len > 32)
			abort();
		/* fallthrough */
	case LIST_DOMAIN:
		if (e->len == 0 || e->len > FACTS_NAME_MAX || memchr(e->text, '*', e->len) ||
		    e->text[e->len - 1] == '.')
			abort();
		break;
	case LIST_JA4:
		if (e->len != FACTS_JA4_LEN)
			abort();
		break;
	default:
		break;
	}
	return 0;
}

static inline int list_target(const char *format, const uint8_t *data, size_t len)
{
	struct list_stats st;
	struct seen s = { .n = 0 };
	char *text;
	int rc;

	if (len == 0)
		return 0;
	/* the first byte picks the type of list: '2' + type in the corpus */
	s.type = (enum list_type)((uint8_t)(data[0] - '2') % LIST_TYPE_N);
	text = malloc(len);
	memcpy(text, data + 1, len - 1);
	text = realloc(text, len > 1 ? len - 1 : 1); /* exact: a read beyond it is seen */
	rc = list_parse(&st, s.type, format, text, len - 1, check, &s);
	if (rc > 0 || st.good != s.n || (rc < 0 && !st.why[0]) || !memchr(st.why, 0, sizeof st.why))
		abort();
	free(text);
	return 0;
}

#endif
