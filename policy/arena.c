/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/arena.h"

#include <string.h>

enum { ALIGN = 16 };

void arena_init(struct arena *a, void *base, size_t size)
{
	a->base = base;
	a->size = size;
	a->used = 0;
	a->full = 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t off = (size_t)(-((uintptr_t)a->base + a->used) & (ALIGN - 1));
	uint8_t *p;

	if (a->full || off > a->size - a->used || n > a->size - a->used - off) {
		a->full = 1;
		return NULL;
	}
	p = a->base + a->used + off;
	a->used += off + n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t each)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, each, &bytes)) {
		a->full = 1;
		return NULL;
	}
	return arena_alloc(a, bytes);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = arena_alloc(a, n);

	return p ? memcpy(p, s, n) : NULL;
}
