/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RRTYPE_H
#define RRTYPE_H

#include <stdint.h>

/* Types of DNS records by name (IANA registry "Domain Name System Parameters"). */
const char *rrtype_name(uint16_t type);	/* NULL: not a common one */
int32_t rrtype_parse(const char *name);	/* case-insensitive, also "TYPE65" (RFC 3597) and "65"; -1 */

#endif
