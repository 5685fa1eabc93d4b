/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which names an address is known for, what clients have said or DNS has answered; and which hosts
 * ask by DNS where it can be seen. One table per worker, in shared memory: its worker alone writes,
 * all read (an entry that is being written is skipped by its sequence number).
 * Memory comes from the caller (zeroed = empty, aligned to 8), bounded: the oldest entry of a
 * bucket gives way, and the oldest name of an address; pages are touched as they are needed. Names
 * are kept as 64-bit keyed hashes, so tables that are read together must have one key; the newest
 * name that DNS gave an address is kept as text. Addresses 16 bytes, v4-mapped, network byte
 * order. `now` in milliseconds of a clock that all writers share.
 */
enum { NAMES_PER_ADDR = 8, NAMES_COUNT_MAX = 64, NAMES_TEXT_MAX = 255 };

/* An answer is believed for its TTL or NAMES_TTL_MIN, and NAMES_GRACE; all seconds. */
enum { NAMES_TTL_MIN = 600, NAMES_GRACE = 3600, NAMES_TTL_MAX = 86400 };

struct names_table;

/*
 * How a process sees a table. Size and key are the process's own: what stands in shared memory is
 * never believed, since whoever writes there may have been taken over.
 */
struct names {
	struct names_table *table;
	uint32_t buckets, hosts;
	uint8_t key[16];
};

size_t names_size(uint32_t addresses);			/* bytes for that many */
/*
 * Begins a table, or takes over one that is there with the same size and key: then what it knows
 * stays. A table that does not fit is emptied. The result lies in `mem`, for one process alone.
 */
struct names *names_init(void *mem, uint32_t addresses, const uint8_t key[16]);
/* Another process's own view of a table that was begun with the same size and key. */
void names_view(struct names *n, void *mem, uint32_t addresses, const uint8_t key[16]);

/* `allowed` says that an allow rule matched the name; the last word on a name holds. */
void names_add(struct names *n, const uint8_t addr[16], const char *name, size_t len,
	       bool allowed, uint64_t now);
/* The same from a DNS answer, for `ttl` seconds within the limits above. */
void names_add_dns(struct names *n, const uint8_t addr[16], const char *name, size_t len,
		   bool allowed, uint32_t ttl, uint64_t now);
/* A host has been answered by DNS. */
void names_add_host(struct names *n, const uint8_t addr[16], uint64_t now);

/*
 * Over all tables: how many different names within the last `age` ms (those of DNS: until they
 * run out), `name` counted too if it is not among them (len 0: no name); counting stops at
 * NAMES_COUNT_MAX. *allowed: one of them was allowed by name.
 */
unsigned int names_count(struct names *const *tables, size_t n, bool *allowed,
			 const uint8_t addr[16], const char *name, size_t len, uint64_t now,
			 uint64_t age);
/*
 * Over all tables: did DNS give this address to anybody inside, and does that still hold? `name`:
 * NAMES_TEXT_MAX bytes for the newest name; *len 0: not kept.
 */
bool names_resolved(struct names *const *tables, size_t n, char *name, uint8_t *len,
		    const uint8_t addr[16], uint64_t now);
/* Over all tables: was this host answered by DNS within the last `age` ms? */
bool names_host_seen(struct names *const *tables, size_t n, const uint8_t addr[16], uint64_t now,
		     uint64_t age);

#endif
