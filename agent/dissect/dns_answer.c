/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dns.h"

#include <string.h>

enum { SVC_IPV4HINT = 4, SVC_ECH = 5, SVC_IPV6HINT = 6 }; /* RFC 9460 section 14.3.2 */
enum { CLASS_IN = 1, CHAIN_MAX = 16 };
#define TTL_MAX (UINT32_MAX >> 1) /* RFC 2181 section 8: above it counts as 0 */

/* A walk along the answer section. */
struct walk {
	struct dns_answer *a;
	struct slice msg;
	dns_each *each;
	void *ctx;
	struct dns_name end; /* of the chain of aliases so far */
	uint32_t ttl;	     /* the least of that chain */
	int aliases, found;
};

struct record {
	uint16_t type, class;
	uint32_t ttl;
	size_t at, n; /* of the data, in the message */
};

static bool same(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void found(struct walk *w, const struct dns_found *f)
{
	if (w->found++ < DNS_RECORDS)
		w->each(w->ctx, w->a, f);
}

static void found_v4(struct walk *w, struct cur *c, const struct dns_name *owner, uint32_t ttl)
{
	struct dns_found f = { .addr = { [10] = 0xff, [11] = 0xff }, .ttl = ttl, .owner = owner };
	struct slice s = cur_take(c, 4);

	if (c->bad)
		return;
	memcpy(f.addr + 12, s.p, 4);
	found(w, &f);
}

static void found_v6(struct walk *w, struct cur *c, const struct dns_name *owner, uint32_t ttl)
{
	struct dns_found f = { .ttl = ttl, .owner = owner };
	struct slice s = cur_take(c, 16);

	if (c->bad)
		return;
	memcpy(f.addr, s.p, 16);
	found(w, &f);
}

static void alias(struct walk *w, const struct dns_name *to, uint32_t ttl)
{
	if (w->aliases == CHAIN_MAX)
		return;
	w->aliases++;
	w->end = *to;
	w->ttl = ttl;
}

/* Behind the name in the data, which must fit the data. */
static bool data_name(const struct walk *w, struct dns_name *n, const struct record *r, size_t *at)
{
	return dns_name(n, at, w->msg) == DNS_OK && *at <= r->at + r->n;
}

static void read_cname(struct walk *w, const struct record *r, uint32_t ttl)
{
	struct dns_name to;
	size_t at = r->at;

	if (data_name(w, &to, r, &at) && at == r->at + r->n)
		alias(w, &to, ttl);
}

/* RFC 9460 section 2.2: priority (0: alias), target ("." is the owner), parameters. */
static void read_svcb(struct walk *w, const struct record *r, uint32_t ttl)
{
	struct cur c = cur_of(w->msg);
	struct dns_name target;
	size_t at = r->at + 2;

	cur_take(&c, r->at);
	uint16_t priority = cur_u16(&c);
	if (r->n < 3 || !data_name(w, &target, r, &at))
		return;
	if (priority == 0) {
		alias(w, &target, ttl);
		return;
	}
	const struct dns_name *owner = target.len == 1 && target.text[0] == '.' ? &w->end : &target;
	c = cur_of(w->msg);
	cur_take(&c, at);
	c = cur_sub(&c, r->at + r->n - at);
	while (cur_left(&c)) {
		uint16_t key = cur_u16(&c);
		struct cur v = cur_sub16(&c);

		w->a->ech |= key == SVC_ECH && cur_left(&v);
		while (key == SVC_IPV4HINT && cur_left(&v))
			found_v4(w, &v, owner, ttl);
		while (key == SVC_IPV6HINT && cur_left(&v))
			found_v6(w, &v, owner, ttl);
	}
}

static void read_data(struct walk *w, const struct record *r)
{
	uint32_t ttl = r->ttl > TTL_MAX ? 0 : r->ttl;
	struct cur c = cur_of(w->msg);

	if (ttl > w->ttl)
		ttl = w->ttl;
	cur_take(&c, r->at);
	if (r->type == DNS_A && r->n == 4)
		found_v4(w, &c, &w->end, ttl);
	else if (r->type == DNS_AAAA && r->n == 16)
		found_v6(w, &c, &w->end, ttl);
	else if (r->type == DNS_CNAME)
		read_cname(w, r, ttl);
	else if (r->type == DNS_SVCB || r->type == DNS_HTTPS)
		read_svcb(w, r, ttl);
}

static bool read_record(struct record *r, struct dns_name *owner, size_t *at, struct slice msg)
{
	struct cur c = cur_of(msg);

	if (dns_name(owner, at, msg) != DNS_OK)
		return false;
	cur_take(&c, *at);
	r->type = cur_u16(&c);
	r->class = cur_u16(&c);
	r->ttl = cur_uint(&c, 4);
	r->n = cur_u16(&c);
	r->at = *at + 10;
	cur_take(&c, r->n);
	*at = msg.n - cur_left(&c);
	return !c.bad;
}

static bool read_question(struct dns_answer *a, size_t *at, struct slice msg)
{
	struct cur c = cur_of(msg);

	if (dns_name(&a->question, at, msg) != DNS_OK)
		return false;
	cur_take(&c, *at);
	a->type = cur_u16(&c);
	a->class = cur_u16(&c);
	*at += 4;
	return !c.bad && a->class == CLASS_IN;
}

bool dns_answer(struct dns_answer *a, struct slice msg, dns_each *each, void *ctx)
{
	struct walk w = { .a = a, .msg = msg, .each = each, .ctx = ctx, .ttl = TTL_MAX };
	struct cur c = cur_of(msg);
	struct dns_name owner;
	struct record r;
	size_t at = DNS_HEADER;

	a->id = cur_u16(&c);
	uint16_t flags = cur_u16(&c), questions = cur_u16(&c), answers = cur_u16(&c);
	a->rcode = flags & 15;
	a->ech = false;
	/* opcode 0, one question */
	if ((flags & 0xf800) != DNS_FLAG_QR || questions != 1 || !read_question(a, &at, msg))
		return false;
	w.end = a->question;
	for (int i = 0; i < DNS_RECORDS && i < answers && !a->rcode && at < msg.n; i++) {
		if (!read_record(&r, &owner, &at, msg))
			break;
		if (r.class == CLASS_IN && same(&owner, &w.end))
			read_data(&w, &r);
	}
	return true;
}
