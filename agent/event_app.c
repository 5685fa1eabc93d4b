/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "agent/event_record.h"
#include "policy/rrtype.h"

static bool known(const struct event *ev, enum fact id)
{
	return facts_state(&ev->facts, id) == FACT_KNOWN;
}

static bool is_app(const struct event *ev, enum app a)
{
	return known(ev, FACT_APP) && ev->facts.app == a;
}

/* The whole text where it was kept, else what policy knows of it. */
static void event_long(struct json *j, const char *key, const struct event *ev, enum text_part part,
		       int lean, const char *text, size_t n)
{
	const struct dissect_text *t = &ev->text;

	if (t->part[part].n && !lean)
		json_bytes(j, key, t->parts + t->part[part].at, t->part[part].n);
	else
		json_bytes(j, key, text, n);
}

static void event_hex(char hex[33], const uint8_t md5[16])
{
	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", md5[i]);
}

/* Suricata's spelling (app-layer-ssl.c). */
static void event_tls_version(struct json *j, uint16_t version)
{
	static const char *const names[] = { "SSLv3", "TLSv1", "TLS 1.1", "TLS 1.2", "TLS 1.3" };

	if (version >= 0x0300 && version <= 0x0304)
		json_str(j, "version", names[version - 0x0300]);
	else if (version == 0x0002)
		json_str(j, "version", "SSLv2");
	else
		json_str(j, "version", "UNDETERMINED");
}

static void event_alpns(struct json *j, const struct facts *f)
{
	struct cur c = cur_of((struct slice){ f->alpn, f->alpn_len });

	if (facts_state(f, FACT_ALPN) != FACT_KNOWN || !f->alpn_len)
		return;
	json_open(j, "client_alpns", '[');
	while (cur_left(&c)) {
		struct cur one = cur_sub8(&c);
		struct slice name = cur_rest(&one);

		if (!c.bad)
			json_bytes(j, NULL, name.p, name.n);
	}
	json_close(j, ']');
}

static void event_ja3(struct json *j, const struct event *ev, int lean)
{
	char hex[33];

	if (facts_state(&ev->facts, FACT_JA3) != FACT_KNOWN)
		return;
	event_hex(hex, ev->facts.ja3);
	json_open(j, "ja3", '{');
	json_str(j, "hash", hex);
	if (ev->text.ja3_len && !lean)
		json_bytes(j, "string", ev->text.ja3, ev->text.ja3_len);
	json_close(j, '}');
}

static bool has_tls(const struct event *ev)
{
	return !is_app(ev, APP_QUIC) && (is_app(ev, APP_TLS) || is_app(ev, APP_DTLS) ||
					 known(ev, FACT_SNI) || known(ev, FACT_TLS_VERSION));
}

static void event_tls(struct json *j, const struct event *ev, int lean)
{
	const struct facts *f = &ev->facts;

	if (known(ev, FACT_SNI))
		json_bytes(j, "sni", f->sni, f->sni_len);
	if (known(ev, FACT_TLS_VERSION))
		event_tls_version(j, f->tls_version);
	if (lean < EVENT_NAMES)
		event_alpns(j, f);
	event_ja3(j, ev, lean);
	if (known(ev, FACT_JA4))
		event_text(j, "ja4", f->ja4, sizeof(f->ja4));
}

static bool has_quic(const struct event *ev)
{
	return is_app(ev, APP_QUIC);
}

static void event_quic(struct json *j, const struct event *ev, int lean)
{
	const struct facts *f = &ev->facts;

	if (known(ev, FACT_QUIC_VERSION)) {
		if (f->quic_version == 1)
			json_str(j, "version", "1");
		else if (f->quic_version == 0x6b3343cf)
			json_str(j, "version", "2");
		else
			json_fmt(j, "version", "0x%08" PRIx32, f->quic_version);
	}
	if (known(ev, FACT_SNI))
		json_bytes(j, "sni", f->sni, f->sni_len);
	event_ja3(j, ev, lean);
	if (known(ev, FACT_JA4))
		event_text(j, "ja4", f->ja4, sizeof(f->ja4));
}

static bool has_http(const struct event *ev)
{
	return known(ev, FACT_METHOD) || is_app(ev, APP_HTTP) || is_app(ev, APP_HTTP2);
}

static void event_http(struct json *j, const struct event *ev, int lean)
{
	const struct facts *f = &ev->facts;

	if (known(ev, FACT_HOST))
		json_bytes(j, "hostname", f->host, f->host_len);
	if (known(ev, FACT_METHOD))
		json_bytes(j, "http_method", f->method, f->method_len);
	if (lean >= EVENT_NAMES)
		return;
	if (known(ev, FACT_PATH) || ev->text.part[TEXT_URL].n)
		event_long(j, "url", ev, TEXT_URL, lean, f->path, f->path_len);
	if (known(ev, FACT_USER_AGENT))
		event_long(j, "http_user_agent", ev, TEXT_USER_AGENT, lean, f->user_agent,
			   f->user_agent_len);
	if (is_app(ev, APP_HTTP2))
		json_str(j, "version", "2");
}

static bool has_ssh(const struct event *ev)
{
	return is_app(ev, APP_SSH);
}

/* "SSH-2.0-software comments": the version stands between the first two dashes (RFC 4253 4.2). */
static void event_banner(struct json *j, const char *banner, size_t n)
{
	struct cur c = cur_of((struct slice){ (const uint8_t *)banner, n });
	char version[8];
	size_t len = 0;

	cur_take(&c, 4);
	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);
		struct slice rest = cur_rest(&c);

		if (b == '-') {
			json_bytes(j, "proto_version", version, len);
			json_bytes(j, "software_version", rest.p, rest.n);
			return;
		}
		if (len < sizeof(version))
			version[len++] = (char)b;
	}
}

static void event_ssh(struct json *j, const struct event *ev, int lean)
{
	const struct dissect_text *t = &ev->text;
	const struct facts *f = &ev->facts;
	char hex[33];

	json_open(j, "client", '{');
	if (t->part[TEXT_CLIENT].n && !lean)
		event_banner(j, t->parts + t->part[TEXT_CLIENT].at, t->part[TEXT_CLIENT].n);
	else if (known(ev, FACT_SSH_SOFTWARE))
		json_bytes(j, "software_version", f->software, f->software_len);
	if (known(ev, FACT_HASSH)) {
		event_hex(hex, f->hassh);
		json_open(j, "hassh", '{');
		json_str(j, "hash", hex);
		if (t->part[TEXT_HASSH].n && !lean)
			event_long(j, "string", ev, TEXT_HASSH, lean, "", 0);
		json_close(j, '}');
	}
	json_close(j, '}');
	if (t->part[TEXT_SERVER].n && !lean) {
		json_open(j, "server", '{');
		event_banner(j, t->parts + t->part[TEXT_SERVER].at, t->part[TEXT_SERVER].n);
		json_close(j, '}');
	}
}

static bool has_dns(const struct event *ev)
{
	return known(ev, FACT_QUERY);
}

/* Names are bytes: what is not printable ASCII is written as \xNN. */
static void event_name(struct json *j, const char *key, const char *name, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	char text[FACTS_NAME_MAX * 4];
	size_t at = 0;

	for (size_t i = 0; i < n && at + 4 <= sizeof(text); i++) {
		uint8_t b = (uint8_t)name[i];

		if (b > 0x20 && b < 0x7f) {
			text[at++] = (char)b;
			continue;
		}
		text[at++] = '\\';
		text[at++] = 'x';
		text[at++] = digit[b >> 4];
		text[at++] = digit[b & 15];
	}
	json_bytes(j, key, text, at);
}

/* Suricata's version 3 of the object: questions stand in a list. */
static void event_dns(struct json *j, const struct event *ev, int lean)
{
	const struct facts *f = &ev->facts;
	const char *type = rrtype_name(f->query_type);

	(void)lean;
	json_u64(j, "version", 3);
	json_str(j, "type", "request");
	json_u64(j, "id", f->query_id);
	json_open(j, "queries", '[');
	json_open(j, NULL, '{');
	event_name(j, "rrname", f->query, f->query_len);
	if (known(ev, FACT_QUERY_TYPE)) {
		if (type)
			json_str(j, "rrtype", type);
		else
			json_fmt(j, "rrtype", "TYPE%u", f->query_type);
	}
	json_close(j, '}');
	json_close(j, ']');
}

static bool has_rdp(const struct event *ev)
{
	return is_app(ev, APP_RDP);
}

static void event_rdp(struct json *j, const struct event *ev, int lean)
{
	json_str(j, "event_type", "initial_request");
	if (ev->text.part[TEXT_COOKIE].n && !lean)
		event_long(j, "cookie", ev, TEXT_COOKIE, lean, "", 0);
}

/* Protocols that the schema has no object for: told when every message is asked for. */
static bool has_other(const struct event *ev)
{
	return known(ev, FACT_APP) && !has_tls(ev) && !has_quic(ev) && !has_http(ev) &&
	       !has_ssh(ev) && !has_dns(ev) && !has_rdp(ev);
}

struct event_app {
	const char *type; /* NULL: the protocol's name, and no object */
	uint32_t record;
	bool (*has)(const struct event *ev);
	void (*write)(struct json *j, const struct event *ev, int lean);
};

static const struct event_app apps[] = {
	{ "http", EVENT_REC_HTTP, has_http, event_http },
	{ "tls", EVENT_REC_TLS, has_tls, event_tls },
	{ "quic", EVENT_REC_TLS, has_quic, event_quic },
	{ "dns", EVENT_REC_DNS, has_dns, event_dns },
	{ "ssh", EVENT_REC_SSH, has_ssh, event_ssh },
	{ "rdp", EVENT_REC_RDP, has_rdp, event_rdp },
	{ NULL, EVENT_REC_OTHER, has_other, NULL },
};
enum { APPS = sizeof(apps) / sizeof(apps[0]) };

uint32_t event_records(const struct config *c)
{
	return (c->log.tls ? EVENT_REC_TLS : 0u) | (c->log.http ? EVENT_REC_HTTP : 0u) |
	       (c->log.dns ? EVENT_REC_DNS : 0u) | (c->log.ssh ? EVENT_REC_SSH : 0u) |
	       (c->log.rdp ? EVENT_REC_RDP : 0u);
}

const struct event_app *event_app_next(const struct event_app *a, const struct event *ev,
				       const struct event_opts *o)
{
	for (a = a ? a + 1 : apps; a < apps + APPS; a++)
		if (o->records & a->record && a->has(ev))
			return a;
	return NULL;
}

const char *event_app_type(const struct event *ev, const struct event_app *a)
{
	return a->type ? a->type : facts_app_name((enum app)ev->facts.app);
}

void event_app_object(struct json *j, const struct event *ev, const struct event_app *a, int lean)
{
	if (!a->write)
		return;
	json_open(j, a->type, '{');
	a->write(j, ev, lean);
	json_close(j, '}');
}

void event_apps(struct json *j, const struct event *ev, int lean)
{
	for (const struct event_app *a = apps; a < apps + APPS && lean < EVENT_BARE; a++)
		if (a->has(ev))
			event_app_object(j, ev, a, lean);
}

void event_facts(struct json *j, const struct facts *f)
{
	if (facts_state(f, FACT_ECH) == FACT_KNOWN && f->ech)
		json_flag(j, "ech", true);
	if (facts_state(f, FACT_RESOLVED) == FACT_KNOWN)
		json_flag(j, "resolved", f->resolved);
	if (facts_state(f, FACT_DNS_NAME) == FACT_KNOWN)
		event_name(j, "dns_name", f->dns_name, f->dns_name_len);
	if (facts_state(f, FACT_CONFORMS) == FACT_KNOWN)
		json_flag(j, "conforms", f->conforms);
	if (facts_state(f, FACT_ENTROPY) == FACT_KNOWN)
		json_str(j, "entropy", f->entropy ? "high" : "low");
	if (facts_state(f, FACT_ICMP_SIZE) == FACT_KNOWN)
		json_u64(j, "icmp_size", f->icmp_size);
}

void event_app_counts(struct json *j, const struct event_counts *sum)
{
	for (int i = APP_UNKNOWN + 1; i < APP_N; i++)
		if (sum->apps[i] || i == APP_TLS)
			json_u64(j, facts_app_name((enum app)i), sum->apps[i]);
}
