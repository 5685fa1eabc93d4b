/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/tunnel.h"

#include <netinet/in.h>

#include "agent/capture.h"

enum {
	PORT_GTPU = 2152,
	PORT_TEREDO = 3544,
	PORT_VXLAN = 4789,
	PORT_VXLAN_LINUX = 8472,
	PORT_GENEVE = 6081,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_ETHERNET = 0x6558,
};

static struct slice none(void)
{
	return (struct slice){ (const uint8_t *)"", 0 };
}

static struct slice typed(struct cur *c, uint16_t type)
{
	if (type == TYPE_IP4 || type == TYPE_IP6)
		return cur_rest(c);
	return type == TYPE_ETHERNET ? capture_ethernet(cur_rest(c)) : none();
}

static struct slice gre(struct slice s)
{
	struct cur c = cur_of(s);
	uint16_t flags = cur_u16(&c), type = cur_u16(&c);

	if (flags & 7) /* version 1 is PPTP's */
		return none();
	if (flags & 0xc000) /* checksum, routing */
		cur_take(&c, 4);
	if (flags & 0x2000) /* key */
		cur_take(&c, 4);
	if (flags & 0x1000) /* sequence number */
		cur_take(&c, 4);
	return typed(&c, type);
}

static struct slice vxlan(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t flags = cur_u8(&c);

	cur_take(&c, 7);
	return flags & 8 ? capture_ethernet(cur_rest(&c)) : none();
}

static struct slice geneve(struct slice s)
{
	struct cur c = cur_of(s);
	size_t options = (cur_u8(&c) & 0x3fu) * 4;
	uint16_t type;

	cur_u8(&c);
	type = cur_u16(&c);
	cur_take(&c, 4 + options);
	return typed(&c, type);
}

static struct slice teredo(struct slice s)
{
	struct cur c = cur_of(s), look = c;
	uint16_t mark = cur_u16(&look);

	if (mark == 1) { /* authentication */
		size_t id = cur_u8(&look), value = cur_u8(&look);
		cur_take(&look, id + value + 9);
		c = look;
		mark = cur_u16(&look);
	}
	if (mark == 0) { /* origin indication */
		cur_take(&look, 6);
		c = look;
	}
	look = c;
	return cur_u8(&look) >> 4 == 6 ? cur_rest(&c) : none();
}

static struct slice gtpu(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t flags = cur_u8(&c), type = cur_u8(&c);

	cur_take(&c, 6);
	if (flags >> 5 != 1 || type != 255)
		return none();
	if (flags & 7) { /* sequence number, N-PDU number, type of the next extension */
		uint8_t next;

		cur_take(&c, 3);
		next = cur_u8(&c);
		while (next && cur_left(&c)) {
			size_t n = cur_u8(&c) * 4u;
			if (n < 4)
				return none();
			cur_take(&c, n - 2);
			next = cur_u8(&c);
		}
	}
	return cur_rest(&c);
}

static struct slice in_udp(const struct packet *p, uint16_t port)
{
	switch (port) {
	case PORT_VXLAN:
	case PORT_VXLAN_LINUX:
		return vxlan(p->payload);
	case PORT_GENEVE:
		return geneve(p->payload);
	case PORT_TEREDO:
		return teredo(p->payload);
	case PORT_GTPU:
		return gtpu(p->payload);
	default:
		return none();
	}
}

struct slice tunnel_inner(const struct packet *p)
{
	struct slice in;

	switch (p->proto) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return p->payload;
	case IPPROTO_GRE:
		return gre(p->payload);
	case IPPROTO_UDP:
		in = in_udp(p, p->dport);
		return in.n ? in : in_udp(p, p->sport);
	default:
		return none();
	}
}
