/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PATH_H
#define PATH_H

#include "agent/inspect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "nft/nft.h"
#include "tests/unit/traffic.h"

enum { ARENA = 1 << 20, EVENTS = 1024, PASS = 0x10000000, DROP = 0x20000000,
       REJECT = 0x30000000, REPLY = 0x40000000 };

/* The path of a packet with a policy, and what it said. */
struct path {
	struct config config;
	struct errs errs;
	void *image;
	const struct policy *policy;
	struct inspect_conf conf;
	struct inspect *in;
	struct event_counts counts;
	struct names *names;
	struct event ev[EVENTS];
	size_t n;
	struct verdict v;
	uint64_t now;
	uint32_t mark; /* of the packets to come */
	uint8_t hook;
	struct craft c;
};

static struct path P;

CRAFT void on_event(void *ctx, const struct event *ev)
{
	struct path *p = ctx;

	assert_true(p->n < EVENTS);
	p->ev[p->n++] = *ev;
}

CRAFT const struct policy *compile(const char *text, uint32_t generation)
{
	struct arena a;

	P.config = (struct config){ .file = NULL };
	errs_init(&P.errs);
	P.image = aligned_alloc(16, ARENA);
	arena_init(&a, P.image, ARENA);
	if (config_parse(&P.config, &P.errs, "test", text) == 0)
		P.policy = policy_compile(&a, &P.errs, &P.config, generation);
	if (!P.policy) {
		char *t = errs_text(&P.errs);
		fprintf(stderr, "%s", t);
		free(t);
	}
	assert_non_null(P.policy);
	return P.policy;
}

CRAFT void begin(const char *text)
{
	memset(&P, 0, sizeof P);
	compile(text, 1);
	inspect_conf_of(&P.conf, &P.config);
	P.conf.handshake = false; /* most tests leave the server out */
	P.conf.flows = 256;
	P.conf.probes = 16;
	P.conf.key[0] = 1;
	P.in = inspect_new(&P.conf, on_event, &P);
	assert_non_null(P.in);
	P.names = names_init(calloc(1, names_size(256)), 256, P.conf.key);
	inspect_names(P.in, &P.names, 1, 0);
	inspect_counts(P.in, &P.counts);
	inspect_policy(P.in, P.policy);
	P.now = 1000;
	P.hook = 2;
}

CRAFT void end(void)
{
	inspect_free(P.in);
	free(P.names);
	free(P.image);
	config_fini(&P.config);
	errs_fini(&P.errs);
}

CRAFT uint32_t frame(struct slice bytes, uint32_t orig_len)
{
	struct slice exact = craft_copy(bytes.p, bytes.n);
	struct frame fr = { .id = 7, .mark = P.mark, .hook = P.hook, .orig_len = orig_len,
			    .wall = P.now * 1000, .now = P.now, .bytes = exact };

	inspect_frame(P.in, &P.v, &fr);
	free((void *)(uintptr_t)exact.p);
	assert_int_equal(P.v.id, 7);
	return P.v.mark;
}

CRAFT uint32_t send(const struct traffic *t)
{
	struct slice b = traffic(&P.c, t);

	return frame(b, (uint32_t)b.n + t->cut);
}

CRAFT struct traffic syn(uint16_t sport, uint16_t dport)
{
	return (struct traffic){ .src = 2, .dst = 5, .sport = sport, .dport = dport, .seq = 999,
				 .flags = PACKET_SYN };
}

CRAFT struct traffic data(uint16_t sport, uint16_t dport, size_t at, const void *p, size_t n)
{
	return (struct traffic){ .src = 2, .dst = 5, .sport = sport, .dport = dport,
				 .seq = 1000 + (uint32_t)at, .ack = 1,
				 .flags = PACKET_ACK | PACKET_PSH, .data = p, .n = n };
}

CRAFT uint32_t open_flow(uint16_t sport, uint16_t dport)
{
	struct traffic t = syn(sport, dport);

	return send(&t);
}

CRAFT uint32_t send_data(uint16_t sport, uint16_t dport, size_t at, const void *p, size_t n)
{
	struct traffic t = data(sport, dport, at, p, n);

	return send(&t);
}

CRAFT struct event *last(uint8_t kind)
{
	for (size_t i = P.n; i-- > 0;)
		if (P.ev[i].kinds & kind)
			return &P.ev[i];
	return NULL;
}

CRAFT void is_verdict(uint8_t action, const char *rule)
{
	struct event *ev = last(EVENT_VERDICT);

	assert_non_null(ev);
	assert_int_equal(ev->action, action);
	assert_string_equal(ev->rule, rule);
}

static const char *const names_conf __attribute__((unused)) =
	"mode = \"enforce\";"
	"rules = ("
	" { name = \"friends\"; when: { domain = \"good.example\"; }; action = \"allow\"; },"
	" { name = \"foes\"; when: { domain = \"*.bad.example\"; }; action = \"reject\"; },"
	" { name = \"tor-port\"; when: { port = [ 9001 ]; }; action = \"drop\"; }"
	");";

#endif
