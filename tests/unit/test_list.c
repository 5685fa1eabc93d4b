/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/list.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* One text for any value, to compare by: "1 c0000201-c0000201", "3 example.com suffix". */
static void show(char *buf, size_t size, const struct list_entry *e)
{
	size_t n = (size_t)snprintf(buf, size, "%u ", e->line);

	switch (e->type) {
	case LIST_ADDRESS:
	case LIST_ENDPOINT:
		for (int i = 0; i < 16; i++)
			n += (size_t)snprintf(buf + n, size - n, "%02x", e->lo[i]);
		if (memcmp(e->lo, e->hi, 16) != 0) {
			n += (size_t)snprintf(buf + n, size - n, "-");
			for (int i = 0; i < 16; i++)
				n += (size_t)snprintf(buf + n, size - n, "%02x", e->hi[i]);
		}
		if (e->type == LIST_ENDPOINT)
			snprintf(buf + n, size - n, " %u", e->port);
		break;
	case LIST_SERVICE:
		snprintf(buf + n, size - n, "%.*s: %.*s%s", (int)e->service_len, e->service,
			 (int)e->len, e->text, e->suffix ? " suffix" : "");
		break;
	case LIST_JA3:
	case LIST_HASSH:
		for (int i = 0; i < 16; i++)
			n += (size_t)snprintf(buf + n, size - n, "%02x", e->md5[i]);
		break;
	default:
		snprintf(buf + n, size - n, "%.*s%s", (int)e->len, e->text,
			 e->suffix ? " suffix" : "");
	}
}

struct got {
	char text[4096];
	size_t len;
	uint32_t n, v4, v6;
	int answer;
};

static int collect(void *ctx, const struct list_entry *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct got *g = ctx;
	char line[400];

	show(line, sizeof line, e);
	if (g->len + strlen(line) + 2 < sizeof g->text)
		g->len += (size_t)snprintf(g->text + g->len, sizeof g->text - g->len, "%s\n", line);
	g->n++;
	if (memcmp(e->lo, mapped, sizeof mapped) == 0)
		g->v4++;
	else
		g->v6++;
	return g->answer;
}

#define V4 "00000000000000000000ffff"

static void value_is(enum list_type type, const char *text, const char *want)
{
	struct list_entry e;
	char buf[256], line[400];
	int rc = list_value(&e, type, buf, sizeof buf, text);

	if (!want) {
		if (rc != -EINVAL || !list_value_why(type, text))
			fail_msg("\"%s\" was taken", text);
		return;
	}
	if (rc != 0 || list_value_why(type, text))
		fail_msg("\"%s\" was refused", text);
	show(line, sizeof line, &e);
	assert_string_equal(line + 2, want);
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "192.0.2.1", V4 "c0000201" },
		{ "0.0.0.0", V4 "00000000" },
		{ "255.255.255.255", V4 "ffffffff" },
		{ "192.0.2.77/24", V4 "c0000200-" V4 "c00002ff" },
		{ "0.0.0.0/0", V4 "00000000-" V4 "ffffffff" },
		{ "128.0.0.0/1", V4 "80000000-" V4 "ffffffff" },
		{ "192.0.2.1/32", V4 "c0000201" },
		{ "192.0.2.130/31", V4 "c0000282-" V4 "c0000283" },
		{ "192.0.2.1-192.0.2.9", V4 "c0000201-" V4 "c0000209" },
		{ "192.0.2.1 - 192.0.2.9", V4 "c0000201-" V4 "c0000209" },
		{ "192.0.2.1-192.0.2.1", V4 "c0000201" },
		{ "2001:db8::1", "20010db8000000000000000000000001" },
		{ "2001:db8::/33",
		  "20010db8000000000000000000000000-20010db87fffffffffffffffffffffff" },
		{ "::ffff:192.0.2.1", V4 "c0000201" },
		{ "::ffff:192.0.2.0/120", V4 "c0000200-" V4 "c00002ff" },
		{ "::/0", "00000000000000010000000000000000-ffffffffffffffffffffffffffffffff" },
		{ "::1-1::", "00000000000000010000000000000000-00010000000000000000000000000000" },
		{ "::1", "00000000000000000000000000000001" },
		{ "::/64", NULL },
		{ "", NULL },
		{ "1", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.", NULL },
		{ "1.2.3.4.", NULL },
		{ "1.2.3.4.5", NULL },
		{ "1.2.3.256", NULL },
		{ "1.2.3.0004", NULL },
		{ "01.2.3.4", NULL },
		{ "1.2.3.-4", NULL },
		{ "+1.2.3.4", NULL },
		{ " 1.2.3.4", NULL },
		{ "0x1.2.3.4", NULL },
		{ "1.2.3.4/", NULL },
		{ "1.2.3.4/33", NULL },
		{ "1.2.3.4/-1", NULL },
		{ "1.2.3.4/08", NULL },
		{ "1.2.3.4/8/8", NULL },
		{ "1.2.3.4/255.0.0.0", NULL },
		{ "2001:db8::/129", NULL },
		{ "2001:db8::g", NULL },
		{ "fe80::1%eth0", NULL },
		{ "[2001:db8::1]", NULL },
		{ "5.5.5.5-4.4.4.4", NULL },
		{ "1.2.3.4-::2", NULL },
		{ "1.2.3.4-", NULL },
		{ "-1.2.3.4", NULL },
		{ "1.2.3.4:80", NULL },
		{ "example.com", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		value_is(LIST_ADDRESS, cases[i].text, cases[i].want);
}

static void endpoints(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "192.0.2.1:443", V4 "c0000201 443" },
		{ "192.0.2.1:65535", V4 "c0000201 65535" },
		{ "[2001:db8::1]:1", "20010db8000000000000000000000001 1" },
		{ "192.0.2.1", NULL },
		{ "192.0.2.1:", NULL },
		{ "192.0.2.1:0", NULL },
		{ "192.0.2.1:65536", NULL },
		{ "192.0.2.1:099", NULL },
		{ "192.0.2.1:4294967739", NULL },
		{ "192.0.2.0/24:80", NULL },
		{ "2001:db8::1:443", NULL },
		{ "[2001:db8::1]443", NULL },
		{ "[192.0.2.1]:443", NULL },
		{ "[]:443", NULL },
		{ "[:443", NULL },
		{ ":443", NULL },
		{ "example.com:443", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		value_is(LIST_ENDPOINT, cases[i].text, cases[i].want);
}

static void domains(void **state)
{
	char label[64], name[300], *at = name;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "Example.COM", "example.com" },
		{ "example.com.", "example.com" },
		{ "*.Example.com.", "example.com suffix" },
		{ "*.onion", "onion suffix" },
		{ "localhost", "localhost" },
		{ "_dmarc.a-b--c.x1", "_dmarc.a-b--c.x1" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "3com", "3com" },
		{ "1.2.3.4a", "1.2.3.4a" },
		{ "", NULL },
		{ ".", NULL },
		{ "*", NULL },
		{ "*.", NULL },
		{ "*..", NULL },
		{ "*.*.com", NULL },
		{ "a.*.com", NULL },
		{ "*example.com", NULL },
		{ ".example.com", NULL },
		{ "a..b", NULL },
		{ "example.com..", NULL },
		{ "a b", NULL },
		{ "a/b", NULL },
		{ "example.com:443", NULL },
		{ "192.0.2.1", NULL },
		{ "1", NULL },
		{ "a.1", NULL },
		{ "b\xc3\xbc"
		  "cher.example",
		  NULL },
		{ "@list", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		value_is(LIST_DOMAIN, cases[i].text, cases[i].want);
	assert_string_equal(list_value_why(LIST_DOMAIN, "b\xc3\xbc"
							"cher.example"),
			    "not ASCII: give the name in its xn-- form");
	memset(label, 'a', 63);
	label[63] = 0;
	value_is(LIST_DOMAIN, label, label);
	snprintf(name, sizeof name, "%sa", label);
	value_is(LIST_DOMAIN, name, NULL);
	for (int i = 0; i < 63; i++)
		at = stpcpy(at, "abc.");
	stpcpy(at, "a"); /* 253 */
	value_is(LIST_DOMAIN, name, name);
	stpcpy(at, "aa");
	value_is(LIST_DOMAIN, name, NULL);
}

static void domain_without_suffix(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(list_domain(out, sizeof out, "A.b", 3, NULL), 3);
	assert_string_equal(out, "a.b");
	assert_int_equal(list_domain(out, sizeof out, "*.b", 3, NULL), -EINVAL);
	assert_int_equal(list_domain(out, 3, "a.b", 3, NULL), 3);
	assert_int_equal(list_domain(out, 2, "a.b", 3, NULL), -EINVAL);
}

static void fingerprints(void **state)
{
	(void)state;
	value_is(LIST_JA3, "B386946A5A44D1DDCC843BC75336DFCE", "b386946a5a44d1ddcc843bc75336dfce");
	value_is(LIST_JA3, "b386946a5a44d1ddcc843bc75336dfc", NULL);
	value_is(LIST_JA3, "b386946a5a44d1ddcc843bc75336dfceb", NULL);
	value_is(LIST_JA3, "g386946a5a44d1ddcc843bc75336dfce", NULL);
	value_is(LIST_JA4, "t13d1516h2_8daaf6152771_b0da82dd1658",
		 "t13d1516h2_8daaf6152771_b0da82dd1658");
	value_is(LIST_JA4, "T13D1516h2_8DAAF6152771_b0da82dd1658",
		 "t13d1516h2_8daaf6152771_b0da82dd1658");
	value_is(LIST_JA4, "qd2i0000Zz_8daaf6152771_b0da82dd1658",
		 "qd2i0000Zz_8daaf6152771_b0da82dd1658");
	value_is(LIST_JA4, "x13d1516h2_8daaf6152771_b0da82dd1658", NULL);
	value_is(LIST_JA4, "t13x1516h2_8daaf6152771_b0da82dd1658", NULL);
	value_is(LIST_JA4, "t13d151xh2_8daaf6152771_b0da82dd1658", NULL);
	value_is(LIST_JA4, "t13d1516h2-8daaf6152771_b0da82dd1658", NULL);
	value_is(LIST_JA4, "t13d1516h2_8daaf615277g_b0da82dd1658", NULL);
	value_is(LIST_JA4, "t13d1516h2_8daaf6152771", NULL);
}

static void hassh_and_services(void **state)
{
	static const char *const wrong[] = { "", "maps", "maps ", " maps.example", "Maps a.example",
					     "maps a..b", "maps *.", "maps a.example b.example",
					     "a.b c.example", "maps\na.example",
					     "a23456789012345678901234567890123 a.example" };

	(void)state;
	value_is(LIST_HASSH, "EC7378C1A92F5A8DDE7E8B7A1DDF33D1", "ec7378c1a92f5a8dde7e8b7a1ddf33d1");
	value_is(LIST_HASSH, "ec7378c1a92f5a8dde7e8b7a1ddf33d", NULL);
	value_is(LIST_SERVICE, "maps a.example", "maps: a.example");
	value_is(LIST_SERVICE, "maps-2_x \t *.A.Example.", "maps-2_x: a.example suffix");
	value_is(LIST_SERVICE, "a2345678901234567890123456789012 a.example",
		 "a2345678901234567890123456789012: a.example");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		value_is(LIST_SERVICE, wrong[i], NULL);
}

static void parse_is(enum list_type type, const char *format, const char *text, int rc,
		     uint32_t bad, uint32_t skipped, const char *want)
{
	struct list_stats st;
	struct got g = { .answer = 0 };
	/* exact allocation: a read beyond the end is seen */
	char *copy = malloc(strlen(text) + 1);
	size_t len = strlen(text);

	memcpy(copy, text, len);
	copy = realloc(copy, len ? len : 1);
	assert_int_equal(list_parse(&st, type, format, copy, len, collect, &g), rc);
	free(copy);
	assert_string_equal(g.text, want);
	assert_int_equal(st.good, g.n);
	assert_int_equal(st.bad, bad);
	assert_int_equal(st.skipped, skipped);
	assert_true(rc == 0 || st.why[0]);
	assert_true(!bad || (st.first_bad > 0 && st.why[0]));
}

static void plain_lines(void **state)
{
	(void)state;
	parse_is(LIST_ADDRESS, "plain",
		 "\xef\xbb\xbf# comment\r\n192.0.2.1\r\n\r\n  192.0.2.2  "
		 "\n192.0.2.3#x\n192.0.2.4\t12\n"
		 "192.0.2.5 ; SBL1\n;c\n192.0.2.6 - 192.0.2.7\n192.0.2.8",
		 0, 0, 0,
		 "2 " V4 "c0000201\n4 " V4 "c0000202\n5 " V4 "c0000203\n6 " V4 "c0000204\n7 " V4
		 "c0000205\n9 " V4 "c0000206-" V4 "c0000207\n10 " V4 "c0000208\n");
	parse_is(LIST_ADDRESS, NULL, "", 0, 0, 0, "");
	parse_is(LIST_ADDRESS, "plain", "x\n192.0.2.1\ny", 0, 2, 0, "2 " V4 "c0000201\n");
	parse_is(LIST_DOMAIN, "plain", "a.example b.example\n*.c.example  # x\n", 0, 1, 0,
		 "2 c.example suffix\n");
	parse_is(LIST_JA3, "plain", "b386946a5a44d1ddcc843bc75336dfce Dridex\n", 0, 0, 0,
		 "1 b386946a5a44d1ddcc843bc75336dfce\n");
	parse_is(LIST_HASSH, "plain", "ec7378c1a92f5a8dde7e8b7a1ddf33d1 bot\n", 0, 0, 0,
		 "1 ec7378c1a92f5a8dde7e8b7a1ddf33d1\n");
	parse_is(LIST_SERVICE, "plain",
		 "# all of one\r\nmaps *.maps.example # x\r\nmaps\tmaps.example\nother\nx *.com\n", 0, 2,
		 0, "2 maps: maps.example suffix\n3 maps: maps.example\n");
	parse_is(LIST_SERVICE, "sslbl", "maps a.example", -EINVAL, 0, 0, "");
	parse_is(LIST_HASSH, "sslbl", "x", -EINVAL, 0, 0, "");
	parse_is(LIST_ENDPOINT, "plain", "192.0.2.1:9001\n10.0.0.1:9001\n127.0.0.1:9001\n", 0, 1, 1,
		 "1 " V4 "c0000201 9001\n");
	parse_is(LIST_ADDRESS, "plain", "\n <html>", -EINVAL, 0, 0, "");
	parse_is(LIST_ADDRESS, "no such", "192.0.2.1", -EINVAL, 0, 0, "");
}

/* What a file may not hold: each line alone is bad or skipped, and good in the config itself. */
static void poison(void **state)
{
	static const char *const bad[] = {
		"0.0.0.0/0",
		"0.0.0.0/1",
		"128.0.0.0/1",
		"8.0.0.0/7",
		"0.0.0.0",
		"0.1.2.3",
		"127.0.0.1",
		"127.0.0.0/8",
		"126.0.0.0-127.0.0.0",
		"169.254.1.1",
		"224.0.0.251",
		"239.0.0.0/8",
		"240.0.0.0/8",
		"255.255.255.255",
		"::1",
		"2000::/3",
		"2001::/18",
		"fe80::1",
		"ff02::1",
		"::ffff:0:0/96",
		"::ffff:127.0.0.1",
		"2001::-2003::",
		"64:ff9b::/96",
		"::/0",
		"8.0.0.0-9.0.0.0",
		"223.255.255.0-224.0.0.0",
	};
	static const char *const skipped[] = {
		"10.0.0.0/8",     "10.1.2.3",
		"172.16.0.0/12",  "172.31.255.255",
		"192.168.0.0/16", "192.168.1.1",
		"100.64.0.0/10",  "fc00::/7",
		"fd12::1",        "192.167.0.0-192.168.0.0",
		"fc00::-fe00::",
	};
	static const char *const good[] = {
		"9.0.0.0/8",       "11.0.0.0/8",     "172.15.255.255", "172.32.0.0",
		"192.169.0.0",     "100.63.255.255", "100.128.0.0",    "1.0.0.0/8",
		"223.255.255.255", "2001::/19",      "3fff::1",        "8.0.0.0-8.255.255.255",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		parse_is(LIST_ADDRESS, "plain", bad[i], 0, 1, 0, "");
		assert_null(list_value_why(LIST_ADDRESS, bad[i]));
	}
	for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++) {
		parse_is(LIST_ADDRESS, "plain", skipped[i], 0, 0, 1, "");
		assert_null(list_value_why(LIST_ADDRESS, skipped[i]));
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct list_stats st;

		assert_int_equal(list_parse(&st, LIST_ADDRESS, "plain", good[i], strlen(good[i]),
					    NULL, NULL),
				 0);
		if (st.good != 1)
			fail_msg("%s was not taken: %s", good[i], st.why);
	}
	parse_is(LIST_DOMAIN, "plain", "*.com\n*.co.uk\n", 0, 1, 0, "2 co.uk suffix\n");
}

static void nul_and_long_lines(void **state)
{
	static const char nul[] = "192.0.2.1\n192.0.2.2\0\n192.0.2.3\n";
	struct list_stats st;
	size_t n = 100000;
	char *text = malloc(n);

	(void)state;
	assert_int_equal(list_parse(&st, LIST_ADDRESS, "plain", nul, sizeof nul - 1, NULL, NULL),
			 -EINVAL);
	memset(text, '1', n);
	memcpy(text + n - 11, "\n192.0.2.1\n", 11);
	assert_int_equal(list_parse(&st, LIST_ADDRESS, "plain", text, n, NULL, NULL), 0);
	assert_int_equal(st.good, 1);
	assert_int_equal(st.bad, 1);
	assert_string_equal(st.why, "line too long");
	memset(text, '\n', n);
	text[9000] = 0;
	assert_int_equal(list_parse(&st, LIST_ADDRESS, "plain", text, n, NULL, NULL), 0);
	assert_int_equal(st.bad, 1);
	assert_int_equal(st.first_bad, 9001);
	free(text);
}

static void csv(void **state)
{
	(void)state;
	parse_is(LIST_JA3, "sslbl",
		 "ja3_md5,Firstseen\r\n# "
		 "c\r\nb386946a5a44d1ddcc843bc75336dfce,2017-07-14,x,Dridex, a\r\n"
		 "8991a387e4cc841740f25d6f5139f92d\n\"8991a387e4cc841740f25d6f5139f92e\",1\n# END "
		 "(3)",
		 0, 0, 0,
		 "3 b386946a5a44d1ddcc843bc75336dfce\n4 8991a387e4cc841740f25d6f5139f92d\n"
		 "5 8991a387e4cc841740f25d6f5139f92e\n");
	parse_is(LIST_JA4, "sslbl", "t13d1516h2_8daaf6152771_b0da82dd1658,reason\n,\n\"\n", 0, 2, 0,
		 "1 t13d1516h2_8daaf6152771_b0da82dd1658\n");
	parse_is(LIST_DOMAIN, "sslbl", "a.example,x\n", -EINVAL, 0, 0, "");
}

static void onionoo(void **state)
{
	static const char doc[] =
		"{\"version\":\"8.0\",\"relays\":[{\"or_addresses\":[\"192.0.2.1:443\","
		"\"[2001:db8::1]:9001\"],\"exit_addresses\":[\"192.0.2.2\"]},"
		"{\"or_addresses\":[\"192.0.2.3:80\",\"10.0.0.1:1\"]}],"
		"\"bridges\":[{\"or_addresses\":[\"192.0.2.9:9\"]}]}";

	(void)state;
	parse_is(LIST_ENDPOINT, "onionoo", doc, 0, 0, 1,
		 "1 " V4 "c0000201 443\n1 20010db8000000000000000000000001 9001\n"
		 "2 " V4 "c0000203 80\n");
	parse_is(LIST_ADDRESS, "onionoo", doc, 0, 0, 1,
		 "1 " V4 "c0000201\n1 20010db8000000000000000000000001\n1 " V4 "c0000202\n"
		 "2 " V4 "c0000203\n");
	parse_is(LIST_DOMAIN, "onionoo", doc, -EINVAL, 0, 0, "");
	parse_is(LIST_ENDPOINT, "onionoo", "", -EINVAL, 0, 0, "");
	parse_is(LIST_ENDPOINT, "onionoo", "[]", -EINVAL, 0, 0, "");
	parse_is(LIST_ENDPOINT, "onionoo", "{\"relays\":{}}", -EINVAL, 0, 0, "");
	parse_is(LIST_ENDPOINT, "onionoo", "{\"relays\":[]}", 0, 0, 0, "");
	parse_is(LIST_ENDPOINT, "onionoo", "{\"relays\":[{},1,{\"or_addresses\":[null]}]}", 0, 3, 0,
		 "");
	parse_is(LIST_ADDRESS, "onionoo", "{\"relays\":[{\"or_addresses\":[\":\",\"\",\"[]:\"]}]}",
		 0, 3, 0, "");
}

static void answer_ends_it(void **state)
{
	struct list_stats st;
	struct got g = { .answer = -ENOSPC };
	static const char doc[] =
		"{\"relays\":[{\"or_addresses\":[\"192.0.2.1:1\",\"192.0.2.1:2\"]}]}";

	(void)state;
	assert_int_equal(
		list_parse(&st, LIST_ADDRESS, "plain", "192.0.2.1\n192.0.2.2\n", 20, collect, &g),
		-ENOSPC);
	assert_int_equal(g.n, 1);
	g.n = 0;
	assert_int_equal(list_parse(&st, LIST_ENDPOINT, "onionoo", doc, strlen(doc), collect, &g),
			 -ENOSPC);
	assert_int_equal(g.n, 1);
}

/* list_load(): paths, inline entries, age. The rest stands in tests/conf. */
static void load_paths(void **state)
{
	char dir[] = "/tmp/test_list.XXXXXX", path[64];
	char name[] = "l", file[] = "c", rel[] = "a.txt", *inl[] = { name };
	int line[] = { 7 };
	struct config c = { .file = file, .lists_dir = dir };
	struct config_list l = {
		.name = name, .line = 3, .path = rel, .type = LIST_ADDRESS, .max_age = 1
	};
	struct list_stats st;
	struct errs e;
	struct got g = { .answer = 0 };
	struct timespec old[2] = { { .tv_sec = 7200 }, { .tv_sec = 7200 } };
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/a.txt", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("192.0.2.1\n", f);
	fclose(f);
	errs_init(&e);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	assert_int_equal(list_load(&st, &e, &c, &l, collect, &g), 0);
	assert_int_equal(g.n, 1);
	assert_int_equal(e.n, 1);
	assert_true(e.e[0].warning);
	assert_non_null(strstr(e.e[0].text, "max_age"));
	unlink(path);
	assert_int_equal(list_load(&st, &e, &c, &l, collect, &g), -ENOENT);
	assert_int_equal(e.errors, 1);
	assert_int_equal(e.e[1].line, 3);
	assert_non_null(strstr(e.e[1].text, path));
	rmdir(dir);
	l.path = NULL;
	l.entries.text = inl;
	l.entries.line = line;
	l.entries.n = 1;
	assert_int_equal(list_load(&st, &e, &c, &l, collect, &g), -EINVAL);
	assert_int_equal(e.e[2].line, 7);
	l.type = LIST_DOMAIN;
	assert_int_equal(list_load(&st, &e, &c, &l, collect, &g), 0);
	assert_int_equal(st.good, 1);
	errs_fini(&e);
}

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *data = malloc(1 << 20);

	assert_non_null(f);
	*len = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

/* Real lists, with the counts that their index states, where they lie beside the checkout. */
static void real_feeds(void **state)
{
	static const char dir[] = "../shared/data/feeds";
	static const struct {
		const char *file;
		enum list_type type;
		const char *format;
		uint32_t v4, v6, bad, skipped;
	} feeds[] = {
		{ "ja3/sslbl-ja3_fingerprints-2020-04.csv", LIST_JA3, "sslbl", 0, 98, 0, 0 },
		{ "tor/onionoo-details-2021-09-30.json", LIST_ENDPOINT, "onionoo", 2, 0, 0, 0 },
		{ "tor/tor-exit-nodes-2024-02-27.lst", LIST_ADDRESS, "plain", 1127, 619, 0, 0 },
		{ "tor/tor-nodes-2024-02-27.trim.lst", LIST_ADDRESS, "plain", 1048, 452, 0, 0 },
		{ "tor/torbulkexitlist-2024-10.txt", LIST_ADDRESS, "plain", 1305, 0, 0, 0 },
		{ "ip/ipsum-2026-08-22.trim.txt", LIST_ADDRESS, "plain", 2000, 0, 0, 0 },
		{ "ip/ipsum-level8-2026-08-22.txt", LIST_ADDRESS, "plain", 23, 0, 0, 0 },
		{ "ip/threatfox-ips-2026-08-22.trim.txt", LIST_ADDRESS, "plain", 1500, 0, 0, 0 },
		{ "ip/firehol_level1-2017.trim.netset", LIST_ADDRESS, "plain", 1498, 0, 1, 1 },
		{ "domains/benign-opendns-top5000.txt", LIST_DOMAIN, "plain", 0, 5000, 0, 0 },
	};

	(void)state;
	if (access(dir, R_OK)) {
		print_message("%s is not there: real lists not checked\n", dir);
		skip();
	}
	for (size_t i = 0; i < sizeof feeds / sizeof *feeds; i++) {
		struct list_stats st;
		struct got g = { .answer = 0 };
		char path[256];
		size_t len;
		char *data;

		snprintf(path, sizeof path, "%s/%s", dir, feeds[i].file);
		data = slurp(path, &len);
		assert_int_equal(
			list_parse(&st, feeds[i].type, feeds[i].format, data, len, collect, &g), 0);
		free(data);
		if (g.v4 != feeds[i].v4 || g.v6 != feeds[i].v6 || st.bad != feeds[i].bad ||
		    st.skipped != feeds[i].skipped)
			fail_msg("%s: v4 %u v6 %u bad %u skipped %u; first bad %u: %s: %s",
				 feeds[i].file, g.v4, g.v6, st.bad, st.skipped, st.first_bad,
				 st.first_bad_text, st.why);
	}
}

static void type_names(void **state)
{
	(void)state;
	assert_string_equal(list_type_name(LIST_ADDRESS), "address");
	assert_string_equal(list_type_name(LIST_JA4), "ja4");
	assert_string_equal(list_type_name(LIST_HASSH), "hassh");
	assert_string_equal(list_type_name(LIST_SERVICE), "service");
	assert_string_equal(list_type_name(LIST_TYPE_N), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(domains),
		cmocka_unit_test(domain_without_suffix),
		cmocka_unit_test(fingerprints),
		cmocka_unit_test(plain_lines),
		cmocka_unit_test(hassh_and_services),
		cmocka_unit_test(poison),
		cmocka_unit_test(nul_and_long_lines),
		cmocka_unit_test(csv),
		cmocka_unit_test(onionoo),
		cmocka_unit_test(answer_ends_it),
		cmocka_unit_test(load_paths),
		cmocka_unit_test(real_feeds),
		cmocka_unit_test(type_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
