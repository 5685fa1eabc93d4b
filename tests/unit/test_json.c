/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "agent/json.h"
#include "agent/log.h"

static const char *text(const char *bytes, size_t n)
{
	static char buf[512];
	struct json j;

	json_init(&j, buf, sizeof(buf) - 1);
	json_bytes(&j, NULL, bytes, n);
	assert_false(j.full);
	buf[j.n] = '\0';
	return buf;
}

#define TEXT(s) text(s, sizeof(s) - 1)

static void test_escapes(void **state)
{
	(void)state;
	assert_string_equal(TEXT("plain"), "\"plain\"");
	assert_string_equal(TEXT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	assert_string_equal(TEXT("\n\r\t\b\0\x1f\x7f"),
			    "\"\\u000a\\u000d\\u0009\\u0008\\u0000\\u001f\\u007f\"");
	assert_string_equal(TEXT("\xc2\x9b"), "\"\\u009b\"");
	assert_string_equal(TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
			    "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

/* RFC 3629 section 4: each of these bytes is none of a sequence. */
static void test_bad_utf8(void **state)
{
	(void)state;
	assert_string_equal(TEXT("\x80"), "\"\\ufffd\"");
	assert_string_equal(TEXT("\xff"), "\"\\ufffd\"");
	assert_string_equal(TEXT("\xc0\xaf"), "\"\\ufffd\\ufffd\""); /* overlong '/' */
	assert_string_equal(TEXT("\xe0\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(TEXT("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\""); /* surrogate */
	assert_string_equal(TEXT("\xf0\x80\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(TEXT("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	assert_string_equal(TEXT("\xe2\x82"), "\"\\ufffd\\ufffd\""); /* cut */
	assert_string_equal(TEXT("\xc3"
				 "A"),
			    "\"\\ufffdA\"");
	assert_string_equal(TEXT("\xe2\x82"
				 "\xc3\xa4"),
			    "\"\\ufffd\\ufffd\xc3\xa4\"");
}

/* Every pair of bytes gives JSON that a strict reader takes, without one raw control byte. */
static void test_every_pair(void **state)
{
	(void)state;
	for (unsigned int a = 0; a < 256; a++)
		for (unsigned int b = 0; b < 256; b++) {
			const char pair[3] = { (char)a, (char)b, 'x' };
			const char *t = text(pair, 3);
			json_t *v =
				json_loadb(t, strlen(t), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

			if (!v)
				fail_msg("%02x %02x: %s", a, b, t);
			json_decref(v);
			for (const char *p = t; *p; p++)
				assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		}
}

static void test_nesting(void **state)
{
	char buf[256];
	struct json j;

	(void)state;
	json_init(&j, buf, sizeof(buf));
	json_open(&j, NULL, '{');
	json_str(&j, "a", "b");
	json_open(&j, "o", '{');
	json_close(&j, '}');
	json_open(&j, "l", '[');
	json_u64(&j, NULL, UINT64_MAX);
	json_flag(&j, NULL, false);
	json_fmt(&j, NULL, "%d-%s", 7, "\x01");
	json_close(&j, ']');
	json_flag(&j, "t", true);
	json_close(&j, '}');
	json_newline(&j);
	assert_false(j.full);
	buf[j.n] = '\0';
	assert_string_equal(buf, "{\"a\":\"b\",\"o\":{},\"l\":[18446744073709551615,false,"
				 "\"7-\\u0001\"],\"t\":true}\n");
}

/* Whatever the size: nothing behind the end is touched, and cut is told. */
static void test_overflow(void **state)
{
	size_t whole = 0;

	(void)state;
	for (size_t size = 0; size < 64; size++) {
		char *buf = malloc(size + 1); /* exact, so that the sanitizer sees a step beyond */
		struct json j;

		json_init(&j, buf, size);
		json_open(&j, NULL, '{');
		json_bytes(&j, "key", "\xff\x01va\"lue", 8);
		json_u64(&j, "n", 12345);
		json_close(&j, '}');
		assert_true(j.n <= size);
		if (!j.full && !whole)
			whole = size;
		assert_true(!whole || !j.full);
		free(buf);
	}
	assert_int_equal(whole, strlen("{\"key\":\"\\ufffd\\u0001va\\\"lue\",\"n\":12345}"));
}

static void test_printable(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(log_printable(out, sizeof(out), "abc", 3), "abc");
	assert_string_equal(log_printable(out, sizeof(out), "\x1b[2J\\", 5), "\\x1b[2J\\\\");
	assert_string_equal(log_printable(out, sizeof(out), "\0\xff", 2), "\\x00\\xff");
	assert_string_equal(log_printable(out, sizeof(out), "123456789012345", 15),
			    "123456789012345");
	assert_string_equal(log_printable(out, sizeof(out), "1234567890123456", 16),
			    "123456789012...");
	assert_string_equal(log_printable(out, 4, "\x01\x01", 2), "...");
	assert_string_equal(log_printable(out, 4, "", 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),    cmocka_unit_test(test_bad_utf8),
		cmocka_unit_test(test_every_pair), cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_overflow),   cmocka_unit_test(test_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
