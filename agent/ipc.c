/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

union fd_control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(2 * sizeof(int))];
};

int ipc_send(int sock, const struct ipc_msg *m)
{
	struct iovec iov[2] = {
		{ (void *)(uintptr_t)&m->head, sizeof(m->head) },
		{ (void *)(uintptr_t)&m->u, m->len },
	};
	union fd_control ctl = { 0 };
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = m->len ? 2 : 1 };

	if (m->len > sizeof(m->u))
		return -EINVAL;
	if (m->fd >= 0) {
		h.msg_control = &ctl;
		h.msg_controllen = CMSG_SPACE(sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &m->fd, sizeof(int));
	}
	for (;;) {
		if (sendmsg(sock, &h, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == EAGAIN) {
			struct pollfd p = { .fd = sock, .events = POLLOUT };
			if (poll(&p, 1, IPC_WAIT_MS) == 0)
				return -ETIMEDOUT;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

/* Takes the one descriptor a message may carry; with more than one all are closed. */
static int take_fd(struct msghdr *h, int *fd)
{
	unsigned int n = 0;

	*fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < fds; i++, n++) {
			int got;
			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(got));
			if (n == 0)
				*fd = got;
			else
				close(got);
		}
	}
	if (n <= 1 && !(h->msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return -EPROTO;
}

int ipc_recv(int sock, struct ipc_msg *m, int flags)
{
	struct iovec iov[2] = { { &m->head, sizeof(m->head) }, { &m->u, sizeof(m->u) } };
	union fd_control ctl;
	struct msghdr h = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl),
	};
	ssize_t n;

	do
		n = recvmsg(sock, &h, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	m->fd = -1;
	m->len = 0;
	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	int err = take_fd(&h, &m->fd);
	if (err)
		return err;
	if ((size_t)n < sizeof(m->head)) {
		if (m->fd >= 0)
			close(m->fd);
		m->fd = -1;
		return -EPROTO;
	}
	m->len = (size_t)n - sizeof(m->head);
	return 1;
}

bool ipc_one(const struct ipc_msg *m, size_t size)
{
	return m->len == size;
}

bool ipc_array(const struct ipc_msg *m, size_t size)
{
	return m->head.count <= sizeof(m->u) / size && m->len == m->head.count * size;
}

int ipc_slots_reserve(struct ipc_slots *s)
{
	for (int i = 0; i < 2; i++) {
		s->at[i] = mmap(NULL, IPC_SLOT_SIZE, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (s->at[i] == MAP_FAILED)
			return -errno;
	}
	return 0;
}

/* Replaces one mapping by another: were it to fail, the slot would only keep what it holds. */
void ipc_slot_clear(const struct ipc_slots *s, unsigned int slot)
{
	void *p = mmap(s->at[slot], IPC_SLOT_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		mprotect(s->at[slot], IPC_SLOT_SIZE, PROT_NONE);
}

const void *ipc_slot_map(const struct ipc_slots *s, unsigned int slot, int fd, uint64_t size)
{
	struct stat st;

	if (slot > 1 || size == 0 || size > IPC_SLOT_SIZE)
		return NULL;
	/* without the seals its writer could change or cut it under the readers */
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS)
		return NULL;
	if (fstat(fd, &st) < 0 || st.st_size < 0 || (uint64_t)st.st_size < size)
		return NULL;
	ipc_slot_clear(s, slot);
	void *p = mmap(s->at[slot], (size_t)size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}
