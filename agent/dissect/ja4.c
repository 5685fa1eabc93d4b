/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JA4 TLS client fingerprint (FoxIO-LLC/ja4, technical_details/JA4.md; BSD-3-Clause, the JA4
 * part only). GREASE is left out everywhere, of ALPN too.
 */
#include "agent/dissect/hello.h"

#include <string.h>

#include <nettle/sha2.h>

enum { EXT_SERVER_NAME = 0x0000, EXT_ALPN = 0x0010 };

static const char hex[] = "0123456789abcdef";

static const char *version_code(uint16_t v)
{
	switch (v) {
	case 0x0304: return "13";
	case 0x0303: return "12";
	case 0x0302: return "11";
	case 0x0301: return "10";
	case 0x0300: return "s3";
	case 0x0002: return "s2";
	case 0xfeff: return "d1";
	case 0xfefd: return "d2";
	case 0xfefc: return "d3";
	default: return "00";
	}
}

static void count(char to[2], size_t n)
{
	if (n > 99)
		n = 99;
	to[0] = (char)('0' + n / 10);
	to[1] = (char)('0' + n % 10);
}

static bool alphanumeric(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');
}

static bool grease_name(struct slice name)
{
	struct cur c = cur_of(name);

	return name.n == 2 && hello_grease(cur_u16(&c));
}

/* First and last character of the first name; of its hex form if one is not alphanumeric. */
static void alpn_code(char to[2], struct slice alpn)
{
	struct cur list = cur_of(alpn), c;
	struct slice name = { 0 };
	uint8_t first, last;

	memcpy(to, "00", 2);
	while (cur_left(&list)) {
		c = cur_sub8(&list);
		name = cur_rest(&c);
		if (!grease_name(name))
			break;
		name.n = 0;
	}
	if (!name.n)
		return;
	c = cur_of(name);
	first = last = cur_u8(&c);
	if (name.n > 1) {
		cur_take(&c, name.n - 2);
		last = cur_u8(&c);
	}
	if (alphanumeric(first) && alphanumeric(last)) {
		to[0] = (char)first;
		to[1] = (char)last;
	} else {
		to[0] = hex[first >> 4];
		to[1] = hex[last & 15];
	}
}

static void put(struct sha256_ctx *sha, char before, uint16_t v)
{
	char s[5] = { before, hex[v >> 12], hex[v >> 8 & 15], hex[v >> 4 & 15], hex[v & 15] };
	size_t skip = before ? 0 : 1;

	sha256_update(sha, sizeof s - skip, (const uint8_t *)s + skip);
}

/* Twelve hex digits of the hash; zeroes for a list of nothing. */
static void digest(char to[12], struct sha256_ctx *sha, size_t n)
{
	uint8_t d[6];

	if (n == 0) {
		memset(to, '0', 12);
		return;
	}
	sha256_digest(sha, sizeof d, d);
	for (size_t i = 0; i < sizeof d; i++) {
		to[2 * i] = hex[d[i] >> 4];
		to[2 * i + 1] = hex[d[i] & 15];
	}
}

/* Hash and number of the ciphers. */
static size_t ciphers(char to[12], struct slice list)
{
	uint16_t v[HELLO_MAX / 2];
	struct cur c = cur_of(list);
	struct sha256_ctx sha;
	size_t n = 0;

	while (cur_left(&c) && n < HELLO_MAX / 2) {
		uint16_t id = cur_u16(&c);

		if (!hello_grease(id))
			v[n++] = id;
	}
	hello_sort(v, n);
	sha256_init(&sha);
	for (size_t i = 0; i < n; i++)
		put(&sha, i ? ',' : 0, v[i]);
	digest(to, &sha, n);
	return n;
}

/* Hash of extensions and signature algorithms; number of extensions, SNI and ALPN too. */
static size_t extensions(char to[12], const struct hello *h)
{
	struct cur c = cur_of(h->sigalgs);
	struct sha256_ctx sha;
	size_t n = 0, hashed = 0;
	char before = '_';

	sha256_init(&sha);
	for (size_t i = 0; i < h->n_ext; i++) {
		uint16_t id = h->sorted[i];

		if (hello_grease(id))
			continue;
		n++;
		if (id != EXT_SERVER_NAME && id != EXT_ALPN)
			put(&sha, hashed++ ? ',' : 0, id);
	}
	while (cur_left(&c)) {
		uint16_t id = cur_u16(&c);

		if (hello_grease(id))
			continue;
		put(&sha, before, id);
		before = ',';
	}
	digest(to, &sha, hashed);
	return n;
}

void ja4_text(char ja4[FACTS_JA4_LEN + 1], const struct hello *h, char transport)
{
	ja4[0] = transport;
	memcpy(ja4 + 1, version_code(h->version), 2);
	ja4[3] = h->sni ? 'd' : 'i';
	ja4[10] = ja4[23] = '_';
	count(ja4 + 4, ciphers(ja4 + 11, h->ciphers));
	count(ja4 + 6, extensions(ja4 + 24, h));
	alpn_code(ja4 + 8, h->alpn);
	ja4[FACTS_JA4_LEN] = 0;
}
