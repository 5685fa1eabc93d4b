/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/wire/packet.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool x)
{
	if (!x)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct packet p, again;
	volatile uint8_t sum = 0;
	enum packet_result r = packet_parse(&p, (struct slice){ data, len });

	must(p.payload.n <= len);
	for (size_t i = 0; i < p.payload.n; i++) {
		const uint8_t *at = p.payload.p + i;

		must(at >= data && at < data + len);
		sum = (uint8_t)(sum + *at);
	}
	must(!(p.flags & ~0x3f));
	if (r == PACKET_BAD) {
		must(p.payload.n == 0);
		return 0;
	}
	must(p.version == 4 || p.version == 6);
	must(p.truncated || p.ip_len <= len);
	must(!p.truncated || p.ip_len > len);
	if (p.version == 4)
		must(memcmp(p.src, mapped, 12) == 0 && memcmp(p.dst, mapped, 12) == 0);
	if (r == PACKET_FRAGMENT || (p.proto != IPPROTO_TCP && p.proto != IPPROTO_UDP))
		must(p.sport == 0 && p.dport == 0 && p.flags == 0);
	/* what lies behind a packet of stated length is padding */
	if (!p.truncated && p.ip_len < len) {
		must(packet_parse(&again, (struct slice){ data, p.ip_len }) == r);
		must(again.payload.n == p.payload.n && again.seq == p.seq);
	}
	return 0;
}
