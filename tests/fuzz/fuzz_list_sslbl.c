/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an SSLBL CSV of JA3 or JA4 fingerprints. */
#include "tests/fuzz/list_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return list_target("sslbl", data, len);
}
