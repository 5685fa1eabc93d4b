/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets as a replay takes them: fragments, software gate, path, every hello and tunnel. */
#include "agent/defrag.h"
#include "agent/gate.h"
#include "agent/scan.h"
#include "tests/fuzz/path_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void judge(void *ctx, struct verdict *v, const struct frame *fr)
{
	inspect_frame(ctx, v, fr);
	path_check(v, fr);
}

static void one(struct gate *gate, struct defrag *defrag, struct scan *scan, struct inspect *in,
		struct frame *fr)
{
	struct gate_result r;
	struct slice whole;
	struct packet p;

	if (!defrag_push(defrag, &whole, fr->bytes, fr->now))
		return;
	fr->bytes = whole;
	if (packet_parse(&p, whole) != PACKET_OK)
		return;
	gate_packet(gate, &r, &p, fr, judge, in);
	if (r.dropped && !r.blocked && r.queued)
		abort();
	scan_packet(scan, &p, fr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct path_input pi = { .c = cur_of((struct slice){ data, len }), .now = 1000 };
	uint8_t modes = cur_u8(&pi.c);
	struct inspect_conf conf = path_conf(modes);
	struct nft_conf nc = { .mark_mask = 0x70000000, .observe = conf.observe, .icmp = true,
			       .invalid_pass = modes & 4 };
	struct inspect *in = inspect_new(&conf, path_event, NULL);
	struct gate *gate = gate_new(&nc, NULL, 0, NULL, 0);
	struct scan *scan = scan_new(path_event, NULL);
	struct defrag *defrag = defrag_new();
	struct frame fr;

	inspect_policy(in, path_policy());
	while (path_next(&pi, &fr)) {
		const uint8_t *bytes = fr.bytes.p;

		one(gate, defrag, scan, in, &fr);
		free((void *)(uintptr_t)bytes);
	}
	defrag_free(defrag);
	scan_free(scan);
	gate_free(gate);
	inspect_free(in);
	return 0;
}
