/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

/*
 * The guard role: owns every socket and the table, sends verdicts and set changes, starts and
 * replaces workers and clerk. Reads no packet, no config, no list.
 */
struct guard_opts {
	const char *config; /* path, handed to the clerk */
	const char *user;   /* NULL: `sluice`, else `nobody` */
	const char *rundir; /* control socket and pid file */
	bool foreground;
	bool verbose;
};

/* Exit status of the program: 0 stopped as asked, 1 could not start or go on. */
int guard_main(const struct guard_opts *o);

/* Takes the table away: exit status of `sluiced --remove`. */
int guard_remove(void);

#endif
