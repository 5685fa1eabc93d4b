/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/first.h"

static const struct first icmp = { icmp_dissect, APP_ICMP, 0 };
static const struct first icmp6 = { icmp6_dissect, APP_ICMP, 0 };

static void random_fill(struct craft *c, size_t n)
{
	uint64_t seed = 0x2545f4914f6cdd1d + c->n;
	uint8_t b[2000];

	first_fill(&seed, b, n);
	craft_bytes(c, b, n);
}

static void begin(struct craft *c)
{
	c->n = 0;
	craft_bytes(c, "\10\0\x12\x34\0\1\0\1", 8);
}

static void count(struct craft *c, uint8_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		craft_uint(c, (uint8_t)(from + i), 1);
}

static void repeat(struct craft *c, const char *what, size_t n)
{
	for (size_t i = 0; i < n; i++)
		craft_uint(c, (uint8_t)what[i % strlen(what)], 1);
}

/* Does it carry data of its own? The same over IPv6. */
static bool carries(const struct craft *c)
{
	struct craft k = { .n = 0 };
	struct facts f, g;

	assert_int_equal(first_of(&icmp, &f, c->b, c->n), DISSECT_DONE);
	assert_int_equal(facts_state(&f, FACT_ICMP_SIZE), FACT_KNOWN);
	assert_int_equal(f.icmp_size, c->n - 8);
	craft_bytes(&k, c->b, c->n);
	k.b[0] = 128;
	assert_int_equal(first_of(&icmp6, &g, k.b, k.n), DISSECT_DONE);
	assert_memory_equal(&f, &g, sizeof f);
	assert_int_equal(f.anomalies & ~(uint32_t)ANOM_ICMP_DATA, 0);
	return f.anomalies & ANOM_ICMP_DATA;
}

static void types(void **state)
{
	struct craft c;
	struct facts f;

	(void)state;
	begin(&c);
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(first_is(&icmp, c.b, n), DISSECT_NOT_MINE);
	for (unsigned int type = 0; type < 256; type++) {
		c.b[0] = (uint8_t)type;
		assert_int_equal(first_is(&icmp, c.b, 8),
				 type == 8 ? DISSECT_DONE : DISSECT_NOT_MINE);
		assert_int_equal(first_is(&icmp6, c.b, 8),
				 type == 128 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
	c.b[0] = 8;
	c.b[1] = 9;
	assert_int_equal(first_of(&icmp, &f, c.b, 8), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_APP_BAD);
}

static void ping_programs(void **state)
{
	static const size_t sizes[] = { 0, 8, 32, 33, 40, 48, 56, 64, 100, 248, 512, 1000, 1472 };
	struct craft c;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		size_t n = sizes[i];

		for (size_t own = 0; own <= 24 && own <= n; own += 4) {
			begin(&c); /* iputils, BSD, macOS: a time, then what counts up */
			random_fill(&c, own);
			count(&c, (uint8_t)own, n - own);
			assert_false(carries(&c));
			begin(&c); /* busybox, fping, mtr, pro-bing */
			random_fill(&c, own);
			craft_fill(&c, own == 24, n - own);
			assert_false(carries(&c));
			begin(&c); /* Cisco */
			random_fill(&c, own);
			repeat(&c, "\xab\xcd", n - own);
			assert_false(carries(&c));
		}
		begin(&c); /* Windows */
		repeat(&c, "abcdefghijklmnopqrstuvw", n);
		assert_false(carries(&c));
		begin(&c); /* traceroute */
		for (size_t k = 0; k < n; k++)
			craft_uint(&c, 0x40 + (k & 0x3f), 1);
		assert_false(carries(&c));
	}
}

static void data(void **state)
{
	struct craft c;

	(void)state;
	for (size_t n = 0; n <= 1472; n++) {
		begin(&c);
		random_fill(&c, n);
		assert_int_equal(carries(&c), n > 32);
	}
	/* an IP packet inside, and be it a ping */
	begin(&c);
	craft_bytes(&c, "\x45\0\0\x54\0\0\x40\0\x40\1\x23\xe9\xa\x5f\1\1\xa\x5f\1\2", 20);
	craft_bytes(&c, "\x8\0\x5b\xeb\x3d\x8\0\1", 8);
	random_fill(&c, 8);
	count(&c, 8, 48);
	assert_true(carries(&c));
	begin(&c); /* one byte is not what it should be */
	random_fill(&c, 16);
	count(&c, 16, 40);
	c.b[c.n - 9] ^= 1;
	assert_true(carries(&c));
	begin(&c);
	craft_fill(&c, 0, 56);
	c.b[8 + 40] = 1;
	assert_true(carries(&c));
	begin(&c); /* a period that is not there twice proves nothing, a long one neither */
	random_fill(&c, 24);
	random_fill(&c, 16);
	craft_bytes(&c, c.b + 32, 15);
	assert_true(carries(&c));
	craft_bytes(&c, c.b + 47, 1);
	assert_false(carries(&c));
	begin(&c);
	random_fill(&c, 24);
	random_fill(&c, 17);
	craft_bytes(&c, c.b + 32, 17);
	assert_true(carries(&c));
	begin(&c); /* counting that begins anew somewhere else each time */
	random_fill(&c, 24);
	count(&c, 10, 20);
	count(&c, 10, 20);
	assert_false(carries(&c));
	count(&c, 11, 20);
	assert_true(carries(&c));
	begin(&c);
	random_fill(&c, 24);
	count(&c, 10, 20);
	count(&c, 10, 19);
	count(&c, 10, 20);
	assert_true(carries(&c));
	begin(&c);
	random_fill(&c, 24);
	count(&c, 10, 20);
	count(&c, 10, 21);
	assert_true(carries(&c));
}

/* Known by the first bytes even where they are few */
static void tunnels(void **state)
{
	static const char *const magics[] = { "\xd5\x20\x08\x80", "hanc", "hnc2", "hnc3", "hnc4" };
	struct craft c;

	(void)state;
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
		begin(&c);
		craft_bytes(&c, magics[i], 3);
		assert_false(carries(&c));
		craft_bytes(&c, magics[i] + 3, 1);
		assert_true(carries(&c));
		craft_fill(&c, 0, 24);
		assert_true(carries(&c));
	}
	for (size_t n = 0; n < 60; n++) { /* IP packets, and what is not quite one */
		begin(&c);
		craft_uint(&c, 0x45000000 | n, 4);
		craft_fill(&c, 0, n > 4 ? n - 4 : 0);
		assert_int_equal(carries(&c), n >= 20);
		c.b[11]++;
		assert_false(carries(&c));
		begin(&c);
		craft_uint(&c, 0x60000000, 4);
		craft_uint(&c, n - 40, 2);
		craft_fill(&c, 0, n > 6 ? n - 6 : 0);
		assert_int_equal(carries(&c), n >= 40);
		c.b[13]++;
		assert_false(carries(&c));
	}
}

static void random_messages(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		uint8_t b[72];

		first_fill(&seed, b, sizeof b);
		assert_int_equal(first_is(&icmp, b, sizeof b),
				 b[0] == 8 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),   cmocka_unit_test(ping_programs),
		cmocka_unit_test(data),	   cmocka_unit_test(tunnels),
		cmocka_unit_test(random_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
