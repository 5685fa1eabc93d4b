/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netfilter/nfnetlink.h>

#include "nft/internal.h"

#define LINK_SNDBUF 1048576
#define LINK_RCVBUF 33554432 /* 20,000 elements may each answer with an error of some 1 kB */
#define LINK_READ   65536

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static void link_sndbuf(struct link *l, size_t need)
{
	int fd = mnl_socket_get_fd(l->sock), size = (int)need;

	if (need <= l->sndbuf || need > INT32_MAX / 2)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) == 0)
		l->sndbuf = need;
}

int link_open(struct link *l)
{
	int on = 1, size = LINK_RCVBUF, fd;

	l->sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!l->sock)
		return -errno;
	if (mnl_socket_bind(l->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		link_close(l);
		return err;
	}
	fd = mnl_socket_get_fd(l->sock);
	l->seq = 1;
	l->sndbuf = 0;
	link_sndbuf(l, LINK_SNDBUF);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* An error need not carry the request back; old kernels refuse this, harmlessly. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void link_close(struct link *l)
{
	if (l->sock)
		mnl_socket_close(l->sock);
	l->sock = NULL;
}

static const char *link_strerror(int code)
{
	switch (code) {
	case -EPERM:
		return "not permitted (CAP_NET_ADMIN is needed)";
	case -ENFILE:
		return "the set is full";
	case -EEXIST:
		return "exists already";
	case -ERESTART:
		return "the ruleset changed meanwhile, again and again";
	case -ENOBUFS:
		return "answers of the kernel were lost (receive buffer)";
	default:
		return strerror(-code);
	}
}

int link_fail(struct nft_err *err, int code, const char *what, const char *where,
	      const char *detail)
{
	if (err) {
		err->code = code;
		snprintf(err->text, sizeof(err->text), "%s%s%s%s%s: %s", what, where ? " " : "",
			 where ? where : "", detail ? "/" : "", detail ? detail : "",
			 link_strerror(code));
	}
	return code;
}

/* Notes one answer at the request that it is for. Answers to older requests are ignored. */
static void link_note(struct batch *b, const struct nlmsghdr *h, bool *acked)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	uint32_t i = h->nlmsg_seq - b->seq;

	if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(e->error))
		return;
	if (i >= b->n)
		return;
	if (e->error && !b->notes[i].error)
		b->notes[i].error = e->error;
	if (i == b->n - 1)
		*acked = true;
}

/*
 * The kernel works a transaction off inside sendmsg(), so every answer is there when it
 * returns: reading stops at the first EAGAIN.
 */
static int link_answers(struct link *l, struct batch *b)
{
	static const size_t size = LINK_READ;
	bool lost = false, acked = false;
	char *buf = malloc(size);
	ssize_t got;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		int left;

		got = recv(mnl_socket_get_fd(l->sock), buf, size, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (got <= 0)
			break;
		left = (int)got;
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			link_note(b, h, &acked);
	}
	free(buf);
	if (acked && !lost)
		return 0;
	return lost ? -ENOBUFS : -EPROTO;
}

static int link_send_once(struct link *l, struct batch *b)
{
	ssize_t sent;
	int err;

	link_sndbuf(l, b->len + 65536);
	for (size_t i = 0; i < b->n; i++)
		b->notes[i].error = 0;
	do
		sent = mnl_socket_sendto(l->sock, b->buf, b->len);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	err = link_answers(l, b);
	for (size_t i = 0; i < b->n; i++)
		if (b->notes[i].error)
			return b->notes[i].error;
	return err;
}

/*
 * Sends a transaction and reads all answers; each error is left at its note. Returns 0, or
 * the first error, with its text. -ERESTART (someone else changed the ruleset since genid)
 * is the caller's to answer.
 */
int link_send(struct link *l, struct batch *b, struct nft_err *err)
{
	int code = batch_end(b);

	for (int i = 0; !code && i < BATCH_TRIES; i++) {
		code = link_send_once(l, b);
		if (code != -EINTR)
			break;
		code = i + 1 < BATCH_TRIES ? 0 : code;
	}
	l->seq = b->seq + (uint32_t)b->n + 1;
	if (!code)
		return 0;
	for (size_t i = 0; i < b->n; i++)
		if (b->notes[i].error == code)
			return link_fail(err, code, b->notes[i].what, b->notes[i].where,
					 b->notes[i].detail);
	return link_fail(err, code, b->notes[0].what, NULL, NULL);
}

struct link_stop {
	mnl_cb_t fn;
	void *ctx;
	bool stopped;
};

static int link_each(const struct nlmsghdr *h, void *data)
{
	struct link_stop *s = data;
	int rc = s->fn ? s->fn(h, s->ctx) : MNL_CB_OK;

	if (rc <= MNL_CB_STOP)
		s->stopped = true;
	return rc;
}

/*
 * Asks one question (NLM_F_ACK or NLM_F_DUMP in `req`) and gives each answer to `fn`, which
 * may end it with MNL_CB_STOP. What the kernel still had to say is thrown away then.
 * A dump during which a foreign table changed is marked "interrupted" by the kernel,
 * though ours did not change: that is not an error.
 */
int link_ask(struct link *l, struct nlmsghdr *req, mnl_cb_t fn, void *ctx)
{
	struct link_stop stop = { .fn = fn, .ctx = ctx };
	uint32_t port = mnl_socket_get_portid(l->sock), seq = l->seq++;
	char *buf = malloc(LINK_READ);
	int rc = MNL_CB_OK, err = 0;

	if (!buf)
		return -ENOMEM;
	req->nlmsg_seq = seq;
	if (mnl_socket_sendto(l->sock, req, req->nlmsg_len) < 0)
		err = -errno;
	while (!err && rc > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(l->sock, buf, LINK_READ);
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err = -errno;
			break;
		}
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			h->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
		rc = mnl_cb_run(buf, (size_t)got, seq, port, link_each, &stop);
		if (rc < 0)
			err = -errno;
	}
	free(buf);
	if (stop.stopped || err == -ENOBUFS) {
		link_close(l);
		rc = link_open(l);
		return rc ? rc : err == -ENOBUFS ? err : 0;
	}
	return err;
}

static int link_genid_attr(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == NFTA_GEN_ID && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
		*(uint32_t *)ctx = ntohl(mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

static int link_genid_cb(const struct nlmsghdr *h, void *ctx)
{
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), link_genid_attr, ctx);
}

int link_genid(struct link *l, uint32_t *genid)
{
	char buf[128] __attribute__((aligned(8)));
	struct nlmsghdr *req = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETGEN, AF_UNSPEC, NLM_F_ACK, 0);

	*genid = 0;
	return link_ask(l, req, link_genid_cb, genid);
}
