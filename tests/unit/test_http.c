/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/http.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/unit/craft.h"

enum {
	BAD = ANOM_HTTP_BAD,
	LINES = ANOM_HTTP_LINES,
	HOST = ANOM_HTTP_HOST,
	LENGTH = ANOM_HTTP_LENGTH,
};

/* What is expected of one request; NULL: the fact is absent. */
struct want {
	enum dissect_result r;
	unsigned int anomalies;
	const char *method, *path, *host, *agent, *headers;
};

struct one {
	struct slice in;
	struct want want;
};

#define IN(x) { (const uint8_t *)(x), sizeof(x) - 1 }
#define DONE(a, ...) { DISSECT_DONE, a, __VA_ARGS__ }
#define TOLD_BAD(a, ...) { DISSECT_BAD, a, __VA_ARGS__ }
#define NOT_MINE { DISSECT_NOT_MINE, 0, NULL, NULL, NULL, NULL, NULL }
#define MORE { DISSECT_MORE, 0, NULL, NULL, NULL, NULL, NULL }
#define A "Host: a.b\r\n"
#define E "\r\n"
#define PLAIN "GET / HTTP/1.1\r\n"

static const struct one cases[] = {
	/* the grammar kept */
	{ IN(PLAIN A E), DONE(0, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "User-Agent: x/1 (y)\r\nAccept: */*\r\n" E),
	  DONE(0, "GET", "/", "a.b", "x/1 (y)", "Host,User-Agent,Accept") },
	{ IN("POST /p?q=1&r HTTP/1.1\r\nhOSt:A.B\r\nUSER-agent:\tx \t\r\n" E),
	  DONE(0, "POST", "/p?q=1&r", "a.b", "x", "hOSt,USER-agent") },
	{ IN(PLAIN A "User-Agent:\r\n" E), DONE(0, "GET", "/", "a.b", "", "Host,User-Agent") },
	{ IN(PLAIN A "User-Agent: \t \r\n" E), DONE(0, "GET", "/", "a.b", "", "Host,User-Agent") },
	{ IN("GET / HTTP/1.0\r\n" E), DONE(0, "GET", "/", NULL, NULL, "") },
	{ IN("GET / HTTP/1.0\r\n" A E), DONE(0, "GET", "/", "a.b", NULL, "Host") },
	{ IN("HEAD /x HTTP/1.1\r\n" A E), DONE(0, "HEAD", "/x", "a.b", NULL, "Host") },
	{ IN("PUT /x HTTP/1.1\r\n" A "Content-Length: 3\r\n" E "abc"),
	  DONE(0, "PUT", "/x", "a.b", NULL, "Host,Content-Length") },
	{ IN("DELETE /x HTTP/1.1\r\n" A E), DONE(0, "DELETE", "/x", "a.b", NULL, "Host") },
	{ IN("TRACE /x HTTP/1.1\r\n" A E), DONE(0, "TRACE", "/x", "a.b", NULL, "Host") },
	{ IN("PATCH /x HTTP/1.1\r\n" A E), DONE(0, "PATCH", "/x", "a.b", NULL, "Host") },
	{ IN("PROPFIND /x HTTP/1.1\r\n" A E), DONE(0, "PROPFIND", "/x", "a.b", NULL, "Host") },
	{ IN("OPTIONS * HTTP/1.1\r\n" A E), DONE(0, "OPTIONS", "*", "a.b", NULL, "Host") },
	{ IN("M-SEARCH * HTTP/1.1\r\n" A E), DONE(0, "M-SEARCH", "*", "a.b", NULL, "Host") },
	{ IN("RDG_IN_DATA /remoteDesktopGateway/ HTTP/1.1\r\n" A E),
	  DONE(0, "RDG_IN_DATA", "/remoteDesktopGateway/", "a.b", NULL, "Host") },
	{ IN("get / HTTP/1.1\r\n" A E), DONE(0, "get", "/", "a.b", NULL, "Host") },
	{ IN("GeT / HTTP/1.1\r\n" A E), DONE(0, "GeT", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "X: \xc3\xa9\r\n" E), DONE(0, "GET", "/", "a.b", NULL, "Host,X") },
	{ IN(PLAIN A "X!#$%&'*+-.^_`|~9: y\r\n" E),
	  DONE(0, "GET", "/", "a.b", NULL, "Host,X!#$%&'*+-.^_`|~9") },
	{ IN(PLAIN A "Transfer-Encoding: gzip, Chunked\r\n" E),
	  DONE(0, "GET", "/", "a.b", NULL, "Host,Transfer-Encoding") },
	{ IN(PLAIN A E "GET /2 HTTP/1.1\r\nHost: c\r\n" E), /* pipelining: the first counts */
	  DONE(0, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "Upgrade: websocket\r\n" E "\x81\x85\1\2\3\4"),
	  DONE(0, "GET", "/", "a.b", NULL, "Host,Upgrade") },

	/* hosts */
	{ IN(PLAIN "Host: A.B.:8080\r\n" E), DONE(0, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b:\r\n" E), DONE(0, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a_b.c\r\n" E), DONE(0, "GET", "/", "a_b.c", NULL, "Host") },
	{ IN(PLAIN "Host: 192.0.2.1:80\r\n" E), DONE(0, "GET", "/", "192.0.2.1", NULL, "Host") },
	{ IN(PLAIN "Host: [2001:DB8::1]:80\r\n" E),
	  DONE(0, "GET", "/", "2001:db8::1", NULL, "Host") },
	{ IN(PLAIN "Host: [2001:db8::1]\r\n" E), DONE(0, "GET", "/", "2001:db8::1", NULL, "Host") },
	{ IN(PLAIN E), DONE(HOST, "GET", "/", NULL, NULL, "") },
	{ IN(PLAIN "Accept: x\r\n" E), DONE(HOST, "GET", "/", NULL, NULL, "Accept") },
	{ IN(PLAIN "Host:\r\n" E), DONE(HOST, "GET", "/", NULL, NULL, "Host") },
	{ IN(PLAIN "Host: .\r\n" E), DONE(HOST, "GET", "/", NULL, NULL, "Host") },
	{ IN(PLAIN A A E), DONE(HOST, "GET", "/", "a.b", NULL, "Host,Host") },
	{ IN(PLAIN A "Host: c.d\r\n" E), DONE(HOST, "GET", "/", "a.b", NULL, "Host,Host") },
	{ IN(PLAIN "Host: a.b, c.d\r\n" E), DONE(HOST, "GET", "/", "a.b, c.d", NULL, "Host") },
	{ IN(PLAIN "Host: u@a.b\r\n" E), DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a..b\r\n" E), DONE(HOST, "GET", "/", "a..b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b..\r\n" E), DONE(HOST, "GET", "/", "a.b.", NULL, "Host") },
	{ IN(PLAIN "Host: a/b\r\n" E), DONE(HOST, "GET", "/", "a/b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b:x\r\n" E), DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b:65536\r\n" E), DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b:000080\r\n" E), DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b:80:81\r\n" E), DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: [::1\r\n" E), DONE(HOST, "GET", "/", "::1", NULL, "Host") },
	{ IN(PLAIN "Host: [::1]x\r\n" E), DONE(HOST, "GET", "/", "::1", NULL, "Host") },
	{ IN(PLAIN "Host: [fe80::1%eth0]\r\n" E),
	  DONE(HOST, "GET", "/", "fe80::1%eth0", NULL, "Host") },
	{ IN(PLAIN "Host: 2001:db8::1\r\n" E), DONE(HOST, "GET", "/", "2001:db8::1", NULL, "Host") },
	{ IN(PLAIN "Host: b\xc3\xbc.de\r\n" E), DONE(HOST, "GET", "/", NULL, NULL, "Host") },
	{ IN(PLAIN "Host: a\0.b\r\n" E), DONE(HOST | LINES, "GET", "/", NULL, NULL, "Host") },
	{ IN("GET / HTTP/1.0\r\nHost:\r\n" E), DONE(HOST, "GET", "/", NULL, NULL, "Host") },

	/* targets */
	{ IN("GET http://a.b/c?d HTTP/1.1\r\n" A E),
	  DONE(0, "GET", "/c?d", "a.b", NULL, "Host") },
	{ IN("GET HTTP://A.b.:80 HTTP/1.1\r\n" A E), DONE(0, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET http://a.b?d HTTP/1.1\r\n" A E), DONE(0, "GET", "?d", "a.b", NULL, "Host") },
	{ IN("GET https://a.b/ HTTP/1.1\r\nHost: A.B:443\r\n" E),
	  DONE(0, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET ftp://a.b/c HTTP/1.0\r\n" E), DONE(0, "GET", "/c", "a.b", NULL, "") },
	{ IN("GET http://a.b/ HTTP/1.1\r\nHost: c.d\r\n" E),
	  DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET http://a.b/ HTTP/1.1\r\nHost:\r\n" E),
	  DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET http://a.b/ HTTP/1.1\r\n" E), DONE(HOST, "GET", "/", "a.b", NULL, "") },
	{ IN("GET http://u:p@a.b/ HTTP/1.1\r\n" A E), DONE(HOST, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET http:///x HTTP/1.1\r\n" A E), DONE(0, "GET", "/x", "a.b", NULL, "Host") },
	{ IN("GET a.b HTTP/1.1\r\n" A E), DONE(BAD, "GET", "a.b", "a.b", NULL, "Host") },
	{ IN("GET * HTTP/1.1\r\n" A E), DONE(BAD, "GET", "*", "a.b", NULL, "Host") },
	{ IN("GET ** HTTP/1.1\r\n" A E), DONE(BAD, "GET", "**", "a.b", NULL, "Host") },
	{ IN("GET /a#b HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/a#b", "a.b", NULL, "Host") },
	{ IN("GET /\xc3\xa9 HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/\xc3\xa9", "a.b", NULL, "Host") },
	{ IN("GET /\1 HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/\1", "a.b", NULL, "Host") },
	{ IN("GET /a b HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/a", "a.b", NULL, "Host") },

	/* CONNECT; nothing inside is recognised as long as nothing is there */
	{ IN("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n" E), MORE },
	{ IN("CONNECT a.b:443 HTTP/1.0\r\n" E "\1\2\3\4\5\6\7\x08" "01234567890123456789012"),
	  DONE(0, "CONNECT", NULL, "a.b", NULL, "") },
	{ IN("CONNECT [2001:db8::1]:443 HTTP/1.0\r\nUser-Agent:\r\n" E
	     "GET /x HTTP/1.1\r\nHost: c\r\nUser-Agent: y\r\n" E),
	  DONE(0, "CONNECT", NULL, "2001:db8::1", "", "User-Agent") },
	{ IN("CONNECT a.b:80 HTTP/1.1\r\n" A E "GET /x HTTP/1.1\r\n" A "User-Agent: y\r\n" E),
	  DONE(0, "CONNECT", NULL, "a.b", NULL, "Host") },
	{ IN("CONNECT a.b:80 HTTP/1.1\r\n" A E "GET / HTTP/1.1\r\nHost: c.d\r\n" E),
	  DONE(HOST, "CONNECT", NULL, "a.b", NULL, "Host") },
	{ IN("CONNECT a.b:80 HTTP/1.0\r\n" E "CONNECT c.d:443 HTTP/1.0\r\n" E
	     "GET / HTTP/1.0\r\n" E),
	  DONE(HOST, "CONNECT", NULL, "a.b", NULL, "") },
	{ IN("CONNECT a.b HTTP/1.0\r\n" E "GET / HTTP/1.0\r\n" E),
	  DONE(HOST, "CONNECT", NULL, "a.b", NULL, "") },
	{ IN("CONNECT u@a.b:1 HTTP/1.0\r\n" E "GET / HTTP/1.0\r\n" E),
	  DONE(HOST, "CONNECT", NULL, "a.b", NULL, "") },
	{ IN("CONNECT a.b:1 HTTP/1.1\r\nHost: proxy\r\n" E "GET / HTTP/1.0\r\n" E),
	  DONE(HOST, "CONNECT", NULL, "a.b", NULL, "Host") },
	{ IN("CONNECT http://a.b:1/ HTTP/1.0\r\n" E "GET / HTTP/1.0\r\n" E),
	  DONE(BAD, "CONNECT", "/", "a.b", NULL, "") },
	{ IN("CONNECT a.b:443\r\n" E), TOLD_BAD(BAD, "CONNECT", NULL, "a.b", NULL, "") },
	{ IN("CONNECT a.b:443\r\n" A E "GET / HTTP/1.1\r\nHost: c.d\r\n" E),
	  DONE(BAD | HOST, "CONNECT", NULL, "a.b", NULL, "Host") },
	{ IN("CONNECT /x HTTP/1.0\r\n" E "GET / HTTP/1.0\r\n" E),
	  DONE(BAD, "CONNECT", "/x", NULL, NULL, "") },
	{ IN("CONNECT a.b\r\n" E), NOT_MINE },
	{ IN("CONNECT a\1:1 HTTP/1.1\r\n" E), NOT_MINE },

	/* body lengths */
	{ IN(PLAIN A "Content-Length: 1\r\nContent-Length: 1\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Content-Length,Content-Length") },
	{ IN(PLAIN A "Content-Length: 1\r\nContent-Length: 2\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Content-Length,Content-Length") },
	{ IN(PLAIN A "Content-Length: 1, 1\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Content-Length") },
	{ IN(PLAIN A "Content-Length: -1\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Content-Length") },
	{ IN(PLAIN A "Content-Length:\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Content-Length") },
	{ IN(PLAIN A "Content-Length: 18446744073709551617\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Content-Length") },
	{ IN(PLAIN A "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Content-Length,Transfer-Encoding") },
	{ IN(PLAIN A "Transfer-Encoding: xchunked\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Transfer-Encoding") },
	{ IN(PLAIN A "Transfer-Encoding: chunked, gzip\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Transfer-Encoding") },
	{ IN(PLAIN A "Transfer-Encoding: chunked, chunked\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Transfer-Encoding") },
	{ IN(PLAIN A "Transfer-Encoding:\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Transfer-Encoding") },
	{ IN(PLAIN A "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Transfer-Encoding,Transfer-Encoding") },
	{ IN(PLAIN A "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" E),
	  DONE(LENGTH, "GET", "/", "a.b", NULL, "Host,Transfer-Encoding,Transfer-Encoding") },
	{ IN("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" E),
	  DONE(LENGTH, "GET", "/", NULL, NULL, "Transfer-Encoding") },
	{ IN(PLAIN A "Content-Length : 1\r\n" E),
	  DONE(BAD, "GET", "/", "a.b", NULL, "Host,Content-Length") },

	/* lines */
	{ IN("GET / HTTP/1.1\nHost: a.b\n\n"), DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b\n" E), DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "\n"), DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b\r\r\n" E), DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b\rX: y\r\n" E),
	  DONE(LINES | HOST, "GET", "/", NULL, NULL, "Host") },
	{ IN(PLAIN A "X: a\0b\r\n" E), DONE(LINES, "GET", "/", "a.b", NULL, "Host,X") },
	{ IN(PLAIN A "X: a\r\n b\r\n\tc\r\n" E), DONE(LINES, "GET", "/", "a.b", NULL, "Host,X") },
	{ IN(PLAIN "Host:\r\n a.b\r\n" E), DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN "Host: a.b\r\n c\r\n" E), DONE(LINES | HOST, "GET", "/", NULL, NULL, "Host") },
	{ IN(PLAIN A "User-Agent: x\r\n \r\n" E),
	  DONE(LINES, "GET", "/", "a.b", "x", "Host,User-Agent") },
	{ IN(PLAIN " Host: c.d\r\n" A E), DONE(LINES | BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("\r\n" PLAIN A E), DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN("\n" PLAIN A E), DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" PLAIN A E),
	  DONE(LINES, "GET", "/", "a.b", NULL, "Host") },
	{ IN("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\n" PLAIN A E),
	  DONE(LINES, "GET", "/", "a.b", NULL, "Host") },

	/* other faults in fields */
	{ IN(PLAIN "Host : a.b\r\n" E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "nocolon\r\n" E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A ": x\r\n" E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "a,b: x\r\n" E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "a b: x\r\n" E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN(PLAIN A "X: \1\r\n" E), DONE(BAD, "GET", "/", "a.b", NULL, "Host,X") },
	{ IN(PLAIN A "X: \x7f\r\n" E), DONE(BAD, "GET", "/", "a.b", NULL, "Host,X") },
	{ IN(PLAIN A "User-Agent: x\r\nUser-Agent: y\r\n" E),
	  DONE(0, "GET", "/", "a.b", "x", "Host,User-Agent,User-Agent") },

	/* request lines */
	{ IN("GET  / HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET /  HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET                 / HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET x://a.b/\xff HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/\xff", "a.b", NULL, "Host") },
	{ IN("LINK /\xff HTTP/1.1\r\n" A E), DONE(BAD, "LINK", "/\xff", "a.b", NULL, "Host") },
	{ IN("GET\t/ HTTP/1.1\r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET /\tHTTP/1.1\r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET / HTTP/1.1 \r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET / http/1.1\r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET / HTTP/1.2\r\n" A E), DONE(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET / HTTP/2.0\r\n" A E), TOLD_BAD(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET / HTTP/1.10\r\n" A E), TOLD_BAD(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET / HTTX/1.1\r\n" A E), TOLD_BAD(BAD, "GET", "/", "a.b", NULL, "Host") },
	{ IN("GET / x\r\n" E), TOLD_BAD(BAD, "GET", "/", NULL, NULL, "") },
	{ IN("GET /x\r\n" E), TOLD_BAD(BAD, "GET", "/x", NULL, NULL, "") }, /* HTTP/0.9 */
	{ IN("GET /x\r\n" A E), DONE(BAD, "GET", "/x", "a.b", NULL, "Host") },

	/* others' */
	{ IN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), NOT_MINE },
	{ IN("OPTIONS rtsp://a.b/ RTSP/1.0\r\nCSeq: 1\r\n" E), NOT_MINE },
	{ IN("OPTIONS /x RTSP/1.0\r\nCSeq: 1\r\n" E), NOT_MINE },
	{ IN("OPTIONS sip:u@a.b SIP/2.0\r\n" E), NOT_MINE },
	{ IN("NOTIFY /x SIP/2.0\r\n" E), NOT_MINE },
	{ IN("OPTIONS /x ICAP/1.0\r\n" E), NOT_MINE },
	{ IN("OPTIONS * ICAP/1.0\r\n" E), NOT_MINE },
	{ IN("HTTP/1.1 200 OK\r\n" E), NOT_MINE },
	{ IN("EHLO a.b\r\n"), NOT_MINE },
	{ IN("USER http.a\r\n"), NOT_MINE },
	{ IN("get key\r\n"), NOT_MINE },
	{ IN("GET key\r\n"), NOT_MINE },
	{ IN("FOO / BAR/1.1\r\n" E), NOT_MINE },
	{ IN("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1\r\n" E), NOT_MINE },
	{ IN(" GET / HTTP/1.1\r\n" E), NOT_MINE },
	{ IN("GET foo\1 HTTP/1.1\r\n" E), NOT_MINE },
	{ IN("SSH-2.0-x\r\n"), NOT_MINE },
	{ IN("{\"id\": 1}\n"), NOT_MINE },
};
enum { CASES = sizeof cases / sizeof cases[0] };

static struct dissect_text text;

/* Through an exact-size copy, as the outermost protocol. */
static enum dissect_result ask(struct facts *f, struct slice in)
{
	struct slice s = craft_copy(in.p, in.n);
	enum dissect_result r;

	memset(f, 0, sizeof *f);
	dissect_text_init(&text);
	r = http_dissect(f, &text, s);
	free((void *)(uintptr_t)s.p);
	assert_int_equal(f->known & f->absent, 0);
	return r;
}

static void check_text(const struct one *c, const struct facts *f, enum fact id, const char *got,
		       size_t n, const char *want)
{
	enum fact_state s = facts_state(f, id);

	if (s == (want ? FACT_KNOWN : FACT_ABSENT) &&
	    (!want || (n == strlen(want) && memcmp(got, want, n) == 0)))
		return;
	fail_msg("%.*s: fact %d is %d \"%.*s\", not \"%s\"", (int)c->in.n, (const char *)c->in.p,
		 (int)id, (int)s, (int)n, got, want ? want : "(absent)");
}

static void check_one(const struct one *c)
{
	const struct want *w = &c->want;
	struct facts f;
	enum dissect_result r = ask(&f, c->in);

	if (r != w->r)
		fail_msg("%.*s: answer %d", (int)c->in.n, (const char *)c->in.p, (int)r);
	if (r == DISSECT_MORE || r == DISSECT_NOT_MINE)
		return;
	if (f.anomalies != w->anomalies)
		fail_msg("%.*s: anomalies %x", (int)c->in.n, (const char *)c->in.p, f.anomalies);
	assert_int_equal(facts_state(&f, FACT_APP), FACT_KNOWN);
	assert_int_equal(f.app, APP_HTTP);
	check_text(c, &f, FACT_METHOD, f.method, f.method_len, w->method);
	check_text(c, &f, FACT_PATH, f.path, f.path_len, w->path);
	check_text(c, &f, FACT_HOST, f.host, f.host_len, w->host);
	check_text(c, &f, FACT_USER_AGENT, f.user_agent, f.user_agent_len, w->agent);
	check_text(c, &f, FACT_HEADERS, f.headers, f.headers_len, w->headers);
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++)
		check_one(&cases[i]);
	assert_true(CASES > 100);
}

/* Whatever is told early is told the same in the end. */
static void check_early(const struct facts *early, const struct facts *all)
{
	assert_int_equal(early->known & ~all->known, 0);
	assert_int_equal(early->absent & ~all->absent, 0);
	assert_int_equal(early->anomalies & ~all->anomalies, 0);
	if (facts_state(early, FACT_HOST) == FACT_KNOWN) {
		assert_int_equal(early->host_len, all->host_len);
		assert_memory_equal(early->host, all->host, sizeof all->host);
	}
}

static void prefixes(void **state)
{
	struct facts all, f;

	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		enum dissect_result whole = ask(&all, cases[i].in), r;
		bool connect = all.method_len == 7 && memcmp(all.method, "CONNECT", 7) == 0;

		for (size_t n = 0; n < cases[i].in.n; n++) {
			r = ask(&f, (struct slice){ cases[i].in.p, n });
			if (r == DISSECT_MORE) {
				check_early(&f, &all);
				assert_true(connect || !(f.known | f.absent | f.anomalies));
				continue;
			}
			if (r != whole)
				fail_msg("case %zu: %d of %zu bytes: %d", i, (int)n,
					 cases[i].in.n, (int)r);
			if (r != DISSECT_NOT_MINE)
				assert_memory_equal(&f, &all, sizeof f);
		}
	}
}

/* NOT_MINE as soon as the bytes say so. */
static void early_no(void **state)
{
	static const struct {
		const char *in;
		size_t at;
	} v[] = {
		{ "\x16", 1 }, { "SSH-2.0-x", 6 }, { "EHLO a.b", 6 }, { "hello", 3 },
		{ "{", 1 }, { "PRI * HTTP/2.0", 4 }, { "GET f\1", 6 }, { "FOO http.", 9 },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXY", 25 }, { "\0", 1 },
	};
	struct facts f;

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct slice s = { (const uint8_t *)v[i].in, v[i].at };

		assert_int_equal(ask(&f, s), DISSECT_NOT_MINE);
		assert_int_equal(f.via, 0);
		s.n--;
		assert_int_equal(ask(&f, s), DISSECT_MORE);
	}
}

/* A head that never ends was HTTP all the same. */
static void no_end(void **state)
{
	static const struct one v[] = {
		{ IN("GET / HTTP/1.1\r\n"), MORE },
		{ IN("FOO / HTTP/1.1\r\nHost: a"), MORE },
		{ IN("GET /x\r\n"), MORE },
	};
	struct facts f;

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		assert_int_equal(ask(&f, v[i].in), DISSECT_MORE);
		assert_int_equal(f.via, APP_HTTP);
		dissect_settle(&f, true);
		assert_int_equal(f.app, APP_HTTP);
	}
	assert_int_equal(ask(&f, (struct slice)IN("GET / RTS")), DISSECT_MORE);
	assert_int_equal(f.via, 0);
	f.via = APP_HTTP; /* of the call before */
	assert_int_equal(http_dissect(&f, NULL, (struct slice)IN(PLAIN A E)), DISSECT_DONE);
	assert_int_equal(f.via, 0);
}

static size_t put(char *to, size_t at, const char *s)
{
	size_t n = strlen(s);

	memcpy(to + at, s, n);
	return at + n;
}

/* 100 kB of one header field, of many fields, of the target, of nothing but blanks. */
static void large(void **state)
{
	enum { SIZE = 100000 };
	static const char *const begin[] = { PLAIN A "X: ", "GET /", "CONNECT ", "FOO /" };
	static const enum dissect_result want[] = { DISSECT_BAD, DISSECT_BAD, DISSECT_NOT_MINE,
						    DISSECT_NOT_MINE };
	char *b = malloc(SIZE);
	struct facts f, g;

	(void)state;
	assert_non_null(b);
	for (size_t i = 0; i < 4; i++) {
		memset(b, 'x', SIZE);
		put(b, 0, begin[i]);
		struct slice s = { (const uint8_t *)b, SIZE };
		assert_int_equal(ask(&f, s), want[i]);
		s.n = HTTP_HEAD_MAX;
		assert_int_equal(ask(&g, s), want[i]);
		if (want[i] == DISSECT_BAD) {
			assert_memory_equal(&f, &g, sizeof f);
			assert_int_equal(f.anomalies, i ? ANOM_BUDGET | BAD : ANOM_BUDGET);
			assert_int_equal(f.method_len, 3);
		}
		s.n--;
		assert_int_equal(ask(&g, s), DISSECT_MORE);
	}
	put(b, 0, PLAIN A "X: ");
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, SIZE }), DISSECT_BAD);
	assert_int_equal(f.host_len, 3);
	assert_int_equal(f.anomalies, ANOM_BUDGET);
	put(b, HTTP_HEAD_MAX - 3, "\r\n\r\n");
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, SIZE }), DISSECT_BAD);
	put(b, HTTP_HEAD_MAX - 4, "\r\n\r\n");
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, SIZE }), DISSECT_DONE);
	assert_int_equal(f.anomalies, 0);
	for (size_t at = put(b, 0, PLAIN); at + 6 < SIZE;)
		at = put(b, at, "Aa: b\n");
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, SIZE }), DISSECT_BAD);
	assert_true(f.cut & FACTS_CUT_HEADERS);
	assert_int_equal(f.anomalies, LINES | ANOM_BUDGET); /* Host may have followed */
	assert_int_equal(f.headers_len, 254); /* 85 names of two letters, 84 commas */
	free(b);
}

static void cut_texts(void **state)
{
	char b[4096], name[300];
	struct facts f;
	size_t n;

	(void)state;
	memset(name, 'n', sizeof name);
	name[299] = 0;
	n = (size_t)snprintf(b, sizeof b, "GET /%s HTTP/1.1\r\nHost: %.200s\r\nUser-Agent: %s\r\n\r\n",
			     name, name, name);
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, n }), DISSECT_DONE);
	assert_int_equal(f.path_len, 255);
	assert_int_equal(f.user_agent_len, 255);
	assert_int_equal(f.cut, FACTS_CUT_PATH | FACTS_CUT_USER_AGENT);
	assert_int_equal(f.anomalies, HOST); /* a label of 200 */
	assert_int_equal(f.host_len, 200);
	assert_int_equal(text.part[TEXT_URL].n, 300);
	assert_int_equal(text.part[TEXT_USER_AGENT].n, 299);
	n = (size_t)snprintf(b, sizeof b, "GET / HTTP/1.1\r\nHost: %.256s\r\n\r\n", name);
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, n }), DISSECT_DONE);
	assert_int_equal(facts_state(&f, FACT_HOST), FACT_ABSENT);
	assert_int_equal(f.anomalies, HOST);
	memset(name, 'n', 254); /* labels as they should be, and one byte too many of them */
	name[60] = name[120] = name[180] = name[240] = '.';
	for (int len = 253; len <= 254; len++) {
		n = (size_t)snprintf(b, sizeof b, "GET / HTTP/1.1\r\nHost: %.*s\r\n\r\n", len, name);
		assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, n }), DISSECT_DONE);
		assert_int_equal(f.host_len, len);
		assert_int_equal(f.anomalies, len == 253 ? 0 : HOST);
	}
	memset(name, 'n', 254);
	/* a name that just fits, whole names only */
	n = (size_t)snprintf(b, sizeof b, "GET / HTTP/1.0\r\n%.250s: x\r\nabcde: x\r\nA: x\r\n\r\n",
			     name);
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, n }), DISSECT_DONE);
	assert_int_equal(f.headers_len, 250);
	assert_int_equal(f.cut, FACTS_CUT_HEADERS);
	n = (size_t)snprintf(b, sizeof b, "GET / HTTP/1.0\r\n%.250s: x\r\nabcd: x\r\n\r\n", name);
	assert_int_equal(ask(&f, (struct slice){ (const uint8_t *)b, n }), DISSECT_DONE);
	assert_int_equal(f.headers_len, 255);
	assert_int_equal(f.cut, 0);
}

static void nul_in_target(void **state)
{
	struct facts f;

	(void)state;
	assert_int_equal(ask(&f, (struct slice)IN("GET /a\0b HTTP/1.1\r\n" A E)), DISSECT_DONE);
	assert_int_equal(f.anomalies, LINES | BAD);
	assert_int_equal(f.path_len, 4);
	assert_memory_equal(f.path, "/a\0b", 4);
	assert_int_equal(f.host_len, 3);
}

static bool part_is(enum text_part part, const char *want)
{
	return text.part[part].n == strlen(want) &&
	       memcmp(text.parts + text.part[part].at, want, strlen(want)) == 0;
}

static void texts(void **state)
{
	struct facts f;

	(void)state;
	ask(&f, (struct slice)IN("GET http://U@A.b:1/X HTTP/1.1\r\nHost: A.B.:1\r\n"
				 "User-Agent:  Q \r\n\r\n"));
	assert_true(part_is(TEXT_URL, "http://U@A.b:1/X"));
	assert_true(part_is(TEXT_HOST, "A.B.:1"));
	assert_true(part_is(TEXT_USER_AGENT, "Q"));
	ask(&f, (struct slice)IN("CONNECT A.b:443 HTTP/1.0\r\n\r\nGET /y HTTP/1.0\r\n"
				 "User-Agent: in\r\nHost: A.b\r\n\r\n"));
	assert_true(part_is(TEXT_URL, "A.b:443"));
	assert_true(part_is(TEXT_HOST, "A.b:443"));
	assert_true(part_is(TEXT_USER_AGENT, ""));
}

/* A ClientHello inside: the tunnel's facts and the hello's. */
static void hello_inside(void **state)
{
	static const uint16_t ciphers[] = { 0x1301 };
	static const char head[] = "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n";
	struct craft_hello h;
	struct craft rec, all = { .n = 0 };
	struct facts whole, f;

	(void)state;
	craft_hello_begin(&h, 0x0303, ciphers, 1);
	craft_ext_name(&h, "inner.example", 13);
	struct slice s = craft_records(&rec, craft_hello_end(&h), 16384);
	craft_bytes(&all, head, sizeof head - 1);
	craft_bytes(&all, s.p, s.n);
	assert_int_equal(ask(&whole, (struct slice){ all.b, all.n }), DISSECT_DONE);
	assert_int_equal(whole.app, APP_TLS);
	assert_int_equal(whole.via, APP_HTTP);
	assert_memory_equal(whole.sni, "inner.example", 13);
	assert_memory_equal(whole.host, "a.b", 3);
	assert_int_equal(facts_state(&whole, FACT_USER_AGENT), FACT_ABSENT);
	for (size_t n = 0; n < all.n; n++) {
		assert_int_equal(ask(&f, (struct slice){ all.b, n }), DISSECT_MORE);
		check_early(&f, &whole);
		if (n < sizeof head - 1)
			continue;
		assert_int_equal(f.via, APP_HTTP);
		assert_int_equal(facts_state(&f, FACT_METHOD), FACT_KNOWN);
		assert_int_equal(facts_state(&f, FACT_HOST), FACT_KNOWN);
		assert_int_equal(facts_state(&f, FACT_USER_AGENT), FACT_ABSENT);
		assert_int_equal(facts_state(&f, FACT_APP), FACT_PENDING);
	}
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next_random(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void random_bytes(void **state)
{
	uint64_t x = 1;
	struct facts f = { 0 };
	uint8_t b[200];

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		size_t n = 1 + next_random(&x) % sizeof b;

		for (size_t k = 0; k < n; k += 8) {
			uint64_t v = next_random(&x);

			memcpy(b + k, &v, n - k < 8 ? n - k : 8);
		}
		enum dissect_result r = http_dissect(&f, NULL, (struct slice){ b, n });
		assert_true(r == DISSECT_NOT_MINE || (r == DISSECT_MORE && n < 8));
	}
	assert_int_equal(f.known | f.absent | f.anomalies, 0);
}

/* One byte of a good request changed: an answer, facts within bounds, never out of memory. */
static void flips(void **state)
{
	static const char good[] = "POST http://a.b/c HTTP/1.1\r\nHost: a.b\r\nUser-Agent: x\r\n"
				   "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc";
	char b[sizeof good];
	struct facts f;
	unsigned int clean = 0;

	(void)state;
	for (size_t at = 0; at + 3 < sizeof good - 1; at++)
		for (unsigned int v = 0; v < 256; v++) {
			memcpy(b, good, sizeof b);
			b[at] = (char)v;
			enum dissect_result r =
				ask(&f, (struct slice){ (const uint8_t *)b, sizeof b - 1 });
			clean += r == DISSECT_DONE && !f.anomalies;
			if (r == DISSECT_DONE || r == DISSECT_BAD)
				assert_int_equal(f.app, APP_HTTP);
		}
	assert_true(clean > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),    cmocka_unit_test(prefixes),
		cmocka_unit_test(early_no), cmocka_unit_test(no_end),
		cmocka_unit_test(large),    cmocka_unit_test(cut_texts),
		cmocka_unit_test(texts),    cmocka_unit_test(hello_inside),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(flips),    cmocka_unit_test(nul_in_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
