/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/track.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/flow/siphash.h"

/* Life after the last packet, ms, as the kernel's defaults. */
enum {
	LIFE_SYN = 120000,
	LIFE_TCP = 432000000,
	LIFE_CLOSED = 10000,
	LIFE_CLOSING = 120000,
	LIFE_UDP = 30000,
	LIFE_UDP_STREAM = 120000,
	LIFE_ICMP = 30000,
	LIFE_OTHER = 600000,
};

enum { CLOSED_ORIGINAL = 1, CLOSED_REPLY = 2, CLOSED_RESET = 4 };

struct track {
	uint32_t max, count, buckets;
	struct conn **hash;
	struct conn *oldest, *newest;
};

struct track *track_new(uint32_t max)
{
	struct track *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->max = max ? max : 1;
	for (t->buckets = 1; t->buckets < t->max && t->buckets < 1u << 20;)
		t->buckets *= 2;
	t->hash = calloc(t->buckets, sizeof(struct conn *));
	if (!t->hash) {
		free(t);
		return NULL;
	}
	return t;
}

struct end {
	uint8_t addr[16];
	uint16_t port;
	uint8_t proto, zero;
};

static uint64_t hash_end(const uint8_t addr[16], uint16_t port, uint8_t proto)
{
	static const uint8_t key[16] = "sluice replay 1";
	struct end e = { .port = port, .proto = proto };

	memcpy(e.addr, addr, 16);
	return siphash(key, (struct slice){ (const uint8_t *)&e, sizeof e });
}

/* Both directions meet in one bucket. */
static struct conn **place(struct track *t, const uint8_t src[16], const uint8_t dst[16],
			   uint16_t sport, uint16_t dport, uint8_t proto)
{
	uint64_t h = hash_end(src, sport, proto) + hash_end(dst, dport, proto);

	return &t->hash[h & (t->buckets - 1)];
}

static void unlink_age(struct track *t, struct conn *c)
{
	*(c->older ? &c->older->newer : &t->oldest) = c->newer;
	*(c->newer ? &c->newer->older : &t->newest) = c->older;
}

static void link_age(struct track *t, struct conn *c)
{
	c->newer = NULL;
	c->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = c;
	t->newest = c;
}

static void forget(struct track *t, struct conn *c)
{
	struct conn **at = place(t, c->src, c->dst, c->sport, c->dport, c->proto);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	unlink_age(t, c);
	t->count--;
	free(c);
}

void track_free(struct track *t)
{
	if (!t)
		return;
	while (t->oldest)
		forget(t, t->oldest);
	free(t->hash);
	free(t);
}

static uint64_t life(const struct conn *c)
{
	switch (c->proto) {
	case IPPROTO_TCP:
		if (c->closed & CLOSED_RESET)
			return LIFE_CLOSED;
		if (c->closed)
			return LIFE_CLOSING;
		return c->replied ? LIFE_TCP : LIFE_SYN;
	case IPPROTO_UDP:
		return c->replied ? LIFE_UDP_STREAM : LIFE_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return LIFE_ICMP;
	default:
		return LIFE_OTHER;
	}
}

static bool goes(const struct conn *c, const uint8_t src[16], const uint8_t dst[16],
		 uint16_t sport, uint16_t dport)
{
	return c->sport == sport && c->dport == dport && memcmp(c->src, src, 16) == 0 &&
	       memcmp(c->dst, dst, 16) == 0;
}

static struct conn *find(struct track *t, bool *reply, const struct packet *p)
{
	struct conn *c = *place(t, p->src, p->dst, p->sport, p->dport, p->proto);

	for (; c; c = c->next) {
		*reply = false;
		if (c->proto == p->proto && goes(c, p->src, p->dst, p->sport, p->dport))
			return c;
		*reply = true;
		if (c->proto == p->proto && goes(c, p->dst, p->src, p->dport, p->sport))
			return c;
	}
	*reply = false;
	return NULL;
}

/* nf_conntrack_proto_tcp.c: tcp_valid_flags; PSH and ECN bits do not matter. */
static bool tcp_flags_valid(uint8_t flags)
{
	switch (flags & (PACKET_FIN | PACKET_SYN | PACKET_RST | PACKET_ACK | PACKET_URG)) {
	case PACKET_SYN:
	case PACKET_SYN | PACKET_URG:
	case PACKET_SYN | PACKET_ACK:
	case PACKET_RST:
	case PACKET_RST | PACKET_ACK:
	case PACKET_FIN | PACKET_ACK:
	case PACKET_FIN | PACKET_ACK | PACKET_URG:
	case PACKET_ACK:
	case PACKET_ACK | PACKET_URG:
		return true;
	default:
		return false;
	}
}

/* A SYN, or a packet from the middle (nf_conntrack_tcp_loose). */
static bool tcp_begins(uint8_t flags)
{
	if (flags & (PACKET_RST | PACKET_FIN))
		return false;
	return !(flags & PACKET_SYN) || !(flags & PACKET_ACK);
}

static enum track_state icmp(const struct packet *p)
{
	struct cur c = cur_of(p->payload);
	uint8_t type = cur_u8(&c);

	switch (type) {
	case 3: case 4: case 5: case 11: case 12: /* unreachable ... parameter problem */
		return TRACK_RELATED;
	case 8: case 13: case 15: case 17: /* requests */
	case 0: case 14: case 16: case 18: /* and their answers */
		return TRACK_NEW;
	default:
		return TRACK_INVALID;
	}
}

static enum track_state icmpv6(const struct packet *p)
{
	struct cur c = cur_of(p->payload);
	uint8_t type = cur_u8(&c);

	if (type >= 1 && type <= 4)
		return TRACK_RELATED;
	if ((type >= 130 && type <= 137) || type == 143)
		return TRACK_UNTRACKED;
	return type == 128 || type == 129 || type == 139 || type == 140 ? TRACK_NEW : TRACK_INVALID;
}

static bool icmp_begins(const struct packet *p)
{
	struct cur c = cur_of(p->payload);
	uint8_t type = cur_u8(&c);

	if (p->proto == IPPROTO_ICMPV6)
		return type == 128 || type == 139;
	return type == 8 || type == 13 || type == 15 || type == 17;
}

static bool begins(const struct packet *p)
{
	switch (p->proto) {
	case IPPROTO_TCP:
		return tcp_begins(p->flags);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return icmp_begins(p);
	default:
		return true;
	}
}

static struct conn *make(struct track *t, const struct packet *p)
{
	struct conn *c = calloc(1, sizeof *c), **at;

	if (!c)
		return NULL;
	if (t->count >= t->max)
		forget(t, t->oldest);
	memcpy(c->src, p->src, 16);
	memcpy(c->dst, p->dst, 16);
	c->sport = p->sport;
	c->dport = p->dport;
	c->proto = p->proto;
	at = place(t, c->src, c->dst, c->sport, c->dport, c->proto);
	c->next = *at;
	*at = c;
	link_age(t, c);
	t->count++;
	return c;
}

/* Over: its time is up, or its ports are used again (a SYN after RST or both FINs). */
static bool over(const struct conn *c, const struct packet *p, uint64_t now)
{
	const uint8_t fins = CLOSED_ORIGINAL | CLOSED_REPLY;

	if (c->seen + life(c) < now)
		return true;
	if (p->proto != IPPROTO_TCP || (p->flags & (PACKET_SYN | PACKET_ACK)) != PACKET_SYN)
		return false;
	return (c->closed & CLOSED_RESET) || (c->closed & fins) == fins;
}

static void note(struct track *t, struct conn *c, const struct packet *p, bool reply, uint64_t now)
{
	c->seen = now;
	unlink_age(t, c);
	link_age(t, c);
	c->replied |= reply;
	c->packets += !reply;
	if (p->proto != IPPROTO_TCP)
		return;
	if (p->flags & PACKET_FIN)
		c->closed |= reply ? CLOSED_REPLY : CLOSED_ORIGINAL;
	if (p->flags & PACKET_RST)
		c->closed |= CLOSED_RESET;
}

enum track_state track_packet(struct track *t, struct conn **c, bool *reply,
			      const struct packet *p, uint64_t now)
{
	enum track_state s = TRACK_NEW;

	*c = NULL;
	*reply = false;
	if (p->proto == IPPROTO_ICMP)
		s = icmp(p);
	else if (p->proto == IPPROTO_ICMPV6)
		s = icmpv6(p);
	else if (p->proto == IPPROTO_TCP && !tcp_flags_valid(p->flags))
		s = TRACK_INVALID;
	if (s != TRACK_NEW)
		return s;
	*c = find(t, reply, p);
	if (*c && over(*c, p, now)) {
		forget(t, *c);
		*c = NULL;
		*reply = false;
	}
	if (!*c)
		*c = begins(p) ? make(t, p) : NULL;
	if (!*c)
		return TRACK_INVALID;
	note(t, *c, p, *reply, now);
	return (*c)->replied ? TRACK_ESTABLISHED : TRACK_NEW;
}

void track_dropped(struct track *t, struct conn *c)
{
	if (!c->confirmed)
		forget(t, c);
}
