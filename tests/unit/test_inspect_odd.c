/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is no plain connection: datagrams, echo requests, bytes that are not what they seem, floods. */
#include "tests/unit/path.h"

static void datagrams(void **state)
{
	struct traffic t = { .src = 2, .dst = 5, .proto = 17, .sport = 1, .dport = 5000,
			     .data = "x", .n = 1 };

	(void)state;
	begin(names_conf);
	for (int v6 = 0; v6 < 2; v6++) {
		t.v6 = v6;
		/* nobody knows it: it may go on otherwise until the other side has spoken */
		P.mark = 0;
		t.sport = 1;
		assert_int_equal(send(&t), 0);
		assert_int_equal(P.v.accept, 1);
		P.mark = REPLY;
		assert_int_equal(send(&t), PASS);
		is_verdict(ACTION_ALLOW, "default");
		P.mark = 0;
		t.sport = 2; /* or has had its chances */
		for (int i = 0; i < 7; i++)
			assert_int_equal(send(&t), 0);
		assert_int_equal(send(&t), PASS);
		t.sport = 3; /* or its time */
		assert_int_equal(send(&t), 0);
		P.now += 10001;
		P.n = 0;
		inspect_tick(P.in, P.now * 1000, P.now);
		is_verdict(ACTION_ALLOW, "default");
		assert_int_equal(P.ev[0].facts.anomalies, 0);
		assert_int_equal(send(&t), PASS);
		t.sport = 4; /* what is blocked anyway is so at once */
		t.dport = 9001;
		assert_int_equal(send(&t), DROP);
		t.dport = 5000;
	}
	assert_int_equal(P.counts.flows, 8);
	end();
}

/* Echo requests come here one by one, whatever was said of the first; it is told once. */
static void echoes(void **state)
{
	static const uint8_t ping[64] = { 8, 0, 0, 0, 0x12, 0x34, 0, 1 };
	static const uint8_t ping6[64] = { 128, 0, 0, 0, 0x12, 0x34, 0, 1 };
	struct traffic t = { .src = 2, .dst = 5, .n = sizeof(ping) };

	(void)state;
	begin("mode = \"enforce\"; rules = ( { name = \"stream\"; action = \"reject\";"
	      " when: { anomaly = \"icmp-data\"; }; } );");
	for (int v6 = 0; v6 < 2; v6++) {
		t.v6 = v6;
		t.proto = v6 ? 58 : 1;
		t.data = v6 ? ping6 : ping;
		P.n = 0;
		for (int i = 0; i < 100; i++) {
			assert_int_equal(send(&t), 0);
			P.now += 1000;
		}
		assert_int_equal(P.n, 1);
		is_verdict(ACTION_ALLOW, "default");
		assert_int_equal(P.ev[0].facts.app, APP_ICMP);
		assert_int_equal(P.ev[0].facts.icmp_size, 56);
		t.dst++;
		for (int i = 0; i < 31; i++)
			assert_int_equal(send(&t), 0);
		assert_int_equal(send(&t), REJECT);
		t.dst--;
	}
	end();
}

/*
 * An urgent byte hides the hello from whoever reads it in line, or from whoever does not: both
 * readings are judged, however the bytes come.
 */
static void urgent(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);
	uint8_t bytes[2048];

	(void)state;
	begin(names_conf);
	for (uint16_t cut = 2; cut < 80; cut += 7)
		for (uint16_t at = 0; at < cut; at++) { /* the urgent byte comes in the first part */
			struct traffic t;

			memcpy(bytes, hello.p, at);
			bytes[at] = 'Z';
			memcpy(bytes + at + 1, hello.p + at, hello.n - at);
			P.n = 0;
			open_flow((uint16_t)(1000 + at), cut);
			t = data((uint16_t)(1000 + at), cut, 0, bytes, cut);
			t.flags |= PACKET_URG;
			t.urgent = (uint16_t)(at + 1);
			assert_int_equal(send(&t), 0);
			assert_int_equal(send_data((uint16_t)(1000 + at), cut, cut, bytes + cut,
						   hello.n + 1 - cut), REJECT);
			is_verdict(ACTION_REJECT, "foes");
			assert_true(last(EVENT_VERDICT)->facts.anomalies & ANOM_URGENT);
			/* and with the pointer at a byte of the hello itself */
			t = data((uint16_t)(1000 + at), (uint16_t)(cut + 1000), 0, hello.p, cut);
			open_flow((uint16_t)(1000 + at), (uint16_t)(cut + 1000));
			t.flags |= PACKET_URG;
			t.urgent = (uint16_t)(at + 1);
			assert_int_equal(send(&t), 0);
			assert_int_equal(send_data((uint16_t)(1000 + at), (uint16_t)(cut + 1000),
						   cut, hello.p + cut, hello.n - cut), REJECT);
		}
	/* what says nothing in either reading is let go, and told */
	struct traffic t = data(7, 443, 0, "\xff\xfe\xfd\xfc\xfb\xfa\xff\xff\xff\xff\xff\xff", 12);

	open_flow(7, 443);
	t.flags |= PACKET_URG;
	t.urgent = 1;
	assert_int_equal(send(&t), PASS);
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, ANOM_URGENT);
	end();
}

/* A first datagram that may die on its way does not speak for the flow. */
static void low_ttl_datagram(void **state)
{
	static const uint8_t stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6 };
	static const uint8_t ike[28] = { 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
					 33, 0x20, 34, 8, 0, 0, 0, 0, 0, 0, 0, 28 };
	struct traffic t = { .src = 2, .dst = 5, .proto = 17, .sport = 1, .dport = 3478, .ttl = 4,
			     .data = stun, .n = sizeof stun };

	(void)state;
	begin("mode = \"enforce\"; rules = ( { name = \"calls\"; when: { app = \"stun\"; };"
	      " action = \"allow\"; }, { name = \"rest\"; when: { proto = \"udp\"; };"
	      " action = \"drop\"; } );");
	assert_int_equal(send(&t), 0);
	assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, ANOM_TTL);
	t.data = ike;
	t.n = sizeof ike;
	t.ttl = 64;
	assert_int_equal(send(&t), DROP);
	t.sport = 2;
	t.data = stun;
	t.n = sizeof stun;
	assert_int_equal(send(&t), 0);
	P.mark = REPLY;
	assert_int_equal(send(&t), PASS);
	end();
}

/* What a server drops in silence does not speak for what comes behind it. */
static void decoy_datagrams(void **state)
{
	static const uint8_t stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6 };
	static const uint8_t ike[28] = { 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
					 33, 0x20, 34, 8, 0, 0, 0, 0, 0, 0, 0, 28 };
	/* a fragment of a DTLS hello; a 0-RTT packet: both wait for more */
	static const uint8_t dtls[] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13,
					1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3 };
	static const uint8_t early[30] = { 0xd0, 0, 0, 0, 1, 1, 1, 0, 20 };
	const struct slice first[] = { { stun, sizeof stun }, { dtls, sizeof dtls },
				       { early, sizeof early } };
	struct traffic t = { .src = 2, .dst = 5, .proto = 17, .dport = 443 };

	(void)state;
	begin("mode = \"enforce\"; rules = ( { name = \"no-ike\"; when: { app = \"ike\"; };"
	      " action = \"drop\"; } );");
	for (size_t i = 0; i < 2 * sizeof first / sizeof first[0]; i++) {
		t.sport = (uint16_t)(1 + i);
		t.data = first[i / 2].p;
		t.n = first[i / 2].n;
		assert_int_equal(send(&t), 0);
		if (i & 1) { /* and something that nobody knows */
			t.data = "junk";
			t.n = 4;
			assert_int_equal(send(&t), 0);
		}
		t.data = ike;
		t.n = sizeof ike;
		assert_int_equal(send(&t), DROP);
		is_verdict(ACTION_DROP, "no-ike");
	}
	/* nothing came behind it: let go in silence, told once */
	t.sport = 100;
	t.data = stun;
	t.n = sizeof stun;
	assert_int_equal(send(&t), 0);
	P.now += 10001;
	P.n = 0;
	inspect_tick(P.in, P.now * 1000, P.now);
	assert_int_equal(P.n, 0);
	assert_int_equal(send(&t), PASS);
	end();
}

/* A hello from nowhere, before the SYN of a connection on the same ports, speaks for nothing. */
static void before_the_syn(void **state)
{
	static struct craft g, h;
	struct slice lie = traffic_hello(&g, "good.example", 16384);
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);

	(void)state;
	begin(names_conf);
	assert_int_equal(send_data(1, 443, 5000, lie.p, lie.n), 0);
	assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, ANOM_MIDSTREAM);
	assert_int_equal(open_flow(1, 443), 0);
	assert_int_equal(send_data(1, 443, 0, hello.p, hello.n), REJECT);
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, 0);
	/* where somebody answers it is a connection, told once */
	P.n = 0;
	assert_int_equal(send_data(2, 443, 0, lie.p, lie.n), 0);
	P.mark = REPLY;
	assert_int_equal(send_data(2, 443, lie.n, "\x17\3\3\0\1z", 6), PASS);
	is_verdict(ACTION_ALLOW, "friends");
	assert_int_equal(P.counts.apps[APP_TLS], 3);
	end();
}

/* A SYN that comes again with data is not for the receiver. */
static void late_syn(void **state)
{
	static struct craft g, h;
	struct slice lie = traffic_hello(&g, "good.example", 16384);
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);
	struct traffic t = syn(1, 443);

	(void)state;
	begin(names_conf);
	assert_int_equal(open_flow(1, 443), 0);
	t.data = lie.p;
	t.n = lie.n;
	assert_int_equal(send(&t), 0);
	assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, ANOM_DECOY);
	assert_int_equal(send_data(1, 443, 0, hello.p, hello.n), REJECT);
	/* on the first one it is; and sent again without, as a client does that was not answered */
	t.sport = 2;
	t.data = hello.p;
	t.n = 40;
	assert_int_equal(send(&t), 0);
	assert_int_equal(open_flow(2, 443), 0);
	assert_int_equal(send_data(2, 443, 40, hello.p + 40, hello.n - 40), REJECT);
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, 0);
	end();
}

/* Packets that cannot be read are counted, and told once a second. */
static void unread(void **state)
{
	static const uint8_t bad[40] = { 0x60, 0, 0, 0, 0, 0, 60, 64, 0x20, 1 };

	(void)state;
	begin(names_conf);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(frame((struct slice){ bad, sizeof bad }, sizeof bad), 0);
		P.now += 400;
	}
	assert_int_equal(P.counts.blind_bad, 5);
	assert_int_equal(P.n, 2);
	assert_int_equal(P.ev[0].kinds, EVENT_ANOMALY);
	assert_int_equal(P.ev[0].facts.anomalies, ANOM_HEADER);
	assert_int_equal(P.ev[0].facts.src[0], 0x20);
	end();
}

/*
 * 100,000 connections that have said nothing, and then half a hello: memory stays at its bound, and
 * nothing is blocked for lack of it.
 */
static void flood(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);

	(void)state;
	begin(names_conf);
	inspect_free(P.in);
	P.conf.flows = 65536;
	P.conf.probes = 1024;
	P.conf.per_source = 4096;
	P.in = inspect_new(&P.conf, NULL, NULL);
	inspect_names(P.in, &P.names, 1, 0);
	inspect_counts(P.in, &P.counts);
	inspect_policy(P.in, P.policy);
	for (unsigned int i = 0; i < 100000; i++) {
		struct traffic t = syn((uint16_t)(i / 250 + 1), 443);

		t.src = (uint8_t)(i % 250 + 3);
		send(&t);
	}
	assert_int_equal(P.counts.table, 65536);
	assert_true(P.counts.memory <= P.counts.memory_max);
	for (unsigned int i = 0; i < 100000; i++) {
		struct traffic t = data((uint16_t)(i / 250 + 1), 443, 0, hello.p, 20);

		t.src = (uint8_t)(i % 250 + 3);
		send(&t);
		assert_true(P.counts.memory <= P.counts.memory_max);
	}
	assert_int_equal(P.counts.probes, 1024);
	assert_true(P.counts.memory_max < 64u << 20);
	assert_int_equal(P.counts.dropped + P.counts.rejected, 0);
	end();
}

/* Probes are bounded: a host that opens hellos and stops costs others nothing. */
static void drip(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);
	struct traffic t;

	(void)state;
	begin(names_conf);
	t = syn(1, 443);
	t.src = 9;
	send(&t);
	t = data(1, 443, 0, hello.p, 20);
	t.src = 9;
	send(&t);
	for (uint16_t i = 0; i < 200; i++) {
		open_flow(i, 443);
		send_data(i, 443, 0, hello.p, 20);
		assert_int_equal(P.v.accept, 1);
	}
	t = data(1, 443, 20, hello.p + 20, hello.n - 20);
	t.src = 9;
	assert_int_equal(send(&t), REJECT);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams),
		cmocka_unit_test(echoes),
		cmocka_unit_test(urgent),
		cmocka_unit_test(low_ttl_datagram),
		cmocka_unit_test(decoy_datagrams),
		cmocka_unit_test(late_syn),
		cmocka_unit_test(before_the_syn),
		cmocka_unit_test(unread),
		cmocka_unit_test(flood),
		cmocka_unit_test(drip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
