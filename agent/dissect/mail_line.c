/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/mail.h"

#include <string.h>
#include <strings.h>

enum argument {
	NONE,	/* nothing but blanks */
	TEXT,	/* something */
	MAYBE,	/* something or nothing */
	WORD,	/* one word */
	FROM,	/* "FROM:" and a path (RFC 5321 section 4.1.1.2) */
	TO,
	TLS,	/* what RFC 4217 section 5.3 names */
	SASL,	/* a mechanism (RFC 4422 section 3.1) other than those, perhaps with a response */
	DIGEST, /* a name and 32 hexadecimal digits (RFC 1939 section 7) */
	NUMBER,
	TWO,	/* two words or more */
	LITERAL, /* "{n}": the words follow on lines of their own (RFC 9051 section 4.3) */
	LIST,	/* "(" and so on, or NIL (RFC 2971 section 3.1) */
};

enum { VERB_MAX = 12, TAG_MAX = 32, MECHANISM_MIN = 3, MECHANISM_MAX = 20, DIGEST_LEN = 32 };

struct verb {
	char name[VERB_MAX + 1];
	uint8_t argument;
	struct mail_line is;
};

/* A verb that several have, each in its own way, stands here several times. */
static const struct verb verbs[] = {
	{ "EHLO", TEXT, { MAIL_SMTP, 2, MAIL_GO } },
	{ "HELO", TEXT, { MAIL_SMTP, 2, MAIL_GO } },
	{ "LHLO", TEXT, { MAIL_SMTP, 2, MAIL_GO } },
	{ "STARTTLS", NONE, { MAIL_SMTP, 2, MAIL_TLS } },
	{ "MAIL", FROM, { MAIL_SMTP, 2, MAIL_END } },
	{ "RCPT", TO, { MAIL_SMTP, 2, MAIL_END } },
	{ "DATA", NONE, { MAIL_SMTP, 1, MAIL_END } },
	{ "BDAT", TEXT, { MAIL_SMTP, 1, MAIL_END } },
	{ "VRFY", TEXT, { MAIL_SMTP, 1, MAIL_END } },
	{ "EXPN", TEXT, { MAIL_SMTP, 1, MAIL_END } },
	{ "CAPA", NONE, { MAIL_POP3, 2, MAIL_GO } },
	{ "STLS", NONE, { MAIL_POP3, 2, MAIL_TLS } },
	{ "APOP", DIGEST, { MAIL_POP3, 2, MAIL_END } },
	{ "UIDL", MAYBE, { MAIL_POP3, 1, MAIL_END } },
	{ "TOP", TWO, { MAIL_POP3, 1, MAIL_END } },
	{ "RETR", NUMBER, { MAIL_POP3, 1, MAIL_END } },
	{ "AUTH", NONE, { MAIL_POP3, 1, MAIL_GO } },
	{ "AUTH", SASL, { MAIL_SMTP | MAIL_POP3, 1, MAIL_END } },
	{ "AUTH", TLS, { MAIL_FTP, 2, MAIL_TLS } },
	{ "USER", WORD, { MAIL_POP3 | MAIL_FTP, 1, MAIL_GO } },
	{ "PASS", MAYBE, { MAIL_POP3 | MAIL_FTP, 1, MAIL_END } },
	{ "STAT", NONE, { MAIL_POP3 | MAIL_FTP, 1, MAIL_END } },
	{ "LIST", MAYBE, { MAIL_POP3 | MAIL_FTP, 1, MAIL_END } },
	{ "DELE", TEXT, { MAIL_POP3 | MAIL_FTP, 1, MAIL_END } },
	{ "FEAT", NONE, { MAIL_FTP, 2, MAIL_GO } },
	{ "SYST", NONE, { MAIL_FTP, 2, MAIL_GO } },
	{ "OPTS", TWO, { MAIL_FTP, 1, MAIL_GO } },
	{ "HOST", WORD, { MAIL_FTP, 1, MAIL_GO } },
	{ "CLNT", TEXT, { MAIL_FTP, 1, MAIL_GO } },
	{ "PBSZ", NUMBER, { MAIL_FTP, 1, MAIL_GO } },
	{ "PROT", WORD, { MAIL_FTP, 1, MAIL_GO } },
	{ "ACCT", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "TYPE", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "PASV", NONE, { MAIL_FTP, 1, MAIL_END } },
	{ "EPSV", MAYBE, { MAIL_FTP, 1, MAIL_END } },
	{ "PORT", WORD, { MAIL_FTP, 1, MAIL_END } },
	{ "EPRT", WORD, { MAIL_FTP, 1, MAIL_END } },
	{ "PWD", NONE, { MAIL_FTP, 1, MAIL_END } },
	{ "XPWD", NONE, { MAIL_FTP, 1, MAIL_END } },
	{ "CWD", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "CDUP", NONE, { MAIL_FTP, 1, MAIL_END } },
	{ "NLST", MAYBE, { MAIL_FTP, 1, MAIL_END } },
	{ "MLSD", MAYBE, { MAIL_FTP, 1, MAIL_END } },
	{ "RETR", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "STOR", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "SIZE", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "MDTM", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "SITE", TEXT, { MAIL_FTP, 1, MAIL_END } },
	{ "NOOP", MAYBE, { MAIL_SMTP | MAIL_POP3 | MAIL_FTP, 0, MAIL_GO } },
	{ "RSET", NONE, { MAIL_SMTP | MAIL_POP3, 0, MAIL_GO } },
	{ "HELP", MAYBE, { MAIL_SMTP | MAIL_FTP, 0, MAIL_GO } },
	{ "QUIT", NONE, { MAIL_SMTP | MAIL_POP3 | MAIL_FTP, 0, MAIL_END } },
};

/* Behind a tag. */
static const struct verb imap[] = {
	{ "CAPABILITY", NONE, { MAIL_IMAP, 2, MAIL_GO } },
	{ "STARTTLS", NONE, { MAIL_IMAP, 2, MAIL_TLS } },
	{ "LOGIN", TWO, { MAIL_IMAP, 2, MAIL_END } },
	{ "LOGIN", LITERAL, { MAIL_IMAP, 2, MAIL_END } },
	{ "AUTHENTICATE", SASL, { MAIL_IMAP, 2, MAIL_END } },
	{ "ID", LIST, { MAIL_IMAP, 2, MAIL_GO } },
	{ "NOOP", NONE, { MAIL_IMAP, 1, MAIL_GO } },
	{ "LOGOUT", NONE, { MAIL_IMAP, 1, MAIL_END } },
	{ "SELECT", TEXT, { MAIL_IMAP, 1, MAIL_END } },
	{ "EXAMINE", TEXT, { MAIL_IMAP, 1, MAIL_END } },
	{ "NAMESPACE", NONE, { MAIL_IMAP, 1, MAIL_END } },
	{ "ENABLE", TEXT, { MAIL_IMAP, 1, MAIL_END } },
	{ "LIST", TWO, { MAIL_IMAP, 1, MAIL_END } },
	{ "UID", TWO, { MAIL_IMAP, 1, MAIL_END } },
	{ "IDLE", NONE, { MAIL_IMAP, 1, MAIL_END } },
};

struct table {
	const struct verb *v;
	size_t n;
};
#define TABLE(x) ((struct table){ x, sizeof(x) / sizeof(x)[0] })

/* Up to the next blank, and the cursor behind it. */
static struct slice take_word(struct cur *c)
{
	struct slice all = cur_rest(c);
	const uint8_t *end = all.n ? memchr(all.p, ' ', all.n) : NULL;
	struct slice word = cur_take(c, end ? (size_t)(end - all.p) : all.n);

	if (end)
		cur_u8(c);
	return word;
}

static struct slice trim(struct slice s)
{
	while (mail_ends(s, ' '))
		s.n--;
	return s;
}

static bool same(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static bool begins(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && strncasecmp((const char *)s.p, with, n) == 0;
}

static bool all_of(struct slice s, bool (*is)(uint8_t))
{
	struct cur c = cur_of(s);

	while (cur_left(&c))
		if (!is(cur_u8(&c)))
			return false;
	return true;
}

static bool digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool hex_digit(uint8_t b)
{
	return digit(b) || ((b | 0x20) >= 'a' && (b | 0x20) <= 'f');
}

static bool mechanism_byte(uint8_t b)
{
	return digit(b) || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') || b == '-' || b == '_';
}

/* Names and paths may be UTF-8. */
static bool text_byte(uint8_t b)
{
	return b >= ' ' && b != 0x7f;
}

/* ASTRING-CHAR without "+" (RFC 9051 section 9) */
static bool tag_byte(uint8_t b)
{
	return b > ' ' && b < 0x7f && !memchr("(){%*\"\\+", b, 8);
}

static bool tls_name(struct slice word)
{
	return same(word, "TLS") || same(word, "TLS-C") || same(word, "SSL") || same(word, "TLS-P");
}

static bool mechanism(struct slice word)
{
	return word.n >= MECHANISM_MIN && word.n <= MECHANISM_MAX && !tls_name(word) &&
	       all_of(word, mechanism_byte);
}

static bool fits(struct slice all, uint8_t argument)
{
	struct slice s = trim(all), word, rest;
	struct cur c = cur_of(s);

	word = take_word(&c);
	rest = cur_rest(&c);
	if (argument == MAYBE || argument == NONE)
		return argument == MAYBE || !s.n;
	if (!word.n) /* nothing, or a second blank behind the verb */
		return false;
	switch (argument) {
	case WORD:
		return !rest.n;
	case FROM:
		return begins(s, "FROM:");
	case TO:
		return begins(s, "TO:");
	case TLS:
		return !rest.n && tls_name(word);
	case SASL:
		return mechanism(word);
	case DIGEST:
		return rest.n == DIGEST_LEN && all_of(rest, hex_digit);
	case NUMBER:
		return !rest.n && all_of(word, digit);
	case TWO:
		return rest.n > 0;
	case LITERAL:
		return !rest.n && begins(word, "{") && mail_ends(word, '}');
	case LIST:
		return begins(s, "(\"") || begins(s, "()") || same(s, "NIL");
	default: /* TEXT */
		return true;
	}
}

static struct mail_line find(struct table t, struct slice verb, struct slice argument)
{
	struct mail_line is = { 0, 0, MAIL_GO };

	for (size_t i = 0; i < t.n; i++)
		if (same(verb, t.v[i].name) && fits(argument, t.v[i].argument)) {
			/* one that two have in different ways says less than either */
			is.weight = is.protocols ? 1 : t.v[i].is.weight;
			is.protocols |= t.v[i].is.protocols;
			is.then = t.v[i].is.then;
		}
	return is;
}

static bool is_tag(struct slice word)
{
	return word.n && word.n <= TAG_MAX && all_of(word, tag_byte);
}

struct mail_line mail_read(struct slice line)
{
	struct mail_line is = { 0, 0, MAIL_GO };
	struct cur c = cur_of(line);
	struct slice word;

	if (!all_of(line, text_byte))
		return is;
	word = take_word(&c);
	is = find(TABLE(verbs), word, cur_rest(&c));
	if (is.protocols || !is_tag(word))
		return is;
	word = take_word(&c);
	return find(TABLE(imap), word, cur_rest(&c));
}

/* `part` is a verb and what may follow it, or the beginning of one. */
static bool viable(struct table t, struct slice part)
{
	struct cur c = cur_of(part);
	struct slice word = take_word(&c);
	bool whole = word.n < part.n;

	for (size_t i = 0; i < t.n; i++)
		if (whole ? same(word, t.v[i].name) :
			    word.n <= strlen(t.v[i].name) &&
				    strncasecmp((const char *)word.p, t.v[i].name, word.n) == 0)
			return true;
	return false;
}

bool mail_viable(struct slice part)
{
	struct cur c = cur_of(part);
	struct slice word;

	if (!all_of(part, text_byte))
		return false;
	if (viable(TABLE(verbs), part))
		return true;
	word = take_word(&c);
	return is_tag(word) && viable(TABLE(imap), cur_rest(&c));
}
