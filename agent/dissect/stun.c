/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

/*
 * STUN, and TURN, which is a set of its methods (RFC 8489 section 5, RFC 8656): two zero bits,
 * type, length in steps of four that is the datagram's, magic cookie, transaction id, attributes.
 * Without the cookie it is the older form (RFC 3489 section 11.1), taken for STUN on its own
 * ports only and as one of the two requests that it has. TURN's channel data, which never comes
 * first, is not recognised.
 */
enum {
	COOKIE = 0x2112A442,
	BINDING = 0x0001,
	SHARED_SECRET = 0x0002,
	PORT = 3478,
	PORT_CHANGED = 3479, /* where servers of RFC 3489 have their second port */
};

/* Type, length, value; with the cookie each value is padded to four bytes (section 14). */
static bool attributes(struct cur c, bool padded)
{
	while (cur_left(&c)) {
		cur_u16(&c);
		size_t n = cur_u16(&c);

		if (padded)
			n = (n + 3) & ~(size_t)3;
		cur_take(&c, n);
	}
	return !c.bad;
}

static bool classic(const struct facts *f, uint16_t type, struct cur rest)
{
	return (type == BINDING || type == SHARED_SECRET) &&
	       (f->dport == PORT || f->dport == PORT_CHANGED) && attributes(rest, false);
}

enum dissect_result stun_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint16_t type = cur_u16(&c), len = cur_u16(&c);
	uint32_t cookie = cur_uint(&c, 4);

	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	cur_take(&c, 12); /* transaction id */
	if (c.bad || type >> 14 || len != cur_left(&c) || len % 4)
		return DISSECT_NOT_MINE;
	if (cookie != COOKIE && !classic(f, type, c))
		return DISSECT_NOT_MINE;
	dissect_app(f, APP_STUN);
	if (cookie != COOKIE || attributes(c, true))
		return DISSECT_DONE;
	f->anomalies |= ANOM_APP_BAD;
	return DISSECT_BAD;
}
