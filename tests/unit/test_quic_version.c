/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/quic_talk.h"

static void versions(void **state)
{
	static const uint32_t readable[] = { 1, V2, 0xfaceb002 };
	static struct craft hello, frames;
	static struct talk t;
	struct facts f;
	struct slice msg = rfc_hello(&hello);

	(void)state;
	frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	for (uint32_t i = 0; i < 3 + 12; i++) {
		struct build b = plain_build();

		b.version = i < 3 ? readable[i] : 0xff000017 + i - 3;
		t.n = 0;
		say(&t, &b, build_bytes(frames.b, frames.n));
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
		is_rfc(&f, b.version);
		/* nothing but its own salt opens it */
		t.d[0].b[4] ^= 0x07;
		assert_int_not_equal(ask(&f, &t), DISSECT_DONE);
	}
	assert_null(quic_suite(0xff000016));
	assert_null(quic_suite(0xff000023));
	/* salts are not those of their neighbours */
	assert_ptr_not_equal(quic_suite(0xff00001c), quic_suite(0xff00001d));
	assert_ptr_not_equal(quic_suite(0xff000020), quic_suite(0xff000021));
}

static void strange_versions(void **state)
{
	static const uint32_t some[] = { GREASED, 0x0a1a2a3a, 2, 0xffff, 0xff000016, 0xff000023,
					 0xff020000, 0x709a50c4, 0x51303530, 0x51303436, 0x54303531,
					 0xfaceb001, 0xabcd000f, 0x51474fff, 0x91c17001, 0x50435130 };
	static struct talk t;
	struct facts f;

	(void)state;
	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
		t.n = 0;
		say_strange(&t, some[i], 1200);
		assert_int_equal(ask(&f, &t), DISSECT_MORE); /* told, and a hello may follow */
		assert_int_equal(facts_state(&f, FACT_APP), FACT_KNOWN);
		assert_int_equal(f.quic_version, some[i]);
		assert_int_equal(f.anomalies, ANOM_QUIC_VERSION);
		craft_fill(next(&t), 0x44, 50);
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
		assert_int_equal(f.quic_version, some[i]);
		assert_int_equal(f.anomalies, ANOM_QUIC_VERSION);
	}
	t.n = 0;
	say_strange(&t, 2, 1199); /* too small for a client's first */
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	t.n = 0;
	say_strange(&t, 0x12345678, 1200); /* unheard of, and nothing else speaks for QUIC */
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	t.n = 0;
	say_strange(&t, GREASED, 60);
	assert_int_equal(ask(&f, &t), DISSECT_MORE);
	t.d[0].b[5] = 21; /* longer ids than any client's */
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	/* ten of them */
	for (t.n = 0; t.n < 10;)
		say_strange(&t, 0x51303530, 1350);
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_QUIC_VERSION);
	/* before Q046 the header was another */
	t.n = 0;
	craft_bytes(next(&t), "\x09" "12345678Q043\x01", 14);
	assert_int_equal(ask(&f, &t), DISSECT_MORE);
	assert_int_equal(f.quic_version, 0x51303433);
	for (size_t n = 0; n < 13; n++) {
		t.d[0].n = n;
		assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	}
	t.d[0].n = 14;
	t.d[0].b[12] = 'x';
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	t.n = 0;
	craft_bytes(next(&t), "\xc9" "1234\xff" "678Q043\x01", 14);
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
}

/* An unheard of version is believed if all else is as in an Initial, to the last byte. */
static void shaped(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	frames.n = t.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	say(&t, &b, build_bytes(frames.b, frames.n));
	memcpy(t.d[0].b + 1, "\x12\x34\x56\x78", 4);
	assert_int_equal(ask(&f, &t), DISSECT_MORE);
	assert_int_equal(f.quic_version, 0x12345678);
	t.d[0].n--;
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	t.d[0].n += 2;
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	t.d[0].n--;
	t.d[0].b[0] &= 0xbf;
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	/* shorter ids than a first has; packets too short; of two versions */
	for (int what = 0; what < 6; what++) {
		static const char cid[] = "12345678";
		struct craft *c;

		b.dcid = build_bytes(cid, what == 1 ? 7 : 8);
		b.version = 0x12345678;
		t.n = 0;
		c = next(&t);
		for (int i = 0; i < 2; i++) {
			if (i && what == 3)
				b.version++;
			build_long(c, &b, 0);
			craft_uint(c, 0, 1);
			craft_uint(c, what == 2 && i ? 0x4013 : 0x4500, 2);
			craft_fill(c, 1, what == 2 && i ? 19 : 0x500);
		}
		assert_int_equal(ask(&f, &t), what >= 1 && what <= 3 ? DISSECT_NOT_MINE :
								       DISSECT_MORE);
	}
}

static void negotiation(void **state)
{
	static struct talk t;
	struct build b = plain_build();
	struct facts f;

	(void)state;
	for (int what = 0; what < 7; what++) {
		struct craft *c;

		t.n = 0;
		c = next(&t);
		b.version = 0;
		if (what == 6)
			b.dcid = BUILD("123456789012345678901");
		build_long(c, &b, 0);
		if (what == 1 || what == 3)
			craft_uint(c, 0x12345678, 4);
		if (what == 2 || what == 3 || what == 6)
			craft_uint(c, V2, 4);
		if (what == 5)
			craft_uint(c, 0, 4);
		if (what == 4)
			craft_uint(c, 0x00000001aa, 5);
		bool is = what == 2 || what == 3;

		assert_int_equal(ask(&f, &t), is ? DISSECT_MORE : DISSECT_NOT_MINE);
		if (is) {
			assert_int_equal(facts_state(&f, FACT_QUIC_VERSION), FACT_KNOWN);
			assert_int_equal(f.quic_version, 0);
			assert_int_equal(f.anomalies, ANOM_QUIC_VERSION);
		}
	}
}

/* A client may force a negotiation; its hello comes after that. */
static void forced_negotiation(void **state)
{
	static struct craft hello, frames;
	static struct talk t;
	struct slice msg = rfc_hello(&hello);
	struct build b = plain_build();
	struct facts f;

	(void)state;
	t.n = frames.n = 0;
	build_crypto(&frames, msg, 0, msg.n);
	say_strange(&t, GREASED, 1200);
	say_strange(&t, 0x0a1a2a3a, 1200);
	say(&t, &b, build_bytes(frames.b, frames.n));
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_QUIC_VERSION);
	is_rfc(&f, GREASED);
	t.d[2].b[700] ^= 1;
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(facts_state(&f, FACT_SNI), FACT_PENDING);
	assert_int_equal(f.anomalies, ANOM_QUIC_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(strange_versions),
		cmocka_unit_test(shaped),
		cmocka_unit_test(negotiation),
		cmocka_unit_test(forced_negotiation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
