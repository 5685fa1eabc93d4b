/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLERK_H
#define CLERK_H

#include "agent/ipc.h"

/*
 * The clerk role: the paperwork. Loads config and lists, compiles the policy, decides set changes,
 * writes the log, serves the control socket. No capability.
 */
struct clerk_setup {
	int guard;		/* SOCK_SEQPACKET */
	int events;		/* read end of the packet pipe */
	int routes;		/* rtnetlink socket */
	const char *config;
	const char *rundir;
	const char *user;
	bool background;	/* errors go to stderr until it is ready, then to syslog */
	bool verbose;
	uint64_t started;	/* of the guard, ms, monotonic */
	struct ipc_slots slots;
	const struct ipc_page *pages; /* read-only */
	size_t page_size;
};

enum { CLERK_CONFIG = 78 }; /* exit status: the policy cannot be loaded, and none is in use */

int clerk_main(struct clerk_setup *s);

#endif
