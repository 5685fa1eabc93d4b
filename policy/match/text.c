/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "policy/match/kinds.h"
#include "policy/match/pattern.h"

/*
 * method, path, user_agent, header, ssh_software: texts of the client, as far as they are kept.
 * What would need the part that was cut off is FALSE.
 */

enum { VALUES_MAX = 256 };

struct text {
	const char *text;
	uint32_t len, line;
};

struct texts {
	const struct text *text;
	uint32_t n;
};

struct patterns {
	const struct pattern *pattern;
	uint32_t n;
	uint32_t none; /* line of "none", or 0 */
};

static int too_many(struct match_build *b, const struct config_cond *c)
{
	return match_error(b, c->line, "\"%s\" has more than %d values", c->key, VALUES_MAX);
}

/* RFC 9110 section 5.6.2 */
static bool is_token(const char *text)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *text && text[strspn(text, allowed)] == 0;
}

static int tokens(const void **data, struct match_build *b, const struct config_cond *c, size_t max)
{
	struct texts *d = match_alloc(b, 1, sizeof *d);
	struct text *text;
	int err = 0;

	if (c->value.n > VALUES_MAX)
		return too_many(b, c);
	text = match_alloc(b, c->value.n, sizeof *text);
	for (size_t i = 0; i < c->value.n; i++) {
		const char *t = c->value.text[i];
		size_t len = strlen(t);

		if (!is_token(t) || len > max)
			err = match_error(b, c->value.line[i],
					  "%s = \"%s\": not a name of 1 to %zu letters, digits and signs",
					  c->key, t, max);
		else if (text)
			text[i] = (struct text){ arena_strdup(b->a, t), (uint32_t)len,
						 (uint32_t)c->value.line[i] };
	}
	if (d)
		*d = (struct texts){ text, text ? (uint32_t)c->value.n : 0 };
	*data = d;
	return err;
}

/* Methods are case-sensitive (RFC 9110 section 9.1): one in lower case is hardly meant. */
static void warn_case(struct match_build *b, const struct config_cond *c)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT",
					     "OPTIONS", "TRACE", "PATCH" };

	for (size_t i = 0; i < c->value.n; i++)
		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			if (strcasecmp(known[k], c->value.text[i]) == 0 &&
			    strcmp(known[k], c->value.text[i]) != 0)
				errs_warn(b->e, b->c->file, c->value.line[i],
					  "method = \"%s\": methods are case-sensitive, did you "
					  "mean \"%s\"?", c->value.text[i], known[k]);
}

int method_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	warn_case(b, c);
	return tokens(data, b, c, FACTS_METHOD_MAX);
}

enum tri method_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct texts *d = data;
	enum fact_state state = facts_state(f, FACT_METHOD);

	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	if (f->cut & FACTS_CUT_METHOD)
		return TRI_FALSE;
	for (uint32_t i = 0; i < d->n; i++)
		if (d->text[i].len == f->method_len &&
		    memcmp(d->text[i].text, f->method, f->method_len) == 0) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->text[i].line };
			return TRI_TRUE;
		}
	return TRI_FALSE;
}

int header_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return tokens(data, b, c, FACTS_TEXT_MAX);
}

static bool has_header(const struct facts *f, const struct text *name)
{
	size_t from = 0;

	while (from < f->headers_len) {
		const char *p = f->headers + from;
		size_t left = f->headers_len - from;
		const char *comma = memchr(p, ',', left);
		size_t len = comma ? (size_t)(comma - p) : left;

		if (len == name->len && strncasecmp(p, name->text, len) == 0)
			return true;
		from += len + 1;
	}
	return false;
}

enum tri header_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct texts *d = data;
	enum fact_state state = facts_state(f, FACT_HEADERS);

	if (state != FACT_KNOWN)
		return state == FACT_PENDING ? TRI_NOT_YET : TRI_FALSE;
	for (uint32_t i = 0; i < d->n; i++)
		if (has_header(f, &d->text[i])) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->text[i].line };
			return TRI_TRUE;
		}
	return TRI_FALSE;
}

enum { FOLD = 1, NONE = 2, PATH = 4 }; /* of patterns() */

static const char *why(const char *text, unsigned int flags)
{
	const char *bad = pattern_why(text);

	if (!bad && flags & PATH && !strchr("/*?\\", text[0]))
		return "a path begins with / (or put a * first)";
	return bad;
}

static int patterns(const void **data, struct match_build *b, const struct config_cond *c,
		    unsigned int flags)
{
	struct patterns *d = match_alloc(b, 1, sizeof *d), all = { .n = 0 };
	struct pattern *p;
	int err = 0;

	if (c->value.n > VALUES_MAX)
		return too_many(b, c);
	all.pattern = p = match_alloc(b, c->value.n, sizeof *p);
	for (size_t i = 0; i < c->value.n; i++) {
		const char *text = c->value.text[i], *bad;

		if (flags & NONE && strcmp(text, "none") == 0) {
			all.none = (uint32_t)c->value.line[i];
			continue;
		}
		bad = why(text, flags);
		if (bad)
			err = match_error(b, c->value.line[i], "%s = \"%.80s\": %s", c->key, text,
					  bad);
		else if (p && pattern_make(&p[all.n], b->a, text, flags & FOLD) == 0)
			p[all.n++].line = (uint32_t)c->value.line[i];
	}
	if (d)
		*d = all;
	*data = d;
	return err;
}

static enum tri test(const struct patterns *d, enum fact_state state, const char *text, size_t len,
		     bool cut, struct evidence *ev)
{
	if (state == FACT_PENDING)
		return TRI_NOT_YET;
	if (d->none && (state == FACT_ABSENT || len == 0)) {
		*ev = (struct evidence){ DECISION_NO_LIST, d->none };
		return TRI_TRUE;
	}
	for (uint32_t i = 0; state == FACT_KNOWN && i < d->n; i++)
		if (pattern_match(&d->pattern[i], text, len, cut)) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->pattern[i].line };
			return TRI_TRUE;
		}
	return TRI_FALSE;
}

int path_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return patterns(data, b, c, PATH);
}

enum tri path_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_PATH), f->path, f->path_len,
		    f->cut & FACTS_CUT_PATH, ev);
}

int user_agent_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return patterns(data, b, c, FOLD | NONE);
}

enum tri user_agent_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_USER_AGENT), f->user_agent, f->user_agent_len,
		    f->cut & FACTS_CUT_USER_AGENT, ev);
}

int ssh_software_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	return patterns(data, b, c, FOLD);
}

enum tri ssh_software_test(const void *data, const struct facts *f, struct evidence *ev)
{
	return test(data, facts_state(f, FACT_SSH_SOFTWARE), f->software, f->software_len,
		    f->cut & FACTS_CUT_SOFTWARE, ev);
}
