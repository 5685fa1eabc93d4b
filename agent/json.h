/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * JSON (RFC 8259) into a caller's buffer, no allocation. Sticky: what does not fit sets
 * `full` and all later calls write nothing, so a record is written straight down and tested
 * once. Keys are the program's own text and are not escaped; values are hostile and always are:
 * control bytes and 0x7f as \u00NN, invalid UTF-8 (RFC 3629: overlong, surrogates, above
 * U+10FFFF) as \ufffd, one for each bad byte. `key` is NULL inside arrays.
 */
struct json {
	char *p;
	size_t n, size;
	bool full;
	bool comma;	/* the next value needs one */
};

void json_init(struct json *j, char *buf, size_t size);
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);		       /* '}' or ']' */
void json_str(struct json *j, const char *key, const char *value); /* NUL-terminated */
void json_bytes(struct json *j, const char *key, const void *value, size_t n);
void json_fmt(struct json *j, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4))); /* at most 255 bytes of text */
void json_u64(struct json *j, const char *key, uint64_t value);
void json_flag(struct json *j, const char *key, bool value);
void json_newline(struct json *j);

#endif
