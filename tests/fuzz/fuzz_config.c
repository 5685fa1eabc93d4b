/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a config; what is accepted must print to something that reads back alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* libconfig 1.5 loses the text at which a syntax error is found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static char *printed(const struct config *c)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	config_print(c, f);
	fclose(f);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config c, again;
	struct errs e;
	char *text = malloc(len + 1), *told, *first, *second;

	memcpy(text, data, len);
	text[len] = 0;
	errs_init(&e);
	if (config_parse(&c, &e, "fuzz", text) == 0) {
		first = printed(&c);
		if (config_parse(&again, &e, "again", first) != 0)
			abort();
		second = printed(&again);
		if (strcmp(first, second) != 0)
			abort();
		free(first);
		free(second);
		config_fini(&c);
		config_fini(&again);
	} else if (e.errors == 0) {
		abort();
	}
	told = errs_text(&e);
	free(told);
	errs_fini(&e);
	free(text);
	return 0;
}
