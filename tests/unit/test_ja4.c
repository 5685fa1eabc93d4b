/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

/* the example of JA4.md: lists in their original order, GREASE put in between */
static const uint16_t ciphers[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
				    0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035 };
static const uint16_t exts[] = { 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
				 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015 };
static const uint16_t sigs[] = { 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601 };

static struct hello hello;

static const char *ja4(struct slice msg, char transport)
{
	static char out[FACTS_JA4_LEN + 1];

	assert_int_equal(hello_parse(&hello, msg, false), DISSECT_DONE);
	ja4_text(out, &hello, transport);
	assert_int_equal(strlen(out), FACTS_JA4_LEN);
	return out;
}

static struct slice example(struct craft_hello *h, bool with_sigs)
{
	craft_hello_begin(h, 0x0303, ciphers, sizeof ciphers / 2);
	for (size_t i = 0; i < sizeof exts / 2; i++)
		switch (exts[i]) {
		case 0x0000:
			craft_ext_name(h, "example.com", 11);
			break;
		case 0x000a:
			craft_ext_list(h, 10, 2, ciphers, 2);
			break;
		case 0x000b:
			craft_ext(h, 11, "\1\0", 2);
			break;
		case 0x000d:
			craft_ext_list(h, 13, 2, sigs, with_sigs ? 8 : 0);
			break;
		case 0x0010:
			craft_ext_alpn(h, "h2", 2);
			break;
		case 0x002b:
			craft_ext(h, 43, "\4\3\3\3\4", 5);
			break;
		default:
			craft_ext(h, exts[i], "", 0);
		}
	return craft_hello_end(h);
}

static void specification(void **state)
{
	struct craft_hello h;

	(void)state;
	assert_string_equal(ja4(example(&h, true), 't'), "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_string_equal(ja4(example(&h, true), 'q'), "q13d1516h2_8daaf6152771_e5627efa2ab1");
	/* no signature algorithms: no underscore behind the extensions */
	assert_string_equal(ja4(example(&h, false), 't'), "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

static void grease(void **state)
{
	static const uint16_t c[] = { 0x1a1a, 0x1301, 0xfafa }, s[] = { 0x2a2a, 0x0403, 0x0a0a };
	static const uint16_t c1[] = { 0x1301 }, s1[] = { 0x0403 };
	struct craft_hello h;
	char with[FACTS_JA4_LEN + 1];

	(void)state;
	craft_hello_begin(&h, 0x0303, c, 3);
	craft_ext(&h, 0x3a3a, "", 0);
	craft_ext_list(&h, 13, 2, s, 3);
	craft_ext(&h, 43, "\6\x6a\x6a\3\3\3\4", 7);
	craft_ext(&h, 16, "\0\6\2\x4a\x4a\2h2", 8);
	craft_ext(&h, 0xeaea, "x", 1);
	memcpy(with, ja4(craft_hello_end(&h), 't'), sizeof with);
	craft_hello_begin(&h, 0x0303, c1, 1);
	craft_ext_list(&h, 13, 2, s1, 1);
	craft_ext(&h, 43, "\4\3\3\3\4", 5);
	craft_ext_alpn(&h, "h2", 2);
	assert_string_equal(with, ja4(craft_hello_end(&h), 't'));
	assert_memory_equal(with, "t13i0103h2_", 11);
	/* nothing but GREASE is nothing */
	craft_hello_begin(&h, 0x0303, c, 1);
	craft_ext(&h, 0x3a3a, "", 0);
	craft_ext_list(&h, 13, 2, s, 1);
	assert_memory_equal(ja4(craft_hello_end(&h), 't'), "t12i000100_000000000000_", 24);
	craft_hello_begin(&h, 0x0303, c, 1);
	craft_ext(&h, 0x3a3a, "", 0);
	assert_string_equal(ja4(craft_hello_end(&h), 't'), "t12i000000_000000000000_000000000000");
}

/* name and ALPN are counted and not hashed */
static void name_and_alpn_only(void **state)
{
	struct craft_hello h;

	(void)state;
	craft_hello_begin(&h, 0x0303, NULL, 0);
	craft_ext_name(&h, "a", 1);
	craft_ext_alpn(&h, "h2", 2);
	assert_string_equal(ja4(craft_hello_end(&h), 't'), "t12d0002h2_000000000000_000000000000");
}

static void alpn(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		const char *want;
	} t[] = {
		{ "h2", 2, "h2" },	     { "http/1.1", 8, "h1" },	 { "h3-29", 5, "h9" },
		{ "", 0, "00" },	     { "x", 1, "xx" },		 { "Z9", 2, "Z9" },
		{ "\xab", 1, "ab" },	     { "\xab\xcd", 2, "ad" },	 { "0\xab", 2, "3b" },
		{ "01\xab\xcd", 4, "3d" },   { "0\xab\xcd" "1", 4, "01" }, { "a\0", 2, "60" },
		{ "\xba\xad", 2, "bd" },     { "-a", 2, "21" },		 { "/", 1, "2f" },
		{ "@Z", 2, "4a" },	     { "[a", 2, "51" },		 { "`a", 2, "61" },
		{ "{a", 2, "71" },	     { ":0", 2, "30" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct craft_hello h;

		craft_hello_begin(&h, 0x0303, ciphers, 1);
		craft_ext_alpn(&h, t[i].name, t[i].n);
		const char *got = ja4(craft_hello_end(&h), 't');
		if (memcmp(got + 8, t[i].want, 2) != 0)
			fail_msg("alpn %zu: %.2s, not %s", i, got + 8, t[i].want);
	}
	struct craft_hello h;

	craft_hello_begin(&h, 0x0303, ciphers, 1);
	craft_ext(&h, 16, "\0\0", 2); /* an empty list */
	assert_memory_equal(ja4(craft_hello_end(&h), 't') + 8, "00", 2);
}

static void version_codes(void **state)
{
	static const struct {
		uint16_t version;
		const char *want;
	} t[] = { { 0x0304, "13" }, { 0x0303, "12" }, { 0x0302, "11" }, { 0x0301, "10" },
		  { 0x0300, "s3" }, { 0x0002, "s2" }, { 0xfeff, "d1" }, { 0xfefd, "d2" },
		  { 0xfefc, "d3" }, { 0x0305, "00" }, { 0x7f1c, "00" }, { 0, "00" } };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct craft_hello h;

		craft_hello_begin(&h, t[i].version, ciphers, 1);
		assert_memory_equal(ja4(craft_hello_end(&h), 't') + 1, t[i].want, 2);
	}
}

/* counts stop at 99, hashes do not; order makes no difference, a repeated value does */
static void many(void **state)
{
	static uint16_t c[8000];
	char up[FACTS_JA4_LEN + 1];
	struct craft_hello h;

	(void)state;
	for (size_t i = 0; i < 300; i++)
		c[i] = (uint16_t)(0xc000 + i);
	craft_hello_begin(&h, 0x0303, c, 300);
	for (size_t i = 0; i < 120; i++)
		craft_ext(&h, (uint16_t)(0x4000 + i), "", 0);
	/* python3: sha256 of ",".join("%04x" % v ...), range(0xc000, +300), range(0x4000, +120) */
	memcpy(up, ja4(craft_hello_end(&h), 't'), sizeof up);
	assert_string_equal(up, "t12i999900_be6f7c51f18a_ac67520420c7");
	for (size_t i = 0; i < 300; i++)
		c[i] = (uint16_t)(0xc000 + (i * 7 + 13) % 300);
	craft_hello_begin(&h, 0x0303, c, 300);
	for (size_t i = 0; i < 120; i++)
		craft_ext(&h, (uint16_t)(0x4000 + (i * 77 + 5) % 120), "", 0);
	assert_string_equal(ja4(craft_hello_end(&h), 't'), up);
	for (size_t i = 0; i < 8000; i++)
		c[i] = (uint16_t)(0xb000 + (i * 4999) % 8000);
	craft_hello_begin(&h, 0x0303, c, 8000);
	/* the same over range(0xb000, +8000), without GREASE */
	assert_string_equal(ja4(craft_hello_end(&h), 't'), "t12i990000_981fdc07ce80_000000000000");
	c[0] = c[1] = c[2] = 0x1301;
	craft_hello_begin(&h, 0x0303, c, 3); /* sha256 of "1301,1301,1301" */
	assert_memory_equal(ja4(craft_hello_end(&h), 't'), "t12i030000_de5ba1315284", 23);
}

static void sorting(void **state)
{
	(void)state;
	for (size_t n = 0; n < 200; n++) {
		uint16_t v[200];
		size_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			v[i] = (uint16_t)((i * 40503 + n * 7) >> (n % 5) & 0xffff);
			sum += v[i];
		}
		hello_sort(v, n);
		for (size_t i = 0; i < n; i++) {
			sum -= v[i];
			if (i)
				assert_true(v[i - 1] <= v[i]);
		}
		assert_int_equal(sum, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specification), cmocka_unit_test(grease),
		cmocka_unit_test(name_and_alpn_only), cmocka_unit_test(alpn),
		cmocka_unit_test(version_codes), cmocka_unit_test(many),
		cmocka_unit_test(sorting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
