/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCSET_H
#define SVCSET_H

#include "policy/nameset.h"

/* Services, each a name and the host names that it goes by: a list of type service. */
struct svc {
	const char *name;
	struct nameset names;
};

struct svcset {
	struct nameset all; /* of every service */
	const struct svc *svc;
	uint32_t n;
};

enum { SVCSET_MAX = 256 };

struct svcset_build {
	struct nameset_build all;
	struct svc_build *svc;
	uint32_t n, last; /* the service added to last */
};

void svcset_build_init(struct svcset_build *b);
void svcset_build_fini(struct svcset_build *b);
/*
 * `service` need not be NUL-terminated; the rest as in nameset.h. -E2BIG: more than SVCSET_MAX
 * services.
 */
int svcset_add(struct svcset_build *b, const char *service, size_t service_len, const char *name,
	       size_t len, bool suffix, uint32_t line);
int svcset_make(struct svcset *s, struct arena *a, struct svcset_build *b, const uint64_t seed[2]);

#endif
