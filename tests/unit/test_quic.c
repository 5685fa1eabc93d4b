/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/quic_talk.h"

static void equals(const uint8_t *p, size_t n, const char *hex)
{
	static struct craft c;
	struct slice want = unhex(&c, hex);

	assert_int_equal(want.n, n);
	assert_memory_equal(p, want.p, n);
}

/* RFC 9001 appendix A.1; RFC 9369 appendix A.1 */
static void keys(void **state)
{
	struct quic_keys k;
	struct slice cid = build_bytes(cid_rfc, 8);

	(void)state;
	quic_client_keys(&k, quic_suite(V1), cid);
	equals(k.key, 16, "1f369613dd76d5467730efcbe3b1a22d");
	equals(k.iv, 12, "fa044b2f42a3fd3b46fb255c");
	equals(k.hp, 16, "9f50449e04a0e810283a1e9933adedd2");
	quic_client_keys(&k, quic_suite(V2), cid);
	equals(k.key, 16, "8b1a0bc121284290a29e0971b5cd045d");
	equals(k.iv, 12, "91f73e2351d8fa91660e909f");
	equals(k.hp, 16, "45b95e15235d6f45a6b19cbcb0294ba9");
}

/* RFC 9001 appendix A.2; RFC 9369 appendix A.2: header, sample and tag as printed there */
static void vectors(void **state)
{
	static const struct {
		uint32_t version;
		const char *head, *sample, *tag;
	} v[] = {
		{ V1, "c000000001088394c8f03e5157080000449e7b9aec34",
		  "d1b1c98dd7689fb8ec11d242b123dc9b", "e221af44860018ab0856972e194cd934" },
		{ V2, "d76b3343cf088394c8f03e5157080000449ea0c95e82",
		  "ffe67b6abcdb4298b485dd04de806071", "a18b2faa745b6fe189cf772a9f84cbfc" },
	};
	static struct craft hello, frames;
	static struct talk t;
	struct facts f;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct build b = plain_build();
		struct slice msg = rfc_hello(&hello);

		b.version = v[i].version;
		b.number = 2;
		b.number_n = 4;
		frames.n = t.n = 0;
		build_crypto(&frames, msg, 0, msg.n);
		craft_fill(&frames, 0, 1162 - frames.n);
		say(&t, &b, build_bytes(frames.b, frames.n));
		assert_int_equal(t.d[0].n, 1200);
		equals(t.d[0].b, 22, v[i].head);
		equals(t.d[0].b + 22, 16, v[i].sample);
		equals(t.d[0].b + 1184, 16, v[i].tag);
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
		assert_int_equal(f.anomalies, 0);
		is_rfc(&f, v[i].version);
	}
}

/* order[] is the next permutation; false after the last. */
static bool permute(uint8_t *order, size_t n)
{
	size_t i = n - 1, j = n - 1;
	uint8_t x;

	while (i > 0 && order[i - 1] >= order[i])
		i--;
	if (i == 0)
		return false;
	while (order[j] <= order[i - 1])
		j--;
	x = order[i - 1], order[i - 1] = order[j], order[j] = x;
	for (j = n - 1; i < j; i++, j--)
		x = order[i], order[i] = order[j], order[j] = x;
	return true;
}

enum layout { ONE_INITIAL, ONE_DATAGRAM, ONE_EACH };

/* The five parts of the hello, part i from cut[i] to cut[i + 1], in the order given. */
static void parts(struct talk *t, struct slice msg, const size_t cut[6], const uint8_t order[5],
		  enum layout layout)
{
	static struct craft frames;
	struct build b = plain_build();

	t->n = 0;
	frames.n = 0;
	if (layout == ONE_DATAGRAM) {
		next(t);
		b.min = 0;
	}
	for (size_t i = 0; i < 5; i++) {
		size_t at = cut[order[i]], n = cut[order[i] + 1] - at;

		craft_fill(&frames, i & 1, 3); /* PADDING, PING */
		build_crypto(&frames, msg, at, n);
		b.number = i;
		if (layout == ONE_INITIAL && i < 4)
			continue;
		if (layout == ONE_DATAGRAM)
			build_initial(&t->d[0], &b, build_bytes(frames.b, frames.n));
		else
			say(t, &b, build_bytes(frames.b, frames.n));
		frames.n = 0;
	}
	if (layout == ONE_DATAGRAM)
		craft_fill(&t->d[0], 0, 1200 - t->d[0].n);
}

static void five_parts(void **state)
{
	static const size_t cuts[][6] = {
		{ 0, 1, 2, 3, 4, 241 },	      { 0, 50, 100, 150, 200, 241 },
		{ 0, 60, 62, 66, 70, 241 },   { 0, 4, 61, 65, 240, 241 },
		{ 0, 237, 238, 239, 240, 241 },
	};
	static struct craft hello;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct facts f, whole = { 0 };
	size_t n = 0;

	(void)state;
	assert_int_equal(msg.n, 241);
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		uint8_t order[5] = { 0, 1, 2, 3, 4 };

		do {
			for (enum layout l = ONE_INITIAL; l <= ONE_EACH; l++) {
				parts(&t, msg, cuts[i], order, l);
				assert_int_equal(ask(&f, &t), DISSECT_DONE);
				assert_int_equal(f.anomalies, 0);
				is_rfc(&f, V1);
				if (!n++)
					whole = f;
				assert_memory_equal(&f, &whole, sizeof f);
			}
		} while (permute(order, 5));
	}
	assert_int_equal(n, 5 * 120 * 3);
}

/* Every cut into two; the second alone first. */
static void two_parts(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	for (size_t cut = 1; cut < msg.n; cut++) {
		t.n = 0;
		frames.n = 0;
		build_crypto(&frames, msg, cut, msg.n - cut);
		say(&t, &b, build_bytes(frames.b, frames.n));
		frames.n = 0;
		build_crypto(&frames, msg, 0, cut);
		say(&t, &b, build_bytes(frames.b, frames.n));
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
		is_rfc(&f, V1);
	}
}

static void overlaps(void **state)
{
	static struct craft hello, other, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello), liar;
	struct build b = plain_build();
	struct facts f;

	(void)state;
	liar = rfc_hello(&other);
	other.b[61] ^= 1; /* in the name */
	for (int where = 0; where < 3; where++)
		for (int differ = 0; differ < 2; differ++) {
			t.n = 0;
			frames.n = 0;
			build_crypto(&frames, differ ? liar : msg, 20, 100);
			if (where == 2) {
				say(&t, &b, build_bytes(frames.b, frames.n));
				frames.n = 0;
			} else if (where == 1) {
				b.min = 0;
				build_initial(next(&t), &b, build_bytes(frames.b, frames.n));
				b.min = 1200;
				frames.n = 0;
			}
			build_crypto(&frames, msg, 10, 90);
			build_crypto(&frames, msg, 90, msg.n - 90);
			build_crypto(&frames, msg, 0, 30);
			if (where == 1)
				build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
			else
				say(&t, &b, build_bytes(frames.b, frames.n));
			assert_int_equal(ask(&f, &t), differ ? DISSECT_BAD : DISSECT_DONE);
			assert_int_equal(f.anomalies, differ ? ANOM_OVERLAP | ANOM_QUIC_BAD : 0);
			if (!differ)
				is_rfc(&f, V1);
		}
	/* an Initial behind a hello that is whole counts if it is in the same datagram */
	t.n = frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	build_initial(next(&t), &b, build_bytes(frames.b, frames.n));
	frames.n = 0;
	build_crypto(&frames, liar, 0, msg.n);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask_upto(&f, &t, 2), DISSECT_DONE);
	t.n = 1;
	build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	assert_int_equal(f.anomalies, ANOM_OVERLAP | ANOM_QUIC_BAD);
}

static void coalesced(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	for (int what = 0; what < 6; what++) {
		t.n = frames.n = 0;
		b.min = 700;
		build_crypto(&frames, msg, 0, msg.n);
		struct craft *c = next(&t);
		if (what == 5)
			build_other(c, &b, QUIC_0RTT, 100);
		build_initial(c, &b, build_bytes(frames.b, frames.n));
		if (what == 0)
			build_other(c, &b, QUIC_0RTT, 500);
		if (what == 1)
			build_other(c, &b, QUIC_HANDSHAKE, 500);
		if (what == 2)
			craft_fill(c, 0x41, 500); /* short header */
		if (what == 3)
			craft_fill(c, 0xc3, 500);
		if (what == 4) { /* an Initial that does not open */
			size_t at = c->n;

			build_initial(c, &b, build_bytes(frames.b, frames.n));
			c->b[at + 100] ^= 1;
		}
		if (c->n < 1200)
			craft_fill(c, 0, 1200 - c->n);
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
		assert_int_equal(f.anomalies, 0);
		is_rfc(&f, V1);
	}
	/* hello in two Initials of one datagram with other packets around */
	t.n = frames.n = 0;
	b.min = 0;
	build_crypto(&frames, msg, 100, msg.n - 100);
	build_initial(next(&t), &b, build_bytes(frames.b, frames.n));
	build_other(&t.d[0], &b, QUIC_0RTT, 500);
	frames.n = 0;
	b.min = 500;
	b.number = 1;
	build_crypto(&frames, msg, 0, 100);
	build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	is_rfc(&f, V1);
	/* one that is for another connection does not belong there (RFC 9000 section 12.2) */
	b.dcid = BUILD("another!");
	build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE); /* with its keys: is thrown away */
	b.keys_from = build_bytes(cid_rfc, 8);
	build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	assert_int_equal(f.anomalies, ANOM_QUIC_BAD);
	/* the first does not open, but what is behind it does */
	b = plain_build();
	b.min = 600;
	t.n = frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	build_initial(next(&t), &b, build_bytes(frames.b, frames.n));
	t.d[0].b[500] ^= 1;
	build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
	is_rfc(&f, V1);
	t.d[0].b[t.d[0].n - 1] ^= 1;
	build_other(&t.d[0], &b, QUIC_0RTT, 100);
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	b.version = V2; /* nothing of it depends on the packet before */
	build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	is_rfc(&f, V2);
	b.version = V1;
	/* a Retry has no length: the datagram ends with it */
	t.n = 0;
	build_long(next(&t), &b, QUIC_RETRY);
	craft_uint(&t.d[0], 0, 1);
	build_initial(&t.d[0], &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
}

static void other_frames(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;
	size_t ends[6];

	(void)state;
	t.n = frames.n = 0;
	build_crypto(&frames, msg, 0, 7);
	ends[0] = frames.n;
	craft_uint(&frames, 0x02, 1); /* ACK of 3 ranges */
	build_int(&frames, 100);
	build_int(&frames, 1000000);
	build_int(&frames, 3);
	for (int i = 0; i < 7; i++)
		build_int(&frames, 5);
	ends[1] = frames.n;
	craft_uint(&frames, 0x03, 1); /* with ECN counts */
	build_int(&frames, 1ull << 40);
	build_int(&frames, 0);
	build_int(&frames, 0);
	build_int(&frames, 0);
	for (int i = 0; i < 3; i++)
		build_int(&frames, 20000);
	ends[2] = frames.n;
	craft_uint(&frames, 0x1c, 1); /* CONNECTION_CLOSE with 400 bytes of reason */
	build_int(&frames, 0x10a);
	build_int(&frames, 6);
	build_int(&frames, 400);
	craft_fill(&frames, 0x06, 400);
	ends[3] = frames.n;
	craft_uint(&frames, 0x060000, 3); /* CRYPTO without a byte */
	ends[4] = frames.n;
	build_crypto(&frames, msg, 7, msg.n - 7);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
	is_rfc(&f, V1);
	/* cut anywhere, the packet breaks off inside a frame, or between two */
	b.min = 0;
	for (size_t n = 1, i = 0; n < frames.n; n++) {
		bool inside = n != ends[i];
		struct slice cut = build_bytes(frames.b, n);

		t.n = 0;
		build_initial(next(&t), &b, cut);
		if (n < 3) { /* shorter than what header protection needs */
			assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
			continue;
		}
		craft_fill(&t.d[0], 0, 1200);
		assert_int_equal(ask(&f, &t), inside ? DISSECT_BAD : DISSECT_MORE);
		assert_int_equal(f.anomalies, inside ? ANOM_QUIC_BAD : 0);
		i += !inside;
	}
}

static enum dissect_result ask_frames(struct facts *f, const void *p, size_t n, uint8_t bits)
{
	static struct talk t;
	struct build b = plain_build();

	b.min = 0;
	b.number_n = 4;
	b.bits = bits;
	t.n = 0;
	build_initial(next(&t), &b, build_bytes(p, n));
	craft_fill(&t.d[0], 0, 1200);
	return ask(f, &t);
}
#define ASK(f, b) ask_frames(f, b, sizeof(b) - 1, 0)

static void broken(void **state)
{
	static struct craft c;
	struct facts f;

	(void)state;
	assert_int_equal(ASK(&f, "\x01\x00\x00\x00"), DISSECT_MORE);
	assert_int_equal(ask_frames(&f, "\x01\x00\x00\x00", 4, 0x04), DISSECT_BAD); /* reserved */
	assert_int_equal(ask_frames(&f, "\x01\x00\x00\x00", 4, 0x08), DISSECT_BAD);
	assert_int_equal(ask_frames(&f, "\x01\x00\x00\x00", 4, 0x20), DISSECT_NOT_MINE); /* type */
	assert_int_equal(ASK(&f, ""), DISSECT_BAD); /* no frame */
	assert_int_equal(f.anomalies, ANOM_QUIC_BAD);
	for (int type = 0; type < 256; type++) {
		uint8_t b[40] = { (uint8_t)type };
		bool may = type <= 3 || type == 6 || type == 0x1c;

		assert_int_equal(ask_frames(&f, b, sizeof b, 0), may ? DISSECT_MORE : DISSECT_BAD);
		assert_int_equal(f.anomalies, may ? 0 : ANOM_QUIC_BAD);
	}
	assert_int_equal(ASK(&f, "\x40\x01\x00\x00"), DISSECT_BAD); /* PING in two bytes */
	assert_int_equal(ASK(&f, "\x06\x00\x01\x01"), DISSECT_MORE);
	assert_int_equal(ASK(&f, "\x06\x00\x01\x02"), DISSECT_BAD); /* no ClientHello */
	assert_int_equal(ASK(&f, "\x06\x00\x04\x01\x00\x3f\xfc"), DISSECT_MORE);
	assert_int_equal(ASK(&f, "\x06\x00\x04\x01\x00\x3f\xfd"), DISSECT_BAD); /* above 16 KiB */
	assert_int_equal(ASK(&f, "\x06\x7f\xff\x01\x09"), DISSECT_MORE); /* the last byte of it */
	assert_int_equal(ASK(&f, "\x06\x7f\xff\x02\x09\x09"), DISSECT_BAD);
	assert_int_equal(ASK(&f, "\x06\x80\x00\x40\x00\x01\x09"), DISSECT_BAD);
	assert_int_equal(ASK(&f, "\x06\xff\xff\xff\xff\xff\xff\xff\xff\x01\x09"), DISSECT_BAD);
	assert_int_equal(ASK(&f, "\x06\x01\xff\xff\xff\xff\xff\xff\xff\xff\x09"), DISSECT_BAD);
	assert_int_equal(f.anomalies, ANOM_QUIC_BAD);
	/* a hello that breaks TLS: the two bytes behind an empty body are missing */
	assert_int_equal(ASK(&f, "\x06\x00\x04\x01\x00\x00\x00"), DISSECT_BAD);
	assert_int_equal(f.anomalies, ANOM_TLS_BAD);
	/* 64 islands, 65 islands */
	for (int n = 64; n <= 65; n++) {
		c.n = 0;
		for (int i = 0; i < n; i++) {
			craft_uint(&c, 6, 1);
			build_int(&c, 10 + 2 * (uint64_t)i);
			craft_uint(&c, 0x0155, 2);
		}
		assert_int_equal(ask_frames(&f, c.b, c.n, 0), n == 64 ? DISSECT_MORE : DISSECT_BAD);
	}
}

static void ids(void **state)
{
	static const char cid[] = "0123456789abcdefghijk";
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct facts f;

	(void)state;
	frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	for (size_t d = 0; d <= 21; d++)
		for (size_t s = 0; s <= 21; s++) {
			struct build b = plain_build();

			b.dcid = build_bytes(cid, d);
			b.scid = build_bytes(cid, s);
			t.n = 0;
			say(&t, &b, build_bytes(frames.b, frames.n));
			assert_int_equal(ask(&f, &t),
					 d <= 20 && s <= 20 ? DISSECT_DONE : DISSECT_NOT_MINE);
		}
}

static void tokens_and_numbers(void **state)
{
	static const size_t tokens[] = { 0, 1, 16, 63, 64, 232, 257, 900, 16383, 16384, 30000 };
	static struct craft hello, frames, token;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	frames.n = token.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	craft_fill(&token, 0xa5, 30000);
	for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
		for (b.number_n = 1; b.number_n <= 4; b.number_n++)
			for (size_t d = 0; d <= 20; d++) { /* the header ends anywhere */
				b.token = build_bytes(token.b, tokens[i]);
				b.dcid = build_bytes(token.b, d);
				t.n = 0;
				say(&t, &b, build_bytes(frames.b, frames.n));
				assert_int_equal(ask(&f, &t), DISSECT_DONE);
				is_rfc(&f, V1);
			}
	/* RFC 9000 appendix A.3: 0xa82f30ea, then 0xa82f9b32 sent as 0x9b32 */
	b = plain_build();
	t.n = 0;
	b.number = 0xa82f30ea;
	b.number_n = 4;
	frames.n = 0;
	build_crypto(&frames, msg, 0, 100);
	say(&t, &b, build_bytes(frames.b, frames.n));
	b.number = 0xa82f9b32;
	b.number_n = 2;
	frames.n = 0;
	build_crypto(&frames, msg, 100, msg.n - 100);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	is_rfc(&f, V1);
	/* and one from before, beyond a border of the low bytes */
	t.n = 1;
	b.number = 0xa82f2fff;
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	/* over the border of what is sent: up, and down again */
	for (int up = 0; up < 2; up++) {
		t.n = 0;
		b.number = up ? 0xa82fff00 : 0xa8300010;
		b.number_n = 4;
		frames.n = 0;
		build_crypto(&frames, msg, 0, 100);
		say(&t, &b, build_bytes(frames.b, frames.n));
		b.number = up ? 0xa8300010 : 0xa82fff00;
		b.number_n = 2;
		frames.n = 0;
		build_crypto(&frames, msg, 100, msg.n - 100);
		say(&t, &b, build_bytes(frames.b, frames.n));
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
	}
}

/* Cut short anywhere, or with any byte changed, it does not open. */
static void damaged(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	frames.n = t.n = 0;
	b.scid = BUILD("me");
	b.token = BUILD("token");
	build_crypto(&frames, msg, 0, msg.n);
	say(&t, &b, build_bytes(frames.b, frames.n));
	for (t.d[0].n = 0; t.d[0].n < 1200; t.d[0].n++)
		assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	for (size_t i = 0; i < 1200; i++) {
		if (i >= 1 && i <= 4) /* another version is told, not read */
			continue;
		for (uint8_t bit = 1; bit; bit = (uint8_t)(bit << 1)) {
			t.d[0].b[i] ^= bit;
			enum dissect_result r = ask(&f, &t);
			t.d[0].b[i] ^= bit;
			if (i == 0 && bit == 0x10) /* has become 0-RTT */
				assert_int_equal(r, DISSECT_MORE);
			else
				assert_int_equal(r, DISSECT_NOT_MINE);
		}
	}
}

static void retry(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	t.n = frames.n = 0;
	build_crypto(&frames, msg, 0, 50);
	say(&t, &b, build_bytes(frames.b, frames.n));
	b.dcid = BUILD("from the retry"); /* new keys */
	b.token = BUILD("token");
	b.number = 1;
	frames.n = 0;
	build_crypto(&frames, msg, 0, 100);
	say(&t, &b, build_bytes(frames.b, frames.n));
	b.keys_from = b.dcid; /* the server has chosen an id: the keys stay */
	b.dcid = BUILD("chosen");
	b.number = 2;
	frames.n = 0;
	build_crypto(&frames, msg, 100, msg.n - 100);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
	is_rfc(&f, V1);
	/* without Retry the first keys stay as well */
	t.n = 1;
	b.keys_from = build_bytes(cid_rfc, 8);
	b.token = BUILD("");
	b.number = 1;
	frames.n = 0;
	build_crypto(&frames, msg, 50, msg.n - 50);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	is_rfc(&f, V1);
}

/* What comes between, and how long one waits. */
static void waiting(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	/* 0-RTT overtook the Initial */
	t.n = frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	build_other(next(&t), &b, QUIC_0RTT, 800);
	build_other(next(&t), &b, QUIC_0RTT, 80);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	is_rfc(&f, V1);
	/* only 0-RTT */
	for (t.n = 0; t.n < 9;)
		build_other(next(&t), &b, QUIC_0RTT, 800);
	assert_int_equal(ask(&f, &t), DISSECT_MORE);
	assert_int_equal(f.known, 0);
	build_other(next(&t), &b, QUIC_0RTT, 800);
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	/* 0-RTT, then no QUIC; an Initial that does not open */
	t.n = 1;
	craft_fill(next(&t), 0x55, 100);
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	t.n = 1;
	say(&t, &b, build_bytes(frames.b, frames.n));
	t.d[1].b[600] ^= 1;
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	/* no 0-RTT, no Initial: picked up late */
	t.n = 0;
	build_other(next(&t), &b, QUIC_HANDSHAKE, 800);
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	/* a hello that never ends: known as QUIC from the first, BAD with the tenth datagram */
	t.n = frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n - 1);
	say(&t, &b, build_bytes(frames.b, frames.n));
	say_strange(&t, GREASED, 1200);
	while (t.n < 9)
		craft_fill(next(&t), 0x55, 100);
	assert_int_equal(ask(&f, &t), DISSECT_MORE);
	assert_int_equal(f.anomalies, 0);
	assert_int_equal(facts_state(&f, FACT_APP), FACT_KNOWN);
	assert_int_equal(f.quic_version, V1);
	craft_fill(next(&t), 0x55, 100);
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	assert_int_equal(f.anomalies, ANOM_QUIC_BAD);
	frames.n = 0; /* too late */
	build_crypto(&frames, msg, msg.n - 1, 1);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask_upto(&f, &t, 11), DISSECT_BAD);
	/* 24 Initials, 25 Initials; the last brings the rest */
	for (size_t all = 24; all <= 25; all++) {
		struct craft *c;

		t.n = 0;
		c = next(&t);
		b.min = 0;
		for (size_t i = 0; i < all; i++) {
			frames.n = 0;
			build_crypto(&frames, msg, i + 1 == all ? msg.n - 9 : 0,
				     i + 1 == all ? 9 : msg.n - 9);
			b.number = i;
			build_initial(c, &b, build_bytes(frames.b, frames.n));
		}
		assert_int_equal(ask(&f, &t), all == 24 ? DISSECT_DONE : DISSECT_BAD);
	}
}

/* A server throws it away (RFC 9000 section 14.1): who sends it wants something else. */
static void small(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	for (b.min = 1199; b.min <= 1200; b.min++) {
		t.n = 0;
		say(&t, &b, build_bytes(frames.b, frames.n));
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
		assert_int_equal(f.anomalies, b.min < 1200 ? ANOM_QUIC_BAD : 0);
		is_rfc(&f, V1);
	}
	/* an acknowledgement in a small one is nothing */
	t.n = 0;
	b.min = 100;
	say(&t, &b, BUILD("\x02\x00\x00\x00\x00"));
	b.min = 1200;
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
}

static uint64_t draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void noise(void **state)
{
	static uint8_t b[1300];
	uint64_t x = 88172645463325252ull;
	struct facts f;

	(void)state;
	for (int i = 0; i < 1100000; i++) {
		size_t n = i < 1000000 ? 1 + draw(&x) % 200 : 1200 + draw(&x) % 100;

		for (size_t k = 0; k < n; k += 4) {
			uint64_t v = draw(&x) >> 16;

			memcpy(b + k, &v, n - k < 4 ? n - k : 4);
		}
		if (i % 2)
			b[0] |= 0xc0;
		memset(&f, 0, sizeof f);
		assert_int_equal(quic_dissect(&f, NULL, build_bytes(b, n), build_bytes(NULL, 0)),
				 DISSECT_NOT_MINE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(vectors),
		cmocka_unit_test(five_parts),
		cmocka_unit_test(two_parts),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(coalesced),
		cmocka_unit_test(other_frames),
		cmocka_unit_test(broken),
		cmocka_unit_test(ids),
		cmocka_unit_test(tokens_and_numbers),
		cmocka_unit_test(damaged),
		cmocka_unit_test(retry),
		cmocka_unit_test(waiting),
		cmocka_unit_test(small),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
