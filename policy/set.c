/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/set.h"

#include <errno.h>
#include <string.h>

enum { MD5_LEN = 16 };

void set_build_init(struct set_build *b, enum list_type type)
{
	b->type = type;
	switch (type) {
	case LIST_ADDRESS:
		addrset_build_init(&b->addr);
		break;
	case LIST_ENDPOINT:
		epset_build_init(&b->ep);
		break;
	case LIST_DOMAIN:
		nameset_build_init(&b->name);
		break;
	case LIST_SERVICE:
		svcset_build_init(&b->svc);
		break;
	default:
		hashset_build_init(&b->hash, type == LIST_JA4 ? FACTS_JA4_LEN : MD5_LEN);
	}
}

void set_build_fini(struct set_build *b)
{
	switch (b->type) {
	case LIST_ADDRESS:
		addrset_build_fini(&b->addr);
		break;
	case LIST_ENDPOINT:
		epset_build_fini(&b->ep);
		break;
	case LIST_DOMAIN:
		nameset_build_fini(&b->name);
		break;
	case LIST_SERVICE:
		svcset_build_fini(&b->svc);
		break;
	default:
		hashset_build_fini(&b->hash);
	}
}

int set_add(struct set_build *b, const struct list_entry *e)
{
	if (e->type != b->type)
		return -EINVAL;
	switch (b->type) {
	case LIST_ADDRESS:
		return addrset_add(&b->addr, e->lo, e->hi, e->line);
	case LIST_ENDPOINT:
		return epset_add(&b->ep, e->lo, e->port, e->line);
	case LIST_DOMAIN:
		return nameset_add(&b->name, e->text, e->len, e->suffix, e->line);
	case LIST_SERVICE:
		return svcset_add(&b->svc, e->service, e->service_len, e->text, e->len, e->suffix,
				  e->line);
	case LIST_JA3:
	case LIST_HASSH:
		return hashset_add(&b->hash, e->md5, sizeof e->md5, e->line);
	case LIST_JA4:
		return hashset_add(&b->hash, e->text, e->len, e->line);
	default:
		return -EINVAL;
	}
}

int set_make(struct set *s, struct arena *a, struct set_build *b, const uint64_t seed[2])
{
	memset(s, 0, sizeof *s);
	s->type = b->type;
	switch (b->type) {
	case LIST_ADDRESS:
		return addrset_make(&s->addr, a, &b->addr);
	case LIST_ENDPOINT:
		return epset_make(&s->ep, a, &b->ep, seed);
	case LIST_DOMAIN:
		return nameset_make(&s->name, a, &b->name, seed);
	case LIST_SERVICE:
		return svcset_make(&s->svc, a, &b->svc, seed);
	default:
		return hashset_make(&s->hash, a, &b->hash, seed);
	}
}
