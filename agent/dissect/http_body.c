/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/http.h"

#include <string.h>

/* LF and all before it. False: there is none. */
static bool take_line(struct cur *c, struct slice *line)
{
	struct slice rest = cur_rest(c);
	const uint8_t *lf = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;

	if (!lf)
		return false;
	*line = http_trim(cur_take(c, (size_t)(lf - rest.p) + 1));
	return true;
}

static int hex(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	b |= 0x20;
	return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

/* RFC 9112 section 7.1: size in hex, extensions behind ';'. False: it is no size. */
static bool chunk_size(uint64_t *size, struct slice line)
{
	struct cur c = cur_of(line);
	unsigned int digits = 0;

	*size = 0;
	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);
		int v = hex(b);

		if (v < 0)
			return digits && (b == ';' || b == ' ' || b == '\t');
		if (digits++ >= 15)
			return false;
		*size = *size << 4 | (uint64_t)v;
	}
	return digits;
}

static bool skip(struct cur *c, uint64_t n)
{
	if (n > cur_left(c))
		return false;
	cur_take(c, (size_t)n);
	return true;
}

/* Bytes behind the cursor when the chunks and their trailer are read; SIZE_MAX: no chunks. */
static size_t after_chunks(struct cur c)
{
	struct slice line;
	uint64_t size = 1;

	while (size) {
		if (!take_line(&c, &line))
			return 0;
		if (!chunk_size(&size, line))
			return SIZE_MAX;
		if (!size)
			break;
		if (!skip(&c, size) || !take_line(&c, &line))
			return 0;
		if (line.n)
			return SIZE_MAX;
	}
	do {
		if (!take_line(&c, &line))
			return 0;
	} while (line.n);
	return cur_left(&c);
}

size_t http_message(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct http_head h;
	size_t left;

	if (http_head(&h, bytes) != DISSECT_DONE)
		return 0;
	cur_take(&c, h.size);
	if (http_exact(h.method, "CONNECT"))
		return h.size;
	if (h.codings) {
		left = h.chunked ? after_chunks(c) : SIZE_MAX;
		return left == SIZE_MAX ? 0 : bytes.n - left;
	}
	return skip(&c, h.length) ? bytes.n - cur_left(&c) : bytes.n;
}
