/* SPDX-License-Identifier: GPL-2.0-or-later */
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

/* A rule that is TRUE, FALSE or NOT YET for cb_facts(). */
static struct config_rule *rule(enum action action, char value)
{
	char name[32];
	struct config_rule *r;

	snprintf(name, sizeof name, "r%zu", b.c.n_rules);
	r = cb_rule(&b, name, action);
	if (value == '?')
		cb_cond(&b, &r->when, "domain", "a.example", NULL);
	else
		cb_cond(&b, &r->when, "port", value == '+' ? "443" : "444", NULL);
	if (action == ACTION_SCORE)
		r->score = 30;
	return r;
}

/*
 * Rules by letters: a allow, d drop, r reject, m monitor, s score (30 each), each with
 * + TRUE, - FALSE, ? NOT YET. The scores needed are 50 to monitor and 80 to drop.
 */
static struct decision judged(const char *rules, bool default_drop)
{
	static const char letters[] = "armsd";
	static const enum action actions[] = { ACTION_ALLOW, ACTION_REJECT, ACTION_MONITOR,
					       ACTION_SCORE, ACTION_DROP };
	struct facts f = cb_facts();

	cb_fini(&b);
	cb_init(&b);
	b.c.default_drop = default_drop;
	for (; *rules; rules += 2)
		rule(actions[strchr(letters, rules[0]) - letters], rules[1]);
	assert_non_null(cb_compile(&b));
	return cb_judge(&b, &f);
}

static void test_order(void **state)
{
	static const struct {
		const char *rules;
		int default_drop;
		enum action action;
		unsigned int rule, monitors, scores;
	} cases[] = {
		{ "", false, ACTION_ALLOW, RULE_DEFAULT, 0, 0 },
		{ "", true, ACTION_DROP, RULE_DEFAULT, 0, 0 },
		{ "d+", false, ACTION_DROP, 0, 0, 0 },
		{ "d-r+", false, ACTION_REJECT, 1, 0, 0 },
		{ "d-r-", false, ACTION_ALLOW, RULE_DEFAULT, 0, 0 },
		{ "a+d+", false, ACTION_ALLOW, 0, 0, 0 },
		{ "a?d+", false, ACTION_NONE, RULE_NONE, 0, 0 },
		{ "d?d+", false, ACTION_NONE, RULE_NONE, 0, 0 },
		{ "d+a?", false, ACTION_DROP, 0, 0, 0 }, /* what comes after is not waited for */
		{ "d-a?", false, ACTION_NONE, RULE_NONE, 0, 0 },
		{ "a?", true, ACTION_NONE, RULE_NONE, 0, 0 },
		/* monitor does not end, whatever stands below it */
		{ "m+", false, ACTION_MONITOR, 0, 1, 0 },
		{ "m-m+m+", false, ACTION_MONITOR, 1, 2, 0 },
		{ "m+d+", false, ACTION_DROP, 1, 1, 0 },
		{ "m+d?", false, ACTION_NONE, RULE_NONE, 1, 0 },
		{ "m+a+", false, ACTION_ALLOW, 1, 1, 0 },
		{ "a+m+", false, ACTION_ALLOW, 0, 0, 0 },
		{ "d?m+", false, ACTION_NONE, RULE_NONE, 0, 0 }, /* may be shielded: no hit yet */
		{ "m?", false, ACTION_NONE, RULE_NONE, 0, 0 },
		{ "m?m+", false, ACTION_NONE, RULE_NONE, 1, 0 },
		{ "m?d+", false, ACTION_DROP, 1, 0, 0 }, /* a block does not wait */
		{ "m?r+", false, ACTION_REJECT, 1, 0, 0 },
		{ "m?a+", false, ACTION_NONE, RULE_NONE, 0, 0 }, /* an allow does */
		{ "a+m?", false, ACTION_ALLOW, 0, 0, 0 },
		{ "s?a+", false, ACTION_ALLOW, 1, 0, 0 },
		/* a flow that is only monitored falls under the default */
		{ "m+", true, ACTION_DROP, RULE_DEFAULT, 1, 0 },
		{ "m?", true, ACTION_DROP, RULE_DEFAULT, 0, 0 },
		{ "s?", true, ACTION_DROP, RULE_DEFAULT, 0, 0 },
		{ "s+s+", true, ACTION_DROP, RULE_DEFAULT, 0, 2 },
		/* scores: 30 each */
		{ "s+", false, ACTION_ALLOW, RULE_DEFAULT, 0, 1 },
		{ "s+s+", false, ACTION_MONITOR, RULE_SCORE, 0, 2 },
		{ "s+s+s+", false, ACTION_DROP, RULE_SCORE, 0, 3 },
		{ "s+s+s+", true, ACTION_DROP, RULE_SCORE, 0, 3 },
		{ "s+s+s-", false, ACTION_MONITOR, RULE_SCORE, 0, 2 },
		{ "s+s+s?", false, ACTION_NONE, RULE_NONE, 0, 2 },
		{ "s+s+s+s?", false, ACTION_DROP, RULE_SCORE, 0, 3 },
		{ "s+s+s+m?", false, ACTION_DROP, RULE_SCORE, 0, 3 },
		{ "s+s+m?", false, ACTION_NONE, RULE_NONE, 0, 2 },
		{ "s+s+m+", false, ACTION_MONITOR, RULE_SCORE, 1, 2 },
		{ "s+s+s+a?", false, ACTION_NONE, RULE_NONE, 0, 3 },
		{ "s+s+s+a+", false, ACTION_ALLOW, 3, 0, 3 },
		{ "a?s+s+s+", false, ACTION_NONE, RULE_NONE, 0, 0 },
		{ "s+s+s+d+", false, ACTION_DROP, 3, 0, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct decision d = judged(cases[i].rules, cases[i].default_drop);

		if (d.action != cases[i].action || d.rule != cases[i].rule ||
		    d.n_monitors != cases[i].monitors || d.n_scores != cases[i].scores ||
		    d.score != 30 * d.n_scores)
			fail_msg("%s: action %d rule %d, %d monitors, %d scores, score %d",
				 cases[i].rules, d.action, d.rule, d.n_monitors, d.n_scores,
				 d.score);
	}
}

static void test_hits_are_bounded(void **state)
{
	struct decision d = judged("m+m+m+m+m+m+m+m+m+m+m+", false);

	(void)state;
	assert_int_equal(d.action, ACTION_MONITOR);
	assert_int_equal(d.n_monitors, DECISION_HITS);
	assert_int_equal(d.lost, 3);
	assert_int_equal(d.monitors[7].rule, 7);
}

static void test_score_saturates(void **state)
{
	struct facts f = cb_facts();
	struct decision d;

	(void)state;
	for (int i = 0; i < 3; i++)
		rule(ACTION_SCORE, '+')->score = 40000;
	assert_non_null(cb_compile(&b));
	d = cb_judge(&b, &f);
	assert_int_equal(d.score, 65535);
	assert_int_equal(d.action, ACTION_DROP);
}

static void test_threshold_zero_is_off(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	b.c.score_monitor = b.c.score_drop = 0;
	rule(ACTION_SCORE, '+');
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).action, ACTION_ALLOW);
}

static void test_ttl_and_evidence(void **state)
{
	struct facts f = cb_facts();
	struct decision d;
	struct config_rule *r;

	(void)state;
	r = rule(ACTION_MONITOR, '+');
	r->ttl = 5;
	r = rule(ACTION_DROP, '?');
	cb_list(&b, "names", LIST_DOMAIN, "x.example", "b.example", NULL);
	cb_add(&b, &r->when.cond[0].value, "@names");
	r->ttl = 77;
	rule(ACTION_SCORE, '+')->score = 60;
	assert_non_null(cb_compile(&b));
	cb_sni(&f, "b.example");
	facts_settle(&f);
	d = cb_judge(&b, &f);
	assert_int_equal(d.action, ACTION_DROP);
	assert_int_equal(d.ttl, 77);
	assert_int_equal(d.ev.list, 0);
	assert_int_equal(d.ev.line, b.c.list[0].entries.line[1]);
	assert_int_equal(d.monitors[0].ev.list, DECISION_NO_LIST);
	assert_int_equal(d.monitors[0].ev.line, b.c.rule[0].when.cond[0].value.line[0]);
	cb_sni(&f, "other.example");
	d = cb_judge(&b, &f);
	assert_int_equal(d.action, ACTION_MONITOR);
	assert_int_equal(d.rule, RULE_SCORE);
	assert_int_equal(d.ttl, 600);
	assert_int_equal(d.ev.line, b.c.rule[2].when.cond[0].value.line[0]);
	f.dport = 80;
	d = cb_judge(&b, &f);
	assert_int_equal(d.rule, RULE_DEFAULT);
	assert_int_equal(d.ttl, 3600);
	assert_int_equal(d.ev.list, DECISION_NO_LIST);
	assert_int_equal(d.ev.line, 0);
}

static void test_direction(void **state)
{
	static const uint8_t bits[] = { DIR_OUT, DIR_IN, DIR_LOCAL, DIR_OUT | DIR_IN };
	struct facts f = cb_facts();

	(void)state;
	for (size_t i = 0; i < sizeof bits; i++) {
		cb_fini(&b);
		cb_init(&b);
		rule(ACTION_DROP, '+')->direction = bits[i];
		assert_non_null(cb_compile(&b));
		assert_int_equal(policy_inbound(b.p), (bits[i] & DIR_IN) != 0);
		for (unsigned int dir = DIR_OUT; dir <= DIR_LOCAL; dir <<= 1) {
			f.direction = (uint8_t)dir;
			assert_int_equal(cb_judge(&b, &f).action,
					 bits[i] & dir ? ACTION_DROP : ACTION_ALLOW);
		}
	}
	/* a rule for another direction is FALSE, not pending */
	cb_fini(&b);
	cb_init(&b);
	rule(ACTION_DROP, '?')->direction = DIR_IN;
	assert_non_null(cb_compile(&b));
	f.direction = DIR_OUT;
	assert_int_equal(cb_judge(&b, &f).action, ACTION_ALLOW);
}

/*
 * Soundness: random rules, random facts. A decision taken while facts are pending is compared
 * with the one after every way in which they may turn out, and both with a plain two-valued
 * reading of the rules.
 */
static uint32_t rnd(uint32_t n)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16) % n;
}

/* Each content fact has two values and absence; what a condition on it asks for is value 0. */
static const enum fact contents[] = { FACT_SNI, FACT_JA3, FACT_ALPN, FACT_ECH, FACT_APP };
enum { CONTENTS = sizeof contents / sizeof *contents, ABSENT = 2, PENDING = 3 };

struct world {
	int content[CONTENTS]; /* 0, 1, ABSENT, PENDING */
	bool port, from;
};

static struct facts facts_of(const struct world *w)
{
	static const char *const names[] = { "a.example", "b.example" };
	struct facts f = cb_facts();

	f.dport = w->port ? 443 : 444;
	f.src[15] = w->from ? 2 : 3;
	for (int i = 0; i < CONTENTS; i++) {
		int v = w->content[i];

		if (v == ABSENT)
			f.absent |= 1u << contents[i];
		if (v >= ABSENT)
			continue;
		facts_know(&f, contents[i]);
		if (contents[i] == FACT_SNI)
			cb_sni(&f, names[v]);
		f.ja3[0] = contents[i] == FACT_JA3 ? (uint8_t)v : f.ja3[0];
		f.ech = contents[i] == FACT_ECH ? !v : f.ech;
		if (contents[i] == FACT_APP)
			f.app = v ? APP_N : APP_TLS; /* APP_N: some app that no rule names */
		if (contents[i] == FACT_ALPN) {
			memcpy(f.alpn, v ? "\2h3" : "\2h2", 3);
			f.alpn_len = 3;
		}
	}
	f.absent |= 1u << FACT_JA4 | 1u << FACT_TLS_VERSION | 1u << FACT_HOST;
	return f;
}

/* 0 to CONTENTS - 1: a content; then port, from. */
struct term {
	int what;
	bool negated;
};

struct plain_rule {
	enum action action;
	uint16_t score;
	struct term term[3];
	size_t n;
	struct term group[2]; /* not { a; b } */
	size_t n_group;
};

struct plain {
	struct plain_rule rule[7];
	size_t n;
	bool default_drop;
};

static void random_rules(struct plain *p)
{
	static const enum action actions[] = { ACTION_ALLOW, ACTION_DROP, ACTION_REJECT,
					       ACTION_MONITOR, ACTION_MONITOR, ACTION_SCORE,
					       ACTION_SCORE };

	memset(p, 0, sizeof *p);
	p->n = rnd(7);
	p->default_drop = rnd(4) == 0;
	for (size_t i = 0; i < p->n; i++) {
		struct plain_rule *r = &p->rule[i];

		r->action = actions[rnd(7)];
		r->score = (uint16_t)(10 + rnd(60));
		r->n = rnd(8) ? 1 + rnd(2) : 0;
		for (size_t k = 0; k < r->n; k++)
			r->term[k] = (struct term){ (int)rnd(CONTENTS + 2), rnd(3) == 0 };
		r->n_group = rnd(5) ? 0 : 2;
		for (size_t k = 0; k < r->n_group; k++)
			r->group[k] = (struct term){ (int)rnd(CONTENTS + 2), rnd(3) == 0 };
	}
}

static void add_term(struct config_when *w, const struct term *t)
{
	static const struct {
		const char *key, *value;
	} terms[] = {
		{ "domain", "a.example" }, { "ja3", "00000000000000000000000000000000" },
		{ "alpn", "h2" }, { "ech", "true" }, { "app", "tls" }, { "port", "443" },
		{ "from", "192.168.1.2" },
	};

	if (t->negated)
		w = cb_not(&b, w);
	cb_cond(&b, w, terms[t->what].key, terms[t->what].value, NULL);
}

static void build(const struct plain *p)
{
	cb_init(&b);
	b.c.default_drop = p->default_drop;
	for (size_t i = 0; i < p->n; i++) {
		const struct plain_rule *from = &p->rule[i];
		char name[32];
		struct config_rule *r;

		snprintf(name, sizeof name, "r%zu", i);
		r = cb_rule(&b, name, from->action);
		r->score = from->score;
		r->ttl = (uint32_t)i + 1;
		for (size_t k = 0; k < from->n; k++)
			add_term(&r->when, &from->term[k]);
		if (from->n_group) {
			struct config_when *in = cb_not(&b, &r->when);

			for (size_t k = 0; k < from->n_group; k++)
				add_term(in, &from->group[k]);
		}
	}
	assert_non_null(cb_compile_in(&b, 1 << 16));
}

static bool term_holds(const struct world *w, const struct term *t)
{
	bool holds = t->what < CONTENTS ? w->content[t->what] == 0 :
		     t->what == CONTENTS ? w->port : w->from;

	return holds != t->negated;
}

static bool rule_holds(const struct world *w, const struct plain_rule *r)
{
	bool all = true;

	for (size_t k = 0; k < r->n; k++)
		if (!term_holds(w, &r->term[k]))
			return false;
	for (size_t k = 0; k < r->n_group; k++)
		all = all && term_holds(w, &r->group[k]);
	return !r->n_group || !all;
}

/* The meaning of the rules once everything is known. */
static enum action meaning(const struct plain *p, const struct world *w, uint16_t *rule_at,
			   uint32_t *monitors)
{
	unsigned int score = 0;
	uint16_t first = RULE_NONE;

	*monitors = 0;
	for (uint16_t i = 0; i < p->n; i++) {
		const struct plain_rule *r = &p->rule[i];

		if (!rule_holds(w, r))
			continue;
		*rule_at = i;
		if (r->action != ACTION_MONITOR && r->action != ACTION_SCORE)
			return r->action;
		if (r->action == ACTION_SCORE)
			score += r->score;
		else
			*monitors |= 1u << i;
		if (r->action == ACTION_MONITOR && first == RULE_NONE)
			first = i;
	}
	*rule_at = score >= 80 ? RULE_SCORE : RULE_DEFAULT;
	if (score >= 80 || p->default_drop)
		return ACTION_DROP;
	*rule_at = score >= 50 ? RULE_SCORE : first != RULE_NONE ? first : RULE_DEFAULT;
	return *rule_at == RULE_DEFAULT ? ACTION_ALLOW : ACTION_MONITOR;
}

static uint32_t monitors_of(const struct decision *d)
{
	uint32_t bits = 0;

	for (int i = 0; i < d->n_monitors; i++)
		bits |= 1u << d->monitors[i].rule;
	return bits;
}

static bool is_score_or_default(uint16_t r)
{
	return r == RULE_SCORE || r == RULE_DEFAULT;
}

/* `early` was decided; `late` is what one way of the pending facts gives. */
static void compare(const struct decision *early, const struct decision *late)
{
	bool passes = early->action == ACTION_ALLOW || early->action == ACTION_MONITOR;

	assert_int_equal(early->action, late->action);
	if (!passes && is_score_or_default(early->rule)) {
		assert_true(is_score_or_default(late->rule));
		assert_true(early->scope <= late->scope);
		return;
	}
	assert_int_equal(early->rule, late->rule);
	assert_int_equal(early->scope, late->scope);
	assert_int_equal(early->ttl, late->ttl);
	assert_int_equal(early->by_client, late->by_client);
	assert_int_equal(early->ev.list, late->ev.list);
	assert_int_equal(early->ev.line, late->ev.line);
	if (passes)
		assert_int_equal(monitors_of(early), monitors_of(late));
}

/* Hits that are told while undecided must stand in the end. */
static void completions(const struct plain *p, struct world *w, int from,
			const struct decision *early)
{
	struct facts f;
	struct decision d;
	uint32_t monitors;
	uint16_t rule_at = 0;
	enum action action;

	for (; from < CONTENTS; from++)
		if (w->content[from] == PENDING) {
			for (int v = 0; v <= ABSENT; v++) {
				w->content[from] = v;
				completions(p, w, from + 1, early);
			}
			w->content[from] = PENDING;
			return;
		}
	f = facts_of(w);
	d = cb_judge(&b, &f);
	action = meaning(p, w, &rule_at, &monitors);
	assert_int_equal(d.action, action);
	assert_int_equal(d.rule, rule_at);
	assert_int_equal(monitors_of(&d), monitors);
	if (early->action != ACTION_NONE)
		compare(early, &d);
	assert_int_equal(monitors_of(early) & ~monitors, 0);
	assert_true(early->score <= d.score);
}

static void test_early_is_sound(void **state)
{
	unsigned int early = 0, undecided = 0;

	(void)state;
	cb_fini(&b);
	for (int round = 0; round < 6000; round++) {
		struct plain p;

		random_rules(&p);
		build(&p);
		for (int k = 0; k < 8; k++) {
			struct world w = { .port = rnd(2), .from = rnd(2) };
			bool pending = false;
			struct facts f;
			struct decision d;

			for (int i = 0; i < CONTENTS; i++) {
				w.content[i] = (int)rnd(4);
				pending |= w.content[i] == PENDING;
			}
			f = facts_of(&w);
			d = cb_judge(&b, &f);
			early += pending && d.action != ACTION_NONE;
			undecided += d.action == ACTION_NONE;
			completions(&p, &w, 0, &d);
		}
		cb_fini(&b);
	}
	print_message("%u decided early, %u undecided\n", early, undecided);
	assert_true(early > 5000 && undecided > 5000); /* neither side is empty */
	cb_init(&b);
}

static struct decision scope_of(enum action action, enum scope block, const char *k1,
				const char *v1, const char *k2, const char *v2)
{
	struct facts f = cb_facts();
	struct config_rule *r;

	cb_fini(&b);
	cb_init(&b);
	r = cb_rule(&b, "r", action);
	r->direction = DIR_OUT | DIR_IN;
	r->block = block;
	r->score = 100;
	for (int i = 0; i < 2; i++) {
		const char *key = i ? k2 : k1, *value = i ? v2 : v1;
		struct config_when *w = &r->when;

		if (!key)
			continue;
		if (*key == '!') {
			w = cb_not(&b, w);
			key++;
		}
		cb_cond(&b, w, key, value, NULL);
	}
	assert_non_null(cb_compile(&b));
	cb_sni(&f, "a.example");
	facts_know(&f, FACT_APP);
	f.app = APP_TLS;
	return cb_judge(&b, &f);
}

static void test_scope(void **state)
{
	static const struct {
		const char *k1, *v1, *k2, *v2;
		enum scope scope;
		bool client, name;
	} cases[] = {
		{ NULL, NULL, NULL, NULL, SCOPE_FLOW, false, false },
		{ "port", "443", NULL, NULL, SCOPE_FLOW, false, false },
		{ "from", "192.168.1.2", "port", "443", SCOPE_FLOW, false, false },
		{ "to", "203.0.113.9", NULL, NULL, SCOPE_ENDPOINT, false, false },
		{ "to", "203.0.113.9", "port", "443", SCOPE_ENDPOINT, false, false },
		{ "endpoint", "203.0.113.9:443", NULL, NULL, SCOPE_ENDPOINT, false, false },
		{ "to", "203.0.113.9", "from", "192.168.1.2", SCOPE_PAIR, false, false },
		{ "to", "203.0.113.9", "!from", "192.168.1.3", SCOPE_PAIR, false, false },
		{ "domain", "a.example", NULL, NULL, SCOPE_PAIR, true, true },
		{ "domain", "a.example", "to", "203.0.113.9", SCOPE_PAIR, true, true },
		{ "app", "tls", "port", "443", SCOPE_PAIR, true, false },
		{ "!to", "203.0.113.8", NULL, NULL, SCOPE_FLOW, false, false },
		{ "!domain", "b.example", NULL, NULL, SCOPE_PAIR, true, true },
		{ "!domain", "b.example", "to", "203.0.113.9", SCOPE_PAIR, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct decision d = scope_of(ACTION_DROP, SCOPE_AUTO, cases[i].k1, cases[i].v1,
					     cases[i].k2, cases[i].v2);

		assert_int_equal(d.action, ACTION_DROP);
		if (d.scope != cases[i].scope || d.by_client != cases[i].client ||
		    d.by_name != cases[i].name)
			fail_msg("case %zu: scope %d client %d name %d", i, d.scope, d.by_client,
				 d.by_name);
		d = scope_of(ACTION_REJECT, SCOPE_ADDRESS, cases[i].k1, cases[i].v1, cases[i].k2,
			     cases[i].v2);
		assert_int_equal(d.scope, SCOPE_ADDRESS);
		d = scope_of(ACTION_SCORE, SCOPE_AUTO, cases[i].k1, cases[i].v1, cases[i].k2,
			     cases[i].v2);
		assert_int_equal(d.rule, RULE_SCORE);
		assert_int_equal(d.scope, cases[i].client ? SCOPE_PAIR : SCOPE_FLOW);
		assert_int_equal(d.by_name, cases[i].name);
	}
	assert_int_equal(scope_of(ACTION_MONITOR, SCOPE_AUTO, "port", "443", NULL, NULL).scope,
			 SCOPE_ENDPOINT);
}

static struct decision scope_of_message(enum action action, const char *key, const char *value)
{
	struct facts f = cb_facts();
	struct config_rule *r;

	cb_fini(&b);
	cb_init(&b);
	r = cb_rule(&b, "r", action);
	r->score = 100;
	cb_cond(&b, &r->when, "to", "203.0.113.9", NULL);
	cb_cond(&b, &r->when, key, value, NULL);
	assert_non_null(cb_compile(&b));
	facts_know(&f, FACT_QUERY);
	memcpy(f.query, "x.onion", 7);
	f.query_len = 7;
	facts_know(&f, FACT_QUERY_TYPE);
	f.query_type = 1;
	facts_settle(&f);
	return cb_judge(&b, &f);
}

/* A question blames nobody but itself: neither the resolver nor the way to it. */
static void test_scope_message(void **state)
{
	static const char *const conds[][2] = { { "query", "*.onion" }, { "query_type", "A" } };
	struct decision d;

	(void)state;
	for (int i = 0; i < 2; i++) {
		d = scope_of_message(ACTION_DROP, conds[i][0], conds[i][1]);
		assert_int_equal(d.action, ACTION_DROP);
		assert_int_equal(d.scope, SCOPE_FLOW);
		assert_true(d.by_client && d.by_name);
		d = scope_of_message(ACTION_SCORE, conds[i][0], conds[i][1]);
		assert_int_equal(d.rule, RULE_SCORE);
		assert_int_equal(d.scope, SCOPE_FLOW);
		d = scope_of_message(ACTION_MONITOR, conds[i][0], conds[i][1]);
		assert_int_equal(d.action, ACTION_MONITOR);
		assert_int_equal(d.scope, SCOPE_FLOW);
	}
}

/* Weak evidence about what was not seen blames the flow; what the client says, the pair. */
static void test_scope_of_kinds(void **state)
{
	static const struct {
		const char *key;
		bool client, name;
	} kinds[] = {
		{ "sni", true, true },	       { "sni_like", true, true },   { "host", true, true },
		{ "service", true, true },     { "method", true, true },     { "path", true, true },
		{ "user_agent", true, true },  { "header", true, true },     { "hassh", true, true },
		{ "ssh_software", true, true }, { "quic_version", true, true }, { "dns_name", true, true },
		{ "ech", true, true },	       { "conforms", true, false },  { "entropy", true, false },
		{ "icmp_size", true, false },  { "anomaly", true, false },   { "resolved", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		unsigned int kind = match_table[match_find(kinds[i].key)].kind;

		if (!(kind & MATCH_CLIENT) != !kinds[i].client || !(kind & MATCH_NAME) != !kinds[i].name ||
		    kind & (MATCH_DEST | MATCH_SOURCE | MATCH_MESSAGE))
			fail_msg("%s", kinds[i].key);
	}
}

/* For a flow from outside the destination is ours: no set that names it alone. */
static void test_scope_inbound(void **state)
{
	struct facts f = cb_facts();
	struct decision d;

	(void)state;
	for (enum scope s = SCOPE_AUTO; s < SCOPE_N; s++) {
		scope_of(ACTION_DROP, s, "to", "203.0.113.9", NULL, NULL);
		f.direction = DIR_IN;
		d = cb_judge(&b, &f);
		assert_int_equal(d.action, ACTION_DROP);
		assert_int_equal(d.scope, s == SCOPE_FLOW ? SCOPE_FLOW : SCOPE_PAIR);
	}
}

/* A host that a rule above allows must not lose the endpoint by another host's block. */
static void test_scope_excepted(void **state)
{
	struct facts f = cb_facts();
	struct config_rule *r;

	(void)state;
	r = cb_rule(&b, "admin", ACTION_ALLOW);
	cb_cond(&b, &r->when, "from", "192.168.1.99", NULL);
	r = cb_rule(&b, "relay", ACTION_DROP);
	cb_cond(&b, &r->when, "to", "203.0.113.9", NULL);
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).scope, SCOPE_PAIR);
	b.c.rule[0].direction = DIR_IN; /* not about this flow's direction */
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).scope, SCOPE_ENDPOINT);
	b.c.rule[0].direction = DIR_OUT;
	b.c.rule[1].block = SCOPE_ENDPOINT; /* said outright */
	assert_non_null(cb_compile(&b));
	assert_int_equal(cb_judge(&b, &f).scope, SCOPE_ENDPOINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hits_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_score_saturates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threshold_zero_is_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ttl_and_evidence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_direction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_early_is_sound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scope, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scope_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scope_of_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scope_inbound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scope_excepted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
