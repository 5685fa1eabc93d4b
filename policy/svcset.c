/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/svcset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct svc_build {
	char *name;
	struct nameset_build names;
};

void svcset_build_init(struct svcset_build *b)
{
	nameset_build_init(&b->all);
	b->svc = NULL;
	b->n = b->last = 0;
}

void svcset_build_fini(struct svcset_build *b)
{
	nameset_build_fini(&b->all);
	for (uint32_t i = 0; i < b->n; i++) {
		free(b->svc[i].name);
		nameset_build_fini(&b->svc[i].names);
	}
	free(b->svc);
}

static bool is(const struct svc_build *s, const char *name, size_t len)
{
	return strncmp(s->name, name, len) == 0 && s->name[len] == 0;
}

/* The service of that name, a new one at need, in *at. */
static int find(uint32_t *at, struct svcset_build *b, const char *name, size_t len)
{
	struct svc_build *svc;

	if (b->n && is(&b->svc[b->last], name, len)) {
		*at = b->last;
		return 0;
	}
	for (*at = 0; *at < b->n; (*at)++)
		if (is(&b->svc[*at], name, len))
			return 0;
	if (b->n == SVCSET_MAX)
		return -E2BIG;
	svc = reallocarray(b->svc, b->n + 1, sizeof *svc);
	if (!svc)
		return -ENOMEM;
	b->svc = svc;
	svc[b->n].name = strndup(name, len);
	if (!svc[b->n].name)
		return -ENOMEM;
	nameset_build_init(&svc[b->n++].names);
	return 0;
}

int svcset_add(struct svcset_build *b, const char *service, size_t service_len, const char *name,
	       size_t len, bool suffix, uint32_t line)
{
	uint32_t at;
	int err;

	if (service_len == 0 || memchr(service, 0, service_len))
		return -EINVAL;
	err = find(&at, b, service, service_len);
	if (err)
		return err;
	b->last = at;
	err = nameset_add(&b->svc[at].names, name, len, suffix, line);
	return err ? err : nameset_add(&b->all, name, len, suffix, line);
}

int svcset_make(struct svcset *s, struct arena *a, struct svcset_build *b, const uint64_t seed[2])
{
	struct svc *svc = arena_array(a, b->n, sizeof *svc);
	int err = nameset_make(&s->all, a, &b->all, seed);

	if (!svc)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n && !err; i++) {
		svc[i].name = arena_strdup(a, b->svc[i].name);
		err = svc[i].name ? nameset_make(&svc[i].names, a, &b->svc[i].names, seed)
				  : -ENOMEM;
	}
	s->svc = svc;
	s->n = err ? 0 : b->n;
	return err;
}
