/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/path.h"

static void header_alone(void **state)
{
	(void)state;
	begin("mode = \"enforce\"; rules = ( { name = \"p\"; when: { port = 9001; };"
	      " action = \"drop\"; attack = \"T1090.003\"; } );");
	assert_int_equal(open_flow(1, 9001), DROP);
	assert_int_equal(P.v.accept, 1);
	is_verdict(ACTION_DROP, "p");
	assert_int_equal(P.n, 1);
	assert_int_equal(P.ev[0].first_packet, 1);
	assert_string_equal(P.ev[0].attack, "T1090.003");
	assert_int_equal(P.ev[0].packet.flags, PACKET_SYN);
	assert_int_equal(P.ev[0].packet.version, 4);
	assert_int_equal(open_flow(2, 443), PASS);
	is_verdict(ACTION_ALLOW, "default");
	/* a decided flow answers again without a word */
	assert_int_equal(open_flow(1, 9001), DROP);
	assert_int_equal(P.n, 2);
	assert_int_equal(P.counts.inspected, 3);
	assert_int_equal(P.counts.packets, 3);
	assert_int_equal(P.counts.flows, 2);
	assert_int_equal(P.counts.dropped, 1);
	assert_int_equal(P.counts.allowed, 1);
	end();
}

static void by_name(void **state)
{
	static struct craft h;

	(void)state;
	begin(names_conf);
	struct slice hello = traffic_hello(&h, "good.example", 16384);
	assert_int_equal(open_flow(1, 9001), 0);
	assert_int_equal(P.n, 0);
	assert_int_equal(send_data(1, 9001, 0, hello.p, hello.n), PASS);
	is_verdict(ACTION_ALLOW, "friends");
	assert_int_equal(P.n, 1);
	assert_int_equal(P.ev[0].kinds, EVENT_READ | EVENT_VERDICT);
	assert_int_equal(P.ev[0].first_packet, 0);
	assert_int_equal(P.ev[0].facts.sni_len, 12);
	assert_memory_equal(P.ev[0].facts.sni, "good.example", 12);
	assert_true(P.ev[0].text.ja3_len > 10);
	assert_memory_equal(P.ev[0].text.ja3, "771,4865-4866-", 14);
	assert_int_equal(P.counts.apps[APP_TLS], 1);
	assert_int_equal(P.counts.undecided, 1);

	hello = traffic_hello(&h, "x.bad.example", 16384);
	assert_int_equal(open_flow(2, 443), 0);
	assert_int_equal(send_data(2, 443, 0, hello.p, hello.n), REJECT);
	is_verdict(ACTION_REJECT, "foes");
	assert_int_equal(last(EVENT_VERDICT)->shared, 1);
	assert_int_equal(last(EVENT_VERDICT)->allowed, 1);

	/* plain text is no hello: what is left decides */
	assert_int_equal(open_flow(3, 9001), 0);
	assert_int_equal(send_data(3, 9001, 0, "SSH-2.0-x\r\n", 11), DROP);
	is_verdict(ACTION_DROP, "tor-port");
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, 0);
	end();
}

/* The same hello in every shape gives the same facts and verdict. */
static uint32_t in_shape(const struct slice *part, const size_t *at, const unsigned int *order,
			 size_t n, uint16_t sport)
{
	uint32_t mark = open_flow(sport, 443);

	assert_int_equal(mark, 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(mark, 0);
		mark = send_data(sport, 443, at[order[i]], part[order[i]].p, part[order[i]].n);
	}
	return mark;
}

static void same_facts(const struct event *a, const struct event *b)
{
	assert_memory_equal(a->facts.ja3, b->facts.ja3, 16);
	assert_string_equal(a->facts.ja4, b->facts.ja4);
	assert_int_equal(a->facts.sni_len, b->facts.sni_len);
	assert_memory_equal(a->facts.sni, b->facts.sni, a->facts.sni_len);
	assert_int_equal(a->facts.alpn_len, b->facts.alpn_len);
	assert_memory_equal(a->facts.alpn, b->facts.alpn, a->facts.alpn_len);
	assert_int_equal(a->facts.known, b->facts.known);
	assert_int_equal(a->facts.absent, b->facts.absent);
	assert_int_equal(a->text.ja3_len, b->text.ja3_len);
	assert_int_equal(a->facts.anomalies, 0);
	assert_int_equal(a->action, b->action);
	assert_string_equal(a->rule, b->rule);
}

static bool next_order(unsigned int *o, size_t n)
{
	size_t i = n - 1, j = n - 1;

	while (i > 0 && o[i - 1] > o[i])
		i--;
	if (i == 0)
		return false;
	while (o[j] < o[i - 1])
		j--;
	unsigned int x = o[i - 1];
	o[i - 1] = o[j];
	o[j] = x;
	for (j = n - 1; i < j; i++, j--) {
		x = o[i];
		o[i] = o[j];
		o[j] = x;
	}
	return true;
}

static void shapes(void **state)
{
	static struct craft h;
	static struct event whole;
	unsigned int order[5] = { 0, 1, 2, 3, 4 }, orders = 0;
	struct slice part[5];
	size_t at[5];
	uint16_t sport = 10;

	(void)state;
	begin(names_conf);
	struct slice hello = traffic_hello(&h, "www.bad.example", 16384);
	open_flow(1, 443);
	assert_int_equal(send_data(1, 443, 0, hello.p, hello.n), REJECT);
	whole = *last(EVENT_VERDICT);
	assert_int_equal(whole.facts.anomalies, 0);

	for (size_t i = 0; i < 5; i++) {
		at[i] = hello.n * i / 5;
		part[i] = (struct slice){ hello.p + at[i], hello.n * (i + 1) / 5 - at[i] };
	}
	do {
		assert_int_equal(in_shape(part, at, order, 5, sport++), REJECT);
		same_facts(last(EVENT_VERDICT), &whole);
		orders++;
	} while (next_order(order, 5));
	assert_int_equal(orders, 120);

	/* one byte at a time, and each twice */
	open_flow(2, 443);
	for (size_t i = 0; i < hello.n; i++) {
		assert_int_equal(P.v.mark, 0);
		send_data(2, 443, i, hello.p + i, 1);
		send_data(2, 443, i, hello.p + i, 1);
	}
	assert_int_equal(P.v.mark, REJECT);
	same_facts(last(EVENT_VERDICT), &whole);

	/* with the SYN, and again after it */
	struct traffic t = syn(3, 443);
	t.data = hello.p;
	t.n = hello.n;
	assert_int_equal(send(&t), REJECT);
	assert_int_equal(last(EVENT_VERDICT)->first_packet, 1);
	same_facts(last(EVENT_VERDICT), &whole);
	t = syn(4, 443);
	t.data = hello.p;
	t.n = 20;
	assert_int_equal(send(&t), 0);
	assert_int_equal(send_data(4, 443, 0, hello.p, hello.n), REJECT);
	same_facts(last(EVENT_VERDICT), &whole);

	/* over records */
	hello = traffic_hello(&h, "www.bad.example", 7);
	open_flow(5, 443);
	assert_int_equal(send_data(5, 443, 0, hello.p, hello.n), REJECT);
	same_facts(last(EVENT_VERDICT), &whole);
	end();
}

/* What a receiver does not take is not read, and never passes as clean. */
static void decoys(void **state)
{
	static struct craft h, d;
	struct slice bad = traffic_hello(&h, "x.bad.example", 16384);
	struct slice good = traffic_hello(&d, "good.example", 16384);
	static const struct {
		struct traffic t;
		uint32_t anomaly;
	} v[] = {
		{ { .seq = 1000, .flags = PACKET_ACK, .md5 = true }, ANOM_MD5 },
		{ { .seq = 1000, .flags = PACKET_ACK, .ttl = 5 }, ANOM_TTL },
		{ { .seq = 5000, .flags = PACKET_SYN }, ANOM_DECOY },
		{ { .seq = 1000, .flags = PACKET_PSH }, ANOM_DECOY },
		{ { .seq = 600, .flags = PACKET_ACK }, ANOM_DECOY },
	};

	(void)state;
	begin(names_conf);
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		uint16_t sport = (uint16_t)(10 + i);
		struct traffic t = v[i].t;

		open_flow(sport, 443);
		t.src = 2;
		t.dst = 5;
		t.sport = sport;
		t.dport = 443;
		t.data = good.p;
		t.n = good.n;
		assert_int_equal(send(&t), 0);
		assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, v[i].anomaly);
		assert_int_equal(P.counts.anomalies, i + 1);
		send(&t); /* told once */
		assert_int_equal(P.counts.anomalies, i + 1);
		assert_int_equal(send_data(sport, 443, 0, bad.p, bad.n), REJECT);
		is_verdict(ACTION_REJECT, "foes");
		assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, v[i].anomaly);
	}
	/* a TTL may differ a little, and much where it is not low */
	static const uint8_t ttl[][2] = { { 30, 28 }, { 128, 60 }, { 20, 64 } };
	for (uint16_t i = 0; i < 3; i++) {
		struct traffic q = syn((uint16_t)(40 + i), 443);

		q.ttl = ttl[i][0];
		send(&q);
		q = data((uint16_t)(40 + i), 443, 0, bad.p, bad.n);
		q.ttl = ttl[i][1];
		assert_int_equal(send(&q), REJECT);
		assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, 0);
	}
	/* a keep-alive before any data is no decoy */
	open_flow(30, 443);
	struct traffic t = data(30, 443, 0, "x", 1);
	t.seq = 999;
	t.ttl = 63;
	assert_int_equal(send(&t), 0);
	assert_int_equal(send_data(30, 443, 0, bad.p, bad.n), REJECT);
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, 0);
	end();
}

/* Two SYNs: the connection is the one whose bytes come, and it is marked. */
static void two_syns(void **state)
{
	static struct craft h;
	struct slice bad = traffic_hello(&h, "x.bad.example", 16384);
	struct traffic t = syn(1, 443);

	(void)state;
	begin(names_conf);
	for (uint16_t sport = 1; sport <= 2; sport++) {
		t.sport = sport;
		t.seq = 999;
		send(&t);
		t.seq = 0x80000000;
		send(&t);
		struct traffic d = data(sport, 443, 0, bad.p, bad.n);
		if (sport == 2)
			d.seq = 0x80000001;
		assert_int_equal(send(&d), REJECT);
		assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, ANOM_DECOY);
	}
	end();
}

static void overlap(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "good.example", 16384);

	(void)state;
	begin(names_conf);
	open_flow(1, 443);
	send_data(1, 443, 0, hello.p, 60);
	assert_int_equal(send_data(1, 443, 50, "..........", 10), 0);
	assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, ANOM_OVERLAP);
	send_data(1, 443, 60, hello.p + 60, hello.n - 60);
	is_verdict(ACTION_ALLOW, "friends");
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, ANOM_OVERLAP);
	end();
}

static void budgets(void **state)
{
	static struct craft h;
	static uint8_t flood[17000];
	struct slice hello = traffic_hello(&h, "good.example", 16384);

	(void)state;
	begin(names_conf);
	/* bytes: a hello that never ends */
	memcpy(flood, "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11);
	open_flow(1, 9001);
	for (size_t i = 0; i < 16384 && P.v.mark == 0; i += 1000)
		send_data(1, 9001, i, flood + i, 1000);
	assert_int_equal(P.v.mark, DROP);
	is_verdict(ACTION_DROP, "tor-port");
	assert_true(last(EVENT_VERDICT)->facts.anomalies & (ANOM_BUDGET | ANOM_TLS_BAD));
	/* pieces */
	open_flow(2, 9001);
	for (size_t i = 0; i < 100 && P.v.mark == 0; i++)
		send_data(2, 9001, 10 + 2 * i, "x", 1);
	assert_int_equal(P.v.mark, DROP);
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, ANOM_BUDGET);
	/* packets */
	open_flow(3, 9001);
	for (size_t i = 0; i < P.conf.packets && P.v.mark == 0; i++)
		send_data(3, 9001, 0, hello.p, 10);
	assert_int_equal(P.v.mark, DROP);
	assert_int_equal(last(EVENT_VERDICT)->packets, P.conf.packets);
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, ANOM_BUDGET);
	/* time, from the first byte on */
	open_flow(4, 9001);
	P.now += 300000;
	assert_int_equal(send_data(4, 9001, 0, hello.p, 10), 0);
	size_t n = P.n;
	inspect_tick(P.in, P.now * 1000, P.now + P.conf.time_ms - 1);
	assert_int_equal(P.n, n);
	inspect_tick(P.in, P.now * 1000, P.now + P.conf.time_ms);
	assert_int_equal(P.n, n + 1);
	is_verdict(ACTION_DROP, "tor-port");
	assert_int_equal(P.ev[n].facts.anomalies, ANOM_BUDGET);
	assert_int_equal(P.ev[n].packet.version, 0);
	assert_int_equal(P.ev[n].first_packet, 0);
	assert_int_equal(send_data(4, 9001, 10, hello.p + 10, 10), DROP);
	end();
}

/* The server speaks: what the client acknowledges uses up the budget. */
static void server_first(void **state)
{
	struct traffic t = data(1, 443, 0, NULL, 0);

	(void)state;
	begin("mode = \"enforce\"; default = \"drop\"; rules = ( { name = \"friends\";"
	      " when: { domain = \"good.example\"; }; action = \"allow\"; } );");
	open_flow(1, 443);
	t.flags = PACKET_ACK;
	t.ack = 0xfffffff0;
	assert_int_equal(send(&t), 0);
	t.ack += P.conf.bytes - 1;
	assert_int_equal(send(&t), 0);
	t.ack += 1;
	assert_int_equal(send(&t), DROP);
	is_verdict(ACTION_DROP, "default");
	assert_int_equal(last(EVENT_VERDICT)->facts.anomalies, 0);
	/* slowly: by time */
	open_flow(2, 443);
	t.sport = 2;
	t.ack = 1;
	send(&t);
	inspect_tick(P.in, 0, P.now + 100000);
	assert_int_equal(P.n, 1);
	t.ack = 100;
	send(&t);
	inspect_tick(P.in, 0, P.now + P.conf.time_ms);
	assert_int_equal(P.n, 2);
	assert_int_equal(P.ev[1].facts.anomalies, 0);
	end();
}

/* A flow that was forgotten is read where it is picked up: no way past a rule. */
static void midstream(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);

	(void)state;
	begin(names_conf);
	assert_int_equal(send_data(1, 443, 0, hello.p, hello.n), REJECT);
	assert_int_equal(P.counts.midstream, 1);
	assert_int_equal(P.counts.apps[APP_TLS], 1);
	assert_int_equal(P.ev[0].kinds, EVENT_READ | EVENT_ANOMALY | EVENT_VERDICT);
	assert_int_equal(P.ev[0].facts.anomalies, ANOM_MIDSTREAM);
	assert_int_equal(P.ev[0].action, ACTION_REJECT);
	/* in pieces, too, and counted once */
	assert_int_equal(send_data(2, 443, 0, hello.p, 100), 0);
	assert_int_equal(send_data(2, 443, 100, hello.p + 100, hello.n - 100), REJECT);
	assert_int_equal(P.counts.midstream, 2);
	end();
}

/* Bytes that say nothing fall under the default, but what ran before the start goes on a while. */
static void midstream_grace(void **state)
{
	static const uint8_t middle[] = { 0x17, 3, 3, 0, 4, 1, 2, 3, 4 };

	(void)state;
	begin("default = \"drop\"; " /* an allowlist */
	      "rules = ( { name = \"good\"; when: { domain = \"good.example\"; }; action = \"allow\"; } );");
	P.mark = REPLY;
	assert_int_equal(send_data(1, 443, 0, middle, sizeof middle), DROP);
	P.conf.grace_until = P.now + 1000;
	for (int open = 0; open < 2; open++) { /* fail = "closed" spares it, too */
		P.conf.fail_open = open;
		inspect_reconf(P.in, &P.conf);
		assert_int_equal(send_data((uint16_t)(2 + open), 443, 0, middle, sizeof middle), PASS);
	}
	P.now += 1000;
	assert_int_equal(send_data(4, 443, 0, middle, sizeof middle), DROP);
	end();
}

static void truncated(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);
	struct traffic t = data(1, 443, 0, hello.p, hello.n);

	(void)state;
	begin(names_conf);
	open_flow(1, 443);
	t.cut = 30;
	assert_int_equal(send(&t), 0);
	assert_int_equal(last(EVENT_ANOMALY)->facts.anomalies, ANOM_TRUNCATED);
	assert_int_equal(send_data(1, 443, hello.n - 30, hello.p + hello.n - 30, 30), REJECT);
	is_verdict(ACTION_REJECT, "foes");
	end();
}

/* What cannot be read or kept follows the exception policy, counted. */
static void blind(void **state)
{
	static const uint8_t junk[] = { 0x45, 0, 0, 60, 1, 2 };
	struct slice j = { junk, sizeof junk };

	(void)state;
	begin(names_conf);
	P.mark = 0x00000001 | REPLY;
	assert_int_equal(frame(j, 6), 1);
	assert_int_equal(P.v.accept, 1);
	P.conf.fail_open = false;
	inspect_reconf(P.in, &P.conf);
	assert_int_equal(frame(j, 6), 1);
	assert_int_equal(P.v.accept, 0);
	P.conf.observe = true; /* drops nothing */
	inspect_reconf(P.in, &P.conf);
	frame(j, 6);
	assert_int_equal(P.v.accept, 1);
	assert_int_equal(P.counts.blind_bad, 3);
	assert_int_equal(P.n, 1); /* told, once a second */
	P.conf.observe = false;
	inspect_reconf(P.in, &P.conf);
	P.mark = 0;
	/* the table is full of other hosts' undecided flows */
	for (unsigned int i = 0; i < 256; i++) {
		struct traffic t = syn(1, 443);

		t.src = (uint8_t)i;
		send(&t);
		assert_int_equal(P.v.accept, 1);
	}
	struct traffic t = syn(1, 443);
	t.v6 = true;
	send(&t);
	assert_int_equal(P.v.accept, 0);
	assert_int_equal(P.counts.blind_flows, 1);
	assert_int_equal(P.counts.table, 256);
	assert_int_equal(P.counts.packets,
			 P.counts.inspected + P.counts.blind_bad + P.counts.blind_flows);
	end();
}

/* Foreign bits stay, ours are written anew, in whatever mask. */
static void marks(void **state)
{
	static const uint32_t masks[] = { 0x70000000, 0x00000007, 0xe0000000, 0x00007000 };

	(void)state;
	for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
		uint32_t unit = masks[i] & -masks[i];

		begin(names_conf);
		P.conf.mark_mask = masks[i];
		inspect_reconf(P.in, &P.conf);
		P.mark = 0xffffffff;
		assert_int_equal(open_flow(1, 9001), ~masks[i]);
		P.mark = 4 * unit; /* the reply has been seen */
		assert_int_equal(send_data(1, 9001, 0, "\xff\xfe\xfd", 3), 2 * unit);
		assert_int_equal(last(EVENT_VERDICT)->facts.reply_seen, 1);
		P.mark = 0x00a00000;
		open_flow(2, 9001);
		send_data(2, 9001, 0, "\xff\xfe\xfd", 3);
		assert_int_equal(P.v.mark, (0x00a00000 & ~masks[i]) | 2 * unit);
		assert_int_equal(last(EVENT_VERDICT)->facts.reply_seen, 0);
		end();
	}
}

/* A hit is told once; it does not end the search; scores count when nothing else decided. */
static void hits(void **state)
{
	static struct craft h;
	struct slice hello = traffic_hello(&h, "x.bad.example", 16384);

	(void)state;
	begin("mode = \"enforce\"; rules = ("
	      " { name = \"m\"; when: { port = 9001; }; action = \"monitor\"; attack = \"T1571\"; },"
	      " { name = \"foes\"; when: { domain = \"*.bad.example\"; }; action = \"drop\"; },"
	      " { name = \"s1\"; when: { port = 9001; }; action = \"score\"; score = 30; },"
	      " { name = \"s2\"; when: { app = \"tls\"; }; action = \"score\"; score = 60; } );");
	assert_int_equal(open_flow(1, 9001), 0);
	assert_int_equal(P.n, 1);
	assert_int_equal(P.ev[0].kinds, EVENT_HITS);
	assert_int_equal(P.ev[0].n_hits, 1);
	assert_string_equal(P.ev[0].hits[0].rule, "m");
	assert_string_equal(P.ev[0].hits[0].attack, "T1571");
	open_flow(1, 9001);
	assert_int_equal(P.n, 1);
	assert_int_equal(send_data(1, 9001, 0, hello.p, hello.n), DROP);
	is_verdict(ACTION_DROP, "foes");
	assert_int_equal(last(EVENT_VERDICT)->n_hits, 0);
	/* without the name the scores decide */
	hello = traffic_hello(&h, "else.example", 16384);
	open_flow(2, 9001);
	assert_int_equal(send_data(2, 9001, 0, hello.p, hello.n), DROP);
	assert_int_equal(last(EVENT_VERDICT)->rule_index, RULE_SCORE);
	assert_int_equal(last(EVENT_VERDICT)->score, 90);
	assert_int_equal(last(EVENT_VERDICT)->n_hits, 2);
	assert_string_equal(last(EVENT_VERDICT)->hits[1].rule, "s2");
	assert_int_equal(last(EVENT_VERDICT)->hits[1].score, 60);
	/* only the port: watched */
	open_flow(3, 9001);
	assert_int_equal(send_data(3, 9001, 0, "\xff\xfe\xfd", 3), PASS);
	assert_int_equal(last(EVENT_VERDICT)->action, ACTION_MONITOR);
	assert_int_equal(last(EVENT_VERDICT)->n_hits, 1); /* s1 */
	assert_int_equal(last(EVENT_VERDICT)->told, 1);
	assert_int_equal(P.counts.monitored, 1);
	end();
}

/* After a reload an undecided flow is judged, and its hits told, by the new policy. */
static void reload(void **state)
{
	struct config config;
	struct errs errs;
	void *image;

	(void)state;
	begin("rules = ( { name = \"a\"; when: { port = 9001; }; action = \"monitor\"; },"
	      " { name = \"n\"; when: { domain = \"x\"; }; action = \"drop\"; } );");
	open_flow(1, 9001);
	assert_string_equal(P.ev[0].hits[0].rule, "a");
	assert_int_equal(P.ev[0].generation, 1);
	config = P.config;
	errs = P.errs;
	image = P.image;
	compile("rules = ( { name = \"b\"; when: { port = 9001; }; action = \"monitor\"; },"
		" { name = \"n\"; when: { domain = \"x\"; }; action = \"drop\"; } );", 2);
	inspect_policy(P.in, P.policy);
	open_flow(1, 9001);
	assert_int_equal(P.n, 2);
	assert_string_equal(P.ev[1].hits[0].rule, "b");
	assert_int_equal(P.ev[1].generation, 2);
	free(image);
	config_fini(&config);
	errs_fini(&errs);
	end();
}

static uint8_t direction_of(uint8_t src, uint8_t dst, uint8_t hook, uint16_t sport)
{
	struct traffic t = syn(sport, 443);

	t.src = src;
	t.dst = dst;
	P.hook = hook;
	send(&t);
	return last(EVENT_VERDICT)->facts.direction;
}

static void directions(void **state)
{
	struct inspect_net nets[2];

	(void)state;
	begin("mode = \"observe\";");
	traffic_addr(nets[0].lo, false, true, 0);
	traffic_addr(nets[0].hi, false, true, 99);
	traffic_addr(nets[1].lo, false, false, 200);
	traffic_addr(nets[1].hi, false, false, 255);
	assert_int_equal(direction_of(150, 9, 2, 1), DIR_OUT); /* nothing is known yet */
	inspect_inside(P.in, nets, 2);
	assert_int_equal(direction_of(2, 5, 2, 2), DIR_OUT);
	assert_int_equal(direction_of(99, 5, 2, 3), DIR_OUT);
	assert_int_equal(direction_of(150, 222, 2, 4), DIR_IN);
	assert_int_equal(direction_of(2, 200, 2, 5), DIR_LOCAL);
	assert_int_equal(direction_of(150, 5, 3, 6), DIR_OUT); /* the gateway's own */
	assert_int_equal(direction_of(150, 222, 3, 7), DIR_LOCAL);
	assert_int_equal(direction_of(150, 5, 1, 8), DIR_IN); /* to the gateway */
	assert_int_equal(direction_of(2, 5, 1, 9), DIR_LOCAL);
	assert_int_equal(last(EVENT_VERDICT)->observe, 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_alone), cmocka_unit_test(by_name),
		cmocka_unit_test(shapes),	cmocka_unit_test(decoys),
		cmocka_unit_test(two_syns),	cmocka_unit_test(overlap),
		cmocka_unit_test(budgets),	cmocka_unit_test(server_first),
		cmocka_unit_test(midstream),	cmocka_unit_test(midstream_grace),
		cmocka_unit_test(truncated),
		cmocka_unit_test(blind),	cmocka_unit_test(marks),
		cmocka_unit_test(hits),		cmocka_unit_test(reload),
		cmocka_unit_test(directions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
