/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/conf_build.h"

static struct cb b;

static int setup(void **state)
{
	(void)state;
	cb_init(&b);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cb_fini(&b);
	return 0;
}

/* One fact of two values: pending, absent, 0, 1. */
static void flag(const char *key, const char *one, const char *zero, enum fact id, size_t at)
{
	for (int want = 0; want < 2; want++) {
		struct facts f = cb_facts();
		uint8_t *value = (uint8_t *)&f + at;

		cb_one(&b, key, want ? one : zero);
		assert_int_equal(cb_value(&b, &f), '?');
		facts_know(&f, id);
		*value = 0;
		assert_int_equal(cb_value(&b, &f), want ? '-' : '+');
		assert_int_equal(cb_judge(&b, &f).ev.line,
				 want ? 0 : b.c.rule[0].when.cond[0].value.line[0]);
		*value = 1;
		assert_int_equal(cb_value(&b, &f), want ? '+' : '-');
		f = cb_facts();
		facts_settle(&f);
		assert_int_equal(cb_value(&b, &f), '-');
	}
}

static void test_flags(void **state)
{
	(void)state;
	flag("ech", "true", "false", FACT_ECH, offsetof(struct facts, ech));
	flag("resolved", "true", "false", FACT_RESOLVED, offsetof(struct facts, resolved));
	flag("conforms", "true", "false", FACT_CONFORMS, offsetof(struct facts, conforms));
	flag("entropy", "high", "low", FACT_ENTROPY, offsetof(struct facts, entropy));
}

static char quic(uint32_t version)
{
	struct facts f = cb_facts();

	facts_know(&f, FACT_QUIC_VERSION);
	f.quic_version = version;
	return cb_value(&b, &f);
}

static void test_quic_version(void **state)
{
	static const uint32_t versions[] = { 1, 0x6b3343cf, 0xff00001d, 0, 0x51303530, 0x1a2a3a4a,
					     0x709a50c4 };
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "1", "+------" },	    { "2", "-+-----" },	      { "draft", "--+----" },
		{ "negotiation", "---+---" }, { "unknown", "----+++" }, { "0x51303530", "----+--" },
		{ "0xFF00001D", "--+----" }, { "4278190109", "--+----" }, { "0x6b3343cf", "-+-----" },
	};
	struct facts f = cb_facts();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cb_one(&b, "quic_version", cases[i].value);
		for (size_t k = 0; k < sizeof versions / sizeof *versions; k++)
			if (quic(versions[k]) != cases[i].want[k])
				fail_msg("%s: %#x", cases[i].value, versions[k]);
	}
	assert_int_equal(cb_value(&b, &f), '?');
	facts_settle(&f);
	assert_int_equal(cb_value(&b, &f), '-');
}

static void test_anomaly(void **state)
{
	struct facts f = cb_facts();

	(void)state;
	cb_one(&b, "anomaly", "http-host");
	assert_int_equal(cb_value(&b, &f), '?');
	f.anomalies = ANOM_HTTP_LINES;
	assert_int_equal(cb_value(&b, &f), '?');
	f.anomalies |= ANOM_HTTP_HOST; /* nothing is known, and it is TRUE */
	assert_int_equal(cb_value(&b, &f), '+');
	f.anomalies = ANOM_HTTP_LINES;
	for (enum fact i = 0; i < FACT_N; i++) {
		assert_int_equal(cb_value(&b, &f), '?'); /* the last one pending may still show it */
		if (i % 2)
			facts_know(&f, i);
		else
			f.absent |= 1u << i;
	}
	assert_int_equal(cb_value(&b, &f), '-');
	for (unsigned int i = 0; i < ANOM_N; i++) {
		f.anomalies = 1u << i;
		cb_one(&b, "anomaly", "any");
		assert_int_equal(cb_value(&b, &f), '+');
		cb_one(&b, "anomaly", facts_anomaly_name(i));
		assert_int_equal(cb_value(&b, &f), '+');
		assert_int_equal(cb_judge(&b, &f).ev.line, b.c.rule[0].when.cond[0].value.line[0]);
		f.anomalies = ~(1u << i) & ((1u << ANOM_N) - 1);
		assert_int_equal(cb_value(&b, &f), '-');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quic_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_anomaly, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
