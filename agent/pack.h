/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACK_H
#define PACK_H

#include "agent/event.h"

/*
 * Facts and events without the empty ends of their texts: as the clerk keeps them with set
 * elements, and as they cross the pipe. Plain bytes of this build and this machine.
 */
enum { PACK_EVENT_MAX = 4096 /* PIPE_BUF: one write, whole or not at all */ };

/* Bytes needed for facts, at most sizeof(struct facts). */
size_t pack_facts_size(const struct facts *f);
/* Writes that many. */
size_t pack_facts(uint8_t *to, const struct facts *f);

/*
 * Writes at most PACK_EVENT_MAX bytes. Texts for the log that do not fit are left out, the JA3
 * string last of all.
 */
size_t pack_event(uint8_t *to, const struct event *ev);

/*
 * Both read hostile bytes (a worker may have been taken over): what comes out has lengths, enums,
 * counts and terminated texts in their ranges. Facts: bytes used, 0 if they are malformed; events:
 * false, also when bytes are left over.
 */
size_t unpack_facts(struct facts *f, const uint8_t *from, size_t n);
bool unpack_event(struct event *ev, const uint8_t *from, size_t n);

#endif
