/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dissect.h"

/*
 * Fully encrypted from the first byte: the criteria of Wu et al., "How the Great Firewall of
 * China Detects and Blocks Fully Encrypted Traffic" (USENIX Security 2023, section 4; Ex1 to Ex5
 * are what exempts), and two of our own: hardly a zero among the first bytes, and byte values as
 * evenly spread as random ones. Of random bytes 98.4 % are told at 64, 99.5 % from 128 on; what is
 * missed is Ex1 to Ex3 by chance. Of 453 unrecognised flows in captures of others 83 look so:
 * 65 are encrypted throughout (RLPx, Shadowsocks, VMess, dnscrypt, malware), 17 begin with a hash
 * and a signature (Ethereum's node discovery), and one is QUIC picked up late. Nothing is said of
 * fewer than 64 bytes.
 */
enum {
	BYTES_MIN = 64,
	BYTES_MAX = 4096,   /* more would not tell more */
	HEAD = 32,
	HEAD_ZEROS = 2,
	PRINTABLE_HEAD = 6, /* Ex2 */
	PRINTABLE_RUN = 20, /* Ex4 */
};

struct tally {
	uint32_t set;	    /* bits */
	uint32_t printable; /* bytes of 0x20..0x7e */
	uint32_t run, longest; /* of printable bytes */
	uint32_t head;	    /* printable bytes that it begins with */
	uint32_t zeros;	    /* zero bytes among the first HEAD */
	uint16_t count[256];
};

static void add(struct tally *t, uint32_t at, uint8_t b)
{
	t->set += (uint32_t)__builtin_popcount(b);
	t->count[b]++;
	if (at < HEAD && b == 0)
		t->zeros++;
	if (b < 0x20 || b > 0x7e) {
		t->run = 0;
		return;
	}
	t->printable++;
	if (t->head == at)
		t->head++;
	if (++t->run > t->longest)
		t->longest = t->run;
}

/*
 * Pairs of equal bytes: n(n-1)/2/256 among random ones, and as many again squared for variance.
 * More than that by six standard deviations is a text, a table or a structure (this is Pearson's
 * chi-square in other words, and good for few bytes, too).
 */
static bool even(const struct tally *t, uint32_t n)
{
	int64_t mean = (int64_t)n * (n - 1) / 512, pairs = 0, off;

	for (size_t i = 0; i < 256; i++)
		pairs += (int64_t)t->count[i] * (t->count[i] - 1) / 2;
	off = pairs - mean;
	return off <= 0 || off * off <= 36 * mean;
}

/* Ex5: a record of TLS or SSL 3.0, of a connection that was picked up late. */
static bool tls_record(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	uint8_t type = cur_u8(&c), major = cur_u8(&c), minor = cur_u8(&c);

	return type >= 0x14 && type <= 0x17 && major == 3 && minor <= 4;
}

static bool encrypted(const struct tally *t, uint32_t n)
{
	if (t->set * 10 <= n * 34 || t->set * 10 >= n * 46) /* Ex1 */
		return false;
	if (t->head >= PRINTABLE_HEAD || t->longest > PRINTABLE_RUN)
		return false;
	if (t->printable * 2 > n) /* Ex3 */
		return false;
	return t->zeros <= HEAD_ZEROS && even(t, n);
}

void guess(struct facts *f, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct tally t = { 0 };
	uint32_t n = 0;

	if (bytes.n < BYTES_MIN)
		return;
	for (; n < BYTES_MAX && cur_left(&c); n++)
		add(&t, n, cur_u8(&c));
	f->entropy = !tls_record(bytes) && encrypted(&t, n);
	facts_know(f, FACT_ENTROPY);
}
