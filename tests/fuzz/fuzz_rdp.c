/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/prefix_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	target_prefixes(rdp_dissect, 3389, (struct slice){ data, len });
	target_prefixes(rdp_dissect, 102, (struct slice){ data, len });
	return 0;
}
