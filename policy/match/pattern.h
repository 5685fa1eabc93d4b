/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"

/*
 * A text with wildcards, matched whole: '*' stands for any bytes, none too, '?' for one; "\*",
 * "\?" and "\\" for themselves. Made once, in the arena, and then only read.
 *
 * Matching simulates all ways at once, one bit each (Baeza-Yates, Gonnet: A new approach to
 * text searching, 1992): a few operations per byte of text, whatever the pattern.
 */
struct pattern {
	const uint8_t *class;	/* of each byte value; 0: no literal of the pattern */
	const uint64_t *mask;	/* per class `words`: bit i = byte i - 1 of the pattern takes it */
	const uint64_t *loop;	/* `words`: bit i = a '*' stands behind byte i - 1 */
	uint32_t line;		/* of the config */
	uint16_t n;		/* bytes and '?', without '*' */
	uint8_t words;
	bool open;		/* ends in '*' */
};

enum { PATTERN_MAX = 255 }; /* bytes and '?' */

/* What is wrong with a pattern, or NULL. */
const char *pattern_why(const char *text);
/* `text` is a good one. fold: letters match in either case. -ENOMEM: the arena is full. */
int pattern_make(struct pattern *p, struct arena *a, const char *text, bool fold);
/* cut: the text goes on beyond `len`; then only a pattern that ends in '*' can match. */
bool pattern_match(const struct pattern *p, const char *text, size_t len, bool cut);

#endif
