/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/clerk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/desk.h"
#include "agent/log.h"
#include "agent/pack.h"
#include "agent/priv.h"

enum {
	EVENTS_A_ROUND = 64,
	ROUND_MS = 1000,
	ANSWER_MS = 20000,
	INSIDE_PAUSE_MS = 100, /* one change of an interface comes as a handful of messages */
	SYNC_MS = 60000,
	ADOPT_WAIT_MS = 3000,
};

uint64_t clerk_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clerk_wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- the guard --- */

void clerk_note(struct clerk *c)
{
	switch (c->in.head.type) {
	case IPC_RELOAD:
		c->reload = true;
		break;
	case IPC_STATE:
		if (ipc_one(&c->in, sizeof(c->state)) && c->in.u.state.workers <= IPC_WORKERS)
			c->state = c->in.u.state;
		break;
	case IPC_NETS:
		c->inside_due = clerk_now() + ROUND_MS;
		break;
	case IPC_DONE: /* only refusals come unasked */
		if (c->in.head.result < 0)
			c->refused++;
		break;
	default:
		log_warn("unexpected message %u of the guard", c->in.head.type);
	}
}

/* Text of an answer: not believed to be terminated. */
static void terminate(struct ipc_msg *m)
{
	if (m->len < sizeof(m->u.text))
		memset((char *)&m->u + m->len, 0, sizeof(m->u.text) - m->len);
	m->u.text.text[sizeof(m->u.text.text) - 1] = 0;
}

int clerk_call(struct clerk *c, enum ipc_type type, uint32_t count, size_t len, int fd)
{
	uint64_t end = clerk_now() + ANSWER_MS;

	c->out.head = (struct ipc_head){ .type = type, .seq = ++c->seq, .count = count };
	c->out.len = len;
	c->out.fd = fd;
	int err = ipc_send(c->s->guard, &c->out);
	while (!err) {
		struct pollfd p = { .fd = c->s->guard, .events = POLLIN };
		uint64_t now = clerk_now();

		/* what it does later would not be known here: the successor learns it anew */
		if (now >= end || poll(&p, 1, (int)(end - now)) == 0) {
			c->end = true;
			return -ETIMEDOUT;
		}
		int r = ipc_recv(c->s->guard, &c->in, MSG_DONTWAIT);
		if (r == -EAGAIN)
			continue;
		if (r <= 0) {
			c->end = true;
			return r < 0 ? r : -EPIPE;
		}
		if (c->in.fd >= 0)
			close(c->in.fd);
		if (c->in.head.type == IPC_DONE && c->in.head.seq == c->seq) {
			if (c->in.head.result < 0)
				terminate(&c->in);
			return c->in.head.result;
		}
		clerk_note(c);
	}
	return err;
}

void clerk_flush(struct clerk *c)
{
	struct ipc_msg *m = &c->apply;

	if (c->n_apply == 0)
		return;
	m->head = (struct ipc_head){
		.type = IPC_APPLY, .seq = ++c->seq, .count = (uint32_t)c->n_apply,
	};
	m->len = c->n_apply * sizeof(m->u.elem[0]);
	m->fd = -1;
	c->n_apply = 0;
	if (ipc_send(c->s->guard, m) < 0)
		c->end = true;
}

void clerk_apply(struct clerk *c, const struct nft_elem *e)
{
	c->apply.u.elem[c->n_apply++] = *e;
	if (c->n_apply == IPC_ELEMS)
		clerk_flush(c);
}

/* --- the log --- */

static void log_file_open(struct clerk *c)
{
	if (c->log_fd >= 0)
		close(c->log_fd);
	c->log_fd = open(c->config.log.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK,
			 0640);
	if (c->log_fd < 0)
		log_err("log file %s: %s (records are counted, not kept)", c->config.log.file,
			strerror(errno));
}

/* Packets and sets never wait for the log: what cannot be written is counted and dropped. */
static void log_file_write(struct clerk *c)
{
	size_t len = c->log_len;

	c->log_len = 0;
	if (len == 0)
		return;
	ssize_t n = c->log_fd >= 0 ? write(c->log_fd, c->log_buf, len) : -1;
	if (n == (ssize_t)len) {
		if (c->log_failing)
			log_info("log file %s: writing again", c->config.log.file);
		c->log_failing = false;
		return;
	}
	if (n > 0 && c->log_buf[n - 1] != '\n' && write(c->log_fd, "\n", 1) != 1)
		log_debug("log file: half a record stays"); /* a reader must not see two joined */
	c->log_lost++;
	if (!c->log_failing && c->log_fd >= 0)
		log_err("log file %s: %s", c->config.log.file,
			n < 0 ? strerror(errno) : "no space for a whole record");
	c->log_failing = true;
}

static struct event_opts log_opts(const struct clerk *c)
{
	return (struct event_opts){ .records = event_records(&c->config), .flow = c->config.log.flow };
}

/* --- events of the workers --- */

/*
 * Is this block what the policy of now says of these facts, and no wider? A verdict of the policy
 * before a reload may arrive after it, and a worker that was taken over may claim anything: both are
 * logged as told, but only what stands here enters a set.
 */
static bool stands(struct clerk *c, struct event *ev)
{
	struct decision d;

	if (!c->have_config) /* who is protected is not known */
		return false;
	if (!(ev->kinds & EVENT_VERDICT) || (ev->action != ACTION_DROP && ev->action != ACTION_REJECT))
		return ev->generation == c->generation;
	if (ev->generation != c->generation)
		c->old_events++;
	policy_judge(&d, c->policy, &ev->facts);
	if (d.action != ev->action)
		return false;
	if (d.scope < ev->scope)
		ev->scope = d.scope;
	if (d.ttl < ev->ttl)
		ev->ttl = d.ttl;
	ev->by_client |= d.by_client;
	ev->by_name |= d.by_name;
	return true;
}

static void take_event(struct clerk *c, struct event *ev)
{
	struct nft_elem out[ENFORCE_CHANGES];
	struct outcome oc = { .scope = SCOPE_FLOW };
	struct event_opts opts = log_opts(c);

	if (stands(c, ev)) {
		size_t n = enforce_event(c->enforce, &oc, out, ev);
		for (size_t i = 0; i < n; i++)
			clerk_apply(c, &out[i]);
	}
	if (sizeof(c->log_buf) - c->log_len < EVENT_LINES_MAX)
		log_file_write(c);
	long len = event_lines(c->log_buf + c->log_len, sizeof(c->log_buf) - c->log_len, ev, &oc, &opts);
	if (len < 0)
		c->log_lost++;
	else
		c->log_len += (size_t)len;
}

static void from_workers(struct clerk *c)
{
	uint8_t packed[PACK_EVENT_MAX];

	for (int i = 0; i < EVENTS_A_ROUND; i++) {
		ssize_t got = read(c->s->events, packed, sizeof(packed));

		if (got <= 0)
			break;
		if (unpack_event(&c->event, packed, (size_t)got) && c->event.worker < IPC_WORKERS)
			take_event(c, &c->event);
		else
			c->bad_events++;
		if (i == 0) /* the first one's entry does not wait for the others */
			clerk_flush(c);
	}
}

/* --- policy, nets, time --- */

static void tell(const struct errs *e)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct err *r = &e->e[i];
		char place[300];

		snprintf(place, sizeof(place), r->line ? "%s:%d" : "%s", r->file, r->line);
		if (r->warning)
			log_warn("%s: %s", place, r->text);
		else
			log_err("%s: %s", place, r->text);
	}
}

int clerk_reload(struct clerk *c, struct errs *e)
{
	c->reload = false;
	int err = load_policy(c, e);
	tell(e);
	if (err) {
		log_err("reload refused, the policy in use goes on");
		return err;
	}
	log_info("policy %u loaded from %s: %u rules, mode %s", c->generation, c->s->config,
		 policy_rules(c->policy), c->config.mode == MODE_OBSERVE ? "observe" : "enforce");
	log_file_open(c);
	return 0;
}

static void on_hup(struct clerk *c)
{
	struct errs e;

	errs_init(&e);
	clerk_reload(c, &e);
	errs_fini(&e);
}

static void nets_changed(struct clerk *c)
{
	c->inside_due = 0;
	load_nets(c, &c->out.u.nets);
	c->out.head = (struct ipc_head){ .type = IPC_NETS };
	c->out.len = sizeof(c->out.u.nets);
	c->out.fd = -1;
	log_info("inside nets have changed: %u", c->out.u.nets.n);
	if (ipc_send(c->s->guard, &c->out) < 0)
		c->end = true;
}

static void on_time(struct clerk *c, uint64_t now)
{
	struct event_counts sum;
	struct event_opts opts = log_opts(c);

	if (c->inside_due && now >= c->inside_due)
		nets_changed(c);
	if (now - c->synced >= SYNC_MS) {
		c->synced = now;
		hosts_sync(c->hosts, c->s->routes);
	}
	enforce_expire(c->enforce, now);
	if (c->config.log.stats == 0 || now < c->stats_due)
		return;
	c->stats_due = now + (uint64_t)c->config.log.stats * 1000;
	desk_counts(c, &sum);
	log_file_write(c);
	long len = event_stats(c->log_buf, sizeof(c->log_buf), clerk_wall(),
			       (now - c->s->started) / 1000, &sum, &opts);
	if (len > 0)
		c->log_len = (size_t)len;
}

static void on_routes(struct clerk *c)
{
	int r = hosts_receive(c->hosts, c->s->routes);

	if (r > 0 && (r & HOSTS_INSIDE) && !c->inside_due && c->have_config)
		c->inside_due = clerk_now() + INSIDE_PAUSE_MS;
}

static void from_guard(struct clerk *c)
{
	int r;

	while ((r = ipc_recv(c->s->guard, &c->in, MSG_DONTWAIT)) > 0) {
		if (c->in.fd >= 0)
			close(c->in.fd);
		clerk_note(c);
	}
	if (r != -EAGAIN)
		c->end = true;
}

static void loop(struct clerk *c)
{
	while (!c->end) {
		struct pollfd p[4] = {
			{ .fd = c->s->guard, .events = POLLIN },
			{ .fd = c->s->events, .events = POLLIN },
			{ .fd = c->s->routes, .events = POLLIN },
			{ .fd = c->control ? control_fd(c->control) : -1, .events = POLLIN },
		};

		poll(p, 4, c->inside_due ? INSIDE_PAUSE_MS : ROUND_MS);
		if (p[0].revents)
			from_guard(c);
		if (p[1].revents & POLLIN)
			from_workers(c);
		if (p[2].revents)
			on_routes(c);
		if (c->control)
			control_handle(c->control, clerk_now());
		if (c->reload)
			on_hup(c);
		on_time(c, clerk_now());
		clerk_flush(c);
		log_file_write(c);
	}
	from_workers(c); /* what was said before the end */
	log_file_write(c);
}

/* --- start --- */

static int hello(struct clerk *c)
{
	int r = ipc_recv(c->s->guard, &c->in, 0);
	const struct ipc_hello *h = &c->in.u.hello;

	if (r <= 0 || c->in.head.type != IPC_HELLO || !ipc_one(&c->in, sizeof(*h)))
		return -EPROTO;
	c->caps = h->caps;
	c->generation = h->generation;
	c->slot = h->slot;
	if (c->in.fd >= 0) { /* a policy is in use: it stays until a better one is loaded */
		c->slot = 1 - h->slot;
		const void *base = ipc_slot_map(&c->s->slots, c->slot, c->in.fd, h->image_size);
		c->policy = base ? policy_at(base, (size_t)h->image_size) : NULL;
		close(c->in.fd);
	}
	return load_adopted(c);
}

static int first_nets(struct clerk *c)
{
	uint64_t end = clerk_now() + ADOPT_WAIT_MS;
	int err = hosts_sync(c->hosts, c->s->routes);

	c->synced = clerk_now();
	while (!err && !hosts_ready(c->hosts) && clerk_now() < end) {
		struct pollfd p = { .fd = c->s->routes, .events = POLLIN };

		poll(&p, 1, 100);
		int r = hosts_receive(c->hosts, c->s->routes);
		if (r < 0)
			err = r;
	}
	return err ? err : hosts_ready(c->hosts) ? 0 : -ETIMEDOUT;
}

static void serve_control(struct clerk *c)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/control.sock", c->s->rundir);
	int fd = control_listen(path);
	if (fd == -EADDRINUSE) { /* the former clerk's */
		unlink(path);
		fd = control_listen(path);
	}
	c->control = fd >= 0 ? control_new(fd, geteuid(), desk_command, c) : NULL;
	if (!c->control)
		log_err("control socket %s: %s (the sluice tool cannot reach this agent)", path,
			fd < 0 ? strerror(-fd) : "no memory");
}

static int start(struct clerk *c)
{
	struct errs e;

	c->hosts = hosts_new();
	c->enforce = enforce_new(256, hosts_is_protected, c->hosts);
	if (!c->hosts || !c->enforce || hello(c) < 0)
		return 1;
	int err = first_nets(c);
	if (err && c->policy)
		return 1; /* an empty inside would end all inspection: the next clerk tries again */
	if (err)
		log_warn("the nets of this host are not known yet: %s", strerror(-err));
	errs_init(&e);
	err = load_policy(c, &e);
	tell(&e);
	errs_fini(&e);
	if (err && !c->policy) {
		log_err("no policy: not started");
		return CLERK_CONFIG;
	}
	serve_control(c);
	if (err) {
		log_err("the policy in use goes on; no new set entries and no log until a reload succeeds");
		return 0;
	}
	log_file_open(c);
	c->stats_due = clerk_now() + (uint64_t)c->config.log.stats * 1000;
	log_info("ready: policy %u, %u rules, mode %s, queues %u-%u (%s), %u inside nets",
		 c->generation, policy_rules(c->policy),
		 c->config.mode == MODE_OBSERVE ? "observe" : "enforce", c->config.queue.first,
		 c->config.queue.first + (c->state.workers ? c->state.workers - 1 : 0),
		 c->caps.native_queue ? "native" : "xt NFQUEUE", c->out.u.load.inside.n);
	return 0;
}

int clerk_main(struct clerk_setup *s)
{
	struct clerk *c = calloc(1, sizeof(*c));

	if (!c)
		return 1;
	c->s = s;
	c->log_fd = -1;
	int status = start(c);
	if (status == 0 && s->background) {
		log_open("clerk", s->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, true);
		priv_null_output();
	}
	if (status == 0)
		loop(c);
	control_free(c->control);
	enforce_free(c->enforce);
	hosts_free(c->hosts);
	if (c->have_config)
		config_fini(&c->config);
	if (c->log_fd >= 0)
		close(c->log_fd);
	free(c);
	return status;
}
