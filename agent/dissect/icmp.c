/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

#include <string.h>

/*
 * Echo requests (RFC 792; RFC 4443 section 4.1): type, code, checksum, identifier, sequence,
 * payload. What ping programs put into the payload is a time, perhaps an identifier, and then
 * bytes that count up (iputils, BSD, macOS, Solaris), over and over (Windows: 23 letters;
 * traceroute: 64 bytes from '@' on), stay the same (busybox, fping, mtr, Go's pro-bing behind 24
 * bytes of its own) or repeat (Cisco IOS: abcd). A payload that does none of it carries data; so
 * does one that is an IP packet, or begins as the packets of a known tunnel do. Other short ones
 * are not judged: they hold a time and an identifier and nothing else, or as little of any data.
 */
enum {
	ECHO = 8,
	ECHO_6 = 128,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	SHORT = 32,
	FREE = 24,	 /* time and identifier */
	PERIOD_MAX = 16, /* what iputils takes for -p */
};

static const char magics[][4] = {
	{ '\xd5', '\x20', '\x08', '\x80' },	     /* ptunnel, ptunnel-ng */
	{ 'h', 'a', 'n', 'c' },			     /* hans */
	{ 'h', 'n', 'c', '2' }, { 'h', 'n', 'c', '3' }, { 'h', 'n', 'c', '4' },
};

/* An IP packet of just this length (icmptunnel, icmptx). */
static bool packet_inside(struct slice payload)
{
	struct cur c = cur_of(payload);
	uint8_t version = cur_u8(&c) >> 4;

	cur_u8(&c);
	size_t n4 = cur_u16(&c), n6 = cur_u16(&c) + (size_t)IPV6_HEADER;
	return (version == 4 && payload.n >= IPV4_HEADER && n4 == payload.n) ||
	       (version == 6 && n6 == payload.n);
}

static bool tunnel(struct slice payload)
{
	if (packet_inside(payload))
		return true;
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
		if (payload.n >= sizeof magics[i] &&
		    memcmp(payload.p, magics[i], sizeof magics[i]) == 0)
			return true;
	return false;
}

/* Each byte one more than the last, or, behind always the same highest, the same lowest. */
static bool counts_up(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t last = cur_u8(&c), low = 0, high = UINT8_MAX;
	bool wrapped = false;

	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (!wrapped && b != (uint8_t)(last + 1)) {
			wrapped = true;
			low = b;
			high = last;
		} else if (b != (last == high ? low : (uint8_t)(last + 1))) {
			return false;
		}
		last = b;
	}
	return true;
}

/* At least twice the same. */
static bool repeats(struct slice s)
{
	for (size_t period = 1; period <= PERIOD_MAX && 2 * period <= s.n; period++) {
		struct cur c = cur_of(s);

		cur_take(&c, period);
		struct slice again = cur_rest(&c);
		if (memcmp(s.p, again.p, again.n) == 0)
			return true;
	}
	return false;
}

static bool pattern(struct slice payload)
{
	struct cur c = cur_of(payload);

	cur_take(&c, FREE);
	struct slice rest = cur_rest(&c);
	return counts_up(rest) || repeats(rest);
}

static enum dissect_result echo(struct facts *f, struct slice bytes, uint8_t request)
{
	struct cur c = cur_of(bytes);
	uint8_t type = cur_u8(&c), code = cur_u8(&c);

	cur_take(&c, 6);
	if (c.bad || type != request)
		return DISSECT_NOT_MINE;
	struct slice payload = cur_rest(&c);
	dissect_app(f, APP_ICMP);
	f->icmp_size = payload.n < UINT16_MAX ? (uint16_t)payload.n : UINT16_MAX;
	facts_know(f, FACT_ICMP_SIZE);
	if (code)
		f->anomalies |= ANOM_APP_BAD;
	if (tunnel(payload) || (payload.n > SHORT && !pattern(payload)))
		f->anomalies |= ANOM_ICMP_DATA;
	return DISSECT_DONE;
}

enum dissect_result icmp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	(void)text;
	return echo(f, bytes, ECHO);
}

enum dissect_result icmp6_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	(void)text;
	return echo(f, bytes, ECHO_6);
}
