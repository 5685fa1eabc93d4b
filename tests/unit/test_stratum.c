/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/prefix.h"

static struct prefix stratum = { .fn = stratum_dissect, .dport = 443 };

static const struct {
	const char *line;
	enum dissect_result want;
} calls[] = {
	{ "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"x/1\",null]}\n", DISSECT_DONE },
	{ "{\"id\": 1, \"method\": \"mining.configure\", \"params\": [[], {}]}\n", DISSECT_DONE },
	{ "{\"params\":[\"a\",\"b\"],\"id\":2,\"method\":\"mining.authorize\"}\n", DISSECT_DONE },
	{ "{\"id\":0,\"method\":\"mining.hello\",\"params\":{\"agent\":\"x\"}}\n", DISSECT_DONE },
	{ "{\"worker\":\"r\",\"jsonrpc\":\"2.0\",\"params\":[\"0x1\"],\"id\":2,"
	  "\"method\":\"eth_submitLogin\"}\n", DISSECT_DONE },
	{ "{\"id\":1,\"method\":\"eth_login\",\"params\":[\"0x1\"]}\n", DISSECT_DONE },
	{ "{\"method\":\"login\",\"params\":{\"login\":\"4A\",\"pass\":\"x\"},\"id\":1}\n",
	  DISSECT_DONE },
	{ "{\"id\":1,\"params\":{\"agent\":\"a/1\",\"n\":{},\"login\":\"4A\"},"
	  "\"method\":\"login\"}\n", DISSECT_DONE },
	{ " \t{ \"method\" : \"mining.subscribe\" }", DISSECT_DONE },
	{ "{\"me\\u0074hod\":\"mining\\u002Esubscribe\"}", DISSECT_DONE },
	{ "{\"method\":\"\\u006d\\u0069ning.authori\\u007Ae\"}", DISSECT_DONE },
	{ "{\"method\":\"eth_l\\u006Fgin\"}", DISSECT_DONE },
	{ "{\r\n\"x y\" :\n[9,0],\"method\"\r:\"mining.subscribe\"}", DISSECT_DONE },
	{ "{\"a\":[1,-2.5E+39,true,[null,[]],{\"b\":{}}],\"method\":\"mining.subscribe\"}",
	  DISSECT_DONE },

	/* other calls, and names in the wrong place */
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[]}\n", DISSECT_NOT_MINE },
	{ "{\"method\":\"mining.subscribed\"}\n", DISSECT_NOT_MINE },
	{ "{\"method\":\"mining.subscrib\"}\n", DISSECT_NOT_MINE },
	{ "{\"method\":\"Mining.subscribe\"}\n", DISSECT_NOT_MINE },
	{ "{\"method\":1}\n", DISSECT_NOT_MINE },
	{ "{\"method\":\"login\",\"params\":{\"login\":\"4A\",\"user\":\"x\"}}\n",
	  DISSECT_NOT_MINE },
	{ "{\"method\":\"login\",\"params\":{\"pass\":\"x\"}}\n", DISSECT_NOT_MINE },
	{ "{\"method\":\"login\",\"params\":[\"login\",\"pass\"]}\n", DISSECT_NOT_MINE },
	{ "{\"method\":\"login\",\"x\":{\"login\":\"4A\",\"pass\":\"x\"}}\n", DISSECT_NOT_MINE },
	{ "{\"method\":\"login\",\"params\":[{\"login\":\"4A\",\"pass\":\"x\"}]}\n",
	  DISSECT_NOT_MINE },
	{ "{\"method\":\"login\",\"params\":{\"a\":{\"login\":\"4A\",\"pass\":\"x\"}}}\n",
	  DISSECT_NOT_MINE },
	{ "{\"params\":{\"method\":\"mining.subscribe\"}}\n", DISSECT_NOT_MINE },
	{ "{\"x\":\"\\\"method\\\":\\\"mining.subscribe\\\"\"}\n", DISSECT_NOT_MINE },
	{ "[{\"method\":\"mining.subscribe\"}]\n", DISSECT_NOT_MINE },
	{ "{}\n", DISSECT_NOT_MINE },
	{ "\"method\"", DISSECT_NOT_MINE },
	{ "1 ", DISSECT_NOT_MINE },
	{ "GET / HTTP/1.1\r\n", DISSECT_NOT_MINE },

	/* no JSON */
	{ "{\"id\" 1 ", DISSECT_NOT_MINE },
	{ "{\"id\":,", DISSECT_NOT_MINE },
	{ "{\"id\":1 2 ", DISSECT_NOT_MINE },
	{ "{id:1", DISSECT_NOT_MINE },
	{ "{,", DISSECT_NOT_MINE },
	{ "{\"a\":1,}", DISSECT_NOT_MINE },
	{ "{\"a\":[1,]", DISSECT_NOT_MINE },
	{ "{\"a\":[1}", DISSECT_NOT_MINE },
	{ "{\"a\":{]", DISSECT_NOT_MINE },
	{ "{\"a\":}", DISSECT_NOT_MINE },
	{ "{1:1", DISSECT_NOT_MINE },
	{ "{\"a\n", DISSECT_NOT_MINE },
	{ "{\"a\":#", DISSECT_NOT_MINE },
	{ "{{", DISSECT_NOT_MINE },
	{ "{\"a\":1{", DISSECT_NOT_MINE },
	{ "{\"me\\x74hod\":\"mining.subscribe\"}", DISSECT_NOT_MINE },
	{ "{\"method\":\"mining\\u0f2esubscribe\"}", DISSECT_NOT_MINE },
	{ "{\"method\":\"mining\\u002gsubscribe\"}", DISSECT_NOT_MINE },
	{ "{\"method\":\"mining\\.subscribe\"}", DISSECT_NOT_MINE },
	{ "{\"a\":1:", DISSECT_NOT_MINE },
	{ "{\"a\":1,,", DISSECT_NOT_MINE },

	/* not whole */
	{ "", DISSECT_MORE },
	{ "{\"id\":1", DISSECT_MORE },
	{ "{\"method\":\"mining.subscribe", DISSECT_MORE },
	{ "{\"method\":\"login\",\"params\":{\"login\":\"4A\"", DISSECT_MORE },
	{ "{\"a\\", DISSECT_MORE },
};

static void methods(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		enum dissect_result r = prefix_all(&stratum, calls[i].line, strlen(calls[i].line));

		if (r != calls[i].want)
			fail_msg("%s: %d", calls[i].line, (int)r);
		if (r == DISSECT_DONE)
			assert_int_equal(stratum.f.app, APP_STRATUM);
		assert_int_equal(stratum.f.anomalies, 0);
	}
}

/* the answer comes with the method, and nothing behind it is read */
static void early(void **state)
{
	(void)state;
	assert_int_equal(PREFIX(&stratum, "{\"method\":\"mining.subscribe\"!"), DISSECT_DONE);
	assert_int_equal(stratum.at, 28);
	assert_int_equal(PREFIX(&stratum, "{\"method\":\"echo\"!"), DISSECT_NOT_MINE);
	assert_int_equal(stratum.at, 16);
}

static void bounds(void **state)
{
	struct craft c;

	(void)state;
	for (size_t depth = 13; depth < 19; depth++) {
		c.n = 0;
		craft_bytes(&c, "{\"a\":", 5);
		craft_fill(&c, '[', depth);
		craft_fill(&c, ']', depth);
		craft_bytes(&c, ",\"method\":\"mining.subscribe\"}", 29);
		assert_int_equal(prefix_all(&stratum, c.b, c.n),
				 depth < 16 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
	for (size_t n = 4060; n < 4080; n++) {
		c.n = 0;
		craft_bytes(&c, "{\"a\":\"", 6);
		craft_fill(&c, 'x', n - 7);
		craft_bytes(&c, "\",\"method\":\"mining.subscribe\"}", 30);
		assert_int_equal(prefix_ask(&stratum, (struct slice){ c.b, c.n }),
				 n + 28 <= 4096 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
	c.n = 0;
	craft_fill(&c, ' ', 4095);
	assert_int_equal(prefix_ask(&stratum, (struct slice){ c.b, c.n }), DISSECT_MORE);
	craft_fill(&c, ' ', 1);
	assert_int_equal(prefix_ask(&stratum, (struct slice){ c.b, c.n }), DISSECT_NOT_MINE);
}

static void noise(void **state)
{
	(void)state;
	assert_int_equal(prefix_noise(&stratum, 1000000, 0, 255), 0);
	assert_int_equal(prefix_noise(&stratum, 200000, ' ', '~'), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods), cmocka_unit_test(early), cmocka_unit_test(bounds),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
