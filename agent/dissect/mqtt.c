/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MQTT by its CONNECT packet: 3.1.1 section 3.1 and 5.0 section 3.1 (docs.oasis-open.org/mqtt),
 * 3.1 section 3.1 ("MQIsdp"). Bridges set the high bit of the level (mosquitto). What stands behind
 * the keep-alive is not read: it may be long, and the header says enough.
 */
#include "agent/dissect/dissect.h"

#include <string.h>

enum {
	CONNECT = 0x10,
	LENGTH_BYTES = 4,
	BRIDGE = 0x80,
	WILL = 0x04, WILL_QOS = 0x18, WILL_RETAIN = 0x20, PASSWORD = 0x40, USER = 0x80,
};

/* Seven bits a byte, the low ones first (3.1.1 section 2.2.3). */
static enum dissect_result read_length(size_t *v, struct cur *c)
{
	*v = 0;
	for (unsigned int i = 0; i < LENGTH_BYTES && cur_left(c); i++) {
		uint8_t b = cur_u8(c);

		*v |= (size_t)(b & 0x7f) << 7 * i;
		if (b < 0x80)
			return DISSECT_DONE;
		if (i == LENGTH_BYTES - 1)
			return DISSECT_NOT_MINE;
	}
	return DISSECT_MORE;
}

/* Length and name of the protocol; *old: "MQIsdp". */
static enum dissect_result read_name(bool *old, struct cur *c)
{
	size_t len = cur_u16(c), n;
	struct slice rest;

	if (c->bad)
		return DISSECT_MORE;
	if (len != 4 && len != 6)
		return DISSECT_NOT_MINE;
	*old = len == 6;
	rest = cur_rest(c);
	n = rest.n < len ? rest.n : len;
	if (n && memcmp(rest.p, *old ? "MQIsdp" : "MQTT", n) != 0)
		return DISSECT_NOT_MINE;
	cur_take(c, len);
	return c->bad ? DISSECT_MORE : DISSECT_DONE;
}

static bool flags_fit(uint8_t flags, uint8_t level)
{
	if (flags & 1) /* reserved */
		return false;
	if ((flags & WILL_QOS) == WILL_QOS)
		return false;
	if (!(flags & WILL) && flags & (WILL_QOS | WILL_RETAIN))
		return false;
	/* a password alone is new in 5.0 */
	return level == 5 || !(flags & PASSWORD) || flags & USER;
}

enum dissect_result mqtt_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t type = cur_u8(&c), level, flags;
	enum dissect_result r;
	size_t left, least;
	bool old;

	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	if (type != CONNECT)
		return DISSECT_NOT_MINE;
	r = read_length(&left, &c);
	if (r == DISSECT_DONE)
		r = read_name(&old, &c);
	if (r != DISSECT_DONE)
		return r;
	level = cur_u8(&c) & (uint8_t)~BRIDGE;
	flags = cur_u8(&c);
	cur_u16(&c);
	if (c.bad)
		return DISSECT_MORE;
	/* name, level, flags, keep-alive, no properties, an empty client id */
	least = (old ? 8u : 6u) + 1 + 1 + 2 + (level == 5 ? 1u : 0u) + 2;
	dissect_app(f, APP_MQTT);
	if (left >= least && (old ? level == 3 : level == 4 || level == 5) && flags_fit(flags, level))
		return DISSECT_DONE;
	f->anomalies |= ANOM_APP_BAD;
	return DISSECT_BAD;
}
