/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hello.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum {
	RECORD_HANDSHAKE = 22,
	RECORD_MAX = 16384, /* RFC 8446 section 5.1 */
	RECORDS_MAX = 64,   /* a hello in more is an evasion, not a client */
	LABEL_MAX = 63,
	NAME_MAX_DNS = 253,
};

static const uint32_t tls_facts = 1u << FACT_SNI | 1u << FACT_ALPN | 1u << FACT_TLS_VERSION |
				  1u << FACT_ECH | 1u << FACT_JA3 | 1u << FACT_JA4;

/* What the hello did not tell it never will. */
static void settle(struct facts *f)
{
	f->absent |= tls_facts & ~f->known;
}

static void know_app(struct facts *f)
{
	f->app = APP_TLS;
	facts_know(f, FACT_APP);
}

static bool ip_literal(const char *name, size_t n)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr a;

	if (memchr(name, ':', n))
		return true;
	if (n >= sizeof text)
		return false;
	memcpy(text, name, n);
	text[n] = 0;
	return inet_pton(AF_INET, text, &a) == 1;
}

/*
 * RFC 6066 section 3 forbids addresses. Programs that were given nothing else send them all the same,
 * and where it is the destination's nobody is misled.
 */
static bool names_destination(const struct facts *f)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16] = { [10] = 0xff, [11] = 0xff };

	if (f->sni_len >= sizeof text)
		return false;
	memcpy(text, f->sni, f->sni_len);
	text[f->sni_len] = 0;
	return (inet_pton(AF_INET, text, addr + 12) == 1 || inet_pton(AF_INET6, text, addr) == 1) &&
	       memcmp(addr, f->dst, sizeof addr) == 0;
}

static bool host_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '_';
}

/* Lower case into f->sni, one final dot off. False if it cannot be kept at all. */
static bool copy_name(struct facts *f, struct slice name)
{
	struct cur c = cur_of(name);
	uint8_t b = 0;
	size_t n = 0;

	while (cur_left(&c)) {
		b = cur_u8(&c);
		if (b < 0x20 || b > 0x7e)
			return false;
		if (b >= 'A' && b <= 'Z')
			b = (uint8_t)(b + 'a' - 'A');
		if (n == FACTS_NAME_MAX && (b != '.' || cur_left(&c)))
			return false;
		if (n < FACTS_NAME_MAX)
			f->sni[n] = (char)b;
		n++;
	}
	if (n && b == '.')
		n--;
	f->sni_len = (uint8_t)n;
	return n > 0;
}

/* RFC 1123 section 2.1, and the underscore that real names have. */
static bool host_name(const char *name, size_t n)
{
	size_t label = 0;

	if (n > NAME_MAX_DNS || ip_literal(name, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (name[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!host_byte((uint8_t)name[i]) || ++label > LABEL_MAX) {
			return false;
		}
	}
	return label > 0;
}

static void fill_name(struct facts *f, struct slice name)
{
	if (!name.n)
		return;
	if (!copy_name(f, name)) {
		f->sni_len = 0;
		f->anomalies |= ANOM_SNI_BAD;
		return;
	}
	facts_know(f, FACT_SNI);
	if (!host_name(f->sni, f->sni_len) && !names_destination(f))
		f->anomalies |= ANOM_SNI_BAD;
}

/* Whole entries as far as they fit. */
static void fill_alpn(struct facts *f, struct slice alpn)
{
	struct cur c = cur_of(alpn);

	if (!alpn.n)
		return;
	f->alpn_len = 0;
	f->alpn_cut = 0;
	while (cur_left(&c)) {
		struct slice rest = cur_rest(&c);
		struct cur name = cur_sub8(&c);
		size_t n = cur_left(&name) + 1;

		if (n > sizeof f->alpn - f->alpn_len) {
			f->alpn_cut = 1;
			break;
		}
		memcpy(f->alpn + f->alpn_len, rest.p, n);
		f->alpn_len = (uint8_t)(f->alpn_len + n);
	}
	facts_know(f, FACT_ALPN);
}

enum dissect_result tls_client_hello(struct facts *f, struct dissect_text *text,
				     struct slice msg, char transport)
{
	struct hello h;
	enum dissect_result r = hello_parse(&h, msg, transport == 'd');

	if (r == DISSECT_MORE)
		return r;
	f->anomalies |= h.anomalies;
	if (r == DISSECT_BAD) {
		/* whom it asks for is told, so that policy can refuse it; no fingerprint */
		f->anomalies |= ANOM_TLS_BAD;
		fill_name(f, h.name);
		settle(f);
		return r;
	}
	fill_name(f, h.name);
	fill_alpn(f, h.alpn);
	f->tls_version = h.version;
	facts_know(f, FACT_TLS_VERSION);
	f->ech = h.ech;
	facts_know(f, FACT_ECH);
	ja3_hash(f->ja3, text, &h);
	facts_know(f, FACT_JA3);
	ja4_text(f->ja4, &h, transport);
	facts_know(f, FACT_JA4);
	if (text && text->hellos < UINT8_MAX)
		text->hellos++;
	settle(f);
	return DISSECT_DONE;
}

/*
 * The next record's fragment, or what there is of it. NOT_MINE is told apart from BAD by the
 * caller: only the first record decides whose protocol this is.
 */
static enum dissect_result next_record(struct slice *fragment, size_t *len, struct cur *c)
{
	size_t n = cur_left(c);
	uint8_t type = cur_u8(c);
	uint8_t major = cur_u8(c);

	cur_u8(c); /* minor: clients write what they like */
	*len = cur_u16(c);
	if ((n >= 1 && type != RECORD_HANDSHAKE) || (n >= 2 && major != 3))
		return DISSECT_NOT_MINE;
	if (c->bad)
		return DISSECT_MORE;
	if (*len > RECORD_MAX)
		return DISSECT_BAD;
	n = cur_left(c);
	*fragment = cur_take(c, *len < n ? *len : n);
	return DISSECT_DONE;
}

struct scan {
	struct slice first; /* fragment of the first record */
	size_t have, need;  /* handshake bytes there, and of the whole message with its header */
	uint32_t head;	    /* type and length as far as read */
	unsigned int records;
};

static enum dissect_result add_fragment(struct scan *s, struct slice fragment)
{
	struct cur c = cur_of(fragment);

	while (s->have < 4 && cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (s->have == 0 && b != 1) /* not a ClientHello */
			return DISSECT_BAD;
		s->head = s->head << 8 | b;
		s->have++;
	}
	s->have += cur_left(&c);
	if (s->have < 4)
		return DISSECT_MORE;
	s->need = (s->head & 0xffffff) + 4;
	if (s->need > HELLO_MAX)
		return DISSECT_BAD;
	return s->have < s->need ? DISSECT_MORE : DISSECT_DONE;
}

/* Walks records until the message is whole. Touches no byte behind a record's header twice. */
static enum dissect_result scan(struct scan *s, struct facts *f, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	enum dissect_result r = DISSECT_MORE;

	while (r == DISSECT_MORE && cur_left(&c)) {
		struct slice fragment;
		size_t len;

		r = next_record(&fragment, &len, &c);
		if (r == DISSECT_NOT_MINE && s->records)
			r = DISSECT_BAD;
		if (r != DISSECT_DONE)
			return r;
		if (s->records++ == 0)
			s->first = fragment;
		if (len == 0)
			f->anomalies |= ANOM_TLS_RECORDS;
		if (s->records > RECORDS_MAX) {
			f->anomalies |= ANOM_TLS_RECORDS;
			return DISSECT_BAD;
		}
		r = add_fragment(s, fragment);
	}
	return r;
}

/* The rare hello over several records: put together first. Apart for its stack. */
static __attribute__((noinline)) enum dissect_result
joined_hello(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t msg[HELLO_MAX];
	size_t have = 0, len;
	struct slice fragment;

	while (have < sizeof msg && next_record(&fragment, &len, &c) == DISSECT_DONE) {
		size_t room = sizeof msg - have;
		size_t n = fragment.n < room ? fragment.n : room;

		memcpy(msg + have, fragment.p, n);
		have += n;
	}
	return tls_client_hello(f, text, (struct slice){ msg, have }, 't');
}

/*
 * SSLv2 form, RFC 5246 appendix E.2: two bytes of length with the high bit set, type, version,
 * lengths of ciphers, session id and challenge. Nothing in it makes a JA3, JA4 or name.
 */
static enum dissect_result sslv2_hello(struct facts *f, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint16_t len = cur_u16(&c);
	uint8_t type = cur_u8(&c);
	uint16_t version = cur_u16(&c);
	size_t ciphers = cur_u16(&c), session = cur_u16(&c), challenge = cur_u16(&c);

	if (bytes.n >= 3 && type != 1)
		return DISSECT_NOT_MINE;
	if (bytes.n >= 5 && version != 0x0002 && version >> 8 != 3)
		return DISSECT_NOT_MINE;
	if (c.bad)
		return DISSECT_MORE;
	if ((len & 0x7fffu) != 9 + ciphers + session + challenge || !ciphers || ciphers % 3 ||
	    (session && session != 16) || challenge < 16 || challenge > 32)
		return DISSECT_NOT_MINE;
	know_app(f);
	f->tls_version = version;
	facts_know(f, FACT_TLS_VERSION);
	settle(f);
	return DISSECT_DONE;
}

enum dissect_result tls_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct scan s = { 0 };
	enum dissect_result r;

	if (cur_u8(&c) & 0x80)
		return sslv2_hello(f, bytes);
	r = scan(&s, f, bytes);
	if (r == DISSECT_DONE)
		r = s.records == 1 ? tls_client_hello(f, text, s.first, 't') :
				     joined_hello(f, text, bytes);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		know_app(f);
	if (r == DISSECT_BAD) {
		f->anomalies |= ANOM_TLS_BAD;
		settle(f);
	}
	return r;
}
