/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/event.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include "agent/event_record.h"
#include "agent/wire/packet.h"

/* Signature ids: clear of the ranges that others use (below 9,000,000). */
enum { EVENT_SID = 9000000, EVENT_SIDS = 1000000 };
/* JSON readers keep 53 bits of an integer; Suricata's flow ids have 51. */
#define EVENT_ID_MASK ((UINT64_C(1) << 51) - 1)

static bool event_blocks(const struct event *ev)
{
	return ev->kinds & EVENT_VERDICT &&
	       (ev->action == ACTION_DROP || ev->action == ACTION_REJECT);
}

static const char *event_action(const struct event *ev)
{
	return decision_action_name(ev->action < ACTION_N ? (enum action)ev->action : ACTION_NONE);
}

static bool event_is_v4(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(a, mapped, sizeof(mapped));
}

static bool event_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

void event_text(struct json *j, const char *key, const char *text, size_t size)
{
	json_bytes(j, key, text, strnlen(text, size));
}

static void event_addr(struct json *j, const char *key, const uint8_t a[16])
{
	char text[INET6_ADDRSTRLEN];

	if (event_is_v4(a))
		inet_ntop(AF_INET, a + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, a, text, sizeof(text));
	json_str(j, key, text);
}

static void event_time(struct json *j, const char *key, uint64_t wall)
{
	time_t s = (time_t)(wall / 1000000);
	char text[32] = "1970-01-01T00:00:00";
	struct tm tm;

	/* a year beyond 9999 would not fit the schema's pattern */
	if (gmtime_r(&s, &tm) && tm.tm_year + 1900 <= 9999)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	json_fmt(j, key, "%s.%06u+0000", text, (unsigned int)(wall % 1000000));
}

static void event_proto(struct json *j, uint8_t proto)
{
	static const struct {
		uint8_t number;
		const char *name;
	} known[] = {
		{ IPPROTO_TCP, "TCP" },         { IPPROTO_UDP, "UDP" },
		{ IPPROTO_ICMP, "ICMP" },       { IPPROTO_ICMPV6, "IPv6-ICMP" },
		{ IPPROTO_SCTP, "SCTP" },       { IPPROTO_GRE, "GRE" },
		{ IPPROTO_ESP, "ESP" },         { IPPROTO_AH, "AH" },
		{ IPPROTO_UDPLITE, "UDPLite" }, { IPPROTO_DCCP, "DCCP" },
		{ IPPROTO_IGMP, "IGMP" },       { IPPROTO_IPIP, "IPv4" },
		{ IPPROTO_IPV6, "IPv6" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].number == proto) {
			json_str(j, "proto", known[i].name);
			return;
		}
	json_fmt(j, "proto", "%03u", proto);
}

/*
 * Community ID version 1 (github.com/corelight/community-id-spec): base64 of SHA-1 over seed,
 * addresses, protocol, a zero, ports, the smaller end first. ICMP needs type and code, which
 * an event does not carry: left out.
 */
static void event_community(struct json *j, const struct facts *f)
{
	struct sha1_ctx sha;
	uint8_t digest[SHA1_DIGEST_SIZE];
	char text[BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE) + 1] = "";
	bool v4 = event_is_v4(f->src) && event_is_v4(f->dst);
	size_t skip = v4 ? 12 : 0;
	uint8_t lo[2] = { (uint8_t)(f->sport >> 8), (uint8_t)f->sport };
	uint8_t hi[2] = { (uint8_t)(f->dport >> 8), (uint8_t)f->dport };
	int order = memcmp(f->src, f->dst, 16);
	bool swap = order > 0 || (!order && f->sport > f->dport);

	if (f->proto == IPPROTO_ICMP || f->proto == IPPROTO_ICMPV6)
		return;
	sha1_init(&sha);
	sha1_update(&sha, 2, (const uint8_t *)"\0\0"); /* seed 0 */
	sha1_update(&sha, 16 - skip, (swap ? f->dst : f->src) + skip);
	sha1_update(&sha, 16 - skip, (swap ? f->src : f->dst) + skip);
	sha1_update(&sha, 2, (const uint8_t[]){ f->proto, 0 });
	if (event_has_ports(f->proto)) {
		sha1_update(&sha, 2, swap ? hi : lo);
		sha1_update(&sha, 2, swap ? lo : hi);
	}
	sha1_digest(&sha, sizeof(digest), digest);
	base64_encode_raw(text, sizeof(digest), digest);
	json_fmt(j, "community_id", "1:%s", text);
}

static void event_ether(struct json *j, const uint8_t mac[6])
{
	static const uint8_t none[6];

	if (!memcmp(mac, none, 6))
		return;
	json_open(j, "ether", '{');
	json_fmt(j, "src_mac", "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
	json_close(j, '}');
}

void event_common(struct json *j, const struct writer *w, const char *type)
{
	const struct event *ev = w->ev;
	const struct facts *f = &ev->facts;

	json_open(j, NULL, '{');
	event_time(j, "timestamp", ev->wall);
	json_u64(j, "flow_id", ev->flow_id & EVENT_ID_MASK);
	if (w->o->in_iface && *w->o->in_iface)
		json_str(j, "in_iface", w->o->in_iface);
	json_str(j, "event_type", type);
	event_addr(j, "src_ip", f->src);
	if (event_has_ports(f->proto))
		json_u64(j, "src_port", f->sport);
	event_addr(j, "dest_ip", f->dst);
	if (event_has_ports(f->proto))
		json_u64(j, "dest_port", f->dport);
	event_proto(j, f->proto);
	json_u64(j, "ip_v", event_is_v4(f->dst) ? 4 : 6);
	event_community(j, f);
	event_ether(j, f->mac);
	if (w->o->host)
		json_str(j, "host", w->o->host);
	if (facts_state(f, FACT_APP) == FACT_KNOWN)
		json_str(j, "app_proto", facts_app_name((enum app)f->app));
	else if (f->via)
		json_str(j, "app_proto", facts_app_name((enum app)f->via));
	else if (facts_state(f, FACT_APP) == FACT_ABSENT)
		json_str(j, "app_proto", "failed");
	if (f->via && f->via != f->app)
		json_str(j, "app_proto_orig", facts_app_name((enum app)f->via));
}

/* What an alert is about: a hit, a verdict, or anomalies. */
struct subject {
	const char *rule, *list, *attack; /* EVENT_NAME, EVENT_NAME, EVENT_ATTACK bytes */
	const char *what;                 /* "drop", "monitor", "score", "anomaly" */
	uint32_t line, score;
	unsigned int severity; /* 1 highest .. 3 */
	bool verdict;          /* outcome, scope and `would` belong to it */
	bool watch;            /* a set entry of the outcome belongs to it */
};

static uint32_t event_sid(const char *rule)
{
	uint32_t h = 2166136261u; /* FNV-1a: the same for ever, whatever the order of rules */

	for (size_t i = 0; i < EVENT_NAME && rule[i]; i++)
		h = (h ^ (uint8_t)rule[i]) * 16777619u;
	return EVENT_SID + h % EVENT_SIDS;
}

static void event_metadata(struct json *j, const struct subject *s)
{
	static const char *const level[] = { "Major", "Minor", "Informational" };

	json_open(j, "metadata", '{');
	json_open(j, "signature_severity", '[');
	json_str(j, NULL, level[s->severity - 1]);
	json_close(j, ']');
	json_open(j, "policy", '[');
	event_text(j, NULL, s->rule, EVENT_NAME);
	json_close(j, ']');
	if (*s->attack) {
		json_open(j, "mitre_technique_id", '[');
		event_text(j, NULL, s->attack, EVENT_ATTACK);
		json_close(j, ']');
	}
	json_close(j, '}');
}

static void event_anomalies(struct json *j, uint32_t bits)
{
	bits &= (1u << ANOM_N) - 1;
	if (!bits)
		return;
	json_open(j, "anomalies", '[');
	for (unsigned int i = 0; i < ANOM_N; i++)
		if (bits >> i & 1)
			json_str(j, NULL, facts_anomaly_name(i));
	json_close(j, ']');
}

static void event_outcome(struct json *j, const struct outcome *out, bool verdict)
{
	if (verdict)
		json_str(j, "scope",
			 decision_scope_name(out->scope < SCOPE_N ? out->scope : SCOPE_FLOW));
	if (out->set[0]) {
		event_text(j, "set", out->set, sizeof(out->set));
		json_u64(j, "timeout", out->timeout);
		if (out->reason)
			json_u64(j, "reason", out->reason);
	}
	if (out->note[0])
		event_text(j, "note", out->note, sizeof(out->note));
}

/* The one place where keys of ours may stand in an alert. */
static void event_context(struct json *j, const struct writer *w, const struct subject *s)
{
	const struct event *ev = w->ev;
	const struct facts *f = &ev->facts;

	json_open(j, "context", '{');
	event_text(j, "rule", s->rule, EVENT_NAME);
	json_str(j, "action", s->what);
	if (*s->list) {
		event_text(j, "list", s->list, EVENT_NAME);
		json_u64(j, "line", s->line);
	}
	if (s->score)
		json_u64(j, "score", s->score);
	if (*s->attack)
		event_text(j, "attack", s->attack, EVENT_ATTACK);
	if (w->out && (s->verdict || s->watch))
		event_outcome(j, w->out, s->verdict);
	json_str(j, "mode", ev->observe ? "observe" : "enforce");
	if (s->verdict && ev->observe && event_blocks(ev))
		json_str(j, "would", event_action(ev));
	json_u64(j, "policy", ev->generation);
	event_facts(j, f);
	event_anomalies(j, f->anomalies);
	json_close(j, '}');
}

static const char *event_category(unsigned int severity)
{
	static const char *const names[] = { "Egress policy: blocked", "Egress policy: watched",
					     "Egress policy: noted" };

	return names[severity - 1];
}

static void event_signature(struct json *j, const struct subject *s)
{
	char text[EVENT_NAME + 32];

	snprintf(text, sizeof(text), "sluice %.*s: %s", EVENT_NAME - 1, s->rule, s->what);
	json_str(j, "signature", text);
}

static void event_verdict(struct json *j, const struct event *ev)
{
	bool tcp = ev->facts.proto == IPPROTO_TCP;

	json_open(j, "verdict", '{');
	json_str(j, "action", "drop");
	if (ev->action == ACTION_REJECT) {
		json_open(j, "reject", '[');
		json_str(j, NULL, tcp ? "tcp-reset" : "icmp-prohib");
		json_close(j, ']');
		json_str(j, "reject_target", "to_client");
	}
	json_close(j, '}');
}

static void event_alert(struct json *j, const struct writer *w, const void *subject, int lean)
{
	const struct subject *s = subject;
	const struct event *ev = w->ev;
	bool blocked = s->verdict && event_blocks(ev) && !ev->observe;

	event_common(j, w, "alert");
	json_str(j, "direction", "to_server");
	json_open(j, "alert", '{');
	json_str(j, "action", blocked ? "blocked" : "allowed");
	json_u64(j, "gid", 1);
	json_u64(j, "signature_id", event_sid(s->rule));
	json_u64(j, "rev", 1);
	event_signature(j, s);
	json_str(j, "category", event_category(s->severity));
	json_u64(j, "severity", s->severity);
	event_metadata(j, s);
	event_context(j, w, s);
	json_close(j, '}');
	event_apps(j, ev, lean);
	if (blocked)
		event_verdict(j, ev);
	json_close(j, '}');
}

static void event_drop_tcp(struct json *j, const struct event_packet *p)
{
	json_u64(j, "tcpseq", p->seq);
	json_u64(j, "tcpack", p->ack);
	json_u64(j, "tcpwin", p->window);
	json_flag(j, "syn", p->flags & PACKET_SYN);
	json_flag(j, "ack", p->flags & PACKET_ACK);
	json_flag(j, "psh", p->flags & PACKET_PSH);
	json_flag(j, "rst", p->flags & PACKET_RST);
	json_flag(j, "urg", p->flags & PACKET_URG);
	json_flag(j, "fin", p->flags & PACKET_FIN);
	json_u64(j, "tcpres", 0);
	json_u64(j, "tcpurgp", p->urgent);
}

static void event_drop(struct json *j, const struct writer *w, const void *none, int lean)
{
	const struct event_packet *p = &w->ev->packet;

	(void)none;
	(void)lean;
	event_common(j, w, "drop");
	json_str(j, "direction", "to_server");
	json_open(j, "drop", '{');
	if (p->version) {
		json_u64(j, "len", p->len);
		json_u64(j, p->version == 4 ? "tos" : "tc", p->tos);
		json_u64(j, p->version == 4 ? "ttl" : "hoplimit", p->ttl);
		if (p->version == 4)
			json_u64(j, "ipid", p->ip_id);
		if (w->ev->facts.proto == IPPROTO_TCP)
			event_drop_tcp(j, p);
	}
	json_str(j, "reason", "rules");
	json_close(j, '}');
	event_verdict(j, w->ev);
	json_close(j, '}');
}

static void event_app_record(struct json *j, const struct writer *w, const void *app, int lean)
{
	event_common(j, w, event_app_type(w->ev, app));
	json_str(j, "direction", "to_server");
	event_app_object(j, w->ev, app, lean);
	json_close(j, '}');
}

/* metadata.flowvars is the only free place in a flow record: which rule decided. */
static void event_flowvar(struct json *j, const char *key, const char *value, size_t size)
{
	json_open(j, NULL, '{');
	json_str(j, "key", key);
	event_text(j, "value", value, size);
	json_close(j, '}');
}

static void event_flow_rule(struct json *j, const struct event *ev)
{
	char name[16];

	json_open(j, "metadata", '{');
	json_open(j, "flowvars", '[');
	snprintf(name, sizeof(name), "%s", event_action(ev));
	event_flowvar(j, "verdict", name, sizeof(name));
	if (ev->rule[0])
		event_flowvar(j, "rule", ev->rule, EVENT_NAME);
	if (ev->list[0])
		event_flowvar(j, "list", ev->list, EVENT_NAME);
	json_close(j, ']');
	json_close(j, '}');
}

/*
 * Written when the flow is decided. From then on the kernel has it: `bypass` "capture", and packets
 * and bytes are what was looked at.
 */
static void event_flow(struct json *j, const struct writer *w, const void *none, int lean)
{
	const struct event *ev = w->ev;
	bool blocked = event_blocks(ev) && !ev->observe;
	uint64_t start = ev->start && ev->start <= ev->wall ? ev->start : ev->wall;

	(void)none;
	(void)lean;
	event_common(j, w, "flow");
	json_open(j, "flow", '{');
	json_u64(j, "pkts_toserver", ev->packets);
	json_u64(j, "bytes_toserver", ev->bytes);
	event_time(j, "start", start);
	json_u64(j, "age", (ev->wall - start) / 1000000);
	if (blocked) {
		json_str(j, "state", ev->facts.reply_seen ? "established" : "new");
	} else {
		json_str(j, "state", "bypassed");
		json_str(j, "bypass", "capture");
	}
	json_flag(j, "alerted",
		  ev->n_hits || ev->facts.anomalies || ev->action == ACTION_MONITOR ||
			  event_blocks(ev));
	json_str(j, "action", blocked ? "drop" : "pass");
	json_close(j, '}');
	event_flow_rule(j, ev);
	json_close(j, '}');
}

typedef void event_record(struct json *j, const struct writer *w, const void *arg, int lean);

/*
 * Appends one record. One that would exceed EVENT_LINE_MAX is written again with shorter texts
 * (hostile ones expand sixfold), at last without any.
 */
static void event_write(struct writer *w, event_record *fn, const void *arg)
{
	size_t left = w->size - w->n;
	struct json j;

	for (int lean = 0; lean <= EVENT_BARE && !w->full; lean++) {
		json_init(&j, w->buf + w->n, left < EVENT_LINE_MAX ? left : EVENT_LINE_MAX);
		fn(&j, w, arg, lean);
		json_newline(&j);
		if (!j.full) {
			w->n += j.n;
			return;
		}
	}
	w->full = true;
}

static void event_hit_alert(struct writer *w, const struct event_hit *h)
{
	bool score = h->action == ACTION_SCORE;
	struct subject s = {
		.rule = h->rule,
		.list = h->list,
		.attack = h->attack,
		.what = score ? "score" : "monitor",
		.line = h->line,
		.score = score ? h->score : 0,
		.severity = score ? 3 : 2,
		.watch = !score && !event_blocks(w->ev),
	};

	event_write(w, event_alert, &s);
}

static bool event_told_as_hit(const struct event *ev)
{
	if (ev->action != ACTION_MONITOR || ev->told)
		return ev->told;
	for (size_t i = 0; i < ev->n_hits && i < DECISION_HITS; i++)
		if (!strncmp(ev->hits[i].rule, ev->rule, EVENT_NAME))
			return true;
	return false;
}

static void event_verdict_alert(struct writer *w)
{
	const struct event *ev = w->ev;
	struct subject s = {
		.rule = ev->rule,
		.list = ev->list,
		.attack = ev->attack,
		.what = event_action(ev),
		.line = ev->line,
		.score = ev->score,
		.severity = event_blocks(ev) ? 1 : 2,
		.verdict = true,
	};

	if (event_blocks(ev) || (ev->action == ACTION_MONITOR && !event_told_as_hit(ev)))
		event_write(w, event_alert, &s);
}

static void event_anomaly_alert(struct writer *w)
{
	char rule[EVENT_NAME] = "anomaly";
	uint32_t bits = w->ev->facts.anomalies & ((1u << ANOM_N) - 1);
	struct subject s = {
		.rule = rule, .list = "", .attack = "", .what = "several", .severity = 3
	};

	/* one alone is worth a signature of its own; a mixture stands in the context */
	if (bits && !(bits & (bits - 1)))
		s.what = facts_anomaly_name((unsigned int)__builtin_ctz(bits));
	event_write(w, event_alert, &s);
}

long event_lines(char *buf, size_t size, const struct event *ev, const struct outcome *out,
		 const struct event_opts *o)
{
	struct writer w = { .buf = buf, .size = size, .ev = ev, .out = out, .o = o };

	if (ev->kinds & EVENT_READ)
		for (const struct event_app *a = event_app_next(NULL, ev, o); a;
		     a = event_app_next(a, ev, o))
			event_write(&w, event_app_record, a);
	if (ev->kinds & EVENT_HITS)
		for (size_t i = 0; i < ev->n_hits && i < DECISION_HITS; i++)
			event_hit_alert(&w, &ev->hits[i]);
	if (ev->kinds & EVENT_ANOMALY)
		event_anomaly_alert(&w);
	if (ev->kinds & EVENT_VERDICT) {
		event_verdict_alert(&w);
		if (event_blocks(ev) && !ev->observe)
			event_write(&w, event_drop, NULL);
		if (o->flow)
			event_write(&w, event_flow, NULL);
	}
	return w.full ? -ENOSPC : (long)w.n;
}

static void event_group(struct json *j, const char *name, const char *const *keys,
			const uint64_t *values)
{
	json_open(j, name, '{');
	for (; *keys; keys++, values++)
		json_u64(j, *keys, *values);
	json_close(j, '}');
}

/* Suricata's own counters, where one means the same; the rest is in `sluice status`. */
long event_stats(char *buf, size_t size, uint64_t wall, uint64_t uptime,
		 const struct event_counts *sum, const struct event_opts *o)
{
	uint64_t blocked = sum->dropped + sum->rejected;
	struct json j;

	json_init(&j, buf, size < EVENT_LINE_MAX ? size : EVENT_LINE_MAX);
	json_open(&j, NULL, '{');
	event_time(&j, "timestamp", wall);
	json_str(&j, "event_type", "stats");
	if (o->host)
		json_str(&j, "host", o->host);
	json_open(&j, "stats", '{');
	json_u64(&j, "uptime", uptime);
	event_group(&j, "capture", (const char *const[]){ "kernel_packets", "kernel_drops", NULL },
		    (const uint64_t[]){ sum->packets + sum->kernel_lost, sum->kernel_lost });
	event_group(&j, "decoder", (const char *const[]){ "pkts", "invalid", NULL },
		    (const uint64_t[]){ sum->packets, sum->blind_bad });
	event_group(&j, "flow", (const char *const[]){ "total", "active", "memcap", NULL },
		    (const uint64_t[]){ sum->flows, sum->table, sum->blind_flows });
	event_group(&j, "tcp", (const char *const[]){ "midstream_pickups", NULL },
		    (const uint64_t[]){ sum->midstream });
	event_group(&j, "detect", (const char *const[]){ "alert", "alert_queue_overflow", NULL },
		    (const uint64_t[]){ sum->monitored + blocked, sum->events_lost });
	json_open(&j, "app_layer", '{');
	json_open(&j, "flow", '{');
	event_app_counts(&j, sum);
	json_close(&j, '}');
	json_close(&j, '}');
	json_close(&j, '}');
	json_close(&j, '}');
	json_newline(&j);
	return j.full ? -ENOSPC : (long)j.n;
}
