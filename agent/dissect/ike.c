/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

/*
 * IKEv2 (RFC 7296 section 3.1) and IKEv1 (RFC 2408 section 3.1), alone or behind the four zero
 * bytes that tell it from ESP on port 4500 (RFC 3948 section 2.2). ESP itself is not recognised.
 * The header's length is the datagram's, and payloads fill it exactly; the ports are not asked.
 */
enum {
	VERSION_1 = 0x10,
	VERSION_2 = 0x20,
	V2_SA_INIT = 34,
	V2_AUTH = 35,
	V2_INFORMATIONAL = 37,
	V2_INTERMEDIATE = 43, /* RFC 9242 */
	V2_RESPONSE = 0x20,
	V2_FLAGS = 0x38, /* initiator, version, response */
	V2_ENCRYPTED = 46,
	V2_FRAGMENT = 53, /* RFC 7383 */
	V1_FLAGS = 0x07,
	V1_ENCRYPTED = 0x01,
	V1_BLOCK = 8, /* the shortest cipher's */
};

struct header {
	bool initiator, responder; /* its SPI (version 1: cookie) is there */
	uint8_t next, version, exchange, flags;
};

static bool read_spi(struct cur *c)
{
	uint32_t high = cur_uint(c, 4), low = cur_uint(c, 4);

	return high || low;
}

/* False: no IKE header, or its length is not the datagram's. */
static bool read_header(struct header *h, struct cur *c)
{
	size_t n = cur_left(c);

	h->initiator = read_spi(c);
	h->responder = read_spi(c);
	h->next = cur_u8(c);
	h->version = cur_u8(c);
	h->exchange = cur_u8(c);
	h->flags = cur_u8(c);
	cur_uint(c, 4); /* message id */
	return cur_uint(c, 4) == n && !c->bad && h->initiator;
}

/* Payloads, each naming the type of the next, fill the message exactly (RFC 7296 section 3.2). */
static bool payloads(struct cur c, uint8_t next)
{
	while (next && cur_left(&c)) {
		next = cur_u8(&c);
		cur_u8(&c);
		size_t n = cur_u16(&c);

		if (n < 4)
			return false;
		cur_take(&c, n - 4);
	}
	return !c.bad && !next && !cur_left(&c);
}

/* What is sealed is the last payload: all of it, whatever it names as next (section 3.14). */
static bool sealed(struct cur c)
{
	size_t n = cur_left(&c);

	cur_u16(&c);
	return cur_u16(&c) == n && !c.bad;
}

static bool exchange_1(uint8_t x)
{
	return x == 1 || x == 2 || (x >= 4 && x <= 6) || x == 32 || x == 33;
}

/* NOT_MINE, DONE, or BAD: the header is right beyond doubt and the payloads are wrong. */
static enum dissect_result version_1(const struct header *h, struct cur c)
{
	if (!exchange_1(h->exchange) || h->flags & ~V1_FLAGS || !h->next)
		return DISSECT_NOT_MINE;
	if (h->flags & V1_ENCRYPTED)
		return h->responder && cur_left(&c) && cur_left(&c) % V1_BLOCK == 0 ?
			       DISSECT_DONE :
			       DISSECT_NOT_MINE;
	if (payloads(c, h->next))
		return DISSECT_DONE;
	return h->responder ? DISSECT_NOT_MINE : DISSECT_BAD;
}

static enum dissect_result version_2(const struct header *h, struct cur c)
{
	bool known = (h->exchange >= V2_SA_INIT && h->exchange <= V2_INFORMATIONAL) ||
		     h->exchange == V2_INTERMEDIATE;

	if (!known || h->flags & ~V2_FLAGS)
		return DISSECT_NOT_MINE;
	if (h->next == V2_ENCRYPTED || h->next == V2_FRAGMENT)
		return h->responder && h->exchange >= V2_AUTH && sealed(c) ? DISSECT_DONE :
									     DISSECT_NOT_MINE;
	if (h->exchange != V2_SA_INIT || !h->next)
		return DISSECT_NOT_MINE;
	if (payloads(c, h->next))
		return DISSECT_DONE;
	return h->responder || h->flags & V2_RESPONSE ? DISSECT_NOT_MINE : DISSECT_BAD;
}

enum dissect_result ike_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes), marked = c;
	enum dissect_result r = DISSECT_NOT_MINE;
	struct header h;

	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	if (cur_uint(&marked, 4) == 0)
		c = marked;
	if (!read_header(&h, &c))
		return DISSECT_NOT_MINE;
	if (h.version == VERSION_2)
		r = version_2(&h, c);
	else if (h.version == VERSION_1)
		r = version_1(&h, c);
	if (r != DISSECT_NOT_MINE)
		dissect_app(f, APP_IKE);
	if (r == DISSECT_BAD)
		f->anomalies |= ANOM_APP_BAD;
	return r;
}
