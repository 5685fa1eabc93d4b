/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a worker in an attacker's hand could send to the clerk: unpacked, packed again, written. */
#include <stdlib.h>
#include <string.h>

#include "agent/pack.h"

static void must(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char lines[EVENT_LINES_MAX];
	static struct event ev, again;
	const struct event_opts opts = { .records = EVENT_REC_ALL, .flow = true };
	uint8_t packed[PACK_EVENT_MAX];
	size_t size;
	long len;

	if (n > PACK_EVENT_MAX || !unpack_event(&ev, data, n))
		return 0;
	size = pack_event(packed, &ev);
	must(size <= n && unpack_event(&again, packed, size));
	must(memcmp(&ev.facts, &again.facts, sizeof ev.facts) == 0);
	len = event_lines(lines, sizeof lines, &ev, NULL, &opts);
	must(len >= 0 && (size_t)len <= sizeof lines && (len == 0 || lines[len - 1] == '\n'));
	return 0;
}
