/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets through inspect_frame(): every answer is in range, and every packet is accounted for. */
#include "tests/fuzz/path_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct path_input pi = { .c = cur_of((struct slice){ data, len }), .now = 1000 };
	struct inspect_conf conf = path_conf(cur_u8(&pi.c));
	struct inspect *in = inspect_new(&conf, path_event, NULL);
	struct event_counts counts = { .packets = 0 };
	struct names *names = names_init(calloc(1, names_size(16)), 16, conf.key);
	struct verdict v;
	struct frame fr;

	inspect_counts(in, &counts);
	inspect_names(in, &names, 1, 0);
	inspect_policy(in, path_policy());
	while (path_next(&pi, &fr)) {
		inspect_frame(in, &v, &fr);
		path_check(&v, &fr);
		free((void *)(uintptr_t)fr.bytes.p);
		inspect_tick(in, fr.wall, fr.now);
	}
	if (counts.packets != counts.inspected + counts.blind_bad + counts.blind_flows ||
	    counts.table > conf.flows)
		abort();
	inspect_tick(in, pi.now * 1000, pi.now + 3600000);
	inspect_free(in);
	free(names);
	return 0;
}
