/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/inspect.h"

#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dissect/dns.h"
#include "nft/nft.h"
#include "tests/unit/traffic.h"

enum { ARENA = 1 << 20, EVENTS = 256, HOUR = 3600 * 1000 };
enum { A = 1, HTTPS = 65, CLIENT = 2, RESOLVER = 5, SITE = 9 };

static struct path {
	struct config config;
	struct errs errs;
	void *image;
	const struct policy *policy;
	struct inspect_conf conf;
	struct inspect *in;
	struct event_counts counts;
	struct names *names;
	struct event ev[EVENTS];
	size_t n;
	struct verdict v;
	uint64_t now;
	uint8_t hook;
	bool v6, replied;
} P;

static void on_event(void *ctx, const struct event *ev)
{
	struct path *p = ctx;

	if (p->n == EVENTS) /* the newest do */
		p->n = 0;
	p->ev[p->n++] = *ev;
}

static void net(struct inspect_net *to, bool v6, bool inside)
{
	traffic_addr(to->lo, v6, inside, 0);
	traffic_addr(to->hi, v6, inside, 255);
}

static void begin(const char *text)
{
	struct inspect_net nets[2];
	struct arena a;

	memset(&P, 0, sizeof P);
	errs_init(&P.errs);
	P.image = aligned_alloc(16, ARENA);
	arena_init(&a, P.image, ARENA);
	if (config_parse(&P.config, &P.errs, "test", text) == 0)
		P.policy = policy_compile(&a, &P.errs, &P.config, 1);
	assert_non_null(P.policy);
	inspect_conf_of(&P.conf, &P.config);
	P.conf.handshake = false; /* most tests leave the server out */
	assert_true(P.conf.dns);
	P.conf.flows = 256;
	P.conf.probes = 16;
	P.in = inspect_new(&P.conf, on_event, &P);
	P.names = names_init(calloc(1, names_size(256)), 256, P.conf.key);
	inspect_names(P.in, &P.names, 1, 0);
	inspect_counts(P.in, &P.counts);
	inspect_policy(P.in, P.policy);
	net(&nets[0], false, true);
	net(&nets[1], true, true);
	inspect_inside(P.in, nets, 2);
	P.now = 1000;
	P.hook = NF_INET_FORWARD;
}

static void end(void)
{
	inspect_free(P.in);
	free(P.names);
	free(P.image);
	config_fini(&P.config);
	errs_fini(&P.errs);
}

/* `back`: the other way round, and connection tracking knows it as a reply. */
static uint32_t send(const struct traffic *t, bool back)
{
	struct craft c;
	struct slice b = traffic(&c, t), exact;
	struct frame fr = { .id = 7, .hook = P.hook, .orig_len = (uint32_t)b.n,
			    .wall = P.now * 1000, .now = P.now, .mark = 0x80000001 };
	size_t addrs = t->v6 ? 8 : 12, len = t->v6 ? 16 : 4, ports = t->v6 ? 40 : 20;
	uint8_t tmp[16];

	if (P.replied)
		fr.mark |= NFT_MARK_REPLY;
	if (back) {
		memcpy(tmp, c.b + addrs, len);
		memcpy(c.b + addrs, c.b + addrs + len, len);
		memcpy(c.b + addrs + len, tmp, len);
		memcpy(tmp, c.b + ports, 2);
		memcpy(c.b + ports, c.b + ports + 2, 2);
		memcpy(c.b + ports + 2, tmp, 2);
		fr.mark |= NFT_MARK_REPLY;
	}
	exact = craft_copy(b.p, b.n);
	fr.bytes = exact;
	inspect_frame(P.in, &P.v, &fr);
	free((void *)(uintptr_t)exact.p);
	assert_int_equal(P.v.mark & ~NFT_MARK_MASK, 0x80000001);
	return P.v.mark & NFT_MARK_MASK;
}

static void put_name(struct craft *c, const char *name)
{
	for (const char *dot; *name; name = dot + (*dot == '.')) {
		dot = strchrnul(name, '.');
		craft_uint(c, (size_t)(dot - name), 1);
		craft_bytes(c, name, (size_t)(dot - name));
	}
	craft_uint(c, 0, 1);
}

static void put_query(struct craft *c, const char *name, uint16_t type)
{
	c->n = 0;
	craft_bytes(c, "\x43\x21\1\0\0\1\0\0\0\0\0\0", 12);
	put_name(c, name);
	craft_uint(c, type, 2);
	craft_uint(c, 1, 2);
}

/* The answer: servers' last address bytes `from`.., in the family of type A or AAAA. */
static void put_answer(struct craft *c, const char *name, const char *alias, uint8_t from, int n)
{
	c->n = 0;
	craft_bytes(c, "\x43\x21\x81\x80\0\1", 6);
	craft_uint(c, (uint64_t)n + !!alias, 2);
	craft_uint(c, 0, 4);
	put_name(c, name);
	craft_uint(c, P.v6 ? 28 : 1, 2);
	craft_uint(c, 1, 2);
	if (alias) {
		craft_bytes(c, "\xc0\x0c\0\5\0\1\0\0\0\1", 10);
		size_t at = craft_open(c, 2);
		put_name(c, alias);
		craft_close(c, at, 2);
	}
	for (int i = 0; i < n; i++) {
		uint8_t addr[16];

		if (alias)
			put_name(c, alias);
		else
			craft_uint(c, 0xc00c, 2);
		craft_uint(c, P.v6 ? 28 : 1, 2);
		craft_uint(c, 1, 2);
		craft_uint(c, 60, 4);
		craft_uint(c, P.v6 ? 16 : 4, 2);
		traffic_addr(addr, P.v6, false, (uint8_t)(from + i));
		craft_bytes(c, P.v6 ? addr : addr + 12, P.v6 ? 16 : 4);
	}
}

static struct traffic datagram(const struct craft *c, uint16_t sport)
{
	return (struct traffic){ .v6 = P.v6, .src = CLIENT, .dst = RESOLVER, .proto = 17,
				 .sport = sport, .dport = 53, .data = c->b, .n = c->n };
}

static uint32_t ask(const char *name, uint16_t type)
{
	struct craft c;

	put_query(&c, name, type);
	struct traffic t = datagram(&c, 4000);
	return send(&t, false);
}

static uint32_t told(const char *name, const char *alias, uint8_t from, int n)
{
	struct craft c;

	put_answer(&c, name, alias, from, n);
	struct traffic t = datagram(&c, 4000);
	return send(&t, true);
}

static struct event *last(void)
{
	assert_true(P.n > 0);
	return &P.ev[P.n - 1];
}

static const char *const onion =
	"mode = \"enforce\"; rules = ("
	"  { name = \"onion\"; when: { query = \"*.onion\"; }; action = \"reject\"; },"
	"  { name = \"bad\"; when: { query = \"bad.example\"; }; action = \"drop\"; },"
	"  { name = \"seen\"; when: { query = \"seen.example\"; }; action = \"monitor\"; } );";

static void is_message(uint32_t mark, uint8_t accept, uint32_t bits)
{
	assert_int_equal(mark, bits);
	assert_int_equal(P.v.accept, accept);
}

/* Of one socket's queries each has its own verdict, and the flow has none. */
static void each_message(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		begin(onion);
		P.v6 = v6;
		is_message(ask("good.example", A), 1, 0);
		assert_int_equal(last()->kinds & EVENT_READ, EVENT_READ);
		assert_int_equal(last()->facts.app, APP_DNS);
		assert_int_equal(last()->facts.query_len, 12);
		assert_memory_equal(last()->facts.query, "good.example", 12);
		assert_int_equal(last()->facts.query_type, A);
		assert_int_equal(last()->facts.query_id, 0x4321);
		assert_int_equal(last()->facts.direction, DIR_OUT);
		assert_int_not_equal(last()->flow_id, 0);
		uint64_t id = last()->flow_id;
		is_message(ask("abc.ONION", A), 1, NFT_MARK_REJECT | NFT_MARK_ALONE);
		assert_int_equal(P.v.action, ACTION_REJECT);
		assert_string_equal(last()->rule, "onion");
		assert_int_equal(last()->scope, SCOPE_FLOW);
		assert_int_equal(last()->first_packet, 0); /* nothing is remembered of a flow */
		assert_int_equal(last()->flow_id, id);
		is_message(ask("good.example", HTTPS), 1, 0);
		is_message(ask("bad.example", A), 0, 0);
		assert_string_equal(last()->rule, "bad");
		assert_int_equal(last()->scope, SCOPE_FLOW);
		is_message(ask("seen.example", A), 1, 0);
		assert_int_equal(last()->action, ACTION_MONITOR);
		is_message(ask("good.example", A), 1, 0);
		assert_int_equal(P.counts.inspected, 6);
		assert_int_equal(P.counts.packets, 6);
		assert_int_equal(P.counts.rejected, 1);
		assert_int_equal(P.counts.dropped, 1);
		assert_int_equal(P.counts.monitored, 1);
		assert_int_equal(P.counts.allowed, 3);
		assert_int_equal(P.counts.table, 0);
		end();
	}
}

static void observing(void **state)
{
	(void)state;
	begin(onion);
	P.conf.observe = true;
	inspect_reconf(P.in, &P.conf);
	is_message(ask("bad.example", A), 1, 0);
	assert_int_equal(last()->action, ACTION_DROP);
	is_message(ask("a.onion", A), 1, NFT_MARK_REJECT | NFT_MARK_ALONE);
	end();
}

/* What is no DNS, or is blocked for its address or port, is a flow like any other. */
static void not_by_message(void **state)
{
	static const uint8_t other[64] = { 0x38, 1, 2, 3, 0xff, 0xff, 0xff };
	struct craft c = { .n = 0 };
	struct traffic t;

	(void)state;
	begin("mode = \"enforce\"; rules = ("
	      "  { name = \"port\"; when: { port = 53; to = \"203.0.113.7\"; };"
	      "    action = \"reject\"; },"
	      "  { name = \"tunnel\"; when: { app = \"unknown\"; port = 53; };"
	      "    action = \"drop\"; } );");
	craft_bytes(&c, other, sizeof other);
	t = datagram(&c, 4001);
	send(&t, false);
	assert_int_equal(P.v.mark & NFT_MARK_VERDICT, NFT_MARK_DROP);
	assert_string_equal(last()->rule, "tunnel");
	put_query(&c, "good.example", A);
	t = datagram(&c, 4002);
	is_message(send(&t, false), 1, 0);
	t.dst = 7;
	is_message(send(&t, false), 1, NFT_MARK_REJECT);
	assert_string_equal(last()->rule, "port");
	end();
}

static void broken_queries(void **state)
{
	struct craft c = { .n = 0 };
	struct traffic t;

	(void)state;
	begin(onion);
	craft_bytes(&c, "\x43\x21\1\0\0\1\0\0\0\0\0\0\x41", 13);
	t = datagram(&c, 4000);
	is_message(send(&t, false), 1, 0);
	assert_int_equal(last()->facts.anomalies, ANOM_DNS_BAD);
	assert_int_equal(last()->kinds & EVENT_ANOMALY, EVENT_ANOMALY);
	assert_int_equal(P.counts.anomalies, 1);
	put_query(&c, "a b.example", A);
	t = datagram(&c, 4000);
	is_message(send(&t, false), 1, 0);
	assert_int_equal(last()->facts.anomalies, ANOM_DNS_NAME);
	end();
}

/* A client of the gateway's resolver: what rules say of questions to the outside holds, no more. */
static void own_resolver(void **state)
{
	static const char *const defaults[] = { "allow", "drop" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		char conf[600];

		snprintf(conf, sizeof conf,
			 "mode = \"enforce\"; default = \"%s\"; rules = ("
			 "  { name = \"onion\"; when: { query = \"*.onion\"; }; action = \"reject\"; },"
			 "  { name = \"seen\"; when: { query = \"seen.example\"; }; action = \"monitor\"; },"
			 "  { name = \"watch\"; when: { port = 53; }; action = \"monitor\"; },"
			 "  { name = \"only-ours\"; when: { app = \"dns\"; }; action = \"drop\"; } );",
			 defaults[i]);
		begin(conf);
		P.hook = NF_INET_LOCAL_IN;
		is_message(ask("good.example", A), 1, 0);
		assert_int_equal(last()->action, ACTION_ALLOW);
		assert_int_equal(last()->n_hits, 0);
		is_message(ask("a.onion", A), 1, NFT_MARK_REJECT | NFT_MARK_ALONE);
		assert_string_equal(last()->rule, "onion");
		is_message(ask("seen.example", A), 1, 0);
		assert_int_equal(last()->n_hits, 1);
		assert_string_equal(last()->hits[0].rule, "seen");
		P.hook = NF_INET_FORWARD;
		is_message(ask("good.example", A), 0, 0);
		assert_string_equal(last()->rule, "only-ours");
		assert_int_equal(last()->scope, SCOPE_FLOW);
		end();
	}
}

/* --- what is learnt from answers --- */

static struct facts *connect_to(uint8_t dst)
{
	struct traffic t = { .v6 = P.v6, .src = CLIENT, .dst = dst, .sport = 4100, .dport = 443,
			     .seq = 999, .flags = PACKET_SYN };

	P.n = 0;
	t.sport = (uint16_t)(5000 + P.counts.packets);
	send(&t, false);
	return &last()->facts;
}

static void not_resolved(uint8_t dst, enum fact_state how)
{
	struct facts *f = connect_to(dst);

	assert_int_equal(facts_state(f, FACT_RESOLVED), how);
	assert_int_equal(f->resolved, 0);
	assert_int_equal(facts_state(f, FACT_DNS_NAME), FACT_ABSENT);
}

static void is_resolved(uint8_t dst, const char *name)
{
	struct facts *f = connect_to(dst);

	assert_int_equal(facts_state(f, FACT_RESOLVED), FACT_KNOWN);
	assert_int_equal(f->resolved, 1);
	assert_int_equal(facts_state(f, FACT_DNS_NAME), FACT_KNOWN);
	assert_int_equal(f->dns_name_len, strlen(name));
	assert_memory_equal(f->dns_name, name, f->dns_name_len);
}

static void resolved(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		begin("");
		P.v6 = v6;
		/* nothing is known of a host that never asked */
		not_resolved(SITE, FACT_ABSENT);
		is_message(told("Site.example", NULL, SITE, 2), 1, 0);
		is_resolved(SITE, "site.example");
		is_resolved(SITE + 1, "site.example");
		not_resolved(SITE + 2, FACT_KNOWN);
		told("alias.example", "cdn.example", SITE + 2, 1);
		is_resolved(SITE + 2, "alias.example");
		assert_int_equal(P.counts.inspected, P.counts.packets);
		/* in the first ten minutes names may be older than we are */
		P.conf.grace_until = P.now + 1;
		inspect_reconf(P.in, &P.conf);
		not_resolved(SITE + 3, FACT_ABSENT);
		is_resolved(SITE, "site.example");
		P.now++;
		not_resolved(SITE + 3, FACT_KNOWN);
		/* an hour of silence, and how the host asks now is not known */
		P.now += HOUR - 1;
		not_resolved(SITE + 3, FACT_KNOWN);
		P.now++;
		not_resolved(SITE + 3, FACT_ABSENT);
		is_resolved(SITE, "site.example");
		P.now += HOUR;
		not_resolved(SITE, FACT_ABSENT);
		end();
	}
}

/* The other ways to get to know a name: none of them counts. */
static void not_learnt(void **state)
{
	struct craft c;
	struct traffic t;

	(void)state;
	begin("");
	/* nobody asked: connection tracking knows no such flow */
	put_answer(&c, "site.example", NULL, SITE, 1);
	t = datagram(&c, 4000);
	t.sport = 53, t.dport = 4000; /* from inside out */
	send(&t, false);
	not_resolved(SITE, FACT_ABSENT);
	P.replied = true;
	t.src = 77;
	send(&t, false);
	P.replied = false;
	not_resolved(SITE, FACT_ABSENT);
	/* a server outside that begins the talk from its port 53 */
	t = datagram(&c, 4000);
	P.conf.mark_mask = 0; /* no reply bit */
	inspect_reconf(P.in, &P.conf);
	send(&t, true);
	P.conf.mark_mask = NFT_MARK_MASK;
	inspect_reconf(P.in, &P.conf);
	not_resolved(SITE, FACT_ABSENT);
	/* and then talks on */
	send(&t, true);
	not_resolved(SITE, FACT_ABSENT);
	/* from another port */
	t = datagram(&c, 4001);
	t.dport = 5300;
	send(&t, true);
	not_resolved(SITE, FACT_ABSENT);
	end();
}

static void switched_off(void **state)
{
	(void)state;
	begin("");
	P.conf.dns = false;
	inspect_reconf(P.in, &P.conf);
	assert_int_equal(ask("good.example", A), NFT_MARK_PASS);
	told("site.example", NULL, SITE, 1);
	not_resolved(SITE, FACT_ABSENT);
	end();
}

/* An allow rule on a name, asked for or at the end of the aliases, protects its address. */
static void allowed_names(void **state)
{
	static const char *const conf =
		"rules = ( { name = \"ours\"; when: { domain = \"ours.example\"; }; action = \"allow\"; } );";
	uint8_t addr[16];
	bool allowed;

	(void)state;
	begin(conf);
	told("ours.example", NULL, SITE, 1);
	told("www.example", "ours.example", SITE + 1, 1);
	told("other.example", NULL, SITE + 2, 1);
	for (uint8_t i = 0; i < 3; i++) {
		traffic_addr(addr, false, false, (uint8_t)(SITE + i));
		assert_int_equal(names_count(&P.names, 1, &allowed, addr, "", 0, P.now, HOUR), 1);
		assert_int_equal(allowed, i < 2);
	}
	end();
}

/* --- over TCP --- */

static struct traffic segment(uint32_t at, const void *p, size_t n)
{
	return (struct traffic){ .v6 = P.v6, .src = CLIENT, .dst = RESOLVER, .sport = 4200, .dport = 53,
				 .seq = 1000 + at, .ack = 1, .flags = PACKET_ACK | PACKET_PSH,
				 .data = p, .n = n };
}

static uint32_t say(uint32_t at, const struct craft *c, size_t from, size_t n)
{
	struct traffic t = segment(at + (uint32_t)from, c->b + from, n);

	return send(&t, false);
}

static uint32_t open_tcp(void)
{
	struct traffic t = segment(0, NULL, 0);

	t.seq = 999;
	t.flags = PACKET_SYN;
	return send(&t, false);
}

static void put_framed(struct craft *to, const char *name)
{
	struct craft c;

	put_query(&c, name, A);
	craft_uint(to, c.n, 2);
	craft_bytes(to, c.b, c.n);
}

static size_t queries_told(const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < P.n; i++)
		n += P.ev[i].kinds & EVENT_READ && P.ev[i].facts.app == APP_DNS &&
		     P.ev[i].facts.query_len == strlen(name) &&
		     memcmp(P.ev[i].facts.query, name, strlen(name)) == 0;
	return n;
}

/* Several messages in one connection, at every split: all read, nothing passed for good. */
static void tcp_messages(void **state)
{
	struct craft c = { .n = 0 };

	(void)state;
	put_framed(&c, "one.example");
	put_framed(&c, "two.example");
	put_framed(&c, "three.example");
	for (size_t split = 1; split < c.n; split++) {
		begin(onion);
		is_message(open_tcp(), 1, 0);
		is_message(say(0, &c, 0, split), 1, 0);
		is_message(say(0, &c, split, c.n - split), 1, 0);
		is_message(say((uint32_t)c.n, &c, 0, c.n), 1, 0);
		assert_int_equal(queries_told("one.example"), 2);
		assert_int_equal(queries_told("two.example"), 2);
		assert_int_equal(queries_told("three.example"), 2);
		assert_int_equal(P.counts.anomalies, 0);
		assert_int_equal(P.counts.allowed, 6);
		assert_int_equal(P.counts.inspected, 4);
		end();
	}
}

/* Byte by byte; and the second half before the first, again and again. */
static void tcp_shapes(void **state)
{
	struct craft c = { .n = 0 };

	(void)state;
	put_framed(&c, "one.example");
	put_framed(&c, "x.onion");
	begin(onion);
	open_tcp();
	for (size_t i = 0; i + 1 < c.n; i++)
		is_message(say(0, &c, i, 1), 1, 0);
	is_message(say(0, &c, c.n - 1, 1), 1, NFT_MARK_REJECT);
	assert_int_equal(queries_told("one.example"), 1);
	assert_string_equal(last()->rule, "onion");
	assert_int_equal(last()->scope, SCOPE_FLOW);
	/* the connection is cut for good */
	is_message(say(0, &c, c.n - 1, 1), 1, NFT_MARK_REJECT);
	end();

	begin(onion);
	open_tcp();
	for (size_t i = c.n; i-- > 1;)
		is_message(say(0, &c, i, 1), 1, 0);
	is_message(say(0, &c, 0, 1), 1, NFT_MARK_REJECT);
	end();

	/* the end of the second message comes while the first is still on its way */
	begin(onion);
	open_tcp();
	is_message(say(0, &c, 20, c.n - 20), 1, 0);
	is_message(say(0, &c, 0, 20), 1, NFT_MARK_REJECT);
	assert_int_equal(queries_told("one.example"), 1);
	end();
}

/* What was odd or told of one message is not of the next. */
static void tcp_afresh(void **state)
{
	static const char *const names[] = { "a b.example", "seen.example", "seen.example", "c.example" };
	struct craft c = { .n = 0 };
	size_t at = 0;

	(void)state;
	begin(onion);
	open_tcp();
	for (int i = 0; i < 4; i++) {
		put_framed(&c, names[i]);
		is_message(say(0, &c, at, c.n - at), 1, 0);
		at = c.n;
		assert_int_equal(queries_told(names[i]), 1 + (i == 2));
		assert_int_equal(last()->facts.anomalies, i ? 0 : ANOM_DNS_NAME);
		assert_int_equal(last()->n_hits, i == 1 || i == 2);
		assert_int_equal(last()->kinds & EVENT_ANOMALY, i ? 0 : EVENT_ANOMALY);
	}
	end();
}

static void put_long(struct craft *c, int n)
{
	for (int i = 0; i < n; i++) {
		char name[32];

		snprintf(name, sizeof name, "n%d.example", i);
		put_framed(c, name);
	}
}

/* More than any buffer holds, in one segment and in many. */
static void tcp_long(void **state)
{
	static const size_t steps[] = { 60000, 5000, 1000, 101 };
	static struct craft c;

	(void)state;
	c.n = 0;
	put_long(&c, 900);
	put_framed(&c, "x.onion");
	assert_true(c.n > 20000 && c.n < steps[0]);
	for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
		begin(onion);
		open_tcp();
		for (size_t i = 0; i < c.n; i += steps[s]) {
			size_t n = c.n - i < steps[s] ? c.n - i : steps[s];

			assert_int_equal(say(0, &c, i, n), i + n < c.n ? 0 : NFT_MARK_REJECT);
		}
		assert_int_equal(P.counts.allowed, 900);
		assert_int_equal(P.counts.anomalies, 0);
		end();
	}
}

/* What is not DNS goes the ordinary way, from the first byte or after it. */
static void tcp_other(void **state)
{
	static const char *const conf =
		"mode = \"enforce\"; rules = ( { name = \"tls\"; when: { app = \"tls\"; };"
		"  action = \"reject\"; } );";
	struct craft hello, c = { .n = 0 };

	(void)state;
	traffic_hello(&hello, "www.example", 16384);
	for (size_t first = 1; first < 40; first++) {
		begin(conf);
		open_tcp();
		say(0, &hello, 0, first);
		assert_int_equal(say(0, &hello, first, hello.n - first), NFT_MARK_REJECT);
		assert_string_equal(last()->rule, "tls");
		assert_int_equal(last()->facts.anomalies, 0);
		end();
	}
	put_framed(&c, "one.example");
	begin(conf);
	open_tcp();
	is_message(say(0, &c, 0, c.n), 1, 0);
	assert_int_equal(say((uint32_t)c.n, &hello, 0, hello.n), NFT_MARK_REJECT);
	end();
	/* its last part and something else in one segment */
	craft_bytes(&c, hello.b, hello.n);
	begin(conf);
	open_tcp();
	is_message(say(0, &c, 0, 10), 1, 0);
	assert_int_equal(say(0, &c, 10, c.n - 10), NFT_MARK_REJECT);
	assert_string_equal(last()->rule, "tls");
	assert_int_equal(queries_told("one.example"), 1);
	end();
	begin("rules = ( { name = \"dns\"; when: { port = 53; }; action = \"drop\"; } );");
	assert_int_equal(open_tcp(), NFT_MARK_DROP);
	end();
}

/* Picked up in the middle, as all connections to the gateway's own resolver are. */
static void tcp_midstream(void **state)
{
	struct craft c = { .n = 0 };

	(void)state;
	put_framed(&c, "one.example");
	begin(onion);
	P.hook = NF_INET_LOCAL_IN;
	is_message(say(0, &c, 0, 10), 1, 0);
	is_message(say(0, &c, 10, c.n - 10), 1, 0);
	assert_int_equal(queries_told("one.example"), 1);
	assert_int_equal(last()->facts.anomalies, 0);
	c.n = 0;
	put_framed(&c, "x.onion");
	is_message(say(100, &c, 0, c.n), 1, 0); /* a hole before it */
	end();
}

/* Between two messages a connection holds no probe: so many are no burden. */
static void tcp_many(void **state)
{
	struct craft c = { .n = 0 };

	(void)state;
	put_framed(&c, "one.example");
	begin(onion);
	for (uint16_t i = 0; i < 100; i++) {
		struct traffic t = segment(0, c.b, c.n);

		t.sport = (uint16_t)(6000 + i);
		P.n = 0;
		is_message(send(&t, false), 1, 0);
		assert_int_equal(queries_told("one.example"), 1);
	}
	assert_int_equal(P.counts.probes, 0);
	assert_int_equal(P.counts.blind_flows, 0);
	P.now += 100 * 1000;
	inspect_tick(P.in, P.now * 1000, P.now);
	is_message(say(0, &c, 0, c.n), 1, 0); /* no time has run out */
	end();
}

/* Answers over TCP: behind their length, several in a segment, the length by itself. */
static void tcp_answers(void **state)
{
	struct craft all = { .n = 0 }, one;
	struct traffic t;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		begin("");
		P.v6 = v6;
		all.n = 0;
		for (uint8_t i = 0; i < 3; i++) {
			put_answer(&one, "site.example", NULL, (uint8_t)(SITE + i), 1);
			craft_uint(&all, one.n, 2);
			craft_bytes(&all, one.b, one.n);
		}
		t = segment(0, all.b, all.n);
		is_message(send(&t, true), 1, 0);
		for (uint8_t i = 0; i < 3; i++)
			is_resolved((uint8_t)(SITE + i), "site.example");
		put_answer(&one, "more.example", NULL, 50, 40);
		t = segment(0, one.b, one.n);
		send(&t, true);
		is_resolved(89, "more.example");
		craft_bytes(&all, "x", 1);
		put_answer(&one, "cut.example", NULL, 100, 40);
		all.n = 0;
		craft_uint(&all, one.n, 2);
		craft_bytes(&all, one.b, one.n / 2);
		t = segment(0, all.b, all.n);
		send(&t, true);
		is_resolved(100, "cut.example");
		not_resolved(139, FACT_KNOWN);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message),	  cmocka_unit_test(observing),
		cmocka_unit_test(not_by_message), cmocka_unit_test(broken_queries),
		cmocka_unit_test(own_resolver),	  cmocka_unit_test(resolved),
		cmocka_unit_test(not_learnt),	  cmocka_unit_test(switched_off),
		cmocka_unit_test(allowed_names),  cmocka_unit_test(tcp_messages),
		cmocka_unit_test(tcp_shapes),	  cmocka_unit_test(tcp_long),
		cmocka_unit_test(tcp_afresh),
		cmocka_unit_test(tcp_other),	  cmocka_unit_test(tcp_midstream),
		cmocka_unit_test(tcp_many),	  cmocka_unit_test(tcp_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
