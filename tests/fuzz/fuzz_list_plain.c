/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a list in plain format: addresses, endpoints, domains, JA3, JA4. */
#include "tests/fuzz/list_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return list_target("plain", data, len);
}
