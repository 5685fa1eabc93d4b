/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink messages as the kernel (or something that is not) sends them. */
#include <stdlib.h>
#include <string.h>

#include "agent/hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const no_files[] = { NULL };
	static const uint8_t loopback[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };
	const struct config conf = { .inside_auto = true };
	struct hosts *h = hosts_new();
	const struct nft_range *r;
	/* as the receive buffer is: aligned, and not one byte longer */
	void *buf = malloc(len ? len : 1);

	if (!h || !buf)
		abort();
	memcpy(buf, data, len);
	hosts_resolv(h, no_files);
	if (hosts_config(h, &conf) < 0)
		abort();
	hosts_read(h, buf, len);
	/* what came must leave sorted ranges, and what is never blocked must stay so */
	for (size_t i = 0, n = hosts_inside(h, &r); i < n; i++)
		if (memcmp(r[i].lo, r[i].hi, 16) > 0 ||
		    (i && memcmp(r[i - 1].hi, r[i].lo, 16) >= 0) || !hosts_protected(h, r[i].lo) ||
		    !hosts_protected(h, r[i].hi))
			abort();
	if (!hosts_protected(h, loopback))
		abort();
	hosts_free(h);
	free(buf);
	return 0;
}
