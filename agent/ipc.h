/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPC_H
#define IPC_H

#include <stdatomic.h>

#include "agent/event.h"
#include "agent/inspect.h"
#include "nft/nft.h"

/*
 * What passes between guard, workers and clerk: fixed plain structs without pointers, each written
 * whole. Whoever reads one trusts nothing in it.
 *
 *   worker -> guard   pipe of struct ipc_verdict, at most IPC_BATCH a write (< PIPE_BUF)
 *   worker -> clerk   packet pipe (O_DIRECT) of struct event, never waits: full = dropped, counted
 *   guard <-> worker  SOCK_SEQPACKET: a new policy image, the inside nets, "quiet" back
 *   guard <-> clerk   SOCK_SEQPACKET: struct ipc_head, then its payload
 */
enum {
	IPC_WORKERS = INSPECT_TABLES,	/* at most */
	IPC_BATCH = 64,			/* packets a worker takes in hand at once */
	IPC_ELEMS = 256,		/* set elements in one message */
	IPC_ALLOW = 1024,		/* ranges of top-level `allow` and never_block */
	IPC_MSG_MAX = 96 * 1024,	/* bytes of one message */
	IPC_WAIT_MS = 500,
};

/* Room for one policy image: two such slots are reserved in every process. */
#define IPC_SLOT_SIZE ((size_t)(sizeof(void *) > 4 ? 256u : 48u) << 20)

struct ipc_verdict {
	uint32_t id;
	uint32_t mark;	 /* whole new packet mark */
	uint8_t accept;	 /* 1 or 0 */
	uint8_t action;	 /* enum action, for the guard's check of the mark */
	uint16_t zero;
	uint32_t zero2;
};

/*
 * What a worker has in hand, on a shared page that it alone writes: if it dies, the guard drops
 * ids[cur], sends the others back to the queue, and knows the source.
 */
struct ipc_page {
	_Atomic uint32_t tick;	/* batches done */
	_Atomic uint32_t n;	/* ids in hand; 0 = none */
	_Atomic uint32_t cur;	/* index of the one being read */
	_Atomic uint32_t generation;
	uint32_t ids[IPC_BATCH];
	uint8_t source[16];	/* source address of the packet before; diagnostic */
	struct event_counts counts;
};

enum ipc_type {
	/* guard -> clerk */
	IPC_HELLO = 1,	/* struct ipc_hello; fd of the image in use, if there is one */
	IPC_ADOPTED,	/* struct nft_elem[]: found in the kernel; count 0 ends the list */
	IPC_RELOAD,	/* SIGHUP came */
	IPC_DONE,	/* answer to `seq`: result, text; payload by the request */
	IPC_STATE,	/* struct ipc_state: after every change of a worker */
	/* clerk -> guard */
	IPC_LOAD,	/* struct ipc_load; fd of the sealed image */
	IPC_APPLY,	/* struct nft_elem[]: no answer unless some were refused */
	IPC_STAGE,	/* struct nft_elem[]: kept for the transaction of the next IPC_LOAD */
	IPC_NETS,	/* struct ipc_nets: inside has changed; empty, back: it failed, again */
	IPC_COUNTERS,	/* answer: struct nft_counters */
	IPC_FLUSH,	/* empty the dynamic sets, forget blocked connections */
	IPC_FORGET,	/* struct nft_elem[]: forget blocked connections that fit these keys */
	IPC_DUMP,	/* answer: IPC_ADOPTED... as after IPC_HELLO */
	/* guard -> worker */
	IPC_POLICY,	/* struct ipc_policy; fd of the image */
	IPC_INSIDE,	/* struct ipc_nets */
	/* worker -> guard */
	IPC_QUIET,	/* seq = generation now in use; the old image is unmapped */
};

struct ipc_head {
	uint32_t type;	/* enum ipc_type */
	uint32_t seq;	/* chosen by the asker, repeated in the answer */
	int32_t result;	/* IPC_DONE: 0 or -errno */
	uint32_t count;	/* array elements that follow */
};

struct ipc_text {
	char text[240]; /* IPC_DONE with an error: the reason in words */
};

struct ipc_hello {
	uint32_t slot;		/* where the next image is to be built: 0 or 1 */
	uint32_t generation;	/* of the image in use; 0 = none */
	uint64_t image_size;	/* of the image in use; 0 = none */
	struct nft_caps caps;
};

struct ipc_state {
	uint32_t workers;
	int32_t pid[IPC_WORKERS];
	int32_t cpu[IPC_WORKERS];
	uint32_t restarts[IPC_WORKERS]; /* how often it was replaced */
};

struct ipc_nets {
	uint32_t n;
	struct nft_range net[INSPECT_NETS];
};

struct ipc_load {
	uint32_t generation;
	uint32_t slot;
	uint64_t image_size;
	struct nft_conf nft;
	struct inspect_conf inspect;
	uint32_t queue_length;
	uint8_t drop_dynamic;
	struct ipc_nets inside;
	uint32_t n_allow;
	struct nft_range allow[IPC_ALLOW];
};

struct ipc_policy {
	uint32_t generation;
	uint32_t slot;
	uint64_t image_size;
	struct inspect_conf inspect;
};

/* One message; the buffer is the owner's. */
struct ipc_msg {
	struct ipc_head head;
	union {
		struct ipc_text text;
		struct ipc_hello hello;
		struct ipc_state state;
		struct ipc_nets nets;
		struct ipc_load load;
		struct ipc_policy policy;
		struct nft_counters counters;
		struct nft_elem elem[IPC_ELEMS];
	} u;
	size_t len; /* bytes of u that count */
	int fd;	    /* passed along, or -1; the receiver owns it */
};

_Static_assert(sizeof(struct ipc_verdict) == 16, "verdict entries are 16 bytes");
_Static_assert(sizeof(struct ipc_verdict) * IPC_BATCH <= 4096, "a batch must fit PIPE_BUF");
_Static_assert(sizeof(struct ipc_msg) <= IPC_MSG_MAX, "a message must fit the socket");

/*
 * 0 or -errno; waits while the socket is full, at most IPC_WAIT_MS: then -ETIMEDOUT, and whoever
 * reads there stands still. `len` bytes of m->u and m->fd (if >= 0) go along.
 */
int ipc_send(int sock, const struct ipc_msg *m);
/*
 * 1 one message, 0 end of file, -EAGAIN none (flags MSG_DONTWAIT), -errno. A message that is cut
 * or has more than one descriptor is -EPROTO.
 */
int ipc_recv(int sock, struct ipc_msg *m, int flags);
/* True if the payload is exactly one struct of this size. */
bool ipc_one(const struct ipc_msg *m, size_t size);
/* True if the payload is exactly head.count elements of this size. */
bool ipc_array(const struct ipc_msg *m, size_t size);

/* Address slots for policy images, reserved before any fork so that all processes agree. */
struct ipc_slots {
	void *at[2];
};
int ipc_slots_reserve(struct ipc_slots *s);
/* Maps the image read-only into its slot, after checking seals and size. NULL: not acceptable. */
const void *ipc_slot_map(const struct ipc_slots *s, unsigned int slot, int fd, uint64_t size);
void ipc_slot_clear(const struct ipc_slots *s, unsigned int slot);

#endif
