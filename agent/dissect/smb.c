/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMB from its first message: over a NetBIOS session (RFC 1002 section 4.3: type, flags, length;
 * there a session request comes first) or direct (MS-SMB2 section 2.1: a zero byte and 24 bits of
 * length). SMB 1: MS-CIFS sections 2.2.3.1 and 2.2.4.52.1; SMB 2 and 3: MS-SMB2 sections 2.2.1.2
 * and 2.2.41.
 */
#include "agent/dissect/dissect.h"

enum {
	SESSION_MESSAGE = 0x00,
	SESSION_REQUEST = 0x81,
	NAME_LEN = 32,			/* two bytes from 'A' to 'P' for each of 16 */
	NAMES_LEN = 2 * (1 + NAME_LEN + 1),
	SMB1_LEN = 32, SMB1_NEGOTIATE = 0x72,
	SMB2_LEN = 64, SMB2_BODY_MIN = 2, SMB2_COMMANDS = 19,
	SEALED_LEN = 52,
};

static uint32_t little(struct cur *c, size_t n)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint32_t)cur_u8(c) << 8 * i;
	return v;
}

/* A name in first-level encoding without a scope (RFC 1001 section 14.1). */
static enum dissect_result read_name(struct cur *c)
{
	for (size_t i = 0; i < 1 + NAME_LEN + 1; i++) {
		uint8_t b = cur_u8(c);

		if (c->bad)
			return DISSECT_MORE;
		if (i == 0 ? b != NAME_LEN : i <= NAME_LEN ? b < 'A' || b > 'P' : b != 0)
			return DISSECT_NOT_MINE;
	}
	return DISSECT_DONE;
}

/* Called name, calling name. Nothing else than SMB is spoken behind one. */
static enum dissect_result read_request(struct cur *c)
{
	size_t have = cur_left(c);
	uint8_t flags = cur_u8(c);
	uint16_t len = cur_u16(c);
	enum dissect_result r;

	if ((have >= 1 && flags) || (have >= 3 && len != NAMES_LEN))
		return DISSECT_NOT_MINE;
	r = read_name(c);
	return r == DISSECT_DONE ? read_name(c) : r;
}

/* A negotiation has no words; its dialects fill the rest. Any other command: somewhere inside. */
static enum dissect_result read_smb1(struct cur *c, size_t len)
{
	uint8_t command = cur_u8(c), words;
	size_t count;

	cur_take(c, SMB1_LEN - 4 - 1);
	words = cur_u8(c);
	count = little(c, 2);
	if (c->bad)
		return len < SMB1_LEN + 3 ? DISSECT_BAD : DISSECT_MORE;
	if (len < SMB1_LEN + 3 || (command == SMB1_NEGOTIATE && (words || count != len - SMB1_LEN - 3)))
		return DISSECT_BAD;
	return DISSECT_DONE;
}

static enum dissect_result read_smb2(struct cur *c, size_t len)
{
	uint32_t size = little(c, 2), command;

	cur_take(c, 6); /* credit charge, status */
	command = little(c, 2);
	if (len < SMB2_LEN + SMB2_BODY_MIN)
		return DISSECT_BAD;
	if (c->bad)
		return DISSECT_MORE;
	return size == SMB2_LEN && command < SMB2_COMMANDS ? DISSECT_DONE : DISSECT_BAD;
}

static enum dissect_result read_sealed(struct cur *c, size_t len)
{
	uint32_t inside;

	cur_take(c, 16 + 16); /* signature, nonce */
	inside = little(c, 4);
	if (len <= SEALED_LEN)
		return DISSECT_BAD;
	if (c->bad)
		return DISSECT_MORE;
	return inside == len - SEALED_LEN ? DISSECT_DONE : DISSECT_BAD;
}

static enum dissect_result read_message(struct cur *c)
{
	size_t len = cur_u24(c), have;
	uint8_t version;

	have = cur_left(c);
	if (c->bad || !have)
		return DISSECT_MORE;
	version = cur_u8(c);
	if (version < 0xfd || (have >= 2 && cur_u8(c) != 'S') || (have >= 3 && cur_u8(c) != 'M') ||
	    (have >= 4 && cur_u8(c) != 'B'))
		return DISSECT_NOT_MINE;
	if (have < 4)
		return DISSECT_MORE;
	if (version == 0xff)
		return read_smb1(c, len);
	return version == 0xfe ? read_smb2(c, len) : read_sealed(c, len);
}

enum dissect_result smb_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t type = cur_u8(&c);
	enum dissect_result r;

	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	if (type != SESSION_MESSAGE && type != SESSION_REQUEST)
		return DISSECT_NOT_MINE;
	r = type == SESSION_REQUEST ? read_request(&c) : read_message(&c);
	if (r == DISSECT_BAD)
		f->anomalies |= ANOM_APP_BAD;
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		dissect_app(f, APP_SMB);
	return r;
}
