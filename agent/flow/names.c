/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/names.h"

#include <string.h>

#include "agent/flow/siphash.h"

enum { WAYS = 4, READ_TRIES = 3, HOST_SHARE = 8, TEXT = 256 };

struct name {
	uint64_t hash; /* 0 = none */
	uint64_t seen;
	uint32_t until;	/* seconds; 0 = not from DNS */
	uint32_t allowed;
};

struct entry {
	uint32_t seq;	/* odd while it is being written */
	uint32_t used;
	uint8_t addr[16];
	uint64_t seen;
	uint32_t until;	/* seconds: the last answer that names it; 0 = none */
	uint32_t text;	/* 1 + its place among the texts; 0 = none yet */
	struct name name[NAMES_PER_ADDR];
};

struct host {
	uint32_t seq;
	uint32_t used;
	uint8_t addr[16];
	uint64_t seen;
};

/* First byte: length. Handed out one after another, so that few pages are touched. */
struct text {
	uint8_t bytes[TEXT];
};

/* Behind it: entries, WAYS of each bucket; hosts, likewise; a text for each entry. */
struct names_table {
	_Alignas(8) struct names self; /* of who called names_init() */
	uint32_t version;
	uint32_t buckets;  /* a power of two */
	uint32_t texts;	   /* given out */
	uint32_t zero;
	uint8_t key[16];
};

enum { VERSION = sizeof(struct entry) << 8 | 2 };

static uint32_t buckets_for(uint32_t addresses)
{
	uint32_t n = 1;

	while (n < addresses / WAYS && n < 1u << 24)
		n *= 2;
	return n;
}

static uint32_t hosts_for(uint32_t buckets)
{
	return buckets > HOST_SHARE ? buckets / HOST_SHARE : 1;
}

static size_t entries(const struct names *n)
{
	return (size_t)n->buckets * WAYS;
}

static struct entry *entry_at(const struct names *n, size_t i)
{
	return (struct entry *)(void *)(n->table + 1) + i;
}

static struct host *host_at(const struct names *n, size_t i)
{
	return (struct host *)(void *)entry_at(n, entries(n)) + i;
}

static struct text *text_at(const struct names *n, size_t i)
{
	return (struct text *)(void *)host_at(n, (size_t)n->hosts * WAYS) + i;
}

size_t names_size(uint32_t addresses)
{
	uint32_t buckets = buckets_for(addresses);

	return sizeof(struct names_table) +
	       (size_t)buckets * WAYS * (sizeof(struct entry) + sizeof(struct text)) +
	       (size_t)hosts_for(buckets) * WAYS * sizeof(struct host);
}

void names_view(struct names *n, void *mem, uint32_t addresses, const uint8_t key[16])
{
	n->table = mem;
	n->buckets = buckets_for(addresses);
	n->hosts = hosts_for(n->buckets);
	memcpy(n->key, key, sizeof n->key);
}

struct names *names_init(void *mem, uint32_t addresses, const uint8_t key[16])
{
	struct names_table *t = mem;

	if (t->buckets != buckets_for(addresses) || t->version != VERSION ||
	    memcmp(t->key, key, sizeof t->key) != 0) {
		if (t->version) /* else it is zeroed, and its pages need not be touched */
			memset(mem, 0, names_size(addresses));
		memcpy(t->key, key, sizeof t->key);
		t->version = VERSION;
		t->buckets = buckets_for(addresses);
	}
	names_view(&t->self, mem, addresses, key);
	return &t->self;
}

static uint64_t hash_name(const struct names *n, const char *name, size_t len)
{
	uint64_t h = siphash(n->key, (struct slice){ (const uint8_t *)name, len });

	return h ? h : 1;
}

static size_t bucket(const struct names *n, const uint8_t addr[16], uint32_t buckets)
{
	return (size_t)(siphash(n->key, (struct slice){ addr, 16 }) & (buckets - 1)) * WAYS;
}

static struct entry *place(struct names *n, const uint8_t addr[16])
{
	struct entry *e = entry_at(n, bucket(n, addr, n->buckets)), *best = e;

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

/* Odd from here on, even if the former writer died between these two. */
static void write_begin(uint32_t *seq)
{
	__atomic_store_n(seq, *seq | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void write_end(uint32_t *seq)
{
	__atomic_store_n(seq, *seq + 1, __ATOMIC_RELEASE);
}

static void put_text(struct names *n, struct entry *e, const char *name, size_t len)
{
	struct text *to;

	if (e->text > entries(n))
		e->text = 0;
	if (!e->text && n->table->texts < entries(n))
		e->text = ++n->table->texts;
	if (!e->text || len > NAMES_TEXT_MAX)
		return;
	to = text_at(n, e->text - 1);
	to->bytes[0] = (uint8_t)len;
	memcpy(to->bytes + 1, name, len);
}

static struct entry *begin(struct names *n, const uint8_t addr[16], const struct name *new)
{
	struct entry *e = place(n, addr);

	write_begin(&e->seq);
	if (!e->used || memcmp(e->addr, addr, 16) != 0) {
		memset(e->name, 0, sizeof e->name);
		memcpy(e->addr, addr, 16);
		e->used = 1;
		e->until = 0;
	}
	put_name(e, new);
	e->seen = new->seen;
	return e;
}

void names_add(struct names *n, const uint8_t addr[16], const char *name, size_t len,
	       bool allowed, uint64_t now)
{
	struct name new = { hash_name(n, name, len), now, 0, allowed };

	write_end(&begin(n, addr, &new)->seq);
}

void names_add_dns(struct names *n, const uint8_t addr[16], const char *name, size_t len,
		   bool allowed, uint32_t ttl, uint64_t now)
{
	struct name new = { hash_name(n, name, len), now, 0, allowed };
	struct entry *e;

	if (ttl < NAMES_TTL_MIN)
		ttl = NAMES_TTL_MIN;
	ttl = ttl < NAMES_TTL_MAX - NAMES_GRACE ? ttl + NAMES_GRACE : NAMES_TTL_MAX;
	new.until = (uint32_t)(now / 1000) + ttl;
	e = begin(n, addr, &new);
	if (e->until < new.until)
		e->until = new.until;
	put_text(n, e, name, len);
	write_end(&e->seq);
}

void names_add_host(struct names *n, const uint8_t addr[16], uint64_t now)
{
	struct host *h = host_at(n, bucket(n, addr, n->hosts)), *at = h;

	for (struct host *i = h; i < h + WAYS; i++) {
		if (i->used && memcmp(i->addr, addr, 16) == 0) {
			at = i;
			break;
		}
		if (at->used && (!i->used || i->seen < at->seen))
			at = i;
	}
	write_begin(&at->seq);
	memcpy(at->addr, addr, 16);
	at->used = 1;
	at->seen = now;
	write_end(&at->seq);
}

/* A copy as it stood at one moment; false if its writer never let go. `text`: also, or NULL. */
static bool read_entry(struct entry *out, struct text *text, const struct names *n,
		       const struct entry *e)
{
	for (int i = 0; i < READ_TRIES; i++) {
		uint32_t seq = __atomic_load_n(&e->seq, __ATOMIC_ACQUIRE);

		memcpy(out, e, sizeof *out);
		if (text)
			text->bytes[0] = 0;
		if (text && out->text && out->text <= entries(n))
			memcpy(text, text_at(n, out->text - 1), sizeof *text);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!(seq & 1) && __atomic_load_n(&e->seq, __ATOMIC_RELAXED) == seq)
			return true;
	}
	return false;
}

/* The entry of an address; false if there is none. */
static bool look_up(struct entry *out, struct text *text, const struct names *n,
		    const uint8_t addr[16])
{
	const struct entry *way = entry_at(n, bucket(n, addr, n->buckets));

	for (const struct entry *w = way; w < way + WAYS; w++)
		if (memcmp(w->addr, addr, 16) == 0 && read_entry(out, text, n, w) && out->used &&
		    memcmp(out->addr, addr, 16) == 0)
			return true;
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

static bool holds(const struct name *n, uint64_t now, uint64_t age)
{
	if (!n->hash)
		return false;
	return n->until ? n->until >= now / 1000 : n->seen + age >= now;
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
		if (!look_up(&e, NULL, tables[i], addr))
			continue;
		for (int k = 0; k < NAMES_PER_ADDR; k++) {
			if (!holds(&e.name[k], now, age))
				continue;
			count_one(&c, e.name[k].hash);
			*allowed |= e.name[k].allowed != 0;
		}
	}
	return c.n;
}

bool names_resolved(struct names *const *tables, size_t n, char *name, uint8_t *len,
		    const uint8_t addr[16], uint64_t now)
{
	uint64_t newest = 0;
	bool found = false;
	struct entry e;
	struct text t;

	*len = 0;
	for (size_t i = 0; i < n; i++) {
		if (!look_up(&e, &t, tables[i], addr) || !e.until || e.until < now / 1000)
			continue;
		if (found && e.seen <= newest)
			continue;
		found = true;
		newest = e.seen;
		*len = t.bytes[0];
		memcpy(name, t.bytes + 1, t.bytes[0]);
	}
	return found;
}

bool names_host_seen(struct names *const *tables, size_t n, const uint8_t addr[16], uint64_t now,
		     uint64_t age)
{
	for (size_t i = 0; i < n; i++) {
		const struct host *way = host_at(tables[i], bucket(tables[i], addr, tables[i]->hosts));

		/* one torn reading does no harm: a moment of this host or of another */
		for (const struct host *h = way; h < way + WAYS; h++)
			if (h->used && memcmp(h->addr, addr, 16) == 0 && h->seen + age >= now)
				return true;
	}
	return false;
}
