/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/first.h"

static const struct first tcp = { bittorrent_dissect, APP_BITTORRENT, 6881 };
static const struct first udp = { dht_dissect, APP_BITTORRENT, 40000 };

#define ID  "20:0123456789abcdefghij"
#define ID2 "20:ABCDEFGHIJ9876543210"

static const char handshake[] = "\x13"
				"BitTorrent protocol\0\0\0\0\0\x10\0\5infohash";

static void stream(void **state)
{
	(void)state;
	first_prefixes(&tcp, handshake, sizeof handshake - 1, 20, DISSECT_DONE);
	for (size_t i = 0; i < 20; i++) {
		char b[20];

		memcpy(b, handshake, 20);
		b[i] ^= 0x20;
		assert_int_equal(first_is(&tcp, b, i + 1), DISSECT_NOT_MINE);
		assert_int_equal(first_is(&tcp, b, 20), DISSECT_NOT_MINE);
	}
	assert_int_equal(first_taken(&tcp), 0);
}

static void sync_stream(void **state)
{
	static const char good[] = "BSYNC\0\0\0\0\x3a"
				   "d5:nonce16:";

	(void)state;
	first_prefixes(&tcp, good, sizeof good - 1, 11, DISSECT_DONE);
	assert_int_equal(FIRST(&tcp, "BSYNC\0\0\1"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&tcp, "BSYNC\0\0\0\0\x3al"), DISSECT_NOT_MINE);
}

static void messages(void **state)
{
	static const char *const good[] = {
		"d1:ad2:id" ID "e1:q4:ping1:t2:aa1:y1:qe",
		"d1:ad2:id" ID "6:target" ID2 "e1:q9:find_node1:t2:aa1:v4:XX011:y1:qe",
		"d1:ad2:id" ID "9:info_hash" ID2 "e1:q9:get_peers1:t1:a1:y1:qe",
		"d1:ad2:id" ID "12:implied_porti1e9:info_hash" ID2 "4:porti6881e5:token3:xyze"
		"1:q13:announce_peer2:roi1e1:t2:bb1:y1:qe",
		"d1:ad2:bsi1e2:id" ID "e1:q4:ping1:y1:qe",
		"d1:ad2:id" ID "6:target" ID2 "e1:q17:sample_infohashes1:t2:aa1:y1:qe",
		"d1:rd2:id" ID "5:nodes0:e1:t2:aa1:y1:re",
		"d2:ip6:abcdef1:rd2:id" ID "6:valuesl6:uvwxyz6:uvwxyzee1:t2:aa1:y1:re",
		"d1:eli201e5:whoope1:t2:aa1:y1:ee",
		"d1:y1:q1:q4:ping1:ad2:id" ID "ee", /* not in order */
		"d1:ad2:id" ID "e1:q4:ping1:xi-12e1:y1:qe",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		size_t n = strlen(good[i]);
		bool claimed = strncmp(good[i] + 4, "d2:id20:", 8) == 0;
		char longer[256];

		assert_int_equal(first_is(&udp, good[i], n), DISSECT_DONE);
		/* cut short, or with a byte behind: broken, or somebody else's */
		for (size_t k = 1; k < n; k++)
			assert_int_equal(first_is(&udp, good[i], k),
					 claimed && k >= 12 ? DISSECT_BAD : DISSECT_NOT_MINE);
		snprintf(longer, sizeof longer, "%se", good[i]);
		assert_int_equal(first_is(&udp, longer, n + 1),
				 claimed ? DISSECT_BAD : DISSECT_NOT_MINE);
	}
	assert_int_equal(first_is(&udp, NULL, 0), DISSECT_MORE);
}

static void broken(void **state)
{
	char deep[1200];

	(void)state;
	assert_int_equal(FIRST(&udp, "de"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "d1:y1:qe"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "d1:q4:ping1:y1:qe"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "d1:ad2:id19:0123456789abcdefghie1:q4:ping1:y1:qe"),
			 DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "d1:ad3:idx" ID "e1:q4:ping1:y1:qe"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "d1:a2:id1:q4:ping1:y1:qe"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "d1:ei1e1:y1:ee"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "e1:q4:ping1:y1:re"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "e1:q0:1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "e1:qd1:1i1ee1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "e1:q4:ping1:y2:qqe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "1:xiee1:q4:ping1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "1:xi--1ee1:q4:ping1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "1:xi1-ee1:q4:ping1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "1:x99999:e1:q4:ping1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "1:x000001:ae1:q4:ping1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "i1ei1ee1:q4:ping1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "1:x1:yz:e1:q4:ping1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "1:xi1-e1:q4:ping1:y1:qe"), DISSECT_BAD);
	/* 'A' is 17 digits above '0' */
	assert_int_equal(FIRST(&udp, "d1:ad2:id" ID "eA:abcdefghijklmnopq1:x1:q4:ping1:y1:qe"),
			 DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:rd2:id" ID "e1:y1:qe"), DISSECT_BAD);
	assert_int_equal(FIRST(&udp, "d1:rd3:idx" ID "e1:y1:re"), DISSECT_NOT_MINE);
	/* lists within lists: as deep as real messages, and deeper than any */
	for (size_t n = 1; n <= 500; n += n < 20 ? 1 : 60) {
		size_t at = (size_t)snprintf(deep, sizeof deep, "d1:ad2:id" ID "1:x");

		memset(deep + at, 'l', n);
		memset(deep + at + n, 'e', n);
		at += 2 * n;
		at += (size_t)snprintf(deep + at, sizeof deep - at, "e1:q4:ping1:y1:qe");
		assert_int_equal(first_is(&udp, deep, at), n <= 16 ? DISSECT_DONE : DISSECT_BAD);
	}
}

static void connect_tracker(void **state)
{
	static const char good[] = "\0\0\4\x17\x27\x10\x19\x80\0\0\0\0abcd";

	(void)state;
	for (size_t n = 1; n < 16; n++)
		assert_int_equal(first_is(&udp, good, n), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, good), DISSECT_DONE);
	for (size_t i = 0; i < 12; i++) {
		char b[16];

		memcpy(b, good, 16);
		b[i] ^= 1;
		assert_int_equal(first_is(&udp, b, 16), DISSECT_NOT_MINE);
	}
}

static void utp(void **state)
{
	/* type, extension, connection, time, delay, window, sequence, acknowledged */
	static const char syn[] = "\x41\0\x12\x34\1\2\3\4\0\0\0\0\0\4\0\0\x9a\xbc\0\0";
	static const char bits[] = "\x41\2\x12\x34\1\2\3\4\0\0\0\0\0\4\0\0\0\1\0\0"
				   "\0\10\0\0\0\0\0\0\0\0";
	static const uint8_t must[] = { 0, 1, 8, 9, 10, 11, 12, 18, 19 };
	char b[31];

	(void)state;
	assert_int_equal(FIRST(&udp, syn), DISSECT_DONE);
	assert_int_equal(FIRST(&udp, bits), DISSECT_DONE);
	for (size_t i = 0; i < sizeof must; i++) {
		memcpy(b, syn, 20);
		b[must[i]] ^= 0x10;
		assert_int_equal(first_is(&udp, b, 20), DISSECT_NOT_MINE);
		memcpy(b, bits, 30);
		b[must[i]] ^= 0x10;
		assert_int_equal(first_is(&udp, b, 30), DISSECT_NOT_MINE);
	}
	for (size_t i = 20; i < 30; i++) {
		memcpy(b, bits, 30);
		b[i] ^= 0x10;
		assert_int_equal(first_is(&udp, b, 30), DISSECT_NOT_MINE);
	}
	memcpy(b, syn, 20);
	memset(b + 12, 0, 4); /* no window */
	assert_int_equal(first_is(&udp, b, 20), DISSECT_NOT_MINE);
	memcpy(b, bits, 30);
	b[30] = 0;
	assert_int_equal(first_is(&udp, b, 31), DISSECT_NOT_MINE);
	assert_int_equal(first_is(&udp, syn, 19), DISSECT_NOT_MINE);
	assert_int_equal(first_is(&udp, bits, 20), DISSECT_NOT_MINE);
}

static void local_discovery(void **state)
{
	(void)state;
	assert_int_equal(FIRST(&udp, "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n"),
			 DISSECT_DONE);
	assert_int_equal(FIRST(&udp, "BT-SEARCH * HTTP/1.1\r"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&udp, "M-SEARCH * HTTP/1.1\r\nHost: x\r\n"), DISSECT_NOT_MINE);
}

static void random_datagrams(void **state)
{
	(void)state;
	assert_int_equal(first_taken(&udp), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream),	  cmocka_unit_test(sync_stream),
		cmocka_unit_test(messages),	  cmocka_unit_test(broken),
		cmocka_unit_test(connect_tracker), cmocka_unit_test(utp),
		cmocka_unit_test(local_discovery), cmocka_unit_test(random_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
