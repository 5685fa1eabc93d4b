/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "agent/wire/packet.h"
#include "tests/unit/craft.h"

/* IPv4 and IPv6 packets of one connection, for the path of a packet. Checksums are left zero. */
struct traffic {
	bool v6;
	uint8_t src, dst;	 /* last byte of 10.0.0.0/24, 203.0.113.0/24 or their IPv6 twins */
	uint8_t proto;		 /* 6, 17, 1 or 58; 0 = 6 */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags, ttl;	 /* ttl 0 = 64 */
	uint16_t urgent;
	bool md5;
	uint32_t tsval;		 /* not 0: timestamps option */
	const void *data;
	size_t n;
	uint16_t cut;		 /* bytes that the copy lacks at its end */
};

CRAFT void traffic_addr(uint8_t out[16], bool v6, bool inside, uint8_t last)
{
	static const uint8_t v4[2][16] = {
		{ [10] = 255, 255, 203, 0, 113, 0 }, { [10] = 255, 255, 10, 0, 0, 0 } };
	static const uint8_t six[2][16] = {
		{ 0x20, 0x01, 0x0d, 0xb8, 0, 0xbb }, { 0x20, 0x01, 0x0d, 0xb8, 0, 0xaa } };

	memcpy(out, v6 ? six[inside] : v4[inside], 16);
	out[15] = last;
}

CRAFT void traffic_ip(struct craft *c, const struct traffic *t, size_t len)
{
	uint8_t src[16], dst[16];
	uint8_t proto = t->proto ? t->proto : 6, ttl = t->ttl ? t->ttl : 64;

	traffic_addr(src, t->v6, true, t->src);
	traffic_addr(dst, t->v6, false, t->dst);
	if (t->v6) {
		craft_uint(c, 0x60000000, 4);
		craft_uint(c, len, 2);
		craft_uint(c, proto, 1);
		craft_uint(c, ttl, 1);
		craft_bytes(c, src, 16);
		craft_bytes(c, dst, 16);
		return;
	}
	craft_uint(c, 0x4500, 2);
	craft_uint(c, len + 20, 2);
	craft_uint(c, 0x00014000, 4);
	craft_uint(c, ttl, 1);
	craft_uint(c, proto, 1);
	craft_uint(c, 0, 2);
	craft_bytes(c, src + 12, 4);
	craft_bytes(c, dst + 12, 4);
}

CRAFT struct slice traffic(struct craft *c, const struct traffic *t)
{
	size_t options = (t->md5 ? 20u : 0u) + (t->tsval ? 12u : 0u);

	c->n = 0;
	if (t->proto == 17) {
		traffic_ip(c, t, t->n + 8);
		craft_uint(c, t->sport, 2);
		craft_uint(c, t->dport, 2);
		craft_uint(c, t->n + 8, 2);
		craft_uint(c, 0, 2);
	} else if (t->proto == 1 || t->proto == 58) { /* data: the message from its type on */
		traffic_ip(c, t, t->n);
	} else {
		traffic_ip(c, t, t->n + 20 + options);
		craft_uint(c, t->sport, 2);
		craft_uint(c, t->dport, 2);
		craft_uint(c, t->seq, 4);
		craft_uint(c, t->ack, 4);
		craft_uint(c, (20 + options) / 4 << 4, 1);
		craft_uint(c, t->flags, 1);
		craft_uint(c, 65535, 2);
		craft_uint(c, 0, 2);
		craft_uint(c, t->urgent, 2);
		if (t->md5) {
			craft_uint(c, 19 << 8 | 18, 2);
			craft_fill(c, 0xab, 16);
			craft_uint(c, 0, 2);
		}
		if (t->tsval) {
			craft_uint(c, 0x0101080a, 4);
			craft_uint(c, t->tsval, 4);
			craft_uint(c, 0, 4);
		}
	}
	craft_bytes(c, t->data, t->n);
	return (struct slice){ c->b, c->n - t->cut };
}

/* A hello that asks for `name` and offers h2. */
CRAFT struct slice traffic_hello(struct craft *c, const char *name, size_t record)
{
	static const uint16_t ciphers[] = { 0x1301, 0x1302, 0xc02b, 0xc02f };
	static const uint16_t groups[] = { 29, 23 }, versions[] = { 0x0304, 0x0303 };
	static struct craft_hello h;

	craft_hello_begin(&h, 0x0303, ciphers, 4);
	craft_ext_name(&h, name, strlen(name));
	craft_ext_list(&h, 10, 2, groups, 2);
	craft_ext_alpn(&h, "h2", 2);
	craft_ext_list(&h, 43, 1, versions, 2);
	return craft_records(c, craft_hello_end(&h), record);
}

#endif
