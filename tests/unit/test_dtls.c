/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

enum { DATAGRAMS = 12, HELLO = 1, RECORD_HEAD = 13, FRAGMENT_HEAD = 12 };

/* What a client sends, datagram by datagram. */
struct talk {
	struct craft d[DATAGRAMS];
	size_t n;
};

static struct craft *next(struct talk *t)
{
	assert_in_range(t->n, 0, DATAGRAMS - 1);
	t->d[t->n].n = 0;
	return &t->d[t->n++];
}

/* The body of a ClientHello: behind the handshake header, with a cookie. */
static struct slice hello_body(struct craft *c)
{
	static const uint16_t ciphers[] = { 0xc02b, 0xc02f, 0x00ff };
	static struct craft_hello h;
	struct slice msg;

	craft_hello_begin(&h, 0xfefd, ciphers, 3);
	craft_ext_name(&h, "example.com", 11);
	craft_ext_alpn(&h, "webrtc", 6);
	msg = craft_hello_end(&h);
	c->n = 0;
	craft_bytes(c, msg.p + 4, 2 + 32 + 1);
	craft_uint(c, 0x04c00c1e55, 5);
	craft_bytes(c, msg.p + 39, msg.n - 39);
	return (struct slice){ c->b, c->n };
}

static size_t open_record(struct craft *c, uint8_t type, uint16_t version, uint16_t epoch)
{
	craft_uint(c, type, 1);
	craft_uint(c, version, 2);
	craft_uint(c, epoch, 2);
	craft_uint(c, 7, 6);
	return craft_open(c, 2);
}

static void add_fragment(struct craft *c, struct slice body, uint16_t seq, size_t at, size_t n)
{
	craft_uint(c, HELLO, 1);
	craft_uint(c, body.n, 3);
	craft_uint(c, seq, 2);
	craft_uint(c, at, 3);
	craft_uint(c, n, 3);
	craft_bytes(c, body.p + at, n);
}

/* A record with one fragment. */
static void record(struct craft *c, struct slice body, uint16_t seq, size_t at, size_t n)
{
	size_t open = open_record(c, 22, 0xfeff, 0);

	add_fragment(c, body, seq, at, n);
	craft_close(c, open, 2);
}

static enum dissect_result ask_upto(struct facts *f, const struct talk *t, size_t n)
{
	static struct craft before;
	struct slice bytes = craft_copy(t->d[n - 1].b, t->d[n - 1].n), b;
	enum dissect_result r;

	before.n = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		craft_uint(&before, t->d[i].n, 2);
		craft_bytes(&before, t->d[i].b, t->d[i].n);
	}
	b = craft_copy(before.b, before.n);
	memset(f, 0, sizeof *f);
	r = dtls_dissect(f, NULL, bytes, b);
	free((void *)(uintptr_t)bytes.p);
	free((void *)(uintptr_t)b.p);
	assert_int_equal(f->known & f->absent, 0);
	if (r == DISSECT_NOT_MINE) {
		assert_int_equal(f->known | f->absent | f->anomalies, 0);
	} else {
		assert_int_equal(facts_state(f, FACT_APP), FACT_KNOWN);
		assert_int_equal(f->app, APP_DTLS);
	}
	if (r == DISSECT_MORE)
		assert_int_equal(f->known, 1u << FACT_APP);
	if (r == DISSECT_BAD)
		assert_true(f->anomalies & ANOM_TLS_BAD);
	return r;
}

/* As they come in: MORE until the last, and what comes behind changes nothing. */
static enum dissect_result ask(struct facts *f, struct talk *t)
{
	struct facts again;
	enum dissect_result r;

	for (size_t n = 1; n < t->n; n++)
		assert_int_equal(ask_upto(f, t, n), DISSECT_MORE);
	r = ask_upto(f, t, t->n);
	if (r != DISSECT_MORE && t->n < DATAGRAMS) {
		craft_fill(next(t), 0x45, 40);
		assert_int_equal(ask_upto(&again, t, t->n), r);
		assert_memory_equal(f, &again, sizeof again);
		t->n--;
	}
	return r;
}

static void is_hello(const struct facts *f)
{
	assert_int_equal(f->sni_len, 11);
	assert_memory_equal(f->sni, "example.com", 11);
	assert_int_equal(f->alpn_len, 7);
	assert_int_equal(f->tls_version, 0xfefd);
	/* counts: 3 ciphers, 2 extensions; the hashes are those of the same hello over TLS */
	assert_memory_equal(f->ja4, "dd2d0302wc_", 11);
}

static void whole(void **state)
{
	static const uint16_t versions[] = { 0xfeff, 0xfefd };
	static struct craft body;
	static struct talk t;
	struct slice msg = hello_body(&body);
	struct facts f;

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int behind = 0; behind < 3; behind++) {
			t.n = 0;
			struct craft *c = next(&t);
			size_t at = open_record(c, 22, versions[i], 0);
			add_fragment(c, msg, 0, 0, msg.n);
			craft_close(c, at, 2);
			if (behind == 1)
				record(c, msg, 1, 0, msg.n);
			if (behind == 2)
				craft_fill(c, 0xee, 50);
			assert_int_equal(ask(&f, &t), DISSECT_DONE);
			assert_int_equal(f.anomalies, 0);
			is_hello(&f);
		}
	/* the hello with its cookie is the first that was seen */
	t.n = 0;
	record(next(&t), msg, 1, 0, msg.n);
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	is_hello(&f);
}

/* Every cut into two: in one record, one datagram, two datagrams; either order */
static void two_fragments(void **state)
{
	static struct craft body;
	static struct talk t;
	struct slice msg = hello_body(&body);
	struct facts f;

	(void)state;
	for (size_t cut = 0; cut <= msg.n; cut++)
		for (int how = 0; how < 6; how++) {
			size_t a = how & 1 ? cut : 0, an = how & 1 ? msg.n - cut : cut;
			size_t b = cut - a, bn = msg.n - an;

			t.n = 0;
			struct craft *c = next(&t);
			if (how / 2 == 0) {
				size_t at = open_record(c, 22, 0xfefd, 0);

				add_fragment(c, msg, 0, a, an);
				add_fragment(c, msg, 0, b, bn);
				craft_close(c, at, 2);
			} else {
				record(c, msg, 0, a, an);
				if (how / 2 == 2 && an < msg.n)
					c = next(&t);
				record(c, msg, 0, b, bn);
			}
			assert_int_equal(ask(&f, &t), DISSECT_DONE);
			assert_int_equal(f.anomalies, an == 0 ? ANOM_TLS_RECORDS : 0);
			is_hello(&f);
		}
}

static void many_fragments(void **state)
{
	static struct craft body;
	static struct talk t;
	struct slice msg = hello_body(&body);
	struct facts f;

	(void)state;
	for (size_t each = 1; each < msg.n; each++) {
		size_t n = (msg.n + each - 1) / each;

		t.n = 0;
		next(&t);
		for (size_t at = msg.n; at > 0;) { /* from behind */
			size_t take = at % each ? at % each : each;

			at -= take;
			record(&t.d[0], msg, 0, at, take);
		}
		assert_int_equal(ask(&f, &t), n <= 64 ? DISSECT_DONE : DISSECT_BAD);
		assert_int_equal(f.anomalies, n <= 64 ? 0 : ANOM_TLS_BAD | ANOM_TLS_RECORDS);
		if (n <= 64)
			is_hello(&f);
	}
	/* one that never ends */
	for (t.n = 0; t.n < 9;)
		record(next(&t), msg, 0, 0, msg.n - 1);
	assert_int_equal(ask(&f, &t), DISSECT_MORE);
	record(next(&t), msg, 0, 0, msg.n - 1);
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	assert_int_equal(f.anomalies, ANOM_TLS_BAD | ANOM_TLS_RECORDS);
	/* empty ones */
	t.n = 0;
	record(next(&t), msg, 0, 0, 0);
	record(&t.d[0], msg, 0, 0, msg.n);
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, ANOM_TLS_RECORDS);
}

static void overlaps(void **state)
{
	static struct craft body, other;
	static struct talk t;
	struct slice msg = hello_body(&body), liar = hello_body(&other);
	struct facts f;

	(void)state;
	other.b[62] ^= 1;
	for (int differ = 0; differ < 2; differ++)
		for (int apart = 0; apart < 2; apart++) {
			t.n = 0;
			struct craft *c = next(&t);
			record(c, differ ? liar : msg, 0, 20, 60);
			if (apart)
				c = next(&t);
			record(c, msg, 0, 40, msg.n - 40);
			record(c, msg, 0, 0, 30);
			assert_int_equal(ask(&f, &t), differ ? DISSECT_BAD : DISSECT_DONE);
			assert_int_equal(f.anomalies, differ ? ANOM_OVERLAP | ANOM_TLS_BAD : 0);
			if (!differ)
				is_hello(&f);
		}
}

/* Between the parts of the hello: other records, and a hello of another number */
static void between(void **state)
{
	static struct craft body, other;
	static struct talk t;
	struct slice msg = hello_body(&body), cookie = hello_body(&other);
	struct facts f;
	size_t at;

	(void)state;
	other.b[45] ^= 1;
	t.n = 0;
	record(next(&t), msg, 0, 0, 50);
	at = open_record(&t.d[0], 21, 0xfefd, 0);
	craft_fill(&t.d[0], 1, 2);
	craft_close(&t.d[0], at, 2);
	record(&t.d[0], cookie, 1, 40, 20);
	craft_fill(next(&t), 0x44, 30); /* no DTLS */
	at = open_record(next(&t), 22, 0xfefd, 1); /* encrypted */
	craft_fill(&t.d[2], 1, 40);
	craft_close(&t.d[2], at, 2);
	record(&t.d[2], msg, 0, 50, msg.n - 50);
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
	is_hello(&f);
}

static enum dissect_result changed(struct facts *f, size_t where, uint8_t value)
{
	static struct craft body;
	static struct talk t;
	struct slice msg = hello_body(&body);

	t.n = 0;
	record(next(&t), msg, 0, 0, msg.n);
	t.d[0].b[where] = value;
	return ask(f, &t);
}

static void broken(void **state)
{
	static struct craft body;
	static struct talk t;
	struct slice msg = hello_body(&body);
	struct facts f;

	(void)state;
	t.n = 0;
	record(next(&t), msg, 0, 0, msg.n);
	size_t n = t.d[0].n;
	for (t.d[0].n = 0; t.d[0].n < n; t.d[0].n++)
		assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	assert_int_equal(ask(&f, &t), DISSECT_DONE);
	for (uint8_t major = 0; major < 255; major++)
		if (major != 0xfe)
			assert_int_equal(changed(&f, 1, major), DISSECT_NOT_MINE);
	assert_int_equal(changed(&f, 2, 0xfe), DISSECT_NOT_MINE);
	assert_int_equal(changed(&f, 2, 0xfd), DISSECT_DONE);
	assert_int_equal(changed(&f, 12, 0xff), DISSECT_NOT_MINE); /* longer than there is */
	assert_int_equal(changed(&f, 0, 19), DISSECT_NOT_MINE);
	assert_int_equal(changed(&f, 0, 25), DISSECT_NOT_MINE);
	assert_int_equal(changed(&f, RECORD_HEAD + 1, 1), DISSECT_BAD); /* 64 KiB */
	assert_int_equal(changed(&f, RECORD_HEAD + 3, 1), DISSECT_BAD); /* below its part */
	assert_int_equal(changed(&f, RECORD_HEAD + 6, 1), DISSECT_BAD); /* part behind it */
	assert_int_equal(changed(&f, RECORD_HEAD + 9, 1), DISSECT_BAD); /* beyond the record */
	assert_int_equal(changed(&f, RECORD_HEAD + FRAGMENT_HEAD + 34, 33), DISSECT_BAD);
	/* parts that disagree about the whole */
	t.n = 0;
	record(next(&t), msg, 0, 0, 50);
	record(&t.d[0], (struct slice){ msg.p, msg.n - 1 }, 0, 50, 20);
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	t.n = 0;
	record(next(&t), msg, 0, 0, 50);
	record(&t.d[0], msg, 0, 50, msg.n - 50);
	t.d[0].b[2 * RECORD_HEAD + FRAGMENT_HEAD + 50] = 2; /* ServerHello */
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	/* a part that goes beyond the end that was told; a record that breaks off in a part */
	t.n = 0;
	craft_fill(&body, 0, 9);
	record(next(&t), msg, 0, 0, 50);
	record(&t.d[0], (struct slice){ msg.p, msg.n + 9 }, 0, 50, msg.n + 9 - 50);
	t.d[0].b[2 * RECORD_HEAD + FRAGMENT_HEAD + 50 + 3] -= 9;
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	t.n = 0;
	record(next(&t), msg, 0, 0, 50);
	record(&t.d[0], msg, 0, 50, 20);
	t.d[0].b[2 * RECORD_HEAD + FRAGMENT_HEAD + 50 + 11]++;
	assert_int_equal(ask(&f, &t), DISSECT_BAD);
	/* 16 KiB of hello at most, with its header */
	for (size_t big = 16384 - FRAGMENT_HEAD; big <= 16384 - FRAGMENT_HEAD + 1; big++) {
		static uint8_t much[16384];

		t.n = 0;
		record(next(&t), (struct slice){ much, big }, 0, 0, 100);
		assert_int_equal(ask(&f, &t),
				 big + FRAGMENT_HEAD <= 16384 ? DISSECT_MORE : DISSECT_BAD);
	}
}

/* What is DTLS, but no hello: the other side, or picked up late. */
static void beyond(void **state)
{
	static const uint8_t body[50];
	static struct talk t;
	struct facts f;

	(void)state;
	for (uint8_t type = 19; type <= 25; type++)
		for (uint16_t epoch = 0; epoch < 2; epoch++)
			for (int tail = 0; tail < 3; tail++) {
				bool is = type >= 20 && type <= 24 && tail != 1;

				t.n = 0;
				size_t at = open_record(next(&t), type, 0xfefd, epoch);
				craft_fill(&t.d[0], 2, 40);
				craft_close(&t.d[0], at, 2);
				if (tail == 1)
					craft_fill(&t.d[0], 2, 1);
				if (tail == 2) {
					at = open_record(&t.d[0], 22, 0xfefd, 1);
					craft_fill(&t.d[0], 1, 40);
					craft_close(&t.d[0], at, 2);
				}
				assert_int_equal(ask(&f, &t), is ? DISSECT_DONE : DISSECT_NOT_MINE);
				assert_int_equal(f.anomalies, 0);
				assert_int_equal(f.known, is ? 1u << FACT_APP : 0);
			}
	/* what is encrypted or no handshake may look like a hello */
	for (int what = 0; what < 2; what++) {
		t.n = 0;
		record(next(&t), (struct slice){ body, sizeof body }, 0, 0, sizeof body);
		t.d[0].b[what ? 0 : 4] = what ? 23 : 1;
		assert_int_equal(ask(&f, &t), DISSECT_DONE);
		assert_int_equal(f.known, 1u << FACT_APP);
	}
	/* records of no bytes, and of more than there may be */
	t.n = 0;
	craft_close(&t.d[0], open_record(next(&t), 23, 0xfefd, 1), 2);
	assert_int_equal(ask(&f, &t), DISSECT_NOT_MINE);
	for (size_t n = 18432; n <= 18433; n++) {
		t.n = 0;
		size_t at = open_record(next(&t), 23, 0xfefd, 1);
		craft_fill(&t.d[0], 2, n);
		craft_close(&t.d[0], at, 2);
		assert_int_equal(ask(&f, &t), n > 18432 ? DISSECT_NOT_MINE : DISSECT_DONE);
	}
}

static void noise(void **state)
{
	static uint8_t b[200];
	uint64_t x = 88172645463325252ull;
	struct facts f;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		for (size_t k = 0; k < sizeof b; k += 8) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			memcpy(b + k, &x, 8);
		}
		size_t n = 1 + (x >> 20) % sizeof b;
		if (i % 2)
			b[0] = 22;
		memset(&f, 0, sizeof f);
		assert_int_equal(dtls_dissect(&f, NULL, (struct slice){ b, n },
					      (struct slice){ NULL, 0 }),
				 DISSECT_NOT_MINE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),	  cmocka_unit_test(two_fragments),
		cmocka_unit_test(many_fragments), cmocka_unit_test(overlaps),
		cmocka_unit_test(between),	  cmocka_unit_test(broken),
		cmocka_unit_test(beyond),	  cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
