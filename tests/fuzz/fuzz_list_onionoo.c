/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an Onionoo document. */
#include "tests/fuzz/list_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return list_target("onionoo", data, len);
}
