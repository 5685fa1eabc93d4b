/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMTP, POP3, IMAP and FTP: lines of commands, and TLS behind the one that asks for it. The server
 * speaks first in all of them, so the client's first line is an answer, and more lines come only
 * when each is answered: as soon as one settles whose protocol this is, f->via says so, and
 * FACT_APP follows when a command has excluded TLS or the hello is read.
 */
#include "agent/dissect/mail.h"

#include <string.h>

enum {
	LINES_MAX = 8,	  /* no client says more before it logs in */
	FIRST_MAX = 512,  /* RFC 5321 section 4.5.3.1.4 */
	LINE_MAX = 2048,
	CERTAIN = 2,	  /* sum of weights that names a protocol without its port */
	HANDSHAKE = 0x16, /* TLS record; SSLv2: the high bit is set */
};

struct talk {
	struct facts *f;
	struct dissect_text *text;
	struct cur c;
	unsigned int can;    /* MAIL_* bits of those that have had all lines so far */
	unsigned int port;   /* the one that is registered for the port, or 0 */
	unsigned int weight, lines;
	enum app app;	     /* once it is settled */
	bool bare;	     /* a line ended in LF alone */
	bool ended;	     /* a line has excluded TLS */
	bool inside;	     /* what follows is not lines */
};

static unsigned int port_bits(uint16_t dport)
{
	switch (dport) {
	case 21: case 990: case 2121:
		return MAIL_FTP;
	case 24: case 25: case 465: case 587: case 2525:
		return MAIL_SMTP;
	case 110: case 995:
		return MAIL_POP3;
	case 143: case 993:
		return MAIL_IMAP;
	default:
		return 0;
	}
}

static enum app app_of(unsigned int bit)
{
	switch (bit) {
	case MAIL_SMTP:
		return APP_SMTP;
	case MAIL_POP3:
		return APP_POP3;
	case MAIL_FTP:
		return APP_FTP;
	case MAIL_IMAP:
		return APP_IMAP;
	default:
		return APP_UNKNOWN;
	}
}

/* The line and its end; MORE without a byte taken while there is no end. */
static enum dissect_result next_line(struct slice *line, struct talk *t)
{
	struct slice all = cur_rest(&t->c);
	size_t max = t->app ? LINE_MAX : FIRST_MAX, n = all.n < max ? all.n : max;
	const uint8_t *lf = n ? memchr(all.p, '\n', n) : NULL;

	if (!lf) {
		*line = (struct slice){ all.p, n };
		if (n == max)
			return DISSECT_BAD;
		if (mail_ends(*line, '\r'))
			line->n--;
		return DISSECT_MORE;
	}
	*line = cur_take(&t->c, (size_t)(lf - all.p));
	cur_u8(&t->c);
	if (mail_ends(*line, '\r'))
		line->n--;
	else
		t->bare = true;
	return DISSECT_DONE;
}

/* Bytes that no command has: the client has left the protocol that it claimed. */
static bool legal(struct slice line)
{
	struct cur c = cur_of(line);

	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if ((b < ' ' && b != '\t') || b == 0x7f)
			return false;
	}
	return true;
}

static enum dissect_result final(struct talk *t, enum dissect_result r)
{
	if (t->bare || r == DISSECT_BAD)
		t->f->anomalies |= ANOM_APP_BAD;
	if (!t->f->inner) /* nothing was carried in the end */
		t->f->via = 0;
	dissect_app(t->f, t->app);
	return r;
}

/* Takes a line in: true if it is known whose protocol this is. */
static bool settle(struct talk *t, struct mail_line is)
{
	unsigned int can = t->can & is.protocols;

	if (can)
		t->can = can;
	t->weight += is.weight;
	if (!t->weight)
		return false;
	if (t->can & t->port)
		t->can = t->port;
	else if (t->weight < CERTAIN)
		return false;
	else if (t->lines == LINES_MAX && t->can & MAIL_FTP)
		t->can = MAIL_FTP;
	t->app = app_of(t->can);
	return t->app != APP_UNKNOWN;
}

/* A server that refuses TLS gets more lines; else what follows is not ours to read. */
static bool goes_on(const struct cur *c)
{
	struct cur peek = *c;
	uint8_t b = cur_u8(&peek);

	return !peek.bad && b != HANDSHAKE && b < 0x80;
}

/* One line more. MORE: and another one. */
static enum dissect_result take_line(struct talk *t, struct slice line)
{
	struct mail_line is = mail_read(line);
	bool had = t->app;

	t->lines++;
	t->ended |= is.then == MAIL_END;
	if (!had && !(is.protocols & t->can))
		return DISSECT_NOT_MINE;
	if (!had && !settle(t, is))
		return t->lines == LINES_MAX ? DISSECT_NOT_MINE : DISSECT_MORE;
	if (!legal(line))
		return final(t, DISSECT_BAD);
	if (t->lines == LINES_MAX && !t->ended)
		t->f->anomalies |= ANOM_BUDGET; /* what it came for may follow */
	if (t->f->inner || t->ended || t->lines == LINES_MAX)
		return final(t, DISSECT_DONE);
	t->f->via = (uint8_t)t->app;
	if (t->bare)
		t->f->anomalies |= ANOM_APP_BAD;
	t->inside = is.then == MAIL_TLS && !goes_on(&t->c);
	return t->inside ? dissect_inner(t->f, t->text, t->app, cur_rest(&t->c)) : DISSECT_MORE;
}

enum dissect_result mail_dissect(struct facts *f, struct dissect_text *text, struct slice bytes)
{
	struct talk t = {
		.f = f,
		.text = text,
		.c = cur_of(bytes),
		.can = MAIL_SMTP | MAIL_POP3 | MAIL_FTP | MAIL_IMAP,
		.port = port_bits(f->dport),
	};
	enum dissect_result r = DISSECT_MORE;
	struct slice line;

	while (r == DISSECT_MORE && !t.inside && cur_left(&t.c)) {
		r = next_line(&line, &t);
		if (r == DISSECT_MORE) {
			if (t.app ? legal(line) : mail_viable(line))
				return DISSECT_MORE;
			r = DISSECT_BAD;
		}
		if (r == DISSECT_BAD)
			return t.app ? final(&t, DISSECT_BAD) : DISSECT_NOT_MINE;
		r = take_line(&t, line);
	}
	return r;
}
