/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/http.h"

#include <string.h>
#include <strings.h>

/*
 * How sure the first bytes are. STRONG: method of the list, and a target that begins as one:
 * whatever follows, this is meant to be HTTP. WEAK: the whole line has to say so.
 */
enum claim { CLAIM_NONE, CLAIM_OPEN, CLAIM_WEAK, CLAIM_STRONG };

/* RFC 9110 section 9, RFC 5789, WebDAV (RFC 4918, 3253, 5323, 4791), UPnP 1.1 */
static const char *const methods[] = {
	"GET",	 "HEAD",     "POST",	  "PUT",   "DELETE",   "CONNECT", "OPTIONS",
	"TRACE", "PATCH",    "PROPFIND",  "MKCOL", "PROPPATCH", "COPY",	  "MOVE",
	"LOCK",	 "UNLOCK",   "REPORT",	  "SEARCH", "MKCALENDAR", "NOTIFY",  "M-SEARCH",
	"SUBSCRIBE", "UNSUBSCRIBE",
};
enum { METHODS = sizeof methods / sizeof methods[0], METHOD_SURE = 3 };

static bool letter(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');
}

static bool digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

/* RFC 9110 section 5.6.2 */
static bool tchar(uint8_t b)
{
	return letter(b) || digit(b) || (b && strchr("!#$%&'*+-.^_`|~", b));
}

static const char *chars(struct slice s)
{
	return (const char *)s.p;
}

bool http_exact(struct slice s, const char *word)
{
	return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

bool http_is(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(chars(s), word, s.n) == 0;
}

/* How much of `word` begins the bytes in any case: all of it, or all of the bytes. */
static bool begins(struct slice s, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(chars(s), word, s.n < n ? s.n : n) == 0;
}

static bool trimmed(uint8_t b)
{
	return blank(b) || b == '\r' || b == '\n';
}

struct slice http_trim(struct slice s)
{
	struct cur c = cur_of(s), from = c;
	size_t keep = 0, n = 0;

	while (cur_left(&c)) {
		if (!trimmed(cur_u8(&c)))
			keep = s.n - cur_left(&c);
		else if (!keep)
			n++;
	}
	cur_take(&from, n);
	return cur_take(&from, keep > n ? keep - n : 0);
}

/* The bytes before the first that `is` not. */
static struct slice take_while(struct cur *c, bool (*is)(uint8_t))
{
	struct cur ahead = *c;
	size_t n = 0;

	while (cur_left(&ahead) && is(cur_u8(&ahead)))
		n++;
	return cur_take(c, n);
}

static bool first_is(struct slice s, bool (*is)(uint8_t))
{
	struct cur c = cur_of(s);

	return s.n && is(cur_u8(&c));
}

/*
 * Up to LF, which is taken but not told, nor a CR before it. Bare LF and what else no line has:
 * see RFC 9112 section 2.2.
 */
static bool take_line(struct cur *c, struct slice *line, uint32_t *anomalies)
{
	struct slice rest = cur_rest(c);
	const uint8_t *lf = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
	struct cur k;

	if (!lf)
		return false;
	*line = cur_take(c, (size_t)(lf - rest.p));
	cur_take(c, 1);
	k = cur_of(*line);
	if (line->n)
		cur_take(&k, line->n - 1);
	if (line->n && cur_u8(&k) == '\r')
		line->n--;
	else
		*anomalies |= ANOM_HTTP_LINES;
	k = cur_of(*line);
	while (cur_left(&k)) {
		uint8_t b = cur_u8(&k);

		if (b == 0 || b == '\r')
			*anomalies |= ANOM_HTTP_LINES;
		else if ((b < 0x20 && b != '\t') || b == 0x7f)
			*anomalies |= ANOM_HTTP_BAD;
	}
	return true;
}

static bool upper(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || digit(b) || b == '-' || b == '_';
}

/* What a method not of the list looks like, whole or its beginning. */
static bool like_method(struct slice token)
{
	struct cur c = cur_of(token), from = c;

	return letter(cur_u8(&from)) && take_while(&c, upper).n == token.n;
}

/* A token that may still become a method. */
static bool opens(struct slice token)
{
	for (size_t i = 0; i < METHODS; i++)
		if (token.n <= strlen(methods[i]) && begins(token, methods[i]))
			return true;
	return like_method(token);
}

static bool listed(struct slice token, bool (*same)(struct slice s, const char *word))
{
	for (size_t i = 0; i < METHODS; i++)
		if (same(token, methods[i]))
			return true;
	return false;
}

static bool starts(struct slice s, const char *word)
{
	return s.n >= strlen(word) && begins(s, word);
}

static enum claim claim_of(struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct slice method = take_while(&c, tchar), gap, rest;

	if (method.n > FACTS_METHOD_MAX || !method.n)
		return CLAIM_NONE;
	if (!cur_left(&c))
		return opens(method) ? CLAIM_OPEN : CLAIM_NONE;
	if (http_exact(method, "PRI")) /* RFC 9113 section 3.4: no request */
		return CLAIM_NONE;
	gap = take_while(&c, blank);
	rest = cur_rest(&c);
	if (!gap.n) /* nginx and Node.js take any number of them, as of empty lines before */
		return CLAIM_NONE;
	if (listed(method, http_exact)) {
		if (!rest.n)
			return CLAIM_OPEN;
		if (starts(rest, "/") || starts(rest, "http://") || starts(rest, "https://"))
			return CLAIM_STRONG;
		return CLAIM_WEAK;
	}
	if (!like_method(method) && !listed(method, http_is))
		return CLAIM_NONE;
	if (!rest.n)
		return CLAIM_OPEN;
	if (begins(rest, "/") || begins(rest, "*") || begins(rest, "http://") ||
	    begins(rest, "https://"))
		return CLAIM_WEAK;
	return CLAIM_NONE;
}

static bool printable(uint8_t b)
{
	return (b >= 0x20 && b < 0x7f) || b == '\t';
}

static bool no_control(uint8_t b)
{
	return (b >= 0x20 && b != 0x7f) || b == '\t';
}

/*
 * Only text; in a line that goes on the last byte may be the CR of its end. Behind a word that may
 * well be a method other bytes too: nginx takes them in a target.
 */
static bool text_only(struct slice s, bool goes_on)
{
	struct cur c = cur_of(s);

	take_while(&c, take_while(&c, tchar).n >= METHOD_SURE ? no_control : printable);
	return !cur_left(&c) || (goes_on && cur_left(&c) == 1 && cur_u8(&c) == '\r');
}

static bool target_byte(uint8_t b)
{
	return b > 0x20 && b < 0x7f && b != '#';
}

/* RFC 9112 section 2.3. False: another protocol's. */
static bool read_version(struct http_head *h, struct slice s)
{
	struct cur c = cur_of(s);
	struct slice name = cur_take(&c, 5);
	uint8_t major = cur_u8(&c), dot = cur_u8(&c), minor = cur_u8(&c);

	if (starts(s, "RTSP/") || starts(s, "SIP/") || starts(s, "ICAP/"))
		return false;
	h->version = !c.bad && !cur_left(&c) && http_is(name, "HTTP/") && major == '1' &&
		     dot == '.' && digit(minor);
	h->minor = h->version ? (uint8_t)(minor - '0') : 0;
	if (!h->version || h->minor > 1 || !http_exact(name, "HTTP/"))
		h->anomalies |= ANOM_HTTP_BAD;
	return true;
}

static bool no_blank(uint8_t b)
{
	return !blank(b);
}

/* Before the first blank stands the target, behind the last the version. */
static void split_target(struct slice *target, struct slice *version, struct slice rest)
{
	const uint8_t *sp = rest.n ? memrchr(rest.p, ' ', rest.n) : NULL;
	const uint8_t *tab = rest.n ? memrchr(rest.p, '\t', rest.n) : NULL;
	struct cur c = cur_of(rest), k = c;

	if (!sp || (tab && tab > sp))
		sp = tab;
	*target = take_while(&c, no_blank);
	cur_take(&k, sp ? (size_t)(sp - rest.p) + 1 : rest.n);
	*version = cur_rest(&k);
}

/* One space between the parts and nothing behind (RFC 9112 section 3), and a legal target. */
static bool exact_line(const struct http_head *h, struct cur c, struct slice version)
{
	struct slice gap, gap2;
	struct cur target;

	cur_take(&c, h->method.n);
	gap = cur_take(&c, 1);
	target = cur_sub(&c, h->target.n);
	gap2 = cur_take(&c, 1);
	take_while(&target, target_byte);
	return http_exact(gap, " ") && http_exact(gap2, " ") && version.n &&
	       cur_left(&c) == version.n && !cur_left(&target);
}

/* RFC 9112 section 3. False: not HTTP after all. */
static bool request_line(struct http_head *h, struct slice line, enum claim claim)
{
	struct cur c = cur_of(line);
	struct http_authority a;
	struct slice version;

	h->method = take_while(&c, tchar);
	take_while(&c, blank);
	split_target(&h->target, &version, http_trim(cur_rest(&c)));
	h->no_version = !version.n;
	if (!exact_line(h, cur_of(line), version))
		h->anomalies |= ANOM_HTTP_BAD;
	if (version.n && !read_version(h, version))
		return false;
	if (claim == CLAIM_STRONG)
		return true;
	if (!text_only(line, false))
		return false;
	if (version.n)
		return starts(version, "HTTP/");
	http_authority(&a, h->target);
	return http_exact(h->method, "CONNECT") && a.legal && a.port.n;
}

/* Keeps a name for FACT_HEADERS. */
static void keep_name(struct http_head *h, struct slice name)
{
	size_t comma = h->names_len ? 1 : 0;

	if (h->names_cut || name.n + comma > sizeof h->names - h->names_len) {
		h->names_cut = true;
		return;
	}
	if (comma)
		h->names[h->names_len++] = ',';
	memcpy(h->names + h->names_len, name.p, name.n);
	h->names_len = (uint8_t)(h->names_len + name.n);
}

/* RFC 9110 section 8.6; 18 digits are more than any body has */
static void content_length(struct http_head *h, struct slice value)
{
	struct cur c = cur_of(value);
	struct slice digits = take_while(&c, digit);
	uint64_t v = 0;

	if (h->lengths++ || !digits.n || cur_left(&c) || digits.n > 18) {
		h->anomalies |= ANOM_HTTP_LENGTH;
		return;
	}
	for (c = cur_of(digits); cur_left(&c);)
		v = v * 10 + (uint64_t)(cur_u8(&c) - '0');
	h->length = v;
}

/* RFC 9112 section 6.1: "chunked" once, and last */
static void transfer_encoding(struct http_head *h, struct slice value)
{
	struct cur c = cur_of(value);
	unsigned int chunked = 0;

	if (h->codings++)
		h->anomalies |= ANOM_HTTP_LENGTH;
	h->chunked = false;
	while (cur_left(&c)) {
		struct slice rest = cur_rest(&c);
		const uint8_t *comma = memchr(rest.p, ',', rest.n);
		struct slice coding = cur_take(&c, comma ? (size_t)(comma - rest.p) : rest.n);

		cur_take(&c, comma ? 1 : 0);
		h->chunked = http_is(http_trim(coding), "chunked");
		chunked += h->chunked;
	}
	if (!h->chunked || chunked != 1)
		h->anomalies |= ANOM_HTTP_LENGTH;
}

/* A field line with its folds (RFC 9112 section 5). */
static void field(struct http_head *h, struct slice s)
{
	struct cur c = cur_of(s);
	const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
	struct slice sent = cur_take(&c, colon ? (size_t)(colon - s.p) : s.n);
	struct slice name = http_trim(sent), value;
	struct cur k = cur_of(name);

	take_while(&k, tchar);
	if (!colon || !name.n || name.n != sent.n || cur_left(&k))
		h->anomalies |= ANOM_HTTP_BAD;
	if (!colon || !name.n || cur_left(&k))
		return;
	cur_take(&c, 1);
	value = http_trim(cur_rest(&c));
	h->fields++;
	keep_name(h, name);
	if (http_is(name, "Host")) {
		if (!h->hosts++)
			h->host = value;
	} else if (http_is(name, "User-Agent")) {
		if (!h->agents++)
			h->agent = value;
	} else if (http_is(name, "Content-Length")) {
		content_length(h, value);
	} else if (http_is(name, "Transfer-Encoding")) {
		transfer_encoding(h, value);
	}
}

/*
 * A field is taken in when what is behind it is there and is no fold (RFC 9112 section 5.2).
 * Blanks before the first field: some receivers skip the line, some read it (section 2.2).
 */
static enum dissect_result fields(struct http_head *h, struct cur *c)
{
	struct slice whole = { 0 }, line;

	while (take_line(c, &line, &h->anomalies)) {
		if (whole.n && first_is(line, blank)) {
			whole.n = (size_t)(line.p + line.n - whole.p);
			h->anomalies |= ANOM_HTTP_LINES;
			continue;
		}
		if (whole.n)
			field(h, whole);
		if (!line.n)
			return DISSECT_DONE;
		if (first_is(line, blank))
			h->anomalies |= ANOM_HTTP_LINES | ANOM_HTTP_BAD;
		else
			whole = line;
	}
	if (whole.n && cur_left(c) && !first_is(cur_rest(c), blank))
		field(h, whole);
	return DISSECT_MORE;
}

static bool line_end(uint8_t b)
{
	return b == '\r' || b == '\n';
}

enum dissect_result http_head(struct http_head *h, struct slice bytes)
{
	struct cur c = cur_of(bytes);
	struct slice blanks, line;
	enum dissect_result r;
	enum claim claim;

	*h = (struct http_head){ 0 };
	blanks = take_while(&c, line_end);
	if (blanks.n)
		h->anomalies |= ANOM_HTTP_LINES;
	if (!cur_left(&c))
		return DISSECT_MORE;
	claim = claim_of(cur_rest(&c));
	if (claim == CLAIM_NONE)
		return DISSECT_NOT_MINE;
	if (claim == CLAIM_OPEN)
		return DISSECT_MORE;
	line = cur_rest(&c);
	h->cut = !take_line(&c, &line, &h->anomalies);
	if (h->cut && claim == CLAIM_WEAK)
		return text_only(line, true) ? DISSECT_MORE : DISSECT_NOT_MINE;
	if (!request_line(h, line, claim))
		return h->cut ? DISSECT_MORE : DISSECT_NOT_MINE;
	h->claimed = true;
	if (h->cut)
		return DISSECT_MORE;
	r = fields(h, &c);
	h->whole = r == DISSECT_DONE;
	h->size = bytes.n - cur_left(&c);
	if (h->codings && (h->lengths || (h->version && !h->minor)))
		h->anomalies |= ANOM_HTTP_LENGTH;
	return r;
}
