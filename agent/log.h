/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Sentences about changes, for the operator: start, reload, a worker died, a list is stale.
 * Per-packet facts are counters and eve.json. The only global of the program. One line a
 * call, at most LOG_LINE bytes; bytes that are not printable ASCII come out as `?` (callers show
 * hostile text by log_printable()), so nothing can steer a terminal. log_open() is not
 * thread-safe, the rest is (one write a line).
 */
enum { LOG_LINE = 1024 };
enum log_level { LOG_LEVEL_ERR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * `role` stands before each line ("guard", "worker 0"; NULL: nothing); it is kept as a pointer.
 * With `syslog` lines go to syslog(3) (facility daemon), else to stderr, with the priority
 * prefix of sd-daemon(3) when JOURNAL_STREAM is set.
 */
void log_open(const char *role, enum log_level max, bool syslog);
/* A child that closes descriptors it does not know: the connection to syslog is given up first. */
void log_fork(const char *role);

void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Printable form of any bytes: ASCII 0x20..0x7e as they are (`\` doubled), the rest as \xNN. Always
 * NUL-terminated, cut with "..." when it does not fit. Returns `out`. size >= 4.
 */
const char *log_printable(char *out, size_t size, const void *bytes, size_t n);

#endif
