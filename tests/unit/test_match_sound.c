/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of every condition: what it says while facts are pending is what it says in the end, and in the
 * end it always says something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/match/match.h"
#include "tests/unit/conf_build.h"

static struct cb b;

static const struct {
	const char *key, *value;
} conds[] = {
	{ "from", "192.168.1.2" },
	{ "to", "203.0.113.9" },
	{ "endpoint", "203.0.113.9:443" },
	{ "port", "443" },
	{ "proto", "tcp" },
	{ "app", "http" },
	{ "app", "unknown" },
	{ "domain", "a.example" },
	{ "sni", "a.example" },
	{ "sni", "none" },
	{ "sni_like", "tor" },
	{ "host", "a.example" },
	{ "host", "none" },
	{ "service", "one" },
	{ "ja3", "00000000000000000000000000000000" },
	{ "ja4", "t13d1516h2_8daaf6152771_b0da82dd1658" },
	{ "alpn", "h2" },
	{ "alpn", "none" },
	{ "ech", "true" },
	{ "quic_version", "1" },
	{ "method", "GET" },
	{ "path", "/*" },
	{ "user_agent", "a*" },
	{ "user_agent", "none" },
	{ "header", "host" },
	{ "hassh", "00000000000000000000000000000000" },
	{ "ssh_software", "a*" },
	{ "query", "a.example" },
	{ "query_type", "A" },
	{ "resolved", "false" },
	{ "dns_name", "a.example" },
	{ "conforms", "false" },
	{ "entropy", "high" },
	{ "icmp_size", "1-9" },
	{ "anomaly", "any" },
	{ "anomaly", "http-bad" },
};

static uint32_t rnd(uint32_t n)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16) % n;
}

static void text(char *to, uint8_t *len, const char *from)
{
	*len = (uint8_t)strlen(from);
	memcpy(to, from, *len);
}

/* Something for every fact; half of it is what the conditions ask for. */
static void fill(struct facts *f)
{
	static const char *const names[] = { "a.example", "b.example", "one.example",
					     "www.q4cyamnc6mtokjurvdclt.com" };
	static const char *const texts[] = { "/abc", "agent", "GET", "Host,Accept", "", "x" };

	text(f->sni, &f->sni_len, names[rnd(4)]);
	text(f->host, &f->host_len, names[rnd(4)]);
	text(f->query, &f->query_len, names[rnd(4)]);
	text(f->dns_name, &f->dns_name_len, names[rnd(4)]);
	text(f->path, &f->path_len, texts[rnd(6)]);
	text(f->method, &f->method_len, texts[rnd(6)]);
	text(f->user_agent, &f->user_agent_len, texts[rnd(6)]);
	text(f->headers, &f->headers_len, texts[rnd(6)]);
	text(f->software, &f->software_len, texts[rnd(6)]);
	strcpy(f->ja4, rnd(2) ? "t13d1516h2_8daaf6152771_b0da82dd1658" : "x");
	memcpy(f->alpn, rnd(2) ? "\2h2" : "\2h3", 3);
	f->alpn_len = 3;
	f->cut = (uint8_t)(rnd(4) ? 0 : rnd(32));
	f->app = (uint8_t)(rnd(2) ? APP_HTTP : 1 + rnd(APP_N - 1));
	f->ja3[0] = (uint8_t)rnd(2);
	f->hassh[0] = (uint8_t)rnd(2);
	f->ech = rnd(2) != 0;
	f->resolved = rnd(2) != 0;
	f->conforms = rnd(2) != 0;
	f->entropy = rnd(2) != 0;
	f->query_type = (uint16_t)rnd(3);
	f->icmp_size = (uint16_t)rnd(12);
	f->quic_version = rnd(3);
}

/* Each pending fact becomes known or absent; what is not a fact may come, but does not go. */
static struct facts later(const struct facts *early)
{
	struct facts f = *early;

	for (enum fact i = 0; i < FACT_N; i++)
		if (facts_state(&f, i) == FACT_PENDING) {
			if (rnd(2))
				facts_know(&f, i);
			else
				f.absent |= 1u << i;
		}
	if (facts_state(early, FACT_APP) == FACT_PENDING && !f.via && rnd(2))
		f.via = (uint8_t)(rnd(2) ? APP_HTTP : APP_SOCKS);
	if (f.via) /* it speaks for what it carries, if nobody else does */
		facts_know(&f, FACT_APP);
	if ((early->known | early->absent) != (1u << FACT_N) - 1 && rnd(2))
		f.anomalies |= 1u << rnd(ANOM_N);
	return f;
}

static struct facts partial(void)
{
	struct facts f = cb_facts();

	fill(&f);
	f.dport = rnd(2) ? 443 : 444;
	for (enum fact i = 0; i < FACT_N; i++)
		switch (rnd(4)) {
		case 0:
			facts_know(&f, i);
			break;
		case 1:
			f.absent |= 1u << i;
			break;
		default:
			break;
		}
	if (!rnd(8))
		f.anomalies = 1u << rnd(ANOM_N);
	if (facts_state(&f, FACT_APP) != FACT_ABSENT && !rnd(4))
		f.via = APP_HTTP;
	return f;
}

static void policy_of(size_t i, enum action action, bool negated)
{
	struct config_rule *r;

	cb_init(&b);
	b.c.default_drop = action == ACTION_ALLOW;
	cb_list(&b, "services", LIST_SERVICE, "one one.example", "one a.example", NULL);
	r = cb_rule(&b, "r", action);
	cb_cond(&b, negated ? cb_not(&b, &r->when) : &r->when, conds[i].key, conds[i].value, NULL);
	assert_non_null(cb_compile_in(&b, 1 << 16));
}

static int value(const struct facts *f)
{
	struct decision d = cb_judge(&b, f);

	return d.action == ACTION_NONE ? -1 : d.rule == 0;
}

static void test_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof conds / sizeof *conds; i++)
		for (int k = 0; k < 4; k++) {
			unsigned int open = 0, held = 0, fell = 0;

			policy_of(i, k % 2 ? ACTION_ALLOW : ACTION_DROP, k > 1);
			for (int n = 0; n < 600; n++) {
				struct facts f = partial(), g = later(&f);
				int early = value(&f), late = value(&g);

				if (late < 0 || (early >= 0 && early != late))
					fail_msg("%s = %s, way %d: %d, then %d", conds[i].key,
						 conds[i].value, k, early, late);
				open += early < 0;
				held += late == 1;
				fell += late == 0;
			}
			if (!match_table[match_find(conds[i].key)].header &&
			    (!open || !held || !fell))
				fail_msg("%s = %s: %u open, %u hold, %u do not", conds[i].key,
					 conds[i].value, open, held, fell);
			cb_fini(&b);
		}
}

/* A condition that stands in the table and not above would go unseen. */
static void test_all_are_here(void **state)
{
	(void)state;
	for (size_t i = 0; i < match_table_n; i++) {
		bool here = strcmp(match_table[i].key, "not") == 0;

		for (size_t k = 0; k < sizeof conds / sizeof *conds; k++)
			here |= strcmp(conds[k].key, match_table[i].key) == 0;
		if (!here)
			fail_msg("%s is not tried", match_table[i].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_all_are_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
