/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "agent/inspect_path.h"

enum { NAMES_AGE = 24 * 60 * 60 * 1000, WORKER_SHIFT = 44 };

static void copy_name(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s", name);
}

static bool was_told(const struct flow *f, uint32_t generation, uint16_t rule)
{
	for (unsigned int i = 0; f->told_by == generation && i < f->n_told; i++)
		if (f->told[i] == rule)
			return true;
	return false;
}

static bool told(struct flow *f, uint32_t generation, uint16_t rule)
{
	if (was_told(f, generation, rule))
		return true;
	if (f->told_by != generation) {
		f->told_by = generation;
		f->n_told = 0;
	}
	if (f->n_told < FLOW_TOLD)
		f->told[f->n_told++] = rule;
	return false;
}

static void add_hit(struct look *k, const struct hit *h)
{
	const struct policy *p = k->in->policy;
	struct event *ev = &k->in->event;
	struct event_hit *to;

	if (ev->n_hits >= DECISION_HITS || told(k->flow, policy_generation(p), h->rule))
		return;
	to = &ev->hits[ev->n_hits++];
	copy_name(to->rule, sizeof to->rule, policy_rule_name(p, h->rule));
	copy_name(to->list, sizeof to->list, policy_list_name(p, h->ev.list));
	copy_name(to->attack, sizeof to->attack, policy_rule_attack(p, h->rule));
	to->action = (uint8_t)policy_rule_action(p, h->rule);
	to->score = policy_rule_score(p, h->rule);
	to->line = h->ev.line;
	to->ttl = policy_rule_ttl(p, h->rule);
	ev->kinds |= EVENT_HITS;
}

/* Scores stand after the last ending rule: they count once the flow is decided without one. */
static bool scores_stand(const struct look *k)
{
	const struct decision *d = &k->decision;

	if (d->action == ACTION_NONE || d->rule == RULE_NONE)
		return false;
	if (d->rule >= policy_rules(k->in->policy))
		return true;
	return policy_rule_action(k->in->policy, d->rule) == ACTION_MONITOR;
}

static void tell_hits(struct look *k)
{
	const struct decision *d = &k->decision;

	for (unsigned int i = 0; i < d->n_monitors && i < DECISION_HITS; i++)
		add_hit(k, &d->monitors[i]);
	for (unsigned int i = 0; scores_stand(k) && i < d->n_scores && i < DECISION_HITS; i++)
		add_hit(k, &d->scores[i]);
}

static void copy_text(struct dissect_text *to, const struct dissect_text *from)
{
	memcpy(to, from, offsetof(struct dissect_text, ja3));
	memcpy(to->ja3, from->ja3, from->ja3_len);
	memcpy(to->parts, from->parts, from->used);
}

/* A message that is still coming in has said enough when the flow is decided by it. */
static bool read_enough(const struct look *k)
{
	return k->decision.action != ACTION_NONE && k->flow->probe &&
	       (k->facts->via || facts_state(k->facts, FACT_APP) == FACT_KNOWN);
}

static void tell_read(struct look *k)
{
	struct event *ev = &k->in->event;
	const struct facts *f = k->facts;

	if ((!k->read && !read_enough(k)) || k->flow->flags & FLOW_READ)
		return;
	/* of datagrams, and in a stream of DNS, each is a message of its own */
	if (k->flow->proto == IPPROTO_TCP && f->app != APP_DNS)
		k->flow->flags |= FLOW_READ;
	k->in->counts->apps[facts_state(f, FACT_APP) == FACT_KNOWN ? f->app : f->via]++;
	ev->kinds |= EVENT_READ;
	copy_text(&ev->text, &k->in->text);
}

static void tell_anomalies(struct look *k)
{
	struct flow *f = k->flow;

	f->anomalies |= k->facts->anomalies;
	if (f->anomalies == f->told_anomalies)
		return;
	f->told_anomalies = f->anomalies;
	k->in->counts->anomalies++;
	k->in->event.kinds |= EVENT_ANOMALY;
}

/* What else is known of the destination; the flow's own name is then known, too. */
static void tell_names(struct look *k)
{
	struct inspect *in = k->in;
	const struct facts *f = k->facts;
	bool sni = facts_state(f, FACT_SNI) == FACT_KNOWN, allowed = false;
	bool host = !sni && !f->via && facts_state(f, FACT_HOST) == FACT_KNOWN;
	const char *name = sni ? f->sni : f->host;
	size_t len = sni ? f->sni_len : host ? f->host_len : 0;

	if (in->n_names == 0)
		return;
	in->event.shared = names_count(in->names, in->n_names, &allowed, f->dst, name, len,
				       k->now, NAMES_AGE) > 1;
	in->event.allowed = allowed;
	if (len && in->own < in->n_names)
		names_add(in->names[in->own], f->dst, name, len,
			  k->decision.action == ACTION_ALLOW && k->decision.by_name, k->now);
}

static void tell_packet(struct look *k)
{
	const struct packet *p = &k->packet;

	k->in->event.packet = (struct event_packet){
		.len = p->ip_len, .seq = p->seq, .ack = p->ack, .ip_id = p->ip_id,
		.window = p->window, .urgent = p->urgent, .ttl = p->ttl, .tos = p->tos,
		.flags = p->flags, .version = p->version,
	};
}

static void tell_verdict(struct look *k)
{
	const struct decision *d = &k->decision;
	const struct policy *p = k->in->policy;
	struct event *ev = &k->in->event;

	if (d->action == ACTION_NONE)
		return;
	ev->kinds |= EVENT_VERDICT;
	ev->first_packet = k->frame && k->flow->packets == 1 && !k->alone;
	ev->action = d->action;
	ev->scope = d->scope;
	ev->by_client = d->by_client;
	ev->by_name = d->by_name;
	ev->score = d->score;
	ev->rule_index = d->rule;
	ev->told = d->action == ACTION_MONITOR &&
		   was_told(k->flow, policy_generation(p), d->rule);
	ev->ttl = d->ttl;
	ev->line = d->ev.line;
	copy_name(ev->rule, sizeof ev->rule, policy_rule_name(p, d->rule));
	copy_name(ev->list, sizeof ev->list, policy_list_name(p, d->ev.list));
	copy_name(ev->attack, sizeof ev->attack, policy_rule_attack(p, d->rule));
	tell_names(k);
}

static void tell_flow(struct look *k)
{
	struct event *ev = &k->in->event;
	const struct flow *f = k->flow;

	ev->generation = policy_generation(k->in->policy);
	ev->wall = k->wall;
	ev->now = k->now;
	ev->start = f->start;
	ev->flow_id = f->id | (uint64_t)k->in->conf.worker << WORKER_SHIFT;
	ev->packets = f->packets;
	ev->bytes = f->bytes;
	ev->worker = k->in->conf.worker;
	ev->observe = k->in->conf.observe;
	ev->facts = *k->facts;
}

void inspect_tell(struct look *k)
{
	struct event *ev = &k->in->event;

	memset(ev, 0, offsetof(struct event, text));
	dissect_text_init(&ev->text);
	tell_anomalies(k);
	tell_read(k);
	tell_hits(k);
	tell_verdict(k);
	if (!ev->kinds)
		return;
	tell_packet(k);
	tell_flow(k);
	if (k->in->emit)
		k->in->emit(k->in->ctx, ev);
}
