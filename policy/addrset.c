/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/addrset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { V6_BITS = 128, FIRST_WIDE = 129 };

struct range4 {
	uint32_t lo, hi, line;
};

struct range6 {
	struct addr_num lo, hi;
	uint32_t line;
};

static bool is_v4(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a, mapped, sizeof mapped) == 0;
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static struct addr_num num_of(const uint8_t a[16])
{
	return (struct addr_num){ be64(a), be64(a + 8) };
}

static uint32_t v4_of(const uint8_t a[16])
{
	return (uint32_t)be64(a + 8);
}

static int num_cmp(struct addr_num a, struct addr_num b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

static struct addr_num num_next(struct addr_num a)
{
	a.lo++;
	a.hi += a.lo == 0;
	return a;
}

static struct addr_num num_before(struct addr_num a)
{
	a.hi -= a.lo == 0;
	a.lo--;
	return a;
}

void addrset_build_init(struct addrset_build *b)
{
	memset(b, 0, sizeof *b);
	b->v6.v6 = true;
}

void addrset_build_fini(struct addrset_build *b)
{
	free(b->v4.range);
	free(b->v6.range);
	addrset_build_init(b);
}

static int grow(struct addrset_half *h, size_t each)
{
	size_t room = h->room ? h->room + h->room / 2 : 16;
	void *p;

	if (h->n < h->room)
		return 0;
	if (h->n >= ADDRSET_MAX)
		return -E2BIG;
	p = realloc(h->range, room * each);
	if (!p)
		return -ENOMEM;
	h->range = p;
	h->room = room;
	return 0;
}

int addrset_add(struct addrset_build *b, const uint8_t lo[16], const uint8_t hi[16], uint32_t line)
{
	bool v4 = is_v4(lo) && is_v4(hi);
	int err;

	if (memcmp(lo, hi, 16) > 0)
		return -EINVAL;
	err = v4 ? grow(&b->v4, sizeof(struct range4)) : grow(&b->v6, sizeof(struct range6));
	if (err)
		return err;
	if (v4)
		((struct range4 *)b->v4.range)[b->v4.n++] =
			(struct range4){ v4_of(lo), v4_of(hi), line };
	else
		((struct range6 *)b->v6.range)[b->v6.n++] =
			(struct range6){ num_of(lo), num_of(hi), line };
	return 0;
}

/* By beginning; of those the widest first, and of equal ones the first line last: it wins. */
static int cmp4(const void *x, const void *y)
{
	const struct range4 *a = x, *b = y;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi > b->hi ? -1 : 1;
	return a->line > b->line ? -1 : a->line < b->line;
}

static int cmp6(const void *x, const void *y)
{
	const struct range6 *a = x, *b = y;
	int c = num_cmp(a->lo, b->lo);

	if (c == 0)
		c = num_cmp(b->hi, a->hi);
	if (c == 0)
		c = a->line > b->line ? -1 : a->line < b->line;
	return c;
}

static struct range6 range_at(const struct addrset_half *h, size_t i)
{
	const struct range4 *r;

	if (h->v6)
		return ((const struct range6 *)h->range)[i];
	r = (const struct range4 *)h->range + i;
	return (struct range6){ { 0, r->lo }, { 0, r->hi }, r->line };
}

/* Where the pieces go; without arrays they are only counted. */
struct pieces {
	uint32_t *lo4, *hi4, *line, *len6;
	struct addr_num *lo6, *hi6;
	size_t n, wide;
};

static bool is_prefix(uint32_t *len, struct addr_num lo, struct addr_num hi)
{
	struct addr_num x = { lo.hi ^ hi.hi, lo.lo ^ hi.lo };
	struct addr_num low = num_next(x); /* x must be ones at the bottom only */

	if ((low.hi & x.hi) || (low.lo & x.lo) || (lo.hi & x.hi) || (lo.lo & x.lo))
		return false;
	*len = (uint32_t)(V6_BITS - __builtin_popcountll(x.hi) - __builtin_popcountll(x.lo));
	return true;
}

static void piece(struct pieces *p, bool v6, struct addr_num lo, struct addr_num hi, uint32_t line)
{
	size_t i = p->n++;
	uint32_t len = 0;
	bool wide = v6 && !is_prefix(&len, lo, hi);

	if (wide)
		len = (uint32_t)(FIRST_WIDE + p->wide++);
	if (!p->line)
		return;
	p->line[i] = line;
	if (!v6) {
		p->lo4[i] = (uint32_t)lo.lo;
		p->hi4[i] = (uint32_t)hi.lo;
		return;
	}
	p->lo6[i] = lo;
	p->len6[i] = len;
	if (wide)
		p->hi6[len - FIRST_WIDE] = hi;
}

/*
 * Walks the sorted ranges with a stack of those that are open; the top one owns the address.
 * `at` is the first address not given out yet. At most 2n - 1 pieces.
 */
static void flatten(struct pieces *p, const struct addrset_half *h, uint32_t *stack)
{
	size_t depth = 0;
	struct addr_num at = { 0, 0 };

	for (size_t i = 0; i <= h->n; i++) {
		struct range6 next = { 0 };

		if (i < h->n)
			next = range_at(h, i);
		while (depth) {
			struct range6 top = range_at(h, stack[depth - 1]);

			if (i < h->n && num_cmp(next.lo, top.hi) <= 0) {
				if (num_cmp(at, next.lo) < 0)
					piece(p, h->v6, at, num_before(next.lo), top.line);
				break;
			}
			if (num_cmp(at, top.hi) <= 0) {
				piece(p, h->v6, at, top.hi, top.line);
				at = num_next(top.hi);
				if (at.hi == 0 && at.lo == 0) /* the last address of all */
					return;
			}
			depth--;
		}
		if (i < h->n) {
			stack[depth++] = (uint32_t)i;
			at = next.lo;
		}
	}
}

static int make_half(struct pieces *p, struct arena *a, const struct addrset_half *h)
{
	struct pieces count = { 0 };
	uint32_t *stack;

	if (h->n == 0)
		return 0;
	stack = malloc(h->n * sizeof *stack);
	if (!stack)
		return -ENOMEM;
	if (h->v6)
		qsort(h->range, h->n, sizeof(struct range6), cmp6);
	else
		qsort(h->range, h->n, sizeof(struct range4), cmp4);
	flatten(&count, h, stack);
	p->line = arena_array(a, count.n, sizeof *p->line);
	if (h->v6) {
		p->lo6 = arena_array(a, count.n, sizeof *p->lo6);
		p->len6 = arena_array(a, count.n, sizeof *p->len6);
		p->hi6 = arena_array(a, count.wide, sizeof *p->hi6);
	} else {
		p->lo4 = arena_array(a, count.n, sizeof *p->lo4);
		p->hi4 = arena_array(a, count.n, sizeof *p->hi4);
	}
	if (!a->full)
		flatten(p, h, stack);
	free(stack);
	return a->full ? -ENOMEM : 0;
}

int addrset_make(struct addrset *s, struct arena *a, struct addrset_build *b)
{
	struct pieces v4 = { 0 }, v6 = { 0 };
	int err;

	memset(s, 0, sizeof *s);
	err = make_half(&v4, a, &b->v4);
	if (!err)
		err = make_half(&v6, a, &b->v6);
	if (err)
		return err;
	*s = (struct addrset){ .lo4 = v4.lo4, .hi4 = v4.hi4, .line4 = v4.line,
			       .lo6 = v6.lo6, .len6 = v6.len6, .line6 = v6.line, .hi6 = v6.hi6,
			       .n4 = (uint32_t)v4.n, .n6 = (uint32_t)v6.n };
	return 0;
}

static bool meets4(const struct addrset *s, uint32_t *line, uint32_t lo, uint32_t hi)
{
	const uint32_t *at = s->lo4; /* the last piece that begins at or before hi, if any */
	uint32_t n = s->n4;

	if (n == 0 || s->lo4[0] > hi)
		return false;
	while (n > 1) {
		uint32_t half = n / 2;

		at = at[half] <= hi ? at + half : at;
		n -= half;
	}
	if (s->hi4[at - s->lo4] < lo)
		return false;
	*line = s->line4[at - s->lo4];
	return true;
}

static struct addr_num piece_end(const struct addrset *s, size_t i)
{
	struct addr_num hi = s->lo6[i];
	uint32_t len = s->len6[i];

	if (len > V6_BITS)
		return s->hi6[len - FIRST_WIDE];
	if (len < 64) {
		hi.hi |= UINT64_MAX >> len;
		hi.lo = UINT64_MAX;
	} else if (len < V6_BITS) {
		hi.lo |= UINT64_MAX >> (len - 64);
	}
	return hi;
}

static bool meets6(const struct addrset *s, uint32_t *line, struct addr_num lo, struct addr_num hi)
{
	size_t at = 0, n = s->n6;

	if (n == 0 || num_cmp(s->lo6[0], hi) > 0)
		return false;
	while (n > 1) {
		size_t half = n / 2;

		if (num_cmp(s->lo6[at + half], hi) <= 0)
			at += half;
		n -= half;
	}
	if (num_cmp(piece_end(s, at), lo) < 0)
		return false;
	*line = s->line6[at];
	return true;
}

bool addrset_meets(const struct addrset *s, uint32_t *line, const uint8_t lo[16],
		   const uint8_t hi[16])
{
	if (is_v4(lo) && is_v4(hi))
		return meets4(s, line, v4_of(lo), v4_of(hi));
	return meets6(s, line, num_of(lo), num_of(hi));
}

bool addrset_find(const struct addrset *s, uint32_t *line, const uint8_t addr[16])
{
	return addrset_meets(s, line, addr, addr);
}
