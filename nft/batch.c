/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink.h>

#include "nft/internal.h"

#define BATCH_ROOM 131072 /* free bytes before each message; the largest one is some 45 kB */

int batch_init(struct batch *b, uint32_t seq, uint32_t genid)
{
	*b = (struct batch){ .seq = seq, .cap = BATCH_ROOM * 2, .notes_cap = 256 };
	b->buf = malloc(b->cap);
	b->notes = malloc(b->notes_cap * sizeof(*b->notes));
	if (!b->buf || !b->notes) {
		batch_fini(b);
		return -ENOMEM;
	}
	b->notes[0] = (struct batch_note){ .what = "transaction" };
	b->n = 1;
	b->cur = nftnl_batch_begin(b->buf, seq);
	if (genid)
		mnl_attr_put_u32(b->cur, NFNL_BATCH_GENID, htonl(genid));
	return 0;
}

void batch_fini(struct batch *b)
{
	free(b->buf);
	free(b->notes);
	*b = (struct batch){ 0 };
}

/* Makes room for one more message. Without memory the next messages overwrite each other. */
static void batch_grow(struct batch *b)
{
	if (b->cap - b->len < BATCH_ROOM) {
		char *buf = realloc(b->buf, b->cap * 2);

		if (buf) {
			b->buf = buf;
			b->cap *= 2;
		} else {
			b->err = -ENOMEM;
			b->len = 0;
		}
	}
	if (b->n == b->notes_cap) {
		struct batch_note *notes = realloc(b->notes, b->n * 2 * sizeof(*notes));

		if (notes) {
			b->notes = notes;
			b->notes_cap *= 2;
		} else {
			b->err = -ENOMEM;
			b->n = 1;
		}
	}
}

static void batch_close_message(struct batch *b)
{
	b->len += NLMSG_ALIGN((size_t)b->cur->nlmsg_len);
	batch_grow(b);
}

struct nlmsghdr *batch_msg(struct batch *b, uint16_t type, uint16_t flags, const char *what,
			   const char *where, const char *detail)
{
	batch_close_message(b);
	b->cur = nftnl_nlmsg_build_hdr(b->buf + b->len, type, NFPROTO_INET, flags,
				       b->seq + (uint32_t)b->n);
	b->notes[b->n++] = (struct batch_note){ .what = what, .where = where, .detail = detail };
	return b->cur;
}

/* The last request asks for an answer: without one nobody knows that the commit was made. */
int batch_end(struct batch *b)
{
	b->cur->nlmsg_flags |= NLM_F_ACK;
	batch_close_message(b);
	b->cur = nftnl_batch_end(b->buf + b->len, b->seq + (uint32_t)b->n);
	b->len += NLMSG_ALIGN((size_t)b->cur->nlmsg_len);
	return b->err;
}
