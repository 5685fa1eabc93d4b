/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "tests/unit/nft_build.h"
#include "nft/internal.h"

static size_t merge(struct nft_range *out, const struct nft_range *in, size_t n, bool v6)
{
	size_t m = 99;

	assert_int_equal(range_merge(out, &m, in, n, v6), 0);
	return m;
}

static void merge_joins_and_sorts(void **state)
{
	const struct nft_range in[] = {
		range_of("10.0.1.0", "10.0.1.255"),     range_of("10.0.0.0", "10.0.0.255"),
		range_of("192.168.0.0", "192.168.0.9"), range_of("192.168.0.5", "192.168.0.20"),
		range_of("192.168.0.7", "192.168.0.8"), range_of("2001:db8::", "2001:db8::ff"),
		range_of("10.0.0.7", "10.0.0.7"),
	};
	struct nft_range out[7], want;

	(void)state;
	assert_int_equal(merge(out, in, 7, false), 2);
	want = range_of("10.0.0.0", "10.0.1.255");
	assert_memory_equal(&out[0], &want, sizeof(want));
	want = range_of("192.168.0.0", "192.168.0.20");
	assert_memory_equal(&out[1], &want, sizeof(want));
	assert_int_equal(merge(out, in, 7, true), 1);
	want = range_of("2001:db8::", "2001:db8::ff");
	assert_memory_equal(&out[0], &want, sizeof(want));
	assert_int_equal(merge(out, in, 0, false), 0);
}

/* A gap of one address stays, a touching one does not; carries cross octets. */
static void merge_gap(void **state)
{
	const struct nft_range in[] = { range_of("10.0.0.0", "10.0.0.254"),
					range_of("10.0.1.0", "10.0.1.0"),
					range_of("10.0.255.0", "10.0.255.255"),
					range_of("10.1.0.0", "10.1.0.0") };
	struct nft_range out[4];

	(void)state;
	assert_int_equal(merge(out, in, 4, false), 3);
}

static void merge_top(void **state)
{
	const struct nft_range v4[] = { range_of("240.0.0.0", "255.255.255.255"),
					range_of("255.255.255.255", "255.255.255.255"),
					range_of("224.0.0.0", "239.255.255.255") };
	const struct nft_range v6[] = {
		range_of("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
		range_of("ffff::", "ffff::1"),
	};
	struct nft_range out[3];
	uint8_t addr[16];

	(void)state;
	assert_int_equal(merge(out, v4, 3, false), 1);
	assert_memory_equal(out[0].lo, v4[2].lo, 16);
	put_addr(addr, "255.255.255.255");
	assert_memory_equal(out[0].hi, addr, 16);
	assert_false(range_next(addr, false));
	assert_int_equal(merge(out, v6, 2, true), 1);
	assert_memory_equal(out[0].hi, v6[0].hi, 16);
	put_addr(addr, "9.255.255.255");
	assert_true(range_next(addr, false));
	assert_memory_equal(addr + 12, "\x0a\0\0\0", 4);
}

static void merge_refuses(void **state)
{
	const struct nft_range reversed = range_of("10.0.0.2", "10.0.0.1");
	const struct nft_range mixed = range_of("10.0.0.2", "2001:db8::");
	struct nft_range out[1];
	size_t n;

	(void)state;
	assert_int_equal(range_merge(out, &n, &reversed, 1, false), -EINVAL);
	assert_int_equal(range_merge(out, &n, &mixed, 1, false), -EINVAL);
}

static void key_layout(void **state)
{
	struct nft_elem e = elem_of(NFT_ADD, NFT_DROP_PAIR, "192.168.1.2", "198.51.100.7", 443);
	static const uint8_t pair[] = { 192, 168, 1, 2, 198, 51, 100, 7, 6, 0, 0, 0, 1, 187, 0, 0 };
	static const uint8_t flow[] = { 192, 168, 1,    2,    198, 51, 100, 7,   6, 0,
					0,   0,   0x9c, 0x40, 0,   0,  1,   187, 0, 0 };
	uint8_t key[SET_KEY_MAX];

	(void)state;
	assert_int_equal(set_is_v6(&e), 0);
	assert_int_equal(set_key(key, &e, false), sizeof(pair));
	assert_memory_equal(key, pair, sizeof(pair));
	e.set = NFT_DROP_FLOW;
	assert_int_equal(set_key(key, &e, false), sizeof(flow));
	assert_memory_equal(key, flow, sizeof(flow));
	e.set = NFT_DROP_ADDR;
	assert_int_equal(set_key(key, &e, false), 4);
	assert_memory_equal(key, pair + 4, 4);
	e.set = NFT_WATCH;
	assert_int_equal(set_key(key, &e, false), 12);
	assert_memory_equal(key, pair + 4, 12);
}

static void key_round_trip(void **state)
{
	static const char *const addr[2][2] = { { "10.1.2.3", "203.0.113.9" },
						{ "fd00::1", "2001:db8::9" } };

	(void)state;
	for (int set = 0; set < NFT_SET_N; set++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct nft_elem e = elem_of(NFT_ADD, (enum nft_set)set, addr[v6][0],
						    addr[v6][1], 65535);
			struct nft_elem back = { .set = e.set };
			uint8_t key[SET_KEY_MAX], again[SET_KEY_MAX];
			size_t n = set_key(key, &e, v6);

			assert_int_equal(set_is_v6(&e), v6);
			assert_true(set_key_parse(&back, key, n, v6));
			assert_int_equal(set_key(again, &back, v6), n);
			assert_memory_equal(again, key, n);
			assert_memory_equal(back.dst, e.dst, 16);
			assert_false(set_key_parse(&back, key, n - 1, v6));
			assert_false(set_key_parse(&back, key, n, !v6));
		}
}

static void bad_elements(void **state)
{
	const struct nft_caps caps = { .refresh = true };
	struct nft_elem e = elem_of(NFT_ADD, NFT_DROP_PAIR, "10.0.0.1", "2001:db8::1", 1);

	(void)state;
	assert_int_equal(set_is_v6(&e), -EINVAL);
	assert_int_equal(set_act_first(&e, &caps), SET_NONE);
	e.set = NFT_DROP_EP; /* has no source: its family does not matter */
	assert_int_equal(set_act_first(&e, &caps), SET_NEW);
	e.timeout = 0;
	assert_int_equal(set_act_first(&e, &caps), SET_NONE);
	e.op = NFT_DEL;
	assert_int_equal(set_act_first(&e, &caps), SET_DROP);
	e.op = 77;
	e.timeout = 1;
	assert_int_equal(set_act_first(&e, &caps), SET_NONE);
	e.op = NFT_ADD;
	e.set = NFT_SET_N;
	assert_int_equal(set_act_first(&e, &caps), SET_NONE);
}

static void comments(void **state)
{
	uint8_t udata[COMMENT_UDATA];
	char longest[NFT_COMMENT_MAX + 40], back[NFT_COMMENT_MAX + 1];
	static const uint8_t other_first[] = { 9, 2, 1, 1, 0, 3, 'a', 'b', 0 };
	static const uint8_t cut_short[] = { 0, 9, 'a', 'b' };
	static const uint8_t no_nul[] = { 0, 2, 'a', 'b' };

	(void)state;
	assert_int_equal(set_comment(udata, ""), 0);
	assert_int_equal(set_comment(udata, "a\"\n\x7f"), 7);
	set_comment_parse(back, udata, 7);
	assert_string_equal(back, "a???");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(set_comment(udata, longest), NFT_COMMENT_MAX + 3);
	set_comment_parse(back, udata, sizeof(udata));
	assert_int_equal(strlen(back), NFT_COMMENT_MAX);
	set_comment_parse(back, other_first, sizeof(other_first));
	assert_string_equal(back, "ab");
	set_comment_parse(back, cut_short, sizeof(cut_short));
	assert_string_equal(back, "");
	set_comment_parse(back, no_nul, sizeof(no_nul));
	assert_string_equal(back, "ab");
}

static void marks(void **state)
{
	static const uint32_t bad[] = { 0, 1, 3, 5, 0xf, 0x70000001, 0xc0000000, 0x80000000 };
	struct rule_marks m;

	(void)state;
	assert_int_equal(rule_marks(&m, NFT_MARK_MASK), 0);
	assert_int_equal(m.verdict, NFT_MARK_VERDICT);
	assert_int_equal(m.pass, NFT_MARK_PASS);
	assert_int_equal(m.drop, NFT_MARK_DROP);
	assert_int_equal(m.reject, NFT_MARK_REJECT);
	assert_int_equal(m.reply, NFT_MARK_REPLY);
	assert_int_equal(rule_marks(&m, 7), 0);
	assert_int_equal(m.reply, 4);
	assert_int_equal(rule_marks(&m, 0xe0000000), 0);
	assert_int_equal(m.reply, 0x80000000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(rule_marks(&m, bad[i]), -EINVAL);
}

/* Sends an answer for request i of a batch through the choice of the next act. */
static int answered(enum set_act *acts, size_t n, size_t i, int error, size_t *refused)
{
	struct batch_note notes[8] = { { 0 } };
	const struct batch b = { .notes = notes, .n = n + 1 };

	for (size_t k = 0; k < n; k++)
		notes[k + 1].elem = k + 1;
	notes[i + 1].error = error;
	*refused = 0;
	return set_settle_errors(&b, acts, refused);
}

static void answers(void **state)
{
	static const struct {
		enum set_act act;
		int error;
		enum set_act next;
		unsigned int refused;
		int rc;
	} t[] = {
		{ SET_NEW, -EEXIST, SET_SWAP, 0, 0 },      { SET_PUT, -EBUSY, SET_SWAP, 0, 0 },
		{ SET_PUT, -EEXIST, SET_SWAP, 0, 0 },      { SET_SWAP, -ENOENT, SET_NEW, 0, 0 },
		{ SET_DROP, -ENOENT, SET_NONE, 0, 0 },     { SET_NEW, -ENFILE, SET_NONE, 1, 0 },
		{ SET_SWAP, -ENFILE, SET_NONE, 1, 0 },     { SET_NEW, -EINVAL, SET_NONE, 1, 0 },
		{ SET_NEW, -ENOENT, SET_NEW, 0, -ENOENT }, { SET_NEW, -EPERM, SET_NEW, 0, -EPERM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		enum set_act acts[3] = { SET_NEW, t[i].act, SET_DROP };
		size_t refused;

		assert_int_equal(answered(acts, 3, 1, t[i].error, &refused), t[i].rc);
		assert_int_equal(acts[1], t[i].rc ? t[i].act : t[i].next);
		assert_int_equal(refused, t[i].rc ? 0 : t[i].refused);
		assert_int_equal(acts[0], SET_NEW);
		assert_int_equal(acts[2], SET_DROP);
	}
}

/* Messages follow each other, aligned, with rising numbers, whatever the batch must grow to. */
static void batch_grows(void **state)
{
	struct nft_elem e = elem_of(NFT_ADD, NFT_DROP_PAIR, "fd00::1", "2001:db8::1", 443);
	struct batch b;
	size_t n = 0, at = 0;

	(void)state;
	assert_int_equal(batch_init(&b, 7, 0), 0);
	for (size_t i = 0; i < 5000; i++)
		set_change(&b, &e, i, i & 1 ? SET_SWAP : SET_NEW);
	assert_int_equal(batch_end(&b), 0);
	while (at < b.len) {
		const struct nlmsghdr *h = (const void *)(b.buf + at);

		assert_true(h->nlmsg_len >= sizeof(*h) && h->nlmsg_len <= b.len - at);
		assert_int_equal(h->nlmsg_seq, 7 + n++);
		at += NLMSG_ALIGN((size_t)h->nlmsg_len);
	}
	assert_int_equal(at, b.len);
	assert_int_equal(n, 7500 + 2);
	assert_int_equal(b.notes[b.n - 1].elem, 5000);
	batch_fini(&b);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(nft_set_name(NFT_DROP_EP), "drop_ep");
	assert_string_equal(nft_set_name(NFT_SET_N), "?");
	assert_string_equal(nft_counter_name(NFT_C_QUEUED), "queued");
	assert_string_equal(nft_counter_name(NFT_C_N), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merge_joins_and_sorts),
		cmocka_unit_test(merge_gap),
		cmocka_unit_test(merge_top),
		cmocka_unit_test(merge_refuses),
		cmocka_unit_test(key_layout),
		cmocka_unit_test(key_round_trip),
		cmocka_unit_test(bad_elements),
		cmocka_unit_test(comments),
		cmocka_unit_test(marks),
		cmocka_unit_test(answers),
		cmocka_unit_test(batch_grows),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
