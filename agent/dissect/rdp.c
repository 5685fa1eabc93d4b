/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The X.224 Connection Request of RDP: TPKT (RFC 1006 section 6), X.224 section 13.3, and
 * MS-RDPBCGR section 2.2.1.1: a routing token or a cookie, RDP_NEG_REQ, RDP_NEG_CORRELATION_INFO.
 * Other users of TPKT (H.323, S7, MMS) have neither. What follows, TLS or not, is not waited for.
 */
#include "agent/dissect/dissect.h"

#include <string.h>

enum {
	TPKT_VERSION = 3,
	HEADERS = 4 + 7, /* TPKT; length indicator, type, references, class */
	LENGTH_MAX = 4 + 255, /* the length indicator is one byte, and 255 is reserved */
	TYPE_CR = 0xe0,
	NEG_REQ = 1, NEG_REQ_LEN = 8,
	NEG_CORRELATION = 6, NEG_CORRELATION_LEN = 36, NEG_HAS_CORRELATION = 8,
	PORT_RDP = 3389, PORT_HTTPS = 443,
};

static bool begins(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* Fixed part of the request. MORE also while the rest of it is not whole. */
static enum dissect_result read_headers(struct cur *variable, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t version = cur_u8(&c), reserved = cur_u8(&c);
	size_t len = cur_u16(&c), indicator = cur_u8(&c);
	uint8_t type = cur_u8(&c);
	uint16_t to = cur_u16(&c);

	cur_u16(&c); /* the client's own reference: anything */
	uint8_t class = cur_u8(&c);
	if ((bytes.n >= 1 && version != TPKT_VERSION) || (bytes.n >= 2 && reserved) ||
	    (bytes.n >= 4 && (len < HEADERS || len > LENGTH_MAX)) ||
	    (bytes.n >= 5 && indicator + 5 != len) || (bytes.n >= 6 && type != TYPE_CR) ||
	    (bytes.n >= 8 && to) || (bytes.n >= HEADERS && class))
		return DISSECT_NOT_MINE;
	*variable = cur_sub(&c, len - HEADERS);
	return c.bad ? DISSECT_MORE : DISSECT_DONE;
}

/* All that is left is a negotiation request, with or without correlation info. */
static bool negotiation(struct cur c)
{
	size_t n = cur_left(&c);
	uint8_t type = cur_u8(&c), flags = cur_u8(&c);
	bool more = flags & NEG_HAS_CORRELATION;

	if (type != NEG_REQ || cur_u16(&c) != NEG_REQ_LEN << 8)
		return false;
	if (n != (more ? NEG_REQ_LEN + NEG_CORRELATION_LEN : NEG_REQ_LEN))
		return false;
	cur_take(&c, 4);
	return !more || (cur_u8(&c) == NEG_CORRELATION && !cur_u8(&c) &&
			 cur_u16(&c) == NEG_CORRELATION_LEN << 8);
}

/* A line up to CR LF, with the cursor behind it; empty and untouched if there is none. */
static struct slice take_line(struct cur *c)
{
	struct slice all = cur_rest(c), line;
	const uint8_t *end = all.n ? memmem(all.p, all.n, "\r\n", 2) : NULL;

	if (!end)
		return (struct slice){ all.p, 0 };
	line = cur_take(c, (size_t)(end - all.p));
	cur_take(c, 2);
	return line;
}

static enum dissect_result read_variable(const struct facts *f, struct dissect_text *text,
					 struct cur c)
{
	static const char cookie[] = "Cookie: mstshash=";
	struct slice all = cur_rest(&c), line;
	bool claims = begins(all, cookie) || begins(all, "Cookie: msts=") || begins(all, "tsv://");

	if (!all.n)
		return f->dport == PORT_RDP || f->dport == PORT_HTTPS ? DISSECT_DONE :
									DISSECT_NOT_MINE;
	if (negotiation(c))
		return DISSECT_DONE;
	line = take_line(&c);
	if (begins(line, cookie)) {
		struct cur value = cur_of(line);

		cur_take(&value, sizeof cookie - 1);
		dissect_put(text, TEXT_COOKIE, cur_rest(&value));
	}
	if (line.n && (claims ? !cur_left(&c) || negotiation(c) : negotiation(c)))
		return DISSECT_DONE;
	return claims ? DISSECT_BAD : DISSECT_NOT_MINE;
}

enum dissect_result rdp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur variable = { 0 };
	enum dissect_result r = read_headers(&variable, bytes);

	if (r != DISSECT_DONE)
		return r;
	r = read_variable(f, text, variable);
	if (r == DISSECT_BAD)
		f->anomalies |= ANOM_APP_BAD;
	if (r != DISSECT_NOT_MINE)
		dissect_app(f, APP_RDP);
	return r;
}
