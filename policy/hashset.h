/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HASHSET_H
#define HASHSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"

/*
 * A set of byte strings, each with the line it came from, made once and then only read.
 * Keyed (SipHash), so that a list written by an enemy cannot make long runs of collisions.
 * Costs key + 10 bytes each, 4 more where lengths differ.
 */
struct hashset {
	const uint32_t *slot;	/* index + 1 of an entry below 8 bits of its hash; 0 = free */
	const uint8_t *keys;
	const uint32_t *end;	/* where each key ends; NULL: all are `len` bytes */
	const uint32_t *line;
	uint32_t slots, n, len;
	uint64_t seed[2];
};

enum { HASHSET_MAX = (1 << 24) - 2 };

/* Entries on the heap, until all are known. */
struct hashset_build {
	uint8_t *keys;
	uint32_t *end, *line;
	size_t used, keys_room, n, room;
	uint32_t len;
};

void hashset_build_init(struct hashset_build *b, uint32_t len); /* len 0: lengths differ */
void hashset_build_fini(struct hashset_build *b);
/* 0, -EINVAL (wrong length), -E2BIG (HASHSET_MAX or 4 GiB of keys), -ENOMEM. */
int hashset_add(struct hashset_build *b, const void *key, size_t len, uint32_t line);

/*
 * Copies the entries into the arena; of equal keys the one added first stays. 0 or -ENOMEM
 * (heap, or the arena is full). `b` is used up, and still wants hashset_build_fini().
 */
int hashset_make(struct hashset *s, struct arena *a, struct hashset_build *b,
		 const uint64_t seed[2]);

/* *line is written only when the key is found. A zeroed set is empty. */
bool hashset_find(const struct hashset *s, uint32_t *line, const void *key, size_t len);

#endif
