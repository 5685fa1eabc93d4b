/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

enum { LABEL_MAX = 63, NAME_MAX_DNS = 253, PORT_DIGITS_MAX = 5 };

static bool host_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
	       b == '-' || b == '_';
}

static struct slice less_dot(struct slice host)
{
	struct cur c = cur_of(host);

	if (host.n && (cur_take(&c, host.n - 1), cur_u8(&c) == '.'))
		host.n--;
	return host;
}

bool http_host_legal(struct slice host)
{
	struct cur c = cur_of(less_dot(host));
	size_t label = 0;

	if (cur_left(&c) > NAME_MAX_DNS)
		return false;
	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (b != '.') {
			if (!host_byte(b) || ++label > LABEL_MAX)
				return false;
		} else if (label) {
			label = 0;
		} else {
			return false;
		}
	}
	return label > 0;
}

static bool address(struct slice s, int family)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (!s.n || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return strlen(text) == s.n && inet_pton(family, text, &a) == 1;
}

/* Digits that are a port, or none. */
static bool port_legal(struct slice port)
{
	struct cur c = cur_of(port);
	uint32_t v = 0;

	if (port.n > PORT_DIGITS_MAX)
		return false;
	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (b < '0' || b > '9')
			return false;
		v = v * 10 + b - '0';
	}
	return v <= UINT16_MAX;
}

/* What stands before the first `stop`, which is taken, too; all if there is none. */
static struct slice take_to(struct cur *c, uint8_t stop)
{
	struct slice rest = cur_rest(c);
	const uint8_t *at = rest.n ? memchr(rest.p, stop, rest.n) : NULL;
	struct slice s = cur_take(c, at ? (size_t)(at - rest.p) : rest.n);

	cur_take(c, at ? 1 : 0);
	return s;
}

/* "[" is taken: an IPv6 address (RFC 3986 section 3.2.2), without a zone. */
static void bracketed(struct http_authority *a, struct cur *c)
{
	size_t n = cur_left(c);
	bool closed;

	a->host = take_to(c, ']');
	closed = n != a->host.n;
	a->literal = address(a->host, AF_INET6);
	a->legal = a->legal && closed && a->literal;
	if (cur_left(c) && cur_u8(c) != ':')
		a->legal = false;
	a->port = cur_rest(c);
}

void http_authority(struct http_authority *a, struct slice s)
{
	const uint8_t *at = s.n ? memrchr(s.p, '@', s.n) : NULL;
	struct cur c = cur_of(s), first;

	*a = (struct http_authority){ .legal = !at };
	cur_take(&c, at ? (size_t)(at - s.p) + 1 : 0);
	first = c;
	if (cur_left(&c) && cur_u8(&first) == '[') {
		c = first;
		bracketed(a, &c);
	} else if (address(cur_rest(&c), AF_INET6)) { /* brackets forgotten */
		a->host = cur_rest(&c);
		a->literal = true;
		a->legal = false;
	} else {
		a->host = take_to(&c, ':');
		a->port = cur_rest(&c);
		a->literal = address(less_dot(a->host), AF_INET);
		a->legal = a->legal && http_host_legal(a->host);
	}
	a->legal = a->legal && port_legal(a->port);
}

bool http_host_same(struct slice a, struct slice b)
{
	a = less_dot(a);
	b = less_dot(b);
	return a.n == b.n &&
	       (!a.n || strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0);
}

void http_host_tell(struct facts *f, struct slice host)
{
	struct cur c = cur_of(less_dot(host));
	uint8_t n = 0;

	if (!cur_left(&c) || cur_left(&c) > sizeof f->host)
		return;
	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (b < 0x20 || b > 0x7e)
			return;
		if (b >= 'A' && b <= 'Z')
			b = (uint8_t)(b + 'a' - 'A');
		f->host[n++] = (char)b;
	}
	f->host_len = n;
	facts_know(f, FACT_HOST);
}
