/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* epoll data of the listening socket; clients have their slot number */
enum { CONTROL_LISTEN = CONTROL_CLIENTS };

enum client_state {
	CLIENT_FREE,
	CLIENT_READS,  /* its request is not complete */
	CLIENT_WAITS,  /* the answer comes later */
	CLIENT_WRITES, /* it has not taken all of its answer */
};

struct client {
	int fd;
	enum client_state state;
	bool all;        /* may do everything */
	uint32_t serial; /* upper half of its handle: a slot is used again */
	uint64_t since;  /* ms: last progress */
	char line[CONTROL_LINE + 1];
	size_t have;
	char *answer;
	size_t len, sent;
};

struct control {
	int listen, epoll;
	uid_t own;
	control_fn *fn;
	void *ctx;
	uint64_t now;
	uint32_t serial;
	struct client clients[CONTROL_CLIENTS];
};

/* Is somebody there behind the socket file? */
static bool control_alive(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 || errno != ECONNREFUSED;
	close(fd);
	return alive;
}

int control_listen(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int fd, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path));
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return -EEXIST;
		if (control_alive(&sa))
			return -EADDRINUSE;
		if (unlink(path))
			return -errno;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* the mode must hold from the first moment on */
	mask = umask(0117);
	rc = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	umask(mask);
	if (!rc && listen(fd, CONTROL_CLIENTS))
		rc = -errno;
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static int control_want(struct control *c, int op, int fd, uint32_t events, uint32_t slot)
{
	struct epoll_event ev = { .events = events, .data.u32 = slot };

	return epoll_ctl(c->epoll, op, fd, &ev);
}

struct control *control_new(int listen_fd, uid_t own, control_fn *fn, void *ctx)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->listen = listen_fd;
	c->own = own;
	c->fn = fn;
	c->ctx = ctx;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll >= 0 && !control_want(c, EPOLL_CTL_ADD, listen_fd, EPOLLIN, CONTROL_LISTEN))
		return c;
	if (c->epoll >= 0)
		close(c->epoll);
	free(c);
	return NULL;
}

static void control_drop(struct client *cl)
{
	if (cl->state == CLIENT_FREE)
		return;
	close(cl->fd); /* leaves the epoll set by itself */
	free(cl->answer);
	cl->answer = NULL;
	cl->state = CLIENT_FREE;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control_drop(&c->clients[i]);
	close(c->listen);
	close(c->epoll);
	free(c);
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

bool control_readonly(const char *cmd)
{
	return !strcmp(cmd, "status") || !strcmp(cmd, "list");
}

json_t *control_parse(const char **cmd, char *err, size_t err_size, const char *line, size_t len)
{
	json_error_t je;
	json_t *req;

	*cmd = NULL;
	req = json_loadb(line, len, JSON_REJECT_DUPLICATES, &je);
	if (!req) {
		snprintf(err, err_size, "not JSON: %.100s", je.text);
		return NULL;
	}
	*cmd = json_string_value(json_object_get(req, "cmd"));
	if (*cmd && strlen(*cmd) < 32)
		return req;
	snprintf(err, err_size, "no \"cmd\" in the request");
	*cmd = NULL;
	json_decref(req);
	return NULL;
}

/* The free slot, or that of the client longest idle between two requests; NULL: all are busy. */
static struct client *control_slot(struct control *c)
{
	struct client *idle = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *cl = &c->clients[i];

		if (cl->state == CLIENT_FREE)
			return cl;
		if (cl->state == CLIENT_READS && !cl->have && (!idle || cl->since < idle->since))
			idle = cl;
	}
	if (idle)
		control_drop(idle);
	return idle;
}

static void control_accept(struct control *c)
{
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(who);
	struct client *cl;
	int fd = accept4(c->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	cl = control_slot(c);
	if (!cl || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) ||
	    control_want(c, EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)(cl - c->clients))) {
		close(fd);
		return;
	}
	cl->fd = fd;
	cl->state = CLIENT_READS;
	cl->all = who.uid == 0 || who.uid == c->own;
	cl->serial = ++c->serial ? c->serial : ++c->serial;
	cl->since = c->now;
	cl->have = 0;
}

static void control_send(struct control *c, struct client *cl)
{
	while (cl->sent < cl->len) {
		ssize_t n = send(cl->fd, cl->answer + cl->sent, cl->len - cl->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			control_drop(cl);
			return;
		}
		cl->sent += (size_t)n;
		cl->since = c->now;
	}
	if (cl->sent == cl->len) {
		free(cl->answer);
		cl->answer = NULL;
		cl->state = CLIENT_READS;
		cl->since = c->now;
	}
	control_want(c, EPOLL_CTL_MOD, cl->fd,
		     cl->state == CLIENT_WRITES ? (uint32_t)EPOLLOUT : (uint32_t)EPOLLIN,
		     (uint32_t)(cl - c->clients));
}

/* `code` and the fields of `answer` as one line; takes the reference. NULL: no memory. */
static char *control_line(int code, json_t *answer, size_t *len)
{
	json_t *o = json_object();
	char *text = NULL, *line = NULL;

	if (!o || json_object_set_new(o, "ok", json_boolean(code >= 0)))
		goto out;
	if (code < 0 && json_object_set_new(o, "error", json_string(strerror(-code))))
		goto out;
	if (answer && json_object_update(o, answer))
		goto out;
	/* ASCII alone: an answer ends in terminals */
	text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	*len = text ? strlen(text) : 0;
	if (!text || *len >= CONTROL_ANSWER)
		goto out;
	line = realloc(text, *len + 2);
	if (line) {
		text = NULL;
		memcpy(line + (*len)++, "\n", 2);
	}
out:
	free(text);
	json_decref(o);
	json_decref(answer);
	return line;
}

static void control_reply(struct control *c, struct client *cl, int code, json_t *answer)
{
	cl->answer = control_line(code, answer, &cl->len);
	if (!cl->answer) {
		control_drop(cl);
		return;
	}
	cl->sent = 0;
	cl->state = CLIENT_WRITES;
	cl->since = c->now;
	control_send(c, cl);
}

static json_t *control_error(const char *text)
{
	return json_pack("{s:s}", "error", text);
}

static void control_command(struct control *c, struct client *cl, size_t len)
{
	uint64_t handle = (uint64_t)cl->serial * CONTROL_CLIENTS + (uint64_t)(cl - c->clients);
	json_t *answer = NULL, *req;
	char err[160];
	const char *cmd;
	int rc;

	req = control_parse(&cmd, err, sizeof(err), cl->line, len);
	/* the rest of the buffer is the next request */
	cl->have -= len + 1;
	memmove(cl->line, cl->line + len + 1, cl->have);
	cl->state = CLIENT_WAITS;
	if (!req) {
		control_reply(c, cl, -EINVAL, control_error(err));
		return;
	}
	if (!cl->all && !control_readonly(cmd)) {
		control_reply(c, cl, -EPERM,
			      control_error("only root and the agent's own user may do this"));
		goto out;
	}
	rc = c->fn(c->ctx, handle, cmd, req, &answer);
	if (rc == -ENOSYS && !answer)
		answer = control_error("unknown command");
	if (rc == CONTROL_LATER) {
		cl->since = c->now;
		control_want(c, EPOLL_CTL_MOD, cl->fd, 0, (uint32_t)(cl - c->clients));
		json_decref(answer);
	} else {
		control_reply(c, cl, rc, answer);
	}
out:
	json_decref(req);
}

static void control_requests(struct control *c, struct client *cl)
{
	char *end;

	while (cl->state == CLIENT_READS && cl->have) {
		end = memchr(cl->line, '\n', cl->have);
		if (end) {
			control_command(c, cl, (size_t)(end - cl->line));
		} else if (cl->have >= CONTROL_LINE) {
			cl->have = 0;
			control_reply(c, cl, -EMSGSIZE, control_error("request is too long"));
			control_drop(cl);
		} else {
			return;
		}
	}
}

void control_answer(struct control *c, uint64_t client, int code, json_t *answer)
{
	struct client *cl = &c->clients[client % CONTROL_CLIENTS];

	if (cl->state != CLIENT_WAITS || cl->serial != client / CONTROL_CLIENTS) {
		json_decref(answer);
		return;
	}
	control_reply(c, cl, code, answer);
	control_requests(c, cl);
}

static void control_read(struct control *c, struct client *cl)
{
	ssize_t n = recv(cl->fd, cl->line + cl->have, CONTROL_LINE - cl->have, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		control_drop(cl);
		return;
	}
	if (!cl->have)
		cl->since = c->now; /* a request has its time from its first byte on */
	cl->have += (size_t)n;
	control_requests(c, cl);
}

static void control_ready(struct control *c, const struct epoll_event *ev)
{
	struct client *cl;

	if (ev->data.u32 == CONTROL_LISTEN) {
		control_accept(c);
		return;
	}
	cl = &c->clients[ev->data.u32];
	if (cl->state == CLIENT_WAITS && ev->events & (EPOLLHUP | EPOLLERR))
		control_drop(cl);
	if (cl->state == CLIENT_WRITES) {
		control_send(c, cl);
		control_requests(c, cl);
	} else if (cl->state == CLIENT_READS) {
		control_read(c, cl);
	}
}

void control_handle(struct control *c, uint64_t now)
{
	struct epoll_event ev[CONTROL_CLIENTS + 1];
	int n = epoll_wait(c->epoll, ev, CONTROL_CLIENTS + 1, 0);

	c->now = now;
	for (int i = 0; i < n; i++)
		control_ready(c, &ev[i]);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *cl = &c->clients[i];
		bool idle = cl->state == CLIENT_READS && !cl->have;

		if (cl->state != CLIENT_FREE && cl->state != CLIENT_WAITS &&
		    now - cl->since > (idle ? CONTROL_IDLE : CONTROL_PATIENCE))
			control_drop(cl);
	}
}
