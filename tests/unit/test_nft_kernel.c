/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table against the running kernel. Needs root and a network namespace of its own. */
#include <errno.h>
#include <signal.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "tests/unit/nft_build.h"
#include "nft/internal.h"

#define MANY 66000

static struct nft *nft;
static struct nft_err err;

static const char *const hosts[2][2] = { { "192.168.1.2", "198.51.100.7" },
					 { "fd00::2", "2001:db8:100::7" } };

static void load_ok(const struct nft_load *l)
{
	int rc = nft_load(nft, l, &err);

	if (rc)
		fail_msg("load: %d, %s", rc, err.text);
}

static void apply_ok(const struct nft_elem *e, size_t n)
{
	size_t refused = 99;
	int rc = nft_apply(nft, e, n, &refused, &err);

	if (rc)
		fail_msg("apply: %d, %s", rc, err.text);
	assert_int_equal(refused, 0);
}

static int setup(void **state)
{
	const struct nft_load l = load_of();

	(void)state;
	nft = nft_open(&err);
	assert_non_null(nft);
	load_ok(&l);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nft_remove(nft, &err);
	nft_close(nft);
	nft = NULL;
	return 0;
}

static int open_only(void **state)
{
	(void)state;
	nft = nft_open(&err);
	assert_non_null(nft);
	return 0;
}

struct seen {
	struct nft_elem e[16];
	size_t n, stop_at;
};

static int see(void *ctx, const struct nft_elem *e)
{
	struct seen *s = ctx;

	if (s->n < sizeof(s->e) / sizeof(*s->e))
		s->e[s->n] = *e;
	s->n++;
	return s->stop_at && s->n >= s->stop_at ? -1 : 0;
}

static struct seen dump_all(enum nft_set set)
{
	struct seen s = { .n = 0 };
	int rc = nft_dump(nft, set, 1000000, see, &s, &err);

	if (rc)
		fail_msg("dump: %d, %s", rc, err.text);
	return s;
}

static void probe(void **state)
{
	struct nft_caps c, again;

	(void)state;
	assert_int_equal(nft_probe(nft, &c, &err), 0);
	print_message("queue native %d compat %d, inner %d, owner %d, persist %d, refresh %d, "
		      "log %d\n",
		      c.native_queue, c.compat_queue, c.inner, c.owner, c.persist, c.refresh,
		      c.log);
	assert_true(c.native_queue || c.compat_queue);
	assert_false(c.persist && !c.owner);
	assert_int_not_equal(shell("nft list table inet sluice_probe >/dev/null 2>&1"), 0);
	assert_int_equal(nft_probe(nft, &again, &err), 0);
	assert_memory_equal(&c, &again, sizeof(c));
	assert_int_equal(nft_present(nft, &err), 0);
}

/* Left behind by a prober that was killed. */
static void probe_after_crash(void **state)
{
	struct nft_caps c;

	(void)state;
	assert_int_equal(shell("nft add table inet sluice_probe"), 0);
	assert_int_equal(nft_probe(nft, &c, &err), 0);
	assert_int_not_equal(shell("nft list table inet sluice_probe >/dev/null 2>&1"), 0);
}

static void lists(void **state)
{
	struct nft_load l = load_of();

	(void)state;
	assert_int_equal(nft_present(nft, &err), 1);
	for (unsigned int bits = 0; bits < 128; bits++) {
		l.conf.observe = bits & 1;
		l.conf.inbound = bits & 2;
		l.conf.router_traffic = bits & 4;
		l.conf.dns = bits & 8;
		l.conf.icmp = bits & 16;
		l.conf.log_group = bits & 32 ? 5 : 0;
		l.conf.fail_open = bits & 64;
		l.conf.invalid_pass = bits & 2;
		load_ok(&l);
		if (bits % 9 == 0)
			assert_int_equal(shell("nft list table inet sluice >/dev/null 2>&1"), 0);
	}
	assert_int_equal(shell("nft list table inet sluice 2>/dev/null | "
			       "grep -q 'comment \"sluice table 1\"'"),
			 0);
}

static void old_kernel_rules(void **state)
{
	const struct nft_load l = load_of();

	(void)state;
	nft->caps.inner = false;
	nft->caps.log = false;
	load_ok(&l);
	assert_int_equal(shell("nft list table inet sluice >/dev/null 2>&1"), 0);
	assert_int_not_equal(shell("nft list table inet sluice 2>/dev/null | grep -q '@ih'"), 0);
}

static void bad_conf(void **state)
{
	struct nft_load l = load_of();

	(void)state;
	l.conf.mark_mask = 0x50000000;
	assert_int_equal(nft_load(nft, &l, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	l = load_of();
	l.conf.queue_count = 0;
	assert_int_equal(nft_load(nft, &l, &err), -EINVAL);
	l = load_of();
	l.conf.queue_first = 65535;
	assert_int_equal(nft_load(nft, &l, &err), -EINVAL);
	l = load_of();
	l.conf.mark_mask = 7;
	load_ok(&l);
}

static struct nft_elem sample(enum nft_op op, int set, int v6, int nr)
{
	struct nft_elem e =
		elem_of(op, (enum nft_set)set, hosts[v6][0], hosts[v6][1], (uint16_t)(400 + nr));

	e.dst[15] = (uint8_t)nr;
	e.reject = nr & 1;
	snprintf(e.comment, sizeof(e.comment), "rule tor-relay reason %d", nr);
	return e;
}

static bool has_verdict(int set)
{
	return set == NFT_DROP_PAIR || set == NFT_DROP_EP || set == NFT_DROP_ADDR;
}

/* Every set, both families: in, seen whole, out. */
static void round_trip(void **state)
{
	(void)state;
	for (int set = 0; set < NFT_SET_N; set++) {
		struct nft_elem e[4];
		struct seen s;

		for (int i = 0; i < 4; i++)
			e[i] = sample(NFT_ADD, set, i & 1, 1 + i / 2);
		apply_ok(e, 4);
		s = dump_all((enum nft_set)set);
		assert_int_equal(s.n, 4);
		for (size_t i = 0; i < 4; i++) {
			const struct nft_elem *got = &s.e[i], *want = NULL;
			uint8_t k1[SET_KEY_MAX], k2[SET_KEY_MAX];

			for (int k = 0; k < 4; k++)
				if (memcmp(e[k].dst, got->dst, 16) == 0)
					want = &e[k];
			assert_non_null(want);
			set_key(k1, got, set_is_v6(got));
			set_key(k2, want, set_is_v6(want));
			assert_memory_equal(k1, k2, sizeof(k1));
			assert_string_equal(got->comment, want->comment);
			assert_int_equal(got->timeout, want->timeout);
			assert_true(got->expires > 500000 && got->expires <= got->timeout);
			assert_int_equal(got->reject, has_verdict(set) ? want->reject : 0);
			assert_int_equal(got->set, set);
		}
		for (int i = 0; i < 4; i++)
			e[i].op = NFT_DEL;
		apply_ok(e, 3);
		assert_int_equal(dump_all((enum nft_set)set).n, 1);
		apply_ok(e, 4); /* three of them are not there any more: no error */
		assert_int_equal(dump_all((enum nft_set)set).n, 0);
	}
}

static void add_again(void **state)
{
	(void)state;
	for (int set = 0; set < NFT_SET_N; set++) {
		struct nft_elem e = sample(NFT_ADD, set, set & 1, 2);
		struct seen s;

		apply_ok(&e, 1);
		e.timeout = 60000;
		e.reject = 1;
		snprintf(e.comment, sizeof(e.comment), "another rule");
		apply_ok(&e, 1);
		s = dump_all((enum nft_set)set);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.e[0].timeout, 60000);
		assert_int_equal(s.e[0].reject, has_verdict(set));
		assert_string_equal(s.e[0].comment, "another rule");
	}
}

static void refresh(void **state)
{
	(void)state;
	for (int set = 0; set < NFT_SET_N; set++) {
		struct nft_elem e = sample(NFT_REFRESH, set, set & 1, 2);
		struct seen s;

		e.timeout = 9000;
		apply_ok(&e, 1); /* was not there: added */
		assert_int_equal(dump_all((enum nft_set)set).n, 1);
		e.timeout = 700000;
		apply_ok(&e, 1);
		s = dump_all((enum nft_set)set);
		assert_int_equal(s.n, 1);
		assert_true(s.e[0].expires > 600000);
		e.reject = 1; /* cannot be changed in place */
		e.timeout = 800000;
		apply_ok(&e, 1);
		s = dump_all((enum nft_set)set);
		assert_int_equal(s.n, 1);
		assert_true(s.e[0].expires > 700000);
		assert_int_equal(s.e[0].reject, has_verdict(set));
	}
}

/* The same with the answers of a kernel that cannot move an expiry. */
static void refresh_old(void **state)
{
	nft->caps.refresh = false;
	refresh(state);
}

/* Within a transaction the order counts, also for one key several times. */
static void same_key_twice(void **state)
{
	struct nft_elem e[4];
	struct seen s;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			e[i] = sample(NFT_ADD, NFT_DROP_EP, 0, 2);
		e[1].reject = 1;
		e[2].op = NFT_DEL;
		e[3].timeout = 30000;
		apply_ok(e, 4);
		s = dump_all(NFT_DROP_EP);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.e[0].timeout, 30000);
		assert_int_equal(s.e[0].reject, 0);
	}
	e[0].op = NFT_REFRESH;
	e[1].op = NFT_DEL;
	apply_ok(e, 2);
	assert_int_equal(dump_all(NFT_DROP_EP).n, 0);
}

/* A bad element and an element too many cost nobody else. */
static void full_set(void **state)
{
	struct nft_elem *e = calloc(MANY, sizeof(*e));
	size_t refused = 0;
	struct seen s;

	(void)state;
	assert_non_null(e);
	for (uint32_t i = 0; i < MANY; i++) {
		e[i] = sample(NFT_ADD, NFT_DROP_FLOW, 0, 1);
		e[i].dst[13] = (uint8_t)(i >> 16);
		e[i].dst[14] = (uint8_t)(i >> 8);
		e[i].dst[15] = (uint8_t)i;
	}
	e[5].timeout = 0;
	put_addr(e[6].dst, "2001:db8::1");
	assert_int_equal(nft_apply(nft, e, MANY, &refused, &err), 0);
	assert_int_equal(refused, MANY - 16384);
	s = dump_all(NFT_DROP_FLOW);
	assert_int_equal(s.n, 16384);
	e[7].op = NFT_DEL; /* with the set full: one goes, one comes, one is refused */
	e[8] = e[30000];
	e[9] = e[30001];
	assert_int_equal(nft_apply(nft, e + 7, 3, &refused, &err), 0);
	assert_int_equal(refused, 1);
	e[10].op = NFT_REFRESH; /* must not need room */
	e[10].timeout = 900000;
	apply_ok(e + 10, 1);
	nft->caps.refresh = false;
	apply_ok(e + 10, 1);
	s = (struct seen){ .stop_at = 3 };
	assert_int_equal(nft_dump(nft, NFT_DROP_FLOW, 1000000, see, &s, &err), 0);
	assert_int_equal(s.n, 3);
	s = (struct seen){ .n = 0 };
	assert_int_equal(nft_dump(nft, NFT_DROP_FLOW, 500, see, &s, &err), 0);
	assert_int_equal(s.n, 500);
	assert_int_equal(nft_flush(nft, &err), 0);
	assert_int_equal(dump_all(NFT_DROP_FLOW).n, 0);
	free(e);
}

static void flush(void **state)
{
	(void)state;
	for (int set = 0; set < NFT_SET_N; set++)
		for (int v6 = 0; v6 < 2; v6++) {
			const struct nft_elem e = sample(NFT_ADD, set, v6, 1);

			apply_ok(&e, 1);
		}
	assert_int_equal(nft_flush(nft, &err), 0);
	for (int set = 0; set < NFT_SET_N; set++)
		assert_int_equal(dump_all((enum nft_set)set).n, 0);
}

static void reload(void **state)
{
	struct nft_load l = load_of();
	const struct nft_elem kept = sample(NFT_ADD, NFT_DROP_EP, 1, 1);
	struct nft_elem changes[3] = { sample(NFT_ADD, NFT_WATCH, 0, 1),
				       sample(NFT_DEL, NFT_DROP_ADDR, 0, 9),
				       sample(NFT_ADD, NFT_DROP_EP, 0, 3) };

	(void)state;
	apply_ok(&kept, 1);
	load_ok(&l);
	assert_int_equal(dump_all(NFT_DROP_EP).n, 1);
	l.changes = changes;
	l.n_changes = 3;
	load_ok(&l); /* DEL of a missing one, beside new ones */
	assert_int_equal(dump_all(NFT_DROP_EP).n, 2);
	assert_int_equal(dump_all(NFT_WATCH).n, 1);
	load_ok(&l); /* the new ones are old now */
	assert_int_equal(dump_all(NFT_DROP_EP).n, 2);
	l.drop_dynamic = true;
	load_ok(&l);
	assert_int_equal(dump_all(NFT_DROP_EP).n, 1);
	changes[0].timeout = 0;
	load_ok(&l);
	assert_non_null(strstr(err.text, "1 elements were refused"));
	l.n_changes = NFT_BATCH_ELEMS + 1;
	assert_int_equal(nft_load(nft, &l, &err), -EINVAL);
}

#define IN_SET(set, addr)                                                                          \
	shell("nft get element inet sluice " set " '{ " addr " }' >/dev/null 2>&1")

static void ranges(void **state)
{
	struct nft_range in[] = { range_of("10.0.0.0", "10.0.0.255"),
				  range_of("10.0.1.0", "10.0.1.255"),
				  range_of("224.0.0.0", "255.255.255.255"),
				  range_of("fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
				  range_of("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
				  range_of("0.0.0.0", "0.0.0.0") };
	struct nft_load l = load_of();

	(void)state;
	l.inside = in;
	l.n_inside = 6;
	l.allow = in + 1;
	l.n_allow = 1;
	for (int i = 0; i < 3; i++)
		load_ok(&l);
	assert_int_equal(IN_SET("inside_4", "10.0.1.255"), 0);
	assert_int_equal(IN_SET("inside_4", "0.0.0.0"), 0);
	assert_int_equal(IN_SET("inside_4", "255.255.255.255"), 0);
	assert_int_equal(IN_SET("inside_6", "fd00::1"), 0);
	assert_int_equal(IN_SET("inside_6", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 0);
	assert_int_not_equal(IN_SET("inside_4", "10.0.2.0"), 0);
	assert_int_not_equal(IN_SET("inside_4", "0.0.0.1"), 0);
	assert_int_not_equal(IN_SET("inside_6", "fe00::"), 0);
	assert_int_equal(IN_SET("allow_4", "10.0.1.0"), 0);
	assert_int_not_equal(IN_SET("allow_4", "10.0.0.255"), 0);
	assert_int_equal(nft_inside(nft, in + 2, 1, &err), 0);
	assert_int_not_equal(IN_SET("inside_4", "10.0.0.1"), 0);
	assert_int_not_equal(IN_SET("inside_6", "fd00::1"), 0);
	assert_int_equal(IN_SET("inside_4", "224.0.0.1"), 0);
	in[0] = range_of("10.0.0.9", "10.0.0.1");
	assert_int_equal(nft_inside(nft, in, 1, &err), -EINVAL);
	assert_int_equal(IN_SET("inside_4", "224.0.0.1"), 0);
}

/* More ranges than a netlink message holds, replaced by others. */
static void many_ranges(void **state)
{
	struct nft_range *r = calloc(5000, sizeof(*r));
	char text[32], text6[32];

	(void)state;
	assert_non_null(r);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 2500; i++) {
			snprintf(text, sizeof(text), "10.%d.%d.%d", i / 100, i % 100, round);
			snprintf(text6, sizeof(text6), "fd00:%x::%d", i, round);
			r[2 * i] = range_of(text, text);
			r[2 * i + 1] = range_of(text6, text6);
		}
		assert_int_equal(nft_inside(nft, r, 5000, &err), 0);
	}
	assert_int_equal(IN_SET("inside_4", "10.24.99.2"), 0);
	assert_int_not_equal(IN_SET("inside_4", "10.24.99.1"), 0);
	assert_int_equal(IN_SET("inside_6", "fd00:9c3::2"), 0);
	assert_int_equal(nft_inside(nft, NULL, 0, &err), 0);
	assert_int_not_equal(IN_SET("inside_4", "10.24.99.2"), 0);
	free(r);
}

static void no_table(void **state)
{
	const struct nft_elem e = sample(NFT_ADD, NFT_DROP_EP, 0, 1);
	const struct nft_elem gone = sample(NFT_DEL, NFT_DROP_EP, 0, 1);
	struct nft_counters c;
	struct seen s = { .n = 0 };

	(void)state;
	assert_int_equal(nft_present(nft, &err), 0);
	assert_int_equal(nft_apply(nft, &e, 1, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "find table inet sluice: No such file or directory");
	assert_int_equal(nft_apply(nft, &gone, 1, NULL, &err), 0);
	assert_int_equal(nft_apply(nft, NULL, 0, NULL, &err), 0);
	assert_int_equal(nft_flush(nft, &err), -ENOENT);
	assert_int_equal(nft_inside(nft, NULL, 0, &err), -ENOENT);
	assert_int_equal(nft_counters(nft, &c, &err), -ENOENT);
	assert_int_equal(nft_dump(nft, NFT_DROP_EP, 9, see, &s, &err), -ENOENT);
	assert_int_equal(nft_remove(nft, &err), -ENOENT);
	assert_non_null(strstr(err.text, "sluice"));
}

static void counters(void **state)
{
	struct nft_counters c;

	(void)state;
	memset(&c, 0xff, sizeof(c));
	assert_int_equal(nft_counters(nft, &c, &err), 0);
	for (int i = 0; i < NFT_C_N; i++)
		assert_int_equal(c.packets[i], 0);
}

static void foreign(void **state)
{
	struct nft_load l = load_of();

	(void)state;
	assert_int_equal(shell("nft 'table inet sluice { set s { type ipv4_addr; "
			       "elements = { 192.0.2.1 }; }; }'"),
			 0);
	assert_int_equal(shell("nft 'table inet other { set s { type ipv4_addr; "
			       "elements = { 192.0.2.2 }; }; }'"),
			 0);
	assert_int_equal(nft_present(nft, &err), 0);
	assert_int_equal(nft_load(nft, &l, &err), -EEXIST);
	assert_non_null(strstr(err.text, "not ours"));
	assert_int_equal(nft_remove(nft, &err), -EEXIST);
	assert_int_equal(IN_SET("s", "192.0.2.1"), 0);
	l.replace = true;
	load_ok(&l);
	assert_int_equal(nft_present(nft, &err), 1);
	assert_int_not_equal(IN_SET("s", "192.0.2.1"), 0);
	assert_int_equal(nft_remove(nft, &err), 0);
	assert_int_equal(nft_present(nft, &err), 0);
	assert_int_equal(shell("nft get element inet other s '{ 192.0.2.2 }' >/dev/null"), 0);
	assert_int_equal(shell("nft delete table inet other"), 0);
}

/* Another process loads the table, tells so, and waits for its end. */
static pid_t other_agent(void)
{
	int ready[2];
	char ok = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct nft_elem e = sample(NFT_ADD, NFT_DROP_EP, 1, 5);
		const struct nft_load l = load_of();
		struct nft *mine = nft_open(NULL);

		ok = mine && nft_load(mine, &l, NULL) == 0 &&
		     nft_apply(mine, &e, 1, NULL, NULL) == 0;
		if (write(ready[1], &ok, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &ok, 1), 1);
	assert_int_equal(ok, 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void adopt(void **state)
{
	const struct nft_elem e = sample(NFT_ADD, NFT_DROP_EP, 1, 6);
	const struct nft_load l = load_of();
	struct nft_caps caps;
	pid_t pid = other_agent();

	(void)state;
	assert_int_equal(nft_probe(nft, &caps, &err), 0);
	assert_int_equal(nft_present(nft, &err), 1);
	if (caps.persist) {
		assert_int_equal(nft_load(nft, &l, &err), -EPERM);
		assert_non_null(strstr(err.text, "another sluice agent owns the table"));
		assert_int_equal(nft_apply(nft, &e, 1, NULL, &err), -EPERM);
		assert_non_null(strstr(err.text, "another sluice agent owns the table"));
		assert_int_equal(nft_flush(nft, &err), -EPERM);
		assert_int_equal(nft_remove(nft, &err), -EPERM);
		assert_non_null(strstr(err.text, "another sluice agent owns the table"));
		assert_int_equal(shell("nft flush ruleset"), 0);
		assert_int_equal(nft_present(nft, &err), 1);
	} else {
		print_message("no table owners on this kernel\n");
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	load_ok(&l);
	assert_int_equal(dump_all(NFT_DROP_EP).n, 1);
	apply_ok(&e, 1);
	assert_int_equal(dump_all(NFT_DROP_EP).n, 2);
	if (caps.persist) {
		assert_int_equal(shell("nft flush ruleset"), 0);
		assert_int_equal(shell("nft delete table inet sluice 2>/dev/null"), 1);
	}
	assert_int_equal(nft_present(nft, &err), 1);
}

/* Others change the ruleset all the time: the load looks again and gets through. */
static void busy_neighbours(void **state)
{
	const struct nft_load l = load_of();
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c",
		      "while :; do nft add table inet busy; nft delete table inet busy; done",
		      (char *)NULL);
		_exit(1);
	}
	for (int i = 0; i < 100; i++)
		load_ok(&l);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(shell("sleep 0.2; nft delete table inet busy 2>/dev/null; true"), 0);
}

/* The batch was built for a ruleset that is no more: refused as a whole. */
static void stale_generation(void **state)
{
	const struct nft_elem e = sample(NFT_ADD, NFT_DROP_EP, 0, 1);
	uint32_t genid;
	struct batch b;

	(void)state;
	assert_int_equal(link_genid(&nft->ask, &genid), 0);
	assert_true(genid > 0);
	assert_int_equal(shell("nft add table inet busy; nft delete table inet busy"), 0);
	assert_int_equal(batch_init(&b, nft->own.seq, genid), 0);
	set_change(&b, &e, 0, SET_NEW);
	assert_int_equal(link_send(&nft->own, &b, &err), -ERESTART);
	batch_fini(&b);
	assert_int_equal(dump_all(NFT_DROP_EP).n, 0);
}

/* The error names the request that failed. */
static void error_text(void **state)
{
	struct batch b;

	(void)state;
	assert_int_equal(batch_init(&b, nft->own.seq, 0), 0);
	set_flush(&b, "drop_ep_4");
	set_flush(&b, "no_such_set");
	set_flush(&b, "drop_ep_6");
	assert_int_equal(link_send(&nft->own, &b, &err), -ENOENT);
	batch_fini(&b);
	assert_string_equal(err.text, "flush set no_such_set: No such file or directory");
	assert_int_equal(err.code, -ENOENT);
}

static void make_flow(uint32_t mark, const char *src, const char *dst, uint16_t dport)
{
	char buf[1024] __attribute__((aligned(8)));
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nf_conntrack *ct = nfct_new();
	struct nfgenmsg *g;
	bool v6 = strchr(src, ':');
	uint8_t a[16], b[16];

	assert_non_null(ct);
	put_addr(a, src);
	put_addr(b, dst);
	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = v6 ? AF_INET6 : AF_INET;
	g->version = NFNETLINK_V0;
	g->res_id = 0;
	nfct_set_attr_u8(ct, ATTR_L3PROTO, g->nfgen_family);
	nfct_set_attr(ct, v6 ? ATTR_IPV6_SRC : ATTR_IPV4_SRC, v6 ? a : a + 12);
	nfct_set_attr(ct, v6 ? ATTR_IPV6_DST : ATTR_IPV4_DST, v6 ? b : b + 12);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, IPPROTO_UDP);
	nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(40000));
	nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(dport));
	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 100);
	nfct_set_attr_u32(ct, ATTR_MARK, mark);
	assert_true(nfct_nlmsg_build(h, ct) >= 0);
	assert_int_equal(link_ask(&nft->ask, h, NULL, NULL), 0);
	nfct_destroy(ct);
}

static int forget(enum nft_set set, const char *src, const char *dst, uint16_t dport)
{
	struct nft_elem e = elem_of(NFT_DEL, set, src, dst, dport);

	e.proto = IPPROTO_UDP;
	return nft_forget(nft, NFT_MARK_MASK, &e, &err);
}

static void forget_flows(void **state)
{
	(void)state;
	nft_forget(nft, NFT_MARK_MASK, NULL, &err);
	make_flow(NFT_MARK_DROP | 1, "192.168.1.2", "198.51.100.7", 443);
	make_flow(NFT_MARK_REJECT, "192.168.1.3", "198.51.100.7", 443);
	make_flow(NFT_MARK_PASS | 0x0f, "192.168.1.4", "198.51.100.7", 443);
	make_flow(0x0000f000, "192.168.1.5", "198.51.100.7", 443);
	make_flow(NFT_MARK_DROP, "fd00::2", "2001:db8::7", 443);
	make_flow(NFT_MARK_DROP, "192.168.1.2", "198.51.100.8", 444);
	make_flow(NFT_MARK_DROP, "192.168.1.2", "198.51.100.8", 445);
	assert_int_equal(forget(NFT_DROP_PAIR, "192.168.1.9", "198.51.100.7", 443), 0);
	assert_int_equal(forget(NFT_DROP_PAIR, "192.168.1.2", "198.51.100.7", 443), 1);
	assert_int_equal(forget(NFT_DROP_EP, "192.168.1.2", "198.51.100.7", 444), 0);
	assert_int_equal(forget(NFT_DROP_EP, "192.168.1.2", "198.51.100.7", 443), 1);
	assert_int_equal(forget(NFT_DROP_EP, "fd00::2", "2001:db8::7", 443), 1);
	assert_int_equal(forget(NFT_DROP_FLOW, "192.168.1.2", "198.51.100.8", 444), 1);
	assert_int_equal(forget(NFT_DROP_ADDR, "192.168.1.2", "198.51.100.8", 1), 1);
	assert_int_equal(nft_forget(nft, NFT_MARK_MASK, NULL, &err), 0);
	assert_int_equal(nft_forget(nft, 0x50000000, NULL, &err), -EINVAL);
	make_flow(NFT_MARK_DROP >> 4, "192.168.1.2", "198.51.100.8", 446);
	make_flow(NFT_MARK_DROP >> 4, "fd00::2", "2001:db8::8", 446);
	assert_int_equal(nft_forget(nft, NFT_MARK_MASK >> 4, NULL, &err), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(probe, open_only, teardown),
		cmocka_unit_test_setup_teardown(probe_after_crash, open_only, teardown),
		cmocka_unit_test_setup_teardown(no_table, open_only, teardown),
		cmocka_unit_test_setup_teardown(foreign, open_only, teardown),
		cmocka_unit_test_setup_teardown(adopt, open_only, teardown),
		cmocka_unit_test_setup_teardown(lists, setup, teardown),
		cmocka_unit_test_setup_teardown(old_kernel_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_conf, setup, teardown),
		cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(add_again, setup, teardown),
		cmocka_unit_test_setup_teardown(refresh, setup, teardown),
		cmocka_unit_test_setup_teardown(refresh_old, setup, teardown),
		cmocka_unit_test_setup_teardown(same_key_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(full_set, setup, teardown),
		cmocka_unit_test_setup_teardown(flush, setup, teardown),
		cmocka_unit_test_setup_teardown(reload, setup, teardown),
		cmocka_unit_test_setup_teardown(ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(many_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(counters, setup, teardown),
		cmocka_unit_test_setup_teardown(busy_neighbours, setup, teardown),
		cmocka_unit_test_setup_teardown(stale_generation, setup, teardown),
		cmocka_unit_test_setup_teardown(error_text, setup, teardown),
		cmocka_unit_test_setup_teardown(forget_flows, setup, teardown),
	};

	need_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
