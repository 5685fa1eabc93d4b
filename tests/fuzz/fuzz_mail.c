/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First byte: the port. */
#include "tests/fuzz/prefix_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint16_t ports[] = { 25, 110, 21, 143, 26 };
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t how = cur_u8(&c);

	target_prefixes(mail_dissect, ports[how % 5], cur_rest(&c));
	return 0;
}
