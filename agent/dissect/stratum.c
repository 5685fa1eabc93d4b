/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mining by its first call: JSON-RPC, one object a line. Stratum: mining.subscribe and others
 * (github.com/slushpool/stratumprotocol, BIP 310 for mining.configure); Ethereum proxies:
 * eth_submitLogin, eth_login; Monero: "login" with login and pass or agent in its params
 * (github.com/xmrig/xmrig-proxy doc/STRATUM.md). JSON: RFC 8259.
 *
 * Only what decides is read: the grammar down to a depth, no values. The answer comes with the
 * method, so what follows it does not matter.
 */
#include "agent/dissect/dissect.h"

#include <string.h>

enum { SCAN_MAX = 4096, DEPTH_MAX = 16 };

enum token { TOKEN_END, TOKEN_BAD, TOKEN_STRING, TOKEN_ATOM, TOKEN_PUNCT };

enum want { WANT_KEY, WANT_KEY_OR_END, WANT_COLON, WANT_VALUE, WANT_VALUE_OR_END, WANT_COMMA };

struct walk {
	struct cur c;
	uint32_t objects;	/* bit d: what is open at depth d is an object, else an array */
	unsigned int depth;	/* 1: in the outermost object */
	enum want want;
	struct slice key;	/* the last one, as sent, in whatever object */
	bool params;		/* the object at depth 2 is the value of "params" */
	bool login_method, login, secret;
};

static bool blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

/* A string behind its first quote; what is between the quotes, as sent. */
static enum token read_string(struct slice *s, struct cur *c)
{
	struct cur start = *c;
	size_t n = 0;

	while (cur_left(c)) {
		uint8_t b = cur_u8(c);

		if (b == '"') {
			*s = cur_take(&start, n);
			return TOKEN_STRING;
		}
		if (b < ' ')
			return TOKEN_BAD;
		n++;
		if (b == '\\' && cur_left(c)) {
			cur_u8(c);
			n++;
		}
	}
	return TOKEN_END;
}

static bool atom_byte(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || b == '+' || b == '-' ||
	       b == '.' || b == 'E';
}

/* A number, true, false, null: not looked at. Whole only when something else follows. */
static enum token read_atom(struct cur *c)
{
	while (cur_left(c)) {
		struct cur next = *c;

		if (!atom_byte(cur_u8(&next)))
			return TOKEN_ATOM;
		*c = next;
	}
	return TOKEN_END;
}

static enum token next_token(uint8_t *punct, struct slice *s, struct cur *c)
{
	while (cur_left(c)) {
		uint8_t b = cur_u8(c);

		if (blank(b))
			continue;
		if (b == '"')
			return read_string(s, c);
		*punct = b;
		if (memchr("{}[]:,", b, 6))
			return TOKEN_PUNCT;
		return atom_byte(b) ? read_atom(c) : TOKEN_BAD;
	}
	return TOKEN_END;
}

/* The byte that \uXXXX stands for; 0: none that a method's name has. */
static uint8_t escaped(struct cur *c)
{
	uint8_t b = cur_u8(c);
	unsigned int v = 0;

	if (b != 'u')
		return 0;
	for (int i = 0; i < 4; i++) {
		uint8_t d = cur_u8(c) | 0x20;

		if (d >= '0' && d <= '9')
			v = v * 16 + d - '0';
		else if (d >= 'a' && d <= 'f')
			v = v * 16 + d - 'a' + 10;
		else
			return 0;
	}
	return v < 0x80 ? (uint8_t)v : 0;
}

static bool equals(struct slice s, const char *want)
{
	struct cur c = cur_of(s), w = cur_of((struct slice){ (const uint8_t *)want, strlen(want) });

	while (cur_left(&c) && cur_left(&w)) {
		uint8_t b = cur_u8(&c);

		if (b == '\\')
			b = escaped(&c);
		if (b != cur_u8(&w))
			return false;
	}
	return !cur_left(&c) && !cur_left(&w);
}

static bool mining(struct slice method)
{
	static const char *const calls[] = {
		"mining.subscribe", "mining.authorize", "mining.configure", "mining.hello",
		"mining.extranonce.subscribe", "mining.multi_version", "mining.noop",
		"eth_submitLogin", "eth_login",
	};

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (equals(method, calls[i]))
			return true;
	return false;
}

/* A value begins under w->key. */
static enum dissect_result take_value(struct walk *w, enum token t, struct slice s)
{
	if (w->depth == 1 && equals(w->key, "method")) {
		if (t != TOKEN_STRING)
			return DISSECT_NOT_MINE;
		if (mining(s))
			return DISSECT_DONE;
		if (!equals(s, "login"))
			return DISSECT_NOT_MINE;
		w->login_method = true;
	}
	if (w->depth == 2 && w->params && t == TOKEN_STRING) {
		w->login |= equals(w->key, "login");
		w->secret |= equals(w->key, "pass") || equals(w->key, "agent");
	}
	return w->login_method && w->login && w->secret ? DISSECT_DONE : DISSECT_MORE;
}

static bool in_object(const struct walk *w)
{
	return w->objects >> w->depth & 1;
}

/* The outermost value must be an object; when it closes the call is whole and said nothing. */
static bool open_or_close(struct walk *w, uint8_t b)
{
	bool object = b == '{' || b == '}';

	if (b == '{' || b == '[') {
		if (w->depth == DEPTH_MAX || (!w->depth && !object))
			return false;
		if (w->depth == 1)
			w->params = object && equals(w->key, "params");
		w->depth++;
		w->objects &= ~(1u << w->depth);
		w->objects |= (uint32_t)object << w->depth;
		w->want = object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
		return true;
	}
	if (in_object(w) != object)
		return false;
	w->depth--;
	w->want = WANT_COMMA;
	return w->depth > 0;
}

static bool take_punct(struct walk *w, uint8_t b)
{
	if (b == ':' && w->want == WANT_COLON) {
		w->want = WANT_VALUE;
		return true;
	}
	if (b == ',' && w->want == WANT_COMMA) {
		w->want = in_object(w) ? WANT_KEY : WANT_VALUE;
		return true;
	}
	if (b == '{' || b == '[')
		return (w->want == WANT_VALUE || w->want == WANT_VALUE_OR_END) && open_or_close(w, b);
	return (b == '}' || b == ']') &&
	       (w->want == WANT_COMMA || w->want == WANT_KEY_OR_END ||
		w->want == WANT_VALUE_OR_END) &&
	       open_or_close(w, b);
}

static enum dissect_result take_scalar(struct walk *w, enum token t, struct slice s)
{
	if (w->want == WANT_KEY || w->want == WANT_KEY_OR_END) {
		w->key = s;
		w->want = WANT_COLON;
		return t == TOKEN_STRING ? DISSECT_MORE : DISSECT_NOT_MINE;
	}
	if (!w->depth || (w->want != WANT_VALUE && w->want != WANT_VALUE_OR_END))
		return DISSECT_NOT_MINE;
	w->want = WANT_COMMA;
	return take_value(w, t, s);
}

static enum dissect_result walk(struct walk *w)
{
	enum dissect_result r = DISSECT_MORE;

	while (r == DISSECT_MORE) {
		struct slice s = { NULL, 0 };
		uint8_t punct = 0;
		enum token t = next_token(&punct, &s, &w->c);

		if (t == TOKEN_END)
			break;
		if (t == TOKEN_BAD)
			r = DISSECT_NOT_MINE;
		else if (t == TOKEN_PUNCT)
			r = take_punct(w, punct) ? DISSECT_MORE : DISSECT_NOT_MINE;
		else
			r = take_scalar(w, t, s);
	}
	return r;
}

enum dissect_result stratum_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	size_t n = bytes.n < SCAN_MAX ? bytes.n : SCAN_MAX;
	struct walk w = { .c = cur_of((struct slice){ bytes.p, n }), .want = WANT_VALUE };
	enum dissect_result r = walk(&w);

	(void)text;
	if (r == DISSECT_MORE && n == SCAN_MAX)
		return DISSECT_NOT_MINE;
	if (r == DISSECT_DONE)
		dissect_app(f, APP_STRATUM);
	return r;
}
