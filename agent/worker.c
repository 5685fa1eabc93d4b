/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/pack.h"

enum { TICK_MS = 250 };

struct worker {
	struct worker_setup *s;
	struct inspect *inspect;
	struct queue_batch *batch;
	struct frame frames[IPC_BATCH];
	struct ipc_verdict verdicts[IPC_BATCH];
	struct ipc_msg msg;
	struct names *names[IPC_WORKERS];
	uint64_t ticked; /* ms */
	bool end;
};

static uint64_t clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Events never hold a packet up: a full pipe drops the event and counts it. */
static void emit(void *ctx, const struct event *ev)
{
	struct worker *w = ctx;

	uint8_t packed[PACK_EVENT_MAX];
	size_t n = pack_event(packed, ev);

	if (write(w->s->events, packed, n) != (ssize_t)n)
		w->s->page->counts.events_lost++;
}

static void set_inside(struct worker *w, const struct ipc_nets *nets)
{
	struct inspect_net net[INSPECT_NETS];
	uint32_t n = nets->n < INSPECT_NETS ? nets->n : INSPECT_NETS;

	for (uint32_t i = 0; i < n; i++) {
		memcpy(net[i].lo, nets->net[i].lo, sizeof(net[i].lo));
		memcpy(net[i].hi, nets->net[i].hi, sizeof(net[i].hi));
	}
	inspect_inside(w->inspect, net, n);
}

static void tell_quiet(struct worker *w, uint32_t generation)
{
	struct ipc_msg *m = &w->msg;

	atomic_store(&w->s->page->generation, generation);
	m->head = (struct ipc_head){ .type = IPC_QUIET, .seq = generation };
	m->len = 0;
	m->fd = -1;
	if (ipc_send(w->s->guard, m) < 0)
		w->end = true;
}

/* Between two batches nothing points into the old image: the quiet point of a policy swap. */
static void take_policy(struct worker *w, const struct ipc_policy *p, int fd)
{
	const void *base = ipc_slot_map(&w->s->slots, p->slot, fd, p->image_size);
	const struct policy *next = base ? policy_at(base, (size_t)p->image_size) : NULL;

	if (!next) {
		w->end = true; /* the guard starts a successor with the image it has mapped itself */
		return;
	}
	uint8_t worker = w->s->conf.worker;
	w->s->conf = p->inspect;
	w->s->conf.worker = worker;
	inspect_reconf(w->inspect, &w->s->conf);
	inspect_policy(w->inspect, next);
	if (w->s->slot != p->slot)
		ipc_slot_clear(&w->s->slots, w->s->slot);
	w->s->slot = p->slot;
	tell_quiet(w, p->generation);
}

static void from_guard(struct worker *w)
{
	int r = ipc_recv(w->s->guard, &w->msg, MSG_DONTWAIT);

	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		w->end = true;
		return;
	}
	int fd = w->msg.fd;
	if (w->msg.head.type == IPC_POLICY && fd >= 0 && ipc_one(&w->msg, sizeof(w->msg.u.policy))) {
		struct ipc_policy p = w->msg.u.policy;
		take_policy(w, &p, fd);
	} else if (w->msg.head.type == IPC_INSIDE && ipc_one(&w->msg, sizeof(w->msg.u.nets))) {
		set_inside(w, &w->msg.u.nets);
	}
	if (fd >= 0)
		close(fd);
}

/* What is in hand stands on the page before the first byte is read, and until the answer is out. */
static void do_batch(struct worker *w, int n)
{
	struct ipc_page *page = w->s->page;

	for (int i = 0; i < n; i++)
		page->ids[i] = w->frames[i].id;
	atomic_store_explicit(&page->cur, 0, memory_order_relaxed);
	atomic_store_explicit(&page->n, (uint32_t)n, memory_order_release);
	for (int i = 0; i < n; i++) {
		struct verdict v;

		atomic_store_explicit(&page->cur, (uint32_t)i, memory_order_release);
		inspect_frame(w->inspect, &v, &w->frames[i]);
		w->verdicts[i] = (struct ipc_verdict){
			.id = v.id, .mark = v.mark, .accept = v.accept, .action = v.action,
		};
	}
	size_t size = (size_t)n * sizeof(w->verdicts[0]);
	while (write(w->s->verdicts, w->verdicts, size) < 0) {
		if (errno == EINTR)
			continue;
		w->end = true; /* the guard is gone */
		break;
	}
	atomic_store_explicit(&page->n, 0, memory_order_release);
	atomic_fetch_add(&page->tick, 1);
}

static void tick(struct worker *w)
{
	uint64_t now = clock_us(CLOCK_MONOTONIC) / 1000;

	if (now - w->ticked < TICK_MS)
		return;
	w->ticked = now;
	inspect_tick(w->inspect, clock_us(CLOCK_REALTIME), now);
}

static void loop(struct worker *w)
{
	struct pollfd p[2] = { { .fd = w->s->queue, .events = POLLIN },
			       { .fd = w->s->guard, .events = POLLIN } };
	struct event_counts *c = &w->s->page->counts;
	unsigned int batches = 0;

	while (!w->end) {
		int n = queue_receive(w->batch, w->frames, w->s->queue, clock_us(CLOCK_REALTIME),
				      clock_us(CLOCK_MONOTONIC) / 1000, &c->refused,
				      &c->kernel_lost);
		if (n > 0)
			do_batch(w, n);
		else if (n < 0 && n != -EAGAIN)
			w->end = true;
		/* under load the guard is asked now and then, when idle at once */
		if (n == 0 && poll(p, 2, TICK_MS) > 0 && p[1].revents)
			from_guard(w);
		else if (n != 0 && ++batches % 16 == 0)
			from_guard(w);
		tick(w);
	}
}

int worker_main(struct worker_setup *s)
{
	struct worker *w = calloc(1, sizeof(*w));
	int status = 1;

	if (!w)
		return 1;
	w->s = s;
	w->batch = queue_batch_new();
	w->inspect = inspect_new(&s->conf, emit, w);
	if (!w->batch || !w->inspect)
		goto out;
	inspect_counts(w->inspect, &s->page->counts);
	for (size_t i = 0; i < s->n_names; i++)
		w->names[i] = &s->names[i];
	inspect_names(w->inspect, w->names, s->n_names, s->conf.worker);
	inspect_policy(w->inspect, s->policy);
	set_inside(w, &s->inside);
	tell_quiet(w, policy_generation(s->policy));
	loop(w);
	status = 0;
out:
	inspect_free(w->inspect);
	queue_batch_free(w->batch);
	free(w);
	return status;
}
