/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match/match.h"

#include <stdio.h>
#include <string.h>

#include "policy/match/kinds.h"

#define FUNCTIONS(x) x##_compile, x##_test

enum { SAID = MATCH_CLIENT | MATCH_NAME };

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
	{ "app", "protocol of the first bytes, or what carries it; or unknown", MATCH_CLIENT,
	  false, FUNCTIONS(app) },
	{ "domain", "any name the flow goes by (SNI, HTTP host, proxy target): name, *.name or "
	  "@domain-list; of an allow rule all of them", SAID, false, FUNCTIONS(domain) },
	{ "sni", "host name in the TLS or QUIC hello: name, *.name, @domain-list or none", SAID,
	  false, FUNCTIONS(sni) },
	{ "sni_like", "tor: the host name looks like those that Tor clients make up", SAID, false,
	  FUNCTIONS(sni_like) },
	{ "host", "host of the HTTP request, or the target of a proxy request: name, *.name, "
	  "@domain-list or none", SAID, false, FUNCTIONS(host) },
	{ "service", "a service of any list of type service, or @service-list for all of one",
	  SAID, false, FUNCTIONS(service) },
	{ "ja3", "JA3 hash (32 hex digits) or @ja3-list", SAID, false, FUNCTIONS(ja3) },
	{ "ja4", "JA4 fingerprint or @ja4-list", SAID, false, FUNCTIONS(ja4) },
	{ "alpn", "a protocol that the client offers (ALPN), or none", SAID, false,
	  FUNCTIONS(alpn) },
	{ "ech", "true: encrypted client hello is offered; false: it is not", SAID, false,
	  FUNCTIONS(ech) },
	{ "quic_version", "1, 2, draft, negotiation, unknown or a version in hex (0x...)", SAID,
	  false, FUNCTIONS(quic_version) },
	{ "method", "HTTP method, in the case as sent", SAID, false, FUNCTIONS(method) },
	{ "path", "HTTP path with its query, as sent; * and ? are wildcards", SAID, false,
	  FUNCTIONS(path) },
	{ "user_agent", "HTTP user agent in any case, * and ? are wildcards; or none", SAID, false,
	  FUNCTIONS(user_agent) },
	{ "header", "name of an HTTP header field that is there, in any case", SAID, false,
	  FUNCTIONS(header) },
	{ "hassh", "HASSH of the SSH client (32 hex digits) or @hassh-list", SAID, false,
	  FUNCTIONS(hassh) },
	{ "ssh_software", "software of the SSH client's banner in any case; * and ? are wildcards",
	  SAID, false, FUNCTIONS(ssh_software) },
	{ "query", "name that a DNS query asks for: name, *.name or @domain-list",
	  SAID | MATCH_MESSAGE, false, FUNCTIONS(query) },
	{ "query_type", "type that a DNS query asks for: A, AAAA, TXT and so on, or a number",
	  SAID | MATCH_MESSAGE, false, FUNCTIONS(query_type) },
	{ "resolved", "true: the address stood in a DNS answer that was seen; false: it did not",
	  MATCH_HOW, false, FUNCTIONS(resolved) },
	{ "dns_name", "name of the DNS answer that led here: name, *.name or @domain-list", SAID,
	  false, FUNCTIONS(dns_name) },
	{ "conforms", "true: the protocol is the one the port is registered for; false: another",
	  MATCH_CLIENT, false, FUNCTIONS(conforms) },
	{ "entropy", "of first bytes that nobody knows: high (they look encrypted) or low",
	  MATCH_CLIENT, false, FUNCTIONS(entropy) },
	{ "icmp_size", "bytes that an echo request carries, or first-last", MATCH_CLIENT, false,
	  FUNCTIONS(icmp_size) },
	{ "anomaly", "what was odd on the way, by name, or any", MATCH_CLIENT, false,
	  FUNCTIONS(anomaly) },
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

int match_unknown(struct match_build *b, int line, const char *key, const char *text,
		  const char *const *words)
{
	const char *near = errs_suggest(text, words);
	char all[512];
	size_t n = 0;

	for (size_t i = 0; words[i] && n < sizeof all; i++) {
		int put = snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", words[i]);

		n += put > 0 ? (size_t)put : 0;
	}
	return match_error(b, line, "%s = \"%.40s\"%s%s%s: not one of: %s", key, text,
			   near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "",
			   all);
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
