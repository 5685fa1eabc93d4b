/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match/match.h"

#include <string.h>

#include "policy/match/kinds.h"

#define FUNCTIONS(x) x##_compile, x##_test

const struct match match_table[] = {
	{ "from", "source address, net, range, MAC address or @address-list",
	  MATCH_HOW | MATCH_SOURCE, true, FUNCTIONS(from) },
	{ "to", "destination address, net, range or @address-list", MATCH_DEST, true,
	  FUNCTIONS(to) },
	{ "endpoint", "destination address:port or @endpoint-list", MATCH_DEST, true,
	  FUNCTIONS(endpoint) },
	{ "port", "destination port or first-last", MATCH_HOW, true, FUNCTIONS(port) },
	{ "proto", "tcp, udp, icmp, icmpv6 or a protocol number", MATCH_HOW, true,
	  FUNCTIONS(proto) },
	{ "app", "application protocol found in the first bytes", MATCH_CLIENT, false,
	  FUNCTIONS(app) },
	{ "domain", "host name, *.name (all names below it) or @domain-list",
	  MATCH_CLIENT | MATCH_NAME, false, FUNCTIONS(domain) },
	{ "ja3", "JA3 hash (32 hex digits) or @ja3-list", MATCH_CLIENT | MATCH_NAME, false,
	  FUNCTIONS(ja3) },
	{ "ja4", "JA4 fingerprint or @ja4-list", MATCH_CLIENT | MATCH_NAME, false, FUNCTIONS(ja4) },
	{ "alpn", "a protocol that the client offers (ALPN)", MATCH_CLIENT | MATCH_NAME, false,
	  FUNCTIONS(alpn) },
	{ "ech", "true: encrypted client hello is offered; false: it is not",
	  MATCH_CLIENT | MATCH_NAME, false, FUNCTIONS(ech) },
	{ "not", "conditions that do not hold all together", 0, true, FUNCTIONS(not) },
};

const size_t match_table_n = sizeof match_table / sizeof *match_table;

int match_find(const char *key)
{
	for (size_t i = 0; i < match_table_n; i++)
		if (strcmp(match_table[i].key, key) == 0)
			return (int)i;
	return -1;
}

int32_t match_number(const char **end, const char *text, int32_t max)
{
	int32_t n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (*p - '0');
		if (n > max)
			return -1;
	}
	*end = p;
	return p == text ? -1 : n;
}
