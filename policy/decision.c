/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/decision.h"

const char *decision_action_name(enum action a)
{
	static const char *const names[ACTION_N] = {
		[ACTION_NONE] = "none",	  [ACTION_ALLOW] = "allow", [ACTION_MONITOR] = "monitor",
		[ACTION_SCORE] = "score", [ACTION_DROP] = "drop",   [ACTION_REJECT] = "reject",
	};

	return (unsigned int)a < ACTION_N ? names[a] : "none";
}

const char *decision_scope_name(enum scope s)
{
	static const char *const names[SCOPE_N] = {
		[SCOPE_AUTO] = "auto",		 [SCOPE_FLOW] = "flow",	      [SCOPE_PAIR] = "pair",
		[SCOPE_ENDPOINT] = "endpoint", [SCOPE_ADDRESS] = "address",
	};

	return (unsigned int)s < SCOPE_N ? names[s] : "auto";
}
