/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HPACK_H
#define HPACK_H

#include <stdbool.h>

#include "agent/wire/cur.h"

/*
 * Header compression of HTTP/2 (RFC 7541), for the first header block of a connection: its table
 * of earlier fields begins empty. Nothing is ever thrown out of that table: an index that its owner
 * would refuse is read as what once was there.
 */
enum { HPACK_ENTRIES = 32 }; /* fields of the block that can be named again; later ones are empty */

struct hpack_text {
	struct slice s; /* borrows the block */
	bool huffman;
};

struct hpack_field {
	struct hpack_text name, value;
};

struct hpack {
	struct cur c;
	uint32_t inserted;
	struct hpack_field entries[HPACK_ENTRIES];
};

enum hpack_result { HPACK_FIELD, HPACK_END, HPACK_BAD };

void hpack_init(struct hpack *h, struct slice block);
enum hpack_result hpack_next(struct hpack *h, struct hpack_field *f);

/* The first `size` bytes into `to`, how many there are in all into *len. False: no legal coding. */
bool hpack_decode(char *to, size_t *len, size_t size, struct hpack_text t);

#endif
