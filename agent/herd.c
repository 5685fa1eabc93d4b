/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/herd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/priv.h"

enum {
	NAMES_ADDRESSES = 16384, /* per worker */
	READY_MS = 5000,
	QUIET_MS = 1000,
	YOUNG_MS = 1000, /* one that ends by itself this soon cannot start: wait before the next */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t round_page(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

int herd_init(struct herd *h, int events)
{
	bool background = h->background;

	memset(h, 0, sizeof(*h));
	h->background = background;
	h->events = events;
	h->page_size = round_page(sizeof(struct ipc_page));
	h->pages = share(IPC_WORKERS * h->page_size);
	if (!h->pages)
		return -ENOMEM;
	return ipc_slots_reserve(&h->slots);
}

struct ipc_page *herd_page(const struct herd *h, unsigned int k)
{
	return (struct ipc_page *)(void *)((uint8_t *)h->pages + k * h->page_size);
}

int herd_open(struct herd *h, unsigned int count, const struct queue_conf *c, char text[240])
{
	if (count == 0)
		count = priv_cpus();
	if (count > IPC_WORKERS)
		count = IPC_WORKERS;
	h->queue = *c;
	h->names_size = round_page(names_size(NAMES_ADDRESSES));
	h->names = share(count * h->names_size);
	if (!h->names || getrandom(h->names_key, sizeof(h->names_key), 0) != sizeof(h->names_key)) {
		snprintf(text, 240, "no memory for the names tables");
		return -ENOMEM;
	}
	for (unsigned int k = 0; k < count; k++) {
		struct queue_conf q = *c;

		q.num = (uint16_t)(c->num + k);
		h->w[k] = (struct herd_worker){
			.num = q.num, .herd = h, .verdicts = -1, .guard = -1, .queue = -1,
		};
		names_init(h->names + k * h->names_size, NAMES_ADDRESSES, h->names_key);
		int fd = queue_open(&q, text);
		if (fd < 0)
			return fd;
		h->w[k].queue = fd;
		h->n = k + 1;
	}
	return 0;
}

void herd_image(struct herd *h, unsigned int slot, const void *image, size_t size,
		uint32_t generation, const struct inspect_conf *conf)
{
	h->slot = slot;
	h->image = image;
	h->image_size = size;
	h->generation = generation;
	h->conf = *conf;
}

/*
 * A mark must say what the action says, and never claim the reply bit, but with a reject of this
 * packet alone (NFT_MARK_ALONE).
 */
static bool answer_fits(const struct herd *h, const struct ipc_verdict *v)
{
	uint32_t unit = h->conf.mark_mask / (NFT_MARK_MASK / NFT_MARK_PASS);
	uint32_t bits = (v->mark & h->conf.mark_mask) / (unit ? unit : 1);

	if (v->accept > 1 || v->zero || v->zero2)
		return false;
	switch (v->action) {
	case ACTION_NONE:
		return bits == 0;
	case ACTION_ALLOW:
	case ACTION_MONITOR:
		return bits == NFT_MARK_PASS / NFT_MARK_PASS;
	case ACTION_DROP:
		return bits == NFT_MARK_DROP / NFT_MARK_PASS;
	case ACTION_REJECT:
		return bits == NFT_MARK_REJECT / NFT_MARK_PASS ||
		       bits == (NFT_MARK_REJECT | NFT_MARK_ALONE) / NFT_MARK_PASS;
	default:
		return false;
	}
}

/* Answers the kernel for one worker until its pipe ends. No allocation in here: see herd.h. */
static void *answer_thread(void *arg)
{
	struct herd_worker *w = arg;
	struct ipc_verdict v[IPC_BATCH];
	ssize_t got;

	while ((got = read(w->verdicts, v, sizeof(v))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (size_t)got % sizeof(v[0]))
			break; /* a worker that writes broken entries is replaced */
		size_t n = (size_t)got / sizeof(v[0]);
		for (size_t i = 0; i < n; i++) {
			if (answer_fits(w->herd, &v[i]))
				continue;
			atomic_fetch_add(&w->herd->bad_answers, 1);
			v[i].accept = w->herd->conf.fail_open;
			v[i].mark &= ~w->herd->conf.mark_mask;
		}
		queue_answer(w->queue, w->num, v, n);
	}
	if (got != 0) /* not its end but broken entries: SIGCHLD brings the next one */
		kill(w->pid, SIGKILL);
	return NULL;
}

/* A worker and the thread that answers for it share a CPU: the cheapest hand-over (measured). */
static void pin(pthread_t thread, int cpu)
{
	cpu_set_t one;

	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	pthread_setaffinity_np(thread, sizeof(one), &one);
}

static _Noreturn void child(struct herd *h, unsigned int k, int verdicts, int guard, pid_t parent)
{
	struct worker_setup *s = calloc(1, sizeof(*s)); /* large: not on the stack */
	int keep[] = { h->w[k].queue, verdicts, h->events, guard };
	sigset_t none;

	log_fork("worker");
	if (h->background)
		priv_null_output();
	priv_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	if (priv_child(PRIV_WORKER, parent) < 0)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN); /* the guard ends its children, not whoever signals the group */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!s)
		_exit(1);
	*s = (struct worker_setup){
		.queue = h->w[k].queue, .verdicts = verdicts, .events = h->events,
		.guard = guard, .page = herd_page(h, k), .slots = h->slots,
		.slot = h->slot, .policy = policy_at(h->image, h->image_size),
		.conf = h->conf, .inside = h->inside, .n_names = h->n,
	};
	s->conf.worker = (uint8_t)k;
	for (unsigned int i = 0; i < h->n; i++) {
		uint8_t *table = h->names + i * h->names_size;

		names_view(&s->names[i], table, NAMES_ADDRESSES, h->names_key);
		if (i == k)
			continue;
		mprotect(table, h->names_size, PROT_READ);
		mprotect(herd_page(h, i), h->page_size, PROT_NONE);
	}
	if (!s->policy || getrandom(s->conf.key, sizeof(s->conf.key), 0) != sizeof(s->conf.key))
		_exit(1);
	pin(pthread_self(), h->w[k].cpu);
	int status = worker_main(s);
	free(s);
	_exit(status);
}

/* The thread ends with the pipe: after it every answer that was written has been sent. */
static void put_away(struct herd_worker *w)
{
	if (w->has_thread)
		pthread_join(w->thread, NULL);
	w->has_thread = false;
	if (w->verdicts >= 0)
		close(w->verdicts);
	if (w->guard >= 0)
		close(w->guard);
	w->verdicts = w->guard = -1;
	w->pid = 0;
}

static int start_one(struct herd *h, unsigned int k)
{
	struct herd_worker *w = &h->w[k];
	struct ipc_page *page = herd_page(h, k);
	pid_t parent = getpid();
	int pipe_fd[2], sock[2];

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0) {
		close(pipe_fd[0]);
		close(pipe_fd[1]);
		return -errno;
	}
	atomic_store(&page->n, 0);
	w->born = now_ms();
	w->quiet = 0;
	w->cpu = priv_cpu(k);
	w->pid = fork();
	if (w->pid == 0)
		child(h, k, pipe_fd[1], sock[1], parent);
	int err = w->pid < 0 ? -errno : 0;
	/* only the worker may hold the write end, or its death would not end the pipe */
	close(pipe_fd[1]);
	close(sock[1]);
	w->verdicts = pipe_fd[0];
	w->guard = sock[0];
	if (!err && pthread_create(&w->thread, NULL, answer_thread, w) != 0)
		err = -EAGAIN;
	w->has_thread = !err;
	if (err) { /* no process, or one whose answers nobody would send */
		if (w->pid > 0) {
			kill(w->pid, SIGKILL);
			waitpid(w->pid, NULL, 0);
		}
		put_away(w);
		return err;
	}
	pin(w->thread, w->cpu);
	return 0;
}

static void drain(struct herd *h, struct herd_worker *w)
{
	while (w->guard >= 0 && ipc_recv(w->guard, &h->msg, MSG_DONTWAIT) > 0) {
		if (h->msg.fd >= 0)
			close(h->msg.fd);
		if (h->msg.head.type == IPC_QUIET)
			w->quiet = h->msg.head.seq;
	}
}

/* Waits until every worker has confirmed the current generation, at most `ms`. */
static bool wait_quiet(struct herd *h, unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	for (;;) {
		struct pollfd p[IPC_WORKERS];
		struct herd_worker *of[IPC_WORKERS];
		nfds_t n = 0;

		for (unsigned int k = 0; k < h->n; k++) {
			drain(h, &h->w[k]);
			if (h->w[k].pid <= 0 || h->w[k].quiet == h->generation)
				continue;
			of[n] = &h->w[k];
			p[n++] = (struct pollfd){ .fd = h->w[k].guard, .events = POLLIN };
		}
		uint64_t now = now_ms();
		if (n == 0)
			return true;
		if (now >= end)
			return false;
		poll(p, n, (int)(end - now));
		for (nfds_t i = 0; i < n; i++)
			if (p[i].revents & POLLHUP) /* died on the way: SIGCHLD will tell */
				of[i]->quiet = h->generation;
	}
}

int herd_start(struct herd *h)
{
	for (unsigned int k = 0; k < h->n; k++) {
		int err = start_one(h, k);
		if (err)
			return err;
	}
	return wait_quiet(h, READY_MS) ? 0 : -ETIMEDOUT;
}

void herd_policy(struct herd *h, int image_fd)
{
	for (unsigned int k = 0; k < h->n; k++) {
		struct ipc_msg *m = &h->msg;

		m->head = (struct ipc_head){ .type = IPC_POLICY, .seq = h->generation };
		m->u.policy = (struct ipc_policy){
			.generation = h->generation, .slot = h->slot,
			.image_size = h->image_size, .inspect = h->conf,
		};
		m->len = sizeof(m->u.policy);
		m->fd = image_fd;
		if (h->w[k].pid > 0)
			ipc_send(h->w[k].guard, m);
	}
	if (wait_quiet(h, QUIET_MS))
		return;
	for (unsigned int k = 0; k < h->n; k++)
		if (h->w[k].pid > 0 && h->w[k].quiet != h->generation) {
			log_warn("worker %u did not take the new policy: replaced", k);
			kill(h->w[k].pid, SIGKILL); /* its successor starts with the new image */
		}
}

void herd_inside(struct herd *h, const struct ipc_nets *nets)
{
	h->inside = *nets;
	for (unsigned int k = 0; k < h->n; k++) {
		struct ipc_msg *m = &h->msg;

		m->head = (struct ipc_head){ .type = IPC_INSIDE };
		m->u.nets = *nets;
		m->len = sizeof(m->u.nets);
		m->fd = -1;
		if (h->w[k].pid > 0)
			ipc_send(h->w[k].guard, m);
	}
}

bool herd_reaped(struct herd *h, pid_t pid, int status)
{
	for (unsigned int k = 0; k < h->n; k++) {
		struct herd_worker *w = &h->w[k];

		if (w->pid != pid)
			continue;
		put_away(w);
		int held = queue_recover(w->queue, w->num, herd_page(h, k), h->queue.fail_open);
		if (WIFSIGNALED(status))
			log_warn("worker %u (pid %d) was ended by signal %d with %d packets in hand: replaced",
				 k, (int)pid, WTERMSIG(status), held < 0 ? 0 : held);
		else
			log_warn("worker %u (pid %d) ended with status %d: replaced", k, (int)pid,
				 WEXITSTATUS(status));
		w->restarts++;
		/* ending by itself at once, it would only do so again: herd_complete() in a moment */
		if (!WIFSIGNALED(status) && now_ms() - w->born < YOUNG_MS)
			return true;
		int err = start_one(h, k);
		if (err)
			log_err("worker %u cannot be started: %s", k, strerror(-err));
		return true;
	}
	return false;
}

bool herd_whole(const struct herd *h)
{
	for (unsigned int k = 0; k < h->n; k++)
		if (h->w[k].pid == 0)
			return false;
	return true;
}

void herd_complete(struct herd *h)
{
	for (unsigned int k = 0; k < h->n; k++)
		if (h->w[k].pid == 0)
			start_one(h, k);
}

void herd_state(const struct herd *h, struct ipc_state *st)
{
	memset(st, 0, sizeof(*st));
	st->workers = h->n;
	for (unsigned int k = 0; k < h->n; k++) {
		st->pid[k] = h->w[k].pid;
		st->cpu[k] = h->w[k].cpu;
		st->restarts[k] = h->w[k].restarts;
	}
}

void herd_stop(struct herd *h)
{
	for (unsigned int k = 0; k < h->n; k++) {
		struct herd_worker *w = &h->w[k];

		if (w->pid > 0) {
			shutdown(w->guard, SHUT_RDWR); /* a worker ends with this socket */
			pid_t pid = w->pid;
			int i = 0;
			while (waitpid(pid, NULL, WNOHANG) == 0 && i++ < 100)
				poll(NULL, 0, 10);
			if (i > 100) {
				kill(pid, SIGKILL);
				waitpid(pid, NULL, 0);
			}
		}
		put_away(w);
		if (w->queue >= 0)
			close(w->queue);
	}
}
