/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bump allocator over memory that the caller owns and frees whole: a policy image.
 * Sticky: once it is full every later arena_alloc() gives NULL and `full` stays set,
 * so a compiler may test it once at the end.
 */
struct arena {
	uint8_t *base;
	size_t size, used;
	int full;
};

void arena_init(struct arena *a, void *base, size_t size);
/* Zeroed, aligned to 16 bytes; NULL when full. n = 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t n, size_t each); /* overflow-checked */
char *arena_strdup(struct arena *a, const char *s);

#endif
