/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/prefix.h"

static struct prefix any = { .fn = remote_dissect, .dport = 443 };
static struct prefix viewer = { .fn = remote_dissect, .dport = 5938 };
static struct prefix rust = { .fn = remote_dissect, .dport = 21116 };

static void vnc(void **state)
{
	static const char *const good[] = {
		"RFB 003.003\n", "RFB 003.007\n", "RFB 003.008\n", "RFB 003.889\n", "RFB 005.000\n",
	};
	static const char *const bad[] = {
		"RFB 003.008\r", "RFB 003,008\n", "RFB 3.8\n", "RFB 003.00x\n", "RFB  03.008\n",
		"rfb 003.008\n", "RFC 003.008\n", "RFB:003.008\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(prefix_all(&any, good[i], 12), DISSECT_DONE);
		assert_int_equal(any.f.app, APP_VNC);
		assert_int_equal(any.at, 12);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(prefix_all(&any, bad[i], strlen(bad[i])), DISSECT_NOT_MINE);
}

static void teamviewer(void **state)
{
	(void)state;
	assert_int_equal(PREFIX(&viewer, "\x17\x24\x10\x04\x00" "abcd"), DISSECT_DONE);
	assert_int_equal(viewer.f.app, APP_TEAMVIEWER);
	assert_int_equal(viewer.at, 2);
	assert_int_equal(PREFIX(&viewer, "\x11\x30\x00\x00"), DISSECT_DONE);
	assert_int_equal(PREFIX(&viewer, "\x17\x03\x03\x00\x20"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&viewer, "\x11\x24\x0a\x20"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&viewer, "\x17\x30\x0a\x20"), DISSECT_NOT_MINE);
	/* on another port the mark alone is not enough */
	assert_int_equal(PREFIX(&any, "\x17\x24\x0a\x20\x00"), DISSECT_DONE);
	assert_int_equal(any.f.app, APP_TEAMVIEWER);
	assert_int_equal(any.at, 4);
	assert_int_equal(PREFIX(&any, "\x17\x24\x10\x04\x00" "abcd"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&any, "\x11\x30\x0a\x20"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&any, "\x17\x03\x03\x00\x20"), DISSECT_NOT_MINE);
	assert_int_equal(any.at, 2);
}

static const struct {
	const char *bytes;
	size_t n;
	enum dissect_result want;
} frames[] = {
#define T(s, want) { s, sizeof(s) - 1, want }
	T("\x0c\xa2\x01\x00", DISSECT_DONE), /* test_nat_request, empty */
	T("\x14\xa2\x01\x02\x08\x07", DISSECT_DONE),
	T("\x38\x42\x0c\x0a\x09" "123456789" "\x10", DISSECT_NOT_MINE), /* a field without value */
	T("\x3c\x42\x0d\x0a\x09" "123456789" "\x10\x01", DISSECT_DONE), /* punch_hole_request */
	T("\x35\x00\x42\x0b\x0a\x09" "123456789", DISSECT_DONE), /* two bytes of length */
	T("\x36\x00\x00\x42\x0b\x0a\x09" "123456789", DISSECT_DONE),
	T("\x37\x00\x00\x00\x42\x0b\x0a\x09" "123456789", DISSECT_DONE),
	T("\x34\x42\x0a\x0a\x09" "123456789", DISSECT_NOT_MINE), /* the lengths differ */
	T("\x34\x42\x0c\x0a\x09" "123456789", DISSECT_NOT_MINE),
	T("\x34\x42\x0b\x0a\x0a" "123456789", DISSECT_NOT_MINE),
	T("\x34\x42\x0b\x0a\x08" "123456789", DISSECT_NOT_MINE),
	T("\x34\x42\x0b\x09\x09" "123456789", DISSECT_NOT_MINE), /* eight bytes fixed */
	T("\x34\x40\x0b\x0a\x09" "123456789", DISSECT_NOT_MINE), /* a number, not a message */
	T("\x34\x4a\x0b\x0a\x09" "123456789", DISSECT_NOT_MINE), /* a server's message */
	T("\x0c\xa2\x01\x01", DISSECT_NOT_MINE),
	T("\x00", DISSECT_NOT_MINE),
	T("\x04\x42", DISSECT_NOT_MINE),
	T("\xff\xff\xff\xff", DISSECT_NOT_MINE),
	T("\x31\x40\x42\x0b", DISSECT_NOT_MINE), /* above 4096 */
	T("\x34\x42\x0b\x0a\x09" "12345678", DISSECT_MORE),
#undef T
};

static void rustdesk(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		enum dissect_result r = prefix_all(&rust, frames[i].bytes, frames[i].n);

		if (r != frames[i].want)
			fail_msg("frame %zu: %d", i, (int)r);
		if (r != DISSECT_DONE)
			continue;
		assert_int_equal(rust.f.app, APP_RUSTDESK);
		assert_int_equal(rust.at, frames[i].n);
		assert_int_not_equal(prefix_all(&any, frames[i].bytes, frames[i].n), DISSECT_DONE);
	}
	for (uint16_t port = 21114; port <= 21118; port++) {
		struct prefix p = { .fn = remote_dissect, .dport = port };

		assert_int_equal(PREFIX(&p, "\x0c\xa2\x01\x00"),
				 port >= 21115 && port <= 21117 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
}

static void noise(void **state)
{
	(void)state;
	assert_int_equal(prefix_noise(&any, 1000000, 0, 255), 0);
	/* with the port two bytes make TeamViewer: 2 in 65536 of random ones; RustDesk is rarer */
	assert_in_range(prefix_noise(&viewer, 1000000, 0, 255), 1, 60);
	assert_in_range(prefix_noise(&rust, 1000000, 0, 255), 0, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vnc), cmocka_unit_test(teamviewer), cmocka_unit_test(rustdesk),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
