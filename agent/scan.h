/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCAN_H
#define SCAN_H

#include "agent/event.h"
#include "agent/source.h"
#include "agent/wire/packet.h"

/*
 * For `replay --all`: every ClientHello of every TCP connection in a capture, wherever it begins
 * (after STARTTLS, CONNECT, another hello; in a connection picked up in the middle), inside tunnels
 * too. Beside the path of a packet and without effect on it. What the path has told is not told
 * again. Bounded: SCAN_CONNS directions, SCAN_BYTES each; the oldest gives way.
 */
enum { SCAN_CONNS = 8192, SCAN_BYTES = 20 * 1024, SCAN_WAITING = 32, SCAN_DEPTH = 4 };

struct scan;

typedef void scan_emit(void *ctx, const struct event *ev);

struct scan *scan_new(scan_emit *emit, void *ctx); /* NULL: no memory */
void scan_free(struct scan *s);
/* What the inspector has told. Before scan_packet() with the same packet. */
void scan_told(struct scan *s, const struct event *ev);
void scan_packet(struct scan *s, const struct packet *p, const struct frame *fr);

#endif
