/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/siphash.h"

static uint64_t le64(struct slice s)
{
	struct cur c = cur_of(s);
	uint64_t v = 0;

	for (unsigned int shift = 0; cur_left(&c) && shift < 64; shift += 8)
		v |= (uint64_t)cur_u8(&c) << shift;
	return v;
}

static uint64_t rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], int n)
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

uint64_t siphash(const uint8_t key[16], struct slice in)
{
	uint64_t k0 = le64((struct slice){ key, 8 }), k1 = le64((struct slice){ key + 8, 8 });
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
			  k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL };
	struct cur c = cur_of(in);
	uint64_t m;

	while (cur_left(&c) >= 8) {
		m = le64(cur_take(&c, 8));
		v[3] ^= m;
		rounds(v, 2);
		v[0] ^= m;
	}
	m = le64(cur_rest(&c)) | (uint64_t)in.n << 56;
	v[3] ^= m;
	rounds(v, 2);
	v[0] ^= m;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
