/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "policy/match/kinds.h"
#include "policy/rrtype.h"

/* port, proto, icmp_size, query_type: small numbers. */

enum { PORTS_MAX = 256 };

struct span {
	uint16_t lo, hi;
	uint32_t line;
};

struct spans {
	const struct span *span;
	uint32_t n;
};

static int read_ports(struct span *s, const char *text)
{
	int32_t lo = match_number(&text, text, UINT16_MAX), hi = lo;

	if (lo > 0 && *text == '-')
		hi = match_number(&text, text + 1, UINT16_MAX);
	if (lo < 1 || hi < lo || *text)
		return -EINVAL;
	s->lo = (uint16_t)lo;
	s->hi = (uint16_t)hi;
	return 0;
}

static int read_proto(struct span *s, const char *text)
{
	static const struct {
		const char *name;
		uint16_t number;
	} known[] = {
		{ "tcp", IPPROTO_TCP },
		{ "udp", IPPROTO_UDP },
		{ "icmp", IPPROTO_ICMP },
		{ "icmpv6", IPPROTO_ICMPV6 },
	};
	int32_t n;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, text) == 0) {
			s->lo = s->hi = known[i].number;
			return 0;
		}
	n = match_number(&text, text, UINT8_MAX);
	if (n < 0 || *text)
		return -EINVAL;
	s->lo = s->hi = (uint16_t)n;
	return 0;
}

static int read_sizes(struct span *s, const char *text)
{
	int32_t lo = match_number(&text, text, UINT16_MAX), hi = lo;

	if (lo >= 0 && *text == '-')
		hi = match_number(&text, text + 1, UINT16_MAX);
	if (lo < 0 || hi < lo || *text)
		return -EINVAL;
	s->lo = (uint16_t)lo;
	s->hi = (uint16_t)hi;
	return 0;
}

static int read_type(struct span *s, const char *text)
{
	int32_t n = rrtype_parse(text);

	if (n < 0)
		return -EINVAL;
	s->lo = s->hi = (uint16_t)n;
	return 0;
}

static int compile(const void **data, struct match_build *b, const struct config_cond *c,
		   int (*read)(struct span *s, const char *text), const char *form)
{
	struct spans *d = match_alloc(b, 1, sizeof *d);
	struct span *span;
	int err = 0;

	if (c->value.n > PORTS_MAX)
		return match_error(b, c->line, "\"%s\" has more than %d values; use first-last",
				   c->key, PORTS_MAX);
	span = match_alloc(b, c->value.n, sizeof *span);
	for (size_t i = 0; i < c->value.n; i++) {
		struct span one = { .line = (uint32_t)c->value.line[i] };

		if (read(&one, c->value.text[i]))
			err = match_error(b, c->value.line[i], "%s = \"%s\": not %s", c->key,
					  c->value.text[i], form);
		if (span)
			span[i] = one;
	}
	if (d)
		*d = (struct spans){ span, span ? (uint32_t)c->value.n : 0 };
	*data = d;
	return err;
}

static enum tri test(const struct spans *d, uint16_t value, struct evidence *ev)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (value >= d->span[i].lo && value <= d->span[i].hi) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->span[i].line };
			return TRI_TRUE;
		}
	return TRI_FALSE;
}

int port_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, read_ports, "a port (1 to 65535) or first-last");
}

enum tri port_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, f->dport, ev); /* 0, no port, is in no span */
}

int proto_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, read_proto, "tcp, udp, icmp, icmpv6 or a number up to 255");
}

enum tri proto_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, f->proto, ev);
}

static enum tri test_fact(const struct spans *d, enum fact_state state, uint16_t value,
			  struct evidence *ev)
{
	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	return test(d, value, ev);
}

int icmp_size_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, read_sizes, "a number of bytes (0 to 65535) or first-last");
}

enum tri icmp_size_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test_fact(data, facts_state(f, FACT_ICMP_SIZE), f->icmp_size, ev);
}

int query_type_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return compile(data, b, c, read_type,
		       "a DNS type (A, AAAA, TXT, MX, NULL, CNAME, HTTPS, SVCB, ANY, PTR, SRV, NS, "
		       "SOA ...) or a number up to 65535");
}

enum tri query_type_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test_fact(data, facts_state(f, FACT_QUERY_TYPE), f->query_type, ev);
}
