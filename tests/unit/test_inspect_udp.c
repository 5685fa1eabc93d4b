/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/path.h"
#include "tests/unit/quic_talk.h"

/* Behind a decoy: a hello over two datagrams, the server answers the decoy or the first of them. */
static void split_hello(void **state)
{
	static const uint8_t stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3 };
	static struct craft h, fr;
	static struct talk t;
	struct traffic u = { .src = 2, .dst = 5, .proto = 17, .sport = 1, .dport = 443 };
	struct build b = plain_build();
	struct slice m;

	(void)state;
	m = rfc_hello(&h);
	for (size_t i = 0; i < 2; i++) {
		fr.n = 0;
		build_crypto(&fr, m, i ? 50 : 0, i ? m.n - 50 : 50);
		b.number = i;
		say(&t, &b, build_bytes(fr.b, fr.n));
	}
	begin("mode = \"enforce\"; rules = ( { name = \"foes\"; when: { domain = \"example.com\"; };"
	      " action = \"drop\"; } );");
	for (int answered = 0; answered < 3; answered++) {
		P.mark = 0;
		u.sport++;
		u.data = stun;
		u.n = sizeof stun;
		assert_int_equal(send(&u), 0);
		for (int i = 0; i < 2; i++) {
			P.mark = answered && i >= answered - 1 ? REPLY : 0;
			u.data = t.d[i].b;
			u.n = t.d[i].n;
			assert_int_equal(send(&u) & 0x30000000, i ? DROP : 0);
		}
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(split_hello) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
