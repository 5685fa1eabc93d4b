/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

/*
 * WireGuard messages (WireGuard whitepaper, section 5.4; include file messages.h of the Linux
 * module): a type, three zero bytes, and little-endian fields. A flow begins with a handshake
 * initiation; after a restart of the gateway it may be picked up with any of the others. Lengths
 * are exact, and what must be random has to look so, since four bytes of magic prove little.
 */
enum {
	INITIATION = 1,
	RESPONSE = 2,
	COOKIE = 3,
	DATA = 4,
	INITIATION_LEN = 148, /* sender, ephemeral, static, timestamp, mac1; mac2 of 16 */
	RESPONSE_LEN = 92,    /* sender, receiver, ephemeral, empty, mac1; mac2 of 16 */
	COOKIE_LEN = 64,
	DATA_MIN = 48,	      /* a packet inside; the 32 of a keepalive prove too little */
	MAC2_LEN = 16,
};

static unsigned int bits(uint8_t b)
{
	return (unsigned int)__builtin_popcount(b);
}

/* As many bits set as in random bytes, give or take six standard deviations. */
static bool random_looking(struct slice s)
{
	struct cur c = cur_of(s);
	long set = 0, half = (long)s.n * 4, off;

	while (cur_left(&c))
		set += bits(cur_u8(&c));
	off = set - half;
	return s.n && off * off <= 36 * half / 2;
}

static uint32_t little32(struct cur *c)
{
	return __builtin_bswap32(cur_uint(c, 4));
}

/* Receiver, counter of 8 bytes, the sealed packet, padded to 16 bytes, and its tag. */
static bool data(struct cur *c, size_t n)
{
	uint32_t receiver = little32(c);

	little32(c);
	return n >= DATA_MIN && n % 16 == 0 && receiver && little32(c) == 0 &&
	       random_looking(cur_rest(c));
}

static bool message(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t type = cur_u8(&c);

	if (cur_u24(&c) != 0 || c.bad)
		return false;
	switch (type) {
	case INITIATION:
		return bytes.n == INITIATION_LEN && little32(&c) &&
		       random_looking(cur_take(&c, cur_left(&c) - MAC2_LEN));
	case RESPONSE:
		return bytes.n == RESPONSE_LEN && little32(&c) && little32(&c) &&
		       random_looking(cur_take(&c, cur_left(&c) - MAC2_LEN));
	case COOKIE:
		return bytes.n == COOKIE_LEN && little32(&c) && random_looking(cur_rest(&c));
	case DATA:
		return data(&c, bytes.n);
	default:
		return false;
	}
}

enum dissect_result wireguard_dissect(struct facts *f, struct dissect_text *text,
				      struct slice bytes)
{
	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	if (!message(bytes))
		return DISSECT_NOT_MINE;
	dissect_app(f, APP_WIREGUARD);
	return DISSECT_DONE;
}
