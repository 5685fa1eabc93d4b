/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCAN_H
#define SCAN_H

#include "agent/event.h"
#include "agent/source.h"
#include "agent/wire/packet.h"

/*
 * For `replay --all`: every hello, request and query of a capture, wherever it begins (after
 * STARTTLS, CONNECT, another message; in a connection picked up in the middle), the protocol of
 * every flow, and what an SSH server says of itself; inside tunnels too. Beside the path of a
 * packet and without effect on it. What the path has told is not told again. Bounded: SCAN_CONNS
 * directions, SCAN_BYTES each; the oldest gives way.
 */
enum { SCAN_CONNS = 8192, SCAN_BYTES = 20 * 1024, SCAN_WAITING = 32, SCAN_DEPTH = 4 };

struct scan;

typedef void scan_emit(void *ctx, const struct event *ev);

struct scan *scan_new(scan_emit *emit, void *ctx); /* NULL: no memory */
void scan_free(struct scan *s);
/*
 * What the inspector tells. Before scan_packet() with the same packet. Takes out of *ev what the
 * scan has told already, or will tell when it knows what the other side says.
 */
void scan_told(struct scan *s, struct event *ev);
void scan_packet(struct scan *s, const struct packet *p, const struct frame *fr);
/*
 * A frame that packet_parse() refused. A datagram that states more bytes than came in its packet is
 * taken by no host, but other readers of captures show it, and so does the scan.
 */
void scan_refused(struct scan *s, const struct frame *fr);
/* No more packets: tells what was held back for more. */
void scan_end(struct scan *s);

#endif
