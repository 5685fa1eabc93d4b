/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

/*
 * NTP and SNTP, what a client or a peer sends (RFC 5905 section 7.3), with extension fields
 * (RFC 7822) and MAC; and questions to a server's state (RFC 9327 section 2). The bytes say too
 * little by themselves, so the port is asked, and every field has to be plausible: what tunnels
 * through port 123 is not.
 */
enum {
	PORT = 123,
	MODE_ACTIVE = 1,
	MODE_CLIENT = 3,
	MODE_CONTROL = 6,
	HEADER_LEN = 48,
	STRATUM_MAX = 16,
	POLL_MIN = -7, /* powers of two of seconds; chrony goes below RFC 5905 */
	POLL_MAX = 24,
	PRECISION = 32,	   /* this far to either side of a second */
	SECONDS_MAX = 1024, /* root delay and dispersion */
	CONTROL_LEN = 12,
	OPCODE_MAX = 31,
};

static int8_t signed8(uint8_t b)
{
	return (int8_t)b;
}

/* Extension fields of at least 16 bytes, then nothing, a crypto-NAK, or an MD5 or SHA-1 MAC. */
static bool rest(struct cur c)
{
	while (cur_left(&c) && cur_left(&c) != 4 && cur_left(&c) != 20 && cur_left(&c) != 24) {
		cur_u16(&c);
		size_t n = cur_u16(&c);

		if (n < 16 || n % 4)
			return false;
		cur_take(&c, n - 4);
	}
	return !c.bad;
}

static bool time_message(struct cur c)
{
	uint8_t stratum = cur_u8(&c);
	int8_t poll = signed8(cur_u8(&c)), precision = signed8(cur_u8(&c));
	int16_t delay = (int16_t)cur_u16(&c);

	cur_u16(&c);
	uint16_t dispersion = cur_u16(&c);
	cur_take(&c, HEADER_LEN - 10);
	return !c.bad && stratum <= STRATUM_MAX && poll >= POLL_MIN && poll <= POLL_MAX &&
	       precision >= -PRECISION && precision <= PRECISION && delay > -SECONDS_MAX &&
	       delay < SECONDS_MAX && dispersion < SECONDS_MAX && rest(c);
}

/* A request of state: operation, and as many bytes of data as it says, padded to four. */
static bool control(struct cur c)
{
	uint8_t operation = cur_u8(&c);

	cur_take(&c, 2); /* sequence */
	uint16_t status = cur_u16(&c);
	cur_u16(&c); /* association */
	uint16_t offset = cur_u16(&c);
	size_t n = cur_u16(&c);
	return !c.bad && operation && operation <= OPCODE_MAX && !status && !offset &&
	       cur_left(&c) == ((n + 3) & ~(size_t)3);
}

enum dissect_result ntp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t first = cur_u8(&c), mode = first & 7, version = first >> 3 & 7;
	bool mine = false;

	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	if (f->dport != PORT || version < 1 || version > 4)
		return DISSECT_NOT_MINE;
	switch (mode) {
	case MODE_CLIENT:
	case MODE_ACTIVE:
		mine = time_message(c);
		break;
	case MODE_CONTROL:
		mine = control(c);
		break;
	default:
		break;
	}
	if (!mine)
		return DISSECT_NOT_MINE;
	dissect_app(f, APP_NTP);
	return DISSECT_DONE;
}
