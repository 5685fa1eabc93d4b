/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JA3 (github.com/salesforce/ja3, README): version, ciphers, extensions, groups and point
 * formats of the ClientHello in decimal, "-" between values, "," between fields, GREASE left
 * out. The string has no bound, so it goes into MD5 piece by piece.
 */
#include "agent/dissect/hello.h"

#include <string.h>

#include <nettle/md5.h>

struct out {
	struct md5_ctx md5;
	struct dissect_text *text;
	size_t n;
};

static void put(struct out *o, const char *s, size_t n)
{
	md5_update(&o->md5, n, (const uint8_t *)s);
	if (o->text && o->n + n <= sizeof o->text->ja3)
		memcpy(o->text->ja3 + o->n, s, n);
	o->n += n;
}

static void put_value(struct out *o, bool *first, uint16_t v)
{
	char s[6];
	size_t at = sizeof s;

	do {
		s[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	if (!*first)
		s[--at] = '-';
	*first = false;
	put(o, s + at, sizeof s - at);
}

static void put_list(struct out *o, struct slice list)
{
	struct cur c = cur_of(list);
	bool first = true;

	put(o, ",", 1);
	while (cur_left(&c)) {
		uint16_t v = cur_u16(&c);

		if (!c.bad && !hello_grease(v))
			put_value(o, &first, v);
	}
}

static void put_extensions(struct out *o, const struct hello *h)
{
	bool first = true;

	put(o, ",", 1);
	for (size_t i = 0; i < h->n_ext; i++)
		if (!hello_grease(h->ext[i]))
			put_value(o, &first, h->ext[i]);
}

static void put_points(struct out *o, struct slice points)
{
	struct cur c = cur_of(points);
	bool first = true;

	put(o, ",", 1);
	while (cur_left(&c))
		put_value(o, &first, cur_u8(&c));
}

void ja3_hash(uint8_t md5[16], struct dissect_text *text, const struct hello *h)
{
	struct out o = { .text = text };
	bool first = true;

	md5_init(&o.md5);
	put_value(&o, &first, h->legacy_version);
	put_list(&o, h->ciphers);
	put_extensions(&o, h);
	put_list(&o, h->groups);
	put_points(&o, h->points);
	md5_digest(&o.md5, 16, md5);
	if (text)
		text->ja3_len = o.n <= sizeof text->ja3 ? (uint16_t)o.n : 0;
}
