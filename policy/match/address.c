/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "policy/match/kinds.h"

/* from, to, endpoint: who talks to whom. */

struct mac {
	uint8_t addr[6];
	uint32_t line;
};

struct from {
	struct match_sets sets;
	const struct mac *mac;
	uint32_t n_macs;
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* aa:bb:cc:dd:ee:ff; no IPv6 address has this form. */
static bool read_mac(uint8_t mac[6], const char *text)
{
	if (strlen(text) != 17)
		return false;
	for (int i = 0; i < 6; i++) {
		int high = hex(text[3 * i]), low = hex(text[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is_mac(const char *text)
{
	uint8_t mac[6];

	return read_mac(mac, text);
}

int from_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	static const uint8_t unknown[6];
	struct from *d = match_alloc(b, 1, sizeof *d);
	struct mac *mac = match_alloc(b, c->value.n, sizeof *mac);
	struct match_sets sets;
	uint32_t n = 0;
	int err = match_sets(&sets, b, c, LIST_ADDRESS, is_mac);

	for (size_t i = 0; i < c->value.n; i++) {
		struct mac one = { .line = (uint32_t)c->value.line[i] };

		if (!read_mac(one.addr, c->value.text[i]))
			continue;
		if (memcmp(one.addr, unknown, sizeof unknown) == 0)
			err = match_error(b, c->value.line[i],
					  "from: this MAC address is nobody's");
		if (mac)
			mac[n++] = one;
	}
	if (d)
		*d = (struct from){ sets, mac, n };
	*data = d;
	return err;
}

static bool find(const struct match_set *s, const uint8_t addr[16], struct evidence *ev)
{
	if (!addrset_find(&s->set->addr, &ev->line, addr))
		return false;
	ev->list = s->list;
	return true;
}

enum tri from_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct from *d = data;

	for (uint32_t i = 0; i < d->n_macs; i++)
		if (memcmp(d->mac[i].addr, f->mac, sizeof f->mac) == 0) {
			*ev = (struct evidence){ DECISION_NO_LIST, d->mac[i].line };
			return TRI_TRUE;
		}
	for (uint32_t i = 0; i < d->sets.n; i++)
		if (find(&d->sets.set[i], f->src, ev))
			return TRI_TRUE;
	return TRI_FALSE;
}

/*
 * A list says who is bad out there. For a flow from outside that is its source; a value in the
 * rule itself means what it says, the destination.
 */
static bool by_source(const struct match_set *s, const struct facts *f)
{
	return f->direction == DIR_IN && s->list != DECISION_NO_LIST;
}

int to_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct match_sets *d = match_alloc(b, 1, sizeof *d);
	struct match_sets sets;
	int err = match_sets(&sets, b, c, LIST_ADDRESS, NULL);

	if (d)
		*d = sets;
	*data = d;
	return err;
}

enum tri to_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct match_sets *d = data;

	for (uint32_t i = 0; i < d->n; i++)
		if (find(&d->set[i], by_source(&d->set[i], f) ? f->src : f->dst, ev))
			return TRI_TRUE;
	return TRI_FALSE;
}

int endpoint_compile(const void **data, struct match_build *b, const struct config_cond *c)
{
	struct match_sets *d = match_alloc(b, 1, sizeof *d);
	struct match_sets sets;
	int err = match_sets(&sets, b, c, LIST_ENDPOINT, NULL);

	if (d)
		*d = sets;
	*data = d;
	return err;
}

enum tri endpoint_test(const void *data, const struct facts *f, struct evidence *ev)
{
	const struct match_sets *d = data;

	for (uint32_t i = 0; i < d->n; i++) {
		const struct match_set *s = &d->set[i];
		bool src = by_source(s, f);

		if (epset_find(&s->set->ep, &ev->line, src ? f->src : f->dst,
			       src ? f->sport : f->dport)) {
			ev->list = s->list;
			return TRI_TRUE;
		}
	}
	return TRI_FALSE;
}
