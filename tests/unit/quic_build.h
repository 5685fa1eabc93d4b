/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUIC_BUILD_H
#define QUIC_BUILD_H

#include <nettle/aes.h>
#include <nettle/gcm.h>

#include "agent/dissect/quic.h"
#include "tests/unit/craft.h"

/*
 * The sending side of RFC 9001 section 5: Initials for tests. The keys are those of
 * quic_client_keys(), which test_quic.c holds against the values printed in the RFCs.
 */
struct build {
	uint32_t version;
	struct slice dcid, scid, token;
	struct slice keys_from; /* p NULL: dcid */
	uint64_t number;
	unsigned int number_n;	/* 1..4 bytes; 0 is 1 */
	uint8_t bits;		/* into the first byte, before protection */
	size_t min;		/* the packet is padded to this size */
};

CRAFT struct slice build_bytes(const void *p, size_t n)
{
	return (struct slice){ p, n };
}
#define BUILD(text) build_bytes(text, sizeof(text) - 1)

CRAFT void build_int(struct craft *c, uint64_t v)
{
	if (v < 64)
		craft_uint(c, v, 1);
	else if (v < 16384)
		craft_uint(c, v | 0x4000, 2);
	else if (v < 1 << 30)
		craft_uint(c, v | 0x80000000, 4);
	else
		craft_uint(c, v | 3ull << 62, 8);
}

CRAFT void build_crypto(struct craft *c, struct slice msg, size_t at, size_t n)
{
	craft_uint(c, 6, 1);
	build_int(c, at);
	build_int(c, n);
	craft_bytes(c, msg.p + at, n);
}

CRAFT void build_long(struct craft *c, const struct build *b, unsigned int type)
{
	unsigned int shift = b->version == 0x6b3343cf;

	craft_uint(c, 0xc0 | ((type + shift) & 3) << 4, 1);
	craft_uint(c, b->version, 4);
	craft_uint(c, b->dcid.n, 1);
	craft_bytes(c, b->dcid.p, b->dcid.n);
	craft_uint(c, b->scid.n, 1);
	craft_bytes(c, b->scid.p, b->scid.n);
}

/* A 0-RTT (1) or Handshake (2) packet that nobody can open. */
CRAFT void build_other(struct craft *c, const struct build *b, unsigned int type, size_t n)
{
	build_long(c, b, type);
	craft_uint(c, n | 0x4000, 2);
	craft_fill(c, 0x77, n);
}

/* Appends an Initial to `c`. */
CRAFT void build_initial(struct craft *c, const struct build *b, struct slice frames)
{
	static struct craft plain;
	struct quic_keys k;
	struct gcm_aes128_ctx g;
	struct aes128_ctx aes;
	uint8_t nonce[12], mask[16];
	size_t start = c->n, n = b->number_n ? b->number_n : 1;

	build_long(c, b, QUIC_INITIAL);
	c->b[start] |= (uint8_t)(b->bits | (n - 1));
	build_int(c, b->token.n);
	craft_bytes(c, b->token.p, b->token.n);
	plain.n = 0;
	craft_bytes(&plain, frames.p, frames.n);
	size_t over = c->n - start + 2 + n + QUIC_TAG;
	if (b->min > over + plain.n)
		craft_fill(&plain, 0, b->min - over - plain.n);
	craft_uint(c, 0x4000 | (n + plain.n + QUIC_TAG), 2);
	size_t at = c->n;
	craft_uint(c, b->number, n);

	quic_client_keys(&k, quic_suite(b->version), b->keys_from.p ? b->keys_from : b->dcid);
	memcpy(nonce, k.iv, sizeof nonce);
	for (size_t i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(b->number >> 8 * i);
	gcm_aes128_set_key(&g, k.key);
	gcm_aes128_set_iv(&g, sizeof nonce, nonce);
	gcm_aes128_update(&g, c->n - start, c->b + start);
	size_t body = c->n;
	craft_fill(c, 0, plain.n + QUIC_TAG);
	gcm_aes128_encrypt(&g, plain.n, c->b + body, plain.b);
	gcm_aes128_digest(&g, QUIC_TAG, c->b + body + plain.n);
	aes128_set_encrypt_key(&aes, k.hp);
	if (at + 4 + sizeof mask > c->n)
		return; /* too short to be protected: too short to be read */
	aes128_encrypt(&aes, sizeof mask, mask, c->b + at + 4);
	c->b[start] ^= mask[0] & 0x0f;
	for (size_t i = 0; i < n; i++)
		c->b[at + i] ^= mask[1 + i];
}

#endif
