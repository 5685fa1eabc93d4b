/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

static struct hello hello;
static struct dissect_text text;

static const char *ja3(struct slice msg)
{
	static char hex[33];
	uint8_t md5[16], again[16];

	assert_int_equal(hello_parse(&hello, msg, false), DISSECT_DONE);
	ja3_hash(md5, &text, &hello);
	ja3_hash(again, NULL, &hello);
	assert_memory_equal(md5, again, 16);
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", md5[i]);
	return hex;
}

static void is_text(const char *want)
{
	assert_int_equal(text.ja3_len, strlen(want));
	assert_memory_equal(text.ja3, want, text.ja3_len);
}

/* the two examples of the README, strings and hashes */
static void readme(void **state)
{
	static const uint16_t a[] = { 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4 };
	static const uint16_t b[] = { 4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99 };
	static const uint16_t groups[] = { 23, 24, 25 };
	struct craft_hello h;

	(void)state;
	craft_hello_begin(&h, 769, a, sizeof a / 2);
	craft_ext_name(&h, "example.com", 11);
	craft_ext_list(&h, 10, 2, groups, 3);
	craft_ext(&h, 11, "\1\0", 2);
	assert_string_equal(ja3(craft_hello_end(&h)), "ada70206e40642a3e4461f35503241d5");
	is_text("769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
	craft_hello_begin(&h, 769, b, sizeof b / 2);
	assert_string_equal(ja3(craft_hello_end(&h)), "de350869b8c85de67a350c8d186f11e6");
	is_text("769,4-5-10-9-100-98-3-6-19-18-99,,,");
}

static void grease(void **state)
{
	struct craft_hello h;
	uint16_t ciphers[20], groups[20];

	(void)state;
	for (uint16_t i = 0; i < 16; i++)
		ciphers[i] = groups[i] = (uint16_t)(0x0a0a + 0x1010 * i);
	ciphers[16] = groups[16] = 0x0a1a; /* two different GREASE bytes make none */
	ciphers[17] = groups[17] = 0xfbfb;
	craft_hello_begin(&h, 771, ciphers, 18);
	for (size_t i = 0; i < 16; i++)
		craft_ext(&h, ciphers[i], "", 0);
	craft_ext_list(&h, 10, 2, groups, 18);
	craft_ext(&h, 11, "\3\12\0\2", 4); /* point formats have no GREASE */
	ja3(craft_hello_end(&h));
	is_text("771,2586-64507,10-11,2586-64507,10-0-2");
}

/* the version is the legacy one; of an extension that comes twice the first is listed in full */
static void fields(void **state)
{
	static const uint16_t c[] = { 0, 9, 10, 99, 65535 }, one[] = { 29 }, two[] = { 30 };
	struct craft_hello h;

	(void)state;
	craft_hello_begin(&h, 0x0301, c, 5);
	craft_ext(&h, 43, "\2\3\4", 3);
	craft_ext_list(&h, 10, 2, one, 1);
	craft_ext_list(&h, 10, 2, two, 1);
	ja3(craft_hello_end(&h));
	is_text("769,0-9-10-99-65535,43-10-10,29,");
	craft_hello_begin(&h, 0x0303, NULL, 0);
	ja3(craft_hello_end(&h));
	is_text("771,,,,");
}

/* longer than the text has room for: no text, and the hash all the same */
static void any_length(void **state)
{
	static uint16_t c[8000];
	struct craft_hello h;

	(void)state;
	for (size_t i = 0; i < 300; i++)
		c[i] = (uint16_t)(0xc000 + i);
	craft_hello_begin(&h, 771, c, 300);
	/* python3: hashlib.md5(("771,"+"-".join(str(0xc000+i) for i in range(300))+",,,")...) */
	assert_string_equal(ja3(craft_hello_end(&h)), "21d4eacbdc1112421ce01e86e36f29f2");
	assert_int_equal(text.ja3_len, 1806);
	for (size_t i = 0; i < 8000; i++)
		c[i] = (uint16_t)(0x8000 + i);
	/* the same over range(8000) from 0x8000, without GREASE */
	craft_hello_begin(&h, 771, c, 8000);
	assert_string_equal(ja3(craft_hello_end(&h)), "7f5e2fe8ca6ad53fcb355692c003acc4");
	assert_int_equal(text.ja3_len, 0);
	/* exactly as long as there is room, and one more */
	for (size_t i = 0; i < 8000; i++)
		c[i] = 10000;
	craft_hello_begin(&h, 771, c, 340);
	ja3(craft_hello_end(&h));
	assert_int_equal(text.ja3_len, 3 + 1 + 340 * 6 - 1 + 3);
	c[0] = 100;
	c[1] = 100;
	memset(text.ja3, 0, sizeof text.ja3);
	craft_hello_begin(&h, 771, c, 341); /* 2 less twice: 2048 */
	ja3(craft_hello_end(&h));
	assert_int_equal(text.ja3_len, sizeof text.ja3);
	assert_memory_equal(text.ja3 + sizeof text.ja3 - 9, "-10000,,,", 9);
	c[1] = 1000;
	craft_hello_begin(&h, 771, c, 341);
	ja3(craft_hello_end(&h));
	assert_int_equal(text.ja3_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readme),
		cmocka_unit_test(grease),
		cmocka_unit_test(fields),
		cmocka_unit_test(any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
