/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hello.h"

#include <string.h>

enum {
	MSG_CLIENT_HELLO = 1,
	EXT_SERVER_NAME = 0x0000,
	EXT_GROUPS = 0x000a,
	EXT_POINTS = 0x000b,
	EXT_SIGALGS = 0x000d,
	EXT_ALPN = 0x0010,
	EXT_VERSIONS = 0x002b,
	EXT_ECH = 0xfe0d,
	NAME_HOST = 0,
};

static void sift(uint16_t *v, size_t root, size_t n)
{
	for (;;) {
		size_t kid = 2 * root + 1;

		if (kid >= n)
			return;
		if (kid + 1 < n && v[kid + 1] > v[kid])
			kid++;
		if (v[root] >= v[kid])
			return;
		uint16_t t = v[root];
		v[root] = v[kid];
		v[kid] = t;
		root = kid;
	}
}

void hello_sort(uint16_t *v, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift(v, i, n);
	while (n > 1) {
		uint16_t t = v[0];

		n--;
		v[0] = v[n];
		v[n] = t;
		sift(v, 0, n);
	}
}

/* Keeps what the first of several extensions of a type says. */
static void keep(struct slice *at, struct slice s)
{
	if (!at->p)
		*at = s;
}

/* An extension that is one vector and nothing else, of `unit` bytes each. */
static bool vector(struct slice *at, struct cur list, const struct cur *e, size_t unit)
{
	struct slice s = cur_rest(&list);

	if (list.bad || cur_left(e) || s.n % unit)
		return false;
	keep(at, s);
	return true;
}

/* RFC 6066 section 3 */
static bool server_name(struct hello *h, struct cur e)
{
	h->sni = true;
	if (!cur_left(&e)) { /* only a server sends it empty */
		h->anomalies |= ANOM_SNI_BAD;
		return true;
	}
	struct cur list = cur_sub16(&e);
	if (e.bad || cur_left(&e))
		return false;
	if (!cur_left(&list))
		h->anomalies |= ANOM_SNI_BAD;
	while (cur_left(&list)) {
		uint8_t type = cur_u8(&list);
		struct cur name = cur_sub16(&list);

		if (list.bad)
			return false;
		if (type != NAME_HOST)
			continue;
		if (!cur_left(&name))
			h->anomalies |= ANOM_SNI_BAD;
		if (h->name.p)
			h->anomalies |= ANOM_SNI_TWICE;
		keep(&h->name, cur_rest(&name));
	}
	return true;
}

/* RFC 7301 section 3.1; empty lists and names are not allowed there but JA4 defines them */
static bool alpn(struct hello *h, struct cur e)
{
	struct cur list = cur_sub16(&e), names = list;

	while (cur_left(&names))
		cur_sub8(&names);
	return !names.bad && vector(&h->alpn, list, &e, 1);
}

static bool versions(struct hello *h, struct cur e)
{
	struct slice s = { 0 };
	struct cur list = cur_sub8(&e);
	uint16_t top = 0;

	if (!vector(&s, list, &e, 2))
		return false;
	while (cur_left(&list)) {
		uint16_t v = cur_u16(&list);

		if (!hello_grease(v) && v > top)
			top = v;
	}
	if (!h->version)
		h->version = top;
	return true;
}

static bool extension(struct hello *h, uint16_t type, struct cur e)
{
	struct cur list;

	switch (type) {
	case EXT_SERVER_NAME:
		return server_name(h, e);
	case EXT_GROUPS:
		list = cur_sub16(&e);
		return vector(&h->groups, list, &e, 2);
	case EXT_POINTS:
		list = cur_sub8(&e);
		return vector(&h->points, list, &e, 1);
	case EXT_SIGALGS:
		list = cur_sub16(&e);
		return vector(&h->sigalgs, list, &e, 2);
	case EXT_ALPN:
		return alpn(h, e);
	case EXT_VERSIONS:
		return versions(h, e);
	case EXT_ECH:
		h->ech = true;
		return true;
	default:
		return true;
	}
}

/* Servers take more of them than anybody sends: whom such a hello asks for is told all the same. */
static bool extensions(struct hello *h, struct cur c)
{
	bool many = false;

	while (cur_left(&c)) {
		uint16_t type = cur_u16(&c);
		struct cur e = cur_sub16(&c);

		if (c.bad || !extension(h, type, e))
			return false;
		if (h->n_ext < HELLO_EXT_MAX)
			h->ext[h->n_ext++] = type;
		else
			many = true;
	}
	if (many)
		return false;
	memcpy(h->sorted, h->ext, h->n_ext * sizeof h->ext[0]);
	hello_sort(h->sorted, h->n_ext);
	for (size_t i = 1; i < h->n_ext; i++)
		if (h->sorted[i] == h->sorted[i - 1])
			h->anomalies |= ANOM_EXT_TWICE;
	return true;
}

static bool body(struct hello *h, struct cur c, bool dtls)
{
	h->legacy_version = cur_u16(&c);
	cur_take(&c, 32); /* random */
	struct cur session = cur_sub8(&c);
	if (dtls)
		cur_sub8(&c); /* cookie */
	struct cur ciphers = cur_sub16(&c);
	cur_sub8(&c); /* compression */
	if (c.bad || cur_left(&session) > 32 || cur_left(&ciphers) % 2)
		return false;
	h->ciphers = cur_rest(&ciphers);
	if (cur_left(&c)) { /* SSL 3.0 and TLS 1.0 clients may have no extensions block */
		struct cur exts = cur_sub16(&c);

		if (c.bad || cur_left(&c) || !extensions(h, exts))
			return false;
	}
	if (!h->version)
		h->version = h->legacy_version;
	return true;
}

enum dissect_result hello_parse(struct hello *h, struct slice msg, bool dtls)
{
	struct cur c = cur_of(msg);
	bool some = msg.n > 0;
	uint8_t type = cur_u8(&c);
	size_t len = cur_u24(&c);

	memset(h, 0, offsetof(struct hello, ext));
	if (some && type != MSG_CLIENT_HELLO)
		return DISSECT_BAD;
	if (len > HELLO_MAX - 4)
		return DISSECT_BAD;
	if (dtls) { /* RFC 9147 section 5.2: message_seq, fragment_offset, fragment_length */
		cur_u16(&c);
		uint32_t offset = cur_u24(&c), here = cur_u24(&c);

		if (!c.bad && (offset != 0 || here != len))
			return DISSECT_BAD;
	}
	if (c.bad || cur_left(&c) < len)
		return DISSECT_MORE;
	return body(h, cur_sub(&c, len), dtls) ? DISSECT_DONE : DISSECT_BAD;
}
