/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUIC_TALK_H
#define QUIC_TALK_H

#include "tests/unit/quic_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* A QUIC client's datagrams, and what quic_dissect() says to them. */
enum { V1 = 1, V2 = 0x6b3343cf, GREASED = 0xbabababa, DATAGRAMS = 12 };

static const char cid_rfc[] = "\x83\x94\xc8\xf0\x3e\x51\x57\x08"; /* RFC 9001 appendix A */

CRAFT struct slice unhex(struct craft *c, const char *hex)
{
	c->n = 0;
	for (; *hex; hex += 2) {
		unsigned int v;

		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		craft_uint(c, v, 1);
	}
	return build_bytes(c->b, c->n);
}

/* The ClientHello of RFC 9001 appendix A.2. */
CRAFT struct slice rfc_hello(struct craft *c)
{
	return unhex(c, "010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69"
			"484c00000413011302010000c000000010000e00000b6578616d706c652e636f6dff0100"
			"0100000a00080006001d0017001800100007000504616c706e0005000501000000000033"
			"00260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994"
			"ec74d748002b0003020304000d0010000e0403050306030203080408050806002d000201"
			"01001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff080110"
			"0104800075300901100f088394c8f03e51570806048000ffff");
}

/* What a client sends, datagram by datagram. */
struct talk {
	struct craft d[DATAGRAMS];
	size_t n;
};

CRAFT struct craft *next(struct talk *t)
{
	assert_in_range(t->n, 0, DATAGRAMS - 1);
	t->d[t->n].n = 0;
	return &t->d[t->n++];
}

CRAFT enum dissect_result ask_upto(struct facts *f, const struct talk *t, size_t n)
{
	static struct craft before;
	struct slice bytes = craft_copy(t->d[n - 1].b, t->d[n - 1].n), b;
	enum dissect_result r;

	before.n = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		craft_uint(&before, t->d[i].n, 2);
		craft_bytes(&before, t->d[i].b, t->d[i].n);
	}
	b = craft_copy(before.b, before.n);
	memset(f, 0, sizeof *f);
	r = quic_dissect(f, NULL, bytes, b);
	free((void *)(uintptr_t)bytes.p);
	free((void *)(uintptr_t)b.p);
	assert_int_equal(f->known & f->absent, 0);
	if (r == DISSECT_NOT_MINE)
		assert_int_equal(f->known | f->absent | f->anomalies, 0);
	if (r == DISSECT_DONE || r == DISSECT_BAD || f->known) {
		assert_int_equal(facts_state(f, FACT_APP), FACT_KNOWN);
		assert_int_equal(f->app, APP_QUIC);
		assert_int_equal(facts_state(f, FACT_QUIC_VERSION), FACT_KNOWN);
	}
	if (r == DISSECT_MORE)
		assert_int_equal(f->known & ~(1u << FACT_APP | 1u << FACT_QUIC_VERSION), 0);
	return r;
}

/* As they come in: MORE until the last, and what comes behind changes nothing. */
CRAFT enum dissect_result ask(struct facts *f, struct talk *t)
{
	struct facts again;
	enum dissect_result r;

	for (size_t n = 1; n < t->n; n++)
		assert_int_equal(ask_upto(f, t, n), DISSECT_MORE);
	r = ask_upto(f, t, t->n);
	if (r != DISSECT_MORE && t->n < DATAGRAMS) {
		craft_fill(next(t), 0x45, 40);
		assert_int_equal(ask_upto(&again, t, t->n), r);
		assert_memory_equal(f, &again, sizeof again);
		t->n--;
	}
	return r;
}

CRAFT struct build plain_build(void)
{
	return (struct build){ .version = V1, .dcid = build_bytes(cid_rfc, 8), .min = 1200 };
}

/* One Initial in a datagram of its own. */
CRAFT void say(struct talk *t, const struct build *b, struct slice frames)
{
	build_initial(next(t), b, frames);
}

CRAFT void is_rfc(const struct facts *f, uint32_t version)
{
	assert_int_equal(f->quic_version, version);
	assert_int_equal(f->sni_len, 11);
	assert_memory_equal(f->sni, "example.com", 11);
	assert_int_equal(f->alpn_len, 5);
	assert_memory_equal(f->alpn, "\x04" "alpn", 5);
	assert_int_equal(f->tls_version, 0x0304);
	assert_memory_equal(f->ja4, "q13d0211an_", 11);
}

/* A datagram whose version nobody knows, of `n` bytes. */
CRAFT void say_strange(struct talk *t, uint32_t version, size_t n)
{
	struct build b = plain_build();
	struct craft *c = next(t);

	b.version = version;
	build_long(c, &b, 0);
	craft_fill(c, 0x99, n - c->n);
}

#endif
