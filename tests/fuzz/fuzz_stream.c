/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream against a model that has a flag per byte. Input: initial sequence number, then
 * segments {kind, start, length, fill}: fill 0 sends the true bytes of the stream, anything
 * else flips some.
 */
#include "agent/flow/stream.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct model {
	bool have[STREAM_BYTES];
	uint8_t byte[STREAM_BYTES];
	size_t top; /* nothing at or above */
};

static struct stream s;
static struct model m, before;

static void must(bool x)
{
	if (!x)
		abort();
}

static size_t pieces(void)
{
	size_t n = 0;

	for (size_t i = 0; i < m.top; i++)
		n += m.have[i] && (i == 0 || !m.have[i - 1]);
	return n;
}

/* Byte i of the segment lies at `at + i` of the stream, modulo 2^32. */
static enum stream_result model_push(uint32_t at, const uint8_t *b, size_t n)
{
	bool below = false, beyond = false, differ = false;

	if (n == 0)
		return STREAM_OK;
	before.top = m.top;
	memcpy(before.have, m.have, m.top);
	if (at > 1u << 30 && at < 1u << 31)
		return STREAM_OUTSIDE;
	for (size_t i = 0; i < n; i++) {
		uint32_t pos = at + (uint32_t)i;

		if (pos >= 1u << 31) {
			below = true;
		} else if (pos >= STREAM_BYTES) {
			beyond = true;
		} else if (m.have[pos]) {
			differ |= m.byte[pos] != b[i];
		} else {
			m.have[pos] = true;
			m.byte[pos] = b[i];
			if (pos >= m.top)
				m.top = pos + 1;
		}
	}
	if (pieces() > STREAM_HOLES) {
		memset(m.have, 0, m.top);
		memcpy(m.have, before.have, before.top);
		m.top = before.top;
		return STREAM_PIECES;
	}
	return differ ? STREAM_DIFFERS : below ? STREAM_OUTSIDE : beyond ? STREAM_FULL : STREAM_OK;
}

static void compare(void)
{
	struct slice got = stream_bytes(&s);
	size_t n = 0;
	bool gap = false;

	while (n < m.top && m.have[n])
		n++;
	for (size_t i = n; i < m.top; i++)
		gap |= m.have[i];
	must(got.n == n);
	must(n == 0 || memcmp(got.p, m.byte, n) == 0);
	must(stream_gap(&s) == gap);
	must(s.n_pieces == pieces());
	for (size_t i = 0; i < s.n_pieces; i++) {
		must(s.piece[i].from < s.piece[i].to && s.piece[i].to <= STREAM_BYTES);
		must(i == 0 || s.piece[i - 1].to < s.piece[i].from);
	}
}

/* Start of a segment: near 0, near the bound, at the ends of sequence space. */
static uint32_t start(uint8_t kind, uint16_t v)
{
	switch (kind & 7) {
	case 0:
	case 1:
	case 2:
		return v % 64;
	case 3:
		return v;
	case 4:
		return 0u - v % 300;
	case 5:
		return STREAM_BYTES - 100 + v % 200;
	case 6:
		return (1u << 30) - 100 + v % 200;
	default:
		return (1u << 31) - 100 + v % 200;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cur c = cur_of((struct slice){ data, len });
	uint32_t isn = cur_uint(&c, 4);

	stream_init(&s, isn);
	memset(m.have, 0, sizeof m.have);
	m.top = 0;
	for (int n = 0; n < 80 && cur_left(&c) >= 6; n++) {
		uint8_t kind = cur_u8(&c);
		uint32_t at = start(kind, cur_u16(&c));
		size_t size = cur_u16(&c) % (kind & 8 ? 20000u : 40u);
		uint8_t fill = cur_u8(&c);
		uint8_t *b = malloc(size ? size : 1);

		must(b != NULL);
		for (size_t i = 0; i < size; i++) {
			uint32_t pos = at + (uint32_t)i;

			b[i] = (uint8_t)(pos * 37 + (pos >> 8));
			if (fill && i % fill == 0)
				b[i] ^= fill;
		}
		must(stream_push(&s, isn + 1 + at, (struct slice){ b, size }) ==
		     model_push(at, b, size));
		free(b);
		compare();
	}
	return 0;
}
