/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/http.h"

#include <string.h>

/*
 * Facts are told when the head is whole, all at once, so that no verdict and no log line depends
 * on how it was cut into segments. Names are read wherever some receiver reads them; what is wrong
 * with the request is an anomaly. BAD, with the same facts: another version than 1.x, neither
 * version nor fields (HTTP/0.9), or more than HTTP_HEAD_MAX without an end.
 *
 * The outermost request has the say: inside a tunnel only what is still open is told.
 */

/* RFC 9112 section 3.2 */
struct target {
	struct slice authority; /* empty: there is none */
	struct slice path;	/* without scheme and authority; empty: there is none */
	bool odd;		/* none of the four forms, or not with this method */
};

static const uint32_t http_facts = 1u << FACT_HOST | 1u << FACT_METHOD | 1u << FACT_PATH |
				   1u << FACT_USER_AGENT | 1u << FACT_HEADERS;

static bool scheme_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
	       b == '+' || b == '-' || b == '.';
}

/* RFC 3986 section 3.1: takes "scheme://", or nothing. */
static bool take_scheme(struct cur *c)
{
	struct cur k = *c;
	size_t n = 0;

	while (cur_left(&k)) {
		uint8_t b = cur_u8(&k);

		if (b == ':')
			break;
		if (!scheme_byte(b))
			return false;
		n++;
	}
	if (!n || !http_exact(cur_take(&k, 2), "//"))
		return false;
	*c = k;
	return true;
}

static struct slice take_authority(struct cur *c)
{
	struct cur k = *c;
	size_t n = 0;

	while (cur_left(&k)) {
		uint8_t b = cur_u8(&k);

		if (b == '/' || b == '?' || b == '#')
			break;
		n++;
	}
	return cur_take(c, n);
}

static void take_target(struct target *t, const struct http_head *h)
{
	struct cur c = cur_of(h->target), first = c;
	bool connect = http_exact(h->method, "CONNECT");

	*t = (struct target){ .path = h->target };
	if (cur_u8(&first) == '/') {
		t->odd = connect;
	} else if (take_scheme(&c)) {
		t->authority = take_authority(&c);
		t->path = cur_rest(&c);
		if (!t->path.n) /* RFC 9110 section 4.2.3 */
			t->path = (struct slice){ (const uint8_t *)"/", 1 };
		t->odd = connect;
	} else if (connect) {
		t->authority = h->target;
		t->path.n = 0;
	} else {
		t->odd = !http_exact(h->target, "*") ||
			 !(http_exact(h->method, "OPTIONS") || http_exact(h->method, "NOTIFY") ||
			   http_exact(h->method, "M-SEARCH"));
	}
}

/* RFC 9112 section 3.2, RFC 9110 section 7.2 */
static uint32_t host_anomalies(const struct http_head *h, const struct target *t,
			       const struct http_authority *to, const struct http_authority *host)
{
	bool connect = http_exact(h->method, "CONNECT");

	if (h->hosts > 1 || (h->hosts && !host->legal))
		return ANOM_HTTP_HOST;
	if (h->version && h->minor && !h->hosts && h->whole)
		return ANOM_HTTP_HOST;
	if (!t->authority.n)
		return 0;
	if (!to->legal || (connect && !to->port.n))
		return ANOM_HTTP_HOST;
	return h->hosts && !http_host_same(to->host, host->host) ? ANOM_HTTP_HOST : 0;
}

static bool open_fact(const struct facts *f, enum fact id)
{
	return !f->inner || facts_state(f, id) == FACT_PENDING;
}

static void tell_text(struct facts *f, enum fact id, uint8_t cut, bool whole)
{
	f->cut = (uint8_t)(whole ? f->cut & ~cut : f->cut | cut);
	facts_know(f, id);
}

static void tell_host(struct facts *f, const struct http_authority *a)
{
	struct slice known = { (const uint8_t *)f->host, f->host_len };
	struct http_authority k;

	if (open_fact(f, FACT_HOST)) {
		http_host_tell(f, a->host);
		return;
	}
	/* the tunnel was asked for under a name, and another is asked for inside */
	http_authority(&k, known);
	if (facts_state(f, FACT_HOST) == FACT_KNOWN && !k.literal && a->host.n &&
	    !http_host_same(a->host, known))
		f->anomalies |= ANOM_HTTP_HOST;
}

static void put(const struct facts *f, struct dissect_text *text, enum text_part part,
		struct slice s)
{
	if (!f->inner || f->via != APP_HTTP)
		dissect_put(text, part, s);
}

static void tell(struct facts *f, struct dissect_text *text, const struct http_head *h)
{
	struct http_authority to, host;
	struct target t;

	take_target(&t, h);
	http_authority(&to, t.authority);
	http_authority(&host, h->host);
	f->anomalies |= h->anomalies | host_anomalies(h, &t, &to, &host);
	if (t.odd)
		f->anomalies |= ANOM_HTTP_BAD;
	if (open_fact(f, FACT_METHOD))
		tell_text(f, FACT_METHOD, FACTS_CUT_METHOD,
			  facts_text(f->method, &f->method_len, sizeof f->method, h->method.p,
				     h->method.n));
	if (t.path.n && open_fact(f, FACT_PATH))
		tell_text(f, FACT_PATH, FACTS_CUT_PATH,
			  facts_text(f->path, &f->path_len, sizeof f->path, t.path.p, t.path.n) &&
			  !h->cut);
	if (h->agents && open_fact(f, FACT_USER_AGENT))
		tell_text(f, FACT_USER_AGENT, FACTS_CUT_USER_AGENT,
			  facts_text(f->user_agent, &f->user_agent_len, sizeof f->user_agent,
				     h->agent.p, h->agent.n));
	if (open_fact(f, FACT_HEADERS)) {
		memcpy(f->headers, h->names, h->names_len);
		f->headers_len = h->names_len;
		tell_text(f, FACT_HEADERS, FACTS_CUT_HEADERS, !h->names_cut);
	}
	tell_host(f, t.authority.n ? &to : &host);
	put(f, text, TEXT_URL, h->target);
	put(f, text, TEXT_USER_AGENT, h->agent);
	put(f, text, TEXT_HOST, h->hosts ? h->host : t.authority);
	f->absent |= http_facts & ~f->known;
}

static enum dissect_result final(struct facts *f, enum dissect_result r)
{
	if (!f->inner)
		f->via = 0;
	dissect_app(f, APP_HTTP);
	return r;
}

/* No end yet. If none comes, the flow was HTTP all the same: see dissect_settle(). */
static enum dissect_result unfinished(struct facts *f, struct dissect_text *text,
				      const struct http_head *h, size_t n)
{
	if (n < HTTP_HEAD_MAX) {
		if (h->claimed && !h->cut && !f->inner)
			f->via = APP_HTTP;
		return DISSECT_MORE;
	}
	f->anomalies |= ANOM_BUDGET;
	if (!h->claimed)
		return DISSECT_NOT_MINE;
	tell(f, text, h);
	return final(f, DISSECT_BAD);
}

enum dissect_result http_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct http_head h;
	enum dissect_result r;

	r = http_head(&h, cur_take(&c, bytes.n < HTTP_HEAD_MAX ? bytes.n : HTTP_HEAD_MAX));
	if (r == DISSECT_NOT_MINE)
		return r;
	if (r == DISSECT_MORE)
		return unfinished(f, text, &h, bytes.n);
	tell(f, text, &h);
	if (!h.version && (!h.no_version || !h.fields))
		return final(f, DISSECT_BAD);
	if (http_exact(h.method, "CONNECT")) {
		c = cur_of(bytes);
		cur_take(&c, h.size);
		r = dissect_inner(f, text, APP_HTTP, cur_rest(&c));
		if (r != DISSECT_NOT_MINE)
			return r;
	}
	return final(f, DISSECT_DONE);
}
