/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echo requests, the guess at bytes that nobody recognised, and the port's opinion of what was
 * recognised. First four bytes: app, via, port.
 */
#include "agent/dissect/conform.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dissect/dissect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool x)
{
	if (!x)
		abort();
}

static void echo(struct slice s)
{
	struct facts f = { 0 }, g = { 0 };
	enum dissect_result r = icmp_dissect(&f, NULL, s), r6 = icmp6_dissect(&g, NULL, s);

	must(r == DISSECT_DONE || r == DISSECT_NOT_MINE);
	must(r6 == DISSECT_NOT_MINE || r == DISSECT_NOT_MINE);
	if (r == DISSECT_NOT_MINE) {
		must(!f.known && !f.absent && !f.anomalies);
		return;
	}
	must(f.known == (1u << FACT_APP | 1u << FACT_ICMP_SIZE) && f.app == APP_ICMP);
	must(f.icmp_size == (s.n - 8 < UINT16_MAX ? s.n - 8 : UINT16_MAX));
	must(!(f.anomalies & ~(uint32_t)(ANOM_ICMP_DATA | ANOM_APP_BAD)));
}

static void entropy(struct slice s)
{
	struct facts f = { 0 };

	guess(&f, s);
	must(f.known == (s.n >= 64 ? 1u << FACT_ENTROPY : 0) && f.entropy <= 1 && !f.absent);
}

static void port(uint8_t app, uint8_t via, uint16_t dport, uint8_t how)
{
	struct facts f = { .dport = dport, .via = via,
			   .proto = how & 1 ? IPPROTO_TCP : IPPROTO_UDP };

	if (app)
		dissect_app(&f, (enum app)app);
	else if (how & 2)
		f.absent = 1u << FACT_APP;
	conform(&f);
	must(!(f.known & f.absent) && f.conforms <= 1);
	must(!f.conforms || f.known >> FACT_CONFORMS & 1);
	if (!app && !(how & 2))
		must(!(f.known | f.absent));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t app = cur_u8(&c), via = cur_u8(&c);
	uint16_t dport = cur_u16(&c);
	struct slice rest = cur_rest(&c);
	struct facts f = { .proto = IPPROTO_TCP, .dport = dport };
	uint8_t *b = malloc(rest.n ? rest.n : 1);

	must(b != NULL);
	if (rest.n)
		memcpy(b, rest.p, rest.n);
	echo((struct slice){ b, rest.n });
	entropy((struct slice){ b, rest.n });
	for (uint8_t how = 0; how < 4; how++)
		port(app, via, dport, how);
	f.alpn_len = (uint8_t)(rest.n < sizeof f.alpn ? rest.n : sizeof f.alpn);
	if (f.alpn_len)
		memcpy(f.alpn, b, f.alpn_len);
	dissect_app(&f, APP_TLS);
	must(!conform_inside_tls(&f) || dport == 853 || f.alpn_len >= 4);
	free(b);
	return 0;
}
