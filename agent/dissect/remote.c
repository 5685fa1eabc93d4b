/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remote-access tools by their first bytes. VNC: the client's ProtocolVersion (RFC 6143 section
 * 7.1.1; Apple sends 003.889, RealVNC 004.001 and 005.000). TeamViewer: marks known from
 * libprotoident (lpi_teamviewer.cc) and nDPI (teamviewer.c), weak alone and so tied to its port.
 * RustDesk: RendezvousMessage of github.com/rustdesk/hbb_common (protos/rendezvous.proto) in the
 * frames of bytes_codec.rs, on the ports of hbbs and hbbr. AnyDesk speaks TLS.
 */
#include "agent/dissect/dissect.h"

enum { PORT_TEAMVIEWER = 5938, PORT_RUSTDESK_FIRST = 21115, PORT_RUSTDESK_LAST = 21117 };
enum { FRAME_MAX = 4096, FIELD_MAX = 40, WIRE_VARINT = 0, WIRE_BYTES = 2 };

/* "RFB ddd.ddd\n" */
static enum dissect_result ask_vnc(struct slice bytes)
{
	static const uint8_t form[12] = "RFB 000.000\n";
	struct cur c = cur_of(bytes), want = cur_of((struct slice){ form, sizeof form });

	while (cur_left(&want)) {
		uint8_t b = cur_u8(&c), w = cur_u8(&want);

		if (c.bad)
			return DISSECT_MORE;
		if (w == '0' ? b < '0' || b > '9' : b != w)
			return DISSECT_NOT_MINE;
	}
	return DISSECT_DONE;
}

/* A mark of two bytes, a command, its length (low byte first). */
static enum dissect_result ask_teamviewer(struct slice bytes, uint16_t dport)
{
	struct cur c = cur_of(bytes);
	uint8_t first = cur_u8(&c), second = cur_u8(&c);
	bool one = first == 0x17, two = first == 0x11;
	uint16_t command;

	if (!bytes.n)
		return DISSECT_MORE;
	if ((!one && !two) || (bytes.n >= 2 && second != (one ? 0x24 : 0x30)))
		return DISSECT_NOT_MINE;
	if (dport == PORT_TEAMVIEWER)
		return bytes.n < 2 ? DISSECT_MORE : DISSECT_DONE;
	command = cur_u16(&c);
	if (two || (bytes.n >= 4 && command != 0x0a20))
		return DISSECT_NOT_MINE;
	return bytes.n < 4 ? DISSECT_MORE : DISSECT_DONE;
}

static uint64_t varint(struct cur *c)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t b = cur_u8(c);

		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	c->bad = true;
	return 0;
}

/* Fields of a protobuf message, of the two kinds that are used there, to its very end. */
static bool message(struct cur c)
{
	while (cur_left(&c)) {
		uint64_t key = varint(&c), n;

		if (key >> 3 == 0 || key >> 3 > FIELD_MAX)
			return false;
		n = varint(&c);
		if ((key & 7) == WIRE_BYTES)
			cur_take(&c, n > FRAME_MAX ? SIZE_MAX : (size_t)n);
		else if ((key & 7) != WIRE_VARINT)
			return false;
	}
	return !c.bad;
}

/* What a client says first: punch_hole_request, register_pk, request_relay, ... */
static bool rendezvous(struct cur c)
{
	static const uint8_t calls[] = { 8, 15, 18, 20, 23, 25, 26, 27 };
	uint64_t key = varint(&c), n = varint(&c);

	if (c.bad || (key & 7) != WIRE_BYTES || n != cur_left(&c))
		return false;
	for (size_t i = 0; i < sizeof calls; i++)
		if (key >> 3 == calls[i])
			return message(c);
	return false;
}

/* The low two bits of the first byte say how many more there are of the length, low bytes first. */
static enum dissect_result ask_rustdesk(struct slice bytes, uint16_t dport)
{
	struct cur c = cur_of(bytes);
	uint8_t first = cur_u8(&c);
	size_t len = first;
	struct cur frame;

	if (dport < PORT_RUSTDESK_FIRST || dport > PORT_RUSTDESK_LAST)
		return DISSECT_NOT_MINE;
	for (unsigned int i = 1; i <= (first & 3u); i++)
		len |= (size_t)cur_u8(&c) << 8 * i;
	if (c.bad)
		return DISSECT_MORE;
	len >>= 2;
	if (len < 2 || len > FRAME_MAX)
		return DISSECT_NOT_MINE;
	frame = cur_sub(&c, len);
	if (frame.bad)
		return DISSECT_MORE;
	return rendezvous(frame) ? DISSECT_DONE : DISSECT_NOT_MINE;
}

enum dissect_result remote_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	enum dissect_result vnc = ask_vnc(bytes), viewer = ask_teamviewer(bytes, f->dport),
			    rust = ask_rustdesk(bytes, f->dport);

	(void)text;
	if (vnc == DISSECT_DONE)
		dissect_app(f, APP_VNC);
	else if (viewer == DISSECT_DONE)
		dissect_app(f, APP_TEAMVIEWER);
	else if (rust == DISSECT_DONE)
		dissect_app(f, APP_RUSTDESK);
	else if (vnc == DISSECT_NOT_MINE && viewer == DISSECT_NOT_MINE && rust == DISSECT_NOT_MINE)
		return DISSECT_NOT_MINE;
	else
		return DISSECT_MORE;
	return DISSECT_DONE;
}
