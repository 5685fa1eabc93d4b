/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/image.h"

#include <string.h>

void policy_stamp(struct policy_stamp *s)
{
	uint64_t kinds = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < match_table_n; i++)
		for (const char *p = match_table[i].key;; p++) {
			kinds = (kinds ^ (uint8_t)*p) * 0x100000001b3;
			if (!*p)
				break;
		}
	*s = (struct policy_stamp){
		.magic = POLICY_MAGIC,
		.layout = POLICY_LAYOUT,
		.sizes = { sizeof(struct policy), sizeof(struct rule), sizeof(struct cond),
			   sizeof(struct list_image), sizeof(struct facts), sizeof(void *) },
		.kinds = kinds,
	};
}

const struct policy *policy_at(const void *base, size_t size)
{
	const struct policy *p = base;
	struct policy_stamp s;

	if (!base || (uintptr_t)base % _Alignof(struct policy) || size < sizeof *p)
		return NULL;
	policy_stamp(&s);
	if (memcmp(&s, &p->stamp, sizeof s) != 0 || p->size > size || p->base != p)
		return NULL;
	return p;
}

uint32_t policy_generation(const struct policy *p)
{
	return p->generation;
}

uint16_t policy_rules(const struct policy *p)
{
	return p->n_rules;
}

const char *policy_rule_name(const struct policy *p, uint16_t rule)
{
	if (rule == RULE_DEFAULT)
		return "default";
	if (rule == RULE_SCORE)
		return "score";
	return rule < p->n_rules ? p->rule[rule].name : "none";
}

const char *policy_rule_attack(const struct policy *p, uint16_t rule)
{
	return rule < p->n_rules ? p->rule[rule].attack : "";
}

enum action policy_rule_action(const struct policy *p, uint16_t rule)
{
	if (rule == RULE_DEFAULT)
		return p->default_drop ? ACTION_DROP : ACTION_ALLOW;
	if (rule == RULE_SCORE)
		return ACTION_SCORE;
	return rule < p->n_rules ? (enum action)p->rule[rule].action : ACTION_NONE;
}

uint16_t policy_rule_score(const struct policy *p, uint16_t rule)
{
	return rule < p->n_rules ? p->rule[rule].score : 0;
}

uint32_t policy_rule_ttl(const struct policy *p, uint16_t rule)
{
	if (rule == RULE_SCORE)
		return p->score_ttl;
	return rule < p->n_rules ? p->rule[rule].ttl : p->ttl;
}

const char *policy_list_name(const struct policy *p, uint16_t list)
{
	return list < p->n_lists ? p->list[list].name : "";
}

bool policy_inbound(const struct policy *p)
{
	return p->inbound;
}

bool policy_needs_payload(const struct policy *p)
{
	return p->payload;
}

bool policy_never_block(const struct policy *p, const uint8_t addr[16])
{
	uint32_t line;

	return addrset_find(&p->never_block, &line, addr);
}

/*
 * All that is known is the name, so conditions on names answer and other contents do not.
 * What the header must be is left open: the answer errs on the side of the name's friends.
 */
static bool allows(const struct rule *r, const struct facts *name)
{
	bool by_name = false;

	for (uint32_t i = 0; i < r->when.n; i++) {
		const struct cond *c = &r->when.cond[i];
		struct evidence ev;

		if (c->header)
			continue;
		switch (match_table[c->match].test(c->data, name, &ev)) {
		case TRI_FALSE:
			return false;
		case TRI_TRUE:
			by_name = true;
			break;
		default:
			break;
		}
	}
	return by_name;
}

bool policy_allows_name(const struct policy *p, const char *name, size_t len)
{
	struct facts f = { 0 };

	if (len == 0 || len > sizeof f.sni)
		return false;
	memcpy(f.sni, name, len);
	memcpy(f.host, name, len);
	memcpy(f.dns_name, name, len);
	f.sni_len = f.host_len = f.dns_name_len = (uint8_t)len;
	facts_know(&f, FACT_SNI);
	facts_know(&f, FACT_HOST);
	facts_know(&f, FACT_DNS_NAME);
	for (uint16_t i = 0; i < p->n_rules; i++)
		if (p->rule[i].action == ACTION_ALLOW && allows(&p->rule[i], &f))
			return true;
	return false;
}
