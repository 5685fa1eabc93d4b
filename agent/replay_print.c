/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/replay_print.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "policy/rrtype.h"

static void print_time(FILE *to, uint64_t wall)
{
	time_t s = (time_t)(wall / 1000000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(to, "%s.%06uZ ", text, (unsigned int)(wall % 1000000));
}

static bool is_v4(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr, mapped, sizeof mapped) == 0;
}

static void print_end(FILE *to, const uint8_t addr[16], uint16_t port, bool with_port)
{
	char text[INET6_ADDRSTRLEN] = "?";
	bool v4 = is_v4(addr);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr + 12 : addr, text, sizeof text);
	fprintf(to, v4 || !with_port ? "%s" : "[%s]", text);
	if (with_port)
		fprintf(to, ":%u", port);
}

static void print_proto(FILE *to, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		fprintf(to, "tcp ");
		break;
	case IPPROTO_UDP:
		fprintf(to, "udp ");
		break;
	case IPPROTO_ICMP:
		fprintf(to, "icmp ");
		break;
	case IPPROTO_ICMPV6:
		fprintf(to, "icmpv6 ");
		break;
	default:
		fprintf(to, "ip-%u ", proto);
	}
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

static void print_tuple(FILE *to, const struct facts *f)
{
	bool ports = has_ports(f->proto);

	print_proto(to, f->proto);
	print_end(to, f->src, f->sport, ports);
	fprintf(to, " > ");
	print_end(to, f->dst, f->dport, ports);
}

static void print_bytes(FILE *to, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char b = (unsigned char)bytes[i];

		if (b > ' ' && b < 0x7f && b != '\\')
			fputc(b, to);
		else
			fprintf(to, "\\x%02x", b);
	}
}

/* Text of several words. */
static void print_words(FILE *to, const char *key, const char *bytes, size_t n)
{
	fprintf(to, " %s=\"", key);
	for (size_t i = 0; i < n; i++) {
		unsigned char b = (unsigned char)bytes[i];

		if (b >= ' ' && b < 0x7f && b != '\\' && b != '"')
			fputc(b, to);
		else
			fprintf(to, "\\x%02x", b);
	}
	fputc('"', to);
}

static void print_text(FILE *to, const char *key, const char *bytes, size_t n)
{
	fprintf(to, " %s=", key);
	print_bytes(to, bytes, n);
}

static void print_md5(FILE *to, const char *key, const uint8_t md5[16])
{
	fprintf(to, " %s=", key);
	for (size_t i = 0; i < 16; i++)
		fprintf(to, "%02x", md5[i]);
}

static bool knows(const struct facts *f, enum fact id)
{
	return facts_state(f, id) == FACT_KNOWN;
}

static void print_tls(FILE *to, const struct facts *f)
{
	if (knows(f, FACT_SNI))
		print_text(to, "sni", f->sni, f->sni_len);
	if (knows(f, FACT_JA3))
		print_md5(to, "ja3", f->ja3);
	if (knows(f, FACT_JA4))
		print_text(to, "ja4", f->ja4, strnlen(f->ja4, FACTS_JA4_LEN));
	if (knows(f, FACT_ECH) && f->ech)
		fprintf(to, " ech=yes");
}

static void print_http(FILE *to, const struct facts *f)
{
	if (knows(f, FACT_METHOD))
		print_text(to, "method", f->method, f->method_len);
	if (knows(f, FACT_HOST))
		print_text(to, "host", f->host, f->host_len);
	if (knows(f, FACT_PATH))
		print_text(to, "path", f->path, f->path_len);
	if (knows(f, FACT_USER_AGENT))
		print_words(to, "user_agent", f->user_agent, f->user_agent_len);
}

static void print_dns(FILE *to, const struct facts *f)
{
	const char *type = rrtype_name(f->query_type);

	if (knows(f, FACT_QUERY))
		print_text(to, "query", f->query, f->query_len);
	if (!knows(f, FACT_QUERY_TYPE))
		return;
	if (type)
		fprintf(to, " type=%s", type);
	else
		fprintf(to, " type=%u", f->query_type);
}

static void print_part(FILE *to, const char *key, const struct event *ev, enum text_part part)
{
	const struct dissect_text *t = &ev->text;

	if (ev->kinds & EVENT_READ && t->part[part].n)
		print_words(to, key, t->parts + t->part[part].at, t->part[part].n);
}

/* What the flow is. TLS is not named: what stands there is its own. */
static void print_read(FILE *to, const struct event *ev)
{
	const struct facts *f = &ev->facts;

	if (knows(f, FACT_APP) && f->app != APP_TLS)
		fprintf(to, " app=%s", facts_app_name((enum app)f->app));
	if (f->via && f->via != f->app)
		fprintf(to, " via=%s", facts_app_name((enum app)f->via));
	if (knows(f, FACT_QUIC_VERSION))
		fprintf(to, " quic_version=0x%" PRIx32, f->quic_version);
	print_http(to, f);
	print_dns(to, f);
	if (knows(f, FACT_SSH_SOFTWARE))
		print_words(to, "ssh", f->software, f->software_len);
	if (knows(f, FACT_HASSH))
		print_md5(to, "hassh", f->hassh);
	print_part(to, "server", ev, TEXT_SERVER);
	print_part(to, "cookie", ev, TEXT_COOKIE);
	print_tls(to, f);
	if (knows(f, FACT_CONFORMS) && !f->conforms)
		fprintf(to, " conforms=no");
	if (knows(f, FACT_ENTROPY) && f->entropy)
		fprintf(to, " entropy=high");
}

/* Of a line that is no verdict. */
static const char *word(const struct event *ev)
{
	if (!(ev->kinds & EVENT_READ))
		return "anomaly";
	switch (ev->facts.app) {
	case APP_TLS:
	case APP_QUIC:
	case APP_DTLS:
		return "hello";
	case APP_HTTP:
	case APP_HTTP2:
		return "request";
	case APP_DNS:
		return "query";
	default:
		return "flow";
	}
}

static void print_anomalies(FILE *to, const struct facts *f)
{
	const char *before = " anomalies=";

	for (unsigned int bit = 0; bit < ANOM_N; bit++)
		if (f->anomalies >> bit & 1) {
			fprintf(to, "%s%s", before, facts_anomaly_name(bit));
			before = ",";
		}
}

static void print_evidence(FILE *to, const char *rule, const char *list, uint32_t line,
			   const char *attack)
{
	if (rule[0])
		fprintf(to, " rule=%s", rule);
	if (list[0])
		fprintf(to, " list=%s", list);
	if (list[0] && line)
		fprintf(to, ":%u", line);
	if (attack[0])
		fprintf(to, " attack=%s", attack);
}

static void print_hits(FILE *to, const struct event *ev)
{
	for (unsigned int i = 0; i < ev->n_hits && i < DECISION_HITS; i++) {
		const struct event_hit *h = &ev->hits[i];

		print_time(to, ev->wall);
		fprintf(to, "hit ");
		print_tuple(to, &ev->facts);
		print_evidence(to, h->rule, h->list, h->line, h->attack);
		fprintf(to, " action=%s", decision_action_name((enum action)h->action));
		if (h->action == ACTION_SCORE)
			fprintf(to, " score=%u", h->score);
		fputc('\n', to);
	}
}

static void print_verdict(FILE *to, const struct event *ev, const struct outcome *oc)
{
	bool blocks = ev->action == ACTION_DROP || ev->action == ACTION_REJECT;

	fprintf(to, "%s%s ", blocks && ev->observe ? "would-" : "",
		decision_action_name((enum action)ev->action));
	print_tuple(to, &ev->facts);
	print_evidence(to, ev->rule, ev->list, ev->line, ev->attack);
	if (ev->score)
		fprintf(to, " score=%u", ev->score);
	if (blocks)
		fprintf(to, " block=%s", decision_scope_name((enum scope)oc->scope));
	if (oc->set[0])
		fprintf(to, " set=%s for=%us", oc->set, oc->timeout);
	if (oc->note[0])
		fprintf(to, " because=\"%s\"", oc->note);
}

void replay_print_event(FILE *to, const struct event *ev, const struct outcome *oc)
{
	print_hits(to, ev);
	if (!(ev->kinds & (EVENT_VERDICT | EVENT_READ | EVENT_ANOMALY)))
		return;
	print_time(to, ev->wall);
	if (ev->kinds & EVENT_VERDICT) {
		print_verdict(to, ev, oc);
	} else {
		fprintf(to, "%s ", word(ev));
		print_tuple(to, &ev->facts);
	}
	print_read(to, ev);
	print_anomalies(to, &ev->facts);
	fputc('\n', to);
}

void replay_print_blocked(FILE *to, const struct packet *p, uint64_t wall, enum nft_set set,
			  bool observe)
{
	bool ports = has_ports(p->proto);

	print_time(to, wall);
	fprintf(to, "%s ", observe ? "would-block" : "blocked");
	print_proto(to, p->proto);
	print_end(to, p->src, p->sport, ports);
	fprintf(to, " > ");
	print_end(to, p->dst, p->dport, ports);
	fprintf(to, " set=%s\n", nft_set_name(set));
}

void replay_print_entry(FILE *to, const struct enforce_entry *en)
{
	const struct nft_elem *e = &en->elem;

	fprintf(to, "entry %s", nft_set_name((enum nft_set)e->set));
	if (e->set == NFT_DROP_PAIR) {
		fputc(' ', to);
		print_end(to, e->src, 0, false);
	}
	fprintf(to, " > ");
	print_end(to, e->dst, e->dport, e->set != NFT_DROP_ADDR && has_ports(e->proto));
	if (e->set != NFT_DROP_ADDR) {
		fputc(' ', to);
		print_proto(to, e->proto);
	} else {
		fputc(' ', to);
	}
	fprintf(to, "for=%us rule=%s action=%s\n", e->timeout / 1000, en->rule,
		decision_action_name((enum action)en->action));
}

void replay_print_sum(FILE *to, const struct event_counts *c, const struct nft_counters *n,
		      uint64_t frames)
{
	fprintf(to,
		"sum packets=%" PRIu64 " looked_at=%" PRIu64 " flows=%" PRIu64 " allow=%" PRIu64
		" monitor=%" PRIu64 " drop=%" PRIu64 " reject=%" PRIu64 " hellos=%" PRIu64
		" requests=%" PRIu64 " queries=%" PRIu64
		" anomalies=%" PRIu64 " midstream=%" PRIu64 " unreadable=%" PRIu64
		" stopped_by_set=%" PRIu64 " stopped_by_flow=%" PRIu64 " invalid=%" PRIu64 "\n",
		frames, n->packets[NFT_C_QUEUED], c->flows, c->allowed, c->monitored, c->dropped,
		c->rejected, c->apps[APP_TLS] + c->apps[APP_QUIC] + c->apps[APP_DTLS],
		c->apps[APP_HTTP] + c->apps[APP_HTTP2], c->apps[APP_DNS], c->anomalies,
		c->midstream, c->blind_bad,
		n->packets[NFT_C_DROP_SET], n->packets[NFT_C_DROP_MARK], n->packets[NFT_C_INVALID]);
}
