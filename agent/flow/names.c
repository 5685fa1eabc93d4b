/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/names.h"

#include <string.h>

#include "agent/flow/siphash.h"

enum { WAYS = 4, READ_TRIES = 3 };

struct name {
	uint64_t hash; /* 0 = none */
	uint64_t seen;
	uint64_t allowed;
};

struct entry {
	uint32_t seq; /* odd while it is being written */
	uint32_t used;
	uint8_t addr[16];
	uint64_t seen;
	struct name name[NAMES_PER_ADDR];
};

struct names {
	uint32_t buckets; /* a power of two; 0 = never begun */
	uint32_t version;
	uint8_t key[16];
	struct entry entry[]; /* WAYS of each bucket */
};

enum { VERSION = sizeof(struct entry) << 8 | 1 };

static uint32_t buckets_for(uint32_t addresses)
{
	uint32_t n = 1;

	while (n < addresses / WAYS && n < 1u << 24)
		n *= 2;
	return n;
}

size_t names_size(uint32_t addresses)
{
	return sizeof(struct names) +
	       (size_t)buckets_for(addresses) * WAYS * sizeof(struct entry);
}

struct names *names_init(void *mem, uint32_t addresses, const uint8_t key[16])
{
	struct names *n = mem;
	size_t size = names_size(addresses);

	if (n->buckets != buckets_for(addresses) || n->version != VERSION ||
	    memcmp(n->key, key, sizeof n->key) != 0) {
		if (n->version) /* else it is zeroed, and its pages need not be touched */
			memset(mem, 0, size);
		memcpy(n->key, key, sizeof n->key);
		n->version = VERSION;
		n->buckets = buckets_for(addresses);
		return n;
	}
	/* the former writer may have died in the middle of an entry */
	for (size_t i = 0; i < (size_t)n->buckets * WAYS; i++)
		if (n->entry[i].seq & 1)
			n->entry[i] = (struct entry){ .used = 0 };
	return n;
}

static uint64_t hash_name(const struct names *n, const char *name, size_t len)
{
	uint64_t h = siphash(n->key, (struct slice){ (const uint8_t *)name, len });

	return h ? h : 1;
}

static size_t bucket(const struct names *n, const uint8_t addr[16])
{
	return (size_t)(siphash(n->key, (struct slice){ addr, 16 }) & (n->buckets - 1)) * WAYS;
}

static struct entry *place(struct names *n, const uint8_t addr[16])
{
	struct entry *e = &n->entry[bucket(n, addr)], *best = e;

	for (struct entry *i = e; i < e + WAYS; i++) {
		if (i->used && memcmp(i->addr, addr, 16) == 0)
			return i;
		if (!best->used)
			continue;
		if (!i->used || i->seen < best->seen)
			best = i;
	}
	return best;
}

static void put_name(struct entry *e, const struct name *new)
{
	struct name *at = e->name;

	for (struct name *i = e->name; i < e->name + NAMES_PER_ADDR; i++) {
		if (i->hash == new->hash) {
			at = i;
			break;
		}
		if (!i->hash ? at->hash != 0 : (at->hash && i->seen < at->seen))
			at = i;
	}
	*at = *new;
}

void names_add(struct names *n, const uint8_t addr[16], const char *name, size_t len,
	       bool allowed, uint64_t now)
{
	struct name new = { hash_name(n, name, len), now, allowed };
	struct entry *e = place(n, addr);
	uint32_t seq = e->seq;

	__atomic_store_n(&e->seq, seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!e->used || memcmp(e->addr, addr, 16) != 0) {
		memset(e->name, 0, sizeof e->name);
		memcpy(e->addr, addr, 16);
		e->used = 1;
	}
	put_name(e, &new);
	e->seen = now;
	__atomic_store_n(&e->seq, seq + 2, __ATOMIC_RELEASE);
}

/* A copy of the entry as it stood at one moment; false if its writer never let go. */
static bool read_entry(struct entry *out, const struct entry *e)
{
	for (int i = 0; i < READ_TRIES; i++) {
		uint32_t seq = __atomic_load_n(&e->seq, __ATOMIC_ACQUIRE);

		memcpy(out, e, sizeof *out);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!(seq & 1) && __atomic_load_n(&e->seq, __ATOMIC_RELAXED) == seq)
			return true;
	}
	return false;
}

struct count {
	uint64_t seen[NAMES_COUNT_MAX];
	unsigned int n;
};

static void count_one(struct count *c, uint64_t hash)
{
	for (unsigned int i = 0; i < c->n; i++)
		if (c->seen[i] == hash)
			return;
	if (c->n < NAMES_COUNT_MAX)
		c->seen[c->n++] = hash;
}

unsigned int names_count(struct names *const *tables, size_t n, bool *allowed,
			 const uint8_t addr[16], const char *name, size_t len, uint64_t now,
			 uint64_t age)
{
	struct count c = { .n = 0 };
	struct entry e;

	*allowed = false;
	if (len && n)
		count_one(&c, hash_name(tables[0], name, len));
	for (size_t i = 0; i < n; i++) {
		const struct entry *way = &tables[i]->entry[bucket(tables[i], addr)];

		for (const struct entry *w = way; w < way + WAYS; w++) {
			if (!read_entry(&e, w) || !e.used || memcmp(e.addr, addr, 16) != 0)
				continue;
			for (int k = 0; k < NAMES_PER_ADDR; k++) {
				if (!e.name[k].hash || e.name[k].seen + age < now)
					continue;
				count_one(&c, e.name[k].hash);
				*allowed |= e.name[k].allowed != 0;
			}
		}
	}
	return c.n;
}
