/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ADDRSET_H
#define ADDRSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"

/*
 * A set of address ranges, each with the line it came from, made once and then only read.
 * Ranges are cut into sorted pieces that do not overlap. Where ranges overlap, the one that
 * begins last owns the address (for nets: the narrowest); of equal ranges the first line.
 * An IPv4 piece costs 12 bytes; an IPv6 piece that is a net costs 24, any other 40.
 */
struct addr_num { /* an IPv6 address as a number, host byte order */
	uint64_t hi, lo;
};

struct addrset {
	const uint32_t *lo4, *hi4, *line4;
	const struct addr_num *lo6;
	const uint32_t *len6; /* prefix length of the piece; above 128: 129 + index into hi6 */
	const uint32_t *line6;
	const struct addr_num *hi6;
	uint32_t n4, n6;
};

enum { ADDRSET_MAX = 1 << 24 };

/* Ranges on the heap, until all are known. */
struct addrset_half {
	void *range;
	size_t n, room;
	bool v6;
};

struct addrset_build {
	struct addrset_half v4, v6;
};

void addrset_build_init(struct addrset_build *b);
void addrset_build_fini(struct addrset_build *b);
/*
 * The range lo..hi, both included; 16 bytes each, network byte order, IPv4 v4-mapped.
 * 0, -EINVAL (it ends before it begins), -E2BIG (ADDRSET_MAX of one family), -ENOMEM.
 */
int addrset_add(struct addrset_build *b, const uint8_t lo[16], const uint8_t hi[16],
		uint32_t line);

/* 0 or -ENOMEM (heap, or the arena is full). O(n log n). `b` still wants addrset_build_fini(). */
int addrset_make(struct addrset *s, struct arena *a, struct addrset_build *b);

/* *line is written only when the address is found. A zeroed set is empty. */
bool addrset_find(const struct addrset *s, uint32_t *line, const uint8_t addr[16]);
/* Any address of lo..hi; both of one family. *line: of the last piece that meets it. */
bool addrset_meets(const struct addrset *s, uint32_t *line, const uint8_t lo[16],
		   const uint8_t hi[16]);

#endif
