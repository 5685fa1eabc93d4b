/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/facts.h"

#include <string.h>

static const char *const app_names[APP_N] = {
	[APP_UNKNOWN] = "unknown",
	[APP_TLS] = "tls",
};

static const char *const anomaly_names[ANOM_N] = {
	"overlap",  "budget",  "decoy",	  "urgent",	"midstream", "truncated", "header", "fragment",
	"tls-bad", "tls-records", "sni-bad", "sni-twice", "ext-twice", "md5-option", "low-ttl",
};

const char *facts_app_name(enum app a)
{
	return (unsigned int)a < APP_N ? app_names[a] : "unknown";
}

int facts_app_parse(const char *name)
{
	for (int i = 0; i < APP_N; i++)
		if (strcmp(app_names[i], name) == 0)
			return i;
	return -1;
}

const char *facts_anomaly_name(unsigned int bit)
{
	return bit < ANOM_N ? anomaly_names[bit] : "unknown";
}
