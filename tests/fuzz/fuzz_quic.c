/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QUIC client. First byte odd: the rest is datagrams, each behind two bytes of length. Even: the
 * rest is orders by which frames are written, sealed with the right keys and put into datagrams,
 * so that what is mutated is behind the tag.
 */
#include "tests/fuzz/flow_target.h"
#include "tests/unit/quic_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum order { RAW, CRYPTO, FRAMES, SEAL, NEXT, PAD, OTHER, HELLO, ORDERS };
enum { ROOM = 1400 };

struct sender {
	struct flow_input in;
	struct craft frames, packet;
	uint8_t hello[2000];
	size_t hello_n;
};

static void raw(struct flow_input *in, struct cur c)
{
	while (cur_left(&c) && in->n < FLOW_DATAGRAMS) {
		size_t n = cur_u16(&c);

		flow_next(in);
		flow_append(in, cur_take(&c, n < cur_left(&c) ? n : cur_left(&c)));
	}
}

static struct slice some(struct cur *c)
{
	size_t n = cur_u8(c);

	return cur_take(c, n < cur_left(c) ? n : cur_left(c));
}

static void seal(struct sender *s, struct cur *c)
{
	static const uint32_t versions[] = { 1, 1, 0x6b3343cf, 0xff00001d, 0xff000017, 1, 1, 1 };
	uint8_t how = cur_u8(c), number = cur_u8(c);
	struct build b = {
		.version = versions[how & 7],
		.number_n = (how >> 3 & 3) + 1,
		.bits = number & 0xc0 ? 0 : how & 0x0c,
		.number = number,
		.dcid = how & 0x20 ? BUILD("another") : BUILD("12345678"),
		.keys_from = BUILD("12345678"),
	};

	if (how & 0x40)
		b.token = some(c);
	if (how & 0x80)
		b.keys_from.p = NULL;
	s->packet.n = 0;
	build_initial(&s->packet, &b, (struct slice){ s->frames.b, s->frames.n });
	flow_append(&s->in, (struct slice){ s->packet.b, s->packet.n });
	s->frames.n = 0;
}

static void obey(struct sender *s, struct cur *c)
{
	struct slice t;
	size_t at, n;
	uint8_t what = cur_u8(c);

	switch (what % ORDERS) {
	case RAW:
		flow_append(&s->in, some(c));
		return;
	case CRYPTO:
		at = cur_u16(c) % (s->hello_n + 1);
		n = cur_u16(c) % (s->hello_n - at + 1);
		if (s->frames.n < ROOM)
			build_crypto(&s->frames, (struct slice){ s->hello, s->hello_n }, at, n);
		return;
	case FRAMES:
		t = some(c);
		if (s->frames.n < ROOM)
			craft_bytes(&s->frames, t.p, t.n);
		return;
	case SEAL:
		seal(s, c);
		return;
	case NEXT:
		flow_next(&s->in);
		return;
	case PAD:
		for (n = s->in.d[s->in.n - 1].n; n < 1200; n++)
			flow_append(&s->in, (struct slice){ (const uint8_t *)"", 1 });
		return;
	case OTHER:
		s->packet.n = 0;
		build_other(&s->packet, &(struct build){ .version = 1, .dcid = BUILD("12345678") },
			    cur_u8(c) & 3, 40);
		flow_append(&s->in, (struct slice){ s->packet.b, s->packet.n });
		return;
	default:
		n = cur_u16(c);
		t = cur_take(c, n < cur_left(c) ? n : cur_left(c));
		s->hello_n = t.n < sizeof s->hello ? t.n : sizeof s->hello;
		memcpy(s->hello, t.p, s->hello_n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct sender s;
	struct cur c = cur_of((struct slice){ data, len });
	struct facts f;

	s.in.n = s.frames.n = s.hello_n = 0;
	if (cur_u8(&c) & 1) {
		raw(&s.in, c);
	} else {
		flow_next(&s.in);
		while (cur_left(&c))
			obey(&s, &c);
	}
	if (s.in.n)
		flow_run(&f, &s.in, APP_QUIC, quic_dissect);
	return 0;
}
