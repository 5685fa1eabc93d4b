/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>

enum {
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_VLAN = 0x8100,	/* IEEE 802.1Q */
	TYPE_QINQ = 0x88a8,	/* IEEE 802.1ad */
	TYPE_QINQ_OLD = 0x9100,
	TYPE_PPPOE = 0x8864,	/* RFC 2516, session */
	PPP_IP4 = 0x0021,
	PPP_IP6 = 0x0057,
	TAGS_MAX = 4,
};

struct capture {
	pcap_t *pcap;
	int link;
	uint32_t id;
	uint64_t now;
};

struct capture *capture_open(const char *file, char err[CAPTURE_ERR])
{
	static const int known[] = { DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,
				     DLT_IPV4,	 DLT_IPV6,	DLT_NULL,	DLT_LOOP };
	struct capture *c = calloc(1, sizeof *c);
	char text[PCAP_ERRBUF_SIZE] = "";

	if (!c) {
		snprintf(err, CAPTURE_ERR, "no memory");
		return NULL;
	}
	c->pcap = pcap_open_offline(file, text);
	if (!c->pcap) {
		snprintf(err, CAPTURE_ERR, "%s", text);
		free(c);
		return NULL;
	}
	c->link = pcap_datalink(c->pcap);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == c->link)
			return c;
	snprintf(err, CAPTURE_ERR, "link type %d is not known", c->link);
	capture_close(c);
	return NULL;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_close(c->pcap);
	free(c);
}

static struct slice none(void)
{
	return (struct slice){ (const uint8_t *)"", 0 };
}

static struct slice pppoe(struct cur *c)
{
	cur_take(c, 6);
	switch (cur_u16(c)) {
	case PPP_IP4:
	case PPP_IP6:
		return cur_rest(c);
	default:
		return none();
	}
}

/* From the EtherType on. */
static struct slice typed(struct cur *c)
{
	for (int tags = 0; tags <= TAGS_MAX; tags++) {
		switch (cur_u16(c)) {
		case TYPE_IP4:
		case TYPE_IP6:
			return cur_rest(c);
		case TYPE_PPPOE:
			return pppoe(c);
		case TYPE_VLAN:
		case TYPE_QINQ:
		case TYPE_QINQ_OLD:
			cur_take(c, 2);
			break;
		default:
			return none();
		}
	}
	return none();
}

struct slice capture_ethernet(struct slice frame)
{
	struct cur c = cur_of(frame);

	cur_take(&c, 12);
	return typed(&c);
}

/* tcpdump.org/linktypes: LINUX_SLL and LINUX_SLL2. */
static struct slice cooked(struct slice frame, struct slice *mac)
{
	struct cur c = cur_of(frame);
	uint16_t len;

	cur_take(&c, 4);
	len = cur_u16(&c);
	*mac = cur_take(&c, 8);
	mac->n = len == 6 && !c.bad ? 6 : 0;
	return typed(&c);
}

static struct slice cooked2(struct slice frame, struct slice *mac)
{
	struct cur c = cur_of(frame), type = c;
	uint8_t len;

	cur_take(&c, 11);
	len = cur_u8(&c);
	*mac = cur_take(&c, 8);
	mac->n = len == 6 && !c.bad ? 6 : 0;
	switch (cur_u16(&type)) {
	case TYPE_IP4:
	case TYPE_IP6:
		return cur_rest(&c);
	case TYPE_VLAN:
	case TYPE_QINQ:
		cur_take(&c, 2);
		return typed(&c);
	default:
		return none();
	}
}

static struct slice to_ip(int link, struct slice frame, struct slice *mac)
{
	struct cur c = cur_of(frame);

	*mac = none();
	switch (link) {
	case DLT_EN10MB:
		cur_take(&c, 6);
		*mac = cur_take(&c, 6);
		return typed(&c);
	case DLT_LINUX_SLL:
		return cooked(frame, mac);
	case DLT_LINUX_SLL2:
		return cooked2(frame, mac);
	case DLT_NULL:
	case DLT_LOOP: /* a protocol family of some system: the IP version tells more surely */
		cur_take(&c, 4);
		return cur_rest(&c);
	default:
		return frame;
	}
}

int capture_next(struct capture *c, struct frame *fr, char err[CAPTURE_ERR])
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	struct slice mac;
	int r;

	while ((r = pcap_next_ex(c->pcap, &h, &bytes)) == 1) {
		struct slice ip = to_ip(c->link, (struct slice){ bytes, h->caplen }, &mac);
		uint64_t ms;

		c->id++;
		if (ip.n == 0)
			continue;
		*fr = (struct frame){ .id = c->id, .hook = NF_INET_FORWARD, .bytes = ip };
		fr->wall = (uint64_t)h->ts.tv_sec * 1000000 + (uint64_t)h->ts.tv_usec;
		ms = fr->wall / 1000;
		c->now = ms > c->now ? ms : c->now;
		fr->now = c->now;
		fr->orig_len = h->len - (uint32_t)(h->caplen - ip.n);
		if (mac.n)
			memcpy(fr->mac, mac.p, sizeof fr->mac);
		return 1;
	}
	if (r == PCAP_ERROR_BREAK)
		return 0;
	snprintf(err, CAPTURE_ERR, "%s", pcap_geterr(c->pcap));
	return -EBADMSG;
}
