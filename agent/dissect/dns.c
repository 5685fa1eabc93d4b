/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dns.h"

/*
 * A message to port 53 is DNS if its header can be one, whatever follows: what is wrong with it is
 * an anomaly; over UDP also if only its question can be one. Elsewhere everything must fit: a header
 * that only a client would send, one question, records of exactly the stated length.
 */
enum { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5, OPCODE_DSO = 6 };
enum { QUESTIONS_MAX = 16, RECORDS_MAX = 255 }; /* on port 53: beyond it is something else */
enum { PORT_NETBIOS = 137, PORT_MDNS = 5353, PORT_LLMNR = 5355 };
enum { ADDITIONAL = 3 };
enum { MESSAGE_MIN = DNS_HEADER + 5 }; /* with the shortest question */

struct message {
	struct slice bytes; /* as much as is there */
	size_t total;	    /* as stated */
	bool port;	    /* to port 53 */
	bool odd_header;    /* that no client would send */
	uint16_t id, flags, questions;
	uint32_t records;
	struct dns_name name;
	uint16_t type;
	uint32_t odd;	    /* anomalies */
	bool asks;	    /* name and type are there */
};

static unsigned int opcode(uint16_t flags)
{
	return flags >> 11 & 15;
}

/* The two bytes of flags, of which the second may still be on its way (then: 0). */
static bool flags_fit(const struct message *m, uint16_t flags)
{
	unsigned int op = opcode(flags);

	if (m->port)
		return op <= OPCODE_DSO;
	if (op == OPCODE_NOTIFY || op == OPCODE_UPDATE)
		return !(flags & 0x83ff); /* AA may be set */
	return op == OPCODE_QUERY && !(flags & 0x86cf); /* RD, AD and CD may */
}

/* A client's query brings no answers, one SOA to compare (RFC 1995), OPT and a signature. */
static bool count_fits(const struct message *m, int section, uint16_t n)
{
	static const uint16_t most[] = { 1, 0, 1, 2 };

	if (m->port)
		return section == ADDITIONAL || n <= (section ? RECORDS_MAX : QUESTIONS_MAX);
	if (section == 0)
		return n == 1;
	return n <= (opcode(m->flags) == OPCODE_QUERY ? most[section] : RECORDS_MAX);
}

static enum dns_read read_counts(struct message *m, struct cur *c)
{
	for (int i = 0; i <= ADDITIONAL; i++) {
		/* the high byte alone: no count that fits has one, but see count_fits() */
		if (cur_left(c) == 1 && !m->odd_header && !(m->port && i == ADDITIONAL))
			return cur_u8(c) ? DNS_BROKEN : DNS_SHORT;
		uint16_t n = cur_u16(c);
		if (c->bad)
			return DNS_SHORT;
		if (!count_fits(m, i, n) && !m->odd_header)
			return DNS_BROKEN;
		if (i == 0)
			m->questions = n;
		else
			m->records += n;
	}
	return DNS_OK;
}

/* DNS_BROKEN as soon as a byte says so. */
static enum dns_read read_header(struct message *m)
{
	struct cur c = cur_of(m->bytes);

	m->id = cur_u16(&c);
	m->records = 0;
	if (cur_left(&c) == 1 && !m->odd_header)
		return flags_fit(m, (uint16_t)(cur_u8(&c) << 8)) ? DNS_SHORT : DNS_BROKEN;
	if (c.bad || !cur_left(&c))
		return DNS_SHORT;
	m->flags = cur_u16(&c);
	if (!flags_fit(m, m->flags) && !m->odd_header)
		return DNS_BROKEN;
	return read_counts(m, &c);
}

static bool class_known(uint16_t class)
{
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* Name, type and class at *at; `keep`: they are what is asked. */
static enum dns_read read_question(struct message *m, size_t *at, bool keep)
{
	struct dns_name other;
	enum dns_read r = dns_name(keep ? &m->name : &other, at, m->bytes);
	struct cur c = cur_of(m->bytes);

	if (r != DNS_OK)
		return r;
	cur_take(&c, *at);
	uint16_t type = cur_u16(&c), class = cur_u16(&c);
	if (c.bad)
		return DNS_SHORT;
	*at += 4;
	if (keep) {
		m->type = type;
		m->asks = true;
		if (!class_known(class))
			m->odd |= ANOM_DNS_BAD;
	}
	return DNS_OK;
}

static enum dns_read skip_record(struct slice msg, size_t *at)
{
	enum dns_read r = dns_name_skip(at, msg);
	struct cur c = cur_of(msg);

	if (r != DNS_OK)
		return r;
	cur_take(&c, *at);
	cur_take(&c, 8); /* type, class, TTL */
	cur_sub16(&c);
	if (c.bad)
		return DNS_SHORT;
	*at = msg.n - cur_left(&c);
	return DNS_OK;
}

/* What follows the question, of a message that is there as a whole. */
static void read_rest(struct message *m, size_t at)
{
	uint32_t questions = m->questions ? m->questions - 1u : 0, records = m->records;
	enum dns_read r = DNS_OK;

	if (questions)
		m->odd |= ANOM_DNS_BAD; /* RFC 9619 */
	for (; r == DNS_OK && questions && at < m->bytes.n; questions--)
		r = read_question(m, &at, false);
	for (; r == DNS_OK && records && at < m->bytes.n; records--)
		r = skip_record(m->bytes, &at);
	if (r != DNS_OK || questions || records)
		m->odd |= ANOM_DNS_BAD;
	else if (at < m->bytes.n)
		m->odd |= ANOM_DNS_TRAILING;
}

static void tell(struct facts *f, const struct message *m)
{
	dissect_app(f, APP_DNS);
	f->anomalies |= m->odd;
	if (!m->asks)
		return;
	if (m->name.odd)
		f->anomalies |= ANOM_DNS_NAME;
	facts_text(f->query, &f->query_len, sizeof f->query, (const uint8_t *)m->name.text,
		   m->name.len);
	f->query_type = m->type;
	f->query_id = m->id;
	facts_know(f, FACT_QUERY);
	facts_know(f, FACT_QUERY_TYPE);
}

static enum dissect_result bad(struct facts *f, const struct message *m)
{
	if (!m->port)
		return DISSECT_NOT_MINE;
	dissect_app(f, APP_DNS);
	f->anomalies |= ANOM_DNS_BAD;
	return DISSECT_BAD;
}

/* A datagram to port 53 whose header is odd: its question has to show what it is. */
static enum dissect_result read_odd(struct facts *f, struct message *m)
{
	size_t at = DNS_HEADER;

	m->odd_header = true;
	if (read_header(m) != DNS_OK || !m->questions || m->flags & DNS_FLAG_QR ||
	    read_question(m, &at, true) != DNS_OK || m->odd)
		return DISSECT_NOT_MINE;
	m->odd |= ANOM_DNS_BAD;
	tell(f, m);
	return DISSECT_DONE;
}

static enum dissect_result read_message(struct facts *f, struct message *m)
{
	bool whole = m->bytes.n == m->total;
	enum dns_read r = read_header(m);
	size_t at = DNS_HEADER;

	if (r == DNS_BROKEN || (r == DNS_SHORT && whole))
		return DISSECT_NOT_MINE;
	if (r == DNS_SHORT)
		return DISSECT_MORE;
	if (m->flags & DNS_FLAG_QR)
		return bad(f, m);
	if (m->questions)
		r = read_question(m, &at, true);
	if (r == DNS_BROKEN || (r == DNS_SHORT && whole))
		return bad(f, m);
	if (r == DNS_SHORT || (!whole && m->total <= DNS_WHOLE))
		return DISSECT_MORE;
	if (whole)
		read_rest(m, at);
	else
		m->odd |= ANOM_DNS_TRAILING;
	if (m->odd && !m->port)
		return DISSECT_NOT_MINE;
	tell(f, m);
	return DISSECT_DONE;
}

enum dissect_result dns_udp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct message m = { .bytes = bytes, .total = bytes.n, .port = f->dport == DNS_PORT };
	enum dissect_result r;

	(void)text;
	if (f->dport == PORT_NETBIOS || f->dport == PORT_MDNS || f->dport == PORT_LLMNR)
		return DISSECT_NOT_MINE;
	r = read_message(f, &m);
	return r == DISSECT_NOT_MINE && m.port ? read_odd(f, &m) : r;
}

enum dissect_result dns_tcp_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct message m = { .port = f->dport == DNS_PORT };
	struct cur c = cur_of(bytes);

	(void)text;
	if (cur_left(&c) == 1 && !m.port)
		return cur_u8(&c) >= DNS_WHOLE >> 8 ? DISSECT_NOT_MINE : DISSECT_MORE;
	m.total = cur_u16(&c);
	if (c.bad)
		return DISSECT_MORE;
	if (m.total < DNS_HEADER || (!m.port && (m.total < MESSAGE_MIN || m.total >= DNS_WHOLE)))
		return DISSECT_NOT_MINE;
	m.bytes = cur_rest(&c);
	if (m.bytes.n > m.total)
		m.bytes = cur_take(&c, m.total);
	return read_message(f, &m);
}
