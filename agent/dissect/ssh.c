/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SSH from the client's side: the identification string (RFC 4253 section 4.2), then binary
 * packets (section 6) up to SSH_MSG_KEXINIT (section 7.1). The banner settles whose protocol this
 * is; only HASSH needs more. A client may wait for the server's banner before it sends KEXINIT, and
 * may send a guessed packet behind it, which is not read.
 */
#include "agent/dissect/hassh.h"

#include <string.h>

enum {
	BANNER_MAX = 255,   /* with CR LF */
	VERSION_DIGITS = 3,
	PACKET_MAX = 16384, /* as much as is kept of a stream; clients send 500 to 3000 */
	PADDING_MIN = 4,
	BEFORE_MAX = 8,	    /* messages that may come before KEXINIT */
	LISTS = 10,	    /* of names in KEXINIT */
};

enum { MSG_DISCONNECT = 1, MSG_IGNORE = 2, MSG_DEBUG = 4, MSG_KEXINIT = 20 };

/* Digits up to `end`. */
static enum dissect_result read_number(unsigned int *v, struct cur *c, uint8_t end)
{
	*v = 0;
	for (int i = 0; cur_left(c); i++) {
		uint8_t b = cur_u8(c);

		if (b == end && i)
			return DISSECT_DONE;
		if (b < '0' || b > '9' || i == VERSION_DIGITS)
			return DISSECT_NOT_MINE;
		*v = *v * 10 + b - '0';
	}
	return DISSECT_MORE;
}

/* "SSH-protoversion-". *two: 2.0, or 1.99, which is both. */
static enum dissect_result read_version(bool *two, struct cur *c)
{
	struct cur magic = cur_of((struct slice){ (const uint8_t *)"SSH-", 4 });
	unsigned int major, minor;
	enum dissect_result r;

	while (cur_left(&magic)) {
		if (!cur_left(c))
			return DISSECT_MORE;
		if (cur_u8(c) != cur_u8(&magic))
			return DISSECT_NOT_MINE;
	}
	r = read_number(&major, c, '.');
	if (r == DISSECT_DONE)
		r = read_number(&minor, c, '-');
	if (r == DISSECT_DONE)
		*two = major == 2 || (major == 1 && minor == 99);
	return r;
}

static bool printable(struct slice s, uint8_t lowest)
{
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (b < lowest || b > 0x7e)
			return false;
	}
	return true;
}

static bool ends(struct slice s, uint8_t with)
{
	struct cur c = cur_of(s);

	cur_take(&c, s.n - 1);
	return s.n && cur_u8(&c) == with;
}

/* A NUL ends what is told of a line, as it does for programs in C; so do blanks at its end. */
static struct slice trim(struct slice line)
{
	const uint8_t *nul = line.n ? memchr(line.p, 0, line.n) : NULL;

	if (nul)
		line.n = (size_t)(nul - line.p);
	while (ends(line, ' '))
		line.n--;
	return line;
}

/* What stands behind the version is kept, and the cursor is left behind the line. */
static enum dissect_result read_banner(bool *two, struct facts *f, struct dissect_text *text,
				       struct cur *c)
{
	struct slice all = cur_rest(c), rest, line;
	enum dissect_result r = read_version(two, c);
	const uint8_t *lf;
	size_t before = all.n - cur_left(c), n;

	if (r != DISSECT_DONE)
		return r;
	rest = cur_rest(c);
	n = rest.n < BANNER_MAX - before ? rest.n : BANNER_MAX - before;
	lf = n ? memchr(rest.p, '\n', n) : NULL;
	if (!lf)
		return n < BANNER_MAX - before ? DISSECT_MORE : DISSECT_BAD;
	line = cur_take(c, (size_t)(lf - rest.p));
	cur_u8(c);
	if (ends(line, '\r'))
		line.n--;
	if (!line.n || !printable(line, ' '))
		f->anomalies |= ANOM_APP_BAD;
	line = trim(line);
	if (!facts_text(f->software, &f->software_len, sizeof f->software, line.p, line.n))
		f->cut |= FACTS_CUT_SOFTWARE;
	facts_know(f, FACT_SSH_SOFTWARE);
	dissect_app(f, APP_SSH);
	dissect_put(text, TEXT_CLIENT, (struct slice){ all.p, before + line.n });
	return DISSECT_DONE;
}

/* The next packet's payload; DONE with *type MSG_DISCONNECT has none. */
static enum dissect_result read_packet(struct slice *payload, uint8_t *type, struct cur *c)
{
	size_t have = cur_left(c), len = cur_uint(c, 4);
	size_t padding = cur_u8(c);
	struct cur peek = *c;

	*type = cur_u8(&peek);
	if ((have >= 4 && (len < PADDING_MIN + 2 || len > PACKET_MAX)) ||
	    (have >= 5 && (padding < PADDING_MIN || padding + 2 > len)) ||
	    (have >= 6 && *type != MSG_KEXINIT && (*type < MSG_DISCONNECT || *type > MSG_DEBUG)))
		return DISSECT_BAD;
	if (have >= 6 && *type == MSG_DISCONNECT)
		return DISSECT_DONE;
	*payload = cur_take(c, len - padding - 1);
	cur_take(c, padding);
	return c->bad ? DISSECT_MORE : DISSECT_DONE;
}

/* Cookie, ten lists of names, a flag, four reserved bytes. */
static enum dissect_result read_kexinit(struct facts *f, struct dissect_text *text,
					struct slice payload)
{
	/* of the ten: kex, host key, then each for client to server and back: cipher, MAC, ... */
	static const uint8_t place[HASSH_LISTS] = { 0, 2, 4, 6 };
	struct cur c = cur_of(payload);
	struct slice all[LISTS], list[HASSH_LISTS];

	cur_take(&c, 1 + 16);
	for (int i = 0; i < LISTS; i++) {
		all[i] = cur_take(&c, cur_uint(&c, 4));
		if (!printable(all[i], '!'))
			return DISSECT_BAD;
	}
	cur_take(&c, 1 + 4);
	if (c.bad)
		return DISSECT_BAD;
	for (int i = 0; i < HASSH_LISTS; i++)
		list[i] = all[place[i]];
	hassh_hash(f->hassh, text, list);
	facts_know(f, FACT_HASSH);
	return DISSECT_DONE;
}

static enum dissect_result read_packets(struct facts *f, struct dissect_text *text, struct cur *c)
{
	struct slice payload = { NULL, 0 };

	for (int i = 0; i <= BEFORE_MAX; i++) {
		uint8_t type;
		enum dissect_result r = read_packet(&payload, &type, c);

		if (r != DISSECT_DONE || type == MSG_DISCONNECT)
			return r;
		if (type == MSG_KEXINIT)
			return read_kexinit(f, text, payload);
	}
	return DISSECT_BAD;
}

enum dissect_result ssh_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	bool two = false;
	enum dissect_result r = read_banner(&two, f, text, &c);

	if (r == DISSECT_DONE && two)
		r = read_packets(f, text, &c);
	if (r == DISSECT_BAD) {
		dissect_app(f, APP_SSH);
		f->anomalies |= ANOM_APP_BAD;
	}
	return r;
}
