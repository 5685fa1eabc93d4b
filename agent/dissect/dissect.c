/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/conform.h"
#include "agent/dissect/dissect.h"

#include <netinet/in.h>
#include <string.h>

struct line {
	enum dissect_result (*ask)(struct facts *f, struct dissect_text *text, struct slice bytes);
};

/* One line per protocol; bit i of *tried is line i, so at most 31 in each table. */
static const struct line tcp_table[] = {
	{ tls_dissect }, { http_dissect }, { http2_dissect }, { ssh_dissect }, { rdp_dissect },
	{ socks_dissect }, { dns_tcp_dissect }, { mail_dissect }, { smb_dissect },
	{ mqtt_dissect }, { stratum_dissect }, { remote_dissect }, { bittorrent_dissect },
	{ openvpn_tcp_dissect },
};
static const struct line udp_table[] = {
	{ dns_udp_dissect }, { stun_dissect }, { wireguard_dissect }, { openvpn_udp_dissect },
	{ ike_dissect }, { ntp_dissect }, { dht_dissect },
};
static const struct line icmp_table[] = {
	{ icmp_dissect },
};
static const struct line icmp6_table[] = {
	{ icmp6_dissect },
};
/* They need the datagrams before this one, too; bit TRIED_AFTER + i of *tried. */
static enum dissect_result (*const after_table[])(struct facts *f, struct dissect_text *text,
						  struct slice bytes, struct slice before) = {
	quic_dissect, dtls_dissect,
};
enum { AFTER_N = sizeof after_table / sizeof after_table[0], TRIED_AFTER = 32 - AFTER_N };

enum { INNER_MAX = 3 }; /* carriers in each other: a proxy behind a proxy, STARTTLS behind it */

struct table {
	const struct line *line;
	size_t n;
};
#define TABLE(x) ((struct table){ x, sizeof(x) / sizeof(x)[0] })

static struct table table_of(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return TABLE(tcp_table);
	case IPPROTO_UDP:
		return TABLE(udp_table);
	case IPPROTO_ICMP:
		return TABLE(icmp_table);
	case IPPROTO_ICMPV6:
		return TABLE(icmp6_table);
	default:
		return (struct table){ NULL, 0 };
	}
}

/* Takes one answer in: true if it is final. */
static bool settles(enum dissect_result *all, uint32_t *tried, unsigned int bit,
		    enum dissect_result one)
{
	if (one == DISSECT_NOT_MINE) {
		*tried |= 1u << bit;
		return false;
	}
	*all = one;
	return one != DISSECT_MORE;
}

/*
 * In the order of the table: while one line may still claim the bytes, those behind it wait. Else
 * the answer would depend on how the bytes were cut into segments.
 */
static enum dissect_result ask_table(struct facts *f, struct dissect_text *text, uint32_t *tried,
				     struct table t, struct slice bytes)
{
	enum dissect_result all = DISSECT_NOT_MINE;

	for (unsigned int i = 0; i < t.n && all == DISSECT_NOT_MINE; i++)
		if (!(*tried >> i & 1))
			settles(&all, tried, i, t.line[i].ask(f, text, bytes));
	return all;
}

/* What a protocol may still tell once it has said who it is. */
static uint32_t facts_of(uint8_t app)
{
	switch (app) {
	case APP_SSH:
		return 1u << FACT_HASSH | 1u << FACT_SSH_SOFTWARE;
	case APP_DTLS:
	case APP_QUIC:
		return 1u << FACT_SNI | 1u << FACT_ALPN | 1u << FACT_TLS_VERSION |
		       1u << FACT_ECH | 1u << FACT_JA3 | 1u << FACT_JA4;
	default:
		return 0;
	}
}

/* The protocol is known while it still speaks: what others would have told is settled. */
static void settle_others(struct facts *f)
{
	if (f->via || facts_state(f, FACT_APP) != FACT_KNOWN)
		return;
	conform(f);
	f->absent |= ~f->known & ~facts_of(f->app) & ((1u << FACT_N) - 1);
}

enum dissect_result dissect(struct facts *f, struct dissect_text *text, uint32_t *tried,
			    uint8_t proto, struct slice bytes, struct slice before)
{
	enum dissect_result all = DISSECT_NOT_MINE, rest;

	for (unsigned int i = 0; proto == IPPROTO_UDP && i < AFTER_N; i++)
		if (!(*tried >> (TRIED_AFTER + i) & 1) &&
		    settles(&all, tried, TRIED_AFTER + i, after_table[i](f, text, bytes, before)))
			return all;
	rest = ask_table(f, text, tried, table_of(proto), bytes);
	if (rest != DISSECT_NOT_MINE)
		all = rest;
	if (all == DISSECT_MORE)
		settle_others(f);
	return all;
}

enum dissect_result dissect_inner(struct facts *f, struct dissect_text *text, enum app via,
				  struct slice inside)
{
	enum dissect_result r = DISSECT_MORE;
	uint32_t tried = 0;

	if (f->inner >= INNER_MAX)
		return DISSECT_NOT_MINE;
	if (!f->inner)
		f->via = (uint8_t)via;
	f->inner++;
	if (inside.n)
		r = ask_table(f, text, &tried, TABLE(tcp_table), inside);
	f->inner--;
	if (r != DISSECT_NOT_MINE)
		return r;
	dissect_app(f, via);
	return DISSECT_DONE;
}

void dissect_settle(struct facts *f, bool said)
{
	enum app inside;

	if (f->via && facts_state(f, FACT_APP) != FACT_KNOWN)
		dissect_app(f, (enum app)f->via);
	inside = conform_inside_tls(f);
	if (inside) {
		f->via = APP_TLS;
		f->app = (uint8_t)inside;
	}
	if (said && facts_state(f, FACT_APP) == FACT_PENDING)
		f->absent |= 1u << FACT_APP;
	conform(f);
	facts_settle(f);
}

void dissect_put(struct dissect_text *t, enum text_part part, struct slice s)
{
	if (!t || s.n > sizeof t->parts - t->used)
		return;
	if (s.n)
		memcpy(t->parts + t->used, s.p, s.n);
	t->part[part].at = t->used;
	t->part[part].n = (uint16_t)s.n;
	t->used = (uint16_t)(t->used + s.n);
}
