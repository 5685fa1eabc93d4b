/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/config_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	struct config_scan *out;
	struct errs *e;
	const char *name, *at;
	int line;
	char last; /* first byte of the last token, 0 at the start */
	size_t settings, size;
	int depth;
	struct {
		char c;
		int line;
	} open[CONFIG_DEPTH_MAX];
	int rc;
};

static void wrong(struct scan *s, int line, const char *text)
{
	errs_add(s->e, s->name, line, "%s", text);
	s->rc = -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_' || c == '*';
}

/*
 * libconfig reads the file named there wherever this stands at the start of a line, so it is
 * looked for there, quoted and commented text included.
 */
static void scan_include(struct scan *s)
{
	const char *p = s->at;

	while (is_blank(*p))
		p++;
	if (strncmp(p, "@include", 8) == 0)
		wrong(s, s->line, "@include is not supported: the config is one file");
}

static void newline(struct scan *s)
{
	s->at++;
	s->line++;
	scan_include(s);
}

static void scan_comment(struct scan *s)
{
	int from = s->line;

	if (*s->at == '#' || s->at[1] == '/') {
		while (*s->at && *s->at != '\n')
			s->at++;
		return;
	}
	s->at += 2;
	while (*s->at && !(s->at[0] == '*' && s->at[1] == '/')) {
		if (*s->at == '\n')
			newline(s);
		else
			s->at++;
	}
	if (*s->at)
		s->at += 2;
	else
		wrong(s, from, "this comment is never closed");
}

static void keep_line(struct scan *s)
{
	struct config_scan *out = s->out;

	if (out->n == s->size) {
		size_t size = s->size ? s->size * 2 : 256;
		int *more = realloc(out->line, size * sizeof *more);

		if (!more) {
			s->rc = -ENOMEM;
			return;
		}
		out->line = more;
		s->size = size;
	}
	out->line[out->n++] = s->line;
}

static void scan_string(struct scan *s)
{
	if (s->last == '"')
		wrong(s, s->line, "two texts side by side: a comma or semicolon is missing");
	keep_line(s);
	s->at++;
	while (*s->at && *s->at != '"' && *s->at != '\n') {
		if (*s->at == '\\' && (s->at[1] == '"' || s->at[1] == '\\'))
			s->at++;
		s->at++;
	}
	if (*s->at == '"') {
		s->at++;
		return;
	}
	/* inside and outside are swapped from here on: whatever came next would mislead */
	wrong(s, s->line, "this text is not closed on its line (missing \")");
	s->rc = -E2BIG;
}

/* Decimal beyond 32 bits signed and hex beyond 32 bits would be cut without a word. */
static void scan_number(struct scan *s)
{
	bool minus = *s->at == '-';
	const char *p = s->at + (*s->at == '-' || *s->at == '+');
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	uint64_t v = 0, max = hex ? UINT32_MAX : minus ? (uint64_t)INT32_MAX + 1 : INT32_MAX;
	bool big = false;

	if (!hex) {
		for (; is_digit(*p); p++) {
			v = big ? v : v * 10 + (uint64_t)(*p - '0');
			big = big || v > max;
		}
	} else {
		for (p += 2; is_digit(*p) || (*p >= 'a' && *p <= 'f') || (*p >= 'A' && *p <= 'F');
		     p++) {
			v = big ? v : v << 4 | (uint64_t)(is_digit(*p) ? *p - '0' : *p % 32 + 9);
			big = big || v > max;
		}
	}
	if (big)
		wrong(s, s->line, "number too large");
	while (is_name(*p) || *p == '.' || *p == '+')
		p++;
	s->at = p;
}

static void scan_open(struct scan *s)
{
	if (s->depth == CONFIG_DEPTH_MAX) {
		wrong(s, s->line, "nested too deeply");
		s->rc = -E2BIG;
		return;
	}
	s->open[s->depth].c = *s->at;
	s->open[s->depth++].line = s->line;
	s->at++;
}

static void scan_close(struct scan *s)
{
	char c = *s->at++, want = c == ')' ? '(' : c == ']' ? '[' : '{';

	if (s->depth == 0) {
		errs_add(s->e, s->name, s->line, "this '%c' closes nothing", c);
		s->rc = -E2BIG;
		return;
	}
	s->depth--;
	if (s->open[s->depth].c != want) {
		errs_add(s->e, s->name, s->line, "this '%c' does not close the '%c' of line %d", c,
			 s->open[s->depth].c, s->open[s->depth].line);
		s->rc = -E2BIG;
	} else if (c != '}' && s->last == ',') {
		wrong(s, s->line, "a comma before the closing bracket");
	}
}

static void scan_token(struct scan *s)
{
	char c = *s->at;

	if (c == '"') {
		scan_string(s);
	} else if (c == '(' || c == '[' || c == '{') {
		scan_open(s);
	} else if (c == ')' || c == ']' || c == '}') {
		scan_close(s);
	} else if (is_digit(c) || ((c == '-' || c == '+') && is_digit(s->at[1]))) {
		scan_number(s);
	} else if (is_name(c)) {
		while (is_name(*s->at))
			s->at++;
	} else {
		if ((c == '=' || c == ':') && ++s->settings > CONFIG_SETTINGS_MAX) {
			wrong(s, s->line, "too many settings");
			s->rc = -E2BIG;
		}
		s->at++;
	}
	s->last = c;
}

/* -E2BIG ends the scan at once; other errors let it go on, to tell all of them. */
int config_scan(struct config_scan *out, struct errs *e, const char *name, const char *text)
{
	struct scan s = { .out = out, .e = e, .name = name, .at = text, .line = 1 };

	memset(out, 0, sizeof *out);
	if (strnlen(text, CONFIG_TEXT_MAX + 1) > CONFIG_TEXT_MAX) {
		wrong(&s, 0, "larger than 1 MiB");
		return s.rc;
	}
	scan_include(&s);
	while (*s.at && s.rc != -E2BIG && s.rc != -ENOMEM) {
		char c = *s.at;

		if (c == '\n')
			newline(&s);
		else if (is_blank(c) || c == '\r' || c == '\f')
			s.at++;
		else if (c == '#' || (c == '/' && (s.at[1] == '/' || s.at[1] == '*')))
			scan_comment(&s);
		else
			scan_token(&s);
	}
	if (s.rc == 0 && s.depth > 0) {
		errs_add(e, name, s.open[s.depth - 1].line, "this '%c' is never closed",
			 s.open[s.depth - 1].c);
		s.rc = -EINVAL;
	}
	return s.rc;
}

void config_scan_fini(struct config_scan *s)
{
	free(s->line);
	memset(s, 0, sizeof *s);
}
