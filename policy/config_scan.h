/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include <stddef.h>

#include "policy/err.h"

/*
 * A look at the raw text before libconfig 1.5 gets it, which truncates numbers in silence, joins
 * texts when a comma is missing, reads files by @include, gives the wrong line for texts in lists
 * and recurses as deep as the text is nested.
 */
enum { CONFIG_TEXT_MAX = 1 << 20, CONFIG_DEPTH_MAX = 16, CONFIG_SETTINGS_MAX = 20000 };

struct config_scan {
	int *line; /* of the n-th quoted text of the file */
	size_t n;
};

/* 0, or -errno with the reasons in `e`. `out` is to be freed by config_scan_fini() either way. */
int config_scan(struct config_scan *out, struct errs *e, const char *name, const char *text);
void config_scan_fini(struct config_scan *s);

#endif
