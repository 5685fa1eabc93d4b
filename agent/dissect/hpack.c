/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hpack.h"

#include <string.h>

enum { STATIC_N = 61, CODE_MAX = 30, SYMBOL_EOS = 256, INT_BYTES_MAX = 4 };

/* RFC 7541 appendix A */
static const struct {
	const char *name, *value;
} fields[STATIC_N] = {
	{ ":authority", "" }, { ":method", "GET" }, { ":method", "POST" }, { ":path", "/" },
	{ ":path", "/index.html" }, { ":scheme", "http" }, { ":scheme", "https" },
	{ ":status", "200" }, { ":status", "204" }, { ":status", "206" }, { ":status", "304" },
	{ ":status", "400" }, { ":status", "404" }, { ":status", "500" },
	{ "accept-charset", "" }, { "accept-encoding", "gzip, deflate" },
	{ "accept-language", "" }, { "accept-ranges", "" }, { "accept", "" },
	{ "access-control-allow-origin", "" }, { "age", "" }, { "allow", "" },
	{ "authorization", "" }, { "cache-control", "" }, { "content-disposition", "" },
	{ "content-encoding", "" }, { "content-language", "" }, { "content-length", "" },
	{ "content-location", "" }, { "content-range", "" }, { "content-type", "" },
	{ "cookie", "" }, { "date", "" }, { "etag", "" }, { "expect", "" }, { "expires", "" },
	{ "from", "" }, { "host", "" }, { "if-match", "" }, { "if-modified-since", "" },
	{ "if-none-match", "" }, { "if-range", "" }, { "if-unmodified-since", "" },
	{ "last-modified", "" }, { "link", "" }, { "location", "" }, { "max-forwards", "" },
	{ "proxy-authenticate", "" }, { "proxy-authorization", "" }, { "range", "" },
	{ "referer", "" }, { "refresh", "" }, { "retry-after", "" }, { "server", "" },
	{ "set-cookie", "" }, { "strict-transport-security", "" }, { "transfer-encoding", "" },
	{ "user-agent", "" }, { "vary", "" }, { "via", "" }, { "www-authenticate", "" },
};

/*
 * RFC 7541 appendix B. The code is canonical: codes of a length count up in the order of their
 * symbols, and go on from the length before, so how many there are of each length and the symbols
 * in that order say it all.
 */
static const uint8_t codes_of[CODE_MAX + 1] = {
	0, 0, 0, 0, 0, 10, 26, 32, 6, 0, 5, 3, 2, 6, 2, 3, 0, 0, 0, 3, 8, 13, 26, 29, 12, 4, 15,
	19, 29, 0, 4,
};
static const uint16_t symbols[257] = {
	48, 49, 50, 97, 99, 101, 105, 111, 115, 116, 32, 37, 45, 46, 47, 51, 52, 53, 54, 55, 56,
	57, 61, 65, 95, 98, 100, 102, 103, 104, 108, 109, 110, 112, 114, 117, 58, 66, 67, 68, 69,
	70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 89, 106, 107, 113,
	118, 119, 120, 121, 122, 38, 42, 44, 59, 88, 90, 33, 34, 40, 41, 63, 39, 43, 124, 35, 62,
	0, 36, 64, 91, 93, 126, 94, 125, 60, 96, 123, 92, 195, 208, 128, 130, 131, 162, 184, 194,
	224, 226, 153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230, 129, 132, 133,
	134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190,
	196, 198, 228, 232, 233, 1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152,
	155, 157, 158, 165, 166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239, 9, 142,
	144, 145, 148, 159, 171, 206, 215, 225, 236, 237, 199, 207, 234, 235, 192, 193, 200, 201,
	202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255, 203, 204, 211, 212, 214, 221, 222,
	223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254, 2, 3, 4, 5, 6, 7, 8, 11, 12,
	14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249, 10, 13,
	22, 256,
};

static struct hpack_text constant(const char *s)
{
	return (struct hpack_text){ { (const uint8_t *)s, strlen(s) }, false };
}

void hpack_init(struct hpack *h, struct slice block)
{
	h->c = cur_of(block);
	h->inserted = 0;
}

/* RFC 7541 section 5.1; `bits` of the first byte are the prefix */
static uint32_t integer(struct cur *c, uint8_t first, unsigned int bits)
{
	uint32_t mask = (1u << bits) - 1, v = first & mask, shift = 0;
	uint8_t b = 0x80;

	if (v < mask)
		return v;
	for (int i = 0; i < INT_BYTES_MAX && b & 0x80; i++, shift += 7) {
		b = cur_u8(c);
		v += (uint32_t)(b & 0x7f) << shift;
	}
	if (b & 0x80)
		c->bad = true;
	return v;
}

/* RFC 7541 section 5.2 */
static struct hpack_text string(struct cur *c)
{
	uint8_t first = cur_u8(c);
	size_t n = integer(c, first, 7);

	return (struct hpack_text){ cur_take(c, n), first >> 7 };
}

/* RFC 7541 section 2.3.3. False: there is no such entry. */
static bool look_up(const struct hpack *h, struct hpack_field *f, uint32_t index)
{
	const struct hpack_field none = { 0 };
	uint32_t back = index - STATIC_N;

	if (index == 0)
		return false;
	if (index <= STATIC_N) {
		f->name = constant(fields[index - 1].name);
		f->value = constant(fields[index - 1].value);
		return true;
	}
	if (back > h->inserted)
		return false;
	back = h->inserted - back;
	*f = back < HPACK_ENTRIES ? h->entries[back] : none;
	return true;
}

/* RFC 7541 section 6.2 */
static bool literal(struct hpack *h, struct hpack_field *f, uint8_t first, unsigned int bits)
{
	uint32_t index = integer(&h->c, first, bits);

	if (index == 0)
		f->name = string(&h->c);
	else if (!look_up(h, f, index))
		return false;
	f->value = string(&h->c);
	return !h->c.bad;
}

enum hpack_result hpack_next(struct hpack *h, struct hpack_field *f)
{
	while (cur_left(&h->c)) {
		uint8_t first = cur_u8(&h->c);

		if (first & 0x80) /* section 6.1 */
			return look_up(h, f, integer(&h->c, first, 7)) && !h->c.bad ? HPACK_FIELD :
										      HPACK_BAD;
		if (first & 0x40) { /* section 6.2.1: kept for later */
			if (!literal(h, f, first, 6))
				return HPACK_BAD;
			if (h->inserted < HPACK_ENTRIES)
				h->entries[h->inserted] = *f;
			h->inserted++;
			return HPACK_FIELD;
		}
		if (first & 0x20) /* section 6.3: another size of the table */
			integer(&h->c, first, 5);
		else
			return literal(h, f, first, 4) ? HPACK_FIELD : HPACK_BAD;
	}
	return h->c.bad ? HPACK_BAD : HPACK_END;
}

struct out {
	char *to;
	size_t size, n;
};

static void put(struct out *o, uint8_t b)
{
	if (o->n < o->size)
		o->to[o->n] = (char)b;
	o->n++;
}

/* Bits not yet a symbol: what they are, how many, and where codes of their length begin. */
struct bits {
	uint32_t code, n;
	uint32_t first, at; /* the first code of this length, and its place in symbols[] */
};

static bool put_bit(struct bits *k, struct out *o, uint32_t bit)
{
	if (k->n == CODE_MAX)
		return false;
	k->n++;
	k->code = k->code << 1 | bit;
	k->first <<= 1;
	if (k->code - k->first < codes_of[k->n]) {
		uint16_t s = symbols[k->at + k->code - k->first];

		if (s == SYMBOL_EOS)
			return false;
		put(o, (uint8_t)s);
		*k = (struct bits){ 0 };
		return true;
	}
	k->at += codes_of[k->n];
	k->first += codes_of[k->n];
	return true;
}

bool hpack_decode(char *to, size_t *len, size_t size, struct hpack_text t)
{
	struct cur c = cur_of(t.s);
	struct out o = { to, size, 0 };
	struct bits k = { 0 };

	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (!t.huffman)
			put(&o, b);
		for (int i = 7; t.huffman && i >= 0; i--)
			if (!put_bit(&k, &o, b >> i & 1))
				return false;
	}
	*len = o.n;
	/* padded with ones, and less than a byte of them (section 5.2) */
	return k.n < 8 && k.code == (1u << k.n) - 1;
}
