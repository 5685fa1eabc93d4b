/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/image.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

/* A service is looked for in every list of services. */
static bool any_service(const struct config_cond *cond)
{
	bool any = false;

	for (size_t k = 0; strcmp(cond->key, "service") == 0 && k < cond->value.n; k++)
		any |= cond->value.text[k][0] != '@';
	return any;
}

static void use_lists(struct list_image *list, const struct config *c, const struct config_when *w,
		      unsigned int depth)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct config_cond *cond = &w->cond[i];

		for (size_t k = 0; k < cond->value.n; k++) {
			int at = cond->value.text[k][0] == '@'
					 ? rule_find_list(c, cond->value.text[k]) : -1;

			if (at >= 0)
				list[at].used = true;
		}
		for (size_t k = 0; any_service(cond) && k < c->n_lists; k++)
			list[k].used |= c->list[k].type == LIST_SERVICE;
		if (depth < RULE_DEPTH_MAX)
			use_lists(list, c, &cond->sub, depth + 1);
	}
}

struct loading {
	struct set_build set;
	const struct addrset *never; /* addresses that a list should not hold */
	uint32_t n, met, first_met;
};

static int load_entry(void *ctx, const struct list_entry *e)
{
	struct loading *l = ctx;
	uint32_t line;

	if ((e->type == LIST_ADDRESS || e->type == LIST_ENDPOINT) &&
	    addrset_meets(l->never, &line, e->lo, e->hi) && l->met++ == 0)
		l->first_met = e->line;
	l->n++;
	return set_add(&l->set, e);
}

static int load(struct list_image *to, struct match_build *b, const struct config_list *l,
		const struct addrset *never)
{
	struct loading ctx = { .never = never };
	struct list_stats st;
	size_t before = b->e->errors, told = b->e->n;
	int err;

	set_build_init(&ctx.set, l->type);
	err = list_load(&st, b->e, b->c, l, load_entry, &ctx);
	if (err && b->e->errors == before)
		match_error(b, l->line, "list \"%s\": %s", l->name,
			    err == -E2BIG ? "too many entries" : strerror(-err));
	if (!err && ctx.n == 0 && b->e->n == told)
		errs_warn(b->e, b->c->file, l->line, "list \"%s\" is empty", l->name);
	if (ctx.met)
		errs_warn(b->e, l->path ? l->path : b->c->file, (int)ctx.first_met,
			  "list \"%s\": %u entries are in never_block or allow, this is the first; "
			  "flows there are blocked singly", l->name, ctx.met);
	if (!err && set_make(&to->set, b->a, &ctx.set, b->seed)) {
		err = -ENOMEM;
		if (!b->a->full)
			match_error(b, l->line, "list \"%s\": no memory", l->name);
	}
	set_build_fini(&ctx.set);
	return err;
}

static int load_lists(struct list_image *list, struct match_build *b, const struct addrset *never)
{
	const struct config *c = b->c;
	int err = 0;

	for (size_t i = 0; i < c->n_rules; i++)
		use_lists(list, c, &c->rule[i].when, 0);
	for (size_t i = 0; i < c->n_lists; i++) {
		const struct config_list *l = &c->list[i];

		list[i].name = arena_strdup(b->a, l->name);
		list[i].set.type = l->type;
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->list[k].name, l->name) == 0)
				err = match_error(b, l->line,
						  "list \"%s\" is there already, in line %d",
						  l->name, c->list[k].line);
		if (!list[i].used)
			errs_warn(b->e, c->file, l->line,
				  "no rule uses list \"%s\"; it is not loaded", l->name);
		else if (load(&list[i], b, l, never))
			err = -EINVAL;
	}
	return err;
}

static int add_nets(struct addrset_build *to, struct match_build *b, const char *key,
		    const struct config_value *v)
{
	char buf[FACTS_NAME_MAX + 1];
	struct list_entry e;
	int err = 0;

	for (size_t i = 0; i < v->n; i++) {
		if (list_value(&e, LIST_ADDRESS, buf, sizeof buf, v->text[i])) {
			const char *why = list_value_why(LIST_ADDRESS, v->text[i]);

			err = match_error(b, v->line[i], "%s = \"%s\": %s", key, v->text[i],
					  why ? why : "not understood");
		} else if (addrset_add(to, e.lo, e.hi, (uint32_t)v->line[i])) {
			err = match_error(b, v->line[i], "%s: no memory", key);
		}
	}
	return err;
}

static int make_never(struct addrset *never, struct match_build *b)
{
	struct addrset_build nets;
	int err = 0;

	addrset_build_init(&nets);
	if (add_nets(&nets, b, "allow", &b->c->allow))
		err = -EINVAL;
	if (add_nets(&nets, b, "never_block", &b->c->never_block))
		err = -EINVAL;
	if (!err && addrset_make(never, b->a, &nets) && !b->a->full)
		err = match_error(b, 0, "never_block: no memory");
	addrset_build_fini(&nets);
	return err;
}

/*
 * An endpoint in a set is cut off before any rule is asked. Where a rule above allows some hosts
 * what this one blocks, the block is for the host that was judged only.
 */
static void keep_exceptions(struct rule *rule, size_t n)
{
	uint8_t excepted = 0;

	for (size_t i = 0; i < n; i++) {
		struct rule *r = &rule[i];

		if (r->action == ACTION_ALLOW && r->when.kind & MATCH_SOURCE)
			excepted |= r->direction;
		else if (r->scope_auto && r->scope == SCOPE_ENDPOINT &&
			 excepted & r->direction)
			r->scope = SCOPE_PAIR;
	}
}

static void warn_unreached(struct match_build *b, const struct config_rule *r, size_t i, size_t n)
{
	unsigned int left = DIR_OUT | DIR_IN | DIR_LOCAL;

	if (i + 1 == n || r->when.n || (r->direction & left) != left ||
	    r->action == ACTION_MONITOR || r->action == ACTION_SCORE)
		return;
	errs_warn(b->e, b->c->file, r->line,
		  "rule \"%s\" matches everything: those after it never run", r->name);
}

static int compile_rules(struct policy *p, struct match_build *b)
{
	const struct config *c = b->c;
	struct rule *rule = arena_array(b->a, c->n_rules, sizeof *rule);
	int err = 0;

	for (size_t i = 0; i < c->n_rules; i++) {
		struct rule one = { 0 };

		for (size_t k = 0; k < i; k++)
			if (strcmp(c->rule[k].name, c->rule[i].name) == 0)
				err = match_error(b, c->rule[i].line,
						  "rule \"%s\" is there already, in line %d",
						  c->rule[i].name, c->rule[k].line);
		if (rule_compile(&one, b, &c->rule[i]))
			err = -EINVAL;
		warn_unreached(b, &c->rule[i], i, c->n_rules);
		p->inbound |= (one.direction & DIR_IN) != 0;
		p->payload |= !one.when.header;
		if (rule)
			rule[i] = one;
	}
	if (rule)
		keep_exceptions(rule, c->n_rules);
	p->rule = rule;
	p->n_rules = (uint16_t)c->n_rules;
	return err;
}

static int sizes_ok(struct match_build *b)
{
	int err = 0;

	if (b->a->used || (uintptr_t)b->a->base % _Alignof(max_align_t))
		err = match_error(b, 0, "the memory for the policy is in use or not aligned");
	if (b->c->n_rules > RULE_RULES_MAX)
		err = match_error(b, 0, "more than %d rules", RULE_RULES_MAX);
	if (b->c->n_lists > RULE_LISTS_MAX)
		err = match_error(b, 0, "more than %d lists", RULE_LISTS_MAX);
	return err;
}

/* Hash keys need only be unknown to those who write lists; without the kernel's help, weaker. */
static void make_seed(uint64_t seed[2], uint32_t generation)
{
	if (getrandom(seed, 2 * sizeof *seed, GRND_NONBLOCK) == 2 * sizeof *seed)
		return;
	seed[0] = (uint64_t)(uintptr_t)seed ^ generation;
	seed[1] = (uint64_t)(uintptr_t)&make_seed;
}

const struct policy *policy_compile(struct arena *a, struct errs *e, const struct config *c,
				    uint32_t generation)
{
	struct match_build b = { .a = a, .e = e, .c = c };
	struct policy *p;
	struct list_image *list;
	int err;

	if (sizes_ok(&b))
		return NULL;
	make_seed(b.seed, generation);
	p = arena_alloc(a, sizeof *p);
	list = arena_array(a, c->n_lists, sizeof *list);
	if (!p || !list) {
		match_error(&b, 0, "the policy does not fit into %zu bytes", a->size);
		return NULL;
	}
	b.list = p->list = list;
	p->n_lists = (uint16_t)c->n_lists;
	err = make_never(&p->never_block, &b);
	if (load_lists(list, &b, &p->never_block))
		err = -EINVAL;
	if (compile_rules(p, &b))
		err = -EINVAL;
	if (a->full)
		err = match_error(&b, 0, "the policy does not fit into %zu bytes", a->size);
	if (err)
		return NULL;
	p->ttl = c->ttl;
	p->score_monitor = c->score_monitor;
	p->score_drop = c->score_drop;
	p->score_ttl = c->score_ttl ? c->score_ttl : c->ttl;
	p->default_drop = c->default_drop;
	p->generation = generation;
	p->base = p;
	p->size = a->used;
	policy_stamp(&p->stamp);
	return p;
}
