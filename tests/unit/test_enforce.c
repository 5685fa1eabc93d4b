/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/enforce.h"
#include "tests/unit/conf_build.h"

static struct enforce *e;
static struct event ev;
static struct outcome oc;
static struct nft_elem out[ENFORCE_CHANGES];
static size_t n;
static bool protect_all;

static bool is_protected(void *ctx, const uint8_t addr[16])
{
	(void)ctx;
	return protect_all || addr[12] == 10; /* 10.0.0.0/8 */
}

static void v4(uint8_t a[16], uint32_t host)
{
	memset(a, 0, 16);
	a[10] = a[11] = 0xff;
	for (int i = 0; i < 4; i++)
		a[12 + i] = (uint8_t)(host >> (24 - 8 * i));
}

/* A client (by evidence of its own) to 203.0.113.9:443, refused by rule "r". */
static void fresh(void)
{
	memset(&ev, 0, sizeof(ev));
	ev.facts = cb_facts();
	ev.facts.reply_seen = 1;
	ev.kinds = EVENT_VERDICT;
	ev.action = ACTION_DROP;
	ev.scope = SCOPE_PAIR;
	ev.by_client = 1;
	ev.ttl = 60;
	ev.line = 5;
	ev.now = 1000;
	ev.wall = UINT64_C(1700000000000000);
	strcpy(ev.rule, "r");
	strcpy(ev.list, "l");
}

static size_t run(void)
{
	memset(out, 0xee, sizeof(out));
	n = enforce_event(e, &oc, out, &ev);
	return n;
}

static int setup(void **state)
{
	(void)state;
	e = enforce_new(256, is_protected, NULL);
	protect_all = false;
	fresh();
	return e ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	enforce_free(e);
	return 0;
}

static void test_pair(void **state)
{
	(void)state;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_ADD);
	assert_int_equal(out[0].set, NFT_DROP_PAIR);
	assert_int_equal(out[0].reject, 0);
	assert_int_equal(out[0].proto, IPPROTO_TCP);
	assert_int_equal(out[0].dport, 443);
	assert_int_equal(out[0].timeout, 60000);
	assert_memory_equal(out[0].src, ev.facts.src, 16);
	assert_memory_equal(out[0].dst, ev.facts.dst, 16);
	assert_string_equal(out[0].comment, "rule=r reason=1");
	assert_int_equal(oc.scope, SCOPE_PAIR);
	assert_string_equal(oc.set, "drop_pair");
	assert_int_equal(oc.timeout, 60);
	assert_int_equal(oc.reason, 1);
	assert_string_equal(oc.note, "");
	assert_int_equal(enforce_count(e), 1);
}

/* The longest names make a comment that the kernel's side takes. */
static void test_comment_fits(void **state)
{
	(void)state;
	memset(ev.rule, 'x', sizeof(ev.rule)); /* and without its end */
	assert_int_equal(run(), 1);
	assert_true(strlen(out[0].comment) <= NFT_COMMENT_MAX);
	assert_non_null(strstr(out[0].comment, "x reason=1"));
}

static void expect_flow_only(const char *why)
{
	assert_int_equal(run(), 0);
	assert_int_equal(oc.scope, SCOPE_FLOW);
	assert_int_equal(oc.reason, 0);
	assert_string_equal(oc.set, "");
	if (!strstr(oc.note, why))
		fail_msg("\"%s\" does not tell \"%s\"", oc.note, why);
	assert_int_equal(enforce_count(e), 0);
}

static void test_flow(void **state)
{
	(void)state;
	ev.scope = SCOPE_FLOW;
	expect_flow_only("");
	assert_string_equal(oc.note, "");
	ev.first_packet = 1;
	run();
	assert_string_equal(oc.set, "drop_flow");
	assert_int_equal(oc.timeout, 150);
	ev.action = ACTION_ALLOW;
	assert_int_equal(run(), 0);
	assert_string_equal(oc.set, "");
}

/* A source that nobody answered may be forged: no entry blames it, and none is made for all. */
static void test_reply_rule(void **state)
{
	(void)state;
	ev.facts.reply_seen = 0;
	expect_flow_only("no reply");
	ev.scope = SCOPE_ENDPOINT;
	expect_flow_only("no reply");
	ev.scope = SCOPE_ADDRESS;
	expect_flow_only("no reply");
	/* a pair blames the client, whatever the evidence */
	ev.by_client = 0;
	ev.scope = SCOPE_PAIR;
	expect_flow_only("no reply");
	/* the destination is evidence by itself, on the first packet too */
	ev.scope = SCOPE_ENDPOINT;
	ev.first_packet = 1;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].set, NFT_DROP_EP);
	assert_memory_equal(out[0].src, (uint8_t[16]){ 0 }, 16);
	ev.scope = SCOPE_ADDRESS;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].set, NFT_DROP_ADDR);
	assert_int_equal(out[0].dport, 0);
	assert_int_equal(out[0].proto, 0);
}

/* UDP shakes no hands: the MAC must vouch for the source too. */
static void test_udp(void **state)
{
	(void)state;
	ev.facts.proto = IPPROTO_UDP;
	expect_flow_only("MAC");
	ev.facts.mac[5] = 1;
	ev.facts.reply_seen = 0;
	expect_flow_only("no reply");
	ev.facts.reply_seen = 1;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].set, NFT_DROP_PAIR);
	/* destination evidence needs neither */
	fresh();
	ev.facts.proto = IPPROTO_UDP;
	ev.facts.reply_seen = 0;
	ev.by_client = 0;
	ev.scope = SCOPE_ENDPOINT;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].set, NFT_DROP_EP);
	/* neither does it have ports without TCP or UDP */
	ev.facts.proto = IPPROTO_GRE;
	ev.facts.dport = 99;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].dport, 0);
	assert_int_equal(out[0].proto, IPPROTO_GRE);
}

static void test_shared(void **state)
{
	(void)state;
	ev.shared = 1;
	expect_flow_only("several names");
	ev.by_client = 0;
	ev.by_name = 1;
	ev.scope = SCOPE_ENDPOINT;
	expect_flow_only("several names");
	ev.shared = 0;
	ev.allowed = 1;
	expect_flow_only("allowed name");
	/* who listed the address itself has said what he means */
	ev.shared = 1;
	ev.by_name = 0;
	assert_int_equal(run(), 1);
}

/* That an address serves several names may be learnt after one of them was blocked there. */
/* What a client says through another's service is not that service's fault. */
static void test_not_to_blame(void **state)
{
	(void)state;
	ev.by_client = 1;
	ev.facts.via = APP_HTTP;
	assert_int_equal(run(), 0);
	assert_int_equal(oc.scope, SCOPE_FLOW);
	assert_non_null(strstr(oc.note, "proxy"));
	ev.facts.via = APP_SMTP;
	ev.facts.dport++;
	assert_int_equal(run(), 1);
	ev.facts.via = 0;
	facts_know(&ev.facts, FACT_QUERY);
	ev.facts.dport++;
	assert_int_equal(run(), 0);
	assert_int_equal(oc.scope, SCOPE_FLOW);
	assert_non_null(strstr(oc.note, "resolver"));
	ev.by_client = ev.by_name = 0; /* the address itself is listed */
	assert_int_equal(run(), 1);
}

static void test_shared_later(void **state)
{
	(void)state;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_ADD);
	assert_int_equal(out[0].set, NFT_DROP_PAIR);
	ev.action = ACTION_ALLOW;
	ev.facts.src[15] ^= 1; /* another host, which is not blocked there */
	assert_int_equal(run(), 0);
	ev.shared = 1;
	ev.facts.dst[15] ^= 1; /* another address */
	assert_int_equal(run(), 0);
	ev.facts.dst[15] ^= 1;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_DEL);
	assert_int_equal(out[0].set, NFT_DROP_PAIR);
	assert_int_equal(enforce_count(e), 0);
	assert_int_equal(run(), 0);
}

static void test_protected(void **state)
{
	static const enum scope scopes[] = { SCOPE_PAIR, SCOPE_ENDPOINT, SCOPE_ADDRESS };
	struct enforce_counts c;

	(void)state;
	v4(ev.facts.dst, 0x0a000001);
	for (int i = 0; i < 6; i++) {
		ev.scope = (uint8_t)scopes[i / 2];
		ev.by_client = i & 1;
		expect_flow_only("protected");
	}
	enforce_counts(e, &c);
	assert_int_equal(c.narrowed, 6);
}

/* Merging: one transaction a second at most, never a shorter life, a new verdict at once. */
static void test_merge(void **state)
{
	(void)state;
	run();
	ev.now = 1999;
	assert_int_equal(run(), 0);
	assert_string_equal(oc.set, "drop_pair");
	assert_int_equal(oc.reason, 1);
	ev.now = 2000;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_REFRESH);
	assert_int_equal(out[0].timeout, 60000);
	assert_string_equal(out[0].comment, "rule=r reason=1");
	/* a longer time: at once */
	ev.now = 2001;
	ev.ttl = 3600;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_REFRESH);
	assert_int_equal(out[0].timeout, 3600000);
	/* a shorter one: never */
	ev.now = 9000;
	ev.ttl = 1;
	assert_int_equal(run(), 0);
	assert_int_equal(oc.timeout, 3594); /* rounded up: 3593.001 */
	/* another verdict: at once, with its own reason, and the time stays */
	ev.action = ACTION_REJECT;
	strcpy(ev.rule, "other");
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_ADD);
	assert_int_equal(out[0].reject, 1);
	assert_int_equal(out[0].timeout, 3593001);
	assert_string_equal(out[0].comment, "rule=other reason=2");
	assert_int_equal(enforce_count(e), 1);
}

static void test_expire(void **state)
{
	(void)state;
	run();
	enforce_expire(e, 60999);
	assert_int_equal(enforce_count(e), 1);
	enforce_expire(e, 61000);
	assert_int_equal(enforce_count(e), 0);
	/* one that ended but was not collected yet is no entry */
	run();
	ev.now = 61000;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_ADD);
	assert_int_equal(oc.reason, 3);
}

/* The oldest of the same source gives way, and nobody else's. */
static void test_quota(void **state)
{
	struct enforce_counts c;

	(void)state;
	enforce_quota(e, 3);
	v4(ev.facts.src, 0xc0a80163);
	run(); /* another host */
	v4(ev.facts.src, 0xc0a80102);
	for (uint16_t p = 1; p <= 3; p++) {
		ev.facts.dport = p;
		ev.now += 2000;
		assert_int_equal(run(), 1);
	}
	ev.facts.dport = 1; /* young again */
	ev.now += 2000;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_REFRESH);
	ev.facts.dport = 4;
	assert_int_equal(run(), 2);
	assert_int_equal(out[0].op, NFT_DEL);
	assert_int_equal(out[0].dport, 2);
	assert_int_equal(out[1].op, NFT_ADD);
	assert_int_equal(out[1].dport, 4);
	assert_int_equal(enforce_count(e), 4);
	enforce_counts(e, &c);
	assert_int_equal(c.evicted, 1);
	enforce_quota(e, 0);
	ev.facts.dport = 5;
	assert_int_equal(run(), 0);
	assert_non_null(strstr(oc.note, "quota"));
	assert_int_equal(oc.scope, SCOPE_FLOW);
	enforce_counts(e, &c);
	assert_int_equal(c.refused, 1);
}

/* A host has 2^64 addresses in its /64: they share one quota. */
static void test_quota_v6(void **state)
{
	(void)state;
	enforce_quota(e, 4);
	for (uint8_t i = 0; i < 20; i++) {
		memcpy(ev.facts.src, "\x20\x01\x0d\xb8\0\1\0\2\0\0\0\0\0\0\0\0", 16);
		ev.facts.src[8] = ev.facts.src[15] = i;
		run();
	}
	assert_int_equal(enforce_count(e), 4);
	ev.facts.src[7] = 3;
	assert_int_equal(run(), 1);
	assert_int_equal(enforce_count(e), 5);
}

static void hit(const char *rule, enum action a)
{
	struct event_hit *h = &ev.hits[ev.n_hits++];

	ev.kinds |= EVENT_HITS;
	*h = (struct event_hit){ .action = (uint8_t)a, .ttl = 90, .line = 8 };
	snprintf(h->rule, sizeof(h->rule), "%s", rule);
}

static void test_watch(void **state)
{
	(void)state;
	ev.kinds = 0;
	ev.action = ACTION_NONE;
	ev.facts.reply_seen = 0;
	hit("s", ACTION_SCORE);
	assert_int_equal(run(), 0);
	hit("m", ACTION_MONITOR);
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].set, NFT_WATCH);
	assert_int_equal(out[0].timeout, 90000);
	assert_string_equal(out[0].comment, "rule=m reason=1");
	assert_string_equal(oc.set, "watch");
	assert_int_equal(oc.reason, 1);
	/* the verdict that follows asks for the same */
	ev.kinds = EVENT_VERDICT;
	ev.n_hits = 0;
	ev.action = ACTION_MONITOR;
	assert_int_equal(run(), 0);
	assert_string_equal(oc.set, "watch");
	assert_int_equal(enforce_count(e), 1);
}

/* A block and a hit in one event: both, and the outcome tells of the block. */
static void test_block_and_watch(void **state)
{
	(void)state;
	hit("m", ACTION_MONITOR);
	assert_int_equal(run(), 2);
	assert_int_equal(out[0].set, NFT_DROP_PAIR);
	assert_int_equal(out[1].set, NFT_WATCH);
	assert_string_equal(oc.set, "drop_pair");
	ev.scope = SCOPE_FLOW;
	ev.facts.dport = 444;
	assert_int_equal(run(), 1);
	assert_int_equal(oc.scope, SCOPE_FLOW);
	assert_string_equal(oc.set, "");
}

/* Watches give way to blocks, never blocks to watches. */
static void test_watch_gives_way(void **state)
{
	(void)state;
	enforce_quota(e, 2);
	ev.facts.dport = 1;
	run();
	ev.action = ACTION_MONITOR;
	ev.facts.dport = 2;
	assert_int_equal(run(), 1);
	ev.action = ACTION_DROP;
	ev.facts.dport = 3;
	assert_int_equal(run(), 2);
	assert_int_equal(out[0].op, NFT_DEL);
	assert_int_equal(out[0].set, NFT_WATCH);
	ev.action = ACTION_MONITOR;
	ev.facts.dport = 4;
	assert_int_equal(run(), 0);
	assert_non_null(strstr(oc.note, "not watched"));
}

/* Bounds of the whole table, by hosts that forge their sources. */
static void test_full(void **state)
{
	(void)state;
	ev.action = ACTION_MONITOR;
	for (uint32_t i = 0; i < ENFORCE_ENTRIES; i++) {
		v4(ev.facts.src, 0xac100000 + i);
		v4(ev.facts.dst, 0xcb000000 + i);
		run();
	}
	assert_int_equal(enforce_count(e), ENFORCE_ENTRIES / 2);
	ev.action = ACTION_DROP;
	for (uint32_t i = 0; i < ENFORCE_ENTRIES; i++) {
		v4(ev.facts.src, 0xac100000 + i);
		v4(ev.facts.dst, 0xcb000000 + i);
		run();
	}
	/* each of the sources that watched gave its watch up for its block */
	assert_int_equal(enforce_count(e), ENFORCE_ENTRIES);
	v4(ev.facts.src, 0x01020304);
	assert_int_equal(run(), 0);
	assert_int_equal(oc.scope, SCOPE_FLOW);
	assert_non_null(strstr(oc.note, "full"));
	enforce_expire(e, UINT64_MAX);
	assert_int_equal(enforce_count(e), 0);
	assert_int_equal(run(), 1);
}

static struct enforce_entry last;
static size_t told;

static void take(void *ctx, const struct enforce_entry *en)
{
	(void)ctx;
	last = *en;
	told++;
}

static void look(void)
{
	told = 0;
	enforce_each(e, take, NULL);
}

static void test_each(void **state)
{
	(void)state;
	cb_sni(&ev.facts, "evil.example");
	ev.facts.alpn_len = 3;
	memcpy(ev.facts.alpn, "\x02h2", 3);
	run();
	look();
	assert_int_equal(told, 1);
	assert_int_equal(last.added, 1000);
	assert_int_equal(last.until, 61000);
	assert_int_equal(last.wall, ev.wall);
	assert_int_equal(last.action, ACTION_DROP);
	assert_int_equal(last.line, 5);
	assert_int_equal(last.hits, 1);
	assert_string_equal(last.rule, "r");
	assert_string_equal(last.list, "l");
	assert_memory_equal(&last.facts, &ev.facts, sizeof(ev.facts));
}

static void adopt(const char *comment, enum nft_set set)
{
	struct nft_elem el = {
		.set = (uint8_t)set, .proto = 6, .dport = 443, .timeout = 60000, .expires = 30000
	};

	memcpy(el.src, ev.facts.src, 16);
	memcpy(el.dst, ev.facts.dst, 16);
	snprintf(el.comment, sizeof(el.comment), "%s", comment);
	enforce_adopt(e, &el, 77, 1000);
}

static void test_adopt(void **state)
{
	(void)state;
	adopt("rule=old reason=41", NFT_DROP_PAIR);
	look();
	assert_int_equal(told, 1);
	assert_true(last.adopted);
	assert_string_equal(last.rule, "old");
	assert_int_equal(last.reason, 41);
	assert_int_equal(last.until, 31000);
	assert_int_equal(last.wall, 77);
	/* twice is once; the packet path's own set is not the clerk's */
	adopt("rule=old reason=41", NFT_DROP_PAIR);
	adopt("", NFT_DROP_FLOW);
	assert_int_equal(enforce_count(e), 1);
	/* asked for again, its facts become known; numbers go on behind the old ones */
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].op, NFT_ADD);
	look();
	assert_int_equal(told, 1);
	assert_false(last.adopted);
	assert_int_equal(last.reason, 42);
	assert_memory_equal(&last.facts, &ev.facts, sizeof(ev.facts));
}

/* An adopted entry that still has longer to live than is asked for keeps its time. */
static void test_adopt_longer(void **state)
{
	(void)state;
	adopt("rule=old reason=41", NFT_DROP_PAIR);
	ev.ttl = 5;
	assert_int_equal(run(), 1);
	assert_int_equal(out[0].timeout, 30000);
	assert_int_equal(oc.timeout, 30);
}

/* Whatever stands in a comment: no crash, no name that is not there. */
static void test_adopt_comments(void **state)
{
	static const char *const odd[] = {
		"",
		"rule=",
		"rule= reason=",
		"reason=7",
		"rule=x reason=99999999999999",
		"rule=0123456789012345678901234567890123456789012345678901234567890 reason=1",
		" reason=1rule=x",
		"rule=a reason=b"
	};
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		ev.facts.dst[15] = (uint8_t)i;
		adopt(odd[i], NFT_DROP_EP);
	}
	look();
	assert_int_equal(told, sizeof(odd) / sizeof(odd[0]));
	assert_string_equal(last.rule, "a");
	assert_int_equal(last.reason, 0);
	run();
	assert_int_equal(oc.reason, 1);
}

static struct cb b;
static size_t deleted;
static struct nft_elem gone;

static void del(void *ctx, const struct nft_elem *el)
{
	(void)ctx;
	gone = *el;
	deleted++;
}

static size_t rejudge(void)
{
	assert_non_null(cb_compile(&b));
	deleted = 0;
	enforce_rejudge(e, b.p, del, NULL);
	return deleted;
}

static void drop_rule(const char *name, enum scope block)
{
	struct config_rule *r = cb_rule(&b, name, ACTION_DROP);

	r->block = block;
	cb_cond(&b, &r->when, "domain", "evil.example", NULL);
}

static void test_rejudge(void **state)
{
	struct config_rule *r;

	(void)state;
	cb_init(&b);
	drop_rule("r", SCOPE_PAIR);
	cb_sni(&ev.facts, "evil.example");
	run();
	assert_int_equal(rejudge(), 0);
	/* an allow rule comes before it: the entry goes */
	cb_fini(&b);
	cb_init(&b);
	r = cb_rule(&b, "partner", ACTION_ALLOW);
	cb_cond(&b, &r->when, "domain", "evil.example", NULL);
	drop_rule("r", SCOPE_PAIR);
	assert_int_equal(rejudge(), 1);
	assert_int_equal(gone.op, NFT_DEL);
	assert_int_equal(gone.set, NFT_DROP_PAIR);
	assert_memory_equal(gone.dst, ev.facts.dst, 16);
	assert_int_equal(enforce_count(e), 0);
	/* the rule blocks the flow alone now */
	cb_fini(&b);
	cb_init(&b);
	drop_rule("r", SCOPE_FLOW);
	run();
	assert_int_equal(rejudge(), 1);
	/* the destination is protected now */
	cb_fini(&b);
	cb_init(&b);
	drop_rule("r", SCOPE_PAIR);
	run();
	protect_all = true;
	assert_int_equal(rejudge(), 1);
	cb_fini(&b);
}

static void test_rejudge_watch(void **state)
{
	struct config_rule *r;

	(void)state;
	cb_init(&b);
	r = cb_rule(&b, "m", ACTION_MONITOR);
	cb_cond(&b, &r->when, "port", "443", NULL);
	ev.kinds = 0;
	hit("m", ACTION_MONITOR);
	run();
	assert_int_equal(rejudge(), 0);
	cb_fini(&b);
	cb_init(&b);
	r = cb_rule(&b, "m", ACTION_MONITOR);
	cb_cond(&b, &r->when, "port", "444", NULL);
	assert_int_equal(rejudge(), 1);
	cb_fini(&b);
}

static void test_rejudge_adopted(void **state)
{
	struct config_rule *r;

	(void)state;
	cb_init(&b);
	drop_rule("old", SCOPE_PAIR);
	adopt("rule=old reason=4", NFT_DROP_PAIR);
	ev.facts.dst[15]++;
	adopt("rule=gone reason=5", NFT_DROP_PAIR);
	assert_int_equal(rejudge(), 1);
	assert_string_equal(gone.comment, "rule=gone reason=5");
	/* its key alone is enough for an allow rule */
	cb_fini(&b);
	cb_init(&b);
	r = cb_rule(&b, "ok", ACTION_ALLOW);
	cb_cond(&b, &r->when, "to", "203.0.113.9", NULL);
	drop_rule("old", SCOPE_PAIR);
	assert_int_equal(rejudge(), 1);
	assert_int_equal(enforce_count(e), 0);
	cb_fini(&b);
}

static void test_unblock(void **state)
{
	uint8_t dst[16], src[16], none[16];

	(void)state;
	memcpy(dst, ev.facts.dst, 16);
	memcpy(src, ev.facts.src, 16);
	v4(none, 0x01010101);
	run();
	ev.facts.dst[15]++;
	run();
	assert_int_equal(enforce_unblock(e, none, del, NULL), 0);
	deleted = 0;
	assert_int_equal(enforce_unblock(e, dst, del, NULL), 1);
	assert_int_equal(deleted, 1);
	assert_memory_equal(gone.dst, dst, 16);
	assert_int_equal(enforce_unblock(e, src, del, NULL), 1);
	run();
	assert_int_equal(enforce_unblock(e, NULL, NULL, NULL), 1);
	assert_int_equal(enforce_count(e), 0);
}

/* A long random life against a plain model: what the changes leave is what is said to stand. */
enum { MODEL = 512 };
static struct nft_elem model[MODEL];
static size_t n_model;

static void model_apply(const struct nft_elem *el)
{
	size_t i = 0;

	while (i < n_model &&
	       (model[i].set != el->set || model[i].dport != el->dport ||
		memcmp(model[i].src, el->src, 16) || memcmp(model[i].dst, el->dst, 16)))
		i++;
	if (el->op == NFT_DEL) {
		assert_true(i < n_model);
		model[i] = model[--n_model];
	} else if (i < n_model) {
		model[i] = *el;
	} else {
		assert_int_equal(el->op, NFT_ADD);
		assert_true(n_model < MODEL);
		model[n_model++] = *el;
	}
}

static void model_find(void *ctx, const struct enforce_entry *en)
{
	size_t i = 0;

	(void)ctx;
	told++;
	while (i < n_model &&
	       (model[i].set != en->elem.set || model[i].dport != en->elem.dport ||
		memcmp(model[i].src, en->elem.src, 16) || memcmp(model[i].dst, en->elem.dst, 16)))
		i++;
	assert_true(i < n_model);
	assert_int_equal(model[i].reject, en->elem.reject);
	assert_string_equal(model[i].comment, en->elem.comment);
}

static void test_model(void **state)
{
	(void)state;
	srand(1);
	n_model = 0;
	enforce_quota(e, 5);
	for (int round = 0; round < 20000; round++) {
		fresh();
		v4(ev.facts.src, 0xc0a80100 + (uint32_t)(rand() % 20));
		v4(ev.facts.dst, 0xcb007100 + (uint32_t)(rand() % 10));
		ev.facts.dport = (uint16_t)(1 + rand() % 3);
		ev.action = (uint8_t)(ACTION_MONITOR + rand() % 4);
		ev.scope = (uint8_t)(SCOPE_FLOW + rand() % 4);
		ev.ttl = 1000;
		ev.now = 1000 + (uint64_t)round * 10; /* nothing expires */
		run();
		assert_true(n <= ENFORCE_CHANGES);
		for (size_t i = 0; i < n; i++)
			model_apply(&out[i]);
		assert_int_equal(enforce_count(e), n_model);
	}
	told = 0;
	enforce_each(e, model_find, NULL);
	assert_int_equal(told, n_model);
	assert_true(n_model > 50);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_pair),
		T(test_comment_fits),
		T(test_flow),
		T(test_reply_rule),
		T(test_udp),
		T(test_shared),
		T(test_shared_later),
		T(test_not_to_blame),
		T(test_protected),
		T(test_merge),
		T(test_expire),
		T(test_quota),
		T(test_quota_v6),
		T(test_watch),
		T(test_block_and_watch),
		T(test_watch_gives_way),
		T(test_full),
		T(test_each),
		T(test_adopt),
		T(test_adopt_comments),
		T(test_adopt_longer),
		T(test_rejudge),
		T(test_rejudge_watch),
		T(test_rejudge_adopted),
		T(test_unblock),
		T(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
