/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/conform.h"

#include "tests/unit/first.h"

enum { NO = 0, YES = 1, SILENT = 2, PENDING = 3 };

static unsigned int ask(struct facts *f)
{
	conform(f);
	assert_int_equal(f->known & f->absent, 0);
	switch (facts_state(f, FACT_CONFORMS)) {
	case FACT_PENDING:
		return PENDING;
	case FACT_ABSENT:
		return SILENT;
	default:
		return f->conforms;
	}
}

/* APP_UNKNOWN: data came, and nobody recognised it */
static unsigned int verdict(enum app app, uint8_t proto, uint16_t port)
{
	struct facts f = { .proto = proto, .dport = port };

	if (app == APP_UNKNOWN)
		f.absent = 1u << FACT_APP;
	else
		dissect_app(&f, app);
	return ask(&f);
}

static void at_home(void **state)
{
	static const struct {
		enum app app;
		uint16_t port;
		uint8_t proto;
	} homes[] = {
		{ APP_FTP, 21, 6 },	  { APP_SSH, 22, 6 },	     { APP_SMTP, 25, 6 },
		{ APP_DNS, 53, 6 },	  { APP_DNS, 53, 17 },	     { APP_HTTP, 80, 6 },
		{ APP_HTTP2, 80, 6 },	  { APP_POP3, 110, 6 },	     { APP_NTP, 123, 17 },
		{ APP_SMB, 139, 6 },	  { APP_IMAP, 143, 6 },	     { APP_TLS, 443, 6 },
		{ APP_QUIC, 443, 17 },	  { APP_SMB, 445, 6 },	     { APP_TLS, 465, 6 },
		{ APP_IKE, 500, 17 },	  { APP_SMTP, 587, 6 },	     { APP_TLS, 636, 6 },
		{ APP_DOT, 853, 6 },	  { APP_TLS, 853, 6 },	     { APP_QUIC, 853, 17 },
		{ APP_TLS, 989, 6 },	  { APP_TLS, 990, 6 },	     { APP_TLS, 993, 6 },
		{ APP_TLS, 995, 6 },	  { APP_SOCKS, 1080, 6 },    { APP_OPENVPN, 1194, 6 },
		{ APP_OPENVPN, 1194, 17 }, { APP_MQTT, 1883, 6 },    { APP_HTTP, 3128, 6 },
		{ APP_RDP, 3389, 6 },	  { APP_STUN, 3478, 17 },    { APP_STUN, 3478, 6 },
		{ APP_IKE, 4500, 17 },	  { APP_TLS, 5349, 6 },	     { APP_DTLS, 5349, 17 },
		{ APP_VNC, 5900, 6 },	  { APP_VNC, 5901, 6 },	     { APP_TEAMVIEWER, 5938, 6 },
		{ APP_BITTORRENT, 6881, 6 }, { APP_BITTORRENT, 6889, 17 }, { APP_HTTP, 8000, 6 },
		{ APP_HTTP, 8008, 6 },	  { APP_HTTP, 8080, 6 },     { APP_TLS, 8443, 6 },
		{ APP_TLS, 8883, 6 },	  { APP_WIREGUARD, 51820, 17 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++)
		assert_int_equal(verdict(homes[i].app, homes[i].proto, homes[i].port), YES);
}

static void out_of_place(void **state)
{
	static const uint16_t strict[] = { 21,	22,  25,  53,	80,   110,  143, 443,
					   445, 465, 587, 1883, 3389, 5900, 8443 };

	(void)state;
	/* whatever is expected of a port, nothing else is */
	for (size_t i = 0; i < sizeof strict / sizeof strict[0]; i++) {
		unsigned int at_home_here = 0;

		for (unsigned int app = 0; app < APP_N; app++) {
			unsigned int v = verdict((enum app)app, IPPROTO_TCP, strict[i]);

			assert_true(v == YES || v == NO);
			at_home_here += v;
		}
		assert_int_equal(at_home_here, strict[i] == 80 ? 2 : 1);
	}
	assert_int_equal(verdict(APP_SSH, IPPROTO_TCP, 443), NO);
	assert_int_equal(verdict(APP_RDP, IPPROTO_TCP, 443), NO);
	assert_int_equal(verdict(APP_HTTP, IPPROTO_TCP, 443), NO);
	assert_int_equal(verdict(APP_OPENVPN, IPPROTO_TCP, 443), NO);
	assert_int_equal(verdict(APP_TLS, IPPROTO_TCP, 22), NO);
	assert_int_equal(verdict(APP_TLS, IPPROTO_TCP, 53), NO);
	assert_int_equal(verdict(APP_TLS, IPPROTO_TCP, 80), NO);
	assert_int_equal(verdict(APP_WIREGUARD, IPPROTO_UDP, 53), NO);
	assert_int_equal(verdict(APP_WIREGUARD, IPPROTO_UDP, 443), NO);
	assert_int_equal(verdict(APP_QUIC, IPPROTO_UDP, 53), NO);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 53), NO);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 123), NO);
}

/* Every port that is nobody's in the table */
static void elsewhere(void **state)
{
	static const enum app roam[] = { APP_TLS,	 APP_HTTP,    APP_HTTP2, APP_SOCKS,
					 APP_BITTORRENT, APP_OPENVPN, APP_STRATUM };
	static const enum app homely[] = { APP_SSH, APP_RDP, APP_SMTP, APP_DNS, APP_SMB, APP_VNC };

	(void)state;
	for (size_t i = 0; i < sizeof roam / sizeof roam[0]; i++) {
		assert_int_equal(verdict(roam[i], IPPROTO_TCP, 1024), SILENT);
		assert_int_equal(verdict(roam[i], IPPROTO_TCP, 40000), SILENT);
		assert_int_equal(verdict(roam[i], IPPROTO_TCP, 1023), NO);
		assert_int_equal(verdict(roam[i], IPPROTO_TCP, 7), NO);
	}
	for (size_t i = 0; i < sizeof homely / sizeof homely[0]; i++) {
		assert_int_equal(verdict(homely[i], IPPROTO_TCP, 2222), NO);
		assert_int_equal(verdict(homely[i], IPPROTO_TCP, 7), NO);
	}
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_TCP, 2222), SILENT);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_TCP, 7), SILENT);
	assert_int_equal(verdict(APP_QUIC, IPPROTO_UDP, 4433), SILENT);
	assert_int_equal(verdict(APP_QUIC, IPPROTO_UDP, 700), NO);
	assert_int_equal(verdict(APP_QUIC, IPPROTO_UDP, 784), SILENT);
	/* a port is its protocol's alone */
	assert_int_equal(verdict(APP_SSH, IPPROTO_UDP, 22), NO);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 22), SILENT);
	assert_int_equal(verdict(APP_DNS, IPPROTO_UDP, 5354), NO);
	assert_int_equal(verdict(APP_DNS, IPPROTO_UDP, 5353), YES);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 5355), SILENT);
}

/* Common enough there to say nothing about */
static void tolerated(void **state)
{
	(void)state;
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 443), SILENT);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 4500), SILENT);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 500), NO);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_UDP, 1194), SILENT);
	assert_int_equal(verdict(APP_TLS, IPPROTO_TCP, 1194), NO);
	assert_int_equal(verdict(APP_TLS, IPPROTO_TCP, 8080), SILENT);
	assert_int_equal(verdict(APP_SSH, IPPROTO_TCP, 8080), NO);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_TCP, 8080), NO);
	assert_int_equal(verdict(APP_HTTP, IPPROTO_TCP, 6881), SILENT);
	assert_int_equal(verdict(APP_SSH, IPPROTO_TCP, 6881), NO);
	assert_int_equal(verdict(APP_DNS, IPPROTO_UDP, 137), SILENT);
	assert_int_equal(verdict(APP_UNKNOWN, IPPROTO_TCP, 5950), SILENT);
	assert_int_equal(verdict(APP_VNC, IPPROTO_TCP, 5999), YES);
	assert_int_equal(verdict(APP_VNC, IPPROTO_TCP, 6000), NO);
}

static void carried(void **state)
{
	struct facts f = { .proto = IPPROTO_TCP, .dport = 8080, .via = APP_HTTP };

	(void)state;
	dissect_app(&f, APP_SSH); /* inside a CONNECT */
	assert_int_equal(ask(&f), YES);
	f = (struct facts){ .proto = IPPROTO_TCP, .dport = 25, .via = APP_SMTP };
	dissect_app(&f, APP_TLS);
	assert_int_equal(ask(&f), YES);
	f = (struct facts){ .proto = IPPROTO_TCP, .dport = 443, .via = APP_HTTP };
	dissect_app(&f, APP_TLS);
	assert_int_equal(ask(&f), NO);
}

static void nothing_to_say(void **state)
{
	struct facts f = { .proto = IPPROTO_TCP, .dport = 443 };

	(void)state;
	assert_int_equal(ask(&f), PENDING); /* no byte yet */
	f.absent = 1u << FACT_APP;
	f.anomalies = ANOM_MIDSTREAM;
	assert_int_equal(ask(&f), SILENT);
	f = (struct facts){ .proto = IPPROTO_TCP, .dport = 443, .anomalies = ANOM_MIDSTREAM };
	dissect_app(&f, APP_SSH);
	assert_int_equal(ask(&f), NO);
	assert_int_equal(verdict(APP_ICMP, IPPROTO_ICMP, 0), PENDING);
	f = (struct facts){ .proto = IPPROTO_TCP, .dport = 443 };
	dissect_app(&f, APP_N);
	assert_int_equal(ask(&f), PENDING);
}

static bool dot(enum app app, uint8_t proto, uint16_t port, const char *alpn, uint8_t n)
{
	struct facts f = { .proto = proto, .dport = port };

	dissect_app(&f, app);
	memcpy(f.alpn, alpn, n);
	f.alpn_len = n;
	return conform_inside_tls(&f) == APP_DOT;
}

static void anydesk(void **state)
{
	struct facts f = { .proto = IPPROTO_TCP, .dport = 443, .alpn_len = 20 };

	(void)state;
	dissect_app(&f, APP_TLS);
	memcpy(f.alpn, "\x13" "anydesk/6.2.0/linux", 20);
	assert_int_equal(conform_inside_tls(&f), APP_ANYDESK);
	f.alpn[8] = '-';
	assert_int_equal(conform_inside_tls(&f), APP_UNKNOWN);
}

static void dns_over_tls(void **state)
{
	struct facts f = { .proto = IPPROTO_TCP, .dport = 853, .app = APP_TLS };

	(void)state;
	assert_true(dot(APP_TLS, IPPROTO_TCP, 853, "", 0));
	assert_true(dot(APP_TLS, IPPROTO_TCP, 443, "\3dot", 4));
	assert_true(dot(APP_TLS, IPPROTO_TCP, 443, "\2h2\3dot", 7));
	assert_false(dot(APP_TLS, IPPROTO_TCP, 443, "\2h2\3doq", 7));
	assert_false(dot(APP_TLS, IPPROTO_TCP, 443, "\4dots", 5));
	assert_false(dot(APP_TLS, IPPROTO_TCP, 443, "\5\3dotx", 6));
	assert_false(dot(APP_TLS, IPPROTO_TCP, 443, "", 0));
	assert_false(dot(APP_TLS, IPPROTO_TCP, 852, "", 0));
	assert_false(dot(APP_TLS, IPPROTO_UDP, 853, "", 0));
	assert_false(dot(APP_QUIC, IPPROTO_UDP, 853, "\3dot", 4));
	assert_false(dot(APP_SSH, IPPROTO_TCP, 853, "", 0));
	assert_int_equal(conform_inside_tls(&f), APP_UNKNOWN); /* not known yet */
	dissect_app(&f, APP_TLS);
	assert_int_equal(conform_inside_tls(&f), APP_DOT);
	f.via = APP_SOCKS;
	assert_int_equal(conform_inside_tls(&f), APP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_home),	cmocka_unit_test(out_of_place),
		cmocka_unit_test(elsewhere),	cmocka_unit_test(tolerated),
		cmocka_unit_test(carried),	cmocka_unit_test(nothing_to_say),
		cmocka_unit_test(dns_over_tls), cmocka_unit_test(anydesk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
