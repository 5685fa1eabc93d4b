/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/image.h"

#include <string.h>

/* What walking the rules found. */
struct walk {
	const struct policy *p;
	const struct facts *f;
	const struct rule *ending; /* the first ending rule that is TRUE, and its evidence */
	struct evidence ev;
	bool end_pending;	   /* an ending rule before it is NOT YET */
	bool monitor_pending, score_pending;
	unsigned int score_kind; /* of the TRUE score rules */
};

static void hit(struct decision *d, struct hit *hits, uint8_t *n, uint16_t rule, struct evidence ev)
{
	if (*n < DECISION_HITS)
		hits[(*n)++] = (struct hit){ rule, ev };
	else if (d->lost < UINT8_MAX)
		d->lost++;
}

static void count(struct decision *d, struct walk *w, uint16_t i, struct evidence ev)
{
	const struct rule *r = &w->p->rule[i];
	unsigned int sum = (unsigned int)d->score + r->score;

	if (w->end_pending) /* it may turn out that the search never comes here */
		return;
	if (r->action == ACTION_MONITOR) {
		hit(d, d->monitors, &d->n_monitors, i, ev);
		return;
	}
	hit(d, d->scores, &d->n_scores, i, ev);
	d->score = (uint16_t)(sum < UINT16_MAX ? sum : UINT16_MAX);
	w->score_kind |= r->when.kind;
}

static void walk(struct decision *d, struct walk *w)
{
	for (uint16_t i = 0; i < w->p->n_rules; i++) {
		const struct rule *r = &w->p->rule[i];
		bool monitor = r->action == ACTION_MONITOR, score = r->action == ACTION_SCORE;
		struct evidence ev = { DECISION_NO_LIST, 0 };
		enum tri t = rule_test(r, w->f, &ev);

		if (t == TRI_FALSE)
			continue;
		if (t == TRI_NOT_YET) {
			w->monitor_pending |= monitor;
			w->score_pending |= score;
			w->end_pending |= !monitor && !score;
		} else if (monitor || score) {
			count(d, w, i, ev);
		} else {
			w->ending = r;
			w->ev = ev;
			return;
		}
	}
}

/* Sets wider than a pair name the destination, and for a flow from outside that is us. */
static uint8_t narrowed(const struct facts *f, uint8_t scope)
{
	return f->direction == DIR_IN && scope > SCOPE_PAIR ? SCOPE_PAIR : scope;
}

static void decide(struct decision *d, const struct walk *w, uint16_t rule, enum action action)
{
	const struct rule *r = rule < w->p->n_rules ? &w->p->rule[rule] : NULL;
	unsigned int kind = r ? r->when.kind : rule == RULE_SCORE ? w->score_kind : 0;

	d->action = (uint8_t)action;
	d->rule = rule;
	d->ttl = policy_rule_ttl(w->p, rule);
	d->by_client = kind & MATCH_CLIENT;
	d->by_name = kind & MATCH_NAME;
	if (kind & MATCH_MESSAGE)
		d->scope = SCOPE_FLOW;
	else if (action == ACTION_MONITOR)
		d->scope = SCOPE_ENDPOINT;
	else if (r && (action == ACTION_DROP || action == ACTION_REJECT))
		d->scope = narrowed(w->f, r->scope);
	else if (rule == RULE_SCORE && d->by_client)
		d->scope = SCOPE_PAIR;
	else
		d->scope = SCOPE_FLOW;
}

/*
 * A block acts at once: the monitor rules before it would only add what the block makes idle.
 * An allow waits for those before it, or their watch would be lost; the packets pass anyway.
 */
static void end(struct decision *d, const struct walk *w)
{
	if (w->end_pending || (w->ending->action == ACTION_ALLOW && w->monitor_pending))
		return;
	decide(d, w, (uint16_t)(w->ending - w->p->rule), (enum action)w->ending->action);
	d->ev = w->ev;
}

/* No ending rule is TRUE. Each step is left only when what is pending cannot change it. */
static void fall_through(struct decision *d, const struct walk *w)
{
	const struct policy *p = w->p;
	bool pending = w->monitor_pending || w->score_pending;

	if (w->end_pending)
		return;
	if (p->score_drop && d->score >= p->score_drop) {
		decide(d, w, RULE_SCORE, ACTION_DROP);
	} else if (p->default_drop) { /* dropped either way: at once */
		decide(d, w, RULE_DEFAULT, ACTION_DROP);
	} else if (pending) {
		return;
	} else if (p->score_monitor && d->score >= p->score_monitor) {
		decide(d, w, RULE_SCORE, ACTION_MONITOR);
	} else if (d->n_monitors) {
		decide(d, w, d->monitors[0].rule, ACTION_MONITOR);
		d->ev = d->monitors[0].ev;
	} else {
		decide(d, w, RULE_DEFAULT, ACTION_ALLOW);
	}
	if (d->rule == RULE_SCORE)
		d->ev = d->scores[0].ev;
}

void policy_judge(struct decision *d, const struct policy *p, const struct facts *f)
{
	struct walk w = { .p = p, .f = f };

	*d = (struct decision){ .rule = RULE_NONE, .scope = SCOPE_FLOW,
				.ev = { DECISION_NO_LIST, 0 } };
	walk(d, &w);
	if (w.ending)
		end(d, &w);
	else
		fall_through(d, &w);
}
