/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/quic.h"

#include <string.h>

#include <nettle/aes.h>
#include <nettle/ctr.h>

/*
 * Frames of an Initial packet (RFC 9000 section 12.4, 19), read from the ciphertext as far as they
 * go: the plaintext exists in small parts only.
 */
enum {
	FRAME_PADDING = 0x00,
	FRAME_PING = 0x01,
	FRAME_ACK = 0x02,
	FRAME_ACK_ECN = 0x03,
	FRAME_CRYPTO = 0x06,
	FRAME_CLOSE = 0x1c,
	PART = 256,
};

struct plain {
	struct aes128_ctx aes;
	uint8_t counter[16];
	struct cur cipher; /* not decrypted yet */
	struct cur c;	   /* what is left of b[] */
	bool bad;	   /* sticky, as that of a cursor */
	uint8_t b[PART];
};

static void plain_init(struct plain *p, const struct quic_sealed *s)
{
	aes128_set_encrypt_key(&p->aes, s->key);
	memset(p->counter, 0, sizeof p->counter);
	memcpy(p->counter, s->nonce, sizeof s->nonce);
	p->counter[15] = 2; /* 1 was for the tag (NIST SP 800-38D section 7.1) */
	p->cipher = cur_of(s->cipher);
	p->c = cur_of((struct slice){ NULL, 0 });
	p->bad = false;
}

/* How many bytes may be taken at once; 0 at the end. */
static size_t plain_ready(struct plain *p)
{
	size_t n = cur_left(&p->cipher);

	if (p->bad)
		return 0;
	if (cur_left(&p->c) || !n)
		return cur_left(&p->c);
	struct slice s = cur_take(&p->cipher, n < PART ? n : PART);
	ctr_crypt(&p->aes, (nettle_cipher_func *)aes128_encrypt, sizeof p->counter, p->counter, s.n,
		  p->b, s.p);
	p->c = cur_of((struct slice){ p->b, s.n });
	return s.n;
}

static uint8_t plain_u8(struct plain *p)
{
	if (!plain_ready(p))
		p->bad = true;
	return cur_u8(&p->c);
}

static uint64_t plain_int(struct plain *p)
{
	uint8_t b = plain_u8(p);
	uint64_t v = b & 0x3f;

	for (unsigned int more = (1u << (b >> 6)) - 1; more; more--)
		v = v << 8 | plain_u8(p);
	return v;
}

/* The next at most n bytes, as they are ready; empty when there are none. */
static struct slice plain_some(struct plain *p, uint64_t n)
{
	size_t ready = plain_ready(p);

	if (n && !ready)
		p->bad = true;
	return cur_take(&p->c, n < ready ? (size_t)n : ready);
}

/* Most of an Initial is padding, to its end. */
static void skip_zeroes(struct plain *p)
{
	static const uint8_t zeroes[PART];

	while (plain_ready(p)) {
		struct slice s = cur_rest(&p->c);

		if (memcmp(s.p, zeroes, s.n) != 0)
			return;
		cur_take(&p->c, s.n);
	}
}

static void skip_ack(struct plain *p, bool ecn)
{
	plain_int(p); /* largest */
	plain_int(p); /* delay */
	uint64_t ranges = plain_int(p);

	plain_int(p); /* first range */
	for (; ranges && plain_ready(p); ranges--) {
		plain_int(p);
		plain_int(p);
	}
	if (ranges)
		p->bad = true;
	for (int i = 0; ecn && i < 3; i++)
		plain_int(p);
}

static void skip_close(struct plain *p)
{
	plain_int(p); /* error */
	plain_int(p); /* type of the frame that had it */
	uint64_t reason = plain_int(p);

	while (reason && !p->bad)
		reason -= plain_some(p, reason).n;
}

static bool crypto(struct pieces *to, uint32_t *anomalies, struct plain *p)
{
	uint64_t at = plain_int(p), n = plain_int(p);

	if (p->bad || at > HELLO_MAX || n > HELLO_MAX - at)
		return false;
	while (n && !p->bad) {
		struct slice s = plain_some(p, n);
		enum pieces_result r = pieces_put(to, (size_t)at, s);

		if (r == PIECES_DIFFER)
			*anomalies |= ANOM_OVERLAP;
		if (r != PIECES_OK)
			return false;
		at += s.n;
		n -= s.n;
	}
	return true;
}

static bool frame(struct pieces *to, uint32_t *anomalies, struct plain *p, bool small)
{
	uint8_t type = plain_u8(p);

	switch (type) {
	case FRAME_PADDING:
		skip_zeroes(p);
		return true;
	case FRAME_PING:
		return true;
	case FRAME_ACK:
	case FRAME_ACK_ECN:
		skip_ack(p, type == FRAME_ACK_ECN);
		return true;
	case FRAME_CRYPTO:
		if (small)
			*anomalies |= ANOM_QUIC_BAD;
		return crypto(to, anomalies, p);
	case FRAME_CLOSE:
		skip_close(p);
		return true;
	default:
		return false;
	}
}

enum dissect_result quic_frames(struct pieces *to, uint32_t *anomalies,
				const struct quic_sealed *s)
{
	struct plain p;
	bool ok = s->cipher.n && !s->reserved && !s->stray;

	plain_init(&p, s);
	while (ok && plain_ready(&p))
		ok = frame(to, anomalies, &p, s->small) && !p.bad;
	if (ok)
		return DISSECT_DONE;
	*anomalies |= ANOM_QUIC_BAD;
	return DISSECT_BAD;
}
