/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "agent/scan_path.h"

/* The destination connection id of a QUIC long header (RFC 9000 section 17.2). */
static struct slice quic_id(struct slice bytes)
{
	struct cur c = cur_of(bytes), id;

	cur_take(&c, 5);
	id = cur_sub8(&c);
	return cur_rest(&id);
}

/*
 * A hello that is sent again stands under the same connection id; after a Retry or another version
 * was asked for, it is a new one.
 */
static void quic(struct scan *s, struct scan_way *w, const struct facts *f, struct slice bytes)
{
	struct slice id = quic_id(bytes);

	if (id.n > SCAN_ID ||
	    (w->quic && id.n == w->quic_len && memcmp(id.p, w->quic_id, id.n) == 0))
		return;
	w->quic = true;
	w->quic_len = (uint8_t)id.n;
	memcpy(w->quic_id, id.p, id.n);
	scan_tell(s, w, f);
}

static void found(struct scan *s, struct scan_way *w, const struct facts *f, struct slice bytes)
{
	switch (f->app) {
	case APP_DNS:
	case APP_DTLS:
		scan_tell(s, w, f);
		break;
	case APP_QUIC:
		quic(s, w, f, bytes);
		break;
	default:
		scan_tell_once(s, w, f);
		break;
	}
}

/* The datagram waits for the next one, as dissect() wants those before. */
static void keep(struct scan_way *w, struct slice bytes)
{
	if (!w->bytes)
		w->bytes = malloc(SCAN_BYTES);
	if (!w->bytes || bytes.n > UINT16_MAX || bytes.n + 2 > SCAN_BYTES - w->n)
		return;
	w->bytes[w->n++] = (uint8_t)(bytes.n >> 8);
	w->bytes[w->n++] = (uint8_t)bytes.n;
	memcpy(w->bytes + w->n, bytes.p, bytes.n);
	w->n += bytes.n;
}

void scan_datagram(struct scan *s, struct scan_way *w, struct slice bytes)
{
	struct facts f = scan_facts(w);
	uint32_t tried = 0;

	dissect_text_init(&s->event.text);
	switch (dissect(&f, &s->event.text, &tried, IPPROTO_UDP, bytes,
			(struct slice){ w->bytes, w->n })) {
	case DISSECT_MORE:
		keep(w, bytes);
		return;
	case DISSECT_NOT_MINE:
		return;
	case DISSECT_BAD:
		if (!((f.known >> FACT_SNI | f.known >> FACT_QUERY) & 1))
			return;
		break;
	case DISSECT_DONE:
		break;
	}
	found(s, w, &f, bytes);
	w->n = 0;
}
