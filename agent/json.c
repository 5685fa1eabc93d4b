/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void json_init(struct json *j, char *buf, size_t size)
{
	*j = (struct json){ .p = buf, .size = size };
}

static void json_put(struct json *j, const char *s, size_t n)
{
	if (j->full || n > j->size - j->n) {
		j->full = true;
		return;
	}
	memcpy(j->p + j->n, s, n);
	j->n += n;
}

static void json_puts(struct json *j, const char *s)
{
	json_put(j, s, strlen(s));
}

static void json_key(struct json *j, const char *key)
{
	if (j->comma)
		json_put(j, ",", 1);
	j->comma = true;
	if (!key)
		return;
	json_put(j, "\"", 1);
	json_puts(j, key);
	json_put(j, "\":", 2);
}

void json_open(struct json *j, const char *key, char bracket)
{
	json_key(j, key);
	json_put(j, &bracket, 1);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	json_put(j, &bracket, 1);
	j->comma = true;
}

/*
 * Bytes of the well-formed UTF-8 sequence at `s`, 0 if there is none (RFC 3629 section 4: the
 * second byte's range depends on the first).
 */
static size_t json_utf8(const uint8_t *s, size_t n)
{
	uint8_t lo = 0x80, hi = 0xbf, c = s[0];
	size_t len;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		lo = 0xa0;
	else if (c == 0xed)
		hi = 0x9f;
	else if (c == 0xf0)
		lo = 0x90;
	else if (c == 0xf4)
		hi = 0x8f;
	if (n < len || s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* C1 controls (U+0080..U+009f) steer some terminals: escaped like C0. */
static bool json_c1(const uint8_t *s, size_t len)
{
	return len == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

static void json_escaped(struct json *j, const uint8_t *s, size_t n)
{
	char esc[8];

	for (size_t i = 0, len; i < n; i += len ? len : 1) {
		len = json_utf8(s + i, n - i);
		if (!len) {
			json_puts(j, "\\ufffd");
		} else if (s[i] == '"' || s[i] == '\\') {
			json_put(j, "\\", 1);
			json_put(j, (const char *)s + i, 1);
		} else if (s[i] < 0x20 || s[i] == 0x7f || json_c1(s + i, len)) {
			snprintf(esc, sizeof(esc), "\\u%04x", s[i + len - 1]);
			json_puts(j, esc);
		} else {
			json_put(j, (const char *)s + i, len);
		}
	}
}

void json_bytes(struct json *j, const char *key, const void *value, size_t n)
{
	json_key(j, key);
	json_put(j, "\"", 1);
	json_escaped(j, value, n);
	json_put(j, "\"", 1);
}

void json_str(struct json *j, const char *key, const char *value)
{
	json_bytes(j, key, value, strlen(value));
}

void json_fmt(struct json *j, const char *key, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_str(j, key, text);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_key(j, key);
	json_puts(j, text);
}

void json_flag(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	json_puts(j, value ? "true" : "false");
}

void json_newline(struct json *j)
{
	json_put(j, "\n", 1);
	j->comma = false;
}
