/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A DTLS client: datagrams, each behind two bytes of length. With the first byte odd the rest is
 * one hello body instead, and comes in fragments of a size that the byte says, in one datagram and
 * in several: the facts must be those of the hello in one piece.
 */
#include "tests/fuzz/flow_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FRAGMENTS = 10 };

static void add_fragment(struct flow_input *in, struct slice body, size_t at, size_t n)
{
	struct cur c = cur_of(body);
	uint8_t len[2] = { (uint8_t)(body.n >> 8), (uint8_t)body.n };
	size_t all = n + 12;
	const uint8_t head[25] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(all >> 8),
				   (uint8_t)all, 1, 0, len[0], len[1], 0, 0, 0, (uint8_t)(at >> 8),
				   (uint8_t)at, 0, (uint8_t)(n >> 8), (uint8_t)n };

	flow_append(in, (struct slice){ head, sizeof head });
	cur_take(&c, at);
	flow_append(in, cur_take(&c, n));
}

static void split(struct flow_input *in, struct slice body, uint8_t how)
{
	size_t each = body.n / (1 + how / 2 % FRAGMENTS) + 1;

	in->n = 0;
	flow_next(in);
	for (size_t at = 0; at < body.n; at += each) {
		if (at && how & 0x80)
			flow_next(in);
		add_fragment(in, body, at, body.n - at < each ? body.n - at : each);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct flow_input in;
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t how = cur_u8(&c);
	struct slice all = cur_rest(&c);
	struct facts f, g;
	enum dissect_result r;

	in.n = 0;
	if (how & 1) {
		if (!all.n || all.n > 16000)
			return 0;
		split(&in, all, 0);
		r = flow_run(&f, &in, APP_DTLS, dtls_dissect);
		split(&in, all, how);
		must(flow_run(&g, &in, APP_DTLS, dtls_dissect) == r && r != DISSECT_NOT_MINE);
		must(flow_same(&f, &g, sizeof g));
		return 0;
	}
	while (cur_left(&c) && in.n < FLOW_DATAGRAMS) {
		size_t n = cur_u16(&c);

		flow_next(&in);
		flow_append(&in, cur_take(&c, n < cur_left(&c) ? n : cur_left(&c)));
	}
	if (in.n)
		flow_run(&f, &in, APP_DTLS, dtls_dissect);
	return 0;
}
