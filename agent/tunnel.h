/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TUNNEL_H
#define TUNNEL_H

#include "agent/wire/packet.h"

/*
 * The IP packet that this one carries, for `replay --all` alone: the live agent judges the outer
 * flow. IP in IP (RFC 2003), 6in4 and 4in6 (RFC 4213, 2473), GRE (RFC 2784, 2890), VXLAN
 * (RFC 7348), Geneve (RFC 8926), Teredo (RFC 4380), GTP-U (3GPP TS 29.281). An empty slice if there is none.
 */
struct slice tunnel_inner(const struct packet *p);

#endif
