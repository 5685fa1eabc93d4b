/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdio.h>

#include "policy/decision.h"
#include "policy/err.h"
#include "policy/facts.h"

/*
 * The config file (libconfig) as plain data on the heap: what the user wrote, checked for
 * keys, types and ranges, with defaults filled in. policy_compile() gives it meaning.
 * Durations are seconds, sizes bytes. Every struct remembers its line for later errors.
 */

enum mode { MODE_OBSERVE, MODE_ENFORCE };

/* Texts as the user wrote them: a value or a list of values. "@name" refers to a list. */
struct config_value {
	char **text;  /* each NUL-terminated */
	int *line;
	size_t n;
};

struct config_cond;

/* A `when` group: all conditions must hold. */
struct config_when {
	struct config_cond *cond;
	size_t n;
};

struct config_cond {
	char *key;		     /* "domain", "port", ...; "not" has `sub` instead of values */
	int line;
	struct config_value value;
	struct config_when sub;
};

struct config_rule {
	char *name;
	int line;
	struct config_when when;
	enum action action;	/* never NONE */
	enum scope block;	/* SCOPE_AUTO by default */
	uint32_t ttl;		/* `for`; 0 = the global default */
	uint16_t score;		/* action score only */
	uint8_t direction;	/* DIR_* bits; default DIR_OUT; "any" = OUT|IN|LOCAL */
	char *attack;		/* MITRE ATT&CK technique or NULL */
};

enum list_type { LIST_ADDRESS, LIST_ENDPOINT, LIST_DOMAIN, LIST_JA3, LIST_JA4, LIST_HASSH,
		 LIST_SERVICE, LIST_TYPE_N };

struct config_list {
	char *name;
	int line;
	enum list_type type;
	char *format;		/* "plain" (default), "sslbl", "onionoo" */
	char *path;		/* absolute, or below lists_dir; NULL: inline */
	struct config_value entries;
	uint32_t max_age;	/* older files are warned about; 0 = no limit */
	bool optional;		/* a missing file is an empty list and a warning */
};

struct config {
	char *file;		/* as opened */
	enum mode mode;
	bool default_drop;	/* default = "drop" */
	bool inside_auto;
	struct config_value inside; /* interfaces and nets, when not auto */
	struct config_value allow, never_block; /* addresses and nets */
	bool invalid_pass;
	bool router_traffic;
	bool dns;		/* DNS is seen message by message */
	uint32_t mark_mask;
	uint32_t ttl;		/* global `for`, default 1 h */
	uint32_t score_monitor, score_drop, score_ttl;
	struct {
		uint16_t first, count;	/* count 0 = one per CPU */
		uint32_t length;
		bool fail_open;
	} queue;
	struct {
		uint32_t bytes, packets, time; /* inspection budget; time in seconds */
		uint32_t flows, per_source;    /* flow table bounds, per worker */
		uint32_t entries_per_host;     /* quota of set entries */
	} limits;
	struct {
		char *file;
		bool flow, tls, http, dns, ssh, rdp; /* records besides alert, drop, stats */
		uint32_t stats;		/* seconds between stats records; 0 = none */
	} log;
	char *lists_dir;
	struct config_list *list;
	size_t n_lists;
	struct config_rule *rule;
	size_t n_rules;
};

/*
 * Reads `path`. 0, or -errno with all errors in `e` (a file that cannot be opened is an error
 * there too). On failure nothing is left in `c`.
 */
int config_load(struct config *c, struct errs *e, const char *path);
/* The same from text in memory; `name` stands for the file in errors. Fuzzed. */
int config_parse(struct config *c, struct errs *e, const char *name, const char *text);
void config_fini(struct config *c);

/* Writes `c` as a config file that reads back to the same `c` (print.c). */
void config_print(const struct config *c, FILE *to);
/* The table of keys as mdoc(7) items for the man page, made from the table that parses. */
void config_manual(FILE *to);

/* "10s", "5m", "1h", "2d", "1w" or a plain number of seconds: -1 if it is none. */
int64_t config_duration(const char *text);

#endif
