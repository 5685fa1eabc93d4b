/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "agent/scan_path.h"

static void tell(struct scan *s, struct scan_way *w)
{
	struct scan_way *back = scan_back(s, w);
	struct scan_ssh *held = w->ssh;
	uint64_t wall = s->wall, now = s->now;

	if (!held)
		return;
	w->ssh = NULL;
	s->wall = held->wall;
	s->now = held->now;
	s->event.text = held->text;
	if (back && back->banner_len)
		dissect_put(&s->event.text, TEXT_SERVER,
			    (struct slice){ (const uint8_t *)back->banner, back->banner_len });
	scan_tell(s, w, &held->facts);
	free(held);
	s->wall = wall;
	s->now = now;
}

static void tell_whole(struct scan *s, struct scan_way *w)
{
	const struct scan_way *back = scan_back(s, w);

	if (w->ssh && w->ssh->whole && back && back->banner_len)
		tell(s, w);
}

void scan_ssh_hold(struct scan *s, struct scan_way *w, const struct facts *f, bool whole)
{
	if (w->apps >> APP_SSH & 1)
		return;
	if (!w->ssh) {
		w->ssh = malloc(sizeof *w->ssh);
		if (!w->ssh)
			return;
		*w->ssh = (struct scan_ssh){ .wall = s->wall, .now = s->now };
	} else if (w->ssh->whole) {
		return;
	}
	w->ssh->whole = whole;
	w->ssh->facts = *f;
	w->ssh->text = s->event.text;
	tell_whole(s, w);
}

static bool ends(struct slice s, uint8_t b)
{
	struct cur c = cur_of(s);

	if (!s.n)
		return false;
	cur_take(&c, s.n - 1);
	return cur_u8(&c) == b;
}

/* As the client's is told: up to a NUL, without blanks at the end. */
static struct slice trim(struct slice line)
{
	const uint8_t *nul = memchr(line.p, 0, line.n);

	if (nul)
		line.n = (size_t)(nul - line.p);
	while (ends(line, ' '))
		line.n--;
	return line;
}

/*
 * The line that begins with "SSH-" (RFC 4253 section 4.2), if it is whole: a server may send others
 * before.
 */
void scan_ssh_banner(struct scan *s, struct scan_way *w, struct slice bytes)
{
	struct scan_way *back = scan_back(s, w);
	struct cur c = cur_of(bytes);

	while (cur_left(&c) && !w->banner_len) {
		struct slice rest = cur_rest(&c);
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		struct slice line;

		if (!end)
			return;
		line = cur_take(&c, (size_t)(end - rest.p));
		cur_u8(&c);
		if (ends(line, '\r'))
			line.n--;
		if (line.n < 8 || line.n > SCAN_BANNER || memcmp(line.p, "SSH-", 4) != 0)
			continue;
		line = trim(line);
		memcpy(w->banner, line.p, line.n);
		w->banner_len = (uint8_t)line.n;
	}
	if (w->banner_len && back)
		tell_whole(s, back);
}

/* Of some connections the server's side alone was seen. */
static void tell_server(struct scan *s, struct scan_way *client, const struct scan_way *server)
{
	struct facts f;

	if (!client || !server || !server->server || !server->banner_len || client->ssh ||
	    client->apps >> APP_SSH & 1)
		return;
	f = scan_facts(client);
	dissect_app(&f, APP_SSH);
	dissect_text_init(&s->event.text);
	scan_ssh_hold(s, client, &f, true);
}

void scan_ssh_end(struct scan *s, struct scan_way *w)
{
	struct scan_way *back = scan_back(s, w);

	tell(s, w);
	tell_server(s, w, back);
	tell_server(s, back, w);
}
