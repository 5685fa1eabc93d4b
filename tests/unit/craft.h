/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRAFT_H
#define CRAFT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/wire/cur.h"

/*
 * Builds packets and hellos for tests, byte by byte. A scope is opened before a length field
 * of some bytes and closed when its content is there.
 */
struct craft {
	uint8_t b[70000];
	size_t n;
};

#define CRAFT static inline __attribute__((unused))

CRAFT void craft_uint(struct craft *c, uint64_t v, size_t width)
{
	if (c->n + width > sizeof c->b)
		abort();
	for (size_t i = width; i-- > 0;)
		c->b[c->n++] = (uint8_t)(v >> 8 * i);
}

CRAFT void craft_bytes(struct craft *c, const void *p, size_t n)
{
	if (c->n + n > sizeof c->b)
		abort();
	if (n)
		memcpy(c->b + c->n, p, n);
	c->n += n;
}

CRAFT void craft_fill(struct craft *c, uint8_t v, size_t n)
{
	if (c->n + n > sizeof c->b)
		abort();
	memset(c->b + c->n, v, n);
	c->n += n;
}

CRAFT size_t craft_open(struct craft *c, size_t width)
{
	craft_fill(c, 0, width);
	return c->n;
}

CRAFT void craft_close(struct craft *c, size_t at, size_t width)
{
	size_t len = c->n - at;

	for (size_t i = 0; i < width; i++)
		c->b[at - 1 - i] = (uint8_t)(len >> 8 * i);
}

/* An exact-size heap copy: ASan sees every byte read behind its end. Free it. */
CRAFT struct slice craft_copy(const void *p, size_t n)
{
	uint8_t *b = malloc(n ? n : 1);

	if (!b)
		abort();
	if (n)
		memcpy(b, p, n);
	return (struct slice){ b, n };
}

/* ---- ClientHello: begin, extensions, end; scopes[] keeps what is open */
struct craft_hello {
	struct craft m;
	size_t msg, exts;
};

CRAFT void craft_hello_begin(struct craft_hello *h, uint16_t version, const uint16_t *ciphers,
			     size_t n)
{
	h->m.n = 0;
	h->exts = 0;
	craft_uint(&h->m, 1, 1);
	h->msg = craft_open(&h->m, 3);
	craft_uint(&h->m, version, 2);
	craft_fill(&h->m, 0x5a, 32);
	craft_uint(&h->m, 0, 1);
	size_t at = craft_open(&h->m, 2);
	for (size_t i = 0; i < n; i++)
		craft_uint(&h->m, ciphers[i], 2);
	craft_close(&h->m, at, 2);
	craft_uint(&h->m, 0x0100, 2);
}

CRAFT void craft_ext(struct craft_hello *h, uint16_t type, const void *p, size_t n)
{
	if (!h->exts)
		h->exts = craft_open(&h->m, 2);
	craft_uint(&h->m, type, 2);
	craft_uint(&h->m, n, 2);
	craft_bytes(&h->m, p, n);
}

/* An extension that is one list of 16 bit values behind a length of `width` bytes. */
CRAFT void craft_ext_list(struct craft_hello *h, uint16_t type, size_t width, const uint16_t *v,
			  size_t n)
{
	struct craft e = { .n = 0 };
	size_t at = craft_open(&e, width);

	for (size_t i = 0; i < n; i++)
		craft_uint(&e, v[i], 2);
	craft_close(&e, at, width);
	craft_ext(h, type, e.b, e.n);
}

CRAFT void craft_ext_name(struct craft_hello *h, const void *name, size_t n)
{
	struct craft e = { .n = 0 };
	size_t list = craft_open(&e, 2);

	craft_uint(&e, 0, 1);
	craft_uint(&e, n, 2);
	craft_bytes(&e, name, n);
	craft_close(&e, list, 2);
	craft_ext(h, 0, e.b, e.n);
}

/* One ALPN entry. */
CRAFT void craft_ext_alpn(struct craft_hello *h, const void *name, size_t n)
{
	struct craft e = { .n = 0 };
	size_t list = craft_open(&e, 2);

	craft_uint(&e, n, 1);
	craft_bytes(&e, name, n);
	craft_close(&e, list, 2);
	craft_ext(h, 16, e.b, e.n);
}

CRAFT struct slice craft_hello_end(struct craft_hello *h)
{
	if (h->exts)
		craft_close(&h->m, h->exts, 2);
	craft_close(&h->m, h->msg, 3);
	return (struct slice){ h->m.b, h->m.n };
}

/* `msg` in records of at most `each` bytes. */
CRAFT struct slice craft_records(struct craft *c, struct slice msg, size_t each)
{
	c->n = 0;
	for (size_t at = 0; at < msg.n; at += each) {
		size_t n = msg.n - at < each ? msg.n - at : each;

		craft_uint(c, 0x160301, 3);
		craft_uint(c, n, 2);
		craft_bytes(c, msg.p + at, n);
	}
	return (struct slice){ c->b, c->n };
}

/* ---- recorded hellos */
CRAFT void craft_load(struct craft *c, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "tests/data/hello/%s.bin", name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		abort();
	}
	c->n = fread(c->b, 1, sizeof c->b, f);
	fclose(f);
}

#endif
