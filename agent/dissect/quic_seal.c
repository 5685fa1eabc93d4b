/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/quic.h"

#include <string.h>

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>

enum { CHUNK = 256, SECRET = SHA256_DIGEST_SIZE };

/* RFC 9001 section 5.2, RFC 9369 section 3.3.1; drafts: draft-ietf-quic-tls-23, -29 section 5.2 */
#define LABELS_1 "quic key", "quic iv", "quic hp", 0
#define LABELS_2 "quicv2 key", "quicv2 iv", "quicv2 hp", 1
static const struct quic_suite version_1 = {
	{ 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a }, LABELS_1
};
static const struct quic_suite version_2 = {
	{ 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	  0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 }, LABELS_2
};
static const struct quic_suite draft_29 = {
	{ 0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
	  0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 }, LABELS_1
};
static const struct quic_suite draft_23 = {
	{ 0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
	  0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 }, LABELS_1
};

const struct quic_suite *quic_suite(uint32_t version)
{
	if (version == 1 || (version >= 0xff000021 && version <= 0xff000022))
		return &version_1;
	if (version == 0x6b3343cf)
		return &version_2;
	if (version >= 0xff00001d && version <= 0xff000020)
		return &draft_29;
	/* 0xfaceb002: mvfst before version 1 was one, draft 27 by its keys */
	if ((version >= 0xff000017 && version <= 0xff00001c) || version == 0xfaceb002)
		return &draft_23;
	return NULL;
}

/* HKDF-Expand-Label with an empty context (RFC 8446 section 7.1). */
static void expand(const struct hmac_sha256_ctx *prk, const char *label, uint8_t *out, size_t n)
{
	struct hmac_sha256_ctx mac = *prk;
	uint8_t info[32] = { 0, (uint8_t)n, (uint8_t)(6 + strlen(label)), 't', 'l', 's', '1', '3',
			     ' ' };

	memcpy(info + 9, label, strlen(label));
	hkdf_expand(&mac, (nettle_hash_update_func *)hmac_sha256_update,
		    (nettle_hash_digest_func *)hmac_sha256_digest, SECRET, 10 + strlen(label), info,
		    n, out);
}

void quic_client_keys(struct quic_keys *k, const struct quic_suite *s, struct slice dcid)
{
	struct hmac_sha256_ctx mac;
	uint8_t secret[SECRET];

	hmac_sha256_set_key(&mac, sizeof s->salt, s->salt);
	hkdf_extract(&mac, (nettle_hash_update_func *)hmac_sha256_update,
		     (nettle_hash_digest_func *)hmac_sha256_digest, SECRET, dcid.n, dcid.p, secret);
	hmac_sha256_set_key(&mac, sizeof secret, secret);
	expand(&mac, "client in", secret, sizeof secret);
	hmac_sha256_set_key(&mac, sizeof secret, secret);
	expand(&mac, s->key, k->key, sizeof k->key);
	expand(&mac, s->iv, k->iv, sizeof k->iv);
	expand(&mac, s->hp, k->hp, sizeof k->hp);
}

bool quic_head(struct quic_head *h, struct cur *c)
{
	h->first = cur_u8(c);
	h->version = cur_uint(c, 4);
	struct cur dcid = cur_sub8(c), scid = cur_sub8(c);
	h->dcid = cur_rest(&dcid);
	h->scid = cur_rest(&scid);
	return !c->bad && h->first & 0x80;
}

bool quic_next(struct quic_packet *p, struct cur *c)
{
	struct slice from = cur_rest(c);
	struct cur all = *c;

	if (!quic_head(&p->head, c) || p->head.dcid.n > QUIC_CID_MAX ||
	    p->head.scid.n > QUIC_CID_MAX)
		return false;
	p->suite = quic_suite(p->head.version);
	if (!p->suite)
		return false;
	p->type = (enum quic_type)(((p->head.first >> 4 & 3) - p->suite->type_bits) & 3);
	if (p->type == QUIC_RETRY) /* only a server sends it */
		return false;
	if (p->type == QUIC_INITIAL) {
		uint64_t token = quic_int(c);

		cur_take(c, token > SIZE_MAX ? SIZE_MAX : (size_t)token);
	}
	uint64_t len = quic_int(c);
	if (c->bad || len > cur_left(c))
		return false;
	p->number_at = from.n - cur_left(c);
	cur_take(c, (size_t)len);
	p->whole = cur_take(&all, from.n - cur_left(c));
	return true;
}

/* The packet's header without its protection, in parts, for the tag. */
struct header {
	struct slice wire;
	uint8_t first, number[4];
	size_t number_n;
};

static void hash_header(struct gcm_aes128_ctx *g, const struct header *h)
{
	struct cur c = cur_of(h->wire);
	size_t number_at = h->wire.n - h->number_n, at = 0;

	while (cur_left(&c)) {
		struct slice s = cur_take(&c, cur_left(&c) < CHUNK ? cur_left(&c) : CHUNK);
		uint8_t part[CHUNK];

		memcpy(part, s.p, s.n);
		if (at == 0)
			part[0] = h->first;
		for (size_t i = 0; i < h->number_n; i++)
			if (number_at + i >= at && number_at + i < at + s.n)
				part[number_at + i - at] = h->number[i];
		gcm_aes128_update(g, s.n, part);
		at += s.n;
	}
}

/* Apart for its stack: the context of GCM takes 4 KB. */
static __attribute__((noinline)) bool tag_is_right(const struct quic_sealed *s,
						   const struct header *h, struct slice tag)
{
	struct cur c = cur_of(s->cipher);
	struct gcm_aes128_ctx g;
	uint8_t plain[CHUNK], digest[QUIC_TAG];

	gcm_aes128_set_key(&g, s->key);
	gcm_aes128_set_iv(&g, sizeof s->nonce, s->nonce);
	hash_header(&g, h);
	while (cur_left(&c)) {
		struct slice part = cur_take(&c, cur_left(&c) < CHUNK ? cur_left(&c) : CHUNK);

		gcm_aes128_decrypt(&g, part.n, plain, part.p);
	}
	gcm_aes128_digest(&g, sizeof digest, digest);
	return memcmp(digest, tag.p, sizeof digest) == 0;
}

/* RFC 9000 appendix A.3: the number nearest to the one expected that ends in `low`. */
static int64_t full_number(int64_t largest, uint32_t low, size_t bytes)
{
	int64_t expect = largest + 1, win = (int64_t)1 << 8 * bytes, half = win / 2;
	int64_t n = (expect & ~(win - 1)) | low;

	if (n <= expect - half)
		return n + win;
	if (n > expect + half && n >= win)
		return n - win;
	return n;
}

/* Header protection off (RFC 9001 section 5.4). False: too short for a sample and a tag. */
static bool unmask(struct header *h, struct slice *sealed, const struct quic_keys *k,
		   const struct quic_packet *p)
{
	struct cur c = cur_of(p->whole), number, ahead;
	struct aes128_ctx aes;
	uint8_t mask[16];

	cur_take(&c, p->number_at);
	ahead = number = c;
	cur_take(&ahead, 4);
	struct slice sample = cur_take(&ahead, sizeof mask);
	if (ahead.bad)
		return false;
	aes128_set_encrypt_key(&aes, k->hp);
	memcpy(mask, sample.p, sizeof mask);
	aes128_encrypt(&aes, sizeof mask, mask, mask);
	h->first = p->head.first ^ (mask[0] & 0x0f);
	h->number_n = (h->first & 3u) + 1;
	for (size_t i = 0; i < h->number_n; i++)
		h->number[i] = cur_u8(&number) ^ mask[1 + i];
	*sealed = cur_rest(&number);
	c = cur_of(p->whole);
	h->wire = cur_take(&c, p->number_at + h->number_n);
	return true;
}

bool quic_open(struct quic_sealed *to, int64_t *number, const struct quic_keys *k,
	       const struct quic_packet *p)
{
	struct header h;
	struct slice sealed;

	if (!unmask(&h, &sealed, k, p))
		return false;
	struct cur low = cur_of((struct slice){ h.number, h.number_n }), c = cur_of(sealed);
	int64_t n = full_number(*number, cur_uint(&low, h.number_n), h.number_n);
	to->cipher = cur_take(&c, sealed.n - QUIC_TAG);
	memcpy(to->key, k->key, sizeof to->key);
	memcpy(to->nonce, k->iv, sizeof to->nonce);
	for (size_t i = 0; i < 8; i++)
		to->nonce[11 - i] ^= (uint8_t)(n >> 8 * i);
	to->reserved = h.first & 0x0c;
	if (!tag_is_right(to, &h, cur_rest(&c)))
		return false;
	if (n > *number)
		*number = n;
	return true;
}
