/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIST_VALUE_H
#define LIST_VALUE_H

#include "policy/list.h"

/*
 * One value of a list from `text`, not NUL-terminated. 0, or -EINVAL with *why (static text).
 * Text in `e` lies in `buf`. e->line is left alone.
 */
int list_value_read(struct list_entry *e, const char **why, enum list_type type, char *buf,
		    size_t buf_size, const char *text, size_t len);

/* May a file hold it? 0, 1 = private net, to be skipped, or -EINVAL with *why. */
int list_value_vet(const struct list_entry *e, const char **why);

#endif
