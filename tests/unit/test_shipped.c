/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the shipped config makes of flows, fact by fact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/conf_build.h"

static struct config c;
static struct arena a;
static const struct policy *p;

/* A list of the file, with values of its own instead of what may lie on this machine. */
static void fill(const char *name, const char *value)
{
	for (size_t i = 0; i < c.n_lists; i++) {
		struct config_list *l = &c.list[i];

		if (strcmp(l->name, name) != 0)
			continue;
		free(l->path);
		l->path = NULL;
		l->optional = false;
		l->entries.text = calloc(1, sizeof *l->entries.text);
		l->entries.line = calloc(1, sizeof *l->entries.line);
		assert_true(l->entries.text && l->entries.line);
		l->entries.text[0] = strdup(value);
		l->entries.line[0] = l->line;
		l->entries.n = 1;
		return;
	}
	fail_msg("no list %s", name);
}

static int setup(void **state)
{
	struct errs e;

	(void)state;
	errs_init(&e);
	assert_int_equal(config_load(&c, &e, "contrib/examples/sluice.conf"), 0);
	fill("tor_relays", "203.0.113.9:9001");
	fill("malware_ja3", "00112233445566778899aabbccddeeff");
	fill("unwanted_ja4", "t10d010100_000000000000_000000000000");
	fill("remote_access", "*.remote.example");
	fill("doh", "doh.example");
	arena_init(&a, aligned_alloc(16, 1 << 20), 1 << 20);
	p = policy_compile(&a, &e, &c, 1);
	assert_non_null(p);
	assert_int_equal(e.n, 0);
	errs_fini(&e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(a.base);
	config_fini(&c);
	return 0;
}

static struct facts flow(uint16_t port, enum app app)
{
	struct facts f = cb_facts();

	f.dport = port;
	f.app = (uint8_t)app;
	if (app)
		facts_know(&f, FACT_APP);
	return f;
}

static struct facts tls(const char *name, int resolved)
{
	struct facts f = flow(443, APP_TLS);

	if (name)
		cb_sni(&f, name);
	facts_know(&f, FACT_JA3);
	facts_know(&f, FACT_JA4);
	facts_know(&f, FACT_CONFORMS);
	f.conforms = 1;
	strcpy(f.ja4, "t13d1516h2_8daaf6152771_b0da82dd1658");
	if (resolved >= 0)
		facts_know(&f, FACT_RESOLVED);
	f.resolved = resolved > 0;
	return f;
}

/* Judges the flow as it is when nothing more will come. */
static struct decision judged(struct facts f)
{
	struct decision d;

	facts_settle(&f);
	policy_judge(&d, p, &f);
	return d;
}

static void is(struct facts f, enum action action, const char *rule)
{
	struct decision d = judged(f);

	if (d.action != action || strcmp(policy_rule_name(p, d.rule), rule) != 0)
		fail_msg("%s by %s, score %u; not %s by %s",
			 decision_action_name((enum action)d.action), policy_rule_name(p, d.rule),
			 d.score, decision_action_name(action), rule);
}

/* A relay is known by its first packet: no rule before that one waits for anything. */
static void first_packet(void **state)
{
	struct facts f = flow(9001, APP_UNKNOWN);
	struct decision d;

	(void)state;
	policy_judge(&d, p, &f);
	assert_int_equal(d.action, ACTION_REJECT);
	assert_string_equal(policy_rule_name(p, d.rule), "tor-relay");
	assert_int_equal(d.scope, SCOPE_ENDPOINT);
	f.dst[15] = 10;
	policy_judge(&d, p, &f);
	assert_int_equal(d.action, ACTION_NONE);
}

/* As soon as what they need is known, with all else still to come. */
static void early(void **state)
{
	struct facts f = flow(80, APP_SSH);
	struct decision d;

	(void)state;
	f.absent |= 1u << FACT_SNI | 1u << FACT_HOST | 1u << FACT_QUERY;
	policy_judge(&d, p, &f);
	assert_int_equal(d.action, ACTION_DROP);
	assert_string_equal(policy_rule_name(p, d.rule), "hidden-remote");
}

static void ordinary(void **state)
{
	struct facts f;

	(void)state;
	is(tls("www.example.org", 1), ACTION_ALLOW, "default");
	is(tls("www.example.org", -1), ACTION_ALLOW, "default");
	is(tls("www.example.org", 0), ACTION_ALLOW, "default");
	is(tls(NULL, 1), ACTION_ALLOW, "default");
	is(tls("www.example.com", 1), ACTION_ALLOW, "trusted");
	is(flow(22, APP_SSH), ACTION_ALLOW, "default");
	is(flow(3389, APP_RDP), ACTION_ALLOW, "default");
	f = flow(80, APP_HTTP);
	facts_know(&f, FACT_METHOD);
	memcpy(f.method, "GET", f.method_len = 3);
	is(f, ACTION_ALLOW, "default");
	f = flow(53, APP_DNS);
	facts_know(&f, FACT_QUERY);
	memcpy(f.query, "a.example", f.query_len = 9);
	is(f, ACTION_ALLOW, "default");
	f.anomalies = ANOM_BUDGET | ANOM_MIDSTREAM | ANOM_TRUNCATED;
	is(f, ACTION_ALLOW, "default");
}

static void tor(void **state)
{
	struct facts f = tls("www.q4cyamnc6mtokjurvdclt.com", 0);

	(void)state;
	strcpy(f.ja4, "t13d181100_796efca44d18_d41ae481755e");
	memcpy(f.ja3, "\x5e\x66\x27\xdc\x19\xaf\xa9\x82\xe6\xb4\x6b\x97\x80\x8c\xb7\x18", 16);
	is(f, ACTION_DROP, "score");
	assert_int_equal(judged(f).score, 100);
	assert_int_equal(judged(f).scope, SCOPE_PAIR);
	f.known &= ~(1u << FACT_RESOLVED); /* DNS is not seen: its looks alone */
	is(f, ACTION_MONITOR, "score");
	assert_int_equal(judged(f).score, 70);
	is(tls("x.torproject.org", 1), ACTION_REJECT, "tor-name");
	is(flow(9150, APP_UNKNOWN), ACTION_MONITOR, "tor-port");
	f = flow(53, APP_DNS);
	facts_know(&f, FACT_QUERY);
	memcpy(f.query, "abc.onion", f.query_len = 9);
	is(f, ACTION_REJECT, "tor-query");
	assert_int_equal(judged(f).scope, SCOPE_FLOW);
}

static void tunnels(void **state)
{
	struct facts f;

	(void)state;
	is(flow(443, APP_SSH), ACTION_DROP, "hidden-remote");
	is(flow(53, APP_SSH), ACTION_DROP, "hidden-remote");
	f = flow(443, APP_SSH);
	facts_know(&f, FACT_DNS_NAME);
	memcpy(f.dns_name, "ssh.github.com", f.dns_name_len = 14);
	is(f, ACTION_ALLOW, "default");
	f.dns_name_len = 10; /* ssh.github */
	is(f, ACTION_DROP, "hidden-remote");
	f.dns_name_len = 14;
	f.dport = 53;
	is(f, ACTION_DROP, "hidden-remote");
	f.dport = 443;
	f.app = APP_RDP;
	is(f, ACTION_DROP, "hidden-remote");
	is(flow(80, APP_RDP), ACTION_DROP, "hidden-remote");
	is(flow(3333, APP_STRATUM), ACTION_DROP, "mining");
	f = flow(3128, APP_RDP);
	f.via = APP_HTTP;
	facts_know(&f, FACT_METHOD);
	memcpy(f.method, "CONNECT", f.method_len = 7);
	is(f, ACTION_MONITOR, "silent-connect");
	facts_know(&f, FACT_USER_AGENT); /* sent, and empty */
	is(f, ACTION_MONITOR, "silent-connect");
	memcpy(f.user_agent, "curl", f.user_agent_len = 4);
	is(f, ACTION_ALLOW, "default");
	f = flow(8388, APP_UNKNOWN);
	facts_know(&f, FACT_ENTROPY);
	is(f, ACTION_ALLOW, "default");
	f.entropy = 1;
	is(f, ACTION_MONITOR, "score");
	f = flow(8443, APP_SSH);
	facts_know(&f, FACT_CONFORMS);
	is(f, ACTION_MONITOR, "odd-port");
	f = flow(443, APP_QUIC);
	facts_know(&f, FACT_QUIC_VERSION);
	f.quic_version = 0x12345678;
	f.proto = 17;
	is(f, ACTION_MONITOR, "odd-quic");
	f.quic_version = 1;
	is(f, ACTION_ALLOW, "default");
	f = flow(0, APP_ICMP);
	f.anomalies = ANOM_ICMP_DATA;
	is(f, ACTION_MONITOR, "ping-tunnel");
}

static void evidence(void **state)
{
	struct facts f = tls("www.example.org", 0);

	(void)state;
	is(tls(NULL, 0), ACTION_MONITOR, "score"); /* neither a name nor an answer */
	memcpy(f.ja3, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
	is(f, ACTION_DROP, "score");
	f.resolved = 1;
	is(f, ACTION_MONITOR, "score");
	is(tls("a.remote.example", 1), ACTION_MONITOR, "remote-access");
	is(tls("doh.example", 1), ACTION_MONITOR, "doh");
	is(flow(853, APP_DOT), ACTION_MONITOR, "dot");
	is(flow(5900, APP_VNC), ACTION_MONITOR, "remote-control");
	is(flow(7070, APP_ANYDESK), ACTION_MONITOR, "remote-control");
	f = tls("www.example.org", 1);
	f.anomalies = ANOM_SNI_TWICE;
	is(f, ACTION_MONITOR, "evasion");
}

/* An allowed name inside a request for another host gets nothing through. */
static void trusted_wants_all(void **state)
{
	struct facts f = tls("www.example.com", 1);

	(void)state;
	facts_know(&f, FACT_HOST);
	memcpy(f.host, "x.torproject.org", f.host_len = 16);
	is(f, ACTION_REJECT, "tor-name");
	memcpy(f.host, "example.com", f.host_len = 11);
	is(f, ACTION_ALLOW, "trusted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_packet), cmocka_unit_test(early),
		cmocka_unit_test(ordinary),	cmocka_unit_test(tor),
		cmocka_unit_test(tunnels),	cmocka_unit_test(evidence),
		cmocka_unit_test(trusted_wants_all),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
