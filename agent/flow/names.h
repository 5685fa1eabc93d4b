/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which names an address is known for. One table per worker, in shared memory: its worker
 * alone writes, all read (an entry that is being written is skipped by its sequence number).
 * Memory comes from the caller (zeroed = empty, aligned to 8), position-independent, bounded: the
 * oldest entry of a bucket gives way, and the oldest name of an address. Names are kept as 64-bit
 * keyed hashes, so tables that are read together must have one key; addresses 16 bytes,
 * v4-mapped, network byte order. `now` in milliseconds.
 */
enum { NAMES_PER_ADDR = 8, NAMES_COUNT_MAX = 64 };

struct names;

size_t names_size(uint32_t addresses);			/* bytes for that many */
/*
 * Begins a table, or takes over one that is there with the same size and key (a worker was
 * replaced): then what it knows stays. A table that does not fit is emptied.
 */
struct names *names_init(void *mem, uint32_t addresses, const uint8_t key[16]);
/* `allowed` says that an allow rule matched the name; the last word on a name holds. */
void names_add(struct names *n, const uint8_t addr[16], const char *name, size_t len,
	       bool allowed, uint64_t now);
/*
 * Over all tables: how many different names within the last `age` ms, `name` counted too if it is
 * not among them (len 0: no name); counting stops at NAMES_COUNT_MAX. *allowed: one of them was
 * allowed by name.
 */
unsigned int names_count(struct names *const *tables, size_t n, bool *allowed,
			 const uint8_t addr[16], const char *name, size_t len, uint64_t now,
			 uint64_t age);

#endif
