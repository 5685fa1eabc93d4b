/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

#include <netinet/in.h>

/* One line per protocol; bit i of *tried is line i, so at most 32. */
static const struct {
	uint8_t proto;
	enum dissect_result (*ask)(struct facts *f, struct dissect_text *text, struct slice bytes);
} table[] = {
	{ IPPROTO_TCP, tls_dissect },
};

enum dissect_result dissect(struct facts *f, struct dissect_text *text, uint32_t *tried,
			    uint8_t proto, struct slice bytes)
{
	enum dissect_result answer = DISSECT_NOT_MINE;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].proto != proto || *tried >> i & 1)
			continue;
		switch (table[i].ask(f, text, bytes)) {
		case DISSECT_DONE:
			return DISSECT_DONE;
		case DISSECT_BAD:
			return DISSECT_BAD;
		case DISSECT_MORE:
			answer = DISSECT_MORE;
			break;
		case DISSECT_NOT_MINE:
			*tried |= 1u << i;
			break;
		}
	}
	return answer;
}
