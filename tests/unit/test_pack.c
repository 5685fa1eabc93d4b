/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/pack.h"

static struct event ev, back;
static uint8_t buf[PACK_EVENT_MAX];

static void text(char *to, uint8_t *len, size_t n, char c)
{
	memset(to, c, n);
	*len = (uint8_t)n;
}

static int setup(void **state)
{
	struct facts *f = &ev.facts;

	(void)state;
	memset(&ev, 0, sizeof(ev));
	memset(&back, 0x5a, sizeof(back));
	ev.flow_id = 77;
	ev.kinds = EVENT_READ | EVENT_VERDICT;
	ev.action = ACTION_DROP;
	strcpy(ev.rule, "some-rule");
	ev.n_hits = 2;
	strcpy(ev.hits[1].rule, "second");
	ev.hits[1].score = 9;
	f->known = 1u << FACT_SNI;
	f->app = APP_TLS;
	text(f->sni, &f->sni_len, 12, 's');
	text(f->host, &f->host_len, 255, 'h');
	text(f->method, &f->method_len, FACTS_METHOD_MAX, 'm');
	text(f->dns_name, &f->dns_name_len, 1, 'd');
	strcpy(f->ja4, "t13d1516h2_8daaf6152771_b0da82dd1658");
	dissect_text_init(&ev.text);
	ev.text.ja3_len = 20;
	memcpy(ev.text.ja3, "771,4865-4866,0-23,,", 20);
	dissect_put(&ev.text, TEXT_URL, (struct slice){ (const uint8_t *)"/index", 6 });
	dissect_put(&ev.text, TEXT_COOKIE, (struct slice){ (const uint8_t *)"user", 4 });
	return 0;
}

static void same_part(enum text_part p)
{
	assert_int_equal(back.text.part[p].n, ev.text.part[p].n);
	assert_memory_equal(back.text.parts + back.text.part[p].at,
			    ev.text.parts + ev.text.part[p].at, ev.text.part[p].n);
}

static void round_trip(void **state)
{
	size_t n = pack_event(buf, &ev);

	(void)state;
	assert_true(n < 1400); /* only what is there */
	assert_true(unpack_event(&back, buf, n));
	assert_memory_equal(&back, &ev, offsetof(struct event, text));
	assert_int_equal(back.text.ja3_len, 20);
	assert_memory_equal(back.text.ja3, ev.text.ja3, 20);
	for (int i = 0; i < TEXT_N; i++)
		same_part((enum text_part)i);
}

/* Everything as long as it can be: texts for the log give way, facts do not. */
static void largest(void **state)
{
	static uint8_t big[DISSECT_PARTS_MAX];
	struct facts *f = &ev.facts;
	size_t n;

	(void)state;
	memset(big, 'b', sizeof(big));
	ev.n_hits = DECISION_HITS;
	text(f->sni, &f->sni_len, 255, 's');
	text(f->path, &f->path_len, 255, 'p');
	text(f->user_agent, &f->user_agent_len, 255, 'u');
	text(f->headers, &f->headers_len, 255, 'e');
	text(f->software, &f->software_len, FACTS_SOFTWARE_MAX, 'w');
	text(f->query, &f->query_len, 255, 'q');
	text(f->dns_name, &f->dns_name_len, 255, 'd');
	f->alpn_len = 255;
	dissect_text_init(&ev.text);
	dissect_put(&ev.text, TEXT_URL, (struct slice){ big, 4000 });
	dissect_put(&ev.text, TEXT_HOST, (struct slice){ big, 10 });
	ev.text.ja3_len = sizeof(ev.text.ja3);
	n = pack_event(buf, &ev);
	assert_true(n <= PACK_EVENT_MAX);
	assert_true(unpack_event(&back, buf, n));
	assert_memory_equal(&back.facts, &ev.facts, sizeof(ev.facts));
	assert_int_equal(back.text.part[TEXT_URL].n, 0);
	assert_int_equal(back.text.part[TEXT_HOST].n, 10);
	assert_int_equal(back.text.ja3_len, 0);
}

/* Cut anywhere, or longer than it says: refused, and read from a block of its own size. */
static void cut(void **state)
{
	size_t n = pack_event(buf, &ev);

	(void)state;
	for (size_t i = 0; i <= n + 1; i++) {
		uint8_t *copy = calloc(1, i ? i : 1);
		bool whole = i == n;

		assert_non_null(copy);
		memcpy(copy, buf, i < n ? i : n);
		if (i == n + 1)
			copy[n] = 1;
		/* a cut between two texts for the log leaves a whole event with fewer of them */
		if (unpack_event(&back, copy, i) != whole)
			assert_memory_equal(&back.facts, &ev.facts, sizeof(ev.facts));
		free(copy);
	}
}

static void refused(void (*spoil)(void))
{
	setup(NULL);
	spoil();
	assert_false(unpack_event(&back, buf, pack_event(buf, &ev)));
}

static void spoil_app(void) { ev.facts.app = APP_N; }
static void spoil_via(void) { ev.facts.via = 255; }
static void spoil_state(void) { ev.facts.absent = ev.facts.known; }
static void spoil_ja4(void) { memset(ev.facts.ja4, 'x', sizeof(ev.facts.ja4)); }
static void spoil_action(void) { ev.action = ACTION_N; }
static void spoil_scope(void) { ev.scope = SCOPE_N; }
static void spoil_rule(void) { memset(ev.rule, 'x', sizeof(ev.rule)); }
static void spoil_list(void) { memset(ev.list, 'x', sizeof(ev.list)); }
static void spoil_attack(void) { memset(ev.attack, 'x', sizeof(ev.attack)); }
static void spoil_hit(void) { memset(ev.hits[1].list, 'x', sizeof(ev.hits[1].list)); }
static void spoil_hit_action(void) { ev.hits[0].action = ACTION_N; }

static void hostile(void **state)
{
	static void (*const spoils[])(void) = {
		spoil_app,  spoil_via,	spoil_state,  spoil_ja4, spoil_action,	 spoil_scope,
		spoil_rule, spoil_list, spoil_attack, spoil_hit, spoil_hit_action,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++)
		refused(spoils[i]);
}

/* Lengths that its field cannot hold come from the wire alone. */
static void lengths(void **state)
{
	size_t n = pack_event(buf, &ev), hits = ev.n_hits * sizeof(ev.hits[0]);
	size_t facts = offsetof(struct event, hits) + hits;

	(void)state;
	buf[facts + offsetof(struct facts, method_len)] = FACTS_METHOD_MAX + 1;
	assert_false(unpack_event(&back, buf, n));
	n = pack_event(buf, &ev);
	buf[facts + offsetof(struct facts, software_len)] = FACTS_SOFTWARE_MAX + 1;
	assert_false(unpack_event(&back, buf, n));
	n = pack_event(buf, &ev);
	buf[offsetof(struct event, n_hits)] = DECISION_HITS + 1;
	assert_false(unpack_event(&back, buf, n));
}

static void facts_alone(void **state)
{
	uint8_t to[sizeof(struct facts)];
	size_t n = pack_facts(to, &ev.facts);
	struct facts f;

	(void)state;
	assert_int_equal(n, pack_facts_size(&ev.facts));
	assert_int_equal(unpack_facts(&f, to, n), n);
	assert_memory_equal(&f, &ev.facts, sizeof(f));
	assert_int_equal(unpack_facts(&f, to, n - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(round_trip, setup), cmocka_unit_test_setup(largest, setup),
		cmocka_unit_test_setup(cut, setup),	   cmocka_unit_test_setup(hostile, setup),
		cmocka_unit_test_setup(lengths, setup),	   cmocka_unit_test_setup(facts_alone, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
