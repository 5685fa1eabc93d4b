/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libnftnl/set.h>

#include "nft/internal.h"

#define RANGE_CHUNK 400 /* ranges a message: 800 elements of some 50 bytes, below 64 kB */

static const uint8_t range_v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool range_is_v4(const uint8_t addr[16])
{
	return memcmp(addr, range_v4_prefix, sizeof(range_v4_prefix)) == 0;
}

bool range_next(uint8_t addr[16], bool v6)
{
	for (int i = 15; i >= (v6 ? 0 : 12); i--)
		if (++addr[i])
			return true;
	return false;
}

static int range_cmp(const void *a, const void *b)
{
	const struct nft_range *x = a, *y = b;
	int c = memcmp(x->lo, y->lo, sizeof(x->lo));

	return c ? c : memcmp(x->hi, y->hi, sizeof(x->hi));
}

/* `out` must have room for n. -EINVAL: a range is reversed or spans both families. */
int range_merge(struct nft_range *out, size_t *n_out, const struct nft_range *in, size_t n, bool v6)
{
	size_t m = 0, w = 0;

	for (size_t i = 0; i < n; i++) {
		if (range_is_v4(in[i].lo) != range_is_v4(in[i].hi) ||
		    memcmp(in[i].lo, in[i].hi, sizeof(in[i].lo)) > 0)
			return -EINVAL;
		if (range_is_v4(in[i].lo) != v6)
			out[m++] = in[i];
	}
	if (m)
		qsort(out, m, sizeof(*out), range_cmp);
	for (size_t i = 1; i < m; i++) {
		uint8_t next[16];

		memcpy(next, out[w].hi, sizeof(next));
		if (!range_next(next, v6) || memcmp(out[i].lo, next, sizeof(next)) <= 0) {
			if (memcmp(out[i].hi, out[w].hi, sizeof(next)) > 0)
				memcpy(out[w].hi, out[i].hi, sizeof(next));
		} else {
			out[++w] = out[i];
		}
	}
	*n_out = m ? w + 1 : 0;
	return 0;
}

static int range_elem(struct nftnl_set *s, const uint8_t addr[16], bool v6, uint32_t flags)
{
	struct nftnl_set_elem *e = nftnl_set_elem_alloc();

	if (!e)
		return -ENOMEM;
	nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, v6 ? addr : addr + 12, v6 ? 16 : 4);
	if (flags)
		nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_FLAGS, flags);
	nftnl_set_elem_add(s, e);
	return 0;
}

/* An interval is its first address, and the first one behind it marked as end. */
static int range_chunk(struct batch *b, const char *name, const struct nft_range *r, size_t n,
		       bool v6)
{
	struct nftnl_set *s = nftnl_set_alloc();
	int err = s ? 0 : -ENOMEM;

	if (!s)
		return err;
	nftnl_set_set_str(s, NFTNL_SET_TABLE, NFT_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, name);
	for (size_t i = 0; i < n && !err; i++) {
		uint8_t end[16];

		memcpy(end, r[i].hi, sizeof(end));
		err = range_elem(s, r[i].lo, v6, 0);
		if (!err && range_next(end, v6))
			err = range_elem(s, end, v6, NFT_SET_ELEM_INTERVAL_END);
	}
	if (!err)
		nftnl_set_elems_nlmsg_build_payload(
			batch_msg(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, "add ranges to", name, NULL),
			s);
	nftnl_set_free(s);
	return err;
}

/* Replaces the content of an interval set: flushed and filled in the one transaction. */
int range_fill(struct batch *b, const char *name, const struct nft_range *in, size_t n, bool v6)
{
	struct nft_range *r = malloc((n ? n : 1) * sizeof(*r));
	size_t m = 0;
	int err;

	if (!r)
		return -ENOMEM;
	err = range_merge(r, &m, in, n, v6);
	if (!err)
		set_flush(b, name);
	for (size_t i = 0; i < m && !err; i += RANGE_CHUNK)
		err = range_chunk(b, name, r + i, m - i < RANGE_CHUNK ? m - i : RANGE_CHUNK, v6);
	free(r);
	return err;
}
