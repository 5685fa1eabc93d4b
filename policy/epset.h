/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EPSET_H
#define EPSET_H

#include "policy/hashset.h"

/* A set of endpoints, address and port. IPv4 is kept short: 16 bytes each instead of 28. */
struct epset {
	struct hashset v4, v6;
};

struct epset_build {
	struct hashset_build v4, v6;
};

/* Errors and ownership as in hashset.h. Addresses: 16 bytes, IPv4 v4-mapped. */
void epset_build_init(struct epset_build *b);
void epset_build_fini(struct epset_build *b);
int epset_add(struct epset_build *b, const uint8_t addr[16], uint16_t port, uint32_t line);
int epset_make(struct epset *s, struct arena *a, struct epset_build *b, const uint64_t seed[2]);
bool epset_find(const struct epset *s, uint32_t *line, const uint8_t addr[16], uint16_t port);

#endif
