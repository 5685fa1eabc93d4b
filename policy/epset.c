/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/epset.h"

#include <string.h>

enum { MAPPED = 12, KEY6 = 18, KEY4 = KEY6 - MAPPED };

/* Address and port in network byte order; IPv4 is the tail of it. */
static bool key_of(uint8_t key[KEY6], const uint8_t addr[16], uint16_t port)
{
	static const uint8_t mapped[MAPPED] = { [10] = 0xff, [11] = 0xff };

	memcpy(key, addr, 16);
	key[16] = (uint8_t)(port >> 8);
	key[17] = (uint8_t)port;
	return memcmp(addr, mapped, MAPPED) == 0;
}

void epset_build_init(struct epset_build *b)
{
	hashset_build_init(&b->v4, KEY4);
	hashset_build_init(&b->v6, KEY6);
}

void epset_build_fini(struct epset_build *b)
{
	hashset_build_fini(&b->v4);
	hashset_build_fini(&b->v6);
}

int epset_add(struct epset_build *b, const uint8_t addr[16], uint16_t port, uint32_t line)
{
	uint8_t key[KEY6];

	if (key_of(key, addr, port))
		return hashset_add(&b->v4, key + MAPPED, KEY4, line);
	return hashset_add(&b->v6, key, KEY6, line);
}

int epset_make(struct epset *s, struct arena *a, struct epset_build *b, const uint64_t seed[2])
{
	int err = hashset_make(&s->v4, a, &b->v4, seed);

	return err ? err : hashset_make(&s->v6, a, &b->v6, seed);
}

bool epset_find(const struct epset *s, uint32_t *line, const uint8_t addr[16], uint16_t port)
{
	uint8_t key[KEY6];

	if (key_of(key, addr, port))
		return hashset_find(&s->v4, line, key + MAPPED, KEY4);
	return hashset_find(&s->v6, line, key, KEY6);
}
