/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/first.h"

static const struct first anywhere = { stun_dissect, APP_STUN, 19302 };
static const struct first own_port = { stun_dissect, APP_STUN, 3478 };
static const struct first own_second = { stun_dissect, APP_STUN, 3479 };

enum { COOKIE = 0x2112A442 };

static void begin(struct craft *c, uint16_t type, uint32_t cookie)
{
	c->n = 0;
	craft_uint(c, type, 2);
	craft_uint(c, 0, 2);
	craft_uint(c, cookie, 4);
	craft_fill(c, 0x77, 12);
}

static void attribute(struct craft *c, uint16_t type, size_t n, bool padded)
{
	craft_uint(c, type, 2);
	craft_uint(c, n, 2);
	craft_fill(c, 0x41, n);
	if (padded)
		craft_fill(c, 0, -n & 3);
}

static enum dissect_result ask(const struct first *d, struct craft *c)
{
	c->b[2] = (uint8_t)((c->n - 20) >> 8);
	c->b[3] = (uint8_t)(c->n - 20);
	return first_is(d, c->b, c->n);
}

static void requests(void **state)
{
	static const uint16_t types[] = { 0x0001, 0x0011, 0x0003, 0x0004, 0x0008, 0x0101 };
	struct craft c;

	(void)state;
	assert_int_equal(first_is(&anywhere, NULL, 0), DISSECT_MORE);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		begin(&c, types[i], COOKIE);
		assert_int_equal(ask(&anywhere, &c), DISSECT_DONE);
		for (size_t n = 1; n < 9; n++) {
			begin(&c, types[i], COOKIE);
			attribute(&c, 0x8022, n, true);
			attribute(&c, 0x0006, 9, true);
			assert_int_equal(ask(&anywhere, &c), DISSECT_DONE);
		}
	}
	for (size_t n = 1; n < c.n; n++) /* the length does not agree */
		assert_int_equal(first_is(&anywhere, c.b, n), DISSECT_NOT_MINE);
	c.b[0] |= 0x40;
	assert_int_equal(ask(&anywhere, &c), DISSECT_NOT_MINE);
	c.b[0] = 0x80;
	assert_int_equal(ask(&anywhere, &c), DISSECT_NOT_MINE);
	c.b[0] = 0;
	for (size_t i = 4; i < 8; i++) {
		c.b[i] ^= 1;
		assert_int_equal(ask(&anywhere, &c), DISSECT_NOT_MINE);
		c.b[i] ^= 1;
	}
	assert_int_equal(ask(&anywhere, &c), DISSECT_DONE);
	craft_fill(&c, 0, 2); /* not in steps of four */
	assert_int_equal(ask(&anywhere, &c), DISSECT_NOT_MINE);
}

static void broken(void **state)
{
	struct craft c;

	(void)state;
	begin(&c, 1, COOKIE);
	attribute(&c, 6, 8, true);
	c.b[23]++; /* pads to 12 */
	assert_int_equal(ask(&anywhere, &c), DISSECT_BAD);
	c.b[22] = 0xff;
	c.b[23] = 0xff;
	assert_int_equal(ask(&anywhere, &c), DISSECT_BAD);
	begin(&c, 1, COOKIE);
	attribute(&c, 6, 6, false); /* 2 bytes of padding are not there */
	attribute(&c, 6, 2, false);
	assert_int_equal(ask(&anywhere, &c), DISSECT_BAD);
}

/* RFC 3489: no cookie, no padding, the port decides */
static void classic(void **state)
{
	struct craft c;

	(void)state;
	for (uint16_t type = 0; type < 5; type++) {
		bool mine = type == 1 || type == 2;

		begin(&c, type, 0xc15dae63);
		attribute(&c, 3, 4, false);
		assert_int_equal(ask(&own_port, &c), mine ? DISSECT_DONE : DISSECT_NOT_MINE);
		assert_int_equal(ask(&own_second, &c), mine ? DISSECT_DONE : DISSECT_NOT_MINE);
		assert_int_equal(ask(&anywhere, &c), DISSECT_NOT_MINE);
	}
	begin(&c, 1, 0xc15dae63);
	attribute(&c, 3, 3, false);
	attribute(&c, 3, 5, false);
	assert_int_equal(ask(&own_port, &c), DISSECT_DONE);
	c.b[23]++;
	assert_int_equal(ask(&own_port, &c), DISSECT_NOT_MINE);
}

static void random_bytes(void **state)
{
	(void)state;
	assert_int_equal(first_taken(&anywhere), 0);
	assert_int_equal(first_taken(&own_port), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(broken),
		cmocka_unit_test(classic),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
