/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/desk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "agent/log.h"
#include "policy/list.h"

static bool is_v4(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a, mapped, sizeof(mapped)) == 0;
}

static json_t *addr_json(const uint8_t a[16])
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(is_v4(a) ? AF_INET : AF_INET6, is_v4(a) ? a + 12 : a, text, sizeof(text));
	return json_string(text);
}

static bool bit_of(const uint8_t *a, int i)
{
	return a[i / 8] >> (7 - i % 8) & 1;
}

/* A range as a net where it is one, else first-last. */
static json_t *range_json(const struct nft_range *r)
{
	char first[INET6_ADDRSTRLEN], last[INET6_ADDRSTRLEN];
	bool v4 = is_v4(r->lo), net = true;
	const uint8_t *lo = r->lo + (v4 ? 12 : 0), *hi = r->hi + (v4 ? 12 : 0);
	int family = v4 ? AF_INET : AF_INET6, bits = v4 ? 32 : 128, prefix = 0;

	while (prefix < bits && bit_of(lo, prefix) == bit_of(hi, prefix))
		prefix++;
	for (int i = prefix; i < bits; i++)
		net &= !bit_of(lo, i) && bit_of(hi, i);
	inet_ntop(family, lo, first, sizeof(first));
	inet_ntop(family, hi, last, sizeof(last));
	return net ? json_sprintf("%s/%d", first, prefix) : json_sprintf("%s-%s", first, last);
}

static void set_u64(json_t *o, const char *key, uint64_t v)
{
	json_object_set_new(o, key, json_integer((json_int_t)v));
}

/* --- status --- */

struct count_field {
	const char *name;
	size_t at;
};

#define COUNT(field) { #field, offsetof(struct event_counts, field) }
static const struct count_field count_fields[] = {
	COUNT(packets),	   COUNT(inspected),  COUNT(flows),	 COUNT(undecided),
	COUNT(allowed),	   COUNT(monitored),  COUNT(dropped),	 COUNT(rejected),
	COUNT(anomalies),  COUNT(midstream),  COUNT(blind_bad),
	COUNT(blind_flows), COUNT(events_lost), COUNT(refused),	 COUNT(kernel_lost),
	COUNT(table),	   COUNT(probes),     COUNT(memory),	 COUNT(memory_max),
};
enum { COUNT_FIELDS = sizeof(count_fields) / sizeof(count_fields[0]) };

static uint64_t count_get(const struct event_counts *c, size_t i)
{
	uint64_t v;

	memcpy(&v, (const char *)c + count_fields[i].at, sizeof(v));
	return v;
}

static const struct ipc_page *page_of(const struct clerk *c, unsigned int k)
{
	return (const struct ipc_page *)(const void *)((const uint8_t *)c->s->pages + k * c->s->page_size);
}

void desk_counts(const struct clerk *c, struct event_counts *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned int k = 0; k < c->state.workers; k++) {
		const struct event_counts *one = &page_of(c, k)->counts;

		for (size_t i = 0; i < COUNT_FIELDS; i++) {
			uint64_t v = count_get(sum, i) + count_get(one, i);
			memcpy((char *)sum + count_fields[i].at, &v, sizeof(v));
		}
		for (size_t i = 0; i < APP_N; i++)
			sum->apps[i] += one->apps[i];
	}
}

/* First messages read, by protocol: those that there were. */
static json_t *apps_json(const struct event_counts *c)
{
	json_t *o = json_object();

	for (int i = APP_UNKNOWN + 1; i < APP_N; i++)
		if (c->apps[i])
			set_u64(o, facts_app_name((enum app)i), c->apps[i]);
	return o;
}

static json_t *counts_json(const struct event_counts *c)
{
	json_t *o = json_object();

	for (size_t i = 0; i < COUNT_FIELDS; i++)
		set_u64(o, count_fields[i].name, count_get(c, i));
	json_object_set_new(o, "apps", apps_json(c));
	return o;
}

static json_t *workers_json(const struct clerk *c)
{
	json_t *a = json_array();

	for (unsigned int k = 0; k < c->state.workers; k++) {
		json_t *w = counts_json(&page_of(c, k)->counts);

		set_u64(w, "pid", (uint64_t)c->state.pid[k]);
		set_u64(w, "cpu", (uint64_t)c->state.cpu[k]);
		set_u64(w, "restarts", c->state.restarts[k]);
		set_u64(w, "generation", page_of(c, k)->generation);
		json_array_append_new(a, w);
	}
	return a;
}

static json_t *caps_json(const struct nft_caps *n)
{
	return json_pack("{s:s, s:b, s:b, s:b, s:b}", "queue", n->native_queue ? "native" : "compat",
			 "inner", n->inner, "owner", n->owner, "persist", n->persist, "refresh",
			 n->refresh);
}

static json_t *inside_json(const struct clerk *c)
{
	const struct nft_range *r;
	size_t n = hosts_inside(c->hosts, &r);
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, range_json(&r[i]));
	return a;
}

/* packets that hit the queue rule = inspected + blind + dropped */
static void accounting(struct clerk *c, json_t *o, const struct event_counts *sum)
{
	if (clerk_call(c, IPC_COUNTERS, 0, 0, -1) < 0 || !ipc_one(&c->in, sizeof(struct nft_counters)))
		return;
	const struct nft_counters *k = &c->in.u.counters;
	uint64_t queued = k->packets[NFT_C_QUEUED];
	uint64_t seen = sum->inspected + sum->blind_bad + sum->blind_flows;
	json_t *kernel = json_object();

	for (int i = 0; i < NFT_C_N; i++)
		set_u64(kernel, nft_counter_name((enum nft_counter)i), k->packets[i]);
	json_object_set_new(o, "kernel", kernel);
	json_object_set_new(
		o, "accounting",
		json_pack("{s:I, s:I, s:{s:I, s:I, s:I}}", "queued", (json_int_t)queued, "inspected",
			  (json_int_t)sum->inspected, "blind", "unreadable", (json_int_t)sum->blind_bad,
			  "no-room", (json_int_t)sum->blind_flows, "not-delivered",
			  (json_int_t)(queued > seen ? queued - seen : 0)));
}

static void add_enforce_counts(const struct clerk *c, json_t *counts)
{
	struct enforce_counts e;

	enforce_counts(c->enforce, &e);
	set_u64(counts, "entries_added", e.added);
	set_u64(counts, "entries_refreshed", e.refreshed);
	set_u64(counts, "entries_evicted", e.evicted);
	set_u64(counts, "entries_no_room", e.refused);
	set_u64(counts, "entries_narrowed", e.narrowed);
}

static int status(struct clerk *c, json_t **answer)
{
	struct event_counts sum;
	json_t *o = json_object();

	desk_counts(c, &sum);
	json_object_set_new(o, "version", json_string(SLUICE_VERSION));
	json_object_set_new(o, "mode", json_string(c->config.mode == MODE_OBSERVE ? "observe" : "enforce"));
	set_u64(o, "uptime", (clerk_now() - c->s->started) / 1000);
	set_u64(o, "generation", c->generation);
	json_object_set_new(o, "config", json_string(c->s->config));
	set_u64(o, "loaded", c->loaded);
	json_object_set_new(o, "user", json_string(c->s->user));
	json_object_set_new(o, "caps", caps_json(&c->caps));
	json_object_set_new(o, "workers", workers_json(c));
	json_t *counts = counts_json(&sum);
	set_u64(counts, "entries_refused", c->refused);
	set_u64(counts, "log_lost", c->log_lost);
	set_u64(counts, "bad_events", c->bad_events);
	set_u64(counts, "old_events", c->old_events);
	add_enforce_counts(c, counts);
	json_object_set_new(o, "counters", counts);
	accounting(c, o, &sum);
	set_u64(o, "entries", enforce_count(c->enforce));
	json_object_set_new(o, "inside", inside_json(c));
	*answer = o;
	return 0;
}

/* --- list --- */

struct listing {
	json_t *entries;
	uint64_t now;
};

static json_t *proto_json(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return json_string("tcp");
	case IPPROTO_UDP:
		return json_string("udp");
	case IPPROTO_ICMP:
		return json_string("icmp");
	case IPPROTO_ICMPV6:
		return json_string("icmpv6");
	default:
		return json_sprintf("%u", proto);
	}
}

static void list_one(void *ctx, const struct enforce_entry *en)
{
	struct listing *l = ctx;
	const struct nft_elem *e = &en->elem;
	json_t *o = json_object();

	json_object_set_new(o, "set", json_string(nft_set_name((enum nft_set)e->set)));
	if (e->set == NFT_DROP_PAIR)
		json_object_set_new(o, "src", addr_json(e->src));
	json_object_set_new(o, "dst", addr_json(e->dst));
	if (e->set != NFT_DROP_ADDR) {
		json_object_set_new(o, "proto", proto_json(e->proto));
		set_u64(o, "dport", e->dport);
	}
	json_object_set_new(o, "action", json_string(decision_action_name((enum action)en->action)));
	set_u64(o, "remaining", en->until > l->now ? (en->until - l->now + 999) / 1000 : 0);
	set_u64(o, "timeout", e->timeout / 1000);
	json_object_set_new(o, "rule", json_string(en->rule));
	set_u64(o, "reason", en->reason);
	if (en->list[0])
		json_object_set_new(o, "list", json_string(en->list));
	if (en->line)
		set_u64(o, "line", en->line);
	if (en->attack[0])
		json_object_set_new(o, "attack", json_string(en->attack));
	set_u64(o, "hits", en->hits);
	set_u64(o, "since", en->wall / 1000000);
	json_object_set_new(o, "adopted", json_boolean(en->adopted));
	json_array_append_new(l->entries, o);
}

static int list(struct clerk *c, json_t **answer)
{
	struct listing l = { .entries = json_array(), .now = clerk_now() };

	enforce_expire(c->enforce, l.now);
	enforce_each(c->enforce, list_one, &l);
	*answer = json_pack("{s:o}", "entries", l.entries);
	return 0;
}

/* --- unblock, flush, reload --- */

static void give_back(void *ctx, const struct nft_elem *e)
{
	struct clerk *c = ctx;
	struct nft_elem del = *e;

	del.op = NFT_DEL;
	clerk_apply(c, &del);
}

static int fail(json_t **answer, int err, const char *text)
{
	*answer = json_pack("{s:s}", "error", text);
	return err;
}

/*
 * The entries leave the set, and connections that carry a blocking mark are forgotten, so that the
 * next packet is judged afresh.
 */
static int unblock(struct clerk *c, const json_t *req, json_t **answer)
{
	const char *text = json_string_value(json_object_get(req, "address"));
	bool all = json_is_true(json_object_get(req, "all"));
	struct list_entry en;
	char buf[80];

	if (!all && !text)
		return fail(answer, -EINVAL, "unblock needs an address");
	if (text && (list_value(&en, LIST_ADDRESS, buf, sizeof(buf), text) < 0 ||
		     memcmp(en.lo, en.hi, sizeof(en.lo)) != 0))
		return fail(answer, -EINVAL, "that is not an address");
	clerk_flush(c);
	size_t n = enforce_unblock(c->enforce, all ? NULL : en.lo, give_back, c);
	clerk_flush(c);
	if (!all) {
		struct nft_elem *e = &c->out.u.elem[0];

		*e = (struct nft_elem){ .op = NFT_DEL, .set = NFT_DROP_ADDR };
		memcpy(e->dst, en.lo, sizeof(e->dst));
		clerk_call(c, IPC_FORGET, 1, sizeof(*e), -1);
	} else {
		clerk_call(c, IPC_FLUSH, 0, 0, -1);
	}
	if (n == 0 && !all)
		return fail(answer, -ENOENT, "no entry blocks that address");
	log_info("%zu entries removed by an operator", n);
	*answer = json_pack("{s:I}", "removed", (json_int_t)n);
	return 0;
}

static void forgotten(void *ctx, const struct nft_elem *e)
{
	(void)ctx;
	(void)e;
}

static int flush(struct clerk *c, json_t **answer)
{
	clerk_flush(c);
	int err = clerk_call(c, IPC_FLUSH, 0, 0, -1);

	if (err)
		return fail(answer, err, err == -ETIMEDOUT ? "the guard does not answer" : c->in.u.text.text);
	size_t n = enforce_unblock(c->enforce, NULL, forgotten, NULL);
	log_info("all %zu entries removed by an operator", n);
	*answer = json_pack("{s:I}", "removed", (json_int_t)n);
	return 0;
}

static json_t *errs_json(const struct errs *e, bool warnings)
{
	json_t *a = json_array();

	for (size_t i = 0; i < e->n; i++) {
		const struct err *r = &e->e[i];

		if (r->warning != warnings)
			continue;
		json_array_append_new(a, r->line ? json_sprintf("%s:%d: %s", r->file, r->line, r->text)
						 : json_sprintf("%s: %s", r->file, r->text));
	}
	return a;
}

static int reload(struct clerk *c, json_t **answer)
{
	struct errs e;

	errs_init(&e);
	int err = clerk_reload(c, &e);
	if (err)
		*answer = json_pack("{s:s, s:o}", "error", "the policy in use goes on", "errors",
				    errs_json(&e, false));
	else
		*answer = json_pack("{s:I, s:o}", "generation", (json_int_t)c->generation, "warnings",
				    errs_json(&e, true));
	errs_fini(&e);
	return err;
}

int desk_command(void *ctx, uint64_t client, const char *cmd, const json_t *req, json_t **answer)
{
	struct clerk *c = ctx;

	(void)client; /* every answer is given at once */
	if (strcmp(cmd, "status") == 0)
		return status(c, answer);
	if (strcmp(cmd, "list") == 0)
		return list(c, answer);
	if (strcmp(cmd, "unblock") == 0)
		return unblock(c, req, answer);
	if (strcmp(cmd, "flush") == 0)
		return flush(c, answer);
	if (strcmp(cmd, "reload") == 0)
		return reload(c, answer);
	return -ENOSYS;
}
