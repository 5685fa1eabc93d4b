/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "agent/dissect/http.h"
#include "agent/scan_path.h"

enum { LINE_MAX = 1024, SIZE_DIGITS = 15 };

/*
 * Head and body by its length (RFC 9112 section 6.3; given twice, the first counts). Of a chunked
 * body the head alone: then the next place is a chunk. All there is if nobody can tell.
 */
size_t scan_http(struct scan_way *w, struct slice bytes)
{
	struct http_head h;

	w->place = SCAN_NEXT;
	if (http_head(&h, bytes) != DISSECT_DONE)
		return bytes.n;
	if (http_exact(h.method, "CONNECT")) {
		w->place = SCAN_START;
		return h.size;
	}
	if (h.chunked) {
		w->place = SCAN_CHUNK;
		return h.size;
	}
	if (h.codings)
		return bytes.n;
	return h.length > SIZE_MAX - h.size ? SIZE_MAX : h.size + (size_t)h.length;
}

static int hex(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	b |= 0x20;
	return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

/* The size in hex before what else stands in the line (RFC 9112 section 7.1). */
static bool chunk_size(uint64_t *size, struct slice line)
{
	struct cur c = cur_of(line);
	unsigned int digits = 0;
	int v;

	for (*size = 0; (v = hex(cur_u8(&c))) >= 0; digits++)
		*size = *size << 4 | (uint64_t)v;
	return digits && digits <= SIZE_DIGITS;
}

size_t scan_chunk(struct scan_way *w, struct slice bytes)
{
	const uint8_t *lf = memchr(bytes.p, '\n', bytes.n);
	struct slice line = { bytes.p, lf ? (size_t)(lf - bytes.p) + 1 : 0 };
	uint64_t size;

	if (!lf && bytes.n < LINE_MAX)
		return 0;
	if (w->place == SCAN_TRAILER) {
		if (!lf || http_trim(line).n == 0)
			w->place = SCAN_NEXT;
		return lf ? line.n : bytes.n;
	}
	if (!lf || !chunk_size(&size, line)) {
		w->place = SCAN_NEXT;
		return bytes.n;
	}
	if (!size)
		w->place = SCAN_TRAILER;
	/* behind a chunk's bytes stands a line end */
	return size ? (size_t)size + line.n + 2 : line.n;
}
