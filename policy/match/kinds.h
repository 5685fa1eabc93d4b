/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KINDS_H
#define KINDS_H

#include "policy/rule.h"

/* The two functions of each kind of condition, for match_table. */
#define MATCH_KIND(x)                                                                            \
	int x##_compile(const void **data, struct match_build *b, const struct config_cond *c);   \
	enum tri x##_test(const void *data, const struct facts *f, struct evidence *ev)

MATCH_KIND(from);
MATCH_KIND(to);
MATCH_KIND(endpoint);
MATCH_KIND(port);
MATCH_KIND(proto);
MATCH_KIND(app);
MATCH_KIND(domain);
MATCH_KIND(ja3);
MATCH_KIND(ja4);
MATCH_KIND(alpn);
MATCH_KIND(ech);
MATCH_KIND(sni);
MATCH_KIND(sni_like);
MATCH_KIND(host);
MATCH_KIND(service);
MATCH_KIND(method);
MATCH_KIND(path);
MATCH_KIND(user_agent);
MATCH_KIND(header);
MATCH_KIND(hassh);
MATCH_KIND(ssh_software);
MATCH_KIND(query);
MATCH_KIND(query_type);
MATCH_KIND(resolved);
MATCH_KIND(dns_name);
MATCH_KIND(quic_version);
MATCH_KIND(conforms);
MATCH_KIND(entropy);
MATCH_KIND(icmp_size);
MATCH_KIND(anomaly);
MATCH_KIND(not);

/* The sets a condition looks into: its own values first, then the lists it names. */
struct match_set {
	const struct set *set;
	uint16_t list; /* DECISION_NO_LIST: the values in the rule, lines of the config */
};

struct match_sets {
	const struct match_set *set;
	uint32_t n;
};

/*
 * Compiles the values of `c`, texts of `type` or "@list". Those for which skip() is true are
 * left out (NULL: none). 0 or -EINVAL.
 */
int match_sets(struct match_sets *s, struct match_build *b, const struct config_cond *c,
	       enum list_type type, bool (*skip)(const char *text));

/* Is the name in what a condition holds? *ev is written only then. */
typedef bool match_name_fn(const void *data, const char *text, size_t len, struct evidence *ev);

/*
 * The names that a flow goes by: whom an HTTP or proxy request names, and the SNI. TRUE if any of
 * them is in it; `all`: if all that there are (one at least).
 */
enum tri match_names(const struct facts *f, bool all, match_name_fn *in, const void *data,
		     struct evidence *ev);

/* The error about a value that is none of `words` (NULL-terminated): -EINVAL. */
int match_unknown(struct match_build *b, int line, const char *key, const char *text,
		  const char *const *words);

/* A number without sign, decimal, at most `max`; -1 if it is none. *end: what follows it. */
int32_t match_number(const char **end, const char *text, int32_t max);

#endif
