/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log's records. With EVENT_DUMP=FILE in the environment every line made here is appended to
 * FILE, for tests/tools/eve-schema.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "agent/event.h"
#include "agent/wire/packet.h"

static char buf[EVENT_LINES_MAX + 1];
static struct event ev;
static struct outcome out;
static struct event_opts opts;
static json_t *lines; /* array of what the last made() wrote */

static void take(long n)
{
	const char *dump = getenv("EVENT_DUMP");

	assert_true(n >= 0);
	buf[n] = '\0';
	if (dump) {
		FILE *f = fopen(dump, "a");

		assert_non_null(f);
		assert_int_equal(fwrite(buf, 1, (size_t)n, f), n);
		fclose(f);
	}
	json_decref(lines);
	lines = json_array();
	for (char *p = buf, *end; *p; p = end + 1) {
		json_t *o;

		end = strchr(p, '\n');
		assert_non_null(end);
		assert_true(end - p < EVENT_LINE_MAX);
		for (const char *c = p; c < end; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		o = json_loadb(p, (size_t)(end - p), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		if (!o)
			fail_msg("not JSON: %.*s", (int)(end - p), p);
		json_array_append_new(lines, o);
	}
}

static size_t made(void)
{
	take(event_lines(buf, sizeof(buf) - 1, &ev, &out, &opts));
	return json_array_size(lines);
}

/* Value at "alert.context.rule" of record `i` as text; "" if there is none. */
static const char *at(size_t i, const char *path)
{
	static char text[4096];
	const json_t *v = json_array_get(lines, i);
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *w = strtok_r(copy, ".", &save); w; w = strtok_r(NULL, ".", &save))
		v = json_is_array(v) ? json_array_get(v, strtoul(w, NULL, 10)) : json_object_get(v, w);
	if (json_is_string(v))
		snprintf(text, sizeof(text), "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	else
		snprintf(text, sizeof(text), "%s",
			 json_is_true(v)    ? "true"
			 : json_is_false(v) ? "false"
					    : "");
	return text;
}

static void v4(uint8_t a[16], uint8_t a0, uint8_t a1, uint8_t a2, uint8_t a3)
{
	memset(a, 0, 16);
	a[10] = a[11] = 0xff;
	a[12] = a0, a[13] = a1, a[14] = a2, a[15] = a3;
}

static int setup(void **state)
{
	(void)state;
	memset(&ev, 0, sizeof(ev));
	memset(&out, 0, sizeof(out));
	opts = (struct event_opts){ .records = EVENT_REC_ALL, .flow = true,
				    .host = "gw", .in_iface = "br-lan" };
	ev.generation = 3;
	ev.wall = UINT64_C(1695017601216460); /* 2023-09-18T06:13:21.216460 */
	ev.start = ev.wall - 2500000;
	ev.flow_id = UINT64_C(0xfedcba9876543210);
	ev.packets = 4;
	ev.bytes = 777;
	ev.rule_index = 0;
	v4(ev.facts.src, 192, 168, 1, 2);
	v4(ev.facts.dst, 203, 0, 113, 9);
	ev.facts.sport = 49175;
	ev.facts.dport = 443;
	ev.facts.proto = IPPROTO_TCP;
	ev.facts.direction = DIR_OUT;
	ev.facts.reply_seen = 1;
	memcpy(ev.facts.mac, "\x02\x00\x5e\x10\x00\xff", 6);
	return 0;
}

static void hello(void)
{
	struct facts *f = &ev.facts;

	f->app = APP_TLS;
	for (int i = 0; i <= FACT_JA4; i++)
		facts_know(f, (enum fact)i);
	f->tls_version = 0x0304;
	f->sni_len = 16;
	memcpy(f->sni, "calendar.example", 16);
	f->alpn_len = 12;
	memcpy(f->alpn, "\x02h2\x08http/1.1", 12);
	memset(f->ja3, 0xab, 16);
	memcpy(f->ja4, "t13d1516h2_8daaf6152771_b0da82dd1658", 37);
	ev.text.ja3_len = 20;
	memcpy(ev.text.ja3, "771,4865-4866,0-23,,", 20);
	ev.kinds |= EVENT_READ;
}

static void verdict(enum action a)
{
	ev.kinds |= EVENT_VERDICT;
	ev.action = (uint8_t)a;
	ev.scope = SCOPE_PAIR;
	ev.ttl = 3600;
	ev.line = 17;
	strcpy(ev.rule, "tor-name");
	strcpy(ev.list, "tor_relays");
	strcpy(ev.attack, "T1090.003");
	ev.packet = (struct event_packet){ .len = 60,
					   .seq = 4000000000u,
					   .window = 64240,
					   .ttl = 63,
					   .ip_id = 4711,
					   .flags = PACKET_SYN,
					   .version = 4 };
	out.scope = SCOPE_PAIR;
	strcpy(out.set, "drop_pair");
	out.timeout = 3600;
	out.reason = 42;
}

static void test_common(void **state)
{
	(void)state;
	hello();
	assert_int_equal(made(), 1);
	assert_string_equal(at(0, "timestamp"), "2023-09-18T06:13:21.216460+0000");
	assert_string_equal(at(0, "event_type"), "tls");
	assert_string_equal(at(0, "src_ip"), "192.168.1.2");
	assert_string_equal(at(0, "src_port"), "49175");
	assert_string_equal(at(0, "dest_ip"), "203.0.113.9");
	assert_string_equal(at(0, "dest_port"), "443");
	assert_string_equal(at(0, "proto"), "TCP");
	assert_string_equal(at(0, "ip_v"), "4");
	assert_string_equal(at(0, "app_proto"), "tls");
	assert_string_equal(at(0, "direction"), "to_server");
	assert_string_equal(at(0, "in_iface"), "br-lan");
	assert_string_equal(at(0, "host"), "gw");
	assert_string_equal(at(0, "ether.src_mac"), "02:00:5e:10:00:ff");
	/* 51 bits, as Suricata's: readers with 53 keep it whole */
	assert_string_equal(at(0, "flow_id"), "1331063889867280");
	assert_string_equal(at(0, "tls.sni"), "calendar.example");
	assert_string_equal(at(0, "tls.version"), "TLS 1.3");
	assert_string_equal(at(0, "tls.client_alpns.0"), "h2");
	assert_string_equal(at(0, "tls.client_alpns.1"), "http/1.1");
	assert_string_equal(at(0, "tls.ja3.hash"), "abababababababababababababababab");
	assert_string_equal(at(0, "tls.ja3.string"), "771,4865-4866,0-23,,");
	assert_string_equal(at(0, "tls.ja4"), "t13d1516h2_8daaf6152771_b0da82dd1658");
	ev.facts.tls_version = 0x0301;
	assert_int_equal(made(), 1);
	assert_string_equal(at(0, "tls.version"), "TLSv1");
	opts.records = 0;
	assert_int_equal(made(), 0);
}

/* Values of the specification's baseline (github.com/corelight/community-id-spec). */
static void test_community(void **state)
{
	(void)state;
	hello();
	v4(ev.facts.src, 128, 232, 110, 120);
	v4(ev.facts.dst, 66, 35, 250, 204);
	ev.facts.sport = 34855;
	ev.facts.dport = 80;
	made();
	assert_string_equal(at(0, "community_id"), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	v4(ev.facts.src, 66, 35, 250, 204);
	v4(ev.facts.dst, 128, 232, 110, 120);
	ev.facts.sport = 80;
	ev.facts.dport = 34855;
	made();
	assert_string_equal(at(0, "community_id"), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	v4(ev.facts.src, 192, 168, 1, 52);
	v4(ev.facts.dst, 8, 8, 8, 8);
	ev.facts.sport = 54585;
	ev.facts.dport = 53;
	ev.facts.proto = IPPROTO_UDP;
	made();
	assert_string_equal(at(0, "community_id"), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
	ev.facts.proto = IPPROTO_ICMP;
	made();
	assert_string_equal(at(0, "community_id"), "");
	assert_string_equal(at(0, "src_port"), "");
}

static void test_blocked(void **state)
{
	(void)state;
	verdict(ACTION_REJECT);
	assert_int_equal(made(), 3);
	assert_string_equal(at(0, "event_type"), "alert");
	assert_string_equal(at(0, "alert.action"), "blocked");
	assert_string_equal(at(0, "alert.signature"), "sluice tor-name: reject");
	assert_string_equal(at(0, "alert.severity"), "1");
	assert_string_equal(at(0, "alert.gid"), "1");
	assert_string_equal(at(0, "alert.metadata.mitre_technique_id.0"), "T1090.003");
	assert_string_equal(at(0, "alert.context.rule"), "tor-name");
	assert_string_equal(at(0, "alert.context.list"), "tor_relays");
	assert_string_equal(at(0, "alert.context.line"), "17");
	assert_string_equal(at(0, "alert.context.scope"), "pair");
	assert_string_equal(at(0, "alert.context.set"), "drop_pair");
	assert_string_equal(at(0, "alert.context.timeout"), "3600");
	assert_string_equal(at(0, "alert.context.reason"), "42");
	assert_string_equal(at(0, "alert.context.mode"), "enforce");
	assert_string_equal(at(0, "alert.context.policy"), "3");
	assert_string_equal(at(0, "alert.context.would"), "");
	assert_string_equal(at(0, "verdict.reject.0"), "tcp-reset");
	assert_string_equal(at(1, "event_type"), "drop");
	assert_string_equal(at(1, "drop.tcpseq"), "4000000000");
	assert_string_equal(at(1, "drop.syn"), "true");
	assert_string_equal(at(1, "drop.ack"), "false");
	assert_string_equal(at(1, "drop.reason"), "rules");
	assert_string_equal(at(1, "verdict.action"), "drop");
	assert_string_equal(at(2, "event_type"), "flow");
	assert_string_equal(at(2, "flow.action"), "drop");
	assert_string_equal(at(2, "flow.bypass"), "");
	assert_string_equal(at(2, "flow.start"), "2023-09-18T06:13:18.716460+0000");
	assert_string_equal(at(2, "flow.age"), "2");
	assert_string_equal(at(2, "flow.pkts_toserver"), "4");
	assert_string_equal(at(2, "flow.bytes_toserver"), "777");
	assert_string_equal(at(2, "flow.alerted"), "true");
	assert_string_equal(at(2, "metadata.flowvars.1.value"), "tor-name");
}

static void test_observed(void **state)
{
	(void)state;
	verdict(ACTION_DROP);
	ev.observe = 1;
	assert_int_equal(made(), 2);
	assert_string_equal(at(0, "alert.action"), "allowed");
	assert_string_equal(at(0, "alert.context.would"), "drop");
	assert_string_equal(at(0, "alert.context.mode"), "observe");
	assert_string_equal(at(0, "verdict.action"), "");
	assert_string_equal(at(1, "event_type"), "flow");
	assert_string_equal(at(1, "flow.action"), "pass");
	assert_string_equal(at(1, "flow.bypass"), "capture");
}

static void hits(void)
{
	ev.kinds |= EVENT_HITS;
	ev.n_hits = 2;
	ev.hits[0] = (struct event_hit){
		.rule = "tor-port", .action = ACTION_MONITOR, .ttl = 60, .attack = "T1090.003"
	};
	ev.hits[1] = (struct event_hit){
		.rule = "c2-ja3", .list = "c2", .line = 9, .score = 60, .action = ACTION_SCORE
	};
}

static void test_hits(void **state)
{
	char sid[32];

	(void)state;
	hits();
	strcpy(out.set, "watch");
	out.timeout = 60;
	out.reason = 7;
	assert_int_equal(made(), 2);
	assert_string_equal(at(0, "alert.signature"), "sluice tor-port: monitor");
	assert_string_equal(at(0, "alert.action"), "allowed");
	assert_string_equal(at(0, "alert.severity"), "2");
	assert_string_equal(at(0, "alert.context.set"), "watch");
	assert_string_equal(at(1, "alert.signature"), "sluice c2-ja3: score");
	assert_string_equal(at(1, "alert.context.score"), "60");
	assert_string_equal(at(1, "alert.context.line"), "9");
	assert_string_equal(at(1, "alert.context.set"), "");
	/* the id belongs to the name: the same in another place and at another time */
	snprintf(sid, sizeof(sid), "%s", at(0, "alert.signature_id"));
	assert_true(strtol(sid, NULL, 10) >= 9000000 && strtol(sid, NULL, 10) < 10000000);
	assert_string_not_equal(at(1, "alert.signature_id"), sid);
	ev.hits[1] = ev.hits[0];
	made();
	assert_string_equal(at(1, "alert.signature_id"), sid);
}

/* One alert for one thing: a monitor verdict by a rule that is told as a hit is not told twice. */
static void test_monitor_once(void **state)
{
	(void)state;
	opts.flow = false;
	hits();
	verdict(ACTION_MONITOR);
	strcpy(ev.rule, "tor-port");
	assert_int_equal(made(), 2);
	strcpy(ev.rule, "score");
	assert_int_equal(made(), 3);
	assert_string_equal(at(2, "alert.signature"), "sluice score: monitor");
	assert_string_equal(at(2, "alert.action"), "allowed");
	/* nor when it was told with an earlier packet */
	ev.kinds &= (uint8_t)~EVENT_HITS;
	ev.n_hits = 0;
	assert_int_equal(made(), 1);
	ev.told = 1;
	assert_int_equal(made(), 0);
}

static void test_allowed(void **state)
{
	(void)state;
	verdict(ACTION_ALLOW);
	assert_int_equal(made(), 1);
	assert_string_equal(at(0, "event_type"), "flow");
	assert_string_equal(at(0, "flow.state"), "bypassed");
	assert_string_equal(at(0, "flow.alerted"), "false");
}

static void test_anomalies(void **state)
{
	(void)state;
	ev.kinds = EVENT_ANOMALY;
	ev.facts.anomalies = ANOM_OVERLAP;
	assert_int_equal(made(), 1);
	assert_string_equal(at(0, "alert.signature"), "sluice anomaly: overlap");
	assert_string_equal(at(0, "alert.severity"), "3");
	assert_string_equal(at(0, "alert.context.anomalies.0"), "overlap");
	ev.facts.anomalies = ANOM_OVERLAP | ANOM_TTL | 1u << 31;
	made();
	assert_string_equal(at(0, "alert.signature"), "sluice anomaly: several");
	assert_string_equal(at(0, "alert.context.anomalies.1"), facts_anomaly_name(14));
}

static void test_v6_udp(void **state)
{
	(void)state;
	verdict(ACTION_REJECT);
	memcpy(ev.facts.dst, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	memcpy(ev.facts.src, "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\x02", 16);
	ev.facts.proto = IPPROTO_UDP;
	ev.packet.version = 6;
	memset(ev.facts.mac, 0, 6);
	made();
	assert_string_equal(at(1, "ip_v"), "6");
	assert_string_equal(at(1, "dest_ip"), "2001:db8::1");
	assert_string_equal(at(1, "drop.hoplimit"), "63");
	assert_string_equal(at(1, "drop.ttl"), "");
	assert_string_equal(at(1, "drop.tcpseq"), "");
	assert_string_equal(at(1, "verdict.reject.0"), "icmp-prohib");
	assert_string_equal(at(1, "ether.src_mac"), "");
	ev.packet.version = 0;
	assert_int_equal(made(), 3);
}

/*
 * Every byte value in every text, each text full and without its end: what a worker in an
 * attacker's hand could send. All kinds of records, each a line within bounds.
 */
static void test_hostile(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < 256; c++) {
		setup(NULL);
		hello();
		hits();
		verdict(c & 1 ? ACTION_DROP : ACTION_REJECT);
		ev.kinds = 0xff;
		ev.n_hits = 0xff;
		memset(ev.hits, (int)c, sizeof(ev.hits));
		memset(ev.rule, (int)c, sizeof(ev.rule));
		memset(ev.list, (int)c, sizeof(ev.list));
		memset(ev.attack, (int)c, sizeof(ev.attack));
		memset(ev.facts.sni, (int)c, sizeof(ev.facts.sni));
		memset(ev.facts.alpn, (int)c, sizeof(ev.facts.alpn));
		memset(ev.facts.ja4, (int)c, sizeof(ev.facts.ja4));
		memset(ev.text.ja3, (int)c, sizeof(ev.text.ja3));
		memset(out.note, (int)c, sizeof(out.note));
		memset(out.set, (int)c, sizeof(out.set));
		ev.facts.sni_len = ev.facts.alpn_len = 255;
		ev.text.ja3_len = sizeof(ev.text.ja3);
		ev.facts.anomalies = UINT32_MAX;
		ev.facts.proto = (uint8_t)c;
		ev.facts.app = APP_TLS;
		ev.facts.via = 0;
		ev.facts.known = 1u << FACT_APP | 1u << FACT_SNI | 1u << FACT_ALPN | 1u << FACT_JA3 |
				 1u << FACT_JA4 | 1u << FACT_TLS_VERSION;
		dissect_text_init(&ev.text);
		ev.text.ja3_len = sizeof(ev.text.ja3);
		out.scope = (uint8_t)c;
		ev.wall = c & 2 ? UINT64_MAX : 0;
		assert_int_equal(made(), 1 + DECISION_HITS + 4);
	}
	memset(&ev, 0xff, sizeof(ev));
	dissect_text_init(&ev.text); /* lengths are unpack_event()'s to check */
	assert_true(made() > 0);
}

/* The worst a name can be: longer records lose the JA3 text, never more, and never the line. */
static void test_lean(void **state)
{
	(void)state;
	hello();
	ev.facts.sni_len = 255;
	memset(ev.facts.sni, 1, 255);
	ev.text.ja3_len = sizeof(ev.text.ja3);
	memset(ev.text.ja3, 1, sizeof(ev.text.ja3));
	assert_int_equal(made(), 1);
	assert_string_equal(at(0, "tls.ja3.string"), "");
	assert_string_equal(at(0, "tls.ja3.hash"), "abababababababababababababababab");
	assert_int_not_equal(strlen(at(0, "tls.sni")), 0);
}

static void test_small_buffer(void **state)
{
	long whole, n;

	(void)state;
	hello();
	verdict(ACTION_DROP);
	whole = event_lines(buf, sizeof(buf) - 1, &ev, &out, &opts);
	assert_true(whole > 0);
	for (size_t size = 0; size <= (size_t)whole; size += 37) {
		char *exact = malloc(size + 1);

		n = event_lines(exact, size, &ev, &out, &opts);
		assert_true(n == -ENOSPC || (size_t)n <= size);
		free(exact);
	}
	assert_int_equal(event_lines(buf, (size_t)whole, &ev, NULL, &opts) > 0, 1);
}

static void test_stats(void **state)
{
	const struct event_counts c = {
		.packets = 100,
		.kernel_lost = 5,
		.flows = 20,
		.table = 3,
		.blind_bad = 1,
		.blind_flows = 2,
		.dropped = 4,
		.rejected = 1,
		.monitored = 2,
		.apps = { [APP_TLS] = 9 },
		.midstream = 6,
		.events_lost = 8,
	};

	(void)state;
	take(event_stats(buf, sizeof(buf) - 1, ev.wall, 77, &c, &opts));
	assert_string_equal(at(0, "event_type"), "stats");
	assert_string_equal(at(0, "stats.uptime"), "77");
	assert_string_equal(at(0, "stats.capture.kernel_packets"), "105");
	assert_string_equal(at(0, "stats.capture.kernel_drops"), "5");
	assert_string_equal(at(0, "stats.flow.active"), "3");
	assert_string_equal(at(0, "stats.detect.alert"), "7");
	assert_string_equal(at(0, "stats.app_layer.flow.tls"), "9");
	assert_int_equal(event_stats(buf, 20, ev.wall, 77, &c, &opts), -ENOSPC);
}

static int teardown(void **state)
{
	(void)state;
	json_decref(lines);
	lines = NULL;
	return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_common), T(test_community),    T(test_blocked), T(test_observed),
		T(test_hits),   T(test_monitor_once), T(test_allowed), T(test_anomalies),
		T(test_v6_udp), T(test_hostile),      T(test_lean),    T(test_small_buffer),
		T(test_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
