/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/first.h"

static const struct first ovpn = { openvpn_udp_dissect, APP_OPENVPN, 1194 };
static const struct first ovpn_tcp = { openvpn_tcp_dissect, APP_OPENVPN, 443 };
static const struct first wg = { wireguard_dissect, APP_WIREGUARD, 51820 };
static const struct first ike = { ike_dissect, APP_IKE, 500 };

enum { V1 = 0x08, V2 = 0x38, V3 = 0x50, NOW = 0x6b05089c };

static void fill(struct craft *c, size_t n)
{
	uint64_t seed = 0x2545f4914f6cdd1d + c->n;
	uint8_t b[2000];

	first_fill(&seed, b, n);
	craft_bytes(c, b, n);
}

static void begin(struct craft *c, uint8_t opcode)
{
	c->n = 0;
	craft_uint(c, opcode, 1);
	craft_uint(c, 0x7bf3d7fd69125767, 8);
}

static void plain(struct craft *c, uint8_t opcode)
{
	begin(c, opcode);
	craft_fill(c, 0, 5);
}

static void tls_auth(struct craft *c, uint8_t opcode, size_t hmac, uint32_t id, uint32_t time)
{
	begin(c, opcode);
	fill(c, hmac);
	craft_uint(c, id, 4);
	craft_uint(c, time, 4);
	craft_fill(c, 0, 5);
}

static void tls_crypt(struct craft *c, uint8_t opcode, uint32_t id, uint32_t time, size_t wrapped)
{
	begin(c, opcode);
	craft_uint(c, id, 4);
	craft_uint(c, time, 4);
	fill(c, 32 + 5);
	if (!wrapped)
		return;
	fill(c, wrapped - 2);
	craft_uint(c, wrapped, 2);
}

/* As a datagram, and as a stream with its length before it: all prefixes, more behind it. */
static enum dissect_result ask(const struct craft *c)
{
	enum dissect_result r = first_is(&ovpn, c->b, c->n);
	struct craft s = { .n = 0 };

	craft_uint(&s, c->n, 2);
	craft_bytes(&s, c->b, c->n);
	craft_fill(&s, 0x20, 40);
	if (r == DISSECT_DONE)
		first_prefixes(&ovpn_tcp, s.b, s.n, s.n - 40, r);
	assert_int_equal(first_is(&ovpn_tcp, s.b, s.n), r);
	return r;
}

static enum dissect_result ask_changed(const struct craft *c, size_t at, uint8_t to)
{
	struct craft k = { .n = 0 };

	craft_bytes(&k, c->b, c->n);
	k.b[at] = to;
	return ask(&k);
}

static void openvpn_plain(void **state)
{
	struct craft c;

	(void)state;
	assert_int_equal(first_is(&ovpn, NULL, 0), DISSECT_MORE);
	plain(&c, V1);
	assert_int_equal(ask(&c), DISSECT_DONE);
	plain(&c, V2);
	assert_int_equal(ask(&c), DISSECT_DONE);
	assert_int_equal(ask_changed(&c, 0, V2 | 1), DISSECT_NOT_MINE); /* key id */
	assert_int_equal(ask_changed(&c, 0, 0x40), DISSECT_NOT_MINE);	/* the server's */
	assert_int_equal(ask_changed(&c, 0, V3), DISSECT_NOT_MINE);
	for (size_t i = 9; i < 14; i++)
		assert_int_equal(ask_changed(&c, i, 1), DISSECT_NOT_MINE);
	memset(c.b + 1, 0, 8); /* no session */
	assert_int_equal(ask(&c), DISSECT_NOT_MINE);
	plain(&c, V2);
	c.n--;
	assert_int_equal(ask(&c), DISSECT_NOT_MINE);
	c.n += 2;
	c.b[14] = 0;
	assert_int_equal(ask(&c), DISSECT_NOT_MINE);
}

static void openvpn_auth(void **state)
{
	static const size_t hmacs[] = { 16, 20, 28, 32, 48, 64 };
	struct craft c;

	(void)state;
	for (size_t i = 0; i < sizeof hmacs / sizeof hmacs[0]; i++) {
		size_t at = 9 + hmacs[i];

		tls_auth(&c, V2, hmacs[i], 1, NOW);
		assert_int_equal(ask(&c), DISSECT_DONE);
		for (size_t k = at + 8; k < c.n; k++)
			assert_int_equal(ask_changed(&c, k, 1), DISSECT_NOT_MINE);
		for (size_t k = at; k < at + 3; k++)
			assert_int_equal(ask_changed(&c, k, 1), DISSECT_NOT_MINE);
		assert_int_equal(ask_changed(&c, at + 3, 0), DISSECT_NOT_MINE);
		assert_int_equal(ask_changed(&c, at + 3, 255), DISSECT_DONE); /* sent again */
		assert_int_equal(ask_changed(&c, at + 4, 0x3f), DISSECT_NOT_MINE);
		assert_int_equal(ask_changed(&c, at + 4, 0xa0), DISSECT_NOT_MINE);
		assert_int_equal(ask_changed(&c, 0, V1), DISSECT_DONE);
		assert_int_equal(ask_changed(&c, 0, V3), DISSECT_NOT_MINE);
	}
	tls_auth(&c, V2, 24, 1, NOW); /* no such digest */
	assert_int_equal(ask(&c), DISSECT_NOT_MINE);
	tls_auth(&c, V2, 0, 1, NOW);
	assert_int_equal(ask(&c), DISSECT_NOT_MINE);
}

static void openvpn_crypt(void **state)
{
	struct craft c;

	(void)state;
	tls_crypt(&c, V2, 1, NOW, 0);
	assert_int_equal(c.n, 54);
	assert_int_equal(ask(&c), DISSECT_DONE);
	assert_int_equal(ask_changed(&c, 9, 0x0f), DISSECT_DONE); /* 0x0f000001 */
	assert_int_equal(ask_changed(&c, 9, 0x0e), DISSECT_NOT_MINE);
	assert_int_equal(ask_changed(&c, 11, 1), DISSECT_NOT_MINE);
	assert_int_equal(ask_changed(&c, 13, 0x20), DISSECT_NOT_MINE);
	tls_crypt(&c, V3, 0x0f000001, NOW, 299);
	assert_int_equal(c.n, 353); /* as sent by OpenVPN 2.6 */
	assert_int_equal(ask(&c), DISSECT_DONE);
	assert_int_equal(ask_changed(&c, c.n - 1, 0), DISSECT_NOT_MINE);
	assert_int_equal(ask_changed(&c, c.n - 2, 0), DISSECT_NOT_MINE);
	assert_int_equal(ask_changed(&c, 10, 1), DISSECT_NOT_MINE);
	assert_int_equal(ask_changed(&c, 0, V2), DISSECT_NOT_MINE);
	tls_crypt(&c, V3, 1, NOW, 289);
	assert_int_equal(ask(&c), DISSECT_NOT_MINE);
	tls_crypt(&c, V3, 1, NOW, 290);
	assert_int_equal(ask(&c), DISSECT_DONE);
	tls_crypt(&c, V3, 1, NOW, 1024);
	assert_int_equal(ask(&c), DISSECT_DONE);
	tls_crypt(&c, V3, 1, NOW, 1025);
	assert_int_equal(ask(&c), DISSECT_NOT_MINE);
}

static void openvpn_stream(void **state)
{
	(void)state;
	/* every first byte, and every length, that excludes it says so at once */
	for (unsigned int n = 0; n < 65536; n++) {
		uint8_t b[2] = { (uint8_t)(n >> 8), (uint8_t)n };
		bool fits = n == 14 || n == 38 || n == 42 || n == 50 || n == 54 || n == 70 ||
			    n == 86 || (n >= 344 && n <= 1078);

		assert_int_equal(first_is(&ovpn_tcp, b, 1),
				 b[0] <= 4 ? DISSECT_MORE : DISSECT_NOT_MINE);
		assert_int_equal(first_is(&ovpn_tcp, b, 2), fits ? DISSECT_MORE : DISSECT_NOT_MINE);
	}
	assert_int_equal(FIRST(&ovpn_tcp, "\0\x0e\x50"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&ovpn_tcp, "\0\x0e\x38"), DISSECT_MORE);
	assert_int_equal(FIRST(&ovpn_tcp, "\1\x61\x38"), DISSECT_NOT_MINE);
	assert_int_equal(FIRST(&ovpn_tcp, "\1\x61\x50"), DISSECT_MORE);
}

/* Type and length; from `from` on random, except for `tail` bytes of 0 */
static void wg_message(struct craft *c, uint8_t type, size_t n, size_t from, size_t tail)
{
	c->n = 0;
	craft_uint(c, type, 1);
	craft_uint(c, 0, 3);
	craft_uint(c, 0x11223344, 4);
	craft_fill(c, 0x5a, from - 8);
	fill(c, n - from - tail);
	craft_fill(c, 0, tail);
}

static void wireguard_handshake(void **state)
{
	static const struct {
		uint8_t type;
		size_t n;
	} kinds[] = { { 1, 148 }, { 2, 92 }, { 3, 64 } };
	struct craft c;

	(void)state;
	assert_int_equal(first_is(&wg, NULL, 0), DISSECT_MORE);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		uint8_t type = kinds[i].type;
		size_t n = kinds[i].n;

		wg_message(&c, type, n, 12, type < 3 ? 16 : 0);
		assert_int_equal(first_is(&wg, c.b, n), DISSECT_DONE);
		for (size_t k = 1; k < n; k++)
			assert_int_equal(first_is(&wg, c.b, k), DISSECT_NOT_MINE);
		c.b[n] = 1;
		assert_int_equal(first_is(&wg, c.b, n + 1), DISSECT_NOT_MINE);
		for (size_t k = 1; k < 4; k++) {
			c.b[k] = 1;
			assert_int_equal(first_is(&wg, c.b, n), DISSECT_NOT_MINE);
			c.b[k] = 0;
		}
		c.b[0] = 5;
		assert_int_equal(first_is(&wg, c.b, n), DISSECT_NOT_MINE);
		c.b[0] = type;
		memset(c.b + 4, 0, 4); /* no index */
		assert_int_equal(first_is(&wg, c.b, n), DISSECT_NOT_MINE);
		memset(c.b + 4, 1, n - 4); /* nothing random */
		assert_int_equal(first_is(&wg, c.b, n), DISSECT_NOT_MINE);
		memset(c.b + 4, 0xfe, n - 4);
		assert_int_equal(first_is(&wg, c.b, n), DISSECT_NOT_MINE);
	}
}

static void wireguard_data(void **state)
{
	struct craft c;

	(void)state;
	for (size_t n = 16; n < 1500; n++) {
		wg_message(&c, 4, n, 16, 0);
		memcpy(c.b + 8, "\7\1\0\0\0\0\0\0", 8);
		assert_int_equal(first_is(&wg, c.b, n),
				 n >= 48 && n % 16 == 0 ? DISSECT_DONE : DISSECT_NOT_MINE);
	}
	c.n = 96;
	for (size_t k = 12; k < 16; k++) {
		c.b[k] = 1; /* no counter gets so far */
		assert_int_equal(first_is(&wg, c.b, c.n), DISSECT_NOT_MINE);
		c.b[k] = 0;
	}
	assert_int_equal(first_is(&wg, c.b, c.n), DISSECT_DONE);
	memset(c.b + 4, 0, 4); /* no receiver */
	assert_int_equal(first_is(&wg, c.b, c.n), DISSECT_NOT_MINE);
	c.b[4] = 1;
	assert_int_equal(first_is(&wg, c.b, c.n), DISSECT_DONE);
	memset(c.b + 16, 0, 80);
	assert_int_equal(first_is(&wg, c.b, c.n), DISSECT_NOT_MINE);
}

struct ike_of {
	uint64_t responder;
	uint8_t next, version, exchange, flags;
	uint32_t id;
};

static void ike_begin(struct craft *c, const struct ike_of *h, bool marker)
{
	c->n = 0;
	if (marker)
		craft_uint(c, 0, 4);
	craft_uint(c, 0x0102030405060708, 8);
	craft_uint(c, h->responder, 8);
	craft_uint(c, h->next, 1);
	craft_uint(c, h->version, 1);
	craft_uint(c, h->exchange, 1);
	craft_uint(c, h->flags, 1);
	craft_uint(c, h->id, 4);
	craft_uint(c, 0, 4);
}

static void ike_payload(struct craft *c, uint8_t next, size_t n)
{
	craft_uint(c, next, 1);
	craft_uint(c, 0, 1);
	craft_uint(c, n + 4, 2);
	craft_fill(c, 0xab, n);
}

/* Puts the length in; with the marker, too. */
static enum dissect_result ike_ask(struct craft *c)
{
	size_t at = c->b[0] ? 0 : 4;
	struct craft k = { .n = 0 };
	enum dissect_result r;

	c->b[at + 26] = (uint8_t)((c->n - at) >> 8);
	c->b[at + 27] = (uint8_t)(c->n - at);
	r = first_is(&ike, c->b, c->n);
	craft_uint(&k, 0, 4);
	craft_bytes(&k, c->b, c->n);
	if (!at) /* port 4500: behind the marker of ESP's absence */
		assert_int_equal(first_is(&ike, k.b, k.n), r);
	return r;
}

static void init_2(struct craft *c)
{
	ike_begin(c, &(struct ike_of){ 0, 33, 0x20, 34, 0x08, 0 }, false);
	ike_payload(c, 34, 44);
	ike_payload(c, 40, 72);
	ike_payload(c, 0, 32);
}

static void ike_2(void **state)
{
	struct craft c;

	(void)state;
	assert_int_equal(first_is(&ike, NULL, 0), DISSECT_MORE);
	init_2(&c);
	assert_int_equal(ike_ask(&c), DISSECT_DONE);
	for (size_t n = 1; n < c.n; n++) /* the length does not agree */
		assert_int_equal(first_is(&ike, c.b, n), DISSECT_NOT_MINE);
	c.b[28] = 0; /* a chain that ends early */
	assert_int_equal(ike_ask(&c), DISSECT_BAD);
	init_2(&c);
	c.b[31]--; /* a payload that is shorter than it was */
	assert_int_equal(ike_ask(&c), DISSECT_BAD);
	init_2(&c);
	memset(c.b + 30, 0, 2);
	assert_int_equal(ike_ask(&c), DISSECT_BAD);
	init_2(&c);
	c.b[c.n - 36] = 40; /* one that never comes */
	assert_int_equal(ike_ask(&c), DISSECT_BAD);
	c.b[8] = 1; /* the same of a responder proves less */
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	init_2(&c);
	c.b[18] = 33;
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	init_2(&c);
	c.b[17] = 0x30;
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	init_2(&c);
	c.b[19] = 0x01;
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	ike_begin(&c, &(struct ike_of){ 0, 0, 0x20, 34, 0x08, 0 }, false);
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE); /* nothing in it */
}

static void ike_2_sealed(void **state)
{
	static const uint8_t exchanges[] = { 35, 36, 37, 43 };
	struct craft c;

	(void)state;
	for (size_t i = 0; i < sizeof exchanges; i++) {
		ike_begin(&c, &(struct ike_of){ 77, 46, 0x20, exchanges[i], 0x08, 1 }, false);
		ike_payload(&c, 35, 200);
		assert_int_equal(ike_ask(&c), DISSECT_DONE);
		c.b[16] = 53;
		assert_int_equal(ike_ask(&c), DISSECT_DONE);
		c.b[31]++;
		assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
		c.b[31]--;
		c.b[18] = (uint8_t)(exchanges[i] + 9); /* no such exchange */
		assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
		c.b[18] = exchanges[i];
		memset(c.b + 8, 0, 8); /* sealed before keys are agreed */
		assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	}
}

static void ike_1(void **state)
{
	struct craft c;

	(void)state;
	ike_begin(&c, &(struct ike_of){ 0, 1, 0x10, 2, 0, 0 }, false); /* main mode */
	ike_payload(&c, 13, 52);
	ike_payload(&c, 0, 16);
	assert_int_equal(ike_ask(&c), DISSECT_DONE);
	c.b[18] = 4; /* aggressive */
	assert_int_equal(ike_ask(&c), DISSECT_DONE);
	c.b[18] = 3;
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	c.b[18] = 2;
	c.b[19] = 8;
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	c.b[19] = 0;
	c.b[31]++;
	assert_int_equal(ike_ask(&c), DISSECT_BAD);
	c.b[8] = 1;
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
	ike_begin(&c, &(struct ike_of){ 9, 8, 0x10, 32, 1, 5 }, false); /* quick mode, sealed */
	fill(&c, 152);
	assert_int_equal(ike_ask(&c), DISSECT_DONE);
	fill(&c, 4); /* not whole blocks */
	assert_int_equal(ike_ask(&c), DISSECT_NOT_MINE);
}

static void others_on_4500(void **state)
{
	struct craft c = { .n = 0 };

	(void)state;
	assert_int_equal(FIRST(&ike, "\xff"), DISSECT_NOT_MINE); /* keep-alive */
	craft_uint(&c, 0xc0ffee01, 4);				 /* ESP: SPI, sequence */
	craft_uint(&c, 1, 4);
	fill(&c, 120);
	assert_int_equal(first_is(&ike, c.b, c.n), DISSECT_NOT_MINE);
	ike_begin(&c, &(struct ike_of){ 0, 33, 0x20, 34, 0x08, 0 }, true);
	ike_payload(&c, 0, 44);
	assert_int_equal(ike_ask(&c), DISSECT_DONE);
	memset(c.b, 0, 12); /* no initiator */
	assert_int_equal(first_is(&ike, c.b, c.n), DISSECT_NOT_MINE);
}

static void random_bytes(void **state)
{
	(void)state;
	assert_int_equal(first_taken(&ovpn), 0);
	assert_int_equal(first_taken(&ovpn_tcp), 0);
	assert_int_equal(first_taken(&wg), 0);
	assert_int_equal(first_taken(&ike), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openvpn_plain),       cmocka_unit_test(openvpn_auth),
		cmocka_unit_test(openvpn_crypt),       cmocka_unit_test(openvpn_stream),
		cmocka_unit_test(wireguard_handshake), cmocka_unit_test(wireguard_data),
		cmocka_unit_test(ike_2),	       cmocka_unit_test(ike_2_sealed),
		cmocka_unit_test(ike_1),	       cmocka_unit_test(others_on_4500),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
