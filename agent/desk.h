/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DESK_H
#define DESK_H

#include "agent/clerk.h"
#include "agent/control.h"
#include "agent/enforce.h"
#include "agent/hosts.h"
#include "policy/policy.h"

/* The clerk's state, shared by clerk.c (loop and events), load.c (policy) and desk.c (control). */
struct clerk {
	struct clerk_setup *s;
	struct config config;
	bool have_config;
	const struct policy *policy;
	unsigned int slot;	 /* of the policy in use */
	uint32_t generation;
	struct nft_caps caps;
	struct hosts *hosts;
	struct enforce *enforce;
	struct control *control;
	struct ipc_state state;
	uint64_t loaded;	 /* wall time of the last good load, seconds */
	uint64_t stats_due;	 /* ms */
	uint64_t inside_due;	 /* ms; 0 = not changed */
	uint64_t synced;	 /* ms: last full rtnetlink dump */
	uint64_t refused;	 /* set changes the guard or the kernel refused */
	uint64_t log_lost;	 /* records that could not be written */
	uint64_t bad_events;	 /* events that were no events */
	uint64_t old_events;	 /* verdicts of a former policy, judged again */
	int log_fd;
	size_t log_len;
	bool log_failing;
	bool adopted_observe;	 /* entries found in the kernel were made while observing */
	bool reload;		 /* SIGHUP came */
	bool end;
	uint32_t seq;
	size_t staged;		 /* set changes given for the transaction of a load */
	size_t n_apply;		 /* set changes waiting in `apply` */
	struct ipc_msg in, out, apply;
	struct event event;	 /* the one being read */
	char log_buf[4 * EVENT_LINES_MAX];
};

uint64_t clerk_now(void);  /* ms, monotonic */
uint64_t clerk_wall(void); /* microseconds since 1970 */

/*
 * Asks the guard and waits for its answer, which is in c->in. `c->out` holds payload; result of the
 * answer, or -errno. Other messages that come meanwhile are taken note of.
 */
int clerk_call(struct clerk *c, enum ipc_type type, uint32_t count, size_t len, int fd);
/* One message that is no answer. */
void clerk_note(struct clerk *c);
/* Queues one set change; sent by clerk_flush(), which every round of the loop calls. */
void clerk_apply(struct clerk *c, const struct nft_elem *e);
void clerk_flush(struct clerk *c);

/*
 * Loads config and lists, compiles, has the guard take it over. 0, or -errno with everything in `e`:
 * then the old policy goes on whole.
 */
int load_policy(struct clerk *c, struct errs *e);
void load_nets(struct clerk *c, struct ipc_nets *nets);
/* Reads what the guard found in the kernel, up to the end mark. */
int load_adopted(struct clerk *c);

/* load_policy(), told to the operator's log; the log file is opened anew. */
int clerk_reload(struct clerk *c, struct errs *e);

/* control_fn of the control socket; ctx is a struct clerk. */
int desk_command(void *ctx, uint64_t client, const char *cmd, const json_t *req, json_t **answer);
void desk_counts(const struct clerk *c, struct event_counts *sum);

#endif
