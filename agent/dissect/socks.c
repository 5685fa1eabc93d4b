/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/*
 * The client's side of SOCKS. Version 4: "SOCKS: A protocol for TCP proxy across firewalls" and
 * "SOCKS 4A: A Simple Extension to SOCKS 4 Protocol" (both Ying-Da Lee); version 5: RFC 1928,
 * methods by IANA's registry, user and password by RFC 1929, GSSAPI by RFC 1961; the RESOLVE
 * commands are Tor's (socks-extensions). Neither version has a magic worth the name, so every byte
 * has to be what a client sends.
 */
enum {
	CMD_CONNECT = 1,
	CMD_BIND = 2,
	CMD_ASSOCIATE = 3,
	CMD_RESOLVE = 0xf0,
	CMD_RESOLVE_PTR = 0xf1,
	METHOD_GSSAPI = 1,
	METHOD_PASSWORD = 2,
	METHOD_LAST = 9,
	METHOD_PRIVATE = 0x80,
	METHOD_NONE = 0xff, /* only a server says it */
	METHODS_MAX = 10,
	PRIVATE_MAX = 2,
	ADDR_IPV4 = 1,
	ADDR_NAME = 3,
	ADDR_IPV6 = 4,
	USER_MAX = 255, /* version 4 has no limit of its own */
};

struct request {
	uint8_t cmd;
	struct slice name;  /* asked for by name, or empty */
	struct slice addr;  /* by address: 4 or 16 bytes, or empty */
};

static bool user_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
	       b == '-' || b == '_' || b == '.' || b == '@' || b == '\\' || b == ':' || b == '%';
}

/* Up to a NUL, which is taken but not told. NOT_MINE: too long, or bytes that no name has. */
static enum dissect_result take_string(struct slice *s, struct cur *c)
{
	struct slice rest = cur_rest(c);
	size_t n = 0;

	while (cur_left(c)) {
		uint8_t b = cur_u8(c);

		if (b == 0) {
			*s = (struct slice){ rest.p, n };
			return DISSECT_DONE;
		}
		if (!user_byte(b) || ++n > USER_MAX)
			return DISSECT_NOT_MINE;
	}
	return DISSECT_MORE;
}

static enum dissect_result version4(struct request *q, struct cur *c)
{
	size_t n = cur_left(c);
	uint16_t port;
	uint32_t addr;
	struct slice raw, user;
	enum dissect_result r;

	q->cmd = cur_u8(c);
	port = cur_u16(c);
	raw = cur_rest(c);
	addr = cur_uint(c, 4);
	if (n >= 1 && q->cmd != CMD_CONNECT && q->cmd != CMD_BIND)
		return DISSECT_NOT_MINE;
	if (n >= 3 && !port)
		return DISSECT_NOT_MINE;
	if (c->bad)
		return DISSECT_MORE;
	/* 0.0.0.x: the name follows (4A); else a host's address */
	if (!addr || (addr >> 24 == 0 && addr > 0xff) || addr >> 24 > 223)
		return DISSECT_NOT_MINE;
	r = take_string(&user, c);
	if (r != DISSECT_DONE)
		return r;
	if (addr > 0xff) {
		q->addr = (struct slice){ raw.p, 4 };
		return DISSECT_DONE;
	}
	r = take_string(&q->name, c);
	return r == DISSECT_DONE && !q->name.n ? DISSECT_NOT_MINE : r;
}

/* The methods a client offers: none twice, few of its own making, one that is in use. */
static enum dissect_result greeting(uint32_t *offered, struct cur *c)
{
	size_t some = cur_left(c), left = cur_u8(c), private = 0;
	struct cur k;

	if (some && (!left || left > METHODS_MAX))
		return DISSECT_NOT_MINE;
	*offered = 0;
	k = *c;
	for (; left && cur_left(&k); left--) {
		uint8_t m = cur_u8(&k);

		if (m >= METHOD_PRIVATE ? m == METHOD_NONE || ++private > PRIVATE_MAX :
					  m > METHOD_LAST || *offered >> m & 1)
			return DISSECT_NOT_MINE;
		if (m <= METHOD_LAST)
			*offered |= 1u << m;
	}
	*c = k;
	if (left || !some)
		return DISSECT_MORE;
	return *offered & 7 ? DISSECT_DONE : DISSECT_NOT_MINE;
}

/* RFC 1929: version 1, user, password. A GSSAPI token (RFC 1961) begins alike: see below. */
static enum dissect_result password(struct cur *c)
{
	size_t n = cur_left(c);
	struct cur user, pass;

	cur_u8(c);
	user = cur_sub8(c);
	if (!user.bad && !cur_left(&user) && n >= 2)
		return DISSECT_NOT_MINE;
	pass = cur_sub8(c);
	return pass.bad ? DISSECT_MORE : DISSECT_DONE;
}

static enum dissect_result version5(struct request *q, struct cur *c)
{
	size_t n = cur_left(c);
	uint8_t version = cur_u8(c), reserved, type;

	q->cmd = cur_u8(c);
	reserved = cur_u8(c);
	type = cur_u8(c);
	if ((n >= 1 && version != 5) || (n >= 3 && reserved))
		return DISSECT_NOT_MINE;
	if (n >= 2 && (q->cmd < CMD_CONNECT || q->cmd > CMD_ASSOCIATE) &&
	    q->cmd != CMD_RESOLVE && q->cmd != CMD_RESOLVE_PTR)
		return DISSECT_NOT_MINE;
	if (c->bad)
		return DISSECT_MORE;
	if (type == ADDR_NAME) {
		struct cur name;

		if (!cur_left(c))
			return DISSECT_MORE;
		name = cur_sub8(c);
		q->name = cur_rest(&name);
		if (!c->bad && !q->name.n)
			return DISSECT_BAD;
	} else if (type == ADDR_IPV4 || type == ADDR_IPV6) {
		q->addr = cur_take(c, type == ADDR_IPV4 ? 4 : 16);
	} else {
		return DISSECT_BAD;
	}
	cur_u16(c); /* port */
	return c->bad ? DISSECT_MORE : DISSECT_DONE;
}

/*
 * Behind the greeting: the request, or what the method chosen by the server wants first. GSSAPI
 * hides the request; its first message looks like a user name of one byte.
 */
static enum dissect_result after_greeting(struct request *q, struct cur *c, uint32_t offered)
{
	struct cur k = *c;
	uint8_t first = cur_u8(&k), second = cur_u8(&k);
	enum dissect_result r = DISSECT_NOT_MINE;

	if (!cur_left(c))
		return DISSECT_MORE;
	if (first != 1)
		return version5(q, c);
	if (k.bad)
		return DISSECT_MORE;
	if (offered >> METHOD_PASSWORD & 1) {
		r = password(c);
		if (r == DISSECT_DONE)
			r = version5(q, c);
	}
	if (r == DISSECT_NOT_MINE && offered >> METHOD_GSSAPI & 1 && second == 1) {
		*q = (struct request){ 0 };
		return DISSECT_DONE;
	}
	return r;
}

static enum dissect_result request(struct request *q, struct cur *c, bool *greeted)
{
	uint8_t version = cur_u8(c);
	enum dissect_result r;
	uint32_t offered;

	if (c->bad)
		return DISSECT_MORE;
	if (version == 4)
		return version4(q, c);
	if (version != 5)
		return DISSECT_NOT_MINE;
	r = greeting(&offered, c);
	if (r != DISSECT_DONE)
		return r;
	*greeted = true;
	return after_greeting(q, c, offered);
}

/*
 * An address is told last: what is asked for inside may name the host better, or have no name. Not
 * if a carrier around this one has settled that there is none.
 */
static void tell_address(struct facts *f, struct slice addr)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t raw[16];

	if (!addr.n || facts_state(f, FACT_HOST) == FACT_KNOWN)
		return;
	memcpy(raw, addr.p, addr.n);
	if (inet_ntop(addr.n == 4 ? AF_INET : AF_INET6, raw, text, sizeof text))
		http_host_tell(f, (struct slice){ (const uint8_t *)text, strlen(text) });
}

static enum dissect_result final(struct facts *f, const struct request *q,
				 enum dissect_result r)
{
	if (!f->inner)
		f->via = 0;
	tell_address(f, q->addr);
	dissect_app(f, APP_SOCKS);
	return r;
}

/* Nobody else speaks like this so far: should nothing follow, it was SOCKS. */
static enum dissect_result unfinished(struct facts *f, enum dissect_result r, bool greeted)
{
	if (!f->inner && greeted)
		f->via = r == DISSECT_MORE ? APP_SOCKS : 0;
	return r;
}

static bool legal(struct slice name)
{
	struct http_authority a;

	http_authority(&a, name); /* an address as a name, without brackets */
	return a.literal || http_host_legal(name);
}

enum dissect_result socks_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct request q = { 0 };
	bool greeted = false;
	enum dissect_result r = request(&q, &c, &greeted);

	if (r == DISSECT_MORE || r == DISSECT_NOT_MINE)
		return unfinished(f, r, greeted);
	if (facts_state(f, FACT_HOST) == FACT_ABSENT)
		q.addr.n = 0;
	if (q.name.n && facts_state(f, FACT_HOST) == FACT_PENDING)
		http_host_tell(f, q.name);
	if (r == DISSECT_BAD || (q.name.n && !legal(q.name)))
		f->anomalies |= ANOM_APP_BAD;
	if (r == DISSECT_BAD || q.cmd != CMD_CONNECT)
		return final(f, &q, r);
	r = dissect_inner(f, text, APP_SOCKS, cur_rest(&c));
	if (r == DISSECT_NOT_MINE)
		return final(f, &q, DISSECT_DONE);
	if (r != DISSECT_MORE || facts_state(f, FACT_HOST) == FACT_ABSENT)
		tell_address(f, q.addr);
	return r;
}
