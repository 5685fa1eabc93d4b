/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/wire/packet.h"

#include <netinet/in.h>
#include <string.h>

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_TIMES = 8, /* RFC 7323 */
	OPT_MD5 = 19,  /* RFC 2385 */
};

static void copy_v4(uint8_t to[16], struct slice addr)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(to, prefix, sizeof prefix);
	memcpy(to + sizeof prefix, addr.p, addr.n);
}

/*
 * Linux stops at the first broken option and takes the segment all the same
 * (tcp_parse_options), so a broken option is no reason to look away.
 */
static void read_options(struct packet *p, struct cur opts)
{
	while (cur_left(&opts)) {
		uint8_t kind = cur_u8(&opts);

		if (kind == OPT_END)
			return;
		if (kind == OPT_NOP)
			continue;
		uint8_t len = cur_u8(&opts);
		if (len < 2)
			return;
		struct cur body = cur_of(cur_take(&opts, len - 2u));
		if (opts.bad)
			return;
		if (kind == OPT_MD5)
			p->md5 = true;
		if (kind == OPT_TIMES && len == 10) {
			p->times = true;
			p->tsval = cur_uint(&body, 4);
		}
	}
}

static enum packet_result parse_tcp(struct packet *p, struct cur c)
{
	size_t all = cur_left(&c);

	p->sport = cur_u16(&c);
	p->dport = cur_u16(&c);
	p->seq = cur_uint(&c, 4);
	p->ack = cur_uint(&c, 4);
	size_t header = (size_t)(cur_u8(&c) >> 4) * 4;
	p->flags = cur_u8(&c) & 0x3f;
	p->window = cur_u16(&c);
	cur_u16(&c); /* checksum */
	p->urgent = cur_u16(&c);
	if (c.bad || header < 20 || header > all)
		return PACKET_BAD;
	read_options(p, cur_sub(&c, header - 20));
	p->payload = cur_rest(&c);
	return PACKET_OK;
}

static enum packet_result parse_udp(struct packet *p, struct cur c)
{
	size_t all = cur_left(&c);

	p->sport = cur_u16(&c);
	p->dport = cur_u16(&c);
	size_t len = cur_u16(&c);
	cur_u16(&c); /* checksum */
	if (len == 0 && p->version == 6) /* RFC 2675 section 4 */
		len = all;
	if (c.bad || len < 8 || (len > all && !p->truncated))
		return PACKET_BAD;
	p->payload = len < all ? cur_take(&c, len - 8) : cur_rest(&c);
	return PACKET_OK;
}

static enum packet_result parse_transport(struct packet *p, struct cur c)
{
	if (p->proto == IPPROTO_TCP)
		return parse_tcp(p, c);
	if (p->proto == IPPROTO_UDP)
		return parse_udp(p, c);
	p->payload = cur_rest(&c);
	return PACKET_OK;
}

/* Cuts what lies behind the packet (Ethernet padding), or notes what is missing. */
static struct cur cut_to(struct packet *p, struct cur c, size_t len)
{
	if (len > cur_left(&c)) {
		p->truncated = true;
		return c;
	}
	return cur_sub(&c, len);
}

static enum packet_result parse_v4(struct packet *p, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	size_t header = (size_t)(cur_u8(&c) & 0x0f) * 4;

	p->tos = cur_u8(&c);
	size_t len = cur_u16(&c);
	p->ip_id = cur_u16(&c);
	uint16_t fragment = cur_u16(&c);
	p->ttl = cur_u8(&c);
	p->proto = cur_u8(&c);
	cur_u16(&c); /* checksum */
	struct slice src = cur_take(&c, 4), dst = cur_take(&c, 4);
	if (c.bad)
		return PACKET_BAD;
	copy_v4(p->src, src);
	copy_v4(p->dst, dst);
	if (len == 0) /* a GSO packet above 64 KiB (BIG TCP) */
		len = bytes.n;
	p->ip_len = (uint32_t)len;
	if (header < 20 || header > len)
		return PACKET_BAD;
	cur_take(&c, header - 20); /* options */
	if (c.bad)
		return PACKET_BAD;
	c = cut_to(p, c, len - header);
	if (fragment & 0x3fff) { /* more fragments, or an offset */
		p->payload = cur_rest(&c);
		return PACKET_FRAGMENT;
	}
	return parse_transport(p, c);
}

/*
 * Reads one extension header and moves on to the next; false if it is not one of them. To nftables
 * an authentication header is a protocol, so it is one here: what is behind it is not asked for.
 */
static bool skip_extension(struct packet *p, struct cur *c, bool *fragment)
{
	uint8_t next;

	switch (p->proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		next = cur_u8(c);
		cur_take(c, (size_t)cur_u8(c) * 8 + 6);
		break;
	case IPPROTO_FRAGMENT:
		next = cur_u8(c);
		cur_u8(c);
		/* offset 0 and no more: atomic (RFC 6946), a packet like any other */
		*fragment = cur_u16(c) & 0xfff9;
		cur_take(c, 4);
		break;
	default:
		return false;
	}
	if (!c->bad)
		p->proto = next;
	return true;
}

static enum packet_result parse_v6(struct packet *p, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint32_t word = cur_uint(&c, 4);
	bool fragment = false;
	int n = 0;

	p->tos = (uint8_t)(word >> 20);
	size_t len = cur_u16(&c);
	p->proto = cur_u8(&c);
	p->ttl = cur_u8(&c);
	struct slice src = cur_take(&c, 16), dst = cur_take(&c, 16);
	if (c.bad)
		return PACKET_BAD;
	memcpy(p->src, src.p, src.n);
	memcpy(p->dst, dst.p, dst.n);
	if (len == 0) /* jumbogram (RFC 2675) or BIG TCP */
		len = cur_left(&c);
	p->ip_len = (uint32_t)(len + 40);
	c = cut_to(p, c, len);
	while (skip_extension(p, &c, &fragment)) {
		if (c.bad || ++n > PACKET_EXT_MAX)
			return PACKET_BAD;
		if (fragment) {
			p->payload = cur_rest(&c);
			return PACKET_FRAGMENT;
		}
	}
	return parse_transport(p, c);
}

enum packet_result packet_parse(struct packet *p, struct slice bytes)
{
	struct cur c = cur_of(bytes);

	memset(p, 0, sizeof *p);
	p->payload = (struct slice){ c.p, 0 };
	p->version = cur_u8(&c) >> 4;
	if (p->version == 4)
		return parse_v4(p, bytes);
	if (p->version == 6)
		return parse_v6(p, bytes);
	return PACKET_BAD;
}
