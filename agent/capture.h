/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "agent/source.h"

/*
 * Frames from a capture file (pcap or pcapng, by libpcap), each down to its IP header. Link types:
 * Ethernet with VLAN tags and PPPoE, Linux "cooked" 1 and 2, raw IP, BSD loopback.
 */
struct capture;

enum { CAPTURE_ERR = 300 };

/* "-" is standard input. NULL with words in `err`. */
struct capture *capture_open(const char *file, char err[CAPTURE_ERR]);
void capture_close(struct capture *c);

/*
 * The next IP packet; anything else is passed over. `fr` borrows until the next call; now is the
 * time of the capture that never goes back. 1, 0 at the end, or -EBADMSG with words in `err`.
 */
int capture_next(struct capture *c, struct frame *fr, char err[CAPTURE_ERR]);

/* An Ethernet frame down to its IP header: an empty slice if there is none. */
struct slice capture_ethernet(struct slice frame);

#endif
