/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

/*
 * The client's first packet, P_CONTROL_HARD_RESET_CLIENT_V1, _V2 or _V3. Formats: the OpenVPN
 * manual's protocol overview (doc/doxygen/doc_protocol_overview.h and ssl.h of OpenVPN);
 * draft-openvpn-wireprotocol; doc/tls-crypt-v2.txt.
 *
 *   plain     opcode, session id, no acks, message id 0
 *   tls-auth  opcode, session id, HMAC, replay id and time, no acks, message id 0
 *   tls-crypt opcode, session id, replay id and time, tag of 32, 5 encrypted bytes
 *   V3        as tls-crypt, and the client's wrapped key with its length at the very end
 *
 * With a static key (no TLS), or scrambled by a patched client, it has no form to recognise.
 */
enum {
	CLIENT_V1 = 1 << 3, /* opcode, key id 0 */
	CLIENT_V2 = 7 << 3,
	CLIENT_V3 = 10 << 3,
	SESSION_LEN = 8,
	PLAIN_LEN = 14,
	REPLAY_LEN = 8,
	TAG_LEN = 32,
	CRYPT_LEN = PLAIN_LEN + REPLAY_LEN + TAG_LEN,
	WRAPPED_MIN = 32 + 256 + 2, /* tag, key, length */
	WRAPPED_MAX = 1024,
	HMAC_MAX = 64,
	RESENT_MAX = 255,	     /* replay ids begin at 1 and count what was sent again, too */
	EARLY_ID = 0x0f000000,	     /* where they begin in OpenVPN 2.6 with a cookie exchange */
};

/* Of 2004 to 2055: the clock is not asked. */
static bool plausible_time(uint32_t t)
{
	return t >= 0x40000000 && t < 0xa0000000;
}

static bool replay(struct cur *c)
{
	uint32_t id = cur_uint(c, 4), time = cur_uint(c, 4);

	if (id > EARLY_ID)
		id -= EARLY_ID;
	return id >= 1 && id <= RESENT_MAX && plausible_time(time);
}

/* MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512 */
static bool hmac_len(size_t n)
{
	return n == 16 || n == 20 || n == 28 || n == 32 || n == 48 || n == HMAC_MAX;
}

static bool length_fits(uint8_t opcode, size_t n)
{
	switch (opcode) {
	case CLIENT_V1:
	case CLIENT_V2:
		return n == PLAIN_LEN ||
		       (n > PLAIN_LEN + REPLAY_LEN && hmac_len(n - PLAIN_LEN - REPLAY_LEN));
	case CLIENT_V3:
		return n >= CRYPT_LEN + WRAPPED_MIN && n <= CRYPT_LEN + WRAPPED_MAX;
	default:
		return false;
	}
}

/* Behind session id and HMAC: no acks, message id 0. */
static bool first_message(struct cur *c)
{
	return cur_u8(c) == 0 && cur_uint(c, 4) == 0 && !c->bad && cur_left(c) == 0;
}

static bool wrapped_key(struct cur c, size_t n)
{
	cur_take(&c, TAG_LEN + PLAIN_LEN - SESSION_LEN - 1 + n - 2);
	return cur_u16(&c) == n && !c.bad;
}

/* One whole packet of a length that fits. */
static bool hard_reset(struct slice packet)
{
	struct cur c = cur_of(packet), auth;
	uint8_t opcode = cur_u8(&c);
	uint32_t high = cur_uint(&c, 4), low = cur_uint(&c, 4);

	if (!(high | low))
		return false;
	if (packet.n == PLAIN_LEN)
		return first_message(&c);
	auth = c;
	if (opcode == CLIENT_V3)
		return replay(&c) && wrapped_key(c, packet.n - CRYPT_LEN);
	if (packet.n == CRYPT_LEN && replay(&c))
		return true;
	cur_take(&auth, packet.n - PLAIN_LEN - REPLAY_LEN);
	return replay(&auth) && first_message(&auth);
}

static enum dissect_result done(struct facts *f)
{
	dissect_app(f, APP_OPENVPN);
	return DISSECT_DONE;
}

enum dissect_result openvpn_udp_dissect(struct facts *f, struct dissect_text *text,
					struct slice bytes)
{
	struct cur c = cur_of(bytes);

	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	if (!length_fits(cur_u8(&c), bytes.n) || !hard_reset(bytes))
		return DISSECT_NOT_MINE;
	return done(f);
}

/* The length alone, as far as its bytes are there. */
static bool length_may_fit(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	size_t high = cur_u8(&c), n = high << 8 | cur_u8(&c);

	if (c.bad)
		return high <= (CRYPT_LEN + WRAPPED_MAX) >> 8;
	return length_fits(CLIENT_V2, n) || length_fits(CLIENT_V3, n);
}

/* Each packet behind two bytes of its length. */
enum dissect_result openvpn_tcp_dissect(struct facts *f, struct dissect_text *text,
					struct slice bytes)
{
	struct cur c = cur_of(bytes), packet;
	size_t n = cur_u16(&c);
	uint8_t opcode;

	(void)text;
	if (!length_may_fit(bytes))
		return DISSECT_NOT_MINE;
	packet = c;
	opcode = cur_u8(&packet);
	if (packet.bad)
		return DISSECT_MORE;
	if (!length_fits(opcode, n))
		return DISSECT_NOT_MINE;
	if (cur_left(&c) < n)
		return DISSECT_MORE;
	return hard_reset(cur_take(&c, n)) ? done(f) : DISSECT_NOT_MINE;
}
