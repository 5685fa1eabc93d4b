/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ERR_H
#define ERR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Errors of a user's files, collected so that all are told at once. Each is one line,
 * "file:line: text" (line 0: "file: text"). Heap, freed by errs_fini().
 */
struct err {
	char *file;
	int line;
	bool warning;
	char *text;
};

struct errs {
	struct err *e;
	size_t n;	/* kept; at most ERRS_MAX */
	size_t lost;	/* beyond that */
	size_t errors;	/* not warnings; counts the lost ones too */
};

enum { ERRS_MAX = 200 };

void errs_init(struct errs *e);
void errs_fini(struct errs *e);
void errs_add(struct errs *e, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void errs_warn(struct errs *e, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Orders those from index `from` on by line (all of one file); equal lines keep their order. */
void errs_sort(struct errs *e, size_t from);
/* All in one text, a line each with final newline; caller frees. NULL: no memory. */
char *errs_text(const struct errs *e);
/* The word of `words` (NULL-terminated) nearest to `word`, or NULL if none is near. */
const char *errs_suggest(const char *word, const char *const *words);

#endif
