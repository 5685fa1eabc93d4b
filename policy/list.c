/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "policy/list_reader.h"
#include "policy/list_value.h"

enum { FILE_MAX = 1 << 30, LINE_MAX_TEXT = 4096, BAD_ALLOWED = 2, BAD_PERCENT = 5 };

static const char *const type_names[LIST_TYPE_N] = {
	[LIST_ADDRESS] = "address", [LIST_ENDPOINT] = "endpoint", [LIST_DOMAIN] = "domain",
	[LIST_JA3] = "ja3",         [LIST_JA4] = "ja4",           [LIST_HASSH] = "hassh",
	[LIST_SERVICE] = "service",
};

const char *list_type_name(enum list_type t)
{
	return (unsigned int)t < LIST_TYPE_N ? type_names[t] : "unknown";
}

void list_reader_bad(struct list_reader *r, const char *why, const char *text, size_t len)
{
	struct list_stats *st = r->st;
	size_t n = 0;

	if (st->bad++)
		return;
	st->first_bad = r->line;
	for (; n < len && n < sizeof st->first_bad_text - 1; n++)
		st->first_bad_text[n] = text[n] >= ' ' && text[n] < 0x7f ? text[n] : '?';
	st->first_bad_text[n] = 0;
	snprintf(st->why, sizeof st->why, "%s", why);
}

int list_reader_wrong(struct list_reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->st->why, sizeof r->st->why, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int list_reader_value(struct list_reader *r, const char *text, size_t len)
{
	struct list_entry e = { .line = r->line };
	const char *why;
	int vet;

	if (list_value_read(&e, &why, r->type, r->buf, sizeof r->buf, text, len)) {
		list_reader_bad(r, why, text, len);
		return 0;
	}
	vet = list_value_vet(&e, &why);
	if (vet < 0) {
		list_reader_bad(r, why, text, len);
		return 0;
	}
	if (vet > 0) {
		r->st->skipped++;
		return 0;
	}
	r->st->good++;
	return r->fn ? r->fn(r->ctx, &e) : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* "1.2.3.4 - 1.2.3.9": the dash after a blank belongs to the value. */
static size_t value_end(const struct list_reader *r, const char *p, size_t len)
{
	size_t end = 0, at;

	while (end < len && !is_blank(p[end]))
		end++;
	if (r->type == LIST_DOMAIN || r->type == LIST_SERVICE)
		return len; /* a second word would be dropped in silence: refuse it */
	at = end;
	while (at < len && is_blank(p[at]))
		at++;
	if (r->type != LIST_ADDRESS || at == len || p[at] != '-')
		return end;
	for (at++; at < len && is_blank(p[at]); at++)
		;
	while (at < len && !is_blank(p[at]))
		at++;
	return at;
}

static int read_plain(struct list_reader *r, const char *p, size_t len)
{
	return list_reader_value(r, p, value_end(r, p, len));
}

/* The first column; abuse.ch's own header stands in a comment, others leave the # out. */
static int read_csv(struct list_reader *r, const char *p, size_t len)
{
	const char *comma = memchr(p, ',', len);
	size_t n = comma ? (size_t)(comma - p) : len;

	if (r->st->good + r->st->bad == 0 && n >= 7 &&
	    (memcmp(p, "ja3_md5", 7) == 0 || (n == 7 && memcmp(p, "ja3hash", 7) == 0)))
		return 0;
	if (n >= 2 && p[0] == '"' && p[n - 1] == '"') {
		p++;
		n -= 2;
	}
	while (n > 0 && is_blank(p[n - 1]))
		n--;
	return list_reader_value(r, p, n);
}

static int check_text(struct list_reader *r, const char *data, size_t len)
{
	size_t i = 0;

	if (len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
		return list_reader_wrong(r, "UTF-16 text: save it as UTF-8");
	if (len >= 2 && memcmp(data, "\x1f\x8b", 2) == 0)
		return list_reader_wrong(r, "compressed (gzip): unpack it");
	if (memchr(data, 0, len < LINE_MAX_TEXT ? len : LINE_MAX_TEXT))
		return list_reader_wrong(r, "not text");
	while (i < len && (is_blank(data[i]) || data[i] == '\n'))
		i++;
	if (i < len && data[i] == '<')
		return list_reader_wrong(r, "an HTML or XML page, not a list");
	return 0;
}

static int read_lines(struct list_reader *r, const char *p, size_t len,
		      int read(struct list_reader *, const char *, size_t), char comment)
{
	const char *end = p + len;
	int rc = check_text(r, p, len);

	while (rc == 0 && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end, *from = p, *to = p;

		r->line++;
		p = nl ? nl + 1 : end;
		while (to < stop && *to != '#' && *to != comment)
			to++;
		while (from < to && is_blank(*from))
			from++;
		while (to > from && is_blank(to[-1]))
			to--;
		len = (size_t)(to - from);
		if (len > LINE_MAX_TEXT)
			list_reader_bad(r, "line too long", from, len);
		else if (len > 0)
			rc = read(r, from, len);
	}
	return rc;
}

int list_parse(struct list_stats *st, enum list_type type, const char *format, const char *data,
	       size_t len, list_fn *fn, void *ctx)
{
	struct list_reader r = { .st = st, .type = type, .fn = fn, .ctx = ctx };

	memset(st, 0, sizeof *st);
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		len -= 3;
	}
	if (!format || strcmp(format, "plain") == 0)
		return read_lines(&r, data, len, read_plain, ';');
	if (strcmp(format, "sslbl") == 0) {
		if (type != LIST_JA3 && type != LIST_JA4)
			return list_reader_wrong(&r, "sslbl lists are of type ja3 or ja4");
		return read_lines(&r, data, len, read_csv, '#');
	}
	if (strcmp(format, "onionoo") == 0)
		return list_onionoo_read(&r, data, len);
	return list_reader_wrong(&r, "unknown format");
}

static int load_inline(struct list_stats *st, struct errs *e, const struct config *c,
		       const struct config_list *l, list_fn *fn, void *ctx)
{
	char buf[FACTS_NAME_MAX + 1];
	int rc = 0;

	for (size_t i = 0; i < l->entries.n && rc == 0; i++) {
		const char *text = l->entries.text[i], *why;
		struct list_entry x = { .line = (uint32_t)l->entries.line[i] };

		if (list_value_read(&x, &why, l->type, buf, sizeof buf, text, strlen(text))) {
			errs_add(e, c->file, l->entries.line[i], "list \"%s\": \"%.80s\": %s",
				 l->name, text, why);
			return -EINVAL;
		}
		st->good++;
		rc = fn ? fn(ctx, &x) : 0;
	}
	return rc;
}

static int read_all(char **data, size_t *len, int fd, size_t size)
{
	size_t got = 0;
	char *p = malloc(size + 1);

	if (!p)
		return -ENOMEM;
	while (got < size) {
		ssize_t n = read(fd, p + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int rc = -errno;

			free(p);
			return rc;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*data = p;
	*len = got;
	return 0;
}

/* The path of the list; lists_dir goes before a relative one. */
static char *full_path(const struct config *c, const struct config_list *l)
{
	char *path;

	if (l->path[0] == '/' || !c->lists_dir)
		return strdup(l->path);
	return asprintf(&path, "%s/%s", c->lists_dir, l->path) < 0 ? NULL : path;
}

static void check_age(struct errs *e, const struct config_list *l, const char *path, time_t mtime)
{
	time_t now = time(NULL);

	if (l->max_age && now > mtime && now - mtime > (time_t)l->max_age)
		errs_warn(e, path, 0, "list \"%s\" is %lld hours old, more than its max_age",
			  l->name, (long long)(now - mtime) / 3600);
}

static int read_file(char **data, size_t *len, struct errs *e, const struct config *c,
		     const struct config_list *l, const char *path)
{
	struct stat s = { 0 };
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT && l->optional) {
		errs_warn(e, c->file, l->line,
			  "list \"%s\": %s is not there yet: the list is empty", l->name, path);
		return 0;
	}
	if (fd < 0 || fstat(fd, &s))
		rc = -errno;
	else if (!S_ISREG(s.st_mode))
		rc = -EINVAL;
	else if (s.st_size > FILE_MAX)
		rc = -EFBIG;
	if (rc == 0) {
		check_age(e, l, path, s.st_mtime);
		rc = read_all(data, len, fd, (size_t)s.st_size);
	}
	if (rc < 0)
		errs_add(e, c->file, l->line, "list \"%s\": cannot read %s: %s", l->name, path,
			 rc == -EINVAL ? "not a plain file" : strerror(-rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Is what was read good enough to act on? */
static int judge(const struct list_stats *st, struct errs *e, const struct config_list *l,
		 const char *path)
{
	uint32_t all = st->good + st->bad + st->skipped;
	int line = st->first_bad > INT32_MAX ? 0 : (int)st->first_bad;
	bool json = strcmp(l->format ? l->format : "plain", "onionoo") == 0;

	if (st->skipped)
		errs_warn(e, path, 0, "list \"%s\": %u private addresses or nets skipped", l->name,
			  st->skipped);
	if (st->bad > BAD_ALLOWED && (uint64_t)st->bad * 100 > (uint64_t)all * BAD_PERCENT) {
		errs_add(e, path, json ? 0 : line,
			 "list \"%s\" refused: %u of %u entries are bad, first %s %d: \"%s\": %s",
			 l->name, st->bad, all, json ? "relay" : "line", line, st->first_bad_text,
			 st->why);
		return -EINVAL;
	}
	if (st->good == 0) {
		errs_add(e, path, json ? 0 : line, "list \"%s\" refused: no entries%s%s", l->name,
			 st->bad ? "; first bad: " : "", st->bad ? st->why : "");
		return -EINVAL;
	}
	if (st->bad)
		errs_warn(e, path, json ? 0 : line,
			  "list \"%s\": %u of %u entries are bad and left out: \"%s\": %s", l->name,
			  st->bad, all, st->first_bad_text, st->why);
	return 0;
}

int list_load(struct list_stats *st, struct errs *e, const struct config *c,
	      const struct config_list *l, list_fn *fn, void *ctx)
{
	char *path, *data = NULL;
	size_t len = 0;
	int rc;

	memset(st, 0, sizeof *st);
	if (!l->path)
		return load_inline(st, e, c, l, fn, ctx);
	path = full_path(c, l);
	if (!path) {
		errs_add(e, c->file, l->line, "list \"%s\": %s", l->name, strerror(ENOMEM));
		return -ENOMEM;
	}
	rc = read_file(&data, &len, e, c, l, path);
	if (rc < 0 || !data)
		goto out;
	rc = list_parse(st, l->type, l->format, data, len, fn, ctx);
	if (rc == -EINVAL && st->why[0] && !st->bad)
		errs_add(e, path, 0, "list \"%s\" refused: %s", l->name, st->why);
	else if (rc < 0)
		errs_add(e, path, 0, "list \"%s\": %s", l->name, strerror(-rc));
	else
		rc = judge(st, e, l, path);
out:
	free(data);
	free(path);
	return rc;
}
