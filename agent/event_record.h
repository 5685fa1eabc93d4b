/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EVENT_RECORD_H
#define EVENT_RECORD_H

#include "agent/event.h"
#include "agent/json.h"

/* Shared by event.c and event_app.c alone. */

/* One event being written: the records it makes stand one after another in the buffer. */
struct writer {
	char *buf;
	size_t size, n;
	bool full;
	const struct event *ev;
	const struct outcome *out;
	const struct event_opts *o;
};

/* How short a record is: all texts, those that policy knows, names only, what it is about alone. */
enum { EVENT_FULL, EVENT_SHORT, EVENT_NAMES, EVENT_BARE };

/* An event comes from the process that reads hostile bytes: its texts may lack their end. */
void event_text(struct json *j, const char *key, const char *text, size_t size);
/* Opens the record: what each begins with. */
void event_common(struct json *j, const struct writer *w, const char *type);

/* One kind of first message and its object in a record; in event_app.c. */
struct event_app;

/* The next kind after `a` (NULL: the first) that the event tells of and `o` asks for; or NULL. */
const struct event_app *event_app_next(const struct event_app *a, const struct event *ev,
				       const struct event_opts *o);
/* Its event_type, and the object of that name. */
const char *event_app_type(const struct event *ev, const struct event_app *a);
void event_app_object(struct json *j, const struct event *ev, const struct event_app *a, int lean);
/* The objects of all kinds that the facts tell of, for an alert. */
void event_apps(struct json *j, const struct event *ev, int lean);
/* Facts that have no place elsewhere in the schema, for alert.context. */
void event_facts(struct json *j, const struct facts *f);
/* stats.app_layer.flow */
void event_app_counts(struct json *j, const struct event_counts *sum);

#endif
