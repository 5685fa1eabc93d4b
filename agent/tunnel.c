/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/tunnel.h"

#include <netinet/in.h>

#include "agent/capture.h"

enum {
	PORT_GTPU = 2152,
	PORT_TEREDO = 3544,
	PORT_VXLAN = 4789,
	PORT_VXLAN_GPE = 4790,
	PORT_VXLAN_LINUX = 8472,
	PORT_GENEVE = 6081,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_ETHERNET = 0x6558,
	TYPE_PPP = 0x880b,
	TYPE_ERSPAN = 0x88be, /* types I and II (draft-foschiano-erspan) */
	TYPE_ERSPAN3 = 0x22eb,
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQ = 0x1000,
	GRE_ACK = 0x0080,
	GRE_VERSION = 7,
	PPP_IP4 = 0x21,
	PPP_IP6 = 0x57,
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

/* PPP in HDLC-like framing without its flags (RFC 1662 section 3), both ways compressed or not. */
static struct slice ppp(struct slice s)
{
	struct cur c = cur_of(s), look = c;
	unsigned int protocol;

	if (cur_u16(&look) == 0xff03)
		c = look;
	protocol = cur_u8(&c);
	if (!(protocol & 1)) /* the low byte is odd, the high one even: RFC 1661 section 2 */
		protocol = protocol << 8 | cur_u8(&c);
	return protocol == PPP_IP4 || protocol == PPP_IP6 ? cur_rest(&c) : none();
}

/* PPTP's (RFC 2637 section 4.1). */
static struct slice gre_ppp(struct cur *c, uint16_t flags, uint16_t type)
{
	size_t n = cur_u16(c);
	struct cur in;

	cur_take(c, 2); /* call id */
	if (flags & GRE_SEQ)
		cur_take(c, 4);
	if (flags & GRE_ACK)
		cur_take(c, 4);
	in = cur_sub(c, n);
	return type == TYPE_PPP && !in.bad ? ppp(cur_rest(&in)) : none();
}

static struct slice gre(struct slice s)
{
	struct cur c = cur_of(s);
	uint16_t flags = cur_u16(&c), type = cur_u16(&c);

	if ((flags & GRE_VERSION) == 1)
		return gre_ppp(&c, flags, type);
	if (flags & GRE_VERSION)
		return none();
	if (flags & (GRE_CHECKSUM | GRE_ROUTING))
		cur_take(&c, 4);
	if (flags & GRE_KEY)
		cur_take(&c, 4);
	if (flags & GRE_SEQ)
		cur_take(&c, 4);
	if (type == TYPE_ERSPAN || type == TYPE_ERSPAN3) {
		if (type == TYPE_ERSPAN3)
			cur_take(&c, 12);
		else if (flags & GRE_SEQ) /* type I has neither */
			cur_take(&c, 8);
		type = TYPE_ETHERNET;
	}
	return typed(&c, type);
}

/* draft-ietf-nvo3-vxlan-gpe: the protocol stands in the fourth byte */
static struct slice vxlan_gpe(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t flags = cur_u8(&c), next;

	cur_take(&c, 2);
	next = cur_u8(&c);
	cur_take(&c, 4);
	if (!(flags & 8))
		return none();
	if (!(flags & 4) || next == 3)
		return capture_ethernet(cur_rest(&c));
	return next == 1 || next == 2 ? cur_rest(&c) : none();
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
	case PORT_VXLAN_GPE:
		return vxlan_gpe(p->payload);
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
