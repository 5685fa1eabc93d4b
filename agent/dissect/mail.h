/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAIL_H
#define MAIL_H

#include "agent/dissect/dissect.h"

/*
 * Commands of SMTP (RFC 5321, STARTTLS: RFC 3207), POP3 (RFC 1939, 2449, STLS: RFC 2595), IMAP
 * (RFC 9051, 2971) and FTP (RFC 959, 2389, 3659, 7151, AUTH TLS: RFC 4217), as a client says them.
 */
enum mail_bits { MAIL_SMTP = 1, MAIL_POP3 = 2, MAIL_FTP = 4, MAIL_IMAP = 8 };

/* What a line does to the question whether TLS may still begin. */
enum mail_then {
	MAIL_GO,	/* it may */
	MAIL_TLS,	/* it is asked for here */
	MAIL_END,	/* it will not: a login, a letter, a file, the end */
};

struct mail_line {
	uint8_t protocols; /* MAIL_* bits of those that have such a line; 0: nobody */
	uint8_t weight;	   /* 0 says nothing, 1 a command of several, 2 a first command of just one */
	uint8_t then;	   /* enum mail_then */
};

/* One line without its end. */
struct mail_line mail_read(struct slice line);

static inline bool mail_ends(struct slice s, uint8_t with)
{
	struct cur c = cur_of(s);

	cur_take(&c, s.n - 1);
	return s.n && cur_u8(&c) == with;
}

/* Whether bytes that are not a whole line yet can become one that mail_read() knows. */
bool mail_viable(struct slice part);

#endif
