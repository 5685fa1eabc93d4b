/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets as a replay takes them: fragments, software gate, path, every message and tunnel. */
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

/* What the path tells, as the replay hands it on. */
static void told(void *ctx, const struct event *ev)
{
	static struct event own;

	path_event(NULL, ev);
	own = *ev;
	scan_told(ctx, &own);
	if (own.kinds & ~ev->kinds)
		abort();
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
	if (packet_parse(&p, whole) != PACKET_OK) {
		scan_refused(scan, fr);
		return;
	}
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
	struct scan *scan = scan_new(path_event, NULL);
	struct inspect *in = inspect_new(&conf, told, scan);
	struct gate *gate = gate_new(&nc, NULL, 0, NULL, 0);
	struct defrag *defrag = defrag_new();
	struct frame fr;

	inspect_policy(in, path_policy());
	while (path_next(&pi, &fr)) {
		const uint8_t *bytes = fr.bytes.p;

		one(gate, defrag, scan, in, &fr);
		free((void *)(uintptr_t)bytes);
	}
	scan_end(scan);
	defrag_free(defrag);
	scan_free(scan);
	gate_free(gate);
	inspect_free(in);
	return 0;
}
