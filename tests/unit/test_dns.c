/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

/* Messages as hexadecimal text, built of these. */
#define HEAD(flags, q, a, n, r) "1234" flags q a n r
#define QUERY	    HEAD("0100", "0001", "0000", "0000", "0000")
#define ANSWERS(n)  HEAD("8180", "0001", n, "0000", "0000")
#define EXAMPLE	    "076578616d706c65" "03636f6d" "00"	    /* at 12 */
#define MIXED	    "076558614d506c65" "03434f4d" "00"
#define IN(type)    type "0001"
#define OPT	    "00" "0029" "1000" "00000000" "0000"
#define OPT_COOKIE  "00" "0029" "04d0" "00008000" "000c" "000a0008" "0123456789abcdef"
#define L63	    "3f" F16 F16 F16 "616161616161616161616161616161" /* a label of 63 bytes */
#define F16	    "61616161616161616161616161616161"
#define L61	    "3d" F16 F16 F16 "61616161616161616161616161"
#define L62	    "3e" F16 F16 F16 "6161616161616161616161616161"
#define A_RECORD    "c00c" "0001" "0001" "00000e10" "0004" "cb007109"
#define SOA_RECORD  "c00c" "0006" "0001" "00000000" "0016" "0000" "00000001" Z4 Z4 Z4 Z4
#define Z4	    "00000000"

enum { U = IPPROTO_UDP, T = IPPROTO_TCP };

struct test {
	const char *what;
	const char *hex;
	uint16_t dport;
	enum dissect_result result;
	const char *query; /* NULL: not known */
	uint16_t type;
	uint32_t anomalies;
};

#define BAD   DISSECT_BAD
#define DONE  DISSECT_DONE
#define OTHER DISSECT_NOT_MINE

static const struct test udp_tests[] = {
	/* well-formed */
	{ "a plain query", QUERY EXAMPLE IN("0001"), 53, DONE, "example.com", 1, 0 },
	{ "on another port", QUERY EXAMPLE IN("0001"), 5300, DONE, "example.com", 1, 0 },
	{ "port unknown", QUERY EXAMPLE IN("001c"), 0, DONE, "example.com", 28, 0 },
	{ "upper and lower case", QUERY MIXED IN("0001"), 53, DONE, "example.com", 1, 0 },
	{ "the root", QUERY "00" IN("0002"), 53, DONE, ".", 2, 0 },
	{ "HTTPS", QUERY EXAMPLE IN("0041"), 53, DONE, "example.com", 65, 0 },
	{ "ANY", QUERY EXAMPLE IN("00ff"), 53, DONE, "example.com", 255, 0 },
	{ "a type of no name", QUERY EXAMPLE IN("fffe"), 53, DONE, "example.com", 65534, 0 },
	{ "class CH", QUERY EXAMPLE "0010" "0003", 53, DONE, "example.com", 16, 0 },
	{ "without recursion", HEAD("0000", "0001", "0000", "0000", "0000") EXAMPLE IN("0001"), 53, DONE,
	  "example.com", 1, 0 },
	{ "AD and CD", HEAD("0130", "0001", "0000", "0000", "0000") EXAMPLE IN("0001"), 5353 + 1, DONE,
	  "example.com", 1, 0 },
	{ "EDNS", HEAD("0120", "0001", "0000", "0000", "0001") EXAMPLE IN("0001") OPT, 5300, DONE,
	  "example.com", 1, 0 },
	{ "EDNS with a cookie", HEAD("0120", "0001", "0000", "0000", "0001") EXAMPLE IN("0001") OPT_COOKIE,
	  5300, DONE, "example.com", 1, 0 },
	{ "EDNS and a signature", HEAD("0120", "0001", "0000", "0000", "0002") EXAMPLE IN("0001") OPT OPT,
	  53, DONE, "example.com", 1, 0 },
	{ "IXFR with its SOA", HEAD("0000", "0001", "0000", "0001", "0000") EXAMPLE IN("00fb") SOA_RECORD,
	  53, DONE, "example.com", 251, 0 },
	{ "an update", HEAD("2800", "0001", "0000", "0001", "0000") EXAMPLE IN("0006") A_RECORD, 53, DONE,
	  "example.com", 6, 0 },
	{ "an update elsewhere", HEAD("2800", "0001", "0000", "0001", "0000") EXAMPLE IN("0006") A_RECORD,
	  5300, DONE, "example.com", 6, 0 },
	{ "with an odd flag it is nothing", HEAD("2900", "0001", "0000", "0001", "0000") EXAMPLE IN("0006")
	  A_RECORD, 5300, OTHER, NULL, 0, 0 },
	{ "a notification", HEAD("2400", "0001", "0000", "0000", "0000") EXAMPLE IN("0006"), 53, DONE,
	  "example.com", 6, 0 },
	{ "a cookie without a question", HEAD("0000", "0000", "0000", "0000", "0001") OPT_COOKIE, 53, DONE,
	  NULL, 0, 0 },
	{ "a label of 63", QUERY L63 "00" IN("0001"), 53, DONE, "63", 1, 0 },
	{ "a name of 255 octets", QUERY L63 L63 L63 L61 "00" IN("0001"), 53, DONE, "253", 1, 0 },
	{ "underscore and digits", QUERY "055f736970" "3103302d39" "00" IN("0021"), 53, DONE, "_sip1.0-9", 33,
	  0 },
	{ "a service", QUERY "045f736970" "045f756470" "03302d39" "00" IN("0021"), 53, DONE,
	  "_sip._udp.0-9", 33, 0 },
	/* odd names */
	{ "a byte above 127", QUERY "0361e462" "00" IN("0001"), 53, DONE, "a\xe4" "b", 1, ANOM_DNS_NAME },
	{ "elsewhere, too", QUERY "0361e462" "00" IN("0001"), 5300, DONE, "a\xe4" "b", 1, ANOM_DNS_NAME },
	{ "a dot in a label", QUERY "03612e62" "03636f6d" "00" IN("0001"), 53, DONE, "a.b.com", 1,
	  ANOM_DNS_NAME },
	{ "a wildcard", QUERY "012a" "03636f6d" "00" IN("0001"), 53, DONE, "*.com", 1, ANOM_DNS_NAME },
	{ "a space", QUERY "03612062" "00" IN("0001"), 53, DONE, "a b", 1, ANOM_DNS_NAME },
	{ "control bytes", QUERY "03010a1b" "00" IN("0001"), 53, DONE, "\x01\n\x1b", 1, ANOM_DNS_NAME },
	{ "a label that is a dot", QUERY "012e" "00" IN("0001"), 53, DONE, ".", 1, ANOM_DNS_NAME },
	/* broken names */
	{ "a name of 256 octets", QUERY L63 L63 L63 L62 "00" IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "elsewhere it is nothing", QUERY L63 L63 L63 L62 "00" IN("0001"), 5300, OTHER, NULL, 0, 0 },
	{ "a label type of 1996", QUERY "4161" "00" IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "the reserved label type", QUERY "8161" "00" IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "a pointer to itself", QUERY "c00c" IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "a pointer to its own label", QUERY "0161c00c" IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "a pointer forward", QUERY "c012" IN("0001") "0161" "00", 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "a pointer into the header", QUERY "0161c004" IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "a pointer beyond the end", QUERY "0161ffff" IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "half a pointer", QUERY "0161c0", 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "a name without an end", QUERY "076578616d706c65", 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "a label that is cut", QUERY "0f6578", 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "no type", QUERY EXAMPLE, 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "half a class", QUERY EXAMPLE "0001" "00", 53, BAD, NULL, 0, ANOM_DNS_BAD },
	/* the rest of the message */
	{ "bytes behind it", QUERY EXAMPLE IN("0001") "00", 53, DONE, "example.com", 1,
	  ANOM_DNS_TRAILING },
	{ "elsewhere it is nothing", QUERY EXAMPLE IN("0001") "00", 5300, OTHER, NULL, 0, 0 },
	{ "bytes behind OPT", HEAD("0100", "0001", "0000", "0000", "0001") EXAMPLE IN("0001") OPT "41", 53,
	  DONE, "example.com", 1, ANOM_DNS_TRAILING },
	{ "a record that is missing", HEAD("0100", "0001", "0000", "0000", "0001") EXAMPLE IN("0001"), 53,
	  DONE, "example.com", 1, ANOM_DNS_BAD },
	{ "a record that is cut", HEAD("0100", "0001", "0000", "0000", "0001") EXAMPLE IN("0001")
	  "00" "0029" "1000" "00000000" "0001", 53, DONE, "example.com", 1, ANOM_DNS_BAD },
	{ "a broken owner", HEAD("0100", "0001", "0000", "0000", "0001") EXAMPLE IN("0001") "41" "00", 53,
	  DONE, "example.com", 1, ANOM_DNS_BAD },
	{ "two questions", HEAD("0100", "0002", "0000", "0000", "0000") EXAMPLE IN("0001") EXAMPLE IN("001c"),
	  53, DONE, "example.com", 1, ANOM_DNS_BAD },
	{ "elsewhere it is nothing", HEAD("0100", "0002", "0000", "0000", "0000") EXAMPLE IN("0001")
	  EXAMPLE IN("001c"), 5300, OTHER, NULL, 0, 0 },
	{ "two announced, one there", HEAD("0100", "0002", "0000", "0000", "0000") EXAMPLE IN("0001"), 53,
	  DONE, "example.com", 1, ANOM_DNS_BAD },
	{ "a class of no name", QUERY EXAMPLE "0001" "1234", 53, DONE, "example.com", 1, ANOM_DNS_BAD },
	/* headers */
	{ "an answer to the resolver", HEAD("8180", "0001", "0000", "0000", "0000") EXAMPLE IN("0001"), 53,
	  BAD, NULL, 0, ANOM_DNS_BAD },
	{ "an answer elsewhere", HEAD("8180", "0001", "0000", "0000", "0000") EXAMPLE IN("0001"), 5300,
	  OTHER, NULL, 0, 0 },
	{ "an answer's flags", HEAD("0180", "0001", "0000", "0000", "0000") EXAMPLE IN("0001"), 5300, OTHER,
	  NULL, 0, 0 },
	{ "an odd opcode", HEAD("7900", "0001", "0000", "0000", "0000") EXAMPLE IN("0001"), 53, DONE,
	  "example.com", 1, ANOM_DNS_BAD },
	{ "an odd opcode and no class", HEAD("7900", "0001", "0000", "0000", "0000") EXAMPLE "00017777", 53,
	  OTHER, NULL, 0, 0 },
	{ "odd counts", HEAD("0100", "0001", "4141", "0000", "0000") EXAMPLE IN("0001"), 53, DONE,
	  "example.com", 1, ANOM_DNS_BAD },
	{ "odd counts elsewhere", HEAD("0100", "0001", "4141", "0000", "0000") EXAMPLE IN("0001"), 5300,
	  OTHER, NULL, 0, 0 },
	{ "a header alone", QUERY, 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "less than a header", "1234010000010000000000", 53, OTHER, NULL, 0, 0 },
	{ "one byte", "12", 53, OTHER, NULL, 0, 0 },
	{ "nothing", "", 53, OTHER, NULL, 0, 0 },
	/* the neighbours, who speak nearly so */
	{ "multicast DNS", QUERY EXAMPLE IN("0001"), 5353, OTHER, NULL, 0, 0 },
	{ "LLMNR", QUERY EXAMPLE IN("0001"), 5355, OTHER, NULL, 0, 0 },
	{ "NetBIOS", QUERY EXAMPLE IN("0020"), 137, OTHER, NULL, 0, 0 },
};

static const struct test tcp_tests[] = {
	{ "a query", "001d" QUERY EXAMPLE IN("0001"), 53, DONE, "example.com", 1, 0 },
	{ "on another port", "001d" QUERY EXAMPLE IN("0001"), 5300, DONE, "example.com", 1, 0 },
	{ "on port 5353", "001d" QUERY EXAMPLE IN("0001"), 5353, DONE, "example.com", 1, 0 },
	{ "EDNS", "0028" HEAD("0120", "0001", "0000", "0000", "0001") EXAMPLE IN("0001") OPT, 53, DONE,
	  "example.com", 1, 0 },
	{ "and the next behind it", "001d" QUERY EXAMPLE IN("0001") "001d", 53, DONE, "example.com", 1, 0 },
	{ "a length with room", "001e" QUERY EXAMPLE IN("0001") "00", 53, DONE, "example.com", 1,
	  ANOM_DNS_TRAILING },
	{ "a length that cuts", "001c" QUERY EXAMPLE IN("0001"), 53, BAD, NULL, 0, ANOM_DNS_BAD },
	{ "elsewhere it is nothing", "001c" QUERY EXAMPLE IN("0001"), 5300, OTHER, NULL, 0, 0 },
	{ "a session of RFC 8490", "000c" HEAD("3000", "0000", "0000", "0000", "0000"), 53, DONE, NULL, 0,
	  0 },
	{ "too short for a header", "0004" "12340100", 53, OTHER, NULL, 0, 0 },
	{ "far too long: the question tells", "ffff" QUERY EXAMPLE IN("0001"), 53, DONE, "example.com", 1,
	  ANOM_DNS_TRAILING },
	{ "elsewhere it is nothing", "ffff" QUERY EXAMPLE IN("0001"), 5300, OTHER, NULL, 0, 0 },
	{ "TLS", "1603010200010001fc0303", 53, OTHER, NULL, 0, 0 },
	{ "SSH", "5353482d322e302d4f70656e5353480d0a", 53, OTHER, NULL, 0, 0 },
	{ "HTTP", "474554202f20485454502f312e310d0a", 53, OTHER, NULL, 0, 0 },
};

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t unhex(uint8_t *to, const char *hex)
{
	size_t n = 0;

	for (; *hex; hex += 2)
		to[n++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
	return n;
}

static enum dissect_result ask(struct facts *f, uint8_t proto, uint16_t dport, const uint8_t *p,
			       size_t n)
{
	struct slice s = craft_copy(p, n);
	enum dissect_result r;

	memset(f, 0, sizeof *f);
	f->dport = dport;
	r = proto == U ? dns_udp_dissect(f, NULL, s) : dns_tcp_dissect(f, NULL, s);
	free((void *)(uintptr_t)s.p);
	return r;
}

static void is_query(const struct facts *f, const struct test *t)
{
	char digits[4];

	if (!t->query) {
		assert_int_equal(facts_state(f, FACT_QUERY), FACT_PENDING);
		assert_int_equal(facts_state(f, FACT_QUERY_TYPE), FACT_PENDING);
		return;
	}
	assert_int_equal(facts_state(f, FACT_QUERY), FACT_KNOWN);
	assert_int_equal(facts_state(f, FACT_QUERY_TYPE), FACT_KNOWN);
	assert_int_equal(f->query_type, t->type);
	assert_int_equal(f->query_id, 0x1234);
	snprintf(digits, sizeof digits, "%u", f->query_len);
	if (f->query_len >= 63) { /* long names by their length */
		assert_string_equal(digits, t->query);
		return;
	}
	assert_int_equal(f->query_len, strlen(t->query));
	assert_memory_equal(f->query, t->query, f->query_len);
}

static void run(const struct test *t, size_t n, uint8_t proto)
{
	uint8_t b[1024];
	struct facts f;

	for (; n-- > 0; t++) {
		size_t len = unhex(b, t->hex);
		enum dissect_result r = ask(&f, proto, t->dport, b, len);

		if (r != t->result || f.anomalies != t->anomalies)
			fail_msg("%s: answer %d, anomalies %x", t->what, r, f.anomalies);
		bool mine = r == DISSECT_DONE || r == DISSECT_BAD;
		assert_int_equal(facts_state(&f, FACT_APP), mine ? FACT_KNOWN : FACT_PENDING);
		assert_int_equal(f.app, mine ? APP_DNS : 0);
		is_query(&f, t);
	}
}

static void datagrams(void **state)
{
	(void)state;
	run(udp_tests, sizeof udp_tests / sizeof *udp_tests, U);
}

static void streams(void **state)
{
	(void)state;
	run(tcp_tests, sizeof tcp_tests / sizeof *tcp_tests, T);
}

/* Every prefix says MORE until it says what the whole says. */
static void prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof tcp_tests / sizeof *tcp_tests; i++) {
		const struct test *t = &tcp_tests[i];
		struct facts whole, part;
		uint8_t b[1024];
		size_t len = unhex(b, t->hex);
		bool final = false;

		ask(&whole, T, t->dport, b, len);
		for (size_t n = 0; n <= len; n++) {
			enum dissect_result r = ask(&part, T, t->dport, b, n);

			assert_true(!final || r != DISSECT_MORE);
			final |= r != DISSECT_MORE;
			if (final) {
				assert_int_equal(r, t->result);
				assert_memory_equal(&part, &whole, sizeof part);
			}
		}
		assert_true(final);
	}
}

/* What comes at once is not waited for: other protocols are told apart in their first bytes. */
static void early(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		uint16_t dport;
	} t[] = { { "\x16\x03", 2, 443 }, { "GE", 2, 443 }, { "SSH", 2, 22 }, { "\x10", 1, 443 },
		  { "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, 53 } };
	struct facts f;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		assert_int_equal(ask(&f, T, t[i].dport, (const uint8_t *)t[i].bytes, t[i].n),
				 DISSECT_NOT_MINE);
}

static void jumps(void **state)
{
	struct dns_name n;

	(void)state;
	for (int chain = DNS_JUMPS - 1; chain <= DNS_JUMPS + 1; chain++) {
		struct craft c = { .n = 0 };
		size_t at;

		craft_fill(&c, 0, DNS_HEADER);
		craft_bytes(&c, "\1a\0", 3);
		for (int i = 0; i < chain; i++) {
			size_t to = i ? c.n - 4 : DNS_HEADER;

			craft_bytes(&c, "\1b", 2);
			craft_uint(&c, 0xc000 | to, 2);
		}
		at = c.n - 4;
		enum dns_read r = dns_name(&n, &at, (struct slice){ c.b, c.n });
		assert_int_equal(r, chain <= DNS_JUMPS ? DNS_OK : DNS_BROKEN);
		if (r == DNS_OK) {
			assert_int_equal(n.len, 2 * chain + 1);
			assert_int_equal(at, c.n);
		}
	}
}

/* A million random inputs: on no port is anything recognised. */
static void noise(void **state)
{
	uint64_t x = 88172645463325252;
	uint8_t b[200];
	struct facts f;
	int found = 0;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		size_t n = 1 + (size_t)i % sizeof b;

		for (size_t k = 0; k < n; k++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			b[k] = (uint8_t)(x >> 32);
		}
		memset(&f, 0, sizeof f);
		f.dport = (uint16_t)(i & 1 ? 53 : 4000);
		enum dissect_result r = i & 2 ? dns_udp_dissect(&f, NULL, (struct slice){ b, n })
					      : dns_tcp_dissect(&f, NULL, (struct slice){ b, n });
		found += r == DISSECT_DONE || r == DISSECT_BAD;
	}
	assert_int_equal(found, 0);
}

/* --- answers --- */

struct told {
	char text[4096];
	uint32_t ttl;
	int n;
};

static void tell(void *ctx, const struct dns_answer *a, const struct dns_found *found)
{
	struct told *t = ctx;
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, found->addr, addr, sizeof addr);
	t->n++;
	t->ttl = found->ttl;
	if (strlen(t->text) < sizeof t->text - 1100)
		snprintf(t->text + strlen(t->text), 600, "%.*s=%s(%.*s) ", a->question.len,
			 a->question.text, addr, found->owner->len, found->owner->text);
}

static bool answer(struct told *t, struct dns_answer *a, const char *hex)
{
	uint8_t b[2048];
	size_t n = unhex(b, hex);
	struct slice s = craft_copy(b, n);

	memset(t, 0, sizeof *t);
	bool r = dns_answer(a, s, tell, t);
	free((void *)(uintptr_t)s.p);
	return r;
}

#define RR(owner, type, ttl, len, data) owner type "0001" ttl len data
#define CDN "0363646e" "036e6574" "00"		 /* cdn.net: 9 octets */
#define AT_Q ANSWERS("0001") EXAMPLE IN("0001")	 /* 12 + 13 + 4 = 29 = 0x1d */

static void answers(void **state)
{
	static const struct {
		const char *what, *hex, *told;
	} t[] = {
		{ "A", AT_Q A_RECORD, "example.com=::ffff:203.0.113.9(example.com) " },
		{ "AAAA", ANSWERS("0001") EXAMPLE IN("001c")
		  RR("c00c", "001c", "00000001", "0010", "20010db8000000000000000000000007"),
		  "example.com=2001:db8::7(example.com) " },
		{ "the question's case", ANSWERS("0001") MIXED IN("0001") A_RECORD,
		  "example.com=::ffff:203.0.113.9(example.com) " },
		{ "an alias", ANSWERS("0002") EXAMPLE IN("0001") RR("c00c", "0005", "00000064", "0009", CDN)
		  RR("c029", "0001", "00000e10", "0004", "cb007101"),
		  "example.com=::ffff:203.0.113.1(cdn.net) " },
		{ "an alias that does not lead there", ANSWERS("0002") EXAMPLE IN("0001")
		  RR("c00c", "0005", "00000064", "0009", CDN)
		  RR("c00c", "0001", "00000e10", "0004", "cb007101"),
		  "" },
		{ "another name's address", ANSWERS("0001") EXAMPLE IN("0001")
		  RR(CDN, "0001", "00000e10", "0004", "cb007101"), "" },
		{ "addresses in the additional section", HEAD("8180", "0001", "0000", "0000", "0001") EXAMPLE
		  IN("0001") A_RECORD, "" },
		{ "class CH", ANSWERS("0001") EXAMPLE IN("0001") "c00c" "0001" "0003" "00000e10" "0004"
		  "cb007109", "" },
		{ "an address of five bytes", ANSWERS("0001") EXAMPLE IN("0001")
		  RR("c00c", "0001", "00000e10", "0005", "cb00710901"), "" },
		{ "HTTPS with hints", ANSWERS("0001") EXAMPLE IN("0041")
		  RR("c00c", "0041", "00000e10", "002b", "0001" "00" "00040008" "cb007101" "cb007102"
		     "0005" "0004" "01020304" "0006" "0010" "20010db8000000000000000000000007"),
		  "example.com=::ffff:203.0.113.1(example.com) example.com=::ffff:203.0.113.2(example.com) "
		  "example.com=2001:db8::7(example.com) " },
		{ "HTTPS with a target", ANSWERS("0001") EXAMPLE IN("0041")
		  RR("c00c", "0041", "00000e10", "0013", "0001" CDN "00040004" "cb007101"),
		  "example.com=::ffff:203.0.113.1(cdn.net) " },
		{ "HTTPS in alias mode", ANSWERS("0002") EXAMPLE IN("0041")
		  RR("c00c", "0041", "00000e10", "000b", "0000" CDN)
		  RR(CDN, "0041", "00000e10", "000b", "0001" "00" "00040004" "cb007101"),
		  "example.com=::ffff:203.0.113.1(cdn.net) " },
		{ "HTTPS, a parameter that is cut", ANSWERS("0001") EXAMPLE IN("0041")
		  RR("c00c", "0041", "00000e10", "0007", "0001" "00" "00040008"), "" },
		{ "a second record that is cut", ANSWERS("0002") EXAMPLE IN("0001") A_RECORD "c00c0001",
		  "example.com=::ffff:203.0.113.9(example.com) " },
		{ "no such name", HEAD("8183", "0001", "0001", "0000", "0000") EXAMPLE IN("0001") A_RECORD,
		  "" },
	};
	struct dns_answer a;
	struct told told;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_true(answer(&told, &a, t[i].hex));
		if (strcmp(told.text, t[i].told) != 0)
			fail_msg("%s: %s", t[i].what, told.text);
		assert_int_equal(a.ech, i == 9);
		assert_int_equal(a.id, 0x1234);
	}
}

static void no_answers(void **state)
{
	static const char *const t[] = {
		QUERY EXAMPLE IN("0001"),				    /* a query */
		HEAD("8180", "0002", "0001", "0000", "0000") EXAMPLE IN("0001") A_RECORD, /* two questions */
		HEAD("8180", "0000", "0001", "0000", "0000") A_RECORD,	    /* none */
		HEAD("a180", "0001", "0001", "0000", "0000") EXAMPLE IN("0001") A_RECORD, /* NOTIFY */
		ANSWERS("0001") "c00c" IN("0001") A_RECORD,		    /* a loop */
		ANSWERS("0001") EXAMPLE "00010003" A_RECORD,		    /* class CH */
		ANSWERS("0001") EXAMPLE "0001", "1234", "",
	};
	struct dns_answer a;
	struct told told;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_false(answer(&told, &a, t[i]));
		assert_int_equal(told.n, 0);
	}
}

/* The least TTL along the chain; one that looks negative counts as 0 (RFC 2181 section 8). */
static void ttls(void **state)
{
	struct dns_answer a;
	struct told told;

	(void)state;
	answer(&told, &a, ANSWERS("0002") EXAMPLE IN("0001") RR("c00c", "0005", "00000064", "0009", CDN)
	       RR("c029", "0001", "00000e10", "0004", "cb007101"));
	assert_int_equal(told.ttl, 100);
	answer(&told, &a, AT_Q RR("c00c", "0001", "80000000", "0004", "cb007101"));
	assert_int_equal(told.ttl, 0);
	answer(&told, &a, AT_Q RR("c00c", "0001", "7fffffff", "0004", "cb007101"));
	assert_int_equal(told.ttl, 0x7fffffff);
}

/* However many records and hints there are, so many are looked at and no more. */
static void bounds(void **state)
{
	struct craft c = { .n = 0 };
	struct dns_answer a;
	struct told told = { .n = 0 };

	(void)state;
	craft_bytes(&c, "\x12\x34\x81\x80\0\1\1\0\0\0\0\0\1a\0\0\1\0\1", 19);
	for (int i = 0; i < 256; i++)
		craft_bytes(&c, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xcb\0\x71\1", 16);
	assert_true(dns_answer(&a, (struct slice){ c.b, c.n }, tell, &told));
	assert_int_equal(told.n, DNS_RECORDS);

	for (int others = DNS_RECORDS - 1; others <= DNS_RECORDS; others++) {
		c.n = 0;
		told.n = 0;
		craft_bytes(&c, "\x12\x34\x81\x80\0\1\1\0\0\0\0\0\1a\0\0\1\0\1", 19);
		for (int i = 0; i < others; i++)
			craft_bytes(&c, "\xc0\x0c\0\x10\0\1\0\0\0\1\0\0", 12);
		craft_bytes(&c, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xcb\0\x71\1", 16);
		assert_true(dns_answer(&a, (struct slice){ c.b, c.n }, tell, &told));
		assert_int_equal(told.n, others < DNS_RECORDS);
	}

	c.n = 0;
	told.n = 0;
	craft_bytes(&c, "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\x41\0\1", 19);
	craft_bytes(&c, "\xc0\x0c\0\x41\0\1\0\0\0\1\x20\7\0\1\0\0\4\x20\0", 19);
	craft_fill(&c, 7, 0x2000);
	assert_true(dns_answer(&a, (struct slice){ c.b, c.n }, tell, &told));
	assert_int_equal(told.n, DNS_RECORDS);
}

/* 20 aliases: the chain is followed 16 times. */
static void long_chain(void **state)
{
	struct dns_answer a;

	(void)state;
	for (int n = 15; n <= 20; n++) {
		struct craft c = { .n = 0 };
		struct told told = { .n = 0 };

		craft_bytes(&c, "\x12\x34\x81\x80\0\1", 6);
		craft_uint(&c, (uint64_t)n + 1, 2);
		craft_bytes(&c, "\0\0\0\0\1A\0\0\1\0\1", 11);
		for (int i = 0; i < n; i++) {
			const uint8_t owner[] = { 1, (uint8_t)('A' + i), 0 };
			const uint8_t to[] = { 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, (uint8_t)('b' + i), 0 };

			craft_bytes(&c, owner, 3);
			craft_bytes(&c, to, sizeof to);
		}
		const uint8_t last[] = { 1, (uint8_t)('a' + n), 0 };
		craft_bytes(&c, last, 3);
		craft_bytes(&c, "\0\1\0\1\0\0\0\1\0\4\xcb\0\x71\1", 14);
		assert_true(dns_answer(&a, (struct slice){ c.b, c.n }, tell, &told));
		assert_int_equal(told.n, n <= 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams), cmocka_unit_test(streams),	   cmocka_unit_test(prefixes),
		cmocka_unit_test(early),     cmocka_unit_test(jumps),	   cmocka_unit_test(noise),
		cmocka_unit_test(answers),   cmocka_unit_test(no_answers), cmocka_unit_test(ttls),
		cmocka_unit_test(bounds),    cmocka_unit_test(long_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
