/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HERD_H
#define HERD_H

#include <pthread.h>

#include "agent/worker.h"

/*
 * The guard's workers: each a process that reads, and a thread here that answers the kernel for
 * it, on one CPU. The thread allocates nothing, so the guard may fork at any time, and it ends
 * with the worker's pipe. Used from the guard's main thread only.
 */
struct herd_worker {
	pid_t pid;		/* 0: not running */
	int queue;		/* queue socket, kept over replacements */
	uint16_t num;
	int verdicts;		/* read end of the pipe */
	int guard;		/* our end of the socketpair */
	int cpu;
	bool has_thread;
	pthread_t thread;
	uint32_t quiet;		/* generation it has confirmed */
	uint64_t born;		/* ms */
	uint32_t restarts;
	struct herd *herd;
};

struct herd {
	struct herd_worker w[IPC_WORKERS];
	unsigned int n;
	struct ipc_slots slots;
	struct ipc_page *pages;	/* IPC_WORKERS, shared, one page of memory each */
	size_t page_size;
	uint8_t *names;		/* n tables, shared */
	size_t names_size;
	uint8_t names_key[16];
	int events;		/* write end of the packet pipe */
	struct queue_conf queue;
	struct inspect_conf conf;
	struct ipc_nets inside;
	unsigned int slot;
	const void *image;	/* mapped in `slot`; never followed here */
	size_t image_size;
	uint32_t generation;
	uint32_t restarts;
	bool background; /* a daemon: workers keep no output */
	_Atomic uint64_t bad_answers; /* refused by the check: mark does not fit the action */
	struct ipc_msg msg;
};

int herd_init(struct herd *h, int events);
/* Opens `count` queues from conf.num on. 0 or -errno with words. */
int herd_open(struct herd *h, unsigned int count, const struct queue_conf *c, char text[240]);
/* The image all further workers start with; inspect conf and inside nets are taken along. */
void herd_image(struct herd *h, unsigned int slot, const void *image, size_t size,
		uint32_t generation, const struct inspect_conf *conf);
int herd_start(struct herd *h); /* forks all; waits until each is ready: 0 or -errno */
/* Hands the current image to the running ones; who does not confirm in time is replaced. */
void herd_policy(struct herd *h, int image_fd);
void herd_inside(struct herd *h, const struct ipc_nets *nets);
/* A child has died: true if it was a worker; it has a successor when this returns. */
bool herd_reaped(struct herd *h, pid_t pid, int status);
bool herd_whole(const struct herd *h);	/* every worker runs */
void herd_complete(struct herd *h);	/* starts those that do not */
void herd_state(const struct herd *h, struct ipc_state *st);
void herd_stop(struct herd *h);
struct ipc_page *herd_page(const struct herd *h, unsigned int k);

#endif
