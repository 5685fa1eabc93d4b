/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/rrtype.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
	uint16_t type;
	const char *name;
} types[] = {
	{ 1, "A" },	   { 2, "NS" },	      { 5, "CNAME" },	{ 6, "SOA" },	  { 10, "NULL" },
	{ 12, "PTR" },	   { 13, "HINFO" },   { 15, "MX" },	{ 16, "TXT" },	  { 17, "RP" },
	{ 18, "AFSDB" },   { 24, "SIG" },     { 25, "KEY" },	{ 28, "AAAA" },	  { 29, "LOC" },
	{ 33, "SRV" },	   { 35, "NAPTR" },   { 37, "CERT" },	{ 39, "DNAME" },  { 41, "OPT" },
	{ 43, "DS" },	   { 44, "SSHFP" },   { 46, "RRSIG" },	{ 47, "NSEC" },	  { 48, "DNSKEY" },
	{ 50, "NSEC3" },   { 51, "NSEC3PARAM" }, { 52, "TLSA" }, { 59, "CDS" },	  { 60, "CDNSKEY" },
	{ 61, "OPENPGPKEY" }, { 64, "SVCB" }, { 65, "HTTPS" },	{ 99, "SPF" },	  { 249, "TKEY" },
	{ 250, "TSIG" },   { 251, "IXFR" },   { 252, "AXFR" },	{ 255, "ANY" },	  { 256, "URI" },
	{ 257, "CAA" },
};

const char *rrtype_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

static int32_t number(const char *s)
{
	int32_t n = 0;

	if (!*s)
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (*s - '0');
		if (n > UINT16_MAX)
			return -1;
	}
	return *s ? -1 : n;
}

int32_t rrtype_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].name, name) == 0)
			return types[i].type;
	return number(strncasecmp(name, "TYPE", 4) == 0 ? name + 4 : name);
}
