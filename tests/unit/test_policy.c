/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "policy/match/match.h"
#include "tests/unit/conf_build.h"

static struct cb b;

static int setup(void **state)
{
	(void)state;
	cb_init(&b);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cb_fini(&b);
	return 0;
}

static void test_accessors(void **state)
{
	struct config_rule *r;

	(void)state;
	cb_list(&b, "bad", LIST_ADDRESS, "198.51.100.1", NULL);
	r = cb_rule(&b, "first", ACTION_DROP);
	cb_cond(&b, &r->when, "to", "@bad", NULL);
	r->attack = cb_text(&b, "T1090.003");
	r->ttl = 60;
	cb_rule(&b, "second", ACTION_SCORE)->score = 9;
	assert_non_null(cb_compile(&b));
	assert_ptr_equal(b.p, b.a.base);
	assert_int_equal(b.e.n, 0);
	assert_int_equal(policy_generation(b.p), 7);
	assert_int_equal(policy_rules(b.p), 2);
	assert_string_equal(policy_rule_name(b.p, 0), "first");
	assert_string_equal(policy_rule_name(b.p, 1), "second");
	assert_string_equal(policy_rule_name(b.p, 2), "none");
	assert_string_equal(policy_rule_name(b.p, RULE_NONE), "none");
	assert_string_equal(policy_rule_name(b.p, RULE_DEFAULT), "default");
	assert_string_equal(policy_rule_name(b.p, RULE_SCORE), "score");
	assert_string_equal(policy_rule_attack(b.p, 0), "T1090.003");
	assert_string_equal(policy_rule_attack(b.p, 1), "");
	assert_string_equal(policy_rule_attack(b.p, RULE_SCORE), "");
	assert_int_equal(policy_rule_action(b.p, 0), ACTION_DROP);
	assert_int_equal(policy_rule_action(b.p, RULE_DEFAULT), ACTION_ALLOW);
	assert_int_equal(policy_rule_action(b.p, RULE_SCORE), ACTION_SCORE);
	assert_int_equal(policy_rule_action(b.p, 2), ACTION_NONE);
	assert_int_equal(policy_rule_score(b.p, 1), 9);
	assert_int_equal(policy_rule_score(b.p, RULE_SCORE), 0);
	assert_int_equal(policy_rule_ttl(b.p, 0), 60);
	assert_int_equal(policy_rule_ttl(b.p, 1), 3600);
	assert_int_equal(policy_rule_ttl(b.p, RULE_SCORE), 600);
	assert_int_equal(policy_rule_ttl(b.p, RULE_DEFAULT), 3600);
	assert_string_equal(policy_list_name(b.p, 0), "bad");
	assert_string_equal(policy_list_name(b.p, 1), "");
	assert_string_equal(policy_list_name(b.p, DECISION_NO_LIST), "");
}

static void test_names_of_enums(void **state)
{
	(void)state;
	assert_string_equal(decision_action_name(ACTION_REJECT), "reject");
	assert_string_equal(decision_action_name(ACTION_NONE), "none");
	assert_string_equal(decision_action_name(ACTION_N), "none");
	assert_string_equal(decision_scope_name(SCOPE_ENDPOINT), "endpoint");
	assert_string_equal(decision_scope_name(SCOPE_N), "auto");
}

static void test_image_is_checked(void **state)
{
	uint8_t *other;
	size_t used;

	(void)state;
	cb_rule(&b, "r", ACTION_DROP);
	assert_non_null(cb_compile(&b));
	used = b.a.used;
	assert_ptr_equal(policy_at(b.a.base, used), b.p);
	assert_ptr_equal(policy_at(b.a.base, used + 100), b.p);
	assert_null(policy_at(b.a.base, used - 1)); /* cut */
	assert_null(policy_at(b.a.base, 0));
	assert_null(policy_at(NULL, used));
	other = aligned_alloc(16, 1 << 20);
	memcpy(other, b.a.base, used);
	assert_null(policy_at(other, used)); /* its pointers lead elsewhere */
	free(other);
	for (size_t i = 0; i < 40; i++) { /* magic, layout, sizes, kinds */
		b.a.base[i] ^= 1;
		assert_null(policy_at(b.a.base, used));
		b.a.base[i] ^= 1;
	}
	assert_non_null(policy_at(b.a.base, used));
}

/* Rules with one mistake each: refused, and told with file and line. */
static void expect_error(const char *key, const char *value, const char *told)
{
	struct config_rule *r;
	bool found = false;

	cb_fini(&b);
	cb_init(&b);
	cb_list(&b, "relays", LIST_ENDPOINT, "198.51.100.1:9001", NULL);
	r = cb_rule(&b, "r", ACTION_DROP);
	if (value)
		cb_cond(&b, &r->when, key, value, NULL);
	else
		cb_cond(&b, &r->when, key, NULL);
	assert_null(cb_compile(&b));
	assert_true(b.e.errors > 0);
	for (size_t i = 0; i < b.e.n; i++)
		found |= !b.e.e[i].warning && strstr(b.e.e[i].text, told) &&
			 strcmp(b.e.e[i].file, "test.conf") == 0 &&
			 b.e.e[i].line == (value ? r->when.cond[0].value.line[0] :
						   r->when.cond[0].line);
	if (!found)
		fail_msg("%s = %s: \"%s\" is not told, but \"%s\"", key, value, told,
			 b.e.e[b.e.n - 1].text);
}

static void test_condition_errors(void **state)
{
	(void)state;
	expect_error("from", "nonsense", "nonsense");
	expect_error("from", "aa-bb-cc-dd-ee-ff", "aa-bb-cc-dd-ee-ff");
	expect_error("from", "aa:bb:cc:dd:ee-ff", "aa:bb:cc:dd:ee-ff");
	expect_error("from", "00:00:00:00:00:00", "nobody");
	expect_error("to", "192.168.0.0/33", "prefix");
	expect_error("to", "@relays", "type endpoint");
	expect_error("to", "@nowhere", "no list");
	expect_error("endpoint", "@relay", "did you mean \"@relays\"");
	expect_error("endpoint", "198.51.100.1", "port");
	expect_error("domain", "a..b", "name");
	expect_error("ja3", "123", "JA3");
	expect_error("ja4", "t13", "JA4");
	expect_error("port", "0", "port");
	expect_error("port", "65536", "port");
	expect_error("port", "10-9", "port");
	expect_error("port", "10-", "port");
	expect_error("port", "80x", "port");
	expect_error("port", "1-80x", "port");
	expect_error("port", "http", "port");
	expect_error("port", "", "port");
	expect_error("port", "99999999999999999999", "port");
	expect_error("proto", "tpc", "tcp");
	expect_error("proto", "256", "255");
	expect_error("app", "tsl", "unknown, tls");
	expect_error("alpn", "", "protocol");
	expect_error("app", "tsl", "did you mean \"tls\"");
	expect_error("app", "gopher", "not one of: unknown, tls");
	expect_error("sni", "a..b", "name");
	expect_error("sni_like", "i2p", "not one of: tor");
	expect_error("host", "198.51.100.1", "name");
	expect_error("service", "dropbox", "no list of type service has it");
	expect_error("service", "@relays", "type service");
	expect_error("query", "*", "name");
	expect_error("dns_name", "a b", "name");
	expect_error("query_type", "65536", "DNS type");
	expect_error("query_type", "AAAAA", "DNS type");
	expect_error("query_type", "", "DNS type");
	expect_error("method", "GET /", "not a name of 1 to 24");
	expect_error("method", "AAAAAAAAAAAAAAAAAAAAAAAAA", "not a name of 1 to 24");
	expect_error("method", "", "not a name");
	expect_error("header", "X-Tool:", "not a name");
	expect_error("path", "admin/*", "a path begins with /");
	expect_error("path", "", "empty");
	expect_error("path", "/a\\b", "backslash");
	expect_error("user_agent", "", "empty");
	expect_error("ssh_software", "x\\", "backslash");
	expect_error("hassh", "123", "HASSH");
	expect_error("hassh", "@relays", "type hassh");
	expect_error("quic_version", "3x", "not one of: 1, 2, draft, negotiation, unknown");
	expect_error("quic_version", "drafd", "did you mean \"draft\"");
	expect_error("quic_version", "0x", "not one of");
	expect_error("quic_version", "0x100000000", "not one of");
	expect_error("quic_version", "4294967296", "not one of");
	expect_error("icmp_size", "65536", "bytes");
	expect_error("icmp_size", "9-1", "bytes");
	expect_error("icmp_size", "-1", "bytes");
	expect_error("anomaly", "http-hots", "did you mean \"http-host\"");
	expect_error("anomaly", "all", "not one of: overlap, budget");
	expect_error("resolved", "no", "resolved: true or false is wanted");
	expect_error("conforms", "1", "conforms: true or false is wanted");
	expect_error("entropy", "true", "entropy: high or low is wanted");
	expect_error("port", NULL, "needs a value");
	expect_error("ech", NULL, "needs a value");
	expect_error("not", NULL, "needs conditions");
}

static void test_ech_and_key_errors(void **state)
{
	struct config_rule *r;

	(void)state;
	r = cb_rule(&b, "r", ACTION_DROP);
	cb_cond(&b, &r->when, "ech", "yes", NULL);
	cb_cond(&b, &r->when, "domian", "a.example", NULL);
	cb_cond(&b, &r->when, "qqqqqqqq", "a.example", NULL);
	cb_cond(&b, &r->when, "ech", "true", "false", NULL);
	cb_cond(&b, &cb_cond_empty(&b, &r->when, "port")->sub, "port", "1", NULL);
	assert_null(cb_compile(&b));
	assert_int_equal(b.e.errors, 5); /* all of them, not the first */
	assert_true(cb_told(&b, "true or false"));
	assert_true(cb_told(&b, "did you mean \"domain\""));
	assert_true(cb_told(&b, "no condition is named \"qqqqqqqq\""));
	assert_true(cb_told(&b, "takes values"));
}

/* One message is not to blame for its resolver. */
static void test_query_blocks(void **state)
{
	struct config_rule *r = cb_rule(&b, "q", ACTION_DROP);

	(void)state;
	cb_cond(&b, &r->when, "query", "*.onion", NULL);
	for (enum scope s = SCOPE_AUTO; s < SCOPE_N; s++) {
		r->block = s;
		assert_int_equal(!cb_compile(&b), s > SCOPE_FLOW);
		assert_int_equal(cb_told(&b, "no wider than flow"), s > SCOPE_FLOW);
	}
	assert_int_equal(b.e.e[0].line, r->line);
}

/* A longer text than fits into a message is cut, not a broken message. */
static void test_long_values(void **state)
{
	char text[600];

	(void)state;
	memset(text, '\\', sizeof text);
	text[sizeof text - 2] = 'x';
	text[sizeof text - 1] = 0;
	for (size_t i = 0; i < match_table_n; i++) {
		struct config_rule *r;

		if (strcmp(match_table[i].key, "not") == 0)
			continue;
		cb_fini(&b);
		cb_init(&b);
		r = cb_rule(&b, "r", ACTION_DROP);
		cb_cond(&b, &r->when, match_table[i].key, text, NULL);
		if (strcmp(match_table[i].key, "alpn") == 0)
			assert_null(cb_compile(&b));
		else
			expect_error(match_table[i].key, text, "");
	}
}

static void test_not_errors(void **state)
{
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);
	struct config_when *w = &r->when;

	(void)state;
	for (int i = 0; i < 8; i++)
		w = cb_not(&b, w);
	cb_cond(&b, w, "port", "1", NULL);
	assert_non_null(cb_compile(&b));
	w = cb_not(&b, w);
	cb_cond(&b, w, "port", "1", NULL);
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "more than 8"));
	cb_fini(&b);
	cb_init(&b);
	r = cb_rule(&b, "r", ACTION_DROP);
	cb_not(&b, &r->when);
	cb_add(&b, &r->when.cond[0].value, "x");
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "\"not\" needs conditions"));
}

static void test_rule_errors(void **state)
{
	(void)state;
	cb_rule(&b, "same", ACTION_MONITOR);
	cb_rule(&b, "same", ACTION_MONITOR);
	cb_rule(&b, "noaction", ACTION_NONE);
	cb_rule(&b, "noscore", ACTION_SCORE);
	cb_rule(&b, "nodirection", ACTION_DROP)->direction = 0;
	cb_add(&b, &b.c.allow, "10.0.0.0/99");
	cb_add(&b, &b.c.never_block, "router");
	assert_null(cb_compile(&b));
	assert_int_equal(b.e.errors, 6);
	assert_true(cb_told(&b, "\"same\" is there already"));
	assert_true(cb_told(&b, "\"noaction\" has no action"));
	assert_true(cb_told(&b, "above 0"));
	assert_true(cb_told(&b, "no direction"));
	assert_true(cb_told(&b, "allow = \"10.0.0.0/99\""));
	assert_true(cb_told(&b, "never_block = \"router\""));
}

static void test_bounds(void **state)
{
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);
	struct config_value *v;
	char text[32];

	(void)state;
	for (int i = 0; i < 257; i++) {
		snprintf(text, sizeof text, "%d", i + 1);
		if (i == 0)
			cb_cond(&b, &r->when, "port", text, NULL);
		else
			cb_add(&b, &r->when.cond[0].value, text);
		if (i == 255)
			assert_non_null(cb_compile(&b));
	}
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "more than 256"));
	r->when.cond[0].value.n = 1;
	for (int i = 0; i < 64; i++)
		cb_cond(&b, &r->when, "port", "1", NULL);
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "more than 64"));
	r->when.n = 1;
	v = &r->when.cond[0].value;
	v->text = cb_keep(&b, calloc(65536, sizeof *v->text));
	v->line = cb_keep(&b, calloc(65536, sizeof *v->line));
	for (v->n = 0; v->n < 65536; v->n++)
		v->text[v->n] = text;
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "65535"));
	v->n = 1;
	b.c.n_rules = 4097; /* likewise */
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "more than 4096 rules"));
	b.c.n_rules = 1;
	b.c.n_lists = 1025;
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "more than 1024 lists"));
	b.c.n_lists = 0;
	assert_non_null(cb_compile(&b));
	assert_null(policy_compile(&b.a, &b.e, &b.c, 8)); /* the arena is used */
	assert_true(cb_told(&b, "in use"));
}

static void test_lists(void **state)
{
	struct config_rule *r;

	(void)state;
	cb_list(&b, "twice", LIST_ADDRESS, "198.51.100.1", NULL);
	cb_list(&b, "twice", LIST_ADDRESS, "198.51.100.2", NULL);
	cb_list(&b, "bad", LIST_ADDRESS, "198.51.100.1", "rubbish", NULL);
	cb_list(&b, "missing", LIST_DOMAIN, NULL)->path = cb_text(&b, "nothing.txt");
	cb_list(&b, "unused", LIST_DOMAIN, "a.example", NULL);
	r = cb_rule(&b, "r", ACTION_DROP);
	cb_cond(&b, &r->when, "to", "@twice", "@bad", NULL);
	cb_cond(&b, &r->when, "domain", "@missing", NULL);
	assert_null(cb_compile(&b));
	assert_true(cb_told(&b, "\"twice\" is there already"));
	assert_true(cb_told(&b, "rubbish"));
	assert_true(cb_told(&b, "missing"));
	assert_true(cb_told(&b, "no rule uses list \"unused\""));
}

static void test_list_warnings(void **state)
{
	struct config_rule *r;
	struct facts f = cb_facts();

	(void)state;
	cb_list(&b, "unused", LIST_ADDRESS, "rubbish", NULL);
	cb_list(&b, "bad", LIST_ADDRESS, "198.51.100.1", "203.0.113.0/24", NULL);
	cb_add(&b, &b.c.never_block, "203.0.113.9");
	r = cb_rule(&b, "r", ACTION_DROP);
	cb_cond(&b, cb_not(&b, cb_not(&b, &r->when)), "to", "@bad", NULL); /* used in there */
	cb_rule(&b, "all", ACTION_DROP)->direction = DIR_OUT | DIR_IN | DIR_LOCAL;
	cb_rule(&b, "never", ACTION_DROP);
	assert_non_null(cb_compile(&b));
	assert_int_equal(b.e.errors, 0);
	assert_true(cb_told(&b, "no rule uses list \"unused\""));
	assert_true(cb_told(&b, "1 entries are in never_block"));
	assert_true(cb_told(&b, "\"all\" matches everything"));
	assert_int_equal(b.e.n, 3);
	assert_int_equal(b.e.e[1].line, b.c.list[1].entries.line[1]);
	assert_int_equal(cb_judge(&b, &f).rule, 0);
}

static void test_wide_block_warning(void **state)
{
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);

	(void)state;
	cb_cond(&b, &r->when, "from", "192.168.1.2", NULL);
	r->block = SCOPE_ENDPOINT;
	assert_non_null(cb_compile(&b));
	assert_true(cb_told(&b, "cuts off all hosts"));
	r->block = SCOPE_PAIR;
	assert_non_null(cb_compile(&b));
	assert_int_equal(b.e.n, 0);
}

/* Every size of arena that is too small is an error, never a crash or half a policy. */
static void test_arena_too_small(void **state)
{
	struct config_rule *r = cb_rule(&b, "r", ACTION_DROP);
	size_t need;

	(void)state;
	cb_list(&b, "names", LIST_DOMAIN, "a.example", "*.b.example", NULL);
	cb_list(&b, "nets", LIST_ADDRESS, "198.51.100.0/24", "2001:db8::/32", NULL);
	cb_add(&b, &b.c.allow, "10.0.0.0/8");
	cb_cond(&b, &r->when, "from", "10.0.0.1", "aa:bb:cc:dd:ee:ff", NULL);
	cb_cond(&b, &r->when, "to", "@nets", NULL);
	cb_cond(&b, &r->when, "domain", "@names", "c.example", NULL);
	cb_cond(&b, &r->when, "endpoint", "198.51.100.1:1", NULL);
	cb_cond(&b, &r->when, "port", "1-2", "5", NULL);
	cb_cond(&b, &r->when, "proto", "tcp", NULL);
	cb_cond(&b, &r->when, "app", "tls", NULL);
	cb_cond(&b, &r->when, "ja3", "00112233445566778899aabbccddeeff", NULL);
	cb_cond(&b, &r->when, "ja4", "t13d1516h2_8daaf6152771_b0da82dd1658", NULL);
	cb_cond(&b, &r->when, "alpn", "h2", NULL);
	cb_cond(&b, &r->when, "ech", "true", NULL);
	cb_list(&b, "services", LIST_SERVICE, "one a.example", "two *.b.example", NULL);
	cb_cond(&b, &r->when, "service", "one", "@services", NULL);
	cb_cond(&b, &r->when, "sni", "none", NULL);
	cb_cond(&b, &r->when, "sni_like", "tor", NULL);
	cb_cond(&b, &r->when, "path", "/a?b*", "*c", NULL);
	cb_cond(&b, &r->when, "user_agent", "none", "x*", NULL);
	cb_cond(&b, &r->when, "header", "Host", NULL);
	cb_cond(&b, &r->when, "hassh", "00112233445566778899aabbccddeeff", NULL);
	cb_cond(&b, &r->when, "query_type", "TXT", NULL);
	cb_cond(&b, &r->when, "quic_version", "1", NULL);
	cb_cond(&b, &r->when, "resolved", "true", NULL);
	cb_cond(&b, &r->when, "anomaly", "any", NULL);
	cb_cond(&b, cb_not(&b, &r->when), "port", "7", NULL);
	assert_non_null(cb_compile(&b));
	need = b.a.used;
	for (size_t size = 0; size < need; size += 1 + size / 64) {
		assert_null(cb_compile_in(&b, size));
		assert_int_equal(b.e.errors, 1);
		assert_true(cb_told(&b, "does not fit"));
	}
	assert_null(cb_compile_in(&b, need - 1));
	assert_non_null(cb_compile_in(&b, need));
}

static void test_needs_payload(void **state)
{
	struct config_rule *r = cb_rule(&b, "r", ACTION_MONITOR);

	(void)state;
	cb_cond(&b, &r->when, "port", "443", NULL);
	cb_cond(&b, cb_not(&b, &r->when), "to", "10.0.0.1", NULL);
	assert_non_null(cb_compile(&b));
	assert_false(policy_needs_payload(b.p));
	cb_cond(&b, cb_not(&b, &r->when), "domain", "a.example", NULL);
	assert_non_null(cb_compile(&b));
	assert_true(policy_needs_payload(b.p));
}

static bool allows(const char *name)
{
	return policy_allows_name(b.p, name, strlen(name));
}

static void test_allows_name(void **state)
{
	struct config_rule *r;
	char longest[255];

	(void)state;
	r = cb_rule(&b, "blocked", ACTION_DROP);
	cb_cond(&b, &r->when, "domain", "bad.example", NULL);
	r = cb_rule(&b, "ports", ACTION_ALLOW);
	cb_cond(&b, &r->when, "port", "443", NULL);
	r = cb_rule(&b, "fingers", ACTION_ALLOW);
	cb_cond(&b, &r->when, "ja3", "00112233445566778899aabbccddeeff", NULL);
	r = cb_rule(&b, "names", ACTION_ALLOW);
	cb_cond(&b, &r->when, "port", "8443", NULL);
	cb_cond(&b, &r->when, "domain", "good.example", "*.nice.example", NULL);
	cb_cond(&b, &r->when, "app", "tls", NULL);
	assert_non_null(cb_compile(&b));
	assert_true(allows("good.example"));
	assert_true(allows("a.nice.example"));
	assert_false(allows("host.example"));
	assert_false(allows("nice.example"));
	assert_false(allows("bad.example"));
	assert_false(allows(""));
	memset(longest, 'a', sizeof longest);
	assert_false(policy_allows_name(b.p, longest, 255));
	assert_false(policy_allows_name(b.p, longest, 256));
	r = cb_rule(&b, "host", ACTION_ALLOW);
	cb_cond(&b, &r->when, "host", "host.example", NULL);
	r = cb_rule(&b, "resolved", ACTION_ALLOW);
	cb_cond(&b, &r->when, "dns_name", "led.example", NULL);
	assert_non_null(cb_compile(&b));
	assert_true(allows("host.example"));
	assert_true(allows("led.example"));
	r = &b.c.rule[3];
	cb_cond(&b, cb_not(&b, &r->when), "domain", "a.nice.example", NULL);
	assert_non_null(cb_compile(&b));
	assert_true(allows("good.example"));
	assert_false(allows("a.nice.example"));
}

static void test_never_block(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	assert_non_null(cb_compile(&b));
	assert_false(policy_never_block(b.p, f.dst));
	cb_add(&b, &b.c.never_block, "203.0.113.9");
	assert_non_null(cb_compile(&b));
	assert_true(policy_never_block(b.p, f.dst));
	assert_false(policy_never_block(b.p, f.src));
	cb_add(&b, &b.c.allow, "192.168.0.0/16");
	assert_non_null(cb_compile(&b));
	assert_true(policy_never_block(b.p, f.src));
}

/* A list of a million addresses from a file: judged by it, within the memory promised. */
static void test_million(void **state)
{
	enum { N = 1000000 };
	char path[] = "/tmp/sluice-list-XXXXXX";
	int fd = mkstemp(path);
	FILE *to = fdopen(fd, "w");
	struct facts f = cb_facts();
	struct config_rule *r;
	struct decision d;

	(void)state;
	assert_non_null(to);
	for (uint32_t i = 0; i < N; i++) /* every fourth from 64.0.0.0 on */
		fprintf(to, "%u.%u.%u.%u\n", 64 + (i >> 22), i >> 14 & 255, i >> 6 & 255,
			i << 2 & 255);
	assert_int_equal(fclose(to), 0);
	cb_list(&b, "big", LIST_ADDRESS, NULL)->path = cb_text(&b, path);
	r = cb_rule(&b, "r", ACTION_DROP);
	cb_cond(&b, &r->when, "to", "@big", NULL);
	assert_non_null(cb_compile_in(&b, 24000000));
	unlink(path);
	print_message("%d addresses: image of %zu bytes\n", N, b.a.used);
	assert_true(b.a.used < 24000000);
	for (uint32_t i = 0; i < 4 * N; i += 997) {
		for (int k = 0; k < 4; k++)
			f.dst[12 + k] = (uint8_t)((i + (64u << 24)) >> (24 - 8 * k));
		d = cb_judge(&b, &f);
		assert_int_equal(d.action, i % 4 ? ACTION_ALLOW : ACTION_DROP);
		if (i % 4 == 0) {
			assert_int_equal(d.ev.list, 0);
			assert_int_equal(d.ev.line, i / 4 + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accessors, setup, teardown),
		cmocka_unit_test(test_names_of_enums),
		cmocka_unit_test_setup_teardown(test_image_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_condition_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ech_and_key_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_query_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rule_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list_warnings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wide_block_warning, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arena_too_small, setup, teardown),
		cmocka_unit_test_setup_teardown(test_needs_payload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allows_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_block, setup, teardown),
		cmocka_unit_test_setup_teardown(test_million, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
