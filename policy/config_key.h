/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include <libconfig.h>

#include "policy/config.h"

/*
 * The one table of keys: it drives parsing, checking, printing and the man page. Used by
 * config*.c and print.c only.
 */
enum config_section {
	CONFIG_TOP,
	CONFIG_QUEUE,
	CONFIG_SCORE,
	CONFIG_LIMITS,
	CONFIG_LOG,
	CONFIG_LIST, /* offsets are of struct config_list */
	CONFIG_RULE, /* offsets are of struct config_rule */
	CONFIG_SECTION_N
};

enum config_kind {
	CONFIG_BOOL,
	CONFIG_WORD,	 /* one of `words`, stored as its number */
	CONFIG_FORMAT,	 /* one of `words`, stored as text */
	CONFIG_COUNT,	 /* number; "16k" too */
	CONFIG_SIZE,	 /* bytes; "16k", "1m" */
	CONFIG_DURATION, /* seconds; "10s", "5m", "1h", "2d", "1w" */
	CONFIG_HEX,
	CONFIG_TEXT,
	CONFIG_NETS,   /* addresses and nets */
	CONFIG_INSIDE, /* "auto", or interfaces and nets */
	CONFIG_VALUES, /* texts, numbers, true and false, checked by whoever reads them */
	CONFIG_SUB,    /* a group of keys: section in `sub` */
	CONFIG_LISTS,
	CONFIG_RULES,
	CONFIG_WHEN,
};

struct config_word {
	const char *text;
	int number;
};

struct config_key {
	enum config_section section;
	const char *name;
	enum config_kind kind;
	const char *def;		 /* as one would write it; NULL: required, "": none */
	int64_t min, max;		 /* numbers */
	const struct config_word *words; /* ends with a NULL text */
	enum config_section sub;
	size_t offset, size;		 /* of the member */
	const char *help;		 /* for the man page: one sentence, no dot at the end */
};

extern const struct config_key config_keys[];
extern const size_t config_keys_n;

const struct config_key *config_key_find(enum config_section section, const char *name);
/* Names of a section's keys into words[n], NULL-terminated. */
void config_key_names(enum config_section section, const char **words, size_t n);
const char *config_section_name(enum config_section s); /* "queue"; "" for CONFIG_TOP */
/* "queue.first", and "for" of a rule: as errors call it, into `buf`. */
enum { CONFIG_PATH_MAX = 48 };
const char *config_key_path(char buf[CONFIG_PATH_MAX], const struct config_key *k);

int64_t config_key_get(const struct config_key *k, const void *base);
void config_key_set(const struct config_key *k, void *base, int64_t v);
/* The member of kinds that store a text (NULL: none) or a config_value. */
char *config_key_text(const struct config_key *k, const void *base);
void config_key_set_text(const struct config_key *k, void *base, char *text);
const struct config_value *config_key_value(const struct config_key *k, const void *base);
/* The word for a number of a CONFIG_WORD; "" if there is none. */
const char *config_key_word(const struct config_key *k, int64_t number);

/* State of one reading. */
struct config_read {
	struct config *c;
	struct errs *e;
	const char *name; /* the file in errors */
};

/* Line of a setting: corrected for texts, see config_scan.h. */
int config_line(const config_setting_t *s);
void config_error(struct config_read *r, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void *config_grow(void *array, size_t n, size_t each); /* room for one more; NULL: no memory */

/* config_value.c: a setting into the member that `k` describes; errors are told. */
void config_value_read(struct config_read *r, const struct config_key *k, void *base,
		       const config_setting_t *s);
void config_value_default(struct config_read *r, const struct config_key *k, void *base);
int config_value_texts(struct config_read *r, struct config_value *v, const config_setting_t *s,
		       const char *key);
void config_value_fini(struct config_value *v);
int64_t config_size(const char *text); /* -1 if it is none */
/* The shortest exact form: "90s", "1h", "1w". */
void config_duration_text(char *buf, size_t size, int64_t seconds);

/* config_rule.c */
void config_rules_read(struct config_read *r, const config_setting_t *s);
void config_rules_check(struct config_read *r);
void config_rule_fini(struct config_rule *rule);
void config_when_fini(struct config_when *w);

/* config.c: every key of a group into `base`; unknown keys are told; missing ones get defaults. */
void config_group_read(struct config_read *r, enum config_section section, void *base,
		       const config_setting_t *group);

#endif
