/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All dissectors together, as the path of a packet asks them: the bytes of a stream come in pieces,
 * and however they are cut the answer is the same, and no later bytes take anything back.
 * Input: protocol, destination port, size of pieces, bytes.
 */
#include "agent/dissect/dissect.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct slice none = { NULL, 0 };
static struct dissect_text text;

static void must(bool x)
{
	if (!x)
		abort();
}

static void begin(struct facts *f, uint8_t proto, uint16_t dport)
{
	memset(f, 0, sizeof *f);
	f->proto = proto;
	f->dport = dport;
}

static enum dissect_result ask(struct facts *f, uint32_t *tried, struct slice s)
{
	uint8_t *exact = malloc(s.n ? s.n : 1); /* ASan sees its end */
	enum dissect_result r;

	must(exact != NULL);
	if (s.n)
		memcpy(exact, s.p, s.n);
	dissect_text_init(&text);
	r = dissect(f, &text, tried, f->proto, (struct slice){ exact, s.n }, none);
	free(exact);
	return r;
}

static void check(const struct facts *f, enum dissect_result r)
{
	must(!(f->known & f->absent) && !f->inner);
	must(!(f->anomalies >> ANOM_N) && f->app < APP_N && f->via < APP_N);
	must(f->method_len <= FACTS_METHOD_MAX && f->software_len <= FACTS_SOFTWARE_MAX);
	must(strnlen(f->ja4, sizeof f->ja4) <= FACTS_JA4_LEN);
	if (r == DISSECT_DONE || r == DISSECT_BAD)
		must(facts_state(f, FACT_APP) == FACT_KNOWN && f->app != APP_UNKNOWN);
	if (r == DISSECT_NOT_MINE)
		must(facts_state(f, FACT_APP) != FACT_KNOWN);
	must(text.used <= DISSECT_PARTS_MAX && text.ja3_len <= DISSECT_TEXT_MAX);
}

/* What was told stays told, in the same words. */
static void grown(const struct facts *before, const struct facts *after)
{
	must((after->known & before->known) == before->known);
	must((after->absent & before->absent) == before->absent);
	must((after->anomalies & before->anomalies) == before->anomalies);
	if (facts_state(before, FACT_HOST) == FACT_KNOWN)
		must(after->host_len == before->host_len &&
		     memcmp(after->host, before->host, before->host_len) == 0);
	if (facts_state(before, FACT_APP) == FACT_KNOWN)
		must(after->app == before->app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6 };
	struct cur c = cur_of((struct slice){ data, len });
	uint8_t proto = protos[cur_u8(&c) % 4];
	uint16_t dport = cur_u16(&c);
	size_t piece = cur_u8(&c) + 1u;
	struct slice all = cur_rest(&c);
	struct facts whole, f, before;
	uint32_t tried = 0, all_tried = 0;
	enum dissect_result r = DISSECT_MORE, want;

	begin(&whole, proto, dport);
	want = ask(&whole, &all_tried, all);
	check(&whole, want);
	dissect_settle(&whole, true);
	if (proto != IPPROTO_TCP)
		return 0;
	piece += all.n / 64;
	begin(&f, proto, dport);
	for (size_t n = 0; r == DISSECT_MORE && n < all.n;) {
		n = n + piece < all.n ? n + piece : all.n;
		before = f;
		r = ask(&f, &tried, (struct slice){ all.p, n });
		check(&f, r);
		grown(&before, &f);
	}
	if (all.n == 0)
		return 0;
	must(r == want);
	dissect_settle(&f, true);
	must(f.known == whole.known && f.app == whole.app && f.via == whole.via);
	must(f.anomalies == whole.anomalies);
	must(f.sni_len == whole.sni_len && memcmp(f.sni, whole.sni, f.sni_len) == 0);
	must(f.host_len == whole.host_len && memcmp(f.host, whole.host, f.host_len) == 0);
	must(memcmp(f.ja3, whole.ja3, 16) == 0 && memcmp(f.hassh, whole.hassh, 16) == 0);
	return 0;
}
