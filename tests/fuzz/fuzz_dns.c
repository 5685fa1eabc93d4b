/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold for any bytes: answers that more bytes do not change, the same answer twice, names
 * and addresses within their bounds, and two readers of names that agree where one ends. First byte:
 * the port, and how a stream is cut.
 */
#include "agent/dissect/dns.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool x)
{
	if (!x)
		abort();
}

static void check(const struct facts *f, enum dissect_result r)
{
	bool known = facts_state(f, FACT_QUERY) == FACT_KNOWN;

	must(!(f->anomalies & ~(uint32_t)(ANOM_DNS_BAD | ANOM_DNS_NAME | ANOM_DNS_TRAILING)));
	must(!f->absent);
	must(known == (facts_state(f, FACT_QUERY_TYPE) == FACT_KNOWN));
	if (r == DISSECT_MORE || r == DISSECT_NOT_MINE) {
		must(!f->known && !f->anomalies);
		return;
	}
	must(f->app == APP_DNS && facts_state(f, FACT_APP) == FACT_KNOWN);
	if (r == DISSECT_BAD)
		must(!known && f->anomalies == ANOM_DNS_BAD && f->dport == DNS_PORT);
	must(known == (f->query_len > 0) && f->query_len < DNS_NAME_WIRE);
	for (size_t i = 0; i < f->query_len; i++)
		must(f->query[i] < 'A' || f->query[i] > 'Z');
}

static enum dissect_result ask(struct facts *f, bool tcp, uint16_t port, struct slice s)
{
	uint8_t *b = malloc(s.n ? s.n : 1); /* exact size: ASan sees its end */
	struct slice exact = { b, s.n };
	enum dissect_result r;

	must(b != NULL);
	if (s.n)
		memcpy(b, s.p, s.n);
	memset(f, 0, sizeof *f);
	f->dport = port;
	r = tcp ? dns_tcp_dissect(f, NULL, exact) : dns_udp_dissect(f, NULL, exact);
	check(f, r);
	free(b);
	return r;
}

static void stream(uint16_t port, struct slice all, size_t step)
{
	struct facts whole, part;
	enum dissect_result last = ask(&whole, true, port, all), r;

	for (size_t n = 0; n < all.n; n += step) {
		r = ask(&part, true, port, (struct slice){ all.p, n });
		must(r == DISSECT_MORE || (r == last && memcmp(&part, &whole, sizeof part) == 0));
	}
}

static void datagram(uint16_t port, struct slice all)
{
	struct facts f, g;
	enum dissect_result r = ask(&f, false, port, all);

	must(r != DISSECT_MORE);
	must(ask(&g, false, port, all) == r && memcmp(&f, &g, sizeof f) == 0);
	/* what is recognised anywhere is so, without a fault, on its own port */
	if (port != DNS_PORT && r == DISSECT_DONE)
		must(ask(&g, false, DNS_PORT, all) == DISSECT_DONE &&
		     !(g.anomalies & (ANOM_DNS_BAD | ANOM_DNS_TRAILING)));
}

static void names(struct slice msg)
{
	struct dns_name n;

	for (size_t from = 0; from <= msg.n && from < 64; from++) {
		size_t at = from, skip = from;

		if (dns_name(&n, &at, msg) != DNS_OK)
			continue;
		must(n.len > 0 && n.len < DNS_NAME_WIRE && at > from && at <= msg.n);
		must(dns_name_skip(&skip, msg) == DNS_OK && skip == at);
	}
}

static void found(void *ctx, const struct dns_answer *a, const struct dns_found *f)
{
	int *n = ctx;

	must(++*n <= DNS_RECORDS);
	must(a->question.len > 0 && f->owner->len > 0 && f->ttl <= INT32_MAX && !a->rcode);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t how = cur_u8(&c);
	struct slice all = cur_rest(&c);
	uint16_t port = how & 1 ? DNS_PORT : 5300;
	struct dns_answer a;
	int n = 0;

	datagram(port, all);
	stream(port, all, all.n < 200 ? 1 : 1 + how);
	names(all);
	if (!dns_answer(&a, all, found, &n))
		must(n == 0);
	return 0;
}
