/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static int pair[2];
static struct ipc_msg a, b;

static int open_pair(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	a.fd = -1;
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
}

static int close_pair(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static void message_and_fd_arrive(void **state)
{
	int p[2];
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(p), 0);
	a.head = (struct ipc_head){ .type = IPC_APPLY, .seq = 7, .count = 2 };
	a.u.elem[1].dport = 443;
	a.len = 2 * sizeof(a.u.elem[0]);
	a.fd = p[1];
	assert_int_equal(ipc_send(pair[0], &a), 0);
	close(p[1]);
	assert_int_equal(ipc_recv(pair[1], &b, 0), 1);
	assert_int_equal(b.head.seq, 7);
	assert_true(ipc_array(&b, sizeof(b.u.elem[0])));
	assert_int_equal(b.u.elem[1].dport, 443);
	assert_true(b.fd >= 0);
	assert_int_equal(write(b.fd, "x", 1), 1);
	assert_int_equal(read(p[0], &byte, 1), 1);
	close(b.fd);
	close(p[0]);
}

static void shapes_are_checked(void **state)
{
	(void)state;
	a.head = (struct ipc_head){ .count = 3 };
	a.len = 2 * sizeof(a.u.elem[0]);
	assert_false(ipc_array(&a, sizeof(a.u.elem[0])));
	a.head.count = UINT32_MAX;
	assert_false(ipc_array(&a, sizeof(a.u.elem[0])));
	a.len = sizeof(a.u.hello) - 1;
	assert_false(ipc_one(&a, sizeof(a.u.hello)));
	a.len = sizeof(a.u.hello);
	assert_true(ipc_one(&a, sizeof(a.u.hello)));
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A message with two descriptors is refused, and neither stays open here. */
static void two_fds_are_refused(void **state)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} ctl = { 0 };
	struct ipc_head head = { .type = IPC_LOAD };
	struct iovec iov = { &head, sizeof(head) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl,
			    .msg_controllen = sizeof(ctl) };
	int two[2] = { 0, 1 };

	(void)state;
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(two));
	memcpy(CMSG_DATA(c), two, sizeof(two));
	assert_true(sendmsg(pair[0], &h, 0) > 0);
	int before = count_fds();
	assert_int_equal(ipc_recv(pair[1], &b, 0), -EPROTO);
	assert_int_equal(count_fds(), before);
}

static void short_message_is_refused(void **state)
{
	(void)state;
	assert_int_equal(send(pair[0], "abc", 3, 0), 3);
	assert_int_equal(ipc_recv(pair[1], &b, 0), -EPROTO);
	assert_int_equal(ipc_recv(pair[1], &b, MSG_DONTWAIT), -EAGAIN);
	shutdown(pair[0], SHUT_RDWR);
	assert_int_equal(ipc_recv(pair[1], &b, 0), 0);
}

static int image(size_t size, int seals)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(pwrite(fd, "image", 5, 0), 5);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void only_a_sealed_image_is_mapped(void **state)
{
	const int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct ipc_slots s;

	(void)state;
	assert_int_equal(ipc_slots_reserve(&s), 0);
	int fd = image(8192, all);
	const char *p = ipc_slot_map(&s, 1, fd, 8192);
	assert_ptr_equal(p, s.at[1]);
	assert_memory_equal(p, "image", 5);
	assert_null(ipc_slot_map(&s, 0, fd, 8193));
	assert_null(ipc_slot_map(&s, 2, fd, 8192));
	assert_null(ipc_slot_map(&s, 0, fd, 0));
	assert_null(ipc_slot_map(&s, 0, fd, (uint64_t)IPC_SLOT_SIZE + 1));
	close(fd);
	for (int missing = 0; missing < 3; missing++) {
		const int each[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE };
		fd = image(8192, all & ~each[missing]);
		assert_null(ipc_slot_map(&s, 0, fd, 8192));
		close(fd);
	}
	assert_null(ipc_slot_map(&s, 0, pair[0], 8192));
	munmap(s.at[0], IPC_SLOT_SIZE);
	munmap(s.at[1], IPC_SLOT_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(message_and_fd_arrive, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(shapes_are_checked, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(two_fds_are_refused, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(short_message_is_refused, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(only_a_sealed_image_is_mapped, open_pair, close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
