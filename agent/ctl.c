/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sluice: the operator's tool. Everything it prints for people has passed ctl_text(). */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/control.h"
#include "agent/ipc.h"
#include "agent/log.h"
#include "agent/replay.h"
#include "policy/list.h"
#include "policy/policy.h"

enum { CTL_DONE, CTL_REFUSED, CTL_USAGE, CTL_NO_AGENT }; /* exit status */
enum { CTL_INSIDE = 64, CTL_WAIT = 120 };                /* seconds for an answer */

#define CTL_CONFIG "/etc/sluice/sluice.conf"
#define CTL_SOCKET "/run/sluice/control.sock"

struct ctl {
	const char *config, *socket;
	bool json, all;
	const char *inside[CTL_INSIDE];
	size_t n_inside;
	char **arg;
	int n_arg;
};

struct command {
	const char *name, *args, *help;
	int (*run)(struct ctl *c);
	int min, max;     /* arguments */
	const char *opts; /* letters of the options it takes besides -h and -V */
};

/* A value of an answer, fit for a terminal. Two of them may be used in one printf. */
static const char *ctl_text(const json_t *o, const char *key)
{
	static char ring[8][256];
	static unsigned int at;
	const json_t *v = json_object_get(o, key);
	char *buf = ring[at++ % 8];

	if (json_is_string(v))
		return log_printable(buf, 256, json_string_value(v), json_string_length(v));
	if (json_is_integer(v))
		snprintf(buf, 256, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		snprintf(buf, 256, "%.1f", json_real_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, 256, "%s", json_is_true(v) ? "yes" : "no");
	else
		snprintf(buf, 256, "-");
	return buf;
}

static json_int_t ctl_int(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* "2d 3h", "1h 4m", "25s": the two largest parts. */
static const char *ctl_time(char out[32], json_int_t s)
{
	if (s >= 86400)
		snprintf(out, 32, "%lldd %lldh", (long long)(s / 86400),
			 (long long)(s / 3600 % 24));
	else if (s >= 3600)
		snprintf(out, 32, "%lldh %lldm", (long long)(s / 3600), (long long)(s / 60 % 60));
	else if (s >= 60)
		snprintf(out, 32, "%lldm %llds", (long long)(s / 60), (long long)(s % 60));
	else
		snprintf(out, 32, "%llds", (long long)s);
	return out;
}

/* ---- talking to the agent ---- */

static int ctl_connect(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = CTL_WAIT };
	int fd, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int ctl_send(int fd, const json_t *req)
{
	char *text = json_dumps(req, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0, sent = 0;
	int rc = text ? 0 : -ENOMEM;

	if (text)
		text[len++] = '\n'; /* in place of the NUL */
	while (!rc && sent < len) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0)
			rc = -errno;
		else
			sent += (size_t)n;
	}
	free(text);
	return rc;
}

/* The answer's line; the caller frees. NULL with errno. */
static char *ctl_receive(int fd, size_t *len)
{
	size_t size = 1 << 16;
	char *buf = malloc(size), *more;
	ssize_t n;

	for (*len = 0; buf; *len += (size_t)n) {
		if (*len == size) {
			size *= 2;
			more = size <= 2 * (size_t)CONTROL_ANSWER ? realloc(buf, size) : NULL;
			if (!more)
				break;
			buf = more;
		}
		n = recv(fd, buf + *len, size - *len, 0);
		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0)
			break;
		if (buf[*len + (size_t)n - 1] == '\n') {
			*len += (size_t)n;
			return buf;
		}
	}
	free(buf);
	return NULL;
}

static json_t *ctl_talk(const struct ctl *c, const json_t *req)
{
	json_t *answer = NULL;
	char *line = NULL;
	size_t len;
	int fd = ctl_connect(c->socket), rc;

	if (fd < 0) {
		fprintf(stderr, "sluice: no agent at %s: %s\n", c->socket, strerror(-fd));
		if (fd == -EACCES)
			fprintf(stderr,
				"sluice: only root and members of the agent's group may ask\n");
		return NULL;
	}
	rc = ctl_send(fd, req);
	if (!rc) {
		line = ctl_receive(fd, &len);
		rc = line ? 0 : -errno;
	}
	close(fd);
	if (line)
		answer = json_loadb(line, len, 0, NULL);
	free(line);
	if (rc)
		fprintf(stderr, "sluice: the agent gave no answer: %s\n", strerror(-rc));
	else if (!answer)
		fprintf(stderr, "sluice: the agent's answer is no JSON\n");
	return answer;
}

/* One line for each text of an array. */
static void ctl_lines(FILE *to, const json_t *o, const char *key, const char *before)
{
	const json_t *a = json_object_get(o, key);
	char text[1024];

	for (size_t i = 0; i < json_array_size(a); i++) {
		const json_t *v = json_array_get(a, i);

		if (json_is_string(v))
			fprintf(to, "%s%s\n", before,
				log_printable(text, sizeof(text), json_string_value(v),
					      json_string_length(v)));
	}
}

/*
 * Asks and prints: as it came with --json, else by `print`. A refusal goes to stderr, its
 * errors one a line. Takes the reference of `req`.
 */
static int ctl_ask(const struct ctl *c, json_t *req, void (*print)(const json_t *answer))
{
	json_t *answer = req ? ctl_talk(c, req) : NULL;
	bool one = json_object_get(req, "address") != NULL;
	int rc = CTL_NO_AGENT;

	json_decref(req);
	if (!answer)
		return rc;
	rc = json_is_true(json_object_get(answer, "ok")) ? CTL_DONE : CTL_REFUSED;
	if (c->json) {
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if (rc == CTL_DONE) {
		print(answer);
		ctl_lines(stderr, answer, "warnings", "");
	} else {
		ctl_lines(stderr, answer, "errors", "");
		fprintf(stderr, "sluice: %s\n", ctl_text(answer, "error"));
	}
	if (one && !ctl_int(answer, "removed"))
		rc = CTL_REFUSED; /* not found */
	json_decref(answer);
	return rc;
}

/* ---- status ---- */

/* "  name  value" for every member of an object; zeroes are left out. */
static void ctl_members(const char *title, json_t *o)
{
	if (!json_is_object(o))
		return;
	printf("%s\n", title);
	for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
		const json_t *v = json_object_iter_value(it);

		if (json_is_integer(v) ? json_integer_value(v) != 0 : !json_is_object(v))
			printf("  %-20s %s\n", json_object_iter_key(it),
			       ctl_text(o, json_object_iter_key(it)));
	}
}

/* ", 3 blind (bad 1, full 2)"; a plain number has no parts. */
static void ctl_parts(const json_t *o, const char *name)
{
	json_t *parts = json_object_get(o, name);
	json_int_t sum = json_integer_value(parts), n;
	const char *before = " (";

	for (void *it = json_object_iter(parts); it; it = json_object_iter_next(parts, it))
		sum += json_integer_value(json_object_iter_value(it));
	printf(", %" JSON_INTEGER_FORMAT " %s", sum, name);
	for (void *it = json_object_iter(parts); it; it = json_object_iter_next(parts, it)) {
		n = json_integer_value(json_object_iter_value(it));
		if (!n)
			continue;
		printf("%s%s %" JSON_INTEGER_FORMAT, before, json_object_iter_key(it), n);
		before = ", ";
	}
	if (*before == ',')
		printf(")");
}

static void ctl_print_workers(const json_t *workers)
{
	for (size_t i = 0; i < json_array_size(workers); i++) {
		const json_t *w = json_array_get(workers, i);

		printf("worker     %zu: pid %s, cpu %s, %s packets, %s flows, %s restarts\n", i,
		       ctl_text(w, "pid"), ctl_text(w, "cpu"), ctl_text(w, "packets"),
		       ctl_text(w, "flows"), ctl_text(w, "restarts"));
	}
}

static void ctl_print_lists(const json_t *lists)
{
	char age[32];

	for (size_t i = 0; i < json_array_size(lists); i++) {
		const json_t *l = json_array_get(lists, i);

		printf("list       %s: %s entries, %s old%s\n", ctl_text(l, "name"),
		       ctl_text(l, "entries"), ctl_time(age, ctl_int(l, "age")),
		       json_is_true(json_object_get(l, "stale")) ? " (STALE)" : "");
	}
}

/* What following flows costs, and the most that it can come to. */
static void ctl_print_memory(const json_t *counters)
{
	if (json_is_object(counters))
		printf("flows      %s, %s being read; %" JSON_INTEGER_FORMAT " KiB of at most %"
		       JSON_INTEGER_FORMAT " KiB\n", ctl_text(counters, "table"),
		       ctl_text(counters, "probes"), ctl_int(counters, "memory") / 1024,
		       ctl_int(counters, "memory_max") / 1024);
}

static void ctl_print_status(const json_t *a)
{
	const json_t *caps = json_object_get(a, "caps");
	const json_t *acc = json_object_get(a, "accounting");
	char up[32];

	printf("sluice %s, mode %s, up %s\n", ctl_text(a, "version"), ctl_text(a, "mode"),
	       ctl_time(up, ctl_int(a, "uptime")));
	printf("policy     generation %s from %s\n", ctl_text(a, "generation"),
	       ctl_text(a, "config"));
	printf("kernel     queue %s, payload match %s, table owner %s, persist %s, refresh %s\n",
	       ctl_text(caps, "queue"), ctl_text(caps, "inner"), ctl_text(caps, "owner"),
	       ctl_text(caps, "persist"), ctl_text(caps, "refresh"));
	ctl_print_workers(json_object_get(a, "workers"));
	ctl_lines(stdout, a, "inside", "inside     ");
	if (!json_array_size(json_object_get(a, "inside")))
		printf("inside     no net: nothing is inspected\n");
	ctl_print_lists(json_object_get(a, "lists"));
	printf("entries    %s\n", ctl_text(a, "entries"));
	if (json_is_object(acc)) {
		printf("packets    %s queued =", ctl_text(acc, "queued"));
		printf(" %s inspected", ctl_text(acc, "inspected"));
		ctl_parts(acc, "blind");
		ctl_parts(acc, "dropped");
		printf("\n");
	}
	ctl_print_memory(json_object_get(a, "counters"));
	ctl_members("agent", json_object_get(a, "counters"));
	ctl_members("protocols", json_object_get(json_object_get(a, "counters"), "apps"));
	ctl_members("packets in the kernel", json_object_get(a, "kernel"));
}

static int ctl_status(struct ctl *c)
{
	return ctl_ask(c, json_pack("{s:s}", "cmd", "status"), ctl_print_status);
}

/* ---- list ---- */

enum { CTL_COLUMNS = 9 };

static const char *const ctl_heads[CTL_COLUMNS] = { "SET",     "SOURCE", "DESTINATION",
						    "SERVICE", "ACTION", "LEFT",
						    "RULE",    "REASON", "LIST" };

static void ctl_cells(char cell[CTL_COLUMNS][96], const json_t *e)
{
	static const char *const plain[CTL_COLUMNS] = { "set", "src",  "dst",    NULL, "action",
							NULL,  "rule", "reason", NULL };
	json_int_t port = ctl_int(e, "dport");
	char left[32];

	for (size_t i = 0; i < CTL_COLUMNS; i++)
		if (plain[i])
			snprintf(cell[i], 96, "%.95s", ctl_text(e, plain[i]));
	snprintf(cell[3], 96, "%.40s", ctl_text(e, "proto"));
	if (port)
		snprintf(cell[3], 96, "%.40s/%d", ctl_text(e, "proto"), (int)(port & 0xffff));
	snprintf(cell[5], 96, "%s", ctl_time(left, ctl_int(e, "remaining")));
	if (ctl_int(e, "line"))
		snprintf(cell[8], 96, "%.60s:%s", ctl_text(e, "list"), ctl_text(e, "line"));
	else
		snprintf(cell[8], 96, "%.60s", ctl_text(e, "list"));
}

static void ctl_row(char cell[CTL_COLUMNS][96], const int width[CTL_COLUMNS])
{
	for (size_t i = 0; i < CTL_COLUMNS; i++)
		printf("%-*s%s", i + 1 < CTL_COLUMNS ? width[i] : 0, *cell[i] ? cell[i] : "-",
		       i + 1 < CTL_COLUMNS ? "  " : "\n");
}

static void ctl_print_list(const json_t *a)
{
	const json_t *entries = json_object_get(a, "entries");
	size_t n = json_array_size(entries);
	char cell[CTL_COLUMNS][96];
	int width[CTL_COLUMNS];

	if (!n) {
		printf("No entries.\n");
		return;
	}
	for (size_t i = 0; i < CTL_COLUMNS; i++)
		width[i] = (int)strlen(ctl_heads[i]);
	for (size_t k = 0; k < n; k++) {
		ctl_cells(cell, json_array_get(entries, k));
		for (size_t i = 0; i < CTL_COLUMNS; i++)
			if ((int)strlen(cell[i]) > width[i])
				width[i] = (int)strlen(cell[i]);
	}
	for (size_t i = 0; i < CTL_COLUMNS; i++)
		snprintf(cell[i], 96, "%s", ctl_heads[i]);
	ctl_row(cell, width);
	for (size_t k = 0; k < n; k++) {
		ctl_cells(cell, json_array_get(entries, k));
		ctl_row(cell, width);
	}
}

static int ctl_list(struct ctl *c)
{
	return ctl_ask(c, json_pack("{s:s}", "cmd", "list"), ctl_print_list);
}

/* ---- commands that change something ---- */

static void ctl_print_removed(const json_t *a)
{
	json_int_t n = ctl_int(a, "removed");

	printf("%" JSON_INTEGER_FORMAT " entr%s removed\n", n, n == 1 ? "y" : "ies");
}

static int ctl_unblock(struct ctl *c)
{
	uint8_t addr[16];

	if (c->all == (c->n_arg == 1)) {
		fprintf(stderr, "usage: sluice unblock ADDRESS | --all\n");
		return CTL_USAGE;
	}
	if (c->all)
		return ctl_ask(c, json_pack("{s:s,s:b}", "cmd", "unblock", "all", 1),
			       ctl_print_removed);
	if (inet_pton(AF_INET, c->arg[0], addr) != 1 && inet_pton(AF_INET6, c->arg[0], addr) != 1) {
		fprintf(stderr, "sluice: \"%s\" is no address\n", c->arg[0]);
		return CTL_USAGE;
	}
	return ctl_ask(c, json_pack("{s:s,s:s}", "cmd", "unblock", "address", c->arg[0]),
		       ctl_print_removed);
}

static int ctl_flush(struct ctl *c)
{
	return ctl_ask(c, json_pack("{s:s}", "cmd", "flush"), ctl_print_removed);
}

static void ctl_print_reload(const json_t *a)
{
	printf("policy generation %s is in use\n", ctl_text(a, "generation"));
}

static int ctl_reload(struct ctl *c)
{
	return ctl_ask(c, json_pack("{s:s}", "cmd", "reload"), ctl_print_reload);
}

/* ---- commands without an agent ---- */

static void ctl_errors(const struct errs *e)
{
	for (size_t i = 0; i < e->n; i++) {
		char text[1024];
		const struct err *x = &e->e[i];

		log_printable(text, sizeof(text), x->text, strlen(x->text));
		if (x->line)
			fprintf(stderr, "%s:%d: %s%s\n", x->file, x->line,
				x->warning ? "warning: " : "", text);
		else
			fprintf(stderr, "%s: %s%s\n", x->file, x->warning ? "warning: " : "", text);
	}
	if (e->lost)
		fprintf(stderr, "and %zu more\n", e->lost);
}

static int ctl_count_entry(void *ctx, const struct list_entry *e)
{
	(void)e;
	++*(size_t *)ctx;
	return 0;
}

/* Entries of all lists, for the summary; what is wrong with them has been told before. */
static size_t ctl_entries(const struct config *conf)
{
	struct list_stats st;
	struct errs quiet;
	size_t n = 0;

	errs_init(&quiet);
	for (size_t i = 0; i < conf->n_lists; i++) {
		n += conf->list[i].entries.n;
		if (conf->list[i].path)
			(void)list_load(&st, &quiet, conf, &conf->list[i], ctl_count_entry, &n);
	}
	errs_fini(&quiet);
	return n;
}

static const struct policy *ctl_compile(struct errs *e, const struct config *conf, void *mem)
{
	struct arena a;

	if (mem == MAP_FAILED) {
		errs_add(e, conf->file, 0, "no memory for the policy: %s", strerror(errno));
		return NULL;
	}
	arena_init(&a, mem, IPC_SLOT_SIZE);
	return policy_compile(&a, e, conf, 1);
}

/* Errors, or warnings, as an array of "file:line: text". */
static json_t *ctl_errors_json(const struct errs *e, bool warnings)
{
	json_t *a = json_array();

	for (size_t i = 0; i < e->n; i++) {
		char text[1024], place[16] = "";
		const struct err *x = &e->e[i];

		if (x->warning != warnings)
			continue;
		if (x->line)
			snprintf(place, sizeof(place), ":%d", x->line);
		log_printable(text, sizeof(text), x->text, strlen(x->text));
		json_array_append_new(a, json_sprintf("%s%s: %s", x->file, place, text));
	}
	return a;
}

static void ctl_print_check(const struct ctl *c, const struct errs *e, const struct config *conf,
			    bool good)
{
	size_t entries = good ? ctl_entries(conf) : 0;
	json_t *o;

	if (!c->json) {
		ctl_errors(e);
		if (good)
			printf("OK: %zu rule%s, %zu list%s, %zu entries\n", conf->n_rules,
			       conf->n_rules == 1 ? "" : "s", conf->n_lists,
			       conf->n_lists == 1 ? "" : "s", entries);
		return;
	}
	o = json_pack("{s:b,s:o,s:o}", "ok", good, "errors", ctl_errors_json(e, false), "warnings",
		      ctl_errors_json(e, true));
	if (good)
		json_object_update_new(
			o, json_pack("{s:I,s:I,s:I}", "rules", (json_int_t)conf->n_rules, "lists",
				     (json_int_t)conf->n_lists, "entries", (json_int_t)entries));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(o);
}

static int ctl_check(struct ctl *c)
{
	struct config conf = { 0 };
	struct errs e;
	void *mem = mmap(NULL, IPC_SLOT_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool loaded, good;

	errs_init(&e);
	loaded = config_load(&conf, &e, c->config) == 0;
	good = loaded && ctl_compile(&e, &conf, mem) && !e.errors;
	ctl_print_check(c, &e, &conf, good);
	if (loaded)
		config_fini(&conf);
	errs_fini(&e);
	if (mem != MAP_FAILED)
		munmap(mem, IPC_SLOT_SIZE);
	return good ? CTL_DONE : CTL_REFUSED;
}

static int ctl_print(struct ctl *c)
{
	struct config conf;
	struct errs e;
	int rc = CTL_REFUSED;

	errs_init(&e);
	if (config_load(&conf, &e, c->config) == 0) {
		config_print(&conf, stdout);
		config_fini(&conf);
		rc = CTL_DONE;
	}
	ctl_errors(&e);
	errs_fini(&e);
	return rc;
}

static int ctl_manual(struct ctl *c)
{
	(void)c;
	config_manual(stdout);
	return CTL_DONE;
}

static int ctl_replay(struct ctl *c)
{
	struct replay_opts o = {
		.file = c->arg[0],
		.config = c->config,
		.inside = c->inside,
		.n_inside = c->n_inside,
		.json = c->json,
		.all = c->all,
	};

	return replay_run(&o, stdout, stderr) ? CTL_REFUSED : CTL_DONE;
}

/* ---- the command line ---- */

static const struct command ctl_commands[] = {
	{ "status", "", "what the agent is and does", ctl_status, 0, 0, "js" },
	{ "list", "", "blocked and watched endpoints, with reason and time left", ctl_list, 0, 0,
	  "js" },
	{ "unblock", "ADDRESS | --all", "take an address out of the sets", ctl_unblock, 0, 1,
	  "jsa" },
	{ "flush", "", "empty the sets", ctl_flush, 0, 0, "js" },
	{ "reload", "", "read config and lists again; tells what is wrong", ctl_reload, 0, 0,
	  "js" },
	{ "check", "[-c FILE]", "check config and lists without an agent", ctl_check, 0, 0, "jc" },
	{ "replay", "[-c FILE] [--all] [--inside NET]... FILE.pcap",
	  "what today's policy makes of a capture", ctl_replay, 1, 1, "jcai" },
	{ "print", "[-c FILE]", "the config with all defaults, as a config file", ctl_print, 0, 0,
	  "c" },
	{ "manual-keys", "", "the config keys as mdoc, for the manual", ctl_manual, 0, 0, "" },
};
enum { CTL_N = sizeof(ctl_commands) / sizeof(ctl_commands[0]) };

static int ctl_usage(FILE *to)
{
	fprintf(to, "usage: sluice [-s SOCKET] COMMAND [--json] ...\n\n");
	for (size_t i = 0; i < CTL_N; i++) {
		if (!strcmp(ctl_commands[i].name, "manual-keys"))
			continue; /* for building the manual, not for people */
		fprintf(to, "  %-8s %s\n", ctl_commands[i].name, ctl_commands[i].help);
		if (*ctl_commands[i].args)
			fprintf(to, "           sluice %s %s\n", ctl_commands[i].name,
				ctl_commands[i].args);
	}
	fprintf(to, "\n"
		    "  -c, --config FILE    config file (" CTL_CONFIG ")\n"
		    "  -s, --socket PATH    socket of the agent (" CTL_SOCKET ")\n"
		    "  -j, --json           one JSON object instead of text; replay: EVE records\n"
		    "  -h, --help           this text; -V, --version: the version\n\n"
		    "Exit status: 0 done, 1 refused or not found, 2 usage, 3 no agent.\n");
	return to == stdout ? CTL_DONE : CTL_USAGE;
}

static const struct command *ctl_find(const char *name)
{
	const char *names[CTL_N + 1] = { NULL }, *near;

	for (size_t i = 0; i < CTL_N; i++) {
		if (!strcmp(ctl_commands[i].name, name))
			return &ctl_commands[i];
		names[i] = ctl_commands[i].name;
	}
	near = errs_suggest(name, names);
	fprintf(stderr, "sluice: unknown command \"%s\"", name);
	fprintf(stderr, near ? ", did you mean \"%s\"?\n" : "; `sluice --help` tells them all\n",
		near);
	return NULL;
}

/* 0, or an exit status + 1. `used` gets the letters seen. */
static int ctl_options(struct ctl *c, char used[32], int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "inside", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "all", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	size_t n = 0;
	int o;

	while ((o = getopt_long(argc, argv, "c:s:i:jahV", longs, NULL)) != -1) {
		if (o == 'h')
			return ctl_usage(stdout) + 1;
		if (o == 'V') {
			printf("sluice %s\n", SLUICE_VERSION);
			return CTL_DONE + 1;
		}
		if (o == '?' || (o == 'i' && c->n_inside == CTL_INSIDE))
			return CTL_USAGE + 1;
		if (n < 31 && !strchr(used, o))
			used[n++] = (char)o;
		if (o == 'c')
			c->config = optarg;
		else if (o == 's')
			c->socket = optarg;
		else if (o == 'i')
			c->inside[c->n_inside++] = optarg;
		else if (o == 'j')
			c->json = true;
		else
			c->all = true;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct ctl c = { .config = CTL_CONFIG, .socket = CTL_SOCKET };
	const struct command *cmd;
	char used[32] = "";
	int rc = ctl_options(&c, used, argc, argv);

	if (rc)
		return rc - 1;
	if (optind == argc)
		return ctl_usage(stderr);
	cmd = ctl_find(argv[optind]);
	if (!cmd)
		return CTL_USAGE;
	c.arg = argv + optind + 1;
	c.n_arg = argc - optind - 1;
	for (const char *u = used; *u; u++)
		if (!strchr(cmd->opts, *u)) {
			fprintf(stderr, "sluice: %s takes no option -%c\n", cmd->name, *u);
			return CTL_USAGE;
		}
	if (c.n_arg < cmd->min || c.n_arg > cmd->max) {
		fprintf(stderr, "usage: sluice %s %s\n", cmd->name, cmd->args);
		return CTL_USAGE;
	}
	rc = cmd->run(&c);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "sluice: writing: %s\n", strerror(errno));
		return CTL_REFUSED;
	}
	return rc;
}
