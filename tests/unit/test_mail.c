/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/mail.h"
#include "tests/unit/prefix.h"

static struct prefix mail = { .fn = mail_dissect };

static enum dissect_result ask(uint16_t dport, const char *lines)
{
	mail.dport = dport;
	return prefix_all(&mail, lines, strlen(lines));
}

/* MORE: APP_UNKNOWN, or what f->via says meanwhile. */
static const struct {
	const char *lines;
	uint16_t dport;
	enum dissect_result want;
	enum app app;
} talks[] = {
	/* one protocol's first line */
	{ "EHLO mail.example\r\n", 26, DISSECT_MORE, APP_SMTP },
	{ "helo [192.0.2.1]\r\n", 26, DISSECT_MORE, APP_SMTP },
	{ "LHLO x\r\n", 26, DISSECT_MORE, APP_SMTP },
	{ "CAPA\r\n", 26, DISSECT_MORE, APP_POP3 },
	{ "a1 CAPABILITY\r\n", 26, DISSECT_MORE, APP_IMAP },
	{ "1 id (\"name\" \"x\")\r\n", 26, DISSECT_MORE, APP_IMAP },
	{ "1 ID NIL\r\n", 26, DISSECT_MORE, APP_IMAP },
	{ "1 ID ()\r\n", 26, DISSECT_MORE, APP_IMAP },
	{ "FEAT\r\n", 26, DISSECT_MORE, APP_FTP },
	{ "SYST\r\n", 26, DISSECT_MORE, APP_FTP },
	{ "EHLO x\r\nFOO bar\r\n", 26, DISSECT_MORE, APP_SMTP },
	/* and what excludes TLS */
	{ "EHLO x\r\nMAIL FROM:<a@b>\r\n", 26, DISSECT_DONE, APP_SMTP },
	{ "EHLO x\r\nAUTH PLAIN AGEAYg==\r\n", 26, DISSECT_DONE, APP_SMTP },
	{ "HELO x\r\nQUIT\r\n", 26, DISSECT_DONE, APP_SMTP },
	{ "MAIL FROM:<>\r\n", 26, DISSECT_DONE, APP_SMTP },
	{ "CAPA\r\nAUTH PLAIN\r\n", 26, DISSECT_DONE, APP_POP3 },
	{ "CAPA\r\nUSER a\r\nPASS b c\r\n", 26, DISSECT_DONE, APP_POP3 },
	{ "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n", 26, DISSECT_DONE, APP_POP3 },
	{ "x LOGIN a b\r\n", 26, DISSECT_DONE, APP_IMAP },
	{ "x LOGIN {5}\r\n", 26, DISSECT_DONE, APP_IMAP },
	{ "x LOGIN 5}\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "x LOGIN {5\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "A001 AUTHENTICATE XOAUTH2 abc=\r\n", 26, DISSECT_DONE, APP_IMAP },
	{ "1 CAPABILITY\r\n2 LOGOUT\r\n", 26, DISSECT_DONE, APP_IMAP },
	/* a command of several: by the port, else by what follows */
	{ "USER a\r\n", 110, DISSECT_MORE, APP_POP3 },
	{ "USER a\r\n", 21, DISSECT_MORE, APP_FTP },
	{ "USER a\r\n", 26, DISSECT_MORE, APP_UNKNOWN },
	{ "USER a\r\nPASS b\r\n", 110, DISSECT_DONE, APP_POP3 },
	{ "USER a\r\nPASS b\r\n", 21, DISSECT_DONE, APP_FTP },
	{ "USER a\r\nPASS b\r\n", 26, DISSECT_MORE, APP_UNKNOWN },
	{ "USER a\r\nPASS b\r\nSYST\r\n", 26, DISSECT_DONE, APP_FTP },
	{ "USER a\r\nPASS b\r\nUIDL\r\n", 26, DISSECT_DONE, APP_POP3 },
	{ "USER a\r\nPASS b\r\nSTAT\r\nRETR 1\r\nRETR x.txt\r\n", 26, DISSECT_DONE, APP_FTP },
	{ "USER a\r\nPASS b\r\nSTAT\r\nTOP 1 0\r\n", 26, DISSECT_DONE, APP_POP3 },
	{ "USER a\r\nPASS b\r\nSTAT\r\nLIST\r\nLIST\r\nLIST\r\nLIST\r\nLIST\r\n", 26, DISSECT_DONE,
	  APP_FTP },
	{ "PASV\r\n", 21, DISSECT_DONE, APP_FTP },
	{ "PASV\r\n", 26, DISSECT_MORE, APP_UNKNOWN },
	{ "AUTH PLAIN\r\n", 25, DISSECT_DONE, APP_SMTP },
	{ "AUTH PLAIN\r\n", 110, DISSECT_DONE, APP_POP3 },
	{ "AUTH PLAIN\r\n", 26, DISSECT_MORE, APP_UNKNOWN },
	{ "NOOP\r\n", 25, DISSECT_MORE, APP_UNKNOWN },
	{ "NOOP\r\nEHLO x\r\n", 26, DISSECT_MORE, APP_SMTP },
	{ "1 NOOP\r\n", 143, DISSECT_MORE, APP_IMAP },
	{ "1 NOOP\r\n", 26, DISSECT_MORE, APP_UNKNOWN },
	{ "1 NOOP\r\n2 SELECT INBOX\r\n", 26, DISSECT_DONE, APP_IMAP },
	{ "USER noop\r\n", 143, DISSECT_MORE, APP_UNKNOWN },
	{ "QUIT\r\nQUIT\r\nQUIT\r\nQUIT\r\nQUIT\r\nQUIT\r\nQUIT\r\nQUIT\r\n", 26, DISSECT_NOT_MINE,
	  APP_UNKNOWN },
	/* the port does not overrule what only another has */
	{ "EHLO x\r\n", 21, DISSECT_MORE, APP_SMTP },
	{ "FEAT\r\n", 110, DISSECT_MORE, APP_FTP },
	/* TLS asked for, and what is said when it is refused */
	{ "STARTTLS\r\n", 25, DISSECT_MORE, APP_SMTP },
	{ "AUTH SSL\r\n", 26, DISSECT_MORE, APP_FTP },
	{ "EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n", 25, DISSECT_DONE, APP_SMTP },
	{ "AUTH TLS\r\nAUTH SSL\r\nUSER a\r\nPASS b\r\n", 26, DISSECT_DONE, APP_FTP },
	{ "a STARTTLS\r\na LOGIN b c\r\n", 26, DISSECT_DONE, APP_IMAP },
	/* others */
	{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "OPTIONS * HTTP/1.1\r\n", 21, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "HEAD / HTTP/1.0\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "CONNECT LOGIN:443 HTTP/1.1\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "SSH-2.0-x\r\n", 22, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "RFB 003.008\n", 5900, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "NICK a\r\nUSER a 0 * :b\r\n", 6667, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "USER a 0 * :b\r\nNICK a\r\n", 6667, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "PASS a\r\nNICK a\r\n", 6667, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "MODE READER\r\n", 119, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "LIST\r\nGROUP a.b\r\n", 119, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "stats\r\n", 11211, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "example.com\r\n", 43, DISSECT_NOT_MINE, APP_UNKNOWN },
	/* broken arguments */
	{ "EHLO\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "EHLO  x\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "EHLO x\x01\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "EHLO\tx\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "EHLOx y\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "CAPA x\r\n", 110, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "MAIL TO:<a>\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "RCPT FROM:<a>\r\n", 25, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "APOP a c4c9334bac560ecc979e58001b3e22f\r\n", 110, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "APOP a c4c9334bac560ecc979e58001b3e22fx\r\n", 110, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "AUTH a\r\n", 110, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "AUTH a:b:c\r\n", 110, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "a CAPABILITY x\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "(a CAPABILITY\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "a+ CAPABILITY\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "123456789012345678901234567890123 NOOP\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "a ID x\r\n", 143, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "PBSZ x\r\n", 21, DISSECT_NOT_MINE, APP_UNKNOWN },
	{ "CWD\r\n", 21, DISSECT_NOT_MINE, APP_UNKNOWN },
	/* not whole */
	{ "", 25, DISSECT_MORE, APP_UNKNOWN },
	{ "eh", 25, DISSECT_MORE, APP_UNKNOWN },
	{ "EHLO x\r", 25, DISSECT_MORE, APP_UNKNOWN },
	{ "a.tag", 25, DISSECT_MORE, APP_UNKNOWN },
	{ "a.tag CAPAB", 25, DISSECT_MORE, APP_UNKNOWN },
};

static void commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
		enum dissect_result r = ask(talks[i].dport, talks[i].lines);

		if (r != talks[i].want)
			fail_msg("%s: %d", talks[i].lines, (int)r);
		assert_int_equal(mail.f.anomalies, 0);
		if (r == DISSECT_DONE) {
			if (mail.f.app != talks[i].app)
				fail_msg("%s: app %d", talks[i].lines, mail.f.app);
			assert_int_equal(mail.f.via, 0);
			continue;
		}
		assert_int_equal(mail.f.known, 0);
		if (r == DISSECT_MORE && mail.f.via != talks[i].app)
			fail_msg("%s: via %d", talks[i].lines, mail.f.via);
		if (r == DISSECT_NOT_MINE)
			assert_int_equal(mail.f.via, 0);
	}
}

/* Lines joined by '|', and what each of them says. */
static const struct {
	const char *lines;
	uint8_t protocols, weight, then;
} lines[] = {
	{ "EHLO a|HELO a b|LHLO a", MAIL_SMTP, 2, MAIL_GO },
	{ "STARTTLS", MAIL_SMTP, 2, MAIL_TLS },
	{ "MAIL FROM:<a>|RCPT TO:<a>", MAIL_SMTP, 2, MAIL_END },
	{ "DATA|BDAT 1|VRFY a|EXPN a", MAIL_SMTP, 1, MAIL_END },
	{ "CAPA", MAIL_POP3, 2, MAIL_GO },
	{ "STLS", MAIL_POP3, 2, MAIL_TLS },
	{ "APOP a c4c9334bac560ecc979e58001b3e22fb|apop a 0123456789ABCDEFabcdef0123456789",
	  MAIL_POP3, 2, MAIL_END },
	{ "UIDL|UIDL 1|TOP 1 2", MAIL_POP3, 1, MAIL_END },
	{ "AUTH", MAIL_POP3, 1, MAIL_GO },
	{ "AUTH ABC|AUTH CRAM-MD5|AUTH A_Z09 x y|AUTH ABCDEFGHIJKLMNOPQRST", MAIL_SMTP | MAIL_POP3, 1,
	  MAIL_END },
	{ "AUTH TLS|AUTH ssl|AUTH TLS-C|AUTH TLS-P", MAIL_FTP, 2, MAIL_TLS },
	{ "USER a", MAIL_POP3 | MAIL_FTP, 1, MAIL_GO },
	{ "PASS|PASS a b|STAT|LIST|LIST a|DELE a|RETR 12", MAIL_POP3 | MAIL_FTP, 1, MAIL_END },
	{ "FEAT|SYST", MAIL_FTP, 2, MAIL_GO },
	{ "OPTS UTF8 ON|HOST a|CLNT a b|PBSZ 0|PROT P", MAIL_FTP, 1, MAIL_GO },
	{ "ACCT a|TYPE I|TYPE A N|PASV|EPSV|EPSV ALL|PORT 1,2,3,4,5,6|EPRT |1|192.0.2.1|1|",
	  MAIL_FTP, 1, MAIL_END },
	{ "PWD|XPWD|CWD a b|CDUP|NLST|NLST a|MLSD|MLSD a|RETR a|STOR a b|SIZE a|MDTM a|SITE a",
	  MAIL_FTP, 1, MAIL_END },
	{ "NOOP|NOOP a", MAIL_SMTP | MAIL_POP3 | MAIL_FTP, 0, MAIL_GO },
	{ "RSET", MAIL_SMTP | MAIL_POP3, 0, MAIL_GO },
	{ "HELP|HELP a", MAIL_SMTP | MAIL_FTP, 0, MAIL_GO },
	{ "QUIT", MAIL_SMTP | MAIL_POP3 | MAIL_FTP, 0, MAIL_END },
	{ "a CAPABILITY|~ id NIL|! ID ()|. ID (\"a\" \"b\")", MAIL_IMAP, 2, MAIL_GO },
	{ "a STARTTLS", MAIL_IMAP, 2, MAIL_TLS },
	{ "a LOGIN b c|a LOGIN {1}|a AUTHENTICATE PLAIN", MAIL_IMAP, 2, MAIL_END },
	{ "a NOOP", MAIL_IMAP, 1, MAIL_GO },
	{ "a LOGOUT|a SELECT b|a EXAMINE b|a NAMESPACE|a ENABLE b|a LIST b c|a UID b c|a IDLE",
	  MAIL_IMAP, 1, MAIL_END },
	{ "EHLO|USER|USER a b|CAPA a|STAT a|AUTH AB|AUTH ABCDEFGHIJKLMNOPQRSTU|AUTH A!C|AUTH TLS a|TOP 1",
	  0, 0, MAIL_GO },
	{ "PBSZ x|PBSZ 1 2|PBSZ :|PBSZ /|OPTS a|HOST a b|PWD a|FEAT a|EHLO  a|MAIL a|RCPT FROM:<a>",
	  0, 0, MAIL_GO },
	{ "NOOP\x7f|a CAPABILITY a|a LOGIN b|a ID|a IDLE b|a |a|a%b NOOP|(a NOOP|a ID (a|\x7f NOOP",
	  0, 0, MAIL_GO },
};

static void check_line(const char *at, size_t n, size_t i)
{
	struct slice s = craft_copy(at, n);
	struct mail_line is = mail_read(s);

	if (is.protocols != lines[i].protocols || is.then != lines[i].then ||
	    (is.protocols && is.weight != lines[i].weight))
		fail_msg("%.*s: %d %d %d", (int)n, at, is.protocols, is.weight, is.then);
	for (size_t k = 0; is.protocols && k <= n; k++)
		if (!mail_viable((struct slice){ s.p, k }))
			fail_msg("%.*s: not viable", (int)k, at);
	free((void *)(uintptr_t)s.p);
}

static void one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const char *at = lines[i].lines;

		while (*at) {
			/* EPRT's own bars stand at the end of their string */
			size_t n = strncmp(at, "EPRT", 4) ? strcspn(at, "|") : strlen(at);

			check_line(at, n, i);
			at += n + (at[n] == '|');
		}
	}
}

static void ports(void **state)
{
	static const struct {
		uint16_t dport;
		const char *line;
		enum app via;
	} t[] = {
		{ 21, "USER a\r\n", APP_FTP },	{ 990, "USER a\r\n", APP_FTP },
		{ 2121, "USER a\r\n", APP_FTP },	{ 110, "USER a\r\n", APP_POP3 },
		{ 995, "USER a\r\n", APP_POP3 },	{ 24, "AUTH PLAIN\r\n", APP_SMTP },
		{ 25, "AUTH PLAIN\r\n", APP_SMTP },	{ 465, "AUTH PLAIN\r\n", APP_SMTP },
		{ 587, "AUTH PLAIN\r\n", APP_SMTP },	{ 2525, "AUTH PLAIN\r\n", APP_SMTP },
		{ 143, "a NOOP\r\n", APP_IMAP },	{ 993, "a NOOP\r\n", APP_IMAP },
		{ 22, "USER a\r\n", APP_UNKNOWN },	{ 26, "AUTH PLAIN\r\n", APP_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		enum dissect_result r = ask(t[i].dport, t[i].line);

		assert_int_equal(r == DISSECT_DONE ? mail.f.app : mail.f.via, t[i].via);
	}
}

/* How early another protocol is let go: at the byte that tells. */
static void early(void **state)
{
	static const struct {
		const char *bytes;
		size_t at;
	} t[] = {
		{ "GET / HTTP/1.1", 5 }, { "\x16\x03\x01", 1 }, { "{\"id\"", 1 }, { "POST /x", 6 },
		{ "\x80", 1 }, { "EHLO-x y", 6 + 2 }, { "USER\x01", 5 },
		{ "0123456789012345678901234567890123", 33 }, { "a CAPABILITX", 12 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(ask(25, t[i].bytes), DISSECT_NOT_MINE);
		if (mail.at != t[i].at)
			fail_msg("%s: %zu", t[i].bytes, mail.at);
	}
}

static void hello(struct craft *c)
{
	static const uint16_t ciphers[] = { 0x1301, 0xc02f };
	struct craft_hello h;
	struct craft records;
	struct slice s;

	craft_hello_begin(&h, 0x0303, ciphers, 2);
	craft_ext_name(&h, "mail.example", 12);
	s = craft_records(&records, craft_hello_end(&h), 16384);
	craft_bytes(c, s.p, s.n);
}

static void starttls(void **state)
{
	static const struct {
		const char *lines;
		enum app via;
	} t[] = {
		{ "EHLO x\r\nSTARTTLS\r\n", APP_SMTP }, { "EHLO x\r\nstarttls \r\n", APP_SMTP },
		{ "STLS\r\n", APP_POP3 }, { "CAPA\r\nSTLS\r\n", APP_POP3 },
		{ "AUTH TLS\r\n", APP_FTP }, { "FEAT\r\nAUTH TLS-C\r\n", APP_FTP },
		{ "a STARTTLS\r\n", APP_IMAP }, { "a CAPABILITY\r\nb STARTTLS\r\n", APP_IMAP },
		{ "AUTH TLS\r\nAUTH SSL\r\n", APP_FTP },
	};

	(void)state;
	mail.dport = 26;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct craft c = { .n = 0 };

		craft_bytes(&c, t[i].lines, strlen(t[i].lines));
		hello(&c);
		assert_int_equal(prefix_all(&mail, c.b, c.n), DISSECT_DONE);
		assert_int_equal(mail.at, c.n);
		assert_int_equal(mail.f.app, APP_TLS);
		assert_int_equal(mail.f.via, t[i].via);
		assert_int_equal(facts_state(&mail.f, FACT_SNI), FACT_KNOWN);
		assert_memory_equal(mail.f.sni, "mail.example", 12);
		assert_int_equal(facts_state(&mail.f, FACT_JA4), FACT_KNOWN);
	}
	assert_int_equal(PREFIX(&mail, "STLS\r\n\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"),
			 DISSECT_DONE); /* SSLv2 form */
	assert_int_equal(mail.f.app, APP_TLS);
	assert_int_equal(mail.f.via, APP_POP3);
	/* other bytes where a hello must be */
	assert_int_equal(PREFIX(&mail, "STLS\r\n\x16\x02"), DISSECT_DONE);
	assert_int_equal(mail.f.app, APP_POP3);
	assert_int_equal(PREFIX(&mail, "STLS\r\n\x01"), DISSECT_BAD);
	assert_int_equal(mail.f.app, APP_POP3);
	assert_int_equal(mail.f.anomalies, ANOM_APP_BAD);
}

/* Inside something already: nothing is waited for, and what carries it stays. */
static void inside(void **state)
{
	struct facts f = { .inner = 1, .via = APP_HTTP };
	static const char said[] = "EHLO x\r\nSTARTTLS\r\n";

	(void)state;
	assert_int_equal(mail_dissect(&f, NULL, (struct slice){ (const uint8_t *)said, 7 }),
			 DISSECT_MORE);
	assert_int_equal(f.known, 0);
	assert_int_equal(mail_dissect(&f, NULL, (struct slice){ (const uint8_t *)said, 18 }),
			 DISSECT_DONE);
	assert_int_equal(f.app, APP_SMTP);
	assert_int_equal(f.via, APP_HTTP);
}

static void line_ends(void **state)
{
	(void)state;
	assert_int_equal(ask(25, "EHLO x\nQUIT\n"), DISSECT_DONE);
	assert_int_equal(mail.f.app, APP_SMTP);
	assert_int_equal(mail.f.anomalies, ANOM_APP_BAD);
	assert_int_equal(ask(25, "EHLO x\nSTARTTLS\n"), DISSECT_MORE);
	assert_int_equal(mail.f.anomalies, ANOM_APP_BAD);
	assert_int_equal(mail.f.via, APP_SMTP);
	assert_int_equal(ask(25, "EHLO x\rSTARTTLS\r\n"), DISSECT_NOT_MINE);
	assert_int_equal(ask(25, "EHLO x\r\nMAIL\rx\r\n"), DISSECT_BAD);
	assert_int_equal(ask(25, "EHLO x\r\n\x1b\r\n"), DISSECT_BAD);
	assert_int_equal(mail.f.app, APP_SMTP);
	assert_int_equal(mail.f.anomalies, ANOM_APP_BAD);
	assert_int_equal(mail.f.via, 0);
}

static void bounds(void **state)
{
	struct craft c;

	(void)state;
	mail.dport = 25;
	for (size_t n = 508; n < 516; n++) {
		c.n = 0;
		craft_bytes(&c, "EHLO ", 5);
		craft_fill(&c, 'x', n - 7);
		craft_bytes(&c, "\r\n", 2);
		assert_int_equal(prefix_all(&mail, c.b, c.n),
				 n <= 512 ? DISSECT_MORE : DISSECT_NOT_MINE);
	}
	for (size_t n = 2044; n < 2052; n++) {
		c.n = 0;
		craft_bytes(&c, "EHLO x\r\n", 8);
		craft_fill(&c, 'x', n - 2);
		craft_bytes(&c, "\r\n", 2);
		assert_int_equal(prefix_all(&mail, c.b, c.n),
				 n <= 2048 ? DISSECT_MORE : DISSECT_BAD);
	}
	/* the eighth line ends the waiting */
	c.n = 0;
	for (size_t i = 1; i < 10; i++) {
		craft_bytes(&c, "EHLO x\r\n", 8);
		assert_int_equal(prefix_all(&mail, c.b, c.n), i < 8 ? DISSECT_MORE : DISSECT_DONE);
	}
}

static void noise(void **state)
{
	static const uint16_t ports[] = { 25, 110, 21, 143, 26 };

	(void)state;
	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		mail.dport = ports[i];
		assert_int_equal(prefix_noise(&mail, 1000000, 0, 255), 0);
		assert_int_equal(prefix_noise(&mail, 200000, '\n', 'z'), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands), cmocka_unit_test(one_line), cmocka_unit_test(ports),
		cmocka_unit_test(early),    cmocka_unit_test(starttls),
		cmocka_unit_test(inside),   cmocka_unit_test(line_ends), cmocka_unit_test(bounds),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
