/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/path.h"

/* Segments that no receiver takes, by the handshake and by their timestamps. */

static struct craft H, D;
static struct slice bad, good;

static void setting(void)
{
	begin(names_conf);
	bad = traffic_hello(&H, "x.bad.example", 16384);
	good = traffic_hello(&D, "good.example", 16384);
}

static uint32_t timed(uint16_t sport, size_t at, struct slice s, uint32_t tsval)
{
	struct traffic t = data(sport, 443, at, s.p, s.n);

	t.tsval = tsval;
	return send(&t);
}

static void open_timed(uint16_t sport, uint32_t tsval)
{
	struct traffic t = syn(sport, 443);

	t.tsval = tsval;
	assert_int_equal(send(&t), 0);
}

static struct slice part(struct slice s, size_t from, size_t to)
{
	return (struct slice){ s.p + from, to - from };
}

static void is_stopped(uint32_t mark, uint32_t anomalies)
{
	assert_int_equal(mark & 0x30000000, REJECT);
	is_verdict(ACTION_REJECT, "foes");
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, anomalies);
}

/* Sent behind the SYN, before the server has answered: conntrack takes it for another flow. */
static void early_data(void **state)
{
	(void)state;
	setting();
	P.conf.handshake = true;
	inspect_reconf(P.in, &P.conf);
	open_flow(1, 443);
	assert_int_equal(send_data(1, 443, 0, good.p, good.n), 0);
	assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, ANOM_DECOY);
	P.mark = REPLY;
	is_stopped(send_data(1, 443, 0, bad.p, bad.n), ANOM_DECOY);
	/* data that the server has let come, on the SYN, and from the middle */
	P.mark = 0;
	open_flow(2, 443);
	P.mark = REPLY;
	is_stopped(send_data(2, 443, 0, bad.p, bad.n), 0);
	P.mark = 0;
	struct traffic t = syn(3, 443);
	t.data = bad.p;
	t.n = bad.n;
	is_stopped(send(&t), 0);
	is_stopped(send_data(4, 443, 0, bad.p, bad.n), ANOM_MIDSTREAM);
	/* where only one side is seen */
	P.conf.handshake = false;
	inspect_reconf(P.in, &P.conf);
	open_flow(5, 443);
	is_stopped(send_data(5, 443, 0, bad.p, bad.n), 0);
	end();
}

static void times(void **state)
{
	static const uint32_t start[] = { 1000, 1, 0x80000005, 0xfffffff0, 0x7ffffff0 };

	(void)state;
	setting();
	for (uint16_t i = 0; i < sizeof start / sizeof start[0]; i++) {
		uint32_t t = start[i];
		uint16_t port = (uint16_t)(10 * (i + 1));

		open_timed(port, t); /* older than the SYN */
		assert_int_equal(timed(port, 0, good, t - 2), 0);
		assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, ANOM_DECOY);
		is_stopped(timed(port, 0, bad, t + 1), ANOM_DECOY);
		port++; /* older than what continued the stream */
		open_timed(port, t);
		assert_int_equal(timed(port, 0, part(bad, 0, 20), t + 500), 0);
		assert_int_equal(timed(port, 20, part(good, 20, good.n), t + 300), 0);
		is_stopped(timed(port, 20, part(bad, 20, bad.n), t + 501), ANOM_DECOY);
		port++; /* far in the past, or in the future, is the same */
		open_timed(port, t);
		assert_int_equal(timed(port, 0, good, t - 0x7fffff00), 0);
		is_stopped(timed(port, 0, bad, t), ANOM_DECOY);
	}
	end();
}

/* The network turns segments round and sends some twice; Linux takes what is one behind. */
static void times_in_disorder(void **state)
{
	(void)state;
	setting();
	open_timed(1, 1000);
	assert_int_equal(timed(1, 40, part(bad, 40, 60), 1030), 0);
	assert_int_equal(timed(1, 0, part(bad, 0, 20), 1010), 0);
	assert_int_equal(timed(1, 20, part(bad, 20, 40), 1020), 0);
	assert_int_equal(timed(1, 0, part(bad, 0, 20), 1010), 0);
	is_stopped(timed(1, 60, part(bad, 60, bad.n), 1031), 0);
	open_timed(2, 1000);
	is_stopped(timed(2, 0, bad, 999), 0);
	/* without the option from the start, or with it only there, it says nothing */
	open_flow(3, 443);
	is_stopped(timed(3, 0, bad, 5), 0);
	open_timed(4, 1000);
	is_stopped(send_data(4, 443, 0, bad.p, bad.n), 0);
	end();
}

/* A client that only acknowledges is not spent by it: neither by many, nor by one that lies and dies. */
static void acks_alone(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);
	struct traffic t = { .src = 2, .dst = 5, .sport = 1, .dport = 443, .seq = 1000,
			     .ack = 100001, .flags = PACKET_ACK };

	(void)state;
	begin(names_conf);
	open_flow(1, 443);
	for (int i = 0; i < 1100; i++)
		assert_int_equal(send(&t), 0);
	assert_int_equal(send_data(1, 443, 0, hello.p, hello.n), REJECT);
	for (uint16_t how = 2; how < 4; how++) {
		open_flow(how, 443);
		t.sport = how;
		t.ack = 100001 - 20000;
		t.ttl = how == 2 ? 3 : 0;
		t.md5 = how == 3;
		assert_int_equal(send(&t), 0);
		t.ttl = 0;
		t.md5 = false;
		t.ack = 100001;
		assert_int_equal(send(&t), 0);
		assert_int_equal(send_data(how, 443, 0, hello.p, hello.n), REJECT);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(early_data),
		cmocka_unit_test(times),
		cmocka_unit_test(acks_alone),
		cmocka_unit_test(times_in_disorder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
