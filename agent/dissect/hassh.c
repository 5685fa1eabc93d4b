/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hassh.h"

#include <string.h>

#include <nettle/md5.h>

/* Apart for its stack. A string that does not fit is not told; its hash is. */
static __attribute__((noinline)) void put_text(struct dissect_text *text,
					       const struct slice list[HASSH_LISTS])
{
	uint8_t joined[DISSECT_PARTS_MAX];
	size_t n = 0;

	for (int i = 0; i < HASSH_LISTS; i++) {
		if (list[i].n + 1 > sizeof joined - n)
			return;
		if (i)
			joined[n++] = ';';
		if (list[i].n)
			memcpy(joined + n, list[i].p, list[i].n);
		n += list[i].n;
	}
	dissect_put(text, TEXT_HASSH, (struct slice){ joined, n });
}

void hassh_hash(uint8_t md5[16], struct dissect_text *text, const struct slice list[HASSH_LISTS])
{
	struct md5_ctx ctx;

	md5_init(&ctx);
	for (int i = 0; i < HASSH_LISTS; i++) {
		if (i)
			md5_update(&ctx, 1, (const uint8_t *)";");
		md5_update(&ctx, list[i].n, list[i].p);
	}
	md5_digest(&ctx, 16, md5);
	if (text)
		put_text(text, list);
}
