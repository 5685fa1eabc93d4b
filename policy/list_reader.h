/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIST_READER_H
#define LIST_READER_H

#include "policy/list.h"

/* What the readers of the formats share: vetting, counting, handing out. */
struct list_reader {
	struct list_stats *st;
	enum list_type type;
	list_fn *fn;
	void *ctx;
	uint32_t line;
	char buf[FACTS_NAME_MAX + 1];
};

/* One value on r->line: checked, counted, handed out. 0, or what fn returned (< 0). */
int list_reader_value(struct list_reader *r, const char *text, size_t len);
void list_reader_bad(struct list_reader *r, const char *why, const char *text, size_t len);
/* The whole is wrong: -EINVAL, with the reason in the stats. */
int list_reader_wrong(struct list_reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

int list_onionoo_read(struct list_reader *r, const char *data, size_t len);

#endif
