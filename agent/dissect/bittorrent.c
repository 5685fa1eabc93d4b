/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

#include <string.h>

/*
 * TCP: the handshake's first 20 bytes (BEP 3), or what BitTorrent Sync begins with (its name, the
 * length of a bencoded dictionary and that dictionary's 'd', as seen on the wire). UDP: messages
 * of the DHT (KRPC, BEP 5; requests of BEP 44 and 51 have the same form), a UDP tracker's connect
 * (BEP 15), the SYN of uTP (BEP 29), local service discovery (BEP 14). What MSE encrypts is not
 * recognised.
 */
static const char hello[] = "\x13"
			    "BitTorrent protocol";
static const char sync_hello[] = "BSYNC\0\0\0";
static const char discovery[] = "BT-SEARCH * HTTP/1.1\r\n";

enum {
	DEPTH_MAX = 16,	   /* real messages have 4 */
	DIGITS_MAX = 5,	   /* of a string's length: more than a datagram holds */
	ID_LEN = 20,
	TRACKER_LEN = 16,
	UTP_SYN = 4 << 4 | 1, /* type, version */
	UTP_LEN = 20,
	UTP_BITS = 2,	   /* extension that older clients send with 8 empty bytes */
	UTP_BITS_LEN = 30,
	UTP_WINDOW_MAX = 1 << 28,
};

static enum dissect_result done(struct facts *f)
{
	dissect_app(f, APP_BITTORRENT);
	return DISSECT_DONE;
}

static bool is(struct slice s, const char *text, size_t n)
{
	return s.n == n && memcmp(s.p, text, n) == 0;
}

static bool begins(struct slice s, const char *text, size_t n)
{
	return s.n >= n && memcmp(s.p, text, n) == 0;
}

/* MORE while the bytes are the text's beginning. */
static enum dissect_result compare(struct slice bytes, const char *text, size_t n)
{
	size_t have = bytes.n < n ? bytes.n : n;

	if (have && memcmp(bytes.p, text, have) != 0)
		return DISSECT_NOT_MINE;
	return have < n ? DISSECT_MORE : DISSECT_DONE;
}

/* Lengths of more than 64 KiB are none. */
static enum dissect_result sync_dissect(struct slice bytes)
{
	enum dissect_result r = compare(bytes, sync_hello, sizeof sync_hello - 1);
	struct cur c = cur_of(bytes);

	if (r != DISSECT_DONE)
		return r;
	cur_take(&c, sizeof sync_hello - 1 + 2);
	uint8_t first = cur_u8(&c);
	if (c.bad)
		return DISSECT_MORE;
	return first == 'd' ? DISSECT_DONE : DISSECT_NOT_MINE;
}

enum dissect_result bittorrent_dissect(struct facts *f, struct dissect_text *text,
				       struct slice bytes)
{
	enum dissect_result r = compare(bytes, hello, sizeof hello - 1);

	(void)text;
	if (r == DISSECT_NOT_MINE)
		r = sync_dissect(bytes);
	return r == DISSECT_DONE ? done(f) : r;
}

/* ---- bencoding (BEP 3) */

static bool digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* A string whose first digit was read; any other byte makes the cursor bad. */
static struct slice string(struct cur *c, uint8_t first)
{
	size_t n = first - (size_t)'0';
	unsigned int digits = 1;
	uint8_t b;

	if (!digit(first))
		c->bad = true;
	while (digit(b = cur_u8(c)) && ++digits <= DIGITS_MAX)
		n = 10 * n + (b - (size_t)'0');
	if (b != ':')
		c->bad = true;
	return cur_take(c, c->bad ? 0 : n);
}

static void integer(struct cur *c)
{
	uint8_t b = cur_u8(c);

	if (b == '-')
		b = cur_u8(c);
	if (!digit(b))
		c->bad = true;
	while (cur_left(c) && digit(b = cur_u8(c)))
		;
	if (b != 'e')
		c->bad = true;
}

/* Behind one value of any kind; a value that is not whole makes the cursor bad. */
static void skip(struct cur *c)
{
	unsigned int depth = 0;

	do {
		uint8_t b = cur_u8(c);

		if (b == 'd' || b == 'l')
			depth++;
		else if (b == 'i')
			integer(c);
		else if (digit(b))
			string(c, b);
		else if (b == 'e' && depth)
			depth--;
		else
			c->bad = true;
		if (depth > DEPTH_MAX)
			c->bad = true;
	} while (depth && !c->bad);
}

/* The next key of a dictionary whose 'd' was read; false at its end and when it is broken. */
static bool next_key(struct slice *key, struct cur *c)
{
	uint8_t b = cur_u8(c);

	if (b == 'e')
		return false;
	*key = string(c, b);
	return !c->bad;
}

/* An argument dictionary, passed whole; true if it names its sender by a node id. */
static bool has_id(struct cur *c)
{
	struct slice key;
	bool id = false;

	if (cur_u8(c) != 'd') {
		c->bad = true;
		return false;
	}
	while (next_key(&key, c)) {
		struct cur value = *c;

		skip(c);
		if (is(key, "id", 2))
			id = string(&value, cur_u8(&value)).n == ID_LEN && !value.bad;
	}
	return id;
}

struct krpc {
	struct slice query, kind; /* q, y */
	bool args, reply, error;  /* a, r with a node id; e is a list */
};

static void krpc_value(struct krpc *k, struct cur *c, struct slice key)
{
	struct cur value = *c;

	if (is(key, "a", 1)) {
		k->args = has_id(c);
	} else if (is(key, "r", 1)) {
		k->reply = has_id(c);
	} else {
		skip(c);
		if (is(key, "q", 1))
			k->query = string(&value, cur_u8(&value));
		else if (is(key, "y", 1))
			k->kind = string(&value, cur_u8(&value));
		else if (is(key, "e", 1))
			k->error = cur_u8(&value) == 'l';
	}
}

static bool krpc(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct krpc k = { 0 };
	struct slice key;

	if (cur_u8(&c) != 'd')
		return false;
	while (next_key(&key, &c))
		krpc_value(&k, &c, key);
	if (c.bad || cur_left(&c))
		return false;
	return (is(k.kind, "q", 1) && k.args && k.query.n) || (is(k.kind, "r", 1) && k.reply) ||
	       (is(k.kind, "e", 1) && k.error);
}

/* Nothing else begins so: what breaks later is a DHT message all the same. */
static bool claims_krpc(struct slice bytes)
{
	return begins(bytes, "d1:ad2:id20:", 12) || begins(bytes, "d1:rd2:id20:", 12);
}

/* ---- other datagrams */

static bool tracker(struct slice bytes)
{
	struct cur c = cur_of(bytes);

	return bytes.n >= TRACKER_LEN && cur_uint(&c, 4) == 0x417 &&
	       cur_uint(&c, 4) == 0x27101980 && cur_uint(&c, 4) == 0;
}

/*
 * A SYN has nothing to acknowledge and no delay measured, so 6 bytes are zero. The sequence
 * number begins at random in most clients, against BEP 29.
 */
static bool utp_syn(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t type = cur_u8(&c), extension = cur_u8(&c);

	cur_take(&c, 2 + 4); /* connection, time */
	uint32_t delay = cur_uint(&c, 4), window = cur_uint(&c, 4);
	cur_u16(&c);
	uint16_t ack = cur_u16(&c);
	if (type != UTP_SYN || delay || !window || window > UTP_WINDOW_MAX || ack)
		return false;
	if (bytes.n == UTP_LEN)
		return extension == 0;
	return bytes.n == UTP_BITS_LEN && extension == UTP_BITS && cur_u8(&c) == 0 &&
	       cur_u8(&c) == 8 && cur_uint(&c, 4) == 0 && cur_uint(&c, 4) == 0;
}

enum dissect_result dht_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	(void)text;
	if (!bytes.n)
		return DISSECT_MORE;
	if (tracker(bytes) || utp_syn(bytes) ||
	    begins(bytes, discovery, sizeof discovery - 1) || krpc(bytes))
		return done(f);
	if (!claims_krpc(bytes))
		return DISSECT_NOT_MINE;
	dissect_app(f, APP_BITTORRENT);
	f->anomalies |= ANOM_APP_BAD;
	return DISSECT_BAD;
}
