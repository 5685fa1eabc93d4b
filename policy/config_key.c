/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/config_key.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600, DAY = 24 * HOUR, YEAR = 366 * DAY, MEGA = 1 << 20 };

static const struct config_word modes[] = { { "observe", MODE_OBSERVE },
					    { "enforce", MODE_ENFORCE },
					    { NULL, 0 } };
static const struct config_word defaults[] = { { "allow", 0 }, { "drop", 1 }, { NULL, 0 } };
static const struct config_word invalids[] = { { "drop", 0 }, { "pass", 1 }, { NULL, 0 } };
static const struct config_word fails[] = { { "open", 1 }, { "closed", 0 }, { NULL, 0 } };
static const struct config_word types[] = {
	{ "address", LIST_ADDRESS }, { "endpoint", LIST_ENDPOINT }, { "domain", LIST_DOMAIN },
	{ "ja3", LIST_JA3 },         { "ja4", LIST_JA4 },           { "hassh", LIST_HASSH },
	{ "service", LIST_SERVICE }, { NULL, 0 }
};
static const struct config_word formats[] = {
	{ "plain", 0 }, { "sslbl", 1 }, { "onionoo", 2 }, { NULL, 0 }
};
static const struct config_word actions[] = {
	{ "allow", ACTION_ALLOW }, { "monitor", ACTION_MONITOR }, { "score", ACTION_SCORE },
	{ "drop", ACTION_DROP },   { "reject", ACTION_REJECT },   { NULL, 0 }
};
static const struct config_word scopes[] = {
	{ "auto", SCOPE_AUTO },         { "flow", SCOPE_FLOW },       { "pair", SCOPE_PAIR },
	{ "endpoint", SCOPE_ENDPOINT }, { "address", SCOPE_ADDRESS }, { NULL, 0 }
};
static const struct config_word directions[] = {
	{ "out", DIR_OUT }, { "in", DIR_IN }, { "any", DIR_OUT | DIR_IN | DIR_LOCAL }, { NULL, 0 }
};

#define AT(s, m) offsetof(struct s, m), sizeof(((struct s *)0)->m)

/* clang-format off */
const struct config_key config_keys[] = {
	{ CONFIG_TOP, "mode", CONFIG_WORD, "observe", 0, 0, modes, 0, AT(config, mode),
	  "observe decides and logs but drops nothing; enforce acts" },
	{ CONFIG_TOP, "default", CONFIG_WORD, "allow", 0, 0, defaults, 0, AT(config, default_drop),
	  "what happens to a flow that no rule decides; drop makes the rules an allowlist" },
	{ CONFIG_TOP, "inside", CONFIG_INSIDE, "auto", 0, 0, NULL, 0, AT(config, inside),
	  "whose flows are inspected: interfaces and nets, or auto for the nets behind every "
	  "interface without a default route" },
	{ CONFIG_TOP, "allow", CONFIG_NETS, "", 0, 0, NULL, 0, AT(config, allow),
	  "addresses and nets that are not inspected and never dropped, only counted" },
	{ CONFIG_TOP, "never_block", CONFIG_NETS, "", 0, 0, NULL, 0, AT(config, never_block),
	  "addresses and nets that get no block wider than one flow" },
	{ CONFIG_TOP, "invalid", CONFIG_WORD, "drop", 0, 0, invalids, 0, AT(config, invalid_pass),
	  "packets that connection tracking calls invalid" },
	{ CONFIG_TOP, "router_traffic", CONFIG_BOOL, "false", 0, 0, NULL, 0,
	  AT(config, router_traffic), "inspect the gateway's own flows too" },
	{ CONFIG_TOP, "dns", CONFIG_BOOL, "true", 0, 0, NULL, 0, AT(config, dns),
	  "judge every DNS query by itself and learn from the answers to inside; false: only the "
	  "first query of a flow is seen, and no condition on what was resolved is ever true" },
	{ CONFIG_TOP, "mark_mask", CONFIG_HEX, "0x70000000", 0, UINT32_MAX, NULL, 0,
	  AT(config, mark_mask),
	  "three neighbouring bits of the packet and connection mark for our own use" },
	{ CONFIG_TOP, "for", CONFIG_DURATION, "1h", 1, YEAR, NULL, 0, AT(config, ttl),
	  "how long a block lasts where its rule does not say" },
	{ CONFIG_TOP, "lists_dir", CONFIG_TEXT, "/var/lib/sluice", 0, 0, NULL, 0,
	  AT(config, lists_dir), "where relative paths of lists begin" },
	{ CONFIG_TOP, "queue", CONFIG_SUB, "", 0, 0, NULL, CONFIG_QUEUE, 0, 0,
	  "the kernel's queues" },
	{ CONFIG_TOP, "score", CONFIG_SUB, "", 0, 0, NULL, CONFIG_SCORE, 0, 0,
	  "what the sum of score rules does" },
	{ CONFIG_TOP, "limits", CONFIG_SUB, "", 0, 0, NULL, CONFIG_LIMITS, 0, 0,
	  "bounds of inspection and of tables" },
	{ CONFIG_TOP, "log", CONFIG_SUB, "", 0, 0, NULL, CONFIG_LOG, 0, 0, "the event log" },
	{ CONFIG_TOP, "lists", CONFIG_LISTS, "", 0, 0, NULL, CONFIG_LIST, 0, 0,
	  "named lists, used in rules as \"@name\"" },
	{ CONFIG_TOP, "rules", CONFIG_RULES, "", 0, 0, NULL, CONFIG_RULE, 0, 0,
	  "the rules, in order: the first allow, drop or reject that is true decides" },

	{ CONFIG_QUEUE, "first", CONFIG_COUNT, "100", 0, 65535, NULL, 0, AT(config, queue.first),
	  "number of the first queue" },
	{ CONFIG_QUEUE, "count", CONFIG_COUNT, "0", 0, 64, NULL, 0, AT(config, queue.count),
	  "number of queues and workers; 0 is one per CPU" },
	{ CONFIG_QUEUE, "length", CONFIG_COUNT, "16384", 64, 65535, NULL, 0,
	  AT(config, queue.length), "packets that may wait in each queue" },
	{ CONFIG_QUEUE, "fail", CONFIG_WORD, "open", 0, 0, fails, 0, AT(config, queue.fail_open),
	  "when the agent is not there or overrun: open lets flows pass, closed drops them" },

	{ CONFIG_SCORE, "monitor", CONFIG_COUNT, "50", 1, 60000, NULL, 0,
	  AT(config, score_monitor), "sum from which a flow is watched" },
	{ CONFIG_SCORE, "drop", CONFIG_COUNT, "80", 1, 60000, NULL, 0, AT(config, score_drop),
	  "sum from which a flow is dropped" },
	{ CONFIG_SCORE, "for", CONFIG_DURATION, "", 1, YEAR, NULL, 0, AT(config, score_ttl),
	  "how long such a block lasts; the global for if left out" },

	{ CONFIG_LIMITS, "inspect_bytes", CONFIG_SIZE, "16k", 256, 16384, NULL, 0,
	  AT(config, limits.bytes), "first bytes of a flow that are looked at" },
	{ CONFIG_LIMITS, "inspect_packets", CONFIG_COUNT, "1024", 2, 65535, NULL, 0,
	  AT(config, limits.packets), "first packets of a flow that are looked at" },
	{ CONFIG_LIMITS, "inspect_time", CONFIG_DURATION, "10s", 1, HOUR, NULL, 0,
	  AT(config, limits.time), "how long a flow may stay undecided" },
	{ CONFIG_LIMITS, "flows", CONFIG_COUNT, "65536", 256, 4 * MEGA, NULL, 0,
	  AT(config, limits.flows), "flows that each worker can follow at a time" },
	{ CONFIG_LIMITS, "flows_per_source", CONFIG_COUNT, "4096", 16, 4 * MEGA, NULL, 0,
	  AT(config, limits.per_source), "undecided flows of one source among them" },
	{ CONFIG_LIMITS, "entries_per_host", CONFIG_COUNT, "256", 1, 65536, NULL, 0,
	  AT(config, limits.entries_per_host), "blocks that one inside host can cause at a time" },

	{ CONFIG_LOG, "file", CONFIG_TEXT, "/var/log/sluice/eve.json", 0, 0, NULL, 0,
	  AT(config, log.file), "where events go, one JSON object a line" },
	{ CONFIG_LOG, "flow", CONFIG_BOOL, "true", 0, 0, NULL, 0, AT(config, log.flow),
	  "write a record for every flow" },
	{ CONFIG_LOG, "tls", CONFIG_BOOL, "true", 0, 0, NULL, 0, AT(config, log.tls),
	  "write a record for every TLS or QUIC hello that was read (a flow that addresses or ports "
	  "decide is not)" },
	{ CONFIG_LOG, "http", CONFIG_BOOL, "true", 0, 0, NULL, 0, AT(config, log.http),
	  "likewise for the first HTTP request of a flow" },
	{ CONFIG_LOG, "dns", CONFIG_BOOL, "false", 0, 0, NULL, 0, AT(config, log.dns),
	  "write a record for every DNS query" },
	{ CONFIG_LOG, "ssh", CONFIG_BOOL, "true", 0, 0, NULL, 0, AT(config, log.ssh),
	  "write a record for every SSH client" },
	{ CONFIG_LOG, "rdp", CONFIG_BOOL, "true", 0, 0, NULL, 0, AT(config, log.rdp),
	  "write a record for every RDP client" },
	{ CONFIG_LOG, "stats", CONFIG_DURATION, "1m", 0, DAY, NULL, 0, AT(config, log.stats),
	  "time between records of counters; 0 for none" },

	{ CONFIG_LIST, "type", CONFIG_WORD, NULL, 0, 0, types, 0, AT(config_list, type),
	  "what it holds" },
	{ CONFIG_LIST, "entries", CONFIG_VALUES, "", 0, 0, NULL, 0, AT(config_list, entries),
	  "the values themselves, instead of a file" },
	{ CONFIG_LIST, "path", CONFIG_TEXT, "", 0, 0, NULL, 0, AT(config_list, path),
	  "the file, absolute or below lists_dir" },
	{ CONFIG_LIST, "format", CONFIG_FORMAT, "plain", 0, 0, formats, 0, AT(config_list, format),
	  "of the file: plain is one value a line, sslbl the CSV of abuse.ch, onionoo the JSON of "
	  "the Tor project" },
	{ CONFIG_LIST, "max_age", CONFIG_DURATION, "", 0, YEAR, NULL, 0, AT(config_list, max_age),
	  "warn when the file is older; 0 for never" },
	{ CONFIG_LIST, "optional", CONFIG_BOOL, "false", 0, 0, NULL, 0, AT(config_list, optional),
	  "while the file is missing the list is empty and a warning is given; otherwise that is "
	  "an error" },

	{ CONFIG_RULE, "name", CONFIG_TEXT, NULL, 0, 0, NULL, 0, AT(config_rule, name),
	  "stands in events and in the kernel's sets: letters, digits, dot, dash and underscore" },
	{ CONFIG_RULE, "when", CONFIG_WHEN, NULL, 0, 0, NULL, 0, AT(config_rule, when),
	  "conditions, all of which must hold; a list of values is an or; not takes a group" },
	{ CONFIG_RULE, "action", CONFIG_WORD, NULL, 0, 0, actions, 0, AT(config_rule, action),
	  "allow, drop and reject decide; monitor and score let the search go on" },
	{ CONFIG_RULE, "block", CONFIG_WORD, "auto", 0, 0, scopes, 0, AT(config_rule, block),
	  "what a block covers; auto goes by the kind of evidence" },
	{ CONFIG_RULE, "for", CONFIG_DURATION, "", 1, YEAR, NULL, 0, AT(config_rule, ttl),
	  "how long a block lasts; the global for if left out" },
	{ CONFIG_RULE, "score", CONFIG_COUNT, "", 1, 1000, NULL, 0, AT(config_rule, score),
	  "what action score adds" },
	{ CONFIG_RULE, "direction", CONFIG_WORD, "out", 0, 0, directions, 0,
	  AT(config_rule, direction), "which flows it judges" },
	{ CONFIG_RULE, "attack", CONFIG_TEXT, "", 0, 0, NULL, 0, AT(config_rule, attack),
	  "MITRE ATT&CK technique for the event, like T1090.003" },
};
/* clang-format on */
const size_t config_keys_n = sizeof config_keys / sizeof *config_keys;

static const char *const section_names[CONFIG_SECTION_N] = {
	"", "queue", "score", "limits", "log", "lists", "rules",
};

const char *config_section_name(enum config_section s)
{
	return section_names[s];
}

const char *config_key_path(char buf[CONFIG_PATH_MAX], const struct config_key *k)
{
	if (k->section == CONFIG_TOP || k->section == CONFIG_LIST || k->section == CONFIG_RULE)
		return k->name;
	snprintf(buf, CONFIG_PATH_MAX, "%s.%s", section_names[k->section], k->name);
	return buf;
}

const struct config_key *config_key_find(enum config_section section, const char *name)
{
	for (size_t i = 0; i < config_keys_n; i++)
		if (config_keys[i].section == section && strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	return NULL;
}

void config_key_names(enum config_section section, const char **words, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < config_keys_n && k + 1 < n; i++)
		if (config_keys[i].section == section)
			words[k++] = config_keys[i].name;
	words[k] = NULL;
}

int64_t config_key_get(const struct config_key *k, const void *base)
{
	const char *at = (const char *)base + k->offset;
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;

	switch (k->size) {
	case sizeof v8:
		memcpy(&v8, at, sizeof v8);
		return v8;
	case sizeof v16:
		memcpy(&v16, at, sizeof v16);
		return v16;
	default:
		memcpy(&v32, at, sizeof v32);
		return v32;
	}
}

void config_key_set(const struct config_key *k, void *base, int64_t v)
{
	char *at = (char *)base + k->offset;
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	switch (k->size) {
	case sizeof v8:
		memcpy(at, &v8, sizeof v8);
		break;
	case sizeof v16:
		memcpy(at, &v16, sizeof v16);
		break;
	default:
		memcpy(at, &v32, sizeof v32);
	}
}

char *config_key_text(const struct config_key *k, const void *base)
{
	char *text;

	memcpy(&text, (const char *)base + k->offset, sizeof text);
	return text;
}

void config_key_set_text(const struct config_key *k, void *base, char *text)
{
	free(config_key_text(k, base));
	memcpy((char *)base + k->offset, &text, sizeof text);
}

const struct config_value *config_key_value(const struct config_key *k, const void *base)
{
	return (const void *)((const char *)base + k->offset);
}

const char *config_key_word(const struct config_key *k, int64_t number)
{
	for (const struct config_word *w = k->words; w->text; w++)
		if (w->number == number)
			return w->text;
	return "";
}
