/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "nft/internal.h"

/* One transaction's worth, sent again until no element is in the way of the others. */
static int apply_round(struct nft *n, const struct nft_elem *e, size_t count, enum set_act *acts,
		       size_t *refused, struct nft_err *err)
{
	int code = -EAGAIN;

	for (int i = 0; code == -EAGAIN && i < BATCH_TRIES; i++) {
		struct batch b;

		code = batch_init(&b, n->own.seq, 0);
		if (code)
			return link_fail(err, code, "change the sets", NULL, NULL);
		for (size_t k = 0; k < count; k++)
			set_change(&b, &e[k], k, acts[k]);
		if (b.n > 1 || b.err)
			code = link_send(&n->own, &b, err);
		if (code && code != -ENOBUFS && code != -EMSGSIZE) {
			int why = set_settle_errors(&b, acts, refused);

			code = why ? code : -EAGAIN;
		}
		batch_fini(&b);
	}
	return code;
}

static int apply_some(struct nft *n, const struct nft_elem *e, size_t count, size_t *refused,
		      struct nft_err *err)
{
	enum set_act *acts = malloc(count * sizeof(*acts));
	size_t bad = 0;
	int code;

	if (!acts)
		return link_fail(err, -ENOMEM, "change the sets", NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		acts[i] = set_act_first(&e[i], &n->caps);
		bad += acts[i] == SET_NONE;
	}
	code = apply_round(n, e, count, acts, &bad, err);
	if (!code)
		*refused += bad;
	free(acts);
	return code;
}

int nft_apply(struct nft *n, const struct nft_elem *e, size_t count, size_t *refused,
	      struct nft_err *err)
{
	size_t bad = 0, chunk = NFT_BATCH_ELEMS, done = 0;
	int code = 0;

	while (!code && done < count) {
		size_t k = count - done < chunk ? count - done : chunk;

		code = apply_some(n, e + done, k, &bad, err);
		if (!code) {
			done += k;
		} else if ((code == -ENOBUFS || code == -EMSGSIZE) && k > 1) {
			chunk = k / 2;
			code = 0;
		}
	}
	if (refused)
		*refused = bad;
	return code ? table_refused(n, code, err) : 0;
}
