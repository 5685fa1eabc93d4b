/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

static const char *const recorded[] = {
	"openssl-default", "openssl-noname", "openssl-alpn", "openssl-tls12",  "openssl-tls10",
	"openssl-frag",	   "curl-default",   "curl-http11",  "curl-address",   "python-default",
};
static const uint16_t some_ciphers[] = { 0x1301, 0xc02f };
static const uint32_t settled = (1u << (FACT_JA4 + 1)) - 1; /* what a hello tells */
static const struct slice none = { NULL, 0 };

/* Through an exact-size copy, and with both ways of asking. */
static enum dissect_result ask(struct facts *f, struct slice bytes)
{
	struct slice s = craft_copy(bytes.p, bytes.n);
	struct facts g = { 0 };
	uint32_t tried = 0;

	memset(f, 0, sizeof *f);
	enum dissect_result r = tls_dissect(f, NULL, s);
	enum dissect_result all = dissect(&g, NULL, &tried, IPPROTO_TCP, s, none);
	assert_int_equal(tried & 1, r == DISSECT_NOT_MINE ? 1 : 0);
	if (r != DISSECT_NOT_MINE) {
		assert_int_equal(all, r);
		assert_memory_equal(f, &g, sizeof g);
	}
	assert_int_equal(f->known & f->absent, 0);
	free((void *)(uintptr_t)s.p);
	if (r == DISSECT_MORE || r == DISSECT_NOT_MINE) {
		assert_int_equal(f->known | f->absent, 0);
	} else {
		assert_int_equal(facts_state(f, FACT_APP), FACT_KNOWN);
		assert_int_equal(f->app, APP_TLS);
		assert_int_equal(f->known | f->absent, settled);
	}
	if (r == DISSECT_BAD) {
		/* whom it asks for may have been read before the fault; nothing else is told */
		assert_int_equal(f->known & ~(1u << FACT_SNI), 1u << FACT_APP);
		assert_true(f->anomalies & ANOM_TLS_BAD);
	}
	return r;
}

static enum dissect_result ask_msg(struct facts *f, struct slice msg)
{
	struct craft c;

	return ask(f, craft_records(&c, msg, 16384));
}

static struct slice plain_hello(struct craft_hello *h)
{
	craft_hello_begin(h, 0x0303, some_ciphers, 2);
	craft_ext_name(h, "example.com", 11);
	return craft_hello_end(h);
}

/* expected.tsv was written by tests/tools/record-hellos from what tshark reads */
static void recorded_hellos(void **state)
{
	FILE *list = fopen("tests/data/hello/expected.tsv", "r");
	char name[64], sni[256], alpn[1024], version[8], ja3[40], ja4[40];
	size_t n = 0;

	(void)state;
	assert_non_null(list);
	while (fscanf(list, "%63s %255s %1023s %7s %39s %39s", name, sni, alpn, version, ja3,
		      ja4) == 6) {
		char text[1024] = "", hex[33];
		struct craft c;
		struct facts f;

		craft_load(&c, name);
		assert_int_equal(ask(&f, (struct slice){ c.b, c.n }), DISSECT_DONE);
		assert_int_equal(f.anomalies, 0);
		if (sni[0] == '-') {
			assert_int_equal(facts_state(&f, FACT_SNI), FACT_ABSENT);
		} else {
			size_t len = strlen(sni) - (sni[strlen(sni) - 1] == '.');

			assert_int_equal(f.sni_len, len);
			for (size_t i = 0; i < len; i++)
				assert_int_equal(f.sni[i], sni[i] | (sni[i] >= 'A' ? 0x20 : 0));
		}
		if (alpn[0] == '-')
			assert_int_equal(facts_state(&f, FACT_ALPN), FACT_ABSENT);
		for (size_t i = 0; i < f.alpn_len; i += f.alpn[i] + 1u)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s",
				 i ? "," : "", (int)f.alpn[i], (const char *)f.alpn + i + 1);
		assert_memory_equal(text, alpn[0] == '-' ? "" : alpn, strlen(text));
		assert_int_equal(f.alpn_cut, strlen(alpn) > 255);
		if (!f.alpn_cut)
			assert_string_equal(text, alpn[0] == '-' ? "" : alpn);
		else
			assert_int_equal(f.alpn_len, 250);
		assert_int_equal(f.tls_version, strtol(version, NULL, 16));
		for (size_t i = 0; i < 16; i++)
			snprintf(hex + 2 * i, 3, "%02x", f.ja3[i]);
		assert_string_equal(hex, ja3);
		assert_string_equal(f.ja4, ja4);
		assert_int_equal(f.ech, 0);
		n++;
	}
	fclose(list);
	assert_int_equal(n, sizeof recorded / sizeof recorded[0]);
}

static void prefixes(void **state)
{
	struct craft c;
	struct facts f;

	(void)state;
	for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++) {
		craft_load(&c, recorded[i]);
		for (size_t n = 0; n < c.n; n++)
			assert_int_equal(ask(&f, (struct slice){ c.b, n }), DISSECT_MORE);
		assert_int_equal(ask(&f, (struct slice){ c.b, c.n }), DISSECT_DONE);
		/* what follows the hello changes nothing */
		craft_fill(&c, 0xaa, 100);
		assert_int_equal(ask(&f, (struct slice){ c.b, c.n }), DISSECT_DONE);
		assert_int_equal(f.anomalies, 0);
	}
}

/* every record size that stays within 64 records, every prefix of some; the same facts */
static void record_layouts(void **state)
{
	struct craft_hello h;
	struct craft c;
	struct facts whole, f;
	struct slice msg = plain_hello(&h), s;

	(void)state;
	assert_true(msg.n > 64);
	assert_int_equal(ask_msg(&whole, msg), DISSECT_DONE);
	for (size_t each = 1; each <= msg.n; each++) {
		s = craft_records(&c, msg, each);
		if ((msg.n + each - 1) / each > 64) {
			assert_int_equal(ask(&f, s), DISSECT_BAD);
			assert_int_equal(f.anomalies, ANOM_TLS_BAD | ANOM_TLS_RECORDS);
			continue;
		}
		for (size_t n = 0; n < s.n; n++)
			assert_int_equal(ask(&f, (struct slice){ s.p, n }), DISSECT_MORE);
		assert_int_equal(ask(&f, s), DISSECT_DONE);
		assert_memory_equal(&f, &whole, sizeof f);
	}
	/* two records, cut everywhere; more of the last one than the hello needs */
	for (size_t cut = 1; cut < msg.n; cut++) {
		c.n = 0;
		craft_uint(&c, 0x160300, 3);
		craft_uint(&c, cut, 2);
		craft_bytes(&c, msg.p, cut);
		craft_uint(&c, 0x1603ff, 3);
		craft_uint(&c, msg.n - cut + 9, 2);
		craft_bytes(&c, msg.p + cut, msg.n - cut);
		craft_fill(&c, 0xaa, 9);
		assert_int_equal(ask(&f, (struct slice){ c.b, c.n }), DISSECT_DONE);
		assert_memory_equal(&f, &whole, sizeof f);
	}
}

static void one_byte_records(void **state)
{
	struct craft_hello h;
	struct craft c;
	struct facts f;

	(void)state;
	craft_hello_begin(&h, 0x0301, some_ciphers, 2); /* small enough: 47 bytes */
	struct slice msg = craft_hello_end(&h);
	assert_true(msg.n < 64);
	assert_int_equal(ask(&f, craft_records(&c, msg, 1)), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
	assert_int_equal(f.tls_version, 0x0301);
	assert_string_equal(f.ja4, "t10i020000_c1929292aa6b_000000000000");
}

static void empty_records(void **state)
{
	struct craft_hello h;
	struct craft c;
	struct facts f;
	struct slice msg = plain_hello(&h);

	(void)state;
	for (size_t empty = 0; empty < 70; empty++) {
		c.n = 0;
		craft_uint(&c, 0x160301, 3);
		craft_uint(&c, 2, 2);
		craft_bytes(&c, msg.p, 2);
		for (size_t i = 0; i < empty; i++)
			craft_uint(&c, 0x1603010000, 5);
		craft_uint(&c, 0x160301, 3);
		craft_uint(&c, msg.n - 2, 2);
		craft_bytes(&c, msg.p + 2, msg.n - 2);
		assert_int_equal(ask(&f, (struct slice){ c.b, c.n }),
				 empty <= 62 ? DISSECT_DONE : DISSECT_BAD);
		assert_int_equal(f.anomalies & ANOM_TLS_RECORDS, empty ? ANOM_TLS_RECORDS : 0);
	}
	c.n = 0;
	for (size_t i = 0; i < 64; i++)
		craft_uint(&c, 0x1603010000, 5);
	assert_int_equal(ask(&f, (struct slice){ c.b, c.n }), DISSECT_MORE);
	assert_int_equal(f.anomalies, ANOM_TLS_RECORDS);
	craft_uint(&c, 0x1603010000, 5);
	assert_int_equal(ask(&f, (struct slice){ c.b, c.n }), DISSECT_BAD);
}

static enum dissect_result ask_bytes(const char *b, size_t n)
{
	struct facts f;

	return ask(&f, (struct slice){ (const uint8_t *)b, n });
}
#define ASK(b) ask_bytes(b, sizeof(b) - 1)

static void first_bytes(void **state)
{
	(void)state;
	assert_int_equal(ask_bytes(NULL, 0), DISSECT_MORE);
	assert_int_equal(ASK("G"), DISSECT_NOT_MINE);
	assert_int_equal(ASK("SSH-2.0-x\r\n"), DISSECT_NOT_MINE);
	assert_int_equal(ASK("\x15\x03\x01\x00\x02\x02\x28"), DISSECT_NOT_MINE);
	assert_int_equal(ASK("\x17\x03\x03\x00\x01"), DISSECT_NOT_MINE);
	assert_int_equal(ASK("\x16"), DISSECT_MORE);
	assert_int_equal(ASK("\x16\x02"), DISSECT_NOT_MINE);
	assert_int_equal(ASK("\x16\xfe\xfd"), DISSECT_NOT_MINE); /* DTLS is not for TCP */
	assert_int_equal(ASK("\x16\x03\x7f\x40"), DISSECT_MORE);
	assert_int_equal(ASK("\x16\x03\x01\x40\x00"), DISSECT_MORE);
	assert_int_equal(ASK("\x16\x03\x01\x40\x01"), DISSECT_BAD);
	assert_int_equal(ASK("\x16\x03\x01\x00\x05\x02"), DISSECT_BAD); /* ServerHello */
	assert_int_equal(ASK("\x16\x03\x01\x00\x05\x01\x00\x40\x00"), DISSECT_BAD); /* > 16 KiB */
	assert_int_equal(ASK("\x16\x03\x01\x00\x05\x01\x00\x3f\xfd"), DISSECT_BAD);
	assert_int_equal(ASK("\x16\x03\x01\x00\x05\x01\x00\x3f\xfc"), DISSECT_MORE);
	assert_int_equal(ASK("\x16\x03\x01\x00\x05\x01\x01\x00\x00"), DISSECT_BAD);
	/* another record inside the hello */
	assert_int_equal(ASK("\x16\x03\x01\x00\x02\x01\x00\x17"), DISSECT_BAD);
	assert_int_equal(ASK("\x16\x03\x01\x00\x02\x01\x00\x14\x03\x01\x00\x01\x01"), DISSECT_BAD);
	assert_int_equal(ASK("\x16\x03\x01\x00\x02\x01\x00\x16\x02"), DISSECT_BAD);
}

static void other_proto(void **state)
{
	struct facts f = { 0 };
	uint32_t tried = 0;

	(void)state;
	assert_int_equal(dissect(&f, NULL, &tried, IPPROTO_UDP,
				 (struct slice){ (const uint8_t *)"\x16\x03", 2 }, none),
			 DISSECT_NOT_MINE);
	tried = ~0u; /* all have said no: nobody is asked again */
	assert_int_equal(dissect(&f, NULL, &tried, IPPROTO_TCP,
				 (struct slice){ (const uint8_t *)"\x16\x03", 2 }, none),
			 DISSECT_NOT_MINE);
}

/* each length field one too small or too large breaks the message */
/* A broken hello has no fingerprint, but the name in it counts for policy. */
static void broken_hello_keeps_its_name(void **state)
{
	struct craft_hello h;
	struct facts f;
	struct slice msg;

	(void)state;
	craft_hello_begin(&h, 0x0303, some_ciphers, 2);
	craft_ext_name(&h, "A.example", 9);
	craft_ext_alpn(&h, "h2", 2);
	msg = craft_hello_end(&h);
	assert_int_equal(ask_msg(&f, msg), DISSECT_DONE);
	h.m.b[msg.n - 4]++; /* the list of protocols runs past its extension */
	assert_int_equal(ask_msg(&f, msg), DISSECT_BAD);
	assert_int_equal(facts_state(&f, FACT_SNI), FACT_KNOWN);
	assert_int_equal(f.sni_len, 9);
	assert_memory_equal(f.sni, "a.example", 9);
	assert_int_equal(facts_state(&f, FACT_JA3), FACT_ABSENT);
	assert_int_equal(facts_state(&f, FACT_JA4), FACT_ABSENT);
}

static void nesting(void **state)
{
	struct craft_hello h;
	struct facts f;
	static const uint16_t groups[] = { 29, 23 }, sigs[] = { 0x0403, 0x0804 };
	static const uint8_t points[] = { 1, 0 }, versions[] = { 4, 3, 4, 3, 3 };
	struct slice msg;

	(void)state;
	craft_hello_begin(&h, 0x0303, some_ciphers, 2);
	craft_ext_name(&h, "a.example", 9);
	craft_ext_list(&h, 10, 2, groups, 2);
	craft_ext(&h, 11, points, sizeof points);
	craft_ext_list(&h, 13, 2, sigs, 2);
	craft_ext_alpn(&h, "h2", 2);
	craft_ext(&h, 43, versions, sizeof versions);
	msg = craft_hello_end(&h);
	assert_int_equal(ask_msg(&f, msg), DISSECT_DONE);
	assert_int_equal(f.tls_version, 0x0304);

	/* low bytes of every length in the message */
	static const size_t at[] = { 40, 45, 48, 52, 54, 57, 70, 72, 80, 81, 86, 88, 96, 98,
				     99, 105, 106 };
	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
		for (int d = -1; d <= 1; d += 2) {
			uint8_t *b = &h.m.b[at[i]];

			*b = (uint8_t)(*b + d);
			enum dissect_result r = ask_msg(&f, msg);
			if (r != DISSECT_BAD)
				fail_msg("length at %zu %+d: %d", at[i], d, (int)r);
			*b = (uint8_t)(*b - d);
		}
	assert_int_equal(ask_msg(&f, msg), DISSECT_DONE);
	craft_fill(&h.m, 0, 1); /* a byte behind the extensions, inside the message */
	h.m.b[3]++;
	msg.n++;
	assert_int_equal(ask_msg(&f, msg), DISSECT_BAD);
}

static void no_extensions(void **state)
{
	struct craft_hello h;
	struct facts f;
	struct slice msg;

	(void)state;
	craft_hello_begin(&h, 0x0300, some_ciphers, 2);
	msg = craft_hello_end(&h);
	assert_int_equal(ask_msg(&f, msg), DISSECT_DONE);
	assert_int_equal(f.tls_version, 0x0300);
	assert_int_equal(f.ech, 0);
	assert_int_equal(f.absent, 1u << FACT_SNI | 1u << FACT_ALPN);
}

struct name_case {
	const char *sent;
	size_t n; /* 0: strlen */
	const char *want; /* NULL: absent */
	bool bad;
};

static void check_name(const struct name_case *t)
{
	struct craft_hello h;
	struct facts f;
	size_t n = t->n ? t->n : strlen(t->sent);

	craft_hello_begin(&h, 0x0303, some_ciphers, 2);
	craft_ext_name(&h, t->sent, n);
	assert_int_equal(ask_msg(&f, craft_hello_end(&h)), DISSECT_DONE);
	assert_int_equal(f.ja4[3], 'd'); /* the extension is there, whatever it says */
	if (f.anomalies != (t->bad ? ANOM_SNI_BAD : 0))
		fail_msg("%s: anomalies %x", t->sent, f.anomalies);
	if (!t->want) {
		assert_int_equal(facts_state(&f, FACT_SNI), FACT_ABSENT);
		assert_int_equal(f.sni_len, 0);
		return;
	}
	assert_int_equal(facts_state(&f, FACT_SNI), FACT_KNOWN);
	assert_int_equal(f.sni_len, strlen(t->want));
	assert_memory_equal(f.sni, t->want, f.sni_len);
}

static void names(void **state)
{
	static const struct name_case t[] = {
		{ "example.com", 0, "example.com", false },
		{ "ExAmPlE.CoM", 0, "example.com", false },
		{ "example.com.", 0, "example.com", false },
		{ "example.com..", 0, "example.com.", true },
		{ "localhost", 0, "localhost", false },
		{ "xn--bcher-kva.example", 0, "xn--bcher-kva.example", false },
		{ "_dmarc.a_b.example", 0, "_dmarc.a_b.example", false },
		{ "-x-.example", 0, "-x-.example", false },
		{ "1.2.3.4.example", 0, "1.2.3.4.example", false },
		{ "abcdefghijklmnop.onion", 0, "abcdefghijklmnop.onion", false },
		{ "192.0.2.1", 0, "192.0.2.1", true },
		{ "255.255.255.255.", 0, "255.255.255.255", true },
		{ "2001:db8::1", 0, "2001:db8::1", true },
		{ "[2001:DB8::1]", 0, "[2001:db8::1]", true },
		{ "example.com:443", 0, "example.com:443", true },
		{ "a..b", 0, "a..b", true },
		{ ".a", 0, ".a", true },
		{ ".", 0, NULL, true },
		{ "*.example.com", 0, "*.example.com", true },
		{ "a b", 0, "a b", true },
		{ "a\0b", 3, NULL, true },
		{ "example.com\0", 12, NULL, true },
		{ "b\xc3\xbc" "cher.example", 0, NULL, true },
		{ "a\tb", 0, NULL, true },
		{ "a\x7f" "b", 0, NULL, true },
		{ "http://a/", 0, "http://a/", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		check_name(&t[i]);
}

/* The destination's own address for a name misleads nobody; another's may. */
static void address_names(void **state)
{
	static const struct {
		const char *name;
		uint8_t dst[16];
		bool bad;
	} t[] = {
		{ "192.0.2.1", { [10] = 0xff, 0xff, 192, 0, 2, 1 }, false },
		{ "192.0.2.2", { [10] = 0xff, 0xff, 192, 0, 2, 1 }, true },
		{ "192.0.2.1", { [10] = 0, 0, 192, 0, 2, 1 }, true },
		{ "2001:DB8::1", { 0x20, 1, 0xd, 0xb8, [15] = 1 }, false },
		{ "2001:db8::2", { 0x20, 1, 0xd, 0xb8, [15] = 1 }, true },
		{ "[2001:db8::1]", { 0x20, 1, 0xd, 0xb8, [15] = 1 }, true },
		{ "2001:db8::1", { [10] = 0xff, 0xff, 192, 0, 2, 1 }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct craft_hello h;
		struct craft c;
		struct facts f = { 0 };

		memcpy(f.dst, t[i].dst, sizeof f.dst);
		craft_hello_begin(&h, 0x0303, some_ciphers, 2);
		craft_ext_name(&h, t[i].name, strlen(t[i].name));
		assert_int_equal(tls_dissect(&f, NULL, craft_records(&c, craft_hello_end(&h), 16384)),
				 DISSECT_DONE);
		assert_int_equal(f.anomalies, t[i].bad ? ANOM_SNI_BAD : 0);
		assert_int_equal(facts_state(&f, FACT_SNI), FACT_KNOWN);
	}
}

static void long_names(void **state)
{
	char sent[70000], want[300];

	(void)state;
	memset(sent, 'a', sizeof sent);
	for (size_t n = 60; n < 70; n++) { /* one label */
		struct name_case t = { sent, n, want, n > 63 };

		memset(want, 'a', n);
		want[n] = 0;
		check_name(&t);
	}
	for (size_t i = 31; i < sizeof sent; i += 32)
		sent[i] = '.';
	for (size_t n = 250; n < 262; n++) {
		struct name_case t = { sent, n, want, n > 253 };
		size_t len = n - (sent[n - 1] == '.');

		memcpy(want, sent, len);
		want[len] = 0;
		if (len > 255)
			t.want = NULL;
		check_name(&t);
	}
	struct name_case t = { sent, 16000, NULL, true };
	check_name(&t);
}

static enum dissect_result ask_ext(struct facts *f, uint16_t type, const void *p, size_t n)
{
	struct craft_hello h;

	craft_hello_begin(&h, 0x0303, some_ciphers, 2);
	craft_ext(&h, type, p, n);
	return ask_msg(f, craft_hello_end(&h));
}

static void name_lists(void **state)
{
	struct craft_hello h;
	struct facts f;

	(void)state;
	assert_int_equal(ask_ext(&f, 0, "", 0), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_SNI_BAD);
	assert_int_equal(ask_ext(&f, 0, "\0\0", 2), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_SNI_BAD);
	assert_int_equal(ask_ext(&f, 0, "\0\3\0\0\0", 5), DISSECT_DONE); /* name of no bytes */
	assert_int_equal(f.anomalies, ANOM_SNI_BAD);
	assert_int_equal(facts_state(&f, FACT_SNI), FACT_ABSENT);
	assert_int_equal(ask_ext(&f, 0, "\0\4\0\0\1", 5), DISSECT_BAD);
	assert_int_equal(ask_ext(&f, 0, "\0\4\0\0\1aX", 7), DISSECT_BAD);
	/* two names in one list; a name of an unknown type first */
	assert_int_equal(ask_ext(&f, 0, "\0\10\0\0\1a\0\0\1b", 10), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_SNI_TWICE);
	assert_int_equal(f.sni[0], 'a');
	assert_int_equal(ask_ext(&f, 0, "\0\10\7\0\1a\0\0\1b", 10), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
	assert_int_equal(f.sni[0], 'b');
	/* two extensions */
	craft_hello_begin(&h, 0x0303, some_ciphers, 2);
	craft_ext_name(&h, "first.example", 13);
	craft_ext(&h, 23, "", 0);
	craft_ext_name(&h, "second.example", 14);
	assert_int_equal(ask_msg(&f, craft_hello_end(&h)), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_SNI_TWICE | ANOM_EXT_TWICE);
	assert_int_equal(f.sni_len, 13);
	assert_memory_equal(f.sni, "first.example", 13);
}

static void versions(void **state)
{
	struct facts f;

	(void)state;
	assert_int_equal(ask_ext(&f, 43, "\6\x5a\x5a\3\3\3\4", 7), DISSECT_DONE);
	assert_int_equal(f.tls_version, 0x0304);
	assert_int_equal(ask_ext(&f, 43, "\2\xfa\xfa", 3), DISSECT_DONE); /* GREASE alone */
	assert_int_equal(f.tls_version, 0x0303);
	assert_int_equal(ask_ext(&f, 43, "\2\3\1", 3), DISSECT_DONE); /* lower than legacy */
	assert_int_equal(f.tls_version, 0x0301);
	assert_int_equal(ask_ext(&f, 43, "\3\3\4\3", 4), DISSECT_BAD);
}

static void ech(void **state)
{
	struct facts f;

	(void)state;
	assert_int_equal(ask_ext(&f, 0xfe0d, "\0\1\2\3", 4), DISSECT_DONE);
	assert_int_equal(f.ech, 1);
	assert_int_equal(ask_ext(&f, 0xfe0c, "\0\1\2\3", 4), DISSECT_DONE);
	assert_int_equal(f.ech, 0);
	assert_int_equal(facts_state(&f, FACT_ECH), FACT_KNOWN);
}

static void alpns(void **state)
{
	struct facts f;

	(void)state;
	assert_int_equal(ask_ext(&f, 16, "\0\14\2h2\10http/1.1", 14), DISSECT_DONE);
	assert_int_equal(f.alpn_len, 12);
	assert_memory_equal(f.alpn, "\2h2\10http/1.1", 12);
	assert_int_equal(f.alpn_cut, 0);
	assert_int_equal(ask_ext(&f, 16, "\0\0", 2), DISSECT_DONE);
	assert_int_equal(facts_state(&f, FACT_ALPN), FACT_ABSENT);
	assert_int_equal(ask_ext(&f, 16, "\0\1\0", 3), DISSECT_DONE); /* an empty name */
	assert_int_equal(facts_state(&f, FACT_ALPN), FACT_KNOWN);
	assert_int_equal(f.alpn_len, 1);
	assert_int_equal(ask_ext(&f, 16, "\0\3\3h2", 5), DISSECT_BAD);
	assert_int_equal(ask_ext(&f, 16, "\0\3\2h2\0", 6), DISSECT_BAD);
	assert_int_equal(ask_ext(&f, 16, "\0", 1), DISSECT_BAD);
	/* one of 255 bytes does not fit with its length byte */
	struct craft e = { .n = 0 };
	craft_uint(&e, 256, 2);
	craft_uint(&e, 255, 1);
	craft_fill(&e, 'x', 255);
	assert_int_equal(ask_ext(&f, 16, e.b, e.n), DISSECT_DONE);
	assert_int_equal(f.alpn_len, 0);
	assert_int_equal(f.alpn_cut, 1);
	e.b[1] = 255, e.b[0] = 0, e.b[2] = 254;
	assert_int_equal(ask_ext(&f, 16, e.b, e.n - 1), DISSECT_DONE);
	assert_int_equal(f.alpn_len, 255);
	assert_int_equal(f.alpn_cut, 0);
}

static void extension_bounds(void **state)
{
	struct craft_hello h;
	struct facts f;

	(void)state;
	for (int n = 511; n <= 513; n++) {
		craft_hello_begin(&h, 0x0303, some_ciphers, 2);
		for (int i = 0; i < n; i++)
			craft_ext(&h, (uint16_t)(0x4000 + i), "", 0);
		assert_int_equal(ask_msg(&f, craft_hello_end(&h)),
				 n <= 512 ? DISSECT_DONE : DISSECT_BAD);
		assert_int_equal(f.anomalies, n <= 512 ? 0 : ANOM_TLS_BAD);
	}
	craft_hello_begin(&h, 0x0303, some_ciphers, 2);
	craft_ext(&h, 23, "", 0);
	craft_ext(&h, 5, "x", 1);
	craft_ext(&h, 23, "", 0);
	assert_int_equal(ask_msg(&f, craft_hello_end(&h)), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_EXT_TWICE);
}

/* up to 16 KiB with its header, over records and in one piece; one byte more is too much */
static void sizes(void **state)
{
	static uint8_t pad[16384];
	struct craft_hello h;
	struct craft c;
	struct facts f;

	(void)state;
	for (size_t n = 1200; n < sizeof pad; n += 1201) { /* post-quantum key shares and more */
		craft_hello_begin(&h, 0x0303, some_ciphers, 2);
		craft_ext_name(&h, "pq.example", 10);
		craft_ext(&h, 51, pad, n < 16200 ? n : 16200);
		struct slice msg = craft_hello_end(&h);

		assert_int_equal(ask_msg(&f, msg), DISSECT_DONE);
		assert_int_equal(f.sni_len, 10);
		assert_int_equal(ask(&f, craft_records(&c, msg, 1024)), DISSECT_DONE);
		assert_int_equal(f.sni_len, 10);
	}
	for (size_t n = 16384 - 55; n < 16384 - 45; n++) {
		craft_hello_begin(&h, 0x0303, some_ciphers, 2);
		craft_ext(&h, 51, pad, n);
		struct slice msg = craft_hello_end(&h);
		enum dissect_result want = msg.n <= 16384 ? DISSECT_DONE : DISSECT_BAD;

		assert_int_equal(ask(&f, craft_records(&c, msg, 16384)), want);
		assert_int_equal(ask(&f, craft_records(&c, msg, 300)), want);
	}
}

static void odd_bodies(void **state)
{
	struct craft_hello h;
	struct facts f;

	(void)state;
	plain_hello(&h);
	h.m.b[38] = 33; /* session id above 32 bytes, lengths nest by chance or not */
	assert_int_equal(ask_msg(&f, (struct slice){ h.m.b, h.m.n }), DISSECT_BAD);
	memmove(h.m.b + 39 + 33, h.m.b + 39, h.m.n - 39); /* the same, and all nests */
	h.m.n += 33;
	h.m.b[3] = (uint8_t)(h.m.b[3] + 33);
	assert_int_equal(ask_msg(&f, (struct slice){ h.m.b, h.m.n }), DISSECT_BAD);
	plain_hello(&h);
	h.m.b[40] = 3; /* odd cipher list */
	assert_int_equal(ask_msg(&f, (struct slice){ h.m.b, h.m.n }), DISSECT_BAD);
	craft_hello_begin(&h, 0x0303, NULL, 0);
	assert_int_equal(ask_msg(&f, craft_hello_end(&h)), DISSECT_DONE);
	assert_string_equal(f.ja4, "t12i000000_000000000000_000000000000");
	/* groups, signature algorithms: odd bytes */
	assert_int_equal(ask_ext(&f, 10, "\0\3\0\1\2", 5), DISSECT_BAD);
	assert_int_equal(ask_ext(&f, 13, "\0\1\0", 3), DISSECT_BAD);
	assert_int_equal(ask_ext(&f, 11, "", 0), DISSECT_BAD);
}

static void message_alone(void **state)
{
	struct craft_hello h;
	struct slice msg = plain_hello(&h);
	struct dissect_text *text = calloc(1, sizeof *text);
	struct facts f = { 0 };

	(void)state;
	assert_non_null(text);
	for (size_t n = 0; n < msg.n; n++) {
		struct slice s = craft_copy(msg.p, n);

		assert_int_equal(tls_client_hello(&f, text, s, 'q'), DISSECT_MORE);
		free((void *)(uintptr_t)s.p);
	}
	assert_int_equal(text->hellos, 0);
	assert_int_equal(tls_client_hello(&f, text, msg, 'q'), DISSECT_DONE);
	assert_int_equal(f.ja4[0], 'q');
	assert_int_equal(facts_state(&f, FACT_APP), FACT_PENDING); /* the caller knows */
	assert_int_equal(text->hellos, 1);
	assert_int_equal(text->ja3_len, strlen("771,4865-49199,0,,"));
	assert_memory_equal(text->ja3, "771,4865-49199,0,,", text->ja3_len);
	memset(&f, 0, sizeof f);
	h.m.b[0] = 2;
	assert_int_equal(tls_client_hello(&f, text, msg, 'q'), DISSECT_BAD);
	assert_int_equal(f.anomalies, ANOM_TLS_BAD);
	/* one byte too long is known from the header alone */
	memset(&f, 0, sizeof f);
	msg = (struct slice){ (const uint8_t *)"\1\0\x3f\xfd", 4 };
	assert_int_equal(tls_client_hello(&f, text, msg, 'q'), DISSECT_BAD);
	free(text);
}

static void dtls_message(void **state)
{
	struct craft_hello h;
	struct slice msg = plain_hello(&h);
	struct facts f = { 0 };
	struct craft c = { .n = 0 };

	(void)state;
	craft_uint(&c, 1, 1);
	craft_uint(&c, msg.n - 4 + 3, 3);
	craft_uint(&c, 0, 2);
	craft_uint(&c, 0, 3);
	craft_uint(&c, msg.n - 4 + 3, 3);
	craft_uint(&c, 0xfefd, 2);
	craft_bytes(&c, msg.p + 6, 33); /* random, empty session id */
	craft_uint(&c, 0x02aabb, 3);	/* cookie */
	craft_bytes(&c, msg.p + 39, msg.n - 39);
	for (size_t n = 0; n < c.n; n++)
		assert_int_equal(tls_client_hello(&f, NULL, (struct slice){ c.b, n }, 'd'),
				 DISSECT_MORE);
	assert_int_equal(tls_client_hello(&f, NULL, (struct slice){ c.b, c.n }, 'd'),
			 DISSECT_DONE);
	assert_memory_equal(f.ja4, "dd2d0201", 8);
	assert_int_equal(f.sni_len, 11);
	c.b[8] = 1; /* a fragment that does not begin at 0 */
	assert_int_equal(tls_client_hello(&f, NULL, (struct slice){ c.b, c.n }, 'd'), DISSECT_BAD);
}

static struct slice v2_hello(struct craft *c, size_t ciphers, size_t session, size_t challenge)
{
	c->n = 0;
	craft_uint(c, 0x8000 | (9 + ciphers + session + challenge), 2);
	craft_uint(c, 1, 1);
	craft_uint(c, 0x0301, 2);
	craft_uint(c, ciphers, 2);
	craft_uint(c, session, 2);
	craft_uint(c, challenge, 2);
	craft_fill(c, 7, ciphers + session + challenge);
	return (struct slice){ c->b, c->n };
}

static void sslv2_lengths(void **state)
{
	struct craft c;
	struct facts f;

	(void)state;
	assert_int_equal(ask(&f, v2_hello(&c, 3, 16, 32)), DISSECT_DONE);
	assert_int_equal(ask(&f, v2_hello(&c, 0, 0, 16)), DISSECT_NOT_MINE);
	assert_int_equal(ask(&f, v2_hello(&c, 4, 0, 16)), DISSECT_NOT_MINE);
	assert_int_equal(ask(&f, v2_hello(&c, 6, 8, 16)), DISSECT_NOT_MINE);
	assert_int_equal(ask(&f, v2_hello(&c, 6, 0, 15)), DISSECT_NOT_MINE);
	assert_int_equal(ask(&f, v2_hello(&c, 6, 0, 33)), DISSECT_NOT_MINE);
}

static void sslv2(void **state)
{
	struct craft c;
	struct facts f;

	(void)state;
	v2_hello(&c, 6, 0, 16);
	for (size_t n = 0; n < 11; n++)
		assert_int_equal(ask(&f, (struct slice){ c.b, n }), DISSECT_MORE);
	for (size_t n = 11; n <= c.n; n++) {
		assert_int_equal(ask(&f, (struct slice){ c.b, n }), DISSECT_DONE);
		assert_int_equal(f.tls_version, 0x0301);
		assert_int_equal(f.known, 1u << FACT_APP | 1u << FACT_TLS_VERSION);
		assert_int_equal(f.anomalies, 0);
	}
	for (size_t at = 1; at < 11; at++) { /* any other header is another protocol */
		c.b[at] ^= 0x55;
		enum dissect_result r = ask(&f, (struct slice){ c.b, c.n });
		if (at != 4) /* any minor version will do */
			assert_int_equal(r, DISSECT_NOT_MINE);
		c.b[at] ^= 0x55;
	}
	c.b[3] = 0, c.b[4] = 2;
	assert_int_equal(ask(&f, (struct slice){ c.b, c.n }), DISSECT_DONE);
	assert_int_equal(f.tls_version, 0x0002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_hellos),  cmocka_unit_test(prefixes),
		cmocka_unit_test(record_layouts),   cmocka_unit_test(one_byte_records),
		cmocka_unit_test(empty_records),    cmocka_unit_test(first_bytes),
		cmocka_unit_test(other_proto),	    cmocka_unit_test(nesting),
		cmocka_unit_test(broken_hello_keeps_its_name),
		cmocka_unit_test(no_extensions),    cmocka_unit_test(names),
		cmocka_unit_test(address_names),
		cmocka_unit_test(long_names),	    cmocka_unit_test(name_lists),
		cmocka_unit_test(versions),	    cmocka_unit_test(ech),
		cmocka_unit_test(alpns),	    cmocka_unit_test(extension_bounds),
		cmocka_unit_test(sizes),	    cmocka_unit_test(odd_bodies),
		cmocka_unit_test(message_alone),    cmocka_unit_test(dtls_message),
		cmocka_unit_test(sslv2),	    cmocka_unit_test(sslv2_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
