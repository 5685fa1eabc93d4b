/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERR_TEXT = 512, WORD_MAX = 40 };

void errs_init(struct errs *e)
{
	memset(e, 0, sizeof *e);
}

void errs_fini(struct errs *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->e[i].file);
		free(e->e[i].text);
	}
	free(e->e);
	errs_init(e);
}

/* What a user's file says may end in a log or on a terminal: no control characters. */
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static bool room(struct errs *e)
{
	struct err *more;

	if (e->n == ERRS_MAX)
		return false;
	if (e->n % 16)
		return true;
	more = realloc(e->e, (e->n + 16) * sizeof *more);
	if (!more)
		return false;
	e->e = more;
	return true;
}

__attribute__((format(printf, 5, 0))) static void
add(struct errs *e, bool warning, const char *file, int line, const char *fmt, va_list ap)
{
	char buf[ERR_TEXT];
	struct err *x;

	if (!warning)
		e->errors++;
	if (!room(e)) {
		e->lost++;
		return;
	}
	vsnprintf(buf, sizeof buf, fmt, ap);
	clean(buf);
	x = &e->e[e->n];
	x->file = strdup(file);
	x->text = strdup(buf);
	x->line = line;
	x->warning = warning;
	if (!x->file || !x->text) {
		free(x->file);
		free(x->text);
		e->lost++;
		return;
	}
	clean(x->file);
	e->n++;
}

void errs_add(struct errs *e, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(e, false, file, line, fmt, ap);
	va_end(ap);
}

void errs_warn(struct errs *e, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(e, true, file, line, fmt, ap);
	va_end(ap);
}

void errs_sort(struct errs *e, size_t from)
{
	for (size_t i = from + 1; i < e->n; i++) {
		struct err x = e->e[i];
		size_t k = i;

		for (; k > from && e->e[k - 1].line > x.line; k--)
			e->e[k] = e->e[k - 1];
		e->e[k] = x;
	}
}

char *errs_text(const struct errs *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (size_t i = 0; i < e->n; i++) {
		const struct err *x = &e->e[i];

		if (x->line > 0)
			fprintf(f, "%s:%d: ", x->file, x->line);
		else
			fprintf(f, "%s: ", x->file);
		fprintf(f, "%s%s\n", x->warning ? "warning: " : "", x->text);
	}
	if (e->lost)
		fprintf(f, "... and %zu more\n", e->lost);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Insertions, deletions, changes and swaps of neighbours that turn `a` into `b`. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[3][WORD_MAX + 1];
	size_t *before = row[0], *last = row[1], *now = row[2];

	for (size_t k = 0; k <= nb; k++)
		last[k] = k;
	for (size_t i = 1; i <= na; i++) {
		size_t *spare = before;

		now[0] = i;
		for (size_t k = 1; k <= nb; k++) {
			now[k] = min3(last[k] + 1, now[k - 1] + 1,
				      last[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    before[k - 2] + 1 < now[k])
				now[k] = before[k - 2] + 1;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[nb];
}

const char *errs_suggest(const char *word, const char *const *words)
{
	const char *best = NULL;
	size_t n = strlen(word), least = n / 3 + 1;

	if (n == 0 || n > WORD_MAX)
		return NULL;
	for (; *words; words++) {
		size_t m = strlen(*words), d;

		if (m > WORD_MAX || (m > n ? m - n : n - m) > least)
			continue;
		d = distance(word, n, *words, m);
		if (d < n && (d < least || (d == least && !best))) {
			best = *words;
			least = d;
		}
	}
	return best;
}
