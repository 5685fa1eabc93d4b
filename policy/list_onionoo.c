/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "policy/list_reader.h"

/*
 * metrics.torproject.org/onionoo.html, `details` document: relays[].or_addresses are
 * "a.b.c.d:port" and "[v6]:port", exit_addresses plain addresses. Bridges are left out: their
 * addresses there are hashed.
 */
enum { ONIONOO_MAX = 64 << 20 };

static int read_addresses(struct list_reader *r, const json_t *array, bool ports)
{
	size_t i;
	json_t *v;
	int rc = 0;

	json_array_foreach(array, i, v)
	{
		const char *s = json_string_value(v);
		size_t len = json_string_length(v);

		if (!s) {
			list_reader_bad(r, "an address that is not a string", "", 0);
			continue;
		}
		if (ports && r->type == LIST_ADDRESS) {
			const char *colon = memrchr(s, ':', len);

			if (colon)
				len = (size_t)(colon - s);
			if (len >= 2 && s[0] == '[' && s[len - 1] == ']') {
				s++;
				len -= 2;
			}
		}
		rc = list_reader_value(r, s, len);
		if (rc < 0)
			break;
	}
	return rc;
}

static int read_relay(struct list_reader *r, const json_t *relay)
{
	const json_t *ors = json_object_get(relay, "or_addresses");
	int rc;

	if (!json_is_array(ors)) {
		list_reader_bad(r, "a relay without or_addresses", "", 0);
		return 0;
	}
	rc = read_addresses(r, ors, true);
	if (rc == 0 && r->type == LIST_ADDRESS)
		rc = read_addresses(r, json_object_get(relay, "exit_addresses"), false);
	return rc;
}

int list_onionoo_read(struct list_reader *r, const char *data, size_t len)
{
	json_error_t err;
	json_t *root, *relays, *relay;
	size_t i;
	int rc = 0;

	if (r->type != LIST_ENDPOINT && r->type != LIST_ADDRESS)
		return list_reader_wrong(r, "onionoo lists are of type endpoint or address");
	if (len > ONIONOO_MAX)
		return list_reader_wrong(r, "more than 64 MiB: ask for fields=or_addresses only");
	root = json_loadb(data, len, 0, &err);
	if (!root)
		return list_reader_wrong(r, "broken JSON in line %d: %.80s", err.line, err.text);
	relays = json_object_get(root, "relays");
	if (!json_is_array(relays)) {
		rc = list_reader_wrong(r, "no \"relays\" in it: not an Onionoo details document");
		goto out;
	}
	json_array_foreach(relays, i, relay)
	{
		r->line = (uint32_t)i + 1;
		rc = read_relay(r, relay);
		if (rc < 0)
			break;
	}
out:
	json_decref(root);
	return rc;
}
