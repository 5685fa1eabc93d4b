/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams, and two streams, for the dissectors that hold them up against one form each. First
 * byte: the port. What must hold for any bytes: facts in their bounds; the same answer every time;
 * of a stream, an answer that more bytes do not change; and a port that is only a hint.
 */
#include "agent/dissect/dissect.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef enum dissect_result ask(struct facts *f, struct dissect_text *text, struct slice bytes);

static const struct {
	ask *ask;
	uint8_t app;
	bool stream, port_decides;
} kinds[] = {
	{ stun_dissect, APP_STUN, false, true },
	{ wireguard_dissect, APP_WIREGUARD, false, false },
	{ openvpn_udp_dissect, APP_OPENVPN, false, false },
	{ ike_dissect, APP_IKE, false, false },
	{ ntp_dissect, APP_NTP, false, true },
	{ dht_dissect, APP_BITTORRENT, false, false },
	{ bittorrent_dissect, APP_BITTORRENT, true, false },
	{ openvpn_tcp_dissect, APP_OPENVPN, true, false },
};
static const uint16_t ports[] = { 123, 500, 1194, 3478, 4500, 6881, 40000, 51820 };

static void must(bool x)
{
	if (!x)
		abort();
}

/* Both began as zeroes, padding too, and were filled member by member. */
static bool same(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

static enum dissect_result run(struct facts *f, size_t kind, uint16_t port, struct slice s)
{
	uint8_t *b = malloc(s.n ? s.n : 1); /* exact size: ASan sees its end */
	enum dissect_result r;

	must(b != NULL);
	if (s.n)
		memcpy(b, s.p, s.n);
	memset(f, 0, sizeof *f);
	f->dport = port;
	r = kinds[kind].ask(f, NULL, (struct slice){ b, s.n });
	free(b);
	bool told = r == DISSECT_DONE || r == DISSECT_BAD;
	must(!f->absent && f->known == (told ? 1u << FACT_APP : 0));
	must(f->app == (f->known ? kinds[kind].app : APP_UNKNOWN));
	must(f->anomalies == (r == DISSECT_BAD ? ANOM_APP_BAD : 0u));
	return r;
}

static void one(size_t kind, uint16_t port, struct slice s)
{
	struct facts f, g;
	enum dissect_result r = run(&f, kind, port, s);

	must(run(&g, kind, port, s) == r && same(&f, &g, sizeof f));
	if (!kinds[kind].port_decides)
		must(run(&g, kind, (uint16_t)~port, s) == r);
	if (!kinds[kind].stream) {
		must((r == DISSECT_MORE) == (s.n == 0));
		return;
	}
	must(r != DISSECT_BAD && (r != DISSECT_MORE || s.n < 1080));
	for (size_t n = 0; n < s.n && n < 1200; n += 1 + n / 16) {
		enum dissect_result part = run(&g, kind, port, (struct slice){ s.p, n });

		must(part == DISSECT_MORE || (part == r && same(&f, &g, sizeof f)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cur c = cur_of((struct slice){ data, len });
	uint16_t port = ports[cur_u8(&c) % (sizeof ports / sizeof ports[0])];

	for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
		one(kind, port, cur_rest(&c));
	return 0;
}
