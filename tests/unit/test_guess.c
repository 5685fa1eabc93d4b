/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/first.h"

enum { PENDING = 2 };

static unsigned int guessed(const void *p, size_t n)
{
	struct slice s = craft_copy(p, n);
	struct facts f = { 0 };

	guess(&f, s);
	free((void *)(uintptr_t)s.p);
	assert_int_equal(f.known & ~(1u << FACT_ENTROPY), 0);
	assert_int_equal(f.absent | f.anomalies, 0);
	return facts_state(&f, FACT_ENTROPY) == FACT_PENDING ? PENDING : f.entropy;
}

/* How many of 2000 random inputs look so */
static unsigned int share(size_t n)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned int yes = 0;
	uint8_t b[5000];

	for (unsigned int i = 0; i < 2000; i++) {
		struct facts f = { 0 };

		first_fill(&seed, b, n);
		guess(&f, (struct slice){ b, n });
		assert_int_equal(facts_state(&f, FACT_ENTROPY), FACT_KNOWN);
		yes += f.entropy;
	}
	return yes;
}

static void random_bytes(void **state)
{
	(void)state;
	assert_true(share(64) >= 1950); /* 98.4 % */
	assert_true(share(128) >= 1980);
	for (size_t n = 200; n <= 1400; n += 200)
		assert_true(share(n) >= 1985);
	assert_true(share(5000) >= 1985);
}

/* Random bytes that pass, to be changed */
static void sample(uint8_t *b, size_t n)
{
	uint64_t seed = 0x2545f4914f6cdd1d;

	do
		first_fill(&seed, b, n);
	while (guessed(b, n) != 1);
}

static void too_few(void **state)
{
	uint8_t b[64];

	(void)state;
	sample(b, 64);
	assert_int_equal(guessed(b, 63), PENDING);
	assert_int_equal(guessed(b, 0), PENDING);
	assert_int_equal(guessed(b, 64), 1);
}

static void enough(void **state)
{
	static uint8_t b[16384];

	(void)state;
	sample(b, 4096);
	assert_int_equal(guessed(b, sizeof b), 1); /* zeros behind are not looked at */
	memset(b + 2048, 0, 2048);
	assert_int_equal(guessed(b, sizeof b), 0);
}

static void exempt(void **state)
{
	uint8_t b[256], k[256];

	(void)state;
	sample(b, sizeof b);
	memcpy(k, b, sizeof k); /* Ex2: six printable bytes first, not five */
	k[5] = 0x80;
	memcpy(k, "abcde", 5);
	assert_int_equal(guessed(k, sizeof k), 1);
	k[5] = '~';
	assert_int_equal(guessed(k, sizeof k), 0);
	k[5] = 0x7f;
	assert_int_equal(guessed(k, sizeof k), 1);
	memcpy(k, b, sizeof k); /* Ex4: 21 in a row */
	k[99] = k[120] = k[121] = 0x80;
	memcpy(k + 100, "Zq7 x0-Lmw3.RtY5!bKp", 20);
	assert_int_equal(guessed(k, sizeof k), 1);
	k[120] = 'D';
	assert_int_equal(guessed(k, sizeof k), 0);
	memcpy(k, b, sizeof k); /* Ex5 */
	memcpy(k, "\x17\3\3", 3);
	assert_int_equal(guessed(k, sizeof k), 0);
	k[1] = 4;
	assert_int_equal(guessed(k, sizeof k), 1);
	memcpy(k, b, sizeof k); /* zeros in front, as fields have them */
	memcpy(k, "\x90\x81\xa2\xb3\xc4\xd5\xe6\xf7", 8);
	memset(k + 20, 0, 2);
	for (size_t i = 0; i < 32; i++)
		if (!k[i] && (i < 20 || i > 21))
			k[i] = 0x91;
	assert_int_equal(guessed(k, sizeof k), 1);
	k[22] = 0;
	assert_int_equal(guessed(k, sizeof k), 0);
}

static int bits_of(const uint8_t *b, size_t n)
{
	int bits = 0;

	for (size_t i = 0; i < n; i++)
		bits += __builtin_popcount(b[i]);
	return bits;
}

/* Sets or clears single bits of the bytes that are not printable either way. */
static void with_bits(uint8_t b[100], int want)
{
	for (unsigned int i = 0; bits_of(b, 100) != want; i++) {
		unsigned int bit = 1u << (i / 100 + i) % 7;
		uint8_t *p = &b[i % 100];

		if (*p >= 0x80 && !(*p & bit) == (bits_of(b, 100) < want))
			*p = (uint8_t)(*p ^ bit);
	}
}

/* Ex1: as many bits set as unset, near enough */
static void bits_set(void **state)
{
	static const struct {
		int bits;
		unsigned int is;
	} cases[] = { { 340, 0 }, { 341, 1 }, { 400, 1 }, { 459, 1 }, { 460, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t b[100];

		sample(b, sizeof b);
		with_bits(b, cases[i].bits);
		assert_int_equal(guessed(b, sizeof b), cases[i].is);
	}
}

/* Ex3: more than half of it printable, but nowhere for long */
static void half_printable(void **state)
{
	uint8_t b[256];

	(void)state;
	for (unsigned int share_of = 90; share_of <= 160; share_of++) {
		for (unsigned int i = 0; i < 256; i++) {
			bool text = i * share_of / 256 != (i + 1) * share_of / 256;

			/* spread evenly; 3.5 to 4.5 bits of each kind */
			b[i] = (uint8_t)(text ? 0x21 + i * 37 % 94 : 0x81 + i * 59 % 126);
		}
		assert_int_equal(guessed(b, 256), share_of <= 128);
	}
}

static void uneven(void **state)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t b[1024];

	(void)state;
	sample(b, sizeof b);
	assert_int_equal(guessed(b, sizeof b), 1);
	for (size_t i = 64; i < sizeof b; i++) /* 64 values in all, half of their bits set */
		b[i] = b[i % 64];
	assert_int_equal(guessed(b, sizeof b), 0);
	sample(b, sizeof b); /* base64 and text are out by their letters */
	for (size_t i = 0; i < sizeof b; i++)
		b[i] = (uint8_t)letters[b[i] & 63];
	assert_int_equal(guessed(b, sizeof b), 0);
	memset(b, 0x55, sizeof b);
	assert_int_equal(guessed(b, sizeof b), 0);
	memset(b, 0xaa, sizeof b); /* 4 bits, not printable, no zero: only uneven */
	assert_int_equal(guessed(b, sizeof b), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes),	  cmocka_unit_test(too_few),
		cmocka_unit_test(enough),	  cmocka_unit_test(exempt),
		cmocka_unit_test(bits_set),	  cmocka_unit_test(half_printable),
		cmocka_unit_test(uneven),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
