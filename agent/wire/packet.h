/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACKET_H
#define PACKET_H

#include "agent/wire/cur.h"

/*
 * One IP packet taken apart: IPv4 (RFC 791), IPv6 with extension headers (RFC 8200 section 4),
 * TCP (RFC 9293), UDP (RFC 768). Input starts at the IP header, as NFQUEUE gives it.
 * Checksums are not looked at: conntrack has done that, and GSO packets have none yet.
 */

enum packet_result {
	PACKET_OK,
	PACKET_BAD,	 /* not IP, or a header is short, broken or nested too deep */
	/*
	 * A fragment, even one with a transport header (conntrack hands on whole packets, so a
	 * raw one is odd): addresses and proto are filled in, payload is what it carries. An
	 * atomic IPv6 fragment (RFC 6946) is no fragment.
	 */
	PACKET_FRAGMENT,
};

enum {
	PACKET_FIN = 0x01,
	PACKET_SYN = 0x02,
	PACKET_RST = 0x04,
	PACKET_PSH = 0x08,
	PACKET_ACK = 0x10,
	PACKET_URG = 0x20,
};

enum { PACKET_EXT_MAX = 8 }; /* extension headers walked at most */

struct packet {
	uint8_t src[16], dst[16]; /* network byte order, IPv4 v4-mapped */
	uint8_t version;	  /* 4 or 6 */
	uint8_t proto;		  /* IPPROTO_* of the transport header */
	uint8_t ttl;		  /* TTL or hop limit */
	uint8_t tos;
	uint16_t ip_id;		  /* IPv4 identification; 0 for IPv6 */
	uint16_t sport, dport;	  /* host byte order; 0 for protocols without ports */
	uint32_t ip_len;	  /* stated by the IP header, with it; stated as 0: all there is */
	/* TCP only */
	uint32_t seq, ack;	  /* host byte order */
	uint16_t window, urgent;
	uint8_t flags;		  /* PACKET_*, nothing else */
	bool md5;		  /* option kind 19 (RFC 2385) */
	bool times;		  /* option kind 8 (RFC 7323 section 3.2), with its first value */
	uint32_t tsval;

	bool truncated;		  /* fewer bytes than the IP header states */
	struct slice payload;	  /* transport payload; borrows the input */
};

/*
 * Parses `bytes`. With PACKET_BAD only what was read before the fault is filled in, the rest
 * is zero and the payload empty. Bytes behind the stated length (padding) are cut. TCP options
 * behind a broken one are not read, as in Linux. UDP stating more than IP carries is bad, as
 * in conntrack, unless the packet is truncated.
 */
enum packet_result packet_parse(struct packet *p, struct slice bytes);

#endif
