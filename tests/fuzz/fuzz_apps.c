/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dissectors of a few bytes. First byte: which one, at which port. */
#include "tests/fuzz/prefix_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct {
		target_fn *fn;
		uint16_t dport;
	} which[] = {
		{ smb_dissect, 445 },	  { mqtt_dissect, 1883 },   { stratum_dissect, 3333 },
		{ remote_dissect, 5938 }, { remote_dissect, 21116 }, { remote_dissect, 443 },
	};
	struct cur c = cur_of((struct slice){ data, len });
	size_t i = cur_u8(&c) % (sizeof which / sizeof which[0]);

	target_prefixes(which[i].fn, which[i].dport, cur_rest(&c));
	return 0;
}
