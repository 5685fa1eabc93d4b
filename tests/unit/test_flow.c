/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow/siphash.h"

enum { FLOWS = 64, PROBES = 8, CAP = 16 };

static const struct flow_conf conf = {
	.flows = FLOWS, .probes = PROBES, .per_source = CAP,
	.undecided_ms = 600000, .decided_ms = 30000, .key = { 1, 2, 3 },
};

static struct packet packet(uint32_t source, uint16_t sport)
{
	struct packet p = { .version = 4, .proto = 6, .ttl = 64, .sport = sport, .dport = 443,
			    .flags = PACKET_SYN, .seq = 1000u + sport, .ip_len = 60 };

	p.src[10] = p.src[11] = p.dst[10] = p.dst[11] = 0xff;
	p.src[12] = 10;
	p.src[13] = (uint8_t)(source >> 16);
	p.src[14] = (uint8_t)(source >> 8);
	p.src[15] = (uint8_t)source;
	p.dst[12] = 192;
	return p;
}

static struct flow *get(struct flow_table *t, uint32_t source, uint16_t sport, uint64_t now)
{
	struct packet p = packet(source, sport);
	enum flow_why why;

	return flow_get(t, &why, &p, now * 1000, now);
}

static bool there(struct flow_table *t, uint32_t source, uint16_t sport)
{
	struct packet p = packet(source, sport);

	return flow_find(t, &p) != NULL;
}

/* Vectors of the authors' reference code: key 00..0f, input 00..n-1. */
static void siphash_vectors(void **state)
{
	static const uint64_t want[] = { 0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
					 0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
					 0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462 };
	uint8_t key[16], in[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = in[i] = i;
	for (size_t n = 0; n < sizeof want / sizeof want[0]; n++)
		assert_true(siphash(key, (struct slice){ in, n }) == want[n]);
	assert_true(siphash(key, (struct slice){ in, 15 }) == 0xa129ca6149be45e5);
}

static void one_flow(void **state)
{
	struct flow_table *t = flow_table_new(&conf);
	struct flow *f = get(t, 1, 5, 100), *g;
	uint64_t id = f->id;

	(void)state;
	assert_non_null(f);
	assert_int_equal(f->flags, FLOW_SYN | FLOW_FRESH);
	assert_int_equal(f->isn, 1005);
	assert_int_equal(f->ttl, 64);
	assert_int_equal(f->packets, 1);
	assert_int_equal(f->bytes, 60);
	assert_int_not_equal(f->id, 0);
	g = get(t, 1, 5, 101);
	assert_ptr_equal(f, g);
	assert_int_equal(f->flags, FLOW_SYN);
	assert_int_equal(f->packets, 2);
	assert_true(f->id == id);
	assert_int_equal(flow_count(t), 1);
	g = get(t, 1, 6, 101);
	assert_ptr_not_equal(f, g);
	assert_true(g->id != id);
	assert_int_equal(flow_count(t), 2);
	flow_table_free(t);
}

/* Every field of the key tells flows apart, and a SYN with ACK begins nothing. */
static void keys(void **state)
{
	struct flow_table *t = flow_table_new(&conf);
	struct packet p[7];
	enum flow_why why;

	(void)state;
	for (size_t i = 0; i < 7; i++)
		p[i] = packet(1, 5);
	p[1].src[15]++;
	p[2].dst[0]++;
	p[3].sport++;
	p[4].dport++;
	p[5].proto = 17;
	p[6].dst[15]++;
	p[6].flags = PACKET_SYN | PACKET_ACK;
	for (size_t i = 0; i < 7; i++)
		assert_non_null(flow_get(t, &why, &p[i], 0, 0));
	assert_int_equal(flow_count(t), 7);
	assert_int_equal(flow_find(t, &p[5])->flags, FLOW_FRESH);
	assert_int_equal(flow_find(t, &p[6])->flags, FLOW_FRESH);
	flow_table_free(t);
}

static void decided_go_first(void **state)
{
	struct flow_table *t = flow_table_new(&conf);

	(void)state;
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_non_null(get(t, i, 1, i));
	flow_decide(t, get(t, 20, 1, 100), 1);
	flow_decide(t, get(t, 30, 1, 101), 1);
	assert_non_null(get(t, 1000, 1, 102));
	assert_false(there(t, 20, 1));
	assert_true(there(t, 30, 1));
	assert_non_null(get(t, 1001, 1, 103));
	assert_false(there(t, 30, 1));
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_true(i == 20 || i == 30 || there(t, i, 1));
	assert_int_equal(flow_count(t), FLOWS);
	flow_table_free(t);
}

/* One source, however loud, costs others nothing: not below its cap and not with a full table. */
static void flood(void **state)
{
	struct flow_table *t = flow_table_new(&conf);
	struct packet p;
	enum flow_why why;

	(void)state;
	for (uint32_t i = 0; i < FLOWS - CAP; i++)
		assert_non_null(get(t, 100 + i, 1, 1));
	for (uint32_t i = 0; i < 10000; i++) {
		p = packet(7, (uint16_t)(1 + i));
		assert_non_null(flow_get(t, &why, &p, 2, 2 + i));
		assert_int_equal(why, i < CAP ? FLOW_OK : FLOW_SOURCE_CAP);
	}
	assert_int_equal(flow_count(t), FLOWS);
	assert_false(there(t, 7, 10000 - CAP));
	assert_true(there(t, 7, 10000 - CAP + 1));
	for (uint32_t i = 0; i < FLOWS - CAP; i++)
		assert_true(there(t, 100 + i, 1));
	/* a new source finds no room: nothing of its own can give way */
	p = packet(8, 1);
	assert_null(flow_get(t, &why, &p, 3, 20000));
	assert_int_equal(why, FLOW_TABLE_FULL);
	/* but one that is there trades its own */
	assert_non_null(get(t, 100, 2, 20001));
	assert_false(there(t, 100, 1));
	flow_table_free(t);
}

static void cap_counts_undecided(void **state)
{
	struct flow_table *t = flow_table_new(&conf);

	(void)state;
	for (uint16_t i = 0; i < CAP + 4; i++)
		flow_decide(t, get(t, 7, (uint16_t)(1 + i), i), 1);
	assert_int_equal(flow_count(t), CAP + 4);
	flow_per_source(t, 2);
	get(t, 7, 1001, 50);
	get(t, 7, 1002, 51);
	get(t, 7, 1003, 52);
	assert_false(there(t, 7, 1001));
	assert_true(there(t, 7, 1002));
	assert_true(there(t, 7, 1));
	flow_table_free(t);
}

static void ports_again(void **state)
{
	struct flow_table *t = flow_table_new(&conf);
	struct packet p = packet(1, 1);
	enum flow_why why;
	struct flow *f = flow_get(t, &why, &p, 0, 0);
	uint64_t id = f->id;

	(void)state;
	flow_decide(t, f, 4);
	f = flow_get(t, &why, &p, 0, 1); /* the same SYN again */
	assert_true(f->id == id);
	assert_int_equal(f->action, 4);
	p.seq++;
	p.flags = PACKET_ACK;
	assert_true(flow_get(t, &why, &p, 0, 1)->id == id);
	p.flags = PACKET_SYN;
	f = flow_get(t, &why, &p, 0, 1);
	assert_true(f->id != id);
	assert_int_equal(f->action, 0);
	assert_int_equal(f->isn, p.seq);
	p.seq++; /* undecided: it stays one flow */
	assert_ptr_equal(flow_get(t, &why, &p, 0, 1), f);
	assert_int_equal(f->isn, p.seq - 1);
	assert_int_equal(flow_count(t), 1);
	flow_table_free(t);
}

static void probes(void **state)
{
	struct flow_table *t = flow_table_new(&conf);
	enum flow_why why;
	struct flow *f;

	(void)state;
	for (uint32_t i = 0; i < PROBES; i++) {
		f = get(t, i, 1, i);
		f->isn = 77;
		struct probe *pr = flow_probe(t, &why, f);
		assert_non_null(pr);
		assert_int_equal(why, FLOW_OK);
		assert_int_equal(pr->stream.isn, 77);
		assert_ptr_equal(flow_probe(t, &why, f), pr);
	}
	/* none left: another source's is not taken */
	assert_null(flow_probe(t, &why, get(t, 50, 1, 20)));
	assert_int_equal(why, FLOW_TABLE_FULL);
	/* the oldest of one's own is, and that flow is gone */
	assert_non_null(flow_probe(t, &why, get(t, 3, 2, 21)));
	assert_int_equal(why, FLOW_SOURCE_CAP);
	assert_false(there(t, 3, 1));
	/* a decided flow gives its probe back */
	flow_decide(t, get(t, 5, 1, 22), 1);
	assert_null(get(t, 5, 1, 22)->probe);
	f = get(t, 50, 1, 23);
	assert_non_null(flow_probe(t, &why, f));
	assert_int_equal(f->probe->facts.known, 0);
	assert_int_equal(f->probe->tried, 0);
	flow_table_free(t);
}

static void overdue(void **state)
{
	struct flow_table *t = flow_table_new(&conf);
	struct flow *a = get(t, 1, 1, 0), *b = get(t, 2, 1, 0), *c = get(t, 3, 1, 0);

	(void)state;
	assert_null(flow_overdue(t, UINT64_MAX));
	flow_arm(t, b, 100);
	flow_arm(t, a, 200);
	flow_arm(t, b, 900); /* once begun it stays */
	get(t, 2, 1, 50);    /* nor does a packet move it */
	assert_null(flow_overdue(t, 99));
	assert_ptr_equal(flow_overdue(t, 100), b);
	assert_ptr_equal(flow_overdue(t, 300), b);
	flow_decide(t, b, 1);
	assert_null(flow_overdue(t, 199));
	assert_ptr_equal(flow_overdue(t, 300), a);
	flow_decide(t, a, 1);
	assert_null(flow_overdue(t, UINT64_MAX));
	flow_arm(t, a, 1); /* decided: no effect */
	assert_null(flow_overdue(t, UINT64_MAX));
	(void)c;
	flow_table_free(t);
}

static void expire(void **state)
{
	struct flow_table *t = flow_table_new(&conf);

	(void)state;
	get(t, 1, 1, 0);
	get(t, 2, 1, 0);
	flow_decide(t, get(t, 3, 1, 0), 1);
	flow_decide(t, get(t, 4, 1, 0), 1);
	get(t, 4, 1, 20000);
	get(t, 2, 1, 20000);
	flow_expire(t, 29999);
	assert_int_equal(flow_count(t), 4);
	flow_expire(t, 30000);
	assert_false(there(t, 3, 1));
	assert_true(there(t, 4, 1));
	flow_expire(t, 599999);
	assert_false(there(t, 4, 1));
	assert_int_equal(flow_count(t), 2);
	flow_expire(t, 600000);
	assert_false(there(t, 1, 1));
	assert_true(there(t, 2, 1));
	flow_expire(t, 620000);
	assert_int_equal(flow_count(t), 0);
	flow_table_free(t);
}

/* Random use against a plain model: who is there, who is decided. */
static void churn(void **state)
{
	enum { SOURCES = 24, PORTS = 8, ROUNDS = 200000 };
	struct flow_conf c = conf;
	struct flow_table *t;
	enum flow_why why;
	uint32_t x = 12345, live = 0;

	(void)state;
	c.per_source = 5;
	t = flow_table_new(&c);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		x = x * 1664525 + 1013904223;
		struct packet p = packet(x >> 8 & (SOURCES - 1), (uint16_t)(x >> 20 & (PORTS - 1)));
		struct flow *f;
		bool had = flow_find(t, &p) != NULL;

		live = flow_count(t);
		f = flow_get(t, &why, &p, i, i);
		if (f && (x >> 28) < 4 && !f->action)
			flow_probe(t, &why, f);
		if (f && (x >> 28) == 5 && !f->action)
			flow_arm(t, f, i + 50);
		if (f && (x >> 28) > 12 && !f->action)
			flow_decide(t, f, 1);
		if (f && had)
			assert_true(flow_count(t) <= live);
		assert_true(flow_count(t) <= FLOWS);
		while (i % 64 == 0 && (f = flow_overdue(t, i)))
			flow_decide(t, f, 1);
		if (i % 100 == 0)
			flow_expire(t, i);
	}
	flow_expire(t, UINT64_MAX / 2);
	flow_expire(t, UINT64_MAX / 2);
	while (flow_overdue(t, UINT64_MAX))
		flow_decide(t, flow_overdue(t, UINT64_MAX), 1);
	flow_expire(t, UINT64_MAX / 2);
	assert_int_equal(flow_count(t), 0);
	flow_table_free(t);
}

/* At rest: no probe, no time that runs; begun again both are there anew. */
static void rest(void **state)
{
	struct flow_table *t = flow_table_new(&conf);
	struct flow *f;
	enum flow_why why;

	(void)state;
	for (uint16_t i = 0; i < PROBES + 2; i++) {
		f = get(t, 1, (uint16_t)(100 + i), 1000);
		assert_non_null(flow_probe(t, &why, f));
		assert_int_equal(why, FLOW_OK);
		flow_arm(t, f, 2000);
		flow_rest(t, f);
		assert_null(f->probe);
		assert_int_equal(flow_probes(t), 0);
	}
	assert_null(flow_overdue(t, 5000));
	f = get(t, 1, 100, 3000);
	flow_arm(t, f, 4000);
	assert_ptr_equal(flow_overdue(t, 4000), f);
	flow_decide(t, f, 1);
	flow_rest(t, f); /* a decided one is at rest */
	assert_int_equal(f->action, 1);
	assert_null(flow_overdue(t, 5000));
	flow_expire(t, 999 + conf.undecided_ms);
	assert_true(there(t, 1, 101));
	flow_expire(t, 1000 + conf.undecided_ms);
	assert_false(there(t, 1, 101));
	flow_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors), cmocka_unit_test(one_flow),
		cmocka_unit_test(keys),		   cmocka_unit_test(decided_go_first),
		cmocka_unit_test(flood),	   cmocka_unit_test(cap_counts_undecided),
		cmocka_unit_test(ports_again),	   cmocka_unit_test(probes),
		cmocka_unit_test(overdue),	   cmocka_unit_test(expire),
		cmocka_unit_test(churn),	   cmocka_unit_test(rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
