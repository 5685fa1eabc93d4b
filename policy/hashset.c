/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/hashset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_BITS = 24, INDEX_MASK = (1 << INDEX_BITS) - 1 };

static uint64_t le64(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static uint64_t rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static void sip_rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] = rotl(v[2], 32);
	}
}

/* SipHash-1-3 (Aumasson, Bernstein 2012; fewer rounds suffice for tables). */
static uint64_t hash(const uint64_t seed[2], const uint8_t *p, size_t n)
{
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575ULL, seed[1] ^ 0x646f72616e646f6dULL,
			  seed[0] ^ 0x6c7967656e657261ULL, seed[1] ^ 0x7465646279746573ULL };
	uint64_t m = (uint64_t)n << 56;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t w = le64(p, 8);

		v[3] ^= w;
		sip_rounds(v, 1);
		v[0] ^= w;
	}
	m |= le64(p, n);
	v[3] ^= m;
	sip_rounds(v, 1);
	v[0] ^= m;
	v[2] ^= 0xff;
	sip_rounds(v, 3);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void hashset_build_init(struct hashset_build *b, uint32_t len)
{
	memset(b, 0, sizeof *b);
	b->len = len;
}

void hashset_build_fini(struct hashset_build *b)
{
	free(b->keys);
	free(b->end);
	free(b->line);
	hashset_build_init(b, b->len);
}

/* The array with room for `want` and more; NULL: no memory, the old one is as it was. */
static void *grown(void *p, size_t *room, size_t want, size_t each)
{
	size_t n = *room ? *room : 64;

	while (n < want)
		n += n / 2;
	p = realloc(p, n * each);
	if (p)
		*room = n;
	return p;
}

static int make_room(struct hashset_build *b, size_t len)
{
	size_t lines = b->room, ends = b->room;
	void *p;

	if (b->used + len > b->keys_room) {
		p = grown(b->keys, &b->keys_room, b->used + len, 1);
		if (!p)
			return -ENOMEM;
		b->keys = p;
	}
	if (b->n < b->room)
		return 0;
	p = grown(b->line, &lines, b->n + 1, sizeof *b->line);
	if (!p)
		return -ENOMEM;
	b->line = p;
	if (!b->len) {
		p = grown(b->end, &ends, b->n + 1, sizeof *b->end);
		if (!p)
			return -ENOMEM;
		b->end = p;
	}
	b->room = lines;
	return 0;
}

int hashset_add(struct hashset_build *b, const void *key, size_t len, uint32_t line)
{
	if (b->len && len != b->len)
		return -EINVAL;
	if (b->n >= HASHSET_MAX || len > UINT32_MAX - b->used)
		return -E2BIG;
	if (make_room(b, len))
		return -ENOMEM;
	if (len)
		memcpy(b->keys + b->used, key, len);
	b->used += len;
	if (!b->len)
		b->end[b->n] = (uint32_t)b->used;
	b->line[b->n++] = line;
	return 0;
}

static const uint8_t *key_at(const struct hashset *s, uint32_t i, size_t *len)
{
	size_t from = s->end ? (i ? s->end[i - 1] : 0) : (size_t)i * s->len;

	*len = s->end ? s->end[i] - from : s->len;
	return s->keys + from;
}

/* The slot where the key is, or the free one where it would go. At least one is free. */
static uint32_t probe(const struct hashset *s, uint32_t *tag, const uint8_t *key, size_t len)
{
	uint64_t h = hash(s->seed, key, len);
	uint32_t at = (uint32_t)((h >> 32) * s->slots >> 32);

	*tag = (uint32_t)h << INDEX_BITS;
	for (; s->slot[at]; at = at + 1 == s->slots ? 0 : at + 1) {
		const uint8_t *k;
		size_t n;

		if ((s->slot[at] ^ *tag) >> INDEX_BITS)
			continue;
		k = key_at(s, (s->slot[at] & INDEX_MASK) - 1, &n);
		if (n == len && memcmp(k, key, n) == 0)
			break;
	}
	return at;
}

int hashset_make(struct hashset *s, struct arena *a, struct hashset_build *b,
		 const uint64_t seed[2])
{
	size_t slots = b->n + b->n / 2 + 1, kept = 0, bytes = 0, from = 0;
	uint32_t *slot, *line, *end = NULL;
	uint8_t *keys;

	memset(s, 0, sizeof *s);
	if (b->n == 0)
		return 0;
	slot = arena_array(a, slots, sizeof *slot);
	if (!slot)
		return -ENOMEM;
	*s = (struct hashset){ .slot = slot, .keys = b->keys, .end = b->end, .len = b->len,
			       .slots = (uint32_t)slots, .seed = { seed[0], seed[1] } };
	for (size_t i = 0; i < b->n; i++) { /* later copies fall out, the rest moves up */
		size_t to = b->len ? from + b->len : b->end[i], n = to - from;
		uint32_t tag, at = probe(s, &tag, b->keys + from, n);

		if (!slot[at]) {
			memmove(b->keys + bytes, b->keys + from, n);
			bytes += n;
			b->line[kept] = b->line[i];
			if (b->end)
				b->end[kept] = (uint32_t)bytes;
			slot[at] = tag | (uint32_t)++kept;
		}
		from = to;
	}
	keys = arena_array(a, bytes, 1);
	line = arena_array(a, kept, sizeof *line);
	if (b->end)
		end = arena_array(a, kept, sizeof *end);
	if (!keys || !line || (b->end && !end)) {
		memset(s, 0, sizeof *s);
		return -ENOMEM;
	}
	memcpy(keys, b->keys, bytes);
	memcpy(line, b->line, kept * sizeof *line);
	if (end)
		memcpy(end, b->end, kept * sizeof *end);
	s->keys = keys;
	s->line = line;
	s->end = end;
	s->n = (uint32_t)kept;
	return 0;
}

bool hashset_find(const struct hashset *s, uint32_t *line, const void *key, size_t len)
{
	uint32_t tag, at;

	if (!s->n)
		return false;
	at = probe(s, &tag, key, len);
	if (!s->slot[at])
		return false;
	*line = s->line[(s->slot[at] & INDEX_MASK) - 1];
	return true;
}
