/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/conform.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "agent/dissect/dissect.h"

/*
 * What is spoken on which port, by IANA's Service Name and Transport Protocol Port Number
 * Registry, and by custom where it has no entry (marked *). `fits` is what the port is for.
 * `also` is found there often enough to say nothing about: such a flow neither conforms nor
 * fails to. APP_UNKNOWN stands there where the protocol has first packets that are not
 * recognised (ESP, static keys, encrypted peers, server-first ones).
 */
#define BIT(app) (1u << (app))
static_assert(APP_N <= 32, "apps are bits here");

enum {
	TCP = 1,
	UDP = 2,
	NOTHING = BIT(APP_UNKNOWN),
	WEB = BIT(APP_HTTP) | BIT(APP_HTTP2),
	TLS = BIT(APP_TLS),
	DOT = BIT(APP_DOT),
	/* at home on no port in particular: above 1023 they are not strange */
	ROAMING = WEB | TLS | BIT(APP_QUIC) | BIT(APP_DTLS) | BIT(APP_STUN) | BIT(APP_SOCKS) |
		  BIT(APP_MQTT) | BIT(APP_STRATUM) | BIT(APP_BITTORRENT) | BIT(APP_OPENVPN) |
		  BIT(APP_WIREGUARD) | BIT(APP_TEAMVIEWER) | BIT(APP_RUSTDESK) | BIT(APP_ANYDESK),
	SYSTEM_PORTS = 1024, /* RFC 6335 section 6 */
};

struct port {
	uint16_t first, last;
	uint8_t protos;
	uint32_t fits, also;
};

/* The first entry that fits a port counts. */
static const struct port ports[] = {
	{ 21, 21, TCP, BIT(APP_FTP), 0 },
	{ 22, 22, TCP, BIT(APP_SSH), 0 },
	{ 25, 25, TCP, BIT(APP_SMTP), 0 },
	{ 53, 53, TCP | UDP, BIT(APP_DNS), 0 },
	{ 80, 80, TCP, WEB, 0 },
	{ 110, 110, TCP, BIT(APP_POP3), 0 },
	{ 123, 123, UDP, BIT(APP_NTP), 0 },
	{ 137, 137, UDP, 0, BIT(APP_DNS) | NOTHING }, /* NetBIOS names have DNS's form */
	{ 139, 139, TCP, BIT(APP_SMB), 0 },
	{ 143, 143, TCP, BIT(APP_IMAP), 0 },
	{ 261, 261, TCP, TLS, 0 },
	{ 443, 443, TCP, TLS, 0 },
	{ 443, 443, UDP, BIT(APP_QUIC), NOTHING }, /* QUIC that moved or was silent long */
	{ 445, 445, TCP, BIT(APP_SMB), 0 },
	{ 448, 448, TCP, TLS, 0 },
	{ 465, 465, TCP, TLS, 0 },
	{ 500, 500, UDP, BIT(APP_IKE), 0 },
	{ 563, 563, TCP, TLS, 0 },
	{ 587, 587, TCP, BIT(APP_SMTP), 0 },
	{ 591, 591, TCP, WEB, 0 },
	{ 593, 593, TCP, WEB, NOTHING },
	{ 614, 614, TCP, TLS, 0 },
	{ 631, 631, TCP, WEB | TLS, 0 },
	{ 636, 636, TCP, TLS, 0 },
	{ 684, 684, TCP, TLS, 0 },
	{ 695, 695, TCP, TLS, 0 },
	{ 784, 784, UDP, 0, BIT(APP_QUIC) }, /* * DNS over QUIC, while it was a draft */
	{ 853, 853, TCP, DOT | TLS, 0 },
	{ 853, 853, UDP, BIT(APP_QUIC) | BIT(APP_DTLS), 0 }, /* RFC 9250, RFC 8094 */
	{ 989, 990, TCP, TLS, 0 },
	{ 992, 995, TCP, TLS, 0 },
	{ 1080, 1080, TCP, BIT(APP_SOCKS), ROAMING },
	{ 1194, 1194, TCP | UDP, BIT(APP_OPENVPN), NOTHING },
	{ 1883, 1883, TCP, BIT(APP_MQTT), 0 },
	{ 2376, 2376, TCP, TLS, 0 },
	{ 3128, 3128, TCP, WEB, TLS },	 /* * proxies */
	{ 3269, 3269, TCP, TLS, 0 },
	{ 3389, 3389, TCP, BIT(APP_RDP), 0 },
	{ 3478, 3478, TCP | UDP, BIT(APP_STUN), TLS | BIT(APP_DTLS) | NOTHING },
	{ 4460, 4460, TCP, TLS, 0 },
	{ 4500, 4500, UDP, BIT(APP_IKE), NOTHING },
	{ 5061, 5061, TCP, TLS, 0 },
	{ 5349, 5349, TCP | UDP, TLS | BIT(APP_DTLS), BIT(APP_STUN) | NOTHING },
	{ 5353, 5353, TCP | UDP, BIT(APP_DNS), NOTHING },
	{ 5355, 5355, TCP | UDP, BIT(APP_DNS), NOTHING },
	{ 5671, 5671, TCP, TLS, 0 },
	{ 5900, 5900, TCP, BIT(APP_VNC), 0 },
	{ 5938, 5938, TCP | UDP, BIT(APP_TEAMVIEWER), 0 },
	{ 5901, 5999, TCP, BIT(APP_VNC), ROAMING | NOTHING }, /* * displays 1 to 99 */
	{ 5986, 5986, TCP, TLS, 0 },
	{ 6514, 6514, TCP, TLS, 0 },
	{ 6697, 6697, TCP, TLS, 0 },
	{ 6881, 6889, TCP | UDP, BIT(APP_BITTORRENT), ROAMING | NOTHING }, /* * */
	{ 8000, 8000, TCP, WEB, TLS | NOTHING },			   /* * */
	{ 8008, 8008, TCP, WEB, TLS },
	{ 8080, 8080, TCP, WEB, TLS },
	{ 8443, 8443, TCP, TLS, 0 }, /* * */
	{ 8883, 8883, TCP, TLS, 0 },
	{ 51820, 51820, UDP, BIT(APP_WIREGUARD), 0 }, /* * */
};

static const struct port *expected(const struct facts *f)
{
	uint8_t proto = f->proto == IPPROTO_TCP ? TCP : f->proto == IPPROTO_UDP ? UDP : 0;

	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
		if ((ports[i].protos & proto) && f->dport >= ports[i].first &&
		    f->dport <= ports[i].last)
			return &ports[i];
	return NULL;
}

enum { NO, YES, SILENT };

/* A port that nothing is known of. */
static unsigned int on_other_port(const struct facts *f, unsigned int app)
{
	if (app == APP_UNKNOWN)
		return SILENT;
	return f->dport < SYSTEM_PORTS || !(BIT(app) & ROAMING) ? NO : SILENT;
}

static unsigned int opinion(const struct facts *f, unsigned int app)
{
	const struct port *p = expected(f);

	if (!p)
		return on_other_port(f, app);
	if (BIT(app) & p->fits)
		return YES;
	return (BIT(app) & p->also) ? SILENT : NO;
}

void conform(struct facts *f)
{
	enum fact_state s = facts_state(f, FACT_APP);
	unsigned int app = f->via ? f->via : s == FACT_KNOWN ? f->app : APP_UNKNOWN;
	unsigned int o = SILENT;

	if (s == FACT_PENDING || app >= APP_N)
		return;
	if (f->proto != IPPROTO_TCP && f->proto != IPPROTO_UDP)
		return;
	/* of a flow that was picked up late the first bytes were not seen */
	if (app != APP_UNKNOWN || !(f->anomalies & ANOM_MIDSTREAM))
		o = opinion(f, app);
	if (o == SILENT) {
		f->absent |= 1u << FACT_CONFORMS;
		return;
	}
	f->conforms = o == YES;
	facts_know(f, FACT_CONFORMS);
}

static bool begins(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

enum app conform_inside_tls(const struct facts *f)
{
	struct cur c = cur_of((struct slice){ f->alpn, f->alpn_len });

	if (facts_state(f, FACT_APP) != FACT_KNOWN || f->app != APP_TLS || f->via ||
	    f->proto != IPPROTO_TCP)
		return APP_UNKNOWN;
	if (f->dport == 853)
		return APP_DOT;
	while (cur_left(&c)) {
		struct cur name = cur_sub8(&c);
		struct slice s = cur_rest(&name);

		if (s.n == 3 && begins(s, "dot"))
			return APP_DOT;
		if (begins(s, "anydesk/"))
			return APP_ANYDESK;
	}
	return APP_UNKNOWN;
}
