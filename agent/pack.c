/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/pack.h"

#include <stddef.h>
#include <string.h>

/* The texts of struct facts, in their order; what is before the first is copied as it is. */
#define TEXT(text, len) { offsetof(struct facts, text), offsetof(struct facts, len), \
			  sizeof(((struct facts *)0)->text) }
static const struct {
	size_t text, len, size;
} texts[] = {
	TEXT(sni, sni_len),	      TEXT(alpn, alpn_len),	   TEXT(host, host_len),
	TEXT(method, method_len),     TEXT(path, path_len),	   TEXT(user_agent, user_agent_len),
	TEXT(headers, headers_len),   TEXT(software, software_len), TEXT(query, query_len),
	TEXT(dns_name, dns_name_len),
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]), FACTS_HEAD = offsetof(struct facts, sni) };
enum { EVENT_HEAD = offsetof(struct event, hits), PART_JA3 = TEXT_N, PART_HEAD = 3 };

_Static_assert(EVENT_HEAD + sizeof(struct event_hit[DECISION_HITS]) + sizeof(struct facts) <=
		       PACK_EVENT_MAX,
	       "an event without its texts for the log always fits");

static uint8_t text_len(const struct facts *f, size_t i)
{
	return ((const uint8_t *)f)[texts[i].len];
}

size_t pack_facts_size(const struct facts *f)
{
	size_t n = FACTS_HEAD;

	for (size_t i = 0; i < TEXTS; i++)
		n += text_len(f, i);
	return n;
}

size_t pack_facts(uint8_t *to, const struct facts *f)
{
	size_t n = FACTS_HEAD;

	memcpy(to, f, FACTS_HEAD);
	for (size_t i = 0; i < TEXTS; i++) {
		memcpy(to + n, (const uint8_t *)f + texts[i].text, text_len(f, i));
		n += text_len(f, i);
	}
	return n;
}

static bool facts_ok(const struct facts *f)
{
	for (size_t i = 0; i < TEXTS; i++)
		if (text_len(f, i) > texts[i].size)
			return false;
	return f->app < APP_N && f->via < APP_N && !(f->known & f->absent) &&
	       memchr(f->ja4, 0, sizeof(f->ja4));
}

size_t unpack_facts(struct facts *f, const uint8_t *from, size_t n)
{
	struct cur c = cur_of((struct slice){ from, n });
	struct slice head = cur_take(&c, FACTS_HEAD);

	memset(f, 0, sizeof(*f));
	if (c.bad)
		return 0;
	memcpy(f, head.p, FACTS_HEAD);
	if (!facts_ok(f))
		return 0;
	for (size_t i = 0; i < TEXTS; i++) {
		struct slice text = cur_take(&c, text_len(f, i));

		memcpy((uint8_t *)f + texts[i].text, text.p, text.n);
	}
	return c.bad ? 0 : n - cur_left(&c);
}

/* A text for the log, behind its number and length; left out if there is no room. */
static size_t put_part(uint8_t *to, size_t room, uint8_t part, const char *text, size_t n)
{
	uint16_t len = (uint16_t)n;

	if (!n || n > UINT16_MAX || n + PART_HEAD > room)
		return 0;
	to[0] = part;
	memcpy(to + 1, &len, sizeof(len));
	memcpy(to + PART_HEAD, text, n);
	return n + PART_HEAD;
}

size_t pack_event(uint8_t *to, const struct event *ev)
{
	const struct dissect_text *t = &ev->text;
	size_t hits = ev->n_hits * sizeof(ev->hits[0]), n = EVENT_HEAD;

	memcpy(to, ev, EVENT_HEAD);
	memcpy(to + n, ev->hits, hits);
	n += hits;
	n += pack_facts(to + n, &ev->facts);
	n += put_part(to + n, PACK_EVENT_MAX - n, PART_JA3, t->ja3, t->ja3_len);
	for (int i = 0; i < TEXT_N; i++)
		n += put_part(to + n, PACK_EVENT_MAX - n, (uint8_t)i, t->parts + t->part[i].at,
			      t->part[i].n);
	return n;
}

static bool text_ok(const char *s, size_t size)
{
	return memchr(s, 0, size);
}

static bool head_ok(const struct event *ev)
{
	return ev->n_hits <= DECISION_HITS && ev->action < ACTION_N && ev->scope < SCOPE_N &&
	       text_ok(ev->rule, sizeof(ev->rule)) && text_ok(ev->list, sizeof(ev->list)) &&
	       text_ok(ev->attack, sizeof(ev->attack));
}

static bool hits_ok(const struct event *ev)
{
	for (const struct event_hit *h = ev->hits; h < ev->hits + ev->n_hits; h++)
		if (!text_ok(h->rule, sizeof(h->rule)) || !text_ok(h->list, sizeof(h->list)) ||
		    !text_ok(h->attack, sizeof(h->attack)) || h->action >= ACTION_N)
			return false;
	return true;
}

static bool take_part(struct dissect_text *t, struct cur *c)
{
	uint8_t part = cur_u8(c);
	struct slice bytes = cur_take(c, sizeof(uint16_t));
	uint16_t len = 0;

	memcpy(&len, bytes.p, bytes.n);
	bytes = cur_take(c, len);
	if (c->bad || part > PART_JA3)
		return false;
	if (part != PART_JA3) {
		dissect_put(t, (enum text_part)part, bytes);
		return true;
	}
	if (bytes.n > sizeof(t->ja3))
		return false;
	memcpy(t->ja3, bytes.p, bytes.n);
	t->ja3_len = (uint16_t)bytes.n;
	return true;
}

bool unpack_event(struct event *ev, const uint8_t *from, size_t n)
{
	struct cur c = cur_of((struct slice){ from, n });
	struct slice part = cur_take(&c, EVENT_HEAD);
	size_t facts;

	memset(ev, 0, offsetof(struct event, text));
	dissect_text_init(&ev->text);
	memcpy(ev, part.p, part.n);
	if (c.bad || !head_ok(ev))
		return false;
	part = cur_take(&c, ev->n_hits * sizeof(ev->hits[0]));
	memcpy(ev->hits, part.p, part.n);
	part = cur_rest(&c);
	facts = unpack_facts(&ev->facts, part.p, part.n);
	cur_take(&c, facts);
	if (c.bad || !facts || !hits_ok(ev))
		return false;
	while (cur_left(&c))
		if (!take_part(&ev->text, &c))
			return false;
	return true;
}
