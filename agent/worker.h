/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WORKER_H
#define WORKER_H

#include "agent/ipc.h"
#include "agent/queue.h"

/*
 * The worker role: reads hostile bytes, has no power. Everything it uses was opened or mapped by
 * the guard before the fork.
 */
struct worker_setup {
	int queue;			/* queue socket: receive only */
	int verdicts;			/* pipe to the guard */
	int events;			/* packet pipe to the clerk */
	int guard;			/* SOCK_SEQPACKET */
	struct ipc_page *page;
	struct ipc_slots slots;
	unsigned int slot;		/* of the image in use, already mapped */
	const struct policy *policy;
	struct inspect_conf conf;
	struct ipc_nets inside;
	struct names names[IPC_WORKERS]; /* one per worker, own is [conf.worker] */
	size_t n_names;
};

/* Runs until the guard's socket ends. Returns the exit status of the process. */
int worker_main(struct worker_setup *s);

#endif
