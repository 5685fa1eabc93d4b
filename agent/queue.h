/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUEUE_H
#define QUEUE_H

#include "agent/ipc.h"
#include "agent/source.h"

/*
 * One netfilter queue (nfnetlink_queue). The guard opens it and sends the verdicts; the worker
 * inherits the socket and receives: the kernel takes a verdict only from a sender with
 * CAP_NET_ADMIN, and gives packets to anyone who holds the socket.
 */
struct queue_conf {
	uint16_t num;
	uint32_t length;  /* packets the kernel holds at most */
	bool fail_open;	  /* a full queue passes packets uninspected */
};

/* Opens, binds and configures with every answer checked: the socket or -errno, words in `text`. */
int queue_open(const struct queue_conf *c, char text[240]);
/* Changes length and fail mode of a bound queue; same rules. */
int queue_change(int fd, const struct queue_conf *c, char text[240]);

/* Worker's side: a batch of frames in one buffer that lives as long as the worker. */
struct queue_batch;
struct queue_batch *queue_batch_new(void);
void queue_batch_free(struct queue_batch *b);
/*
 * Receives what is there, at most IPC_BATCH frames, without waiting. Frames borrow `b` until the
 * next call. Returns how many; 0 nothing there; -errno. *refused grows by the verdicts the
 * kernel did not want (its error messages come to this socket), *lost by gaps in the ids.
 */
int queue_receive(struct queue_batch *b, struct frame frames[IPC_BATCH], int fd, uint64_t wall,
		  uint64_t now, uint64_t *refused, uint64_t *lost);

/* Guard's side: sends n <= IPC_BATCH verdicts in one system call. 0 or -errno. */
int queue_answer(int fd, uint16_t num, const struct ipc_verdict *v, size_t n);
/*
 * What a dead worker left: ids[cur] is dropped; all else that it had received, noted on its page or
 * not, goes back to the end of the queue for its successor. Nobody may read the socket meanwhile.
 * Returns how many the page named.
 */
int queue_recover(int fd, uint16_t num, const struct ipc_page *page, bool fail_open);

#endif
