/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dead worker leaves in the kernel's queue. Needs root and a network namespace of its own. */
#include "agent/queue.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { QUEUE = 7, PACKETS = 6 };

static struct nft *nft;
static struct queue_batch *batch;
static struct frame frames[IPC_BATCH];
static uint64_t refused, lost;
static int queue;

/* Every datagram goes to a port of its own: each is a new flow, and queued. */
static void send_packets(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET, "192.0.2.2", &to.sin_addr);
	for (uint16_t i = 0; i < PACKETS; i++) {
		to.sin_port = htons((uint16_t)(port + i));
		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	}
	close(fd);
}

static int receive(void)
{
	return queue_receive(batch, frames, queue, 0, 0, &refused, &lost);
}

/* Takes `n` messages off the socket as a worker does that dies before it has noted them. */
static void lose(int n)
{
	char buf[4096];

	for (int i = 0; i < n; i++)
		assert_true(recv(queue, buf, sizeof(buf), MSG_DONTWAIT) > 0);
}

static void accept_all(int n)
{
	struct ipc_verdict v[IPC_BATCH] = { 0 };

	for (int i = 0; i < n; i++) {
		v[i].id = frames[i].id;
		v[i].accept = 1;
	}
	assert_int_equal(queue_answer(queue, QUEUE, v, (size_t)n), 0);
}

static void unnoted_packets_come_again(void **state)
{
	struct ipc_page page = { .n = 0 };

	(void)state;
	send_packets(1000);
	lose(2);
	assert_int_equal(queue_recover(queue, QUEUE, &page, true), 0);
	assert_int_equal(receive(), PACKETS); /* four unread, two again behind them */
	accept_all(PACKETS);
	assert_int_equal(receive(), 0);
	/* all of them lost, none unread */
	page.ids[0] = frames[PACKETS - 1].id;
	send_packets(2000);
	lose(PACKETS);
	assert_int_equal(receive(), 0);
	assert_int_equal(queue_recover(queue, QUEUE, &page, true), 0);
	assert_int_equal(receive(), PACKETS);
	accept_all(PACKETS);
	assert_int_equal(receive(), 0);
}

/* The packet that was being read is dropped; what was noted beside it comes again. */
static void packet_in_hand_is_dropped(void **state)
{
	struct ipc_page page = { .n = 3, .cur = 1 };

	(void)state;
	send_packets(3000);
	assert_int_equal(receive(), PACKETS);
	for (int i = 0; i < 3; i++)
		page.ids[i] = frames[i].id;
	assert_int_equal(queue_recover(queue, QUEUE, &page, false), 3);
	assert_int_equal(receive(), PACKETS - 1);
	accept_all(PACKETS - 1);
	assert_int_equal(receive(), 0);
}

static int set_up(void **state)
{
	struct queue_conf q = { QUEUE, 1024, true };
	struct nft_load l = { .conf = { .mark_mask = NFT_MARK_MASK, .queue_first = QUEUE,
					.queue_count = 1, .fail_open = true,
					.router_traffic = true } };
	struct nft_err err = { .text = "" };
	char text[240] = "";

	(void)state;
	if (system("ip link add q0 type veth peer name q1 && ip addr add 192.0.2.1/24 dev q0 && "
		   "ip link set q0 up && ip link set q1 up && ip neigh add 192.0.2.2 dev q0 "
		   "lladdr 02:00:00:00:00:02"))
		return -1;
	nft = nft_open(&err);
	batch = queue_batch_new();
	queue = queue_open(&q, text);
	if (nft && batch && queue >= 0 && nft_load(nft, &l, &err) == 0)
		return 0;
	fprintf(stderr, "%s %s\n", err.text, text);
	return -1;
}

static int tear_down(void **state)
{
	(void)state;
	queue_batch_free(batch);
	close(queue);
	nft_close(nft);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unnoted_packets_come_again),
		cmocka_unit_test(packet_in_hand_is_dropped),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
