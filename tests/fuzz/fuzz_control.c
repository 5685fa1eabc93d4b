/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request line of the control socket. */
#include <stdlib.h>
#include <string.h>

#include "agent/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *cmd;
	char err[160];
	json_t *req = control_parse(&cmd, err, sizeof(err), (const char *)data, len);

	if (req && (!cmd || strlen(cmd) >= 32 || !json_is_object(req)))
		abort();
	if (!req && (cmd || !memchr(err, '\0', sizeof(err))))
		abort();
	if (req && control_readonly(cmd) !=
			   (cmd[0] == 's' ? !strcmp(cmd, "status") : !strcmp(cmd, "list")))
		abort();
	json_decref(req);
	return 0;
}
