/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/capture.h"
#include "agent/defrag.h"
#include "agent/inspect.h"
#include "agent/replay_print.h"
#include "agent/scan.h"
#include "policy/list.h"

enum {
	TICK_MS = 250,	    /* as the worker's */
	NAMES = 65536,	    /* addresses whose names are remembered */
	ALLOW_MAX = 1024,   /* as ipc.h: ranges of the kernel's set */
	EXPIRE_MS = 10000,
};
#define IMAGE_SIZE ((size_t)(sizeof(void *) > 4 ? 256u : 48u) << 20) /* as ipc.h: one slot */

struct replay {
	const struct replay_opts *o;
	FILE *out, *err;
	struct config config;
	bool have_config;
	struct errs errs;
	void *image;
	const struct policy *policy;
	struct inspect *inspect;
	struct inspect_conf conf;
	struct event_counts counts;
	void *names_mem;
	struct names *names;
	struct enforce *enforce;
	struct gate *gate;
	struct defrag *defrag;
	struct scan *scan;
	struct nft_range inside[INSPECT_NETS], allow[ALLOW_MAX];
	size_t n_inside, n_allow;
	uint64_t frames, wall, now, ticked, expired;
	struct packet blocked; /* the last one told, so that its retries are not */
	struct nft_elem changes[ENFORCE_CHANGES];
	struct event event;
	char lines[EVENT_LINES_MAX];
};

/* --- what comes out --- */

static void tell(struct replay *r, const struct event *ev, const struct outcome *oc)
{
	const struct event_opts opts = {
		.records = r->o->all ? (uint32_t)EVENT_REC_ALL : event_records(&r->config),
		.flow = r->config.log.flow,
	};
	long n;

	if (!r->o->json) {
		replay_print_event(r->out, ev, oc);
		return;
	}
	n = event_lines(r->lines, sizeof r->lines, ev, oc, &opts);
	if (n > 0)
		fwrite(r->lines, 1, (size_t)n, r->out);
}

/* What the clerk does with an event, at once. */
static void on_event(void *ctx, const struct event *ev)
{
	struct replay *r = ctx;
	struct outcome oc;
	size_t n;

	memset(&oc, 0, sizeof oc);
	n = enforce_event(r->enforce, &oc, r->changes, ev);
	gate_apply(r->gate, r->changes, n, ev->now);
	if (r->scan) {
		r->event = *ev;
		scan_told(r->scan, &r->event);
		ev = &r->event;
	}
	tell(r, ev, &oc);
}

static void on_scan(void *ctx, const struct event *ev)
{
	struct replay *r = ctx;
	struct outcome oc;

	memset(&oc, 0, sizeof oc);
	tell(r, ev, &oc);
}

/* --- setting up --- */

static int add_net(struct replay *r, struct nft_range *to, size_t *n, size_t max, const char *text)
{
	struct list_entry e;
	char buf[80];

	if (*n == max || list_value(&e, LIST_ADDRESS, buf, sizeof buf, text) < 0) {
		fprintf(r->err, *n == max ? "%s: too many nets\n" : "%s: not an address or net\n",
			text);
		return -EINVAL;
	}
	memcpy(to[*n].lo, e.lo, 16);
	memcpy(to[*n].hi, e.hi, 16);
	++*n;
	return 0;
}

static int read_nets(struct replay *r)
{
	int err = 0;

	for (size_t i = 0; i < r->o->n_inside && !err; i++)
		err = add_net(r, r->inside, &r->n_inside, INSPECT_NETS, r->o->inside[i]);
	for (size_t i = 0; i < r->config.allow.n && !err; i++)
		err = add_net(r, r->allow, &r->n_allow, ALLOW_MAX, r->config.allow.text[i]);
	return err;
}

static void print_errors(struct replay *r)
{
	char *text = r->errs.n ? errs_text(&r->errs) : NULL;

	if (text)
		fputs(text, r->err);
	free(text);
}

static int load(struct replay *r)
{
	struct arena a;
	int err = config_load(&r->config, &r->errs, r->o->config);

	if (!err) {
		r->have_config = true;
		r->image = mmap(NULL, IMAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (r->image == MAP_FAILED) {
			r->image = NULL;
			return -ENOMEM;
		}
		arena_init(&a, r->image, IMAGE_SIZE);
		r->policy = policy_compile(&a, &r->errs, &r->config, 1);
		err = r->policy ? 0 : -EINVAL;
	}
	print_errors(r);
	return err ? -EINVAL : 0;
}

static bool is_special(const uint8_t a[16])
{
	static const struct {
		uint8_t lo[16], hi[16];
	} v[] = {
		{ { [10] = 255, 255, 0 }, { [10] = 255, 255, 0, 255, 255, 255 } },
		{ { [10] = 255, 255, 127 }, { [10] = 255, 255, 127, 255, 255, 255 } },
		{ { [10] = 255, 255, 169, 254 }, { [10] = 255, 255, 169, 254, 255, 255 } },
		{ { [10] = 255, 255, 224 }, { [10] = 255, 255, 255, 255, 255, 255 } },
		{ { 0 }, { [15] = 1 } },
		{ { 0xfe, 0x80 }, { 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
				    255, 255, 255, 255 } },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		if (memcmp(a, v[i].lo, 16) >= 0 && memcmp(a, v[i].hi, 16) <= 0)
			return true;
	return false;
}

/* As far as a capture can say who is protected. */
static bool protected(void *ctx, const uint8_t addr[16])
{
	const struct replay *r = ctx;

	if (policy_never_block(r->policy, addr) || is_special(addr))
		return true;
	for (size_t i = 0; i < r->n_inside; i++)
		if (memcmp(addr, r->inside[i].lo, 16) >= 0 &&
		    memcmp(addr, r->inside[i].hi, 16) <= 0)
			return true;
	return false;
}

static int build_inspect(struct replay *r)
{
	struct inspect_net nets[INSPECT_NETS];
	struct inspect_conf *c = &r->conf;

	inspect_conf_of(c, &r->config);
	c->handshake = false; /* a capture may lack the servers' side */
	/* the same capture gives the same output, flow numbers too */
	memcpy(c->key, "sluice replay 0", sizeof c->key);
	r->inspect = inspect_new(c, on_event, r);
	r->names_mem = calloc(1, names_size(NAMES));
	if (!r->inspect || !r->names_mem)
		return -ENOMEM;
	r->names = names_init(r->names_mem, NAMES, c->key);
	inspect_names(r->inspect, &r->names, 1, 0);
	inspect_counts(r->inspect, &r->counts);
	inspect_policy(r->inspect, r->policy);
	for (size_t i = 0; i < r->n_inside; i++) {
		memcpy(nets[i].lo, r->inside[i].lo, 16);
		memcpy(nets[i].hi, r->inside[i].hi, 16);
	}
	if (r->n_inside)
		inspect_inside(r->inspect, nets, r->n_inside);
	return 0;
}

static int build(struct replay *r)
{
	const struct nft_conf nc = {
		.mark_mask = r->config.mark_mask,
		.fail_open = r->config.queue.fail_open,
		.observe = r->config.mode == MODE_OBSERVE,
		.invalid_pass = r->config.invalid_pass,
		.dns = r->config.dns,
		.inbound = policy_inbound(r->policy),
		.icmp = true,
	};
	int err = build_inspect(r);

	if (err)
		return err;
	r->enforce = enforce_new(r->config.limits.entries_per_host, protected, r);
	r->gate = gate_new(&nc, r->inside, r->n_inside, r->allow, r->n_allow);
	r->defrag = defrag_new();
	r->scan = r->o->all ? scan_new(on_scan, r) : NULL;
	if (!r->enforce || !r->gate || !r->defrag || (r->o->all && !r->scan))
		return -ENOMEM;
	return 0;
}

static void fini(struct replay *r)
{
	inspect_free(r->inspect);
	free(r->names_mem);
	enforce_free(r->enforce);
	gate_free(r->gate);
	defrag_free(r->defrag);
	scan_free(r->scan);
	if (r->image)
		munmap(r->image, IMAGE_SIZE);
	if (r->have_config)
		config_fini(&r->config);
	errs_fini(&r->errs);
}

/* --- running --- */

static void judge(void *ctx, struct verdict *v, const struct frame *fr)
{
	struct replay *r = ctx;

	if (!r->conf.grace_until) { /* the agent starts with the capture */
		r->conf.grace_until = fr->now + INSPECT_GRACE_MS;
		inspect_reconf(r->inspect, &r->conf);
	}
	inspect_frame(r->inspect, v, fr);
}

/* Time goes on; after a long silence until nothing is overdue any more. */
static void tick(struct replay *r, uint64_t wall, uint64_t now)
{
	uint64_t rounds = 1 + r->counts.table / INSPECT_TICK;

	if (now < r->ticked + TICK_MS)
		return;
	r->ticked = now;
	while (rounds-- > 0)
		inspect_tick(r->inspect, wall, now);
	if (now < r->expired + EXPIRE_MS)
		return;
	r->expired = now;
	enforce_expire(r->enforce, now);
}

static bool same_flow(const struct packet *a, const struct packet *b)
{
	return a->proto == b->proto && a->sport == b->sport && a->dport == b->dport &&
	       memcmp(a->src, b->src, 16) == 0 && memcmp(a->dst, b->dst, 16) == 0;
}

static void tell_blocked(struct replay *r, const struct gate_result *g, const struct packet *p)
{
	if (r->o->json || !g->by_set || !g->fresh || g->set == NFT_DROP_FLOW)
		return;
	if (same_flow(&r->blocked, p))
		return;
	r->blocked = *p;
	replay_print_blocked(r->out, p, r->wall, (enum nft_set)g->set,
			     r->config.mode == MODE_OBSERVE);
}

static void packet(struct replay *r, struct frame *fr)
{
	struct gate_result g;
	struct packet p;
	struct slice whole;

	r->frames++;
	r->wall = fr->wall;
	r->now = fr->now;
	tick(r, r->wall, r->now);
	if (!defrag_push(r->defrag, &whole, fr->bytes, fr->now))
		return;
	if (whole.p != fr->bytes.p)
		fr->orig_len = (uint32_t)whole.n;
	fr->bytes = whole;
	if (packet_parse(&p, whole) != PACKET_OK) {
		r->counts.blind_bad++; /* conntrack would not have known it either */
		if (r->scan)
			scan_refused(r->scan, fr);
		return;
	}
	gate_packet(r->gate, &g, &p, fr, judge, r);
	tell_blocked(r, &g, &p);
	if (r->scan)
		scan_packet(r->scan, &p, fr);
}

static int run(struct replay *r)
{
	char text[CAPTURE_ERR] = "";
	struct capture *c = capture_open(r->o->file, text);
	struct frame fr;
	int got = -EINVAL;

	if (c) {
		while ((got = capture_next(c, &fr, text)) > 0)
			packet(r, &fr);
		capture_close(c);
	}
	if (got < 0)
		fprintf(r->err, "%s: %s\n", r->o->file, text);
	/* the capture is over: what is undecided has no more packets to come */
	r->wall += (uint64_t)r->config.limits.time * 1000000;
	tick(r, r->wall, r->now + (uint64_t)r->config.limits.time * 1000 + TICK_MS);
	if (r->scan)
		scan_end(r->scan);
	return got;
}

static void print_entry(void *ctx, const struct enforce_entry *en)
{
	struct replay *r = ctx;

	replay_print_entry(r->out, en);
}

int replay_run(const struct replay_opts *o, FILE *out, FILE *err)
{
	struct replay *r = calloc(1, sizeof *r);
	int e;

	if (!r)
		return -ENOMEM;
	r->o = o;
	r->out = out;
	r->err = err;
	errs_init(&r->errs);
	e = load(r);
	if (!e)
		e = read_nets(r);
	if (!e)
		e = build(r);
	if (e == -ENOMEM)
		fprintf(err, "no memory\n");
	if (!e) {
		e = run(r);
		if (!o->json) {
			enforce_each(r->enforce, print_entry, r);
			replay_print_sum(out, &r->counts, gate_counters(r->gate), r->frames);
		}
	}
	fini(r);
	free(r);
	return e;
}
