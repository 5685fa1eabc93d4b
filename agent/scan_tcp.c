/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/scan_path.h"

enum {
	RECORD_HEAD = 5,
	RECORD_MAX = 16384 + 2048, /* TLSCiphertext, RFC 5246 section 6.2.3 */
};

/* --- what begins where --- */

/* The header of a record may still be on its way. */
static bool record_begins(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t type = cur_u8(&c);

	return s.n < RECORD_HEAD && type >= 20 && type <= 24;
}

/* Length of the TLS record that begins here, with its header; 0: none does. */
static size_t record(struct slice s)
{
	struct cur c = cur_of(s);
	uint8_t type = cur_u8(&c), major = cur_u8(&c), minor = cur_u8(&c);
	size_t n = cur_u16(&c);

	if (c.bad || type < 20 || type > 24 || major != 3 || minor > 4 || n > RECORD_MAX)
		return 0;
	return n + RECORD_HEAD;
}

/* A length of 16 bits at `at`, and `more` bytes that it does not count. */
static size_t counted(struct slice s, size_t at, size_t more)
{
	struct cur c = cur_of(s);

	cur_take(&c, at);
	return cur_u16(&c) + more;
}

/* Bytes of the message that was just read here; sets what may stand behind it. */
static size_t message(struct scan_way *w, const struct facts *f, struct slice bytes)
{
	size_t n = 0;

	w->place = SCAN_NEXT;
	switch (f->app) {
	case APP_TLS:
		n = record(bytes);
		break;
	case APP_HTTP:
		n = scan_http(w, bytes);
		break;
	case APP_DNS:
		n = counted(bytes, 0, 2);
		break;
	case APP_RDP: /* TPKT, RFC 2126 section 4.3 */
		n = counted(bytes, 2, 0);
		break;
	case APP_SOCKS:
		w->place = SCAN_START;
		break;
	case APP_SSH:
	case APP_HTTP2:
	case APP_BITTORRENT:
		w->place = SCAN_OVER;
		break;
	default:
		break;
	}
	return n ? n : w->n;
}

/* Behind the first message only what is sure of itself: few bytes of a body look like much. */
static enum dissect_result ask(struct scan *s, struct scan_way *w, struct facts *f,
			       struct slice bytes)
{
	struct dissect_text *t = &s->event.text;
	enum dissect_result r;

	*f = scan_facts(w);
	dissect_text_init(t);
	if (w->place == SCAN_START)
		return dissect(f, t, &w->tried, IPPROTO_TCP, bytes, (struct slice){ NULL, 0 });
	r = tls_dissect(f, t, bytes);
	if (r == DISSECT_NOT_MINE && !w->server)
		r = http_dissect(f, t, bytes);
	if (r == DISSECT_NOT_MINE && w->last == APP_DNS)
		r = dns_tcp_dissect(f, t, bytes);
	return r;
}

/* --- reading on --- */

static void drop_front(struct scan_way *w, size_t n)
{
	size_t here = n < w->n ? n : w->n;
	unsigned int kept = 0;

	if (here)
		memmove(w->bytes, w->bytes + here, w->n - here);
	w->n -= here;
	w->skip = n - here;
	for (unsigned int i = 0; i < w->n_edges; i++)
		if (w->edge[i] > here)
			w->edge[kept++] = (uint16_t)(w->edge[i] - here);
	w->n_edges = kept;
	w->tried = 0;
}

static void found(struct scan *s, struct scan_way *w, const struct facts *f)
{
	switch (f->app) {
	case APP_TLS:
	case APP_HTTP:
	case APP_HTTP2:
	case APP_DNS:
	case APP_RDP:
	case APP_BITTORRENT:
		scan_tell(s, w, f);
		break;
	case APP_SSH:
		if (!w->server)
			scan_ssh_hold(s, w, f, true);
		break;
	default:
		scan_tell_once(s, w, f);
		break;
	}
}

/* What is broken may have said whom it asks for. */
static bool named(const struct facts *f)
{
	return (f->known >> FACT_SNI | f->known >> FACT_HOST | f->known >> FACT_QUERY) & 1;
}

/* Nothing that we know begins here: on behind a record of TLS, or where the next segment begins. */
static bool pass_by(struct scan_way *w, struct slice bytes)
{
	size_t n = record(bytes);

	if (record_begins(bytes))
		return false;
	w->place = SCAN_NEXT;
	drop_front(w, n ? n : w->n_edges ? w->edge[0] : w->n);
	return true;
}

/* False: more bytes are needed. */
static bool read_one(struct scan *s, struct scan_way *w)
{
	struct slice bytes = { w->bytes, w->n };
	struct facts f;
	size_t n;

	if (w->place == SCAN_CHUNK || w->place == SCAN_TRAILER) {
		n = scan_chunk(w, bytes);
		drop_front(w, n);
		return n;
	}
	if (w->server && !w->banner_len && w->place == SCAN_START)
		scan_ssh_banner(s, w, bytes);
	switch (ask(s, w, &f, bytes)) {
	case DISSECT_MORE:
		return w->n == SCAN_BYTES && pass_by(w, bytes);
	case DISSECT_NOT_MINE:
		return pass_by(w, bytes);
	case DISSECT_BAD:
		if (named(&f))
			found(s, w, &f);
		return pass_by(w, bytes);
	case DISSECT_DONE:
		break;
	}
	found(s, w, &f);
	n = message(w, &f, bytes);
	w->last = f.app;
	drop_front(w, n);
	return true;
}

static void append(struct scan_way *w, struct slice part)
{
	if (w->n && w->n_edges < SCAN_EDGES)
		w->edge[w->n_edges++] = (uint16_t)w->n;
	memcpy(w->bytes + w->n, part.p, part.n);
	w->n += part.n;
}

static void take(struct scan *s, struct scan_way *w, struct slice bytes)
{
	struct cur c = cur_of(bytes);

	w->next += (uint32_t)bytes.n;
	while (cur_left(&c) && w->place != SCAN_OVER) {
		size_t room = SCAN_BYTES - w->n;

		if (w->skip) {
			size_t n = w->skip < cur_left(&c) ? w->skip : cur_left(&c);
			cur_take(&c, n);
			w->skip -= n;
			continue;
		}
		if (!w->bytes)
			w->bytes = malloc(SCAN_BYTES);
		if (!w->bytes)
			return;
		append(w, cur_take(&c, room < cur_left(&c) ? room : cur_left(&c)));
		while (w->n && w->place != SCAN_OVER)
			if (!read_one(s, w))
				break;
	}
}

/* --- segments in order --- */

/* The part of a segment that is new, if it goes on where we are. */
static bool take_segment(struct scan *s, struct scan_way *w, uint32_t seq, struct slice bytes)
{
	uint32_t old = w->next - seq;
	struct cur c = cur_of(bytes);

	if (old > 1u << 30)
		return false;
	if (old >= bytes.n)
		return true;
	cur_take(&c, old);
	take(s, w, cur_rest(&c));
	return true;
}

static void drop_waiting(struct scan_way *w, unsigned int i)
{
	free(w->waiting[i].bytes);
	w->waiting[i] = w->waiting[--w->n_waiting];
}

static void take_waiting(struct scan *s, struct scan_way *w)
{
	for (unsigned int i = 0; i < w->n_waiting;) {
		struct slice bytes = { w->waiting[i].bytes, w->waiting[i].n };

		if (take_segment(s, w, w->waiting[i].seq, bytes)) {
			drop_waiting(w, i);
			i = 0;
		} else {
			i++;
		}
	}
}

/* The capture lacks something: reading begins anew at the next bytes that are there. */
static void give_up_hole(struct scan *s, struct scan_way *w)
{
	uint32_t best = w->waiting[0].seq;

	for (unsigned int i = 1; i < w->n_waiting; i++)
		if (w->waiting[i].seq - w->next < best - w->next)
			best = w->waiting[i].seq;
	if (w->place != SCAN_OVER)
		w->place = SCAN_NEXT;
	w->last = APP_UNKNOWN; /* where a message of its kind would begin is not known any more */
	drop_front(w, w->n);
	w->next = best;
	take_waiting(s, w);
}

static void wait(struct scan *s, struct scan_way *w, uint32_t seq, struct slice bytes)
{
	struct scan_waiting *to;

	if (w->n_waiting == SCAN_WAITING)
		give_up_hole(s, w);
	if (w->n_waiting == SCAN_WAITING || bytes.n > UINT16_MAX)
		return;
	to = &w->waiting[w->n_waiting];
	to->bytes = malloc(bytes.n);
	if (!to->bytes)
		return;
	memcpy(to->bytes, bytes.p, bytes.n);
	to->n = bytes.n;
	to->seq = seq;
	w->n_waiting++;
}

/* An SSH client may have sent its banner and nothing else; that is told all the same. */
static void tell_rest(struct scan *s, struct scan_way *w)
{
	struct facts f;

	if (w->place != SCAN_START || !w->n)
		return;
	w->tried = 0;
	if (ask(s, w, &f, (struct slice){ w->bytes, w->n }) == DISSECT_MORE &&
	    facts_state(&f, FACT_APP) == FACT_KNOWN)
		found(s, w, &f);
}

void scan_tcp_end(struct scan *s, struct scan_way *w)
{
	while (w->n_waiting)
		give_up_hole(s, w);
	if (w->key.proto == IPPROTO_TCP)
		tell_rest(s, w);
	scan_ssh_end(s, w);
	w->n_edges = 0;
	w->n = w->skip = 0;
	w->begun = false;
	w->banner_len = 0;
	w->n_told = w->n_found = 0;
	w->apps = w->tried = 0;
	w->place = SCAN_START;
	w->last = APP_UNKNOWN;
}

void scan_segment(struct scan *s, struct scan_way *w, const struct packet *p)
{
	bool syn = p->flags & PACKET_SYN;
	uint32_t seq = p->seq + syn;

	if (syn && w->begun && w->isn != p->seq)
		scan_tcp_end(s, w);
	if (syn)
		w->server = p->flags & PACKET_ACK;
	if (!w->begun) {
		w->begun = true;
		w->isn = seq - 1;
		w->next = seq;
	}
	if (!p->payload.n)
		return;
	if (take_segment(s, w, seq, p->payload))
		take_waiting(s, w);
	else
		wait(s, w, seq, p->payload);
}
