/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PATH_TARGET_H
#define PATH_TARGET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/inspect.h"

/*
 * A whole path for fuzzing, with a fixed policy. Input: one byte of modes, then packets: two bytes
 * length, one byte time before it in units of 100 ms, one byte for the top bits of its mark, bytes
 * from the IP header on.
 */
enum { PATH_ARENA = 1 << 20, PATH_PACKETS = 512 };

#define PATH static inline __attribute__((unused))

struct path_input {
	struct cur c;
	uint64_t now;
	uint32_t n;
};

PATH const struct policy *path_policy(void)
{
	static const struct policy *p;
	static const char text[] =
		"mode = \"enforce\";\n"
		"lists: { relays: { type = \"endpoint\"; entries = [ \"203.0.113.9:443\" ]; }; };\n"
		"score: { monitor = 20; drop = 80; };\n"
		"rules = (\n"
		" { name = \"r\"; when: { endpoint = \"@relays\"; }; action = \"reject\"; },\n"
		" { name = \"g\"; when: { domain = [ \"good.example\", \"*.good.example\" ]; };"
		" action = \"allow\"; },\n"
		" { name = \"m\"; when: { port = [ 9001 ]; }; action = \"monitor\"; },\n"
		" { name = \"b\"; when: { domain = \"*.bad.example\"; }; action = \"drop\"; },\n"
		" { name = \"a\"; when: { alpn = \"h2\"; port = 4444; }; action = \"drop\"; },\n"
		" { name = \"s\"; when: { app = \"tls\"; not: { port = 443; }; }; action = \"score\";"
		" score = 40; },\n"
		" { name = \"t\"; when: { proto = \"udp\"; port = 4444; }; action = \"score\";"
		" score = 90; }\n"
		");\n";
	struct config c;
	struct errs e;
	struct arena a;

	if (p)
		return p;
	errs_init(&e);
	arena_init(&a, aligned_alloc(16, PATH_ARENA), PATH_ARENA);
	if (config_parse(&c, &e, "fuzz", text) == 0) {
		p = policy_compile(&a, &e, &c, 1);
		config_fini(&c);
	}
	if (!p) {
		char *said = errs_text(&e);
		fprintf(stderr, "%s\n", said ? said : "?");
		abort();
	}
	errs_fini(&e);
	return p;
}

PATH struct inspect_conf path_conf(uint8_t modes)
{
	return (struct inspect_conf){
		.mark_mask = 0x70000000, .bytes = 16384, .packets = 64, .time_ms = 10000,
		.flows = 32, .probes = 4, .per_source = 8,
		.observe = modes & 1, .fail_open = modes & 2, .key = { 1 },
	};
}

PATH bool path_text_ok(const struct dissect_text *t)
{
	bool ok = t->ja3_len <= sizeof t->ja3 && t->used <= sizeof t->parts;

	for (int i = 0; ok && i < TEXT_N; i++)
		ok = t->part[i].at + t->part[i].n <= t->used;
	return ok;
}

PATH void path_event(void *ctx, const struct event *ev)
{
	const struct facts *f = &ev->facts;

	(void)ctx;
	if (!ev->kinds || !memchr(ev->rule, 0, sizeof ev->rule) ||
	    !memchr(ev->list, 0, sizeof ev->list) || ev->n_hits > DECISION_HITS ||
	    (f->known & f->absent) || !ev->flow_id || f->inner || f->app >= APP_N ||
	    f->via >= APP_N || strnlen(f->ja4, sizeof f->ja4) > FACTS_JA4_LEN)
		abort();
	if ((ev->kinds & EVENT_READ) &&
	    (!(f->via || facts_state(f, FACT_APP) == FACT_KNOWN) || !path_text_ok(&ev->text)))
		abort();
	if ((ev->kinds & EVENT_VERDICT) && !ev->action)
		abort();
}

/* The next packet on a heap copy of its own size, to be freed; false at the end. */
PATH bool path_next(struct path_input *in, struct frame *fr)
{
	size_t n = cur_u16(&in->c);
	uint8_t wait = cur_u8(&in->c), mark = cur_u8(&in->c);
	struct slice s = cur_take(&in->c, n < cur_left(&in->c) ? n : cur_left(&in->c));
	uint8_t *copy;

	if (in->c.bad || in->n++ == PATH_PACKETS)
		return false;
	copy = malloc(s.n ? s.n : 1);
	if (!copy)
		abort();
	memcpy(copy, s.p, s.n);
	in->now += wait * 100u;
	*fr = (struct frame){ .id = in->n, .mark = (uint32_t)mark << 24 | 0x123456, .hook = 2,
			      .orig_len = (uint32_t)n, .now = in->now, .wall = in->now * 1000,
			      .bytes = { copy, s.n } };
	return true;
}

PATH void path_check(const struct verdict *v, const struct frame *fr)
{
	if (v->id != fr->id || v->accept > 1 || ((v->mark ^ fr->mark) & ~0x70000000u) ||
	    (v->mark & 0x40000000))
		abort();
}

#endif
