/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_H
#define CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The control socket: a unix stream socket, mode 0660, one JSON object a line each way. Who
 * speaks is known by SO_PEERCRED: root and the daemon's own user may do everything, others (the
 * socket's group) only look. A request is at most CONTROL_LINE bytes; a client that neither
 * finishes its request nor takes its answer within CONTROL_PATIENCE is dropped; at most
 * CONTROL_CLIENTS are served, and the one longest idle gives way to a new one.
 *
 * Request: {"cmd": "status"} and the arguments of the command beside it. Answer: {"ok": true, ...}
 * or {"ok": false, "error": "text", "errors": ["file:line: text", ...]}. Fields of the answers
 * (what is not known is left out; times in seconds, remaining and timeout too; `since` is
 * seconds since 1970):
 *
 * status   read-only. {version, mode: "observe"|"enforce", uptime, generation, config: path,
 *          loaded: time of the last good load (since 1970), user,
 *          caps: {queue: "native"|"compat", inner, owner, persist, refresh: bool},
 *          workers: [{pid, cpu, restarts, packets, flows, ...}],
 *          counters: {name of struct event_counts' field: sum, ..., entries_refused,
 *          entries_evicted},
 *          kernel: {name of nft_counter_name(): packets, ...},
 *          accounting: {queued, inspected, blind: {reason: n}, dropped: {reason: n}},
 *          entries: n, inside: ["net", ...], lists: [{name, entries, age, stale: bool}],
 *          warnings: ["text", ...]}
 * list     read-only. {entries: [{set, src, dst, proto: "tcp", sport, dport,
 *          action: "drop"|"reject"|"monitor", remaining, timeout, rule, reason, list, line,
 *          attack, hits, since, adopted: bool}]}
 * unblock  {"address": "192.0.2.1"} or {"all": true}. {removed: n}
 * flush    {removed: n}
 * reload   {generation, warnings: ["file:line: text", ...]}; refused: `errors`
 */
enum {
	CONTROL_LINE = 4096,
	CONTROL_ANSWER = 64 << 20, /* bytes of an answer at most */
	CONTROL_CLIENTS = 16,
	CONTROL_PATIENCE = 10000, /* ms */
	CONTROL_IDLE = 60000,	  /* ms */
};

struct control;

/* What a command says about itself: for control_fn's return. */
enum { CONTROL_LATER = 1 }; /* the answer comes by control_answer() */

/*
 * One request. `req` is the whole object (borrowed), `client` the handle for a later answer, never
 * 0. May set *answer to a new reference of an object: its fields go beside "ok". Returns 0 (ok),
 * CONTROL_LATER, or -errno (ok: false; "error" is the answer's, or the errno in words; -ENOSYS:
 * unknown command).
 */
typedef int control_fn(void *ctx, uint64_t client, const char *cmd, const json_t *req,
		       json_t **answer);

/*
 * Binds and listens: a listening fd (non-blocking, close-on-exec) or -errno. A stale socket file is
 * replaced; -EADDRINUSE if somebody listens there, -EEXIST if it is another kind of file.
 */
int control_listen(const char *path);

/* Takes `listen_fd` over. `own` is the uid that may do everything besides root. NULL: no memory. */
struct control *control_new(int listen_fd, uid_t own, control_fn *fn, void *ctx);
void control_free(struct control *c); /* does not unlink the path */

/* An epoll fd: readable when control_handle() has work. For the clerk's own loop. */
int control_fd(const struct control *c);
/* Serves all that is ready and drops who is too slow; call it at least once a second. */
void control_handle(struct control *c, uint64_t now);

/*
 * The answer to a CONTROL_LATER: `code` 0 or -errno, `answer` as in control_fn (the reference is
 * taken). Ignored if the client is gone.
 */
void control_answer(struct control *c, uint64_t client, int code, json_t *answer);

/* The request parser: a new reference, or NULL and a text in `err`. *cmd is borrowed from it. */
json_t *control_parse(const char **cmd, char *err, size_t err_size, const char *line, size_t len);

/* May a client that only looks say this? */
bool control_readonly(const char *cmd);

#endif
