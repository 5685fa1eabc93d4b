/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIST_H
#define LIST_H

#include "policy/config.h"

/*
 * Lists: text in, entries out through a callback, so that what they are compiled to is
 * not known here. Formats:
 *  plain    one entry a line; `#` and `;` begin comments; CRLF and a BOM are fine.
 *           address lists: address, address/prefix, first-last; endpoint lists: a.b.c.d:port,
 *           [v6]:port; domain lists: name or *.name; ja3, hassh: 32 hex digits; ja4: 36
 *           characters; service lists: the service, then one of its names: "maps *.maps.example".
 *           What follows an address or a fingerprint after a blank is not read (ipsum, Spamhaus).
 *  sslbl    CSV `md5,first seen,last seen,reason` (abuse.ch SSLBL); ja4 lists likewise
 *  onionoo  JSON of the Tor project's Onionoo `details` document: or_addresses are endpoints;
 *           an address list takes their addresses and exit_addresses. Up to 64 MiB.
 *
 * A file may be poisoned, so it is trusted less than what stands in the config: nets wider than
 * IPv4 /8 or IPv6 /19, 0.0.0.0/8, loopback, link-local, multicast and reserved addresses and
 * whole top-level domains are bad lines; private nets are skipped and counted.
 */
struct list_entry {
	enum list_type type;
	uint32_t line;		/* 1-based; JSON: the relay's place in `relays`, 1-based */
	uint8_t lo[16], hi[16];	/* ADDRESS: range, inclusive; ENDPOINT: lo = hi = the address */
	uint16_t port;		/* ENDPOINT */
	/* DOMAIN, SERVICE (lower case, without "*." and final dot), JA4; borrowed */
	const char *text;
	size_t len;
	bool suffix;		/* was "*.name": every name below it, not itself */
	const char *service;	/* SERVICE: its name, not NUL-terminated, of what was read */
	size_t service_len;
	uint8_t md5[16];	/* JA3, HASSH */
};

struct list_stats {
	uint32_t good, bad;
	uint32_t skipped;	/* private nets: RFC 1918, RFC 6598, RFC 4193 */
	uint32_t first_bad;	/* line, 0 = none */
	char first_bad_text[80]; /* printable part of it */
	char why[120];		/* what is wrong with it, or with the whole (-EINVAL) */
};

/* fn < 0 ends the reading with that value. */
typedef int list_fn(void *ctx, const struct list_entry *e);

/*
 * One value, as inline `entries` and rules have it. 0 or -EINVAL. Text in e lies in `buf` (256
 * bytes are enough). Host bits of a net are cleared; "::/0" and the like leave out ::/64, where
 * IPv4 lies.
 */
int list_value(struct list_entry *e, enum list_type type, char *buf, size_t buf_size,
	       const char *text);
/* What is wrong with it, for an error message; NULL: nothing. */
const char *list_value_why(enum list_type type, const char *text);

/*
 * Reads a whole list from memory. 0 even when lines are bad (see stats); -EINVAL when the
 * format is wrong as a whole (an HTML page, broken JSON); or what fn returned.
 */
int list_parse(struct list_stats *st, enum list_type type, const char *format, const char *data,
	       size_t len, list_fn *fn, void *ctx);

/*
 * Reads the file (bounded at 1 GiB) and parses it, or hands over the inline entries. Errors and
 * warnings go to `e`. 0 or -errno; on failure entries may have been handed out: forget them.
 * Refused: no entry at all, or more than 2 bad lines that are more than 5 % of all.
 */
int list_load(struct list_stats *st, struct errs *e, const struct config *c,
	      const struct config_list *l, list_fn *fn, void *ctx);

/*
 * Canonical host name: lower case, one final dot off, NUL-terminated if there is room. Length, or
 * -EINVAL if it is no name (or not in its A-label form, RFC 5890). "*.name" sets *suffix, which
 * may be NULL where that is not wanted.
 */
int list_domain(char *out, size_t size, const char *in, size_t len, bool *suffix);

const char *list_type_name(enum list_type t); /* "address", "ja3", ... */

#endif
