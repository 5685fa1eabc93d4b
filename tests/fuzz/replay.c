/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over the files of the folders given, without libFuzzer. A folder that is
 * missing or empty, and a file that cannot be read, fail: nothing tested is not a success.
 * SLOWEST=1 in the environment: also says which input costs most for its size (make slowest).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INPUT_MAX = 1 << 20, ROUNDS = 20, KIB = 1024 };

static struct {
	double us; /* per KiB, of an input below one KiB per input */
	char path[4096];
} slowest;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static double clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The best of some rounds: what the input costs when nobody disturbs. */
static void measure(const char *path, const uint8_t *data, size_t len)
{
	double best = 0;

	for (int i = 0; i < ROUNDS; i++) {
		double t = clock_us();

		LLVMFuzzerTestOneInput(data, len);
		t = clock_us() - t;
		if (i == 0 || t < best)
			best = t;
	}
	best /= len > KIB ? (double)len / KIB : 1;
	if (best <= slowest.us)
		return;
	slowest.us = best;
	snprintf(slowest.path, sizeof slowest.path, "%s", path);
}

/* The target gets an exact-size copy, so that ASan sees every read behind the end. */
static int run_file(const char *path)
{
	uint8_t *buf = malloc(INPUT_MAX), *exact = NULL;
	FILE *f = fopen(path, "rb");
	int ret = -1;

	if (!buf || !f)
		goto out;
	size_t len = fread(buf, 1, INPUT_MAX, f);
	exact = malloc(len ? len : 1);
	if (ferror(f) || !exact)
		goto out;
	memcpy(exact, buf, len);
	LLVMFuzzerTestOneInput(exact, len);
	if (getenv("SLOWEST"))
		measure(path, exact, len);
	ret = 0;
out:
	if (ret)
		perror(path);
	if (f)
		fclose(f);
	free(exact);
	free(buf);
	return ret;
}

static int run_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned int n = 0;
	int failed = 0;

	if (!d) {
		perror(path);
		return -1;
	}
	while ((e = readdir(d))) {
		char file[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, e->d_name);
		failed |= run_file(file);
		n++;
	}
	closedir(d);
	printf("%s: %u inputs\n", path, n);
	return failed || n == 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++)
		failed |= run_folder(argv[i]);
	if (getenv("SLOWEST"))
		printf("slowest: %.1f us per KiB: %s\n", slowest.us, slowest.path);
	return failed ? 1 : 0;
}
