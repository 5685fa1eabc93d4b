/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUR_H
#define CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A slice borrows bytes; it never owns them. */
struct slice {
	const uint8_t *p;
	size_t n;
};

/*
 * Reader over hostile bytes with a sticky error. After the first short read
 * `bad` stays set, the cursor is empty and every further read yields 0 or an
 * empty slice, so a parser reads straight down and tests `bad` once.
 * Loops must test cur_left() (which is 0 once bad), never only a counter.
 *
 * always_inline: at -Os (OpenWrt) gcc would call these, 4x slower (measured).
 */
struct cur {
	const uint8_t *p, *end;
	bool bad;
};

#define CUR_FN static inline __attribute__((always_inline, unused))

CUR_FN struct cur cur_of(struct slice s)
{
	/* NULL plus 0 is undefined in C: an empty slice gets a place to point at */
	const uint8_t *p = s.n ? s.p : (const uint8_t *)"";

	return (struct cur){ p, p + s.n, false };
}

CUR_FN size_t cur_left(const struct cur *c)
{
	return (size_t)(c->end - c->p);
}

CUR_FN struct slice cur_take(struct cur *c, size_t n)
{
	struct slice s = { c->p, n };

	if (n > cur_left(c)) {
		c->bad = true;
		c->p = c->end;
		return (struct slice){ c->end, 0 };
	}
	c->p += n;
	return s;
}

CUR_FN uint32_t cur_uint(struct cur *c, size_t n)
{
	struct slice s = cur_take(c, n);
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}

CUR_FN uint8_t cur_u8(struct cur *c)   { return (uint8_t)cur_uint(c, 1); }
CUR_FN uint16_t cur_u16(struct cur *c) { return (uint16_t)cur_uint(c, 2); }
CUR_FN uint32_t cur_u24(struct cur *c) { return cur_uint(c, 3); }

/* A child over the next n bytes; born bad if the parent is short. */
CUR_FN struct cur cur_sub(struct cur *c, size_t n)
{
	struct cur k = cur_of(cur_take(c, n));

	k.bad = c->bad;
	return k;
}

CUR_FN struct cur cur_sub8(struct cur *c)  { size_t n = cur_u8(c);  return cur_sub(c, n); }
CUR_FN struct cur cur_sub16(struct cur *c) { size_t n = cur_u16(c); return cur_sub(c, n); }

CUR_FN struct slice cur_rest(const struct cur *c)
{
	return (struct slice){ c->p, cur_left(c) };
}

#endif
