/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static struct {
	const char *role;
	enum log_level max;
	bool syslog, journal;
} log_to = { .max = LOG_LEVEL_INFO };

static const int log_priority[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_open(const char *role, enum log_level max, bool use_syslog)
{
	log_to.role = role;
	log_to.max = max;
	log_to.syslog = use_syslog;
	log_to.journal = getenv("JOURNAL_STREAM") != NULL;
	if (use_syslog)
		openlog("sluiced", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_fork(const char *role)
{
	log_to.role = role;
	if (log_to.syslog)
		closelog();
}

static size_t log_escape(char out[5], unsigned char c)
{
	if (c == '\\')
		memcpy(out, "\\\\", 3);
	else if (c >= 0x20 && c < 0x7f)
		snprintf(out, 5, "%c", c);
	else
		snprintf(out, 5, "\\x%02x", c);
	return strlen(out);
}

const char *log_printable(char *out, size_t size, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;
	size_t at = 0, dots = 0; /* dots: last place where "..." still fits */
	char one[5];

	for (size_t i = 0; i < n; i++) {
		size_t len = log_escape(one, b[i]);

		if (at + len >= size) {
			memcpy(out + dots, "...", 4);
			return out;
		}
		memcpy(out + at, one, len);
		at += len;
		if (at + 4 <= size)
			dots = at;
	}
	out[at] = '\0';
	return out;
}

/* Our own texts may hold non-ASCII or hostile bytes that a caller forgot: none gets out. */
static __attribute__((format(printf, 2, 0))) void log_line(enum log_level level, const char *fmt,
							   va_list ap)
{
	char text[LOG_LINE], line[LOG_LINE + 64];
	const char *role = log_to.role ? log_to.role : "";
	int n;

	if (level > log_to.max)
		return;
	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		return;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	if (log_to.syslog) {
		syslog(log_priority[level], "%s%s%s", role, *role ? ": " : "", text);
		return;
	}
	if (log_to.journal)
		n = snprintf(line, sizeof(line), "<%d>%s%s%s\n", log_priority[level], role,
			     *role ? ": " : "", text);
	else
		n = snprintf(line, sizeof(line), "sluiced: %s%s%s\n", role, *role ? ": " : "",
			     text);
	if (n >= (int)sizeof(line)) {
		n = (int)sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	/* nowhere to report a failure to report */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

#define LOG_AT(level)                                                                              \
	do {                                                                                       \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		log_line(level, fmt, ap);                                                          \
		va_end(ap);                                                                        \
	} while (0)

void log_err(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERR);
}

void log_warn(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_WARN);
}

void log_info(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void log_debug(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}
