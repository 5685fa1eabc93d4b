/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/prefix.h"

static struct prefix mqtt = { .fn = mqtt_dissect, .dport = 8000 };

static enum dissect_result ask(const char *name, size_t left, uint8_t level, uint8_t flags)
{
	struct craft c = { .n = 0 };

	craft_uint(&c, 0x10, 1);
	for (; left > 0x7f; left >>= 7)
		craft_uint(&c, 0x80 | (left & 0x7f), 1);
	craft_uint(&c, left, 1);
	craft_uint(&c, strlen(name), 2);
	craft_bytes(&c, name, strlen(name));
	craft_uint(&c, level, 1);
	craft_uint(&c, flags, 1);
	craft_uint(&c, 60, 2);
	craft_uint(&c, 1, 2);
	craft_bytes(&c, "a", 1);
	enum dissect_result r = prefix_all(&mqtt, c.b, c.n);

	if (r == DISSECT_DONE || r == DISSECT_BAD) {
		assert_int_equal(mqtt.f.app, APP_MQTT);
		assert_int_equal(mqtt.at, c.n - 3); /* the client's id is not waited for */
	}
	assert_int_equal(mqtt.f.anomalies, r == DISSECT_BAD ? ANOM_APP_BAD : 0);
	return r;
}

static void names(void **state)
{
	static const struct {
		const char *name;
		uint8_t level;
		enum dissect_result want;
	} t[] = {
		{ "MQTT", 4, DISSECT_DONE },	{ "MQTT", 5, DISSECT_DONE },
		{ "MQTT", 0x84, DISSECT_DONE }, { "MQIsdp", 3, DISSECT_DONE },
		{ "MQIsdp", 0x83, DISSECT_DONE }, { "MQTT", 3, DISSECT_BAD },
		{ "MQTT", 6, DISSECT_BAD },	{ "MQIsdp", 4, DISSECT_BAD },
		{ "MQIsdq", 3, DISSECT_NOT_MINE }, { "mqtt", 4, DISSECT_NOT_MINE },
		{ "MQT", 4, DISSECT_NOT_MINE },	{ "MQTTT", 4, DISSECT_NOT_MINE },
		{ "MQTTTT", 4, DISSECT_NOT_MINE }, { "", 4, DISSECT_NOT_MINE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_int_equal(ask(t[i].name, 40, t[i].level, 2), t[i].want);
}

static void lengths(void **state)
{
	static const struct {
		const char *name;
		uint8_t level;
		size_t least;
	} t[] = { { "MQTT", 4, 12 }, { "MQTT", 5, 13 }, { "MQIsdp", 3, 14 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ask(t[i].name, t[i].least - 1, t[i].level, 2), DISSECT_BAD);
		assert_int_equal(ask(t[i].name, t[i].least, t[i].level, 2), DISSECT_DONE);
		assert_int_equal(ask(t[i].name, 127, t[i].level, 2), DISSECT_DONE);
		assert_int_equal(ask(t[i].name, 128, t[i].level, 2), DISSECT_DONE);
		assert_int_equal(ask(t[i].name, 16384, t[i].level, 2), DISSECT_DONE);
		assert_int_equal(ask(t[i].name, 0xfffffff, t[i].level, 2), DISSECT_DONE);
	}
	assert_int_equal(PREFIX(&mqtt, "\x10\xff\xff\xff\xff\x01\x00\x04MQTT\x04\x02\x00\x3c"),
			 DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&mqtt, "\x11\x0c\x00\x04MQTT\x04\x02\x00\x3c"), DISSECT_NOT_MINE);
	assert_int_equal(PREFIX(&mqtt, "\x20\x02\x00\x00"), DISSECT_NOT_MINE);
}

static void flags(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < 256; v++)
		for (uint8_t level = 4; level <= 5; level++) {
			bool will = v & 4, bad = v & 1;

			bad |= (v & 0x18) == 0x18;
			bad |= !will && (v & 0x38);
			bad |= level == 4 && (v & 0xc0) == 0x40;
			assert_int_equal(ask("MQTT", 40, level, (uint8_t)v),
					 bad ? DISSECT_BAD : DISSECT_DONE);
		}
}

static void noise(void **state)
{
	(void)state;
	mqtt.dport = 1883;
	assert_int_equal(prefix_noise(&mqtt, 1000000, 0, 255), 0);
	assert_int_equal(prefix_noise(&mqtt, 1000000, 0, 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names), cmocka_unit_test(lengths), cmocka_unit_test(flags),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
