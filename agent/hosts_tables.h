/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOSTS_TABLES_H
#define HOSTS_TABLES_H

#include <net/if.h>
#include <string.h>

#include "agent/hosts.h"

/* What hosts.c and hosts_read.c share: the kernel's tables as told. */
enum { HOSTS_NAMED = 64, HOSTS_SERVERS = 16, HOSTS_BUF = 65536, HOSTS_PARTS = 3 };

/* `seen` is the round of the dump that told of it last; what a round does not tell of is gone. */
struct link {
	uint32_t index, flags, seen;
	char name[IF_NAMESIZE];
};

struct addr {
	uint8_t own[16], net[16]; /* net: the peer's on a point-to-point link */
	uint32_t index, seen;
	uint8_t bits;		  /* of the v4-mapped form: 96..128 for IPv4 */
};

struct route {
	uint8_t dst[16], via[16]; /* via: zero = none */
	uint32_t index, seen, table, metric;
	uint8_t bits, tos;	  /* bits as above */
};

#define HOSTS_ARRAY(type)    \
	struct {             \
		type *v;     \
		size_t n, cap; \
	}

struct ranges {
	struct nft_range *v;
	size_t n, cap;
};

struct hosts {
	HOSTS_ARRAY(struct link) links;
	HOSTS_ARRAY(struct addr) addrs;
	HOSTS_ARRAY(struct route) routes;
	uint32_t round, seq;
	size_t part;		/* of the dump under way; HOSTS_PARTS: none */
	bool ready, overflow;
	bool interrupted;	/* the dump under way is not consistent: another must follow */
	bool busy;		/* the kernel still answers a dump of our predecessor */
	bool dirty;		/* tables changed since inside and prot were made */

	bool automatic;
	char named[HOSTS_NAMED][IF_NAMESIZE]; /* interfaces of the config */
	size_t n_named;
	struct ranges given;  /* nets of the config's `inside` */
	struct ranges spared; /* allow, never_block */
	const char *const *files;
	uint8_t servers[HOSTS_SERVERS][16];
	size_t n_servers;

	struct ranges inside;
	struct ranges prot;
	char buf[HOSTS_BUF] __attribute__((aligned(8)));
};

/* `v` with room for more than `n`, unless that would be more than `max` or there is no memory. */
void *hosts_grow(void *v, size_t n, size_t *cap, size_t each, size_t max);

/* A place for one more element of array `a`, or NULL. */
#define HOSTS_ADD(h, a, max)                                                               \
	((a)->v = hosts_grow((a)->v, (a)->n, &(a)->cap, sizeof(*(a)->v), (max)),           \
	 (a)->n < (a)->cap ? &(a)->v[(a)->n++] : ((h)->overflow = true, NULL))

static inline void hosts_v4(uint8_t out[16], const void *v4)
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, v4, 4);
}

static inline bool hosts_is_v4(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(a, mapped, sizeof(mapped));
}

/* A prefix of at most /1 or /3 takes all or half of the Internet: a way out. */
static inline bool hosts_is_default(const struct route *r)
{
	return hosts_is_v4(r->dst) ? r->bits <= 96 + 1 : r->bits <= 3;
}

struct link *hosts_link(const struct hosts *h, uint32_t index);
/* All messages of a buffer into the tables; HOSTS_NEXT and HOSTS_RESYNC. */
int hosts_messages(struct hosts *h, const void *buf, size_t len);

#endif
