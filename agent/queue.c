/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	COPY_RANGE = 16384 + 512,     /* a whole large hello and its headers: cut bytes never come again */
	RECV_BUFFER = 32 << 20,	      /* each queued packet costs its memory in the socket */
	MESSAGE_MAX = COPY_RANGE + 1024, /* payload and the other attributes */
	ANSWER_WAIT_MS = 2000,
};

/* Sends one config message and waits for the kernel's acknowledgement. */
static int config(int fd, struct nlmsghdr *h, const char *what, char text[240])
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char buf[1024] __attribute__((aligned(8)));
	struct pollfd p = { .fd = fd, .events = POLLIN };

	h->nlmsg_flags |= NLM_F_ACK;
	h->nlmsg_seq = 1;
	if (sendto(fd, h, h->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		snprintf(text, 240, "%s: %s", what, strerror(errno));
		return -errno;
	}
	while (poll(&p, 1, ANSWER_WAIT_MS) > 0) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		struct nlmsghdr *a = (struct nlmsghdr *)buf;

		/* a queue that is already bound may deliver packets in between: not ours to read here */
		if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || a->nlmsg_type != NLMSG_ERROR)
			continue;
		int err = ((struct nlmsgerr *)NLMSG_DATA(a))->error;
		if (err)
			snprintf(text, 240, "%s: %s", what, strerror(-err));
		return err;
	}
	snprintf(text, 240, "%s: no answer from the kernel", what);
	return -ETIMEDOUT;
}

static int set_params(int fd, const struct queue_conf *c, char text[240])
{
	char buf[512] __attribute__((aligned(8)));
	uint32_t all = NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN;
	uint32_t flags = NFQA_CFG_F_GSO | (c->fail_open ? (uint32_t)NFQA_CFG_F_FAIL_OPEN : 0);
	struct nlmsghdr *h = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, c->num);

	/* all flags in one attribute: of two the kernel keeps the last */
	nfq_nlmsg_cfg_put_params(h, NFQNL_COPY_PACKET, COPY_RANGE);
	mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(all));
	nfq_nlmsg_cfg_put_qmaxlen(h, c->length);
	return config(fd, h, "configure queue", text);
}

static int bind_queue(int fd, const struct queue_conf *c, char text[240])
{
	char buf[512] __attribute__((aligned(8)));
	struct nlmsghdr *h = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, c->num);
	char what[40];

	snprintf(what, sizeof(what), "bind queue %u", c->num);
	nfq_nlmsg_cfg_put_cmd(h, AF_INET, NFQNL_CFG_CMD_BIND);
	int err = config(fd, h, what, text);
	if (err == -EPERM || err == -EBUSY)
		snprintf(text, 240, "queue %u is in use by another program (or another sluiced)", c->num);
	return err;
}

int queue_open(const struct queue_conf *c, char text[240])
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int size = RECV_BUFFER, on = 1, err;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0) {
		snprintf(text, 240, "netlink socket: %s", strerror(errno));
		return -errno;
	}
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0) {
		err = -errno;
		snprintf(text, 240, "bind netlink socket: %s", strerror(-err));
		goto out;
	}
	err = bind_queue(fd, c, text);
	if (!err)
		err = set_params(fd, c, text);
	if (err)
		goto out;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* one overrun would fail every packet until the socket is drained; losses show as id gaps */
	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	return fd;
out:
	close(fd);
	return err;
}

int queue_change(int fd, const struct queue_conf *c, char text[240])
{
	char buf[512] __attribute__((aligned(8)));
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint32_t flags = c->fail_open ? (uint32_t)NFQA_CFG_F_FAIL_OPEN : 0;
	struct nlmsghdr *h = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, c->num);

	mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
	nfq_nlmsg_cfg_put_qmaxlen(h, c->length);
	/* no acknowledgement: it would come to the worker that reads this socket */
	if (sendto(fd, h, h->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		snprintf(text, 240, "configure queue %u: %s", c->num, strerror(errno));
		return -errno;
	}
	return 0;
}

struct queue_batch {
	struct mmsghdr msg[IPC_BATCH];
	struct iovec iov[IPC_BATCH];
	uint32_t next_id; /* 0: not known yet */
	uint8_t buf[IPC_BATCH][MESSAGE_MAX] __attribute__((aligned(8)));
};

struct queue_batch *queue_batch_new(void)
{
	struct queue_batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	for (int i = 0; i < IPC_BATCH; i++) {
		b->iov[i] = (struct iovec){ b->buf[i], MESSAGE_MAX };
		b->msg[i].msg_hdr.msg_iov = &b->iov[i];
		b->msg[i].msg_hdr.msg_iovlen = 1;
	}
	return b;
}

void queue_batch_free(struct queue_batch *b)
{
	free(b);
}

static uint32_t attr_u32(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= sizeof(uint32_t) ? ntohl(mnl_attr_get_u32(a)) : 0;
}

/* Fills in one frame from one kernel message; false if it is not a packet. */
static bool to_frame(struct frame *fr, const struct nlmsghdr *h)
{
	struct nlattr *a[NFQA_MAX + 1] = { 0 };

	if (nfq_nlmsg_parse(h, a) < 0 || !a[NFQA_PACKET_HDR])
		return false;
	const struct nfqnl_msg_packet_hdr *ph = mnl_attr_get_payload(a[NFQA_PACKET_HDR]);
	fr->id = ntohl(ph->packet_id);
	fr->hook = ph->hook;
	fr->mark = attr_u32(a[NFQA_MARK]);
	fr->iif = attr_u32(a[NFQA_IFINDEX_INDEV]);
	fr->oif = attr_u32(a[NFQA_IFINDEX_OUTDEV]);
	memset(fr->mac, 0, sizeof(fr->mac));
	if (a[NFQA_HWADDR]) {
		const struct nfqnl_msg_packet_hw *hw = mnl_attr_get_payload(a[NFQA_HWADDR]);
		if (ntohs(hw->hw_addrlen) == sizeof(fr->mac))
			memcpy(fr->mac, hw->hw_addr, sizeof(fr->mac));
	}
	fr->bytes = (struct slice){ 0 };
	if (a[NFQA_PAYLOAD])
		fr->bytes = (struct slice){ mnl_attr_get_payload(a[NFQA_PAYLOAD]),
					    mnl_attr_get_payload_len(a[NFQA_PAYLOAD]) };
	fr->orig_len = a[NFQA_CAP_LEN] ? attr_u32(a[NFQA_CAP_LEN]) : (uint32_t)fr->bytes.n;
	return true;
}

int queue_receive(struct queue_batch *b, struct frame frames[IPC_BATCH], int fd, uint64_t wall,
		  uint64_t now, uint64_t *refused, uint64_t *lost)
{
	int got = recvmmsg(fd, b->msg, IPC_BATCH, MSG_DONTWAIT, NULL);
	int n = 0;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -errno;
	for (int i = 0; i < got; i++) {
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)b->buf[i];
		int len = (int)b->msg[i].msg_len;

		if (!mnl_nlmsg_ok(h, len))
			continue;
		if (h->nlmsg_type == NLMSG_ERROR) {
			++*refused;
			continue;
		}
		if (!to_frame(&frames[n], h))
			continue;
		frames[n].wall = wall;
		frames[n].now = now;
		if (b->next_id && frames[n].id > b->next_id)
			*lost += frames[n].id - b->next_id;
		b->next_id = frames[n].id + 1;
		n++;
	}
	/* only messages that are no packets: there may be more behind them */
	return got > 0 && n == 0 ? -EAGAIN : n;
}

/* One verdict message: header, queue number, verdict, mark. */
struct answer {
	struct nlmsghdr h;
	struct nfgenmsg g;
	struct nlattr va;
	struct nfqnl_msg_verdict_hdr v;
	struct nlattr ma;
	uint32_t mark;
};

static void fill(struct answer *a, uint16_t num, uint32_t id, uint32_t verdict)
{
	*a = (struct answer){
		.h = { .nlmsg_len = sizeof(*a),
		       .nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT,
		       .nlmsg_flags = NLM_F_REQUEST },
		.g = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(num) },
		.va = { .nla_len = sizeof(struct nlattr) + sizeof(struct nfqnl_msg_verdict_hdr),
			.nla_type = NFQA_VERDICT_HDR },
		.v = { .verdict = htonl(verdict), .id = htonl(id) },
		.ma = { .nla_len = sizeof(struct nlattr) + sizeof(uint32_t), .nla_type = NFQA_MARK },
	};
}

static int send_all(int fd, struct answer *a, size_t n)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	while (sendto(fd, a, n * sizeof(*a), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int queue_answer(int fd, uint16_t num, const struct ipc_verdict *v, size_t n)
{
	struct answer a[IPC_BATCH];

	if (n > IPC_BATCH)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		fill(&a[i], num, v[i].id, v[i].accept ? NF_ACCEPT : NF_DROP);
		a[i].mark = htonl(v[i].mark);
	}
	return send_all(fd, a, n);
}

/*
 * The first packet nobody has read yet: ids are given out in the order of the socket. Only the
 * kernel's own packet header, which comes first in the message, is looked at. False: none there.
 */
static bool first_unread(int fd, uint32_t *id)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
		struct nlattr a;
		struct nfqnl_msg_packet_hdr p;
	} m;

	for (;;) {
		ssize_t n = recv(fd, &m, sizeof(m), MSG_PEEK | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)sizeof(m.h))
			return false;
		if (n == sizeof(m) && m.h.nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) &&
		    m.a.nla_type == NFQA_PACKET_HDR)
			break;
		if (recv(fd, &m, sizeof(m), MSG_DONTWAIT) < 0) /* a refused verdict: done with */
			return false;
	}
	*id = ntohl(m.p.packet_id);
	return true;
}

int queue_recover(int fd, uint16_t num, const struct ipc_page *page, bool fail_open)
{
	uint32_t n = atomic_load(&page->n), cur = atomic_load(&page->cur), first, last;
	uint32_t again = (uint32_t)NF_QUEUE_NR((uint32_t)num) |
			 (fail_open ? (uint32_t)NF_VERDICT_FLAG_QUEUE_BYPASS : 0);
	struct answer a;
	int err;

	if (n > 0 && n <= IPC_BATCH && cur < n) {
		fill(&a, num, page->ids[cur], NF_DROP);
		a.h.nlmsg_len = (uint32_t)offsetof(struct answer, ma); /* no mark */
		err = send_all(fd, &a, 1);
		if (err)
			return err;
	}
	/*
	 * What it had received and not answered stands before the first unread packet, be it on the page
	 * or not yet. With nothing unread it is all there is: up to an id far ahead.
	 */
	last = first_unread(fd, &first) ? first - 1 : page->ids[0] + (1u << 30);
	fill(&a, num, last, again);
	a.h.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH;
	a.h.nlmsg_len = (uint32_t)offsetof(struct answer, ma);
	err = send_all(fd, &a, 1);
	return err ? err : (int)(n <= IPC_BATCH ? n : 0);
}
