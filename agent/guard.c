/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/clerk.h"
#include "agent/herd.h"
#include "agent/hosts.h"
#include "agent/log.h"
#include "agent/priv.h"

enum {
	EVENT_PIPE = 4 << 20,	       /* a burst of about a thousand events */
	STAGED_MAX = NFT_BATCH_ELEMS,
	FORGET_MAX = 64,	       /* conntrack is walked once for each */
	ADOPT_MAX = 65536,	       /* elements read back at start */
	TIMEOUT_MAX = 31 * 24 * 3600,  /* seconds an element may live */
	CLERK_PAUSE_MS = 1000,
	REFUSED_MS = 1000,
	RETRY_MS = 500,
};

struct guard {
	const struct guard_opts *o;
	struct herd herd;
	struct nft *nft;
	struct nft_caps caps;
	struct priv_user user;
	sigset_t signals;
	int signal_fd, routes, events[2], pidfile, ready; /* ready: pipe to the waiting parent, or -1 */
	int clerk;		/* our end of its socket */
	pid_t clerk_pid;
	uint64_t clerk_born, started;
	int image_fd;		/* of the image in use, or -1 */
	struct nft_elem *staged;
	size_t n_staged;
	size_t refused;		/* set changes, not told yet */
	uint64_t refused_told, retry_at;
	bool running;		/* the table is loaded, workers run */
	int status;
	bool stop;
	struct ipc_msg in, out;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void to_clerk(struct guard *g, enum ipc_type type, uint32_t seq, int result, size_t len, int fd)
{
	g->out.head.type = type;
	g->out.head.seq = seq;
	g->out.head.result = result;
	g->out.len = len;
	g->out.fd = fd;
	if (g->clerk < 0)
		return;
	int err = ipc_send(g->clerk, &g->out);
	if (err == -ETIMEDOUT && g->clerk_pid > 0) {
		log_err("the clerk stands still: replaced");
		kill(g->clerk_pid, SIGKILL); /* SIGCHLD brings the next one */
		close(g->clerk);
		g->clerk = -1;
	} else if (err && err != -EPIPE) {
		log_warn("message to the clerk: %s", strerror(-err));
	}
}

static void done(struct guard *g, uint32_t seq, int result, const char *text)
{
	size_t len = 0;

	g->out.head.count = 0;
	if (result < 0) {
		snprintf(g->out.u.text.text, sizeof(g->out.u.text.text), "%s", text);
		len = sizeof(g->out.u.text);
	}
	to_clerk(g, IPC_DONE, seq, result, len, -1);
}

static void send_state(struct guard *g)
{
	g->out.head.count = 0;
	herd_state(&g->herd, &g->out.u.state);
	to_clerk(g, IPC_STATE, 0, 0, sizeof(g->out.u.state), -1);
}

/* --- what stands in the kernel, told to a clerk that starts anew --- */

static int adopt_one(void *ctx, const struct nft_elem *e)
{
	struct guard *g = ctx;

	g->out.u.elem[g->out.head.count++] = *e;
	if (g->out.head.count == IPC_ELEMS) {
		to_clerk(g, IPC_ADOPTED, 0, 0, IPC_ELEMS * sizeof(*e), -1);
		g->out.head.count = 0;
	}
	return 0;
}

static void send_adopted(struct guard *g)
{
	static const enum nft_set sets[] = { NFT_DROP_PAIR, NFT_DROP_EP, NFT_DROP_ADDR, NFT_WATCH };
	struct nft_err err;

	g->out.head.count = 0;
	if (nft_present(g->nft, &err) == 1)
		for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
			if (nft_dump(g->nft, sets[i], ADOPT_MAX, adopt_one, g, &err) < 0)
				log_warn("reading set %s: %s", nft_set_name(sets[i]), err.text);
	if (g->out.head.count > 0)
		to_clerk(g, IPC_ADOPTED, 0, 0, g->out.head.count * sizeof(struct nft_elem), -1);
	g->out.head.count = 0;
	to_clerk(g, IPC_ADOPTED, 0, 0, 0, -1);
}

/* --- the clerk's requests: none is believed --- */

static bool terminated(const char *s, size_t size)
{
	return memchr(s, 0, size) != NULL;
}

static bool elem_ok(const struct nft_elem *e)
{
	return e->op <= NFT_DEL && e->set < NFT_SET_N && e->set != NFT_DROP_FLOW &&
	       e->reject <= 1 && terminated(e->comment, sizeof(e->comment)) &&
	       (e->op == NFT_DEL || (e->timeout > 0 && e->timeout / 1000 <= TIMEOUT_MAX));
}

static bool elems_ok(const struct ipc_msg *m)
{
	if (m->head.count > IPC_ELEMS || !ipc_array(m, sizeof(struct nft_elem)))
		return false;
	for (uint32_t i = 0; i < m->head.count; i++)
		if (!elem_ok(&m->u.elem[i]))
			return false;
	return true;
}

static bool mask_ok(uint32_t mask)
{
	uint32_t low = mask & -mask;

	return low && mask / low == 7 && mask == 7 * low;
}

static bool load_ok(const struct guard *g, const struct ipc_msg *m)
{
	const struct ipc_load *l = &m->u.load;

	if (m->fd < 0 || !ipc_one(m, sizeof(*l)) || l->slot > 1 || l->generation == 0)
		return false;
	/* the queues and the meaning of marks in the kernel stay as they were at the start */
	if (g->running && (l->slot == g->herd.slot || l->nft.mark_mask != g->herd.conf.mark_mask ||
			   l->nft.queue_first != g->herd.queue.num))
		return false;
	return l->inside.n <= INSPECT_NETS && l->n_allow <= IPC_ALLOW && mask_ok(l->nft.mark_mask) &&
	       l->inspect.mark_mask == l->nft.mark_mask && l->nft.queue_count >= 1 &&
	       l->nft.queue_count <= IPC_WORKERS && l->queue_length >= 16 &&
	       l->queue_length <= 65535 && l->inspect.flows >= 16 && l->inspect.probes >= 4;
}

static void forget(struct guard *g, const struct nft_elem *e, size_t n)
{
	struct nft_err err;
	unsigned int walks = 0;

	for (size_t i = 0; i < n; i++) {
		if (e[i].op != NFT_DEL || e[i].set == NFT_WATCH)
			continue;
		if (walks++ == FORGET_MAX) { /* all at once; what is still to be blocked is judged again */
			nft_forget(g->nft, g->herd.conf.mark_mask, NULL, &err);
			return;
		}
		if (nft_forget(g->nft, g->herd.conf.mark_mask, &e[i], &err) < 0)
			log_warn("forgetting blocked connections: %s", err.text);
	}
}

static int load_table(struct guard *g, const struct ipc_load *l, struct nft_err *err)
{
	struct nft_load nl = {
		.conf = l->nft,
		.inside = l->inside.net, .n_inside = l->inside.n,
		.allow = l->allow, .n_allow = l->n_allow,
		.changes = g->staged, .n_changes = g->n_staged,
		.drop_dynamic = l->drop_dynamic,
	};
	nl.conf.queue_count = (uint16_t)g->herd.n;
	return nft_load(g->nft, &nl, err);
}

/* Queues bound and workers ready before the queue rule: otherwise its first packets are lost. */
static int first_load(struct guard *g, const struct ipc_load *l, struct nft_err *err)
{
	struct queue_conf q = { l->nft.queue_first, l->queue_length, l->nft.fail_open };

	err->code = herd_open(&g->herd, l->nft.queue_count, &q, err->text);
	if (err->code)
		return err->code;
	err->code = herd_start(&g->herd);
	if (err->code) {
		snprintf(err->text, sizeof(err->text), "workers do not start: %s", strerror(-err->code));
		return err->code;
	}
	return load_table(g, l, err);
}

static void use_image(struct guard *g, const struct ipc_load *l, const void *image)
{
	struct inspect_conf conf = l->inspect;

	conf.grace_until = g->started + INSPECT_GRACE_MS;
	if (g->running) { /* sizes of tables are the start's */
		conf.flows = g->herd.conf.flows;
		conf.probes = g->herd.conf.probes;
	}
	herd_image(&g->herd, l->slot, image, (size_t)l->image_size, l->generation, &conf);
}

static int reload(struct guard *g, const struct ipc_load *l, const void *image, int fd,
		  struct nft_err *err)
{
	struct queue_conf q = { g->herd.queue.num, l->queue_length, l->nft.fail_open };
	unsigned int old = g->herd.slot;

	/* the kernel first: if it refuses, the old policy stays whole */
	int r = load_table(g, l, err);
	if (r < 0)
		return r;
	g->herd.queue.length = q.length;
	g->herd.queue.fail_open = q.fail_open;
	for (unsigned int k = 0; k < g->herd.n; k++) {
		q.num = g->herd.w[k].num;
		if (queue_change(g->herd.w[k].queue, &q, err->text) < 0)
			log_warn("%s", err->text);
	}
	use_image(g, l, image);
	herd_policy(&g->herd, fd);
	ipc_slot_clear(&g->herd.slots, old);
	return 0;
}

static void do_load(struct guard *g)
{
	const struct ipc_load *l = &g->in.u.load;
	struct nft_err err = { .code = -EPROTO, .text = "the clerk's request is not acceptable" };
	uint32_t seq = g->in.head.seq;
	int fd = g->in.fd;
	const void *image = NULL;

	if (load_ok(g, &g->in))
		image = ipc_slot_map(&g->herd.slots, l->slot, fd, l->image_size);
	if (!image)
		goto out;
	bool first = !g->running;
	if (first) {
		use_image(g, l, image);
		g->herd.inside = l->inside;
		err.code = first_load(g, l, &err);
	} else {
		err.code = reload(g, l, image, fd, &err);
		if (err.code)
			ipc_slot_clear(&g->herd.slots, l->slot);
	}
	if (err.code)
		goto out;
	g->running = true;
	if (g->image_fd >= 0)
		close(g->image_fd);
	g->image_fd = fd;
	g->in.fd = -1;
	if (!first)
		herd_inside(&g->herd, &l->inside);
	forget(g, g->staged, g->n_staged);
	err.code = 0;
	if (first)
		nft_probe(g->nft, &g->caps, &err);
	send_state(g);
out:
	g->n_staged = 0;
	done(g, seq, err.code, err.text);
}

/* At most one word a second: a full set refuses every change. */
static void refusals(struct guard *g, size_t n, const char *text)
{
	uint64_t now = now_ms();

	g->refused += n;
	if (now - g->refused_told < REFUSED_MS)
		return;
	log_warn("%zu set changes were refused: %s", g->refused, text);
	done(g, 0, -ENOSPC, text);
	g->refused = 0;
	g->refused_told = now;
}

static void do_apply(struct guard *g)
{
	struct nft_err err;
	size_t refused = 0;

	if (!elems_ok(&g->in)) {
		log_err("the clerk asked for elements that do not exist: refused");
		return;
	}
	int r = nft_apply(g->nft, g->in.u.elem, g->in.head.count, &refused, &err);
	if (r < 0 || refused)
		refusals(g, r < 0 ? g->in.head.count : refused, err.text);
}

static void do_stage(struct guard *g)
{
	if (!elems_ok(&g->in)) {
		log_err("the clerk staged elements that do not exist: refused");
		return;
	}
	/* what does not fit the transaction expires by itself */
	for (uint32_t i = 0; i < g->in.head.count && g->n_staged < STAGED_MAX; i++)
		g->staged[g->n_staged++] = g->in.u.elem[i];
}

static void do_nets(struct guard *g)
{
	struct ipc_nets *nets = &g->in.u.nets;
	struct nft_err err;

	if (!ipc_one(&g->in, sizeof(*nets)) || nets->n > INSPECT_NETS || !g->running)
		return;
	if (nft_inside(g->nft, nets->net, nets->n, &err) < 0) {
		log_err("set inside: %s", err.text);
		g->out.head.count = 0;
		to_clerk(g, IPC_NETS, 0, 0, 0, -1); /* kernel and workers must not differ: again */
		return;
	}
	herd_inside(&g->herd, nets);
}

static void do_counters(struct guard *g)
{
	struct nft_err err = { .text = "no table" };
	struct nft_counters c = { 0 };

	int r = g->running ? nft_counters(g->nft, &c, &err) : -ENOENT;
	if (r < 0) {
		done(g, g->in.head.seq, r, err.text);
		return;
	}
	g->out.u.counters = c;
	g->out.head.count = 0;
	to_clerk(g, IPC_DONE, g->in.head.seq, 0, sizeof(c), -1);
}

static void do_flush(struct guard *g)
{
	struct nft_err err = { .text = "no table" };
	int r = g->running ? nft_flush(g->nft, &err) : -ENOENT;

	if (r == 0)
		r = nft_forget(g->nft, g->herd.conf.mark_mask, NULL, &err) < 0 ? err.code : 0;
	done(g, g->in.head.seq, r, err.text);
}

static void from_clerk(struct guard *g)
{
	int r = ipc_recv(g->clerk, &g->in, MSG_DONTWAIT);

	if (r == -EAGAIN)
		return;
	if (r <= 0) { /* gone: SIGCHLD tells the rest; do not spin on the end of file */
		close(g->clerk);
		g->clerk = -1;
		return;
	}
	switch (g->in.head.type) {
	case IPC_LOAD:
		do_load(g);
		break;
	case IPC_APPLY:
		do_apply(g);
		break;
	case IPC_STAGE:
		do_stage(g);
		break;
	case IPC_NETS:
		do_nets(g);
		break;
	case IPC_COUNTERS:
		do_counters(g);
		break;
	case IPC_FLUSH:
		do_flush(g);
		break;
	case IPC_FORGET:
		if (elems_ok(&g->in))
			forget(g, g->in.u.elem, g->in.head.count);
		done(g, g->in.head.seq, 0, "");
		break;
	case IPC_DUMP:
		send_adopted(g);
		break;
	default:
		log_err("unknown request %u of the clerk", g->in.head.type);
	}
	if (g->in.fd >= 0)
		close(g->in.fd);
}

/* --- the clerk as a process --- */

static _Noreturn void clerk_child(struct guard *g, int sock, pid_t parent)
{
	struct clerk_setup s = {
		.guard = sock, .events = g->events[0], .routes = g->routes,
		.config = g->o->config, .rundir = g->o->rundir, .user = g->user.name,
		.background = g->herd.background, .verbose = g->o->verbose,
		.started = g->started, .slots = g->herd.slots,
		.pages = herd_page(&g->herd, 0), .page_size = g->herd.page_size,
	};
	int keep[] = { sock, s.events, s.routes };
	sigset_t none;

	if (g->running) /* its own copy of the image comes by descriptor */
		ipc_slot_clear(&g->herd.slots, g->herd.slot);
	mprotect(herd_page(&g->herd, 0), IPC_WORKERS * g->herd.page_size, PROT_READ);
	if (g->herd.names)
		munmap(g->herd.names, g->herd.n * g->herd.names_size);
	log_fork("clerk");
	priv_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	if (priv_child(PRIV_CLERK, parent) < 0)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(clerk_main(&s));
}

static int start_clerk(struct guard *g)
{
	int sock[2], size = 1 << 20;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(sock[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	g->n_staged = 0;
	g->clerk_born = now_ms();
	g->clerk_pid = fork();
	if (g->clerk_pid == 0)
		clerk_child(g, sock[1], parent);
	int err = g->clerk_pid < 0 ? -errno : 0;
	close(sock[1]);
	if (err) {
		close(sock[0]);
		g->clerk_pid = 0;
		return err;
	}
	g->clerk = sock[0];
	g->out.head.count = 0;
	g->out.u.hello = (struct ipc_hello){
		.slot = g->running ? 1 - g->herd.slot : 0,
		.generation = g->herd.generation,
		.image_size = g->running ? g->herd.image_size : 0,
		.caps = g->caps,
	};
	to_clerk(g, IPC_HELLO, 0, 0, sizeof(g->out.u.hello), g->running ? g->image_fd : -1);
	send_adopted(g);
	send_state(g);
	return 0;
}

static void clerk_died(struct guard *g, int status)
{
	g->clerk_pid = 0;
	if (g->clerk >= 0)
		close(g->clerk);
	g->clerk = -1;
	if (g->stop)
		return;
	if (!g->running) { /* nothing to go on with: its own words are in the log */
		g->status = 1;
		g->stop = true;
		return;
	}
	if (WIFSIGNALED(status))
		log_warn("the clerk was ended by signal %d: replaced", WTERMSIG(status));
	else
		log_warn("the clerk ended with status %d: replaced", WEXITSTATUS(status));
	g->retry_at = now_ms() + RETRY_MS;
	if (now_ms() - g->clerk_born < CLERK_PAUSE_MS)
		return; /* it would only die again: the loop starts the next one in a moment */
	int err = start_clerk(g);
	if (err)
		log_err("the clerk cannot be started: %s", strerror(-err));
}

/* --- signals and the loop --- */

static void reap(struct guard *g)
{
	int status;
	pid_t pid;
	bool changed = false;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == g->clerk_pid)
			clerk_died(g, status);
		else if (!g->stop)
			changed |= herd_reaped(&g->herd, pid, status);
	}
	if (changed && g->clerk >= 0)
		send_state(g);
}

static void on_signal(struct guard *g)
{
	struct signalfd_siginfo si;

	while (read(g->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGCHLD:
			reap(g);
			break;
		case SIGHUP:
			g->out.head.count = 0;
			if (g->clerk >= 0)
				to_clerk(g, IPC_RELOAD, 0, 0, 0, -1);
			break;
		default:
			log_info("stopping on signal %u", si.ssi_signo);
			g->stop = true;
		}
	}
}

static void retry(struct guard *g)
{
	g->retry_at = now_ms() + RETRY_MS;
	herd_complete(&g->herd);
	if (g->clerk_pid == 0)
		start_clerk(g);
}

static void tell_ready(struct guard *g)
{
	if (!g->running || g->ready < 0)
		return;
	if (write(g->ready, "1", 1) != 1)
		log_warn("the starting process is gone");
	close(g->ready);
	g->ready = -1;
	log_open("guard", g->o->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, true);
	priv_null_output();
}

static void loop(struct guard *g)
{
	while (!g->stop) {
		/* a worker or clerk that could not be forked is tried again */
		bool missing = g->running && (g->clerk_pid == 0 || !herd_whole(&g->herd));
		struct pollfd p[2] = { { .fd = g->signal_fd, .events = POLLIN },
				       { .fd = g->clerk, .events = POLLIN } };

		if (poll(p, 2, missing ? RETRY_MS : -1) < 0 && errno != EINTR)
			break;
		if (missing && now_ms() >= g->retry_at)
			retry(g);
		if (p[0].revents)
			on_signal(g);
		else if (p[1].revents) /* not both: the signal may have changed the descriptor */
			from_clerk(g);
		tell_ready(g);
	}
}

/* --- start and stop --- */

/* Run directory and pid file, while still root. The lock tells a second agent from a stale file. */
static int take_rundir(struct guard *g)
{
	char path[512];

	if (mkdir(g->o->rundir, 0755) < 0 && errno != EEXIST) {
		log_err("%s: %s", g->o->rundir, strerror(errno));
		return -errno;
	}
	if (geteuid() == 0 && chown(g->o->rundir, g->user.uid, g->user.gid) < 0)
		log_warn("%s: %s", g->o->rundir, strerror(errno));
	snprintf(path, sizeof(path), "%s/sluiced.pid", g->o->rundir);
	g->pidfile = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (g->pidfile < 0) {
		log_err("%s: %s", path, strerror(errno));
		return -errno;
	}
	if (flock(g->pidfile, LOCK_EX | LOCK_NB) < 0) {
		log_err("%s is locked: another sluiced is running", path);
		return -EBUSY;
	}
	return 0;
}

static void write_pid(struct guard *g)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(g->pidfile, 0) < 0 || pwrite(g->pidfile, text, (size_t)n, 0) != n)
		log_warn("pid file: %s", strerror(errno));
}

/* The parent waits until the agent is ready or has failed, and says so by its exit status. */
static int to_background(struct guard *g)
{
	int p[2];
	char byte;

	if (g->o->foreground)
		return 0;
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(p[1]);
		_exit(read(p[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(p[0]);
	g->ready = p[1];
	setsid();
	g->herd.background = true;
	return 0;
}

static int open_all(struct guard *g)
{
	struct nft_err err = { .text = "" };

	g->nft = nft_open(&err);
	if (!g->nft) {
		log_err("nftables: %s", err.text);
		return -EPERM;
	}
	if (nft_probe(g->nft, &g->caps, &err) < 0) {
		log_err("nftables: %s", err.text);
		return -ENOTSUP;
	}
	if (!g->caps.native_queue && !g->caps.compat_queue) {
		log_err("this kernel can queue no packets: load nft_queue, or nft_compat and xt_NFQUEUE");
		return -ENOTSUP;
	}
	g->routes = hosts_socket();
	if (g->routes < 0) {
		log_err("rtnetlink: %s", strerror(-g->routes));
		return g->routes;
	}
	g->staged = calloc(STAGED_MAX, sizeof(*g->staged));
	g->signal_fd = signalfd(-1, &g->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!g->staged || g->signal_fd < 0)
		return -ENOMEM;
	return herd_init(&g->herd, g->events[1]);
}

static int prepare(struct guard *g)
{
	int r = priv_find(&g->user, g->o->user);

	if (r < 0) {
		log_err("user %s: %s", g->o->user ? g->o->user : "sluice or nobody",
			r == -EINVAL ? "may not be root" : "there is no such user");
		return r;
	}
	r = take_rundir(g);
	if (!r)
		r = to_background(g);
	if (r)
		return r;
	write_pid(g);
	if (pipe2(g->events, O_DIRECT | O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* more than fs.pipe-max-size only for CAP_SYS_RESOURCE */
	for (int size = EVENT_PIPE; size > 65536; size /= 2)
		if (fcntl(g->events[1], F_SETPIPE_SZ, size) >= 0)
			break;
	r = priv_guard(&g->user);
	if (r) {
		log_err("CAP_NET_ADMIN is needed: start as root");
		return r;
	}
	return open_all(g);
}

static void finish(struct guard *g)
{
	char path[512];

	if (g->clerk >= 0)
		shutdown(g->clerk, SHUT_RDWR); /* the clerk writes what it has and ends */
	for (int i = 0; g->clerk_pid > 0 && i < 300; i++) {
		if (waitpid(g->clerk_pid, NULL, WNOHANG) != 0)
			g->clerk_pid = 0;
		else
			poll(NULL, 0, 10);
	}
	if (g->clerk_pid > 0) {
		kill(g->clerk_pid, SIGKILL);
		waitpid(g->clerk_pid, NULL, 0);
	}
	herd_stop(&g->herd);
	nft_close(g->nft);
	free(g->staged);
	snprintf(path, sizeof(path), "%s/control.sock", g->o->rundir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/sluiced.pid", g->o->rundir);
	unlink(path);
}

static int run(struct guard *g)
{
	log_open("guard", g->o->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, false);
	sigemptyset(&g->signals);
	sigaddset(&g->signals, SIGHUP);
	sigaddset(&g->signals, SIGTERM);
	sigaddset(&g->signals, SIGINT);
	sigaddset(&g->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &g->signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (prepare(g) < 0) {
		nft_close(g->nft);
		free(g->staged);
		return 1;
	}
	int err = start_clerk(g);
	if (err) {
		log_err("the clerk cannot be started: %s", strerror(-err));
		g->status = 1;
	} else {
		loop(g);
	}
	g->stop = true;
	finish(g);
	return g->status;
}

int guard_main(const struct guard_opts *o)
{
	struct guard *g = calloc(1, sizeof(*g)); /* large messages inside: not on the stack */

	if (!g)
		return 1;
	g->o = o;
	g->clerk = g->image_fd = g->ready = g->routes = g->signal_fd = g->pidfile = -1;
	g->events[0] = g->events[1] = -1;
	g->started = now_ms();
	int status = run(g);
	free(g);
	return status;
}

int guard_remove(void)
{
	struct nft_err err = { .text = "" };
	struct nft *n = nft_open(&err);
	int r = n ? nft_remove(n, &err) : -EPERM;

	log_open(NULL, LOG_LEVEL_INFO, false);
	if (r == -ENOENT)
		log_info("there is no table inet %s", NFT_TABLE);
	else if (r < 0)
		log_err("%s", err.text);
	nft_close(n);
	return r == 0 || r == -ENOENT ? 0 : 1;
}
