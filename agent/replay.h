/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stdio.h>

/*
 * A capture, judged as the live agent would have judged it: same path of a packet, a software
 * gate in place of the kernel's table, simulated sets, time from the capture. Needs no root and
 * touches nothing.
 */
struct replay_opts {
	const char *file;	/* pcap or pcapng; "-" is standard input */
	const char *config;	/* path of the config file */
	const char *const *inside; /* nets or addresses as in the config's `inside` */
	size_t n_inside;	/* 0: whoever begins a flow counts as inside */
	bool json;		/* EVE records, one a line, as the agent writes them */
	bool all;		/* go on after the verdict: every message of a flow, in tunnels too */
};

/*
 * Writes what happened to `out`, errors and warnings ("file:line: text") to `err`.
 * 0, or -errno after telling `err`: -EINVAL bad config or net, -EBADMSG broken capture
 * (what came before the break was judged and told), -ENOTSUP link type not known.
 */
int replay_run(const struct replay_opts *o, FILE *out, FILE *err);

#endif
