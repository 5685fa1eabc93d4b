/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/list_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

enum { LABEL_MAX = 63, NAME_MAX_TEXT = 253, SERVICE_NAME_MAX = 32 };

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_v4(const uint8_t a[16])
{
	return memcmp(a, v4_mapped, sizeof v4_mapped) == 0;
}

static uint32_t v4_of(const uint8_t a[16])
{
	return (uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 | (uint32_t)a[14] << 8 | a[15];
}

/* A decimal number without leading zeros (010 would be octal elsewhere); -1 if it is none. */
static int32_t number(const char *p, size_t len, int32_t max)
{
	int32_t n = 0;

	if (len == 0 || len > 5 || (len > 1 && *p == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(p[i]))
			return -1;
		n = n * 10 + (p[i] - '0');
	}
	return n <= max ? n : -1;
}

static int read_v4(uint8_t a[16], const char *p, size_t len)
{
	size_t at = 0;

	memcpy(a, v4_mapped, sizeof v4_mapped);
	for (int i = 0; i < 4; i++) {
		size_t from = at;
		int32_t n;

		while (at < len && at - from < 3 && is_digit(p[at]))
			at++;
		n = number(p + from, at - from, 255);
		if (n < 0)
			return -EINVAL;
		a[12 + i] = (uint8_t)n;
		if (i < 3 && (at == len || p[at++] != '.'))
			return -EINVAL;
	}
	return at == len ? 0 : -EINVAL;
}

/* *bits: of the notation, 32 or 128, for the length of a prefix. */
static int read_addr(uint8_t a[16], int *bits, const char *p, size_t len)
{
	char buf[INET6_ADDRSTRLEN];

	*bits = 32;
	if (!memchr(p, ':', len))
		return read_v4(a, p, len);
	*bits = 128;
	if (len >= sizeof buf || memchr(p, 0, len))
		return -EINVAL;
	memcpy(buf, p, len);
	buf[len] = 0;
	return inet_pton(AF_INET6, buf, a) == 1 ? 0 : -EINVAL;
}

static void spread(struct list_entry *e, int prefix)
{
	for (int i = 0; i < 16; i++) {
		int bits = prefix - i * 8;
		uint8_t keep = (uint8_t)(bits >= 8 ? 0xff : bits <= 0 ? 0 : 0xff00 >> bits);

		e->hi[i] = (uint8_t)(e->lo[i] | (uint8_t)~keep);
		e->lo[i] &= keep;
	}
}

/* IPv4 lives inside ::/64 here: an IPv6 range that reaches over it begins after it. */
static int off_v4(struct list_entry *e)
{
	static const uint8_t after[16] = { [7] = 1 };

	if (is_v4(e->lo) && is_v4(e->hi))
		return 0;
	if (memcmp(e->lo, v4_mapped, sizeof v4_mapped) > 0 ||
	    memcmp(e->hi, v4_mapped, sizeof v4_mapped) < 0)
		return 0;
	if (memcmp(e->hi, after, sizeof after) < 0)
		return -EINVAL;
	memcpy(e->lo, after, sizeof after);
	return 0;
}

static const char *read_net(struct list_entry *e, const char *p, size_t len, size_t slash)
{
	int bits;
	int32_t prefix;

	if (read_addr(e->lo, &bits, p, slash))
		return "not an address before the slash";
	prefix = number(p + slash + 1, len - slash - 1, bits);
	if (prefix < 0)
		return bits == 32 ? "prefix length is not 0 to 32"
				  : "prefix length is not 0 to 128";
	spread(e, prefix + 128 - bits);
	return off_v4(e) ? "a net around the IPv4-mapped addresses" : NULL;
}

static const char *read_range(struct list_entry *e, const char *p, size_t len, size_t dash)
{
	int a, b;
	size_t end = dash, from = dash + 1;

	while (end > 0 && (p[end - 1] == ' ' || p[end - 1] == '\t'))
		end--;
	while (from < len && (p[from] == ' ' || p[from] == '\t'))
		from++;
	if (read_addr(e->lo, &a, p, end) || read_addr(e->hi, &b, p + from, len - from))
		return "not a range first-last";
	if (a != b)
		return "a range from one family to another";
	if (memcmp(e->lo, e->hi, 16) > 0)
		return "a range that ends before it begins";
	return off_v4(e) ? "a range around the IPv4-mapped addresses" : NULL;
}

static const char *read_address(struct list_entry *e, const char *p, size_t len)
{
	const char *mark = memchr(p, '/', len);
	int bits;

	if (mark)
		return read_net(e, p, len, (size_t)(mark - p));
	mark = memchr(p, '-', len);
	if (mark)
		return read_range(e, p, len, (size_t)(mark - p));
	if (read_addr(e->lo, &bits, p, len))
		return "not an address, a net (address/prefix) or a range (first-last)";
	memcpy(e->hi, e->lo, 16);
	return NULL;
}

static const char *read_endpoint(struct list_entry *e, const char *p, size_t len)
{
	static const char form[] = "not address:port ([address]:port for IPv6)";
	const char *colon = memrchr(p, ':', len);
	size_t n;
	int bits;
	int32_t port;

	if (!colon)
		return form;
	n = (size_t)(colon - p);
	port = number(colon + 1, len - n - 1, 65535);
	if (n >= 2 && *p == '[') {
		if (p[n - 1] != ']' || read_addr(e->lo, &bits, p + 1, n - 2) || bits != 128)
			return form;
	} else if (read_v4(e->lo, p, n)) {
		return form;
	}
	if (port < 1)
		return "port is not 1 to 65535";
	memcpy(e->hi, e->lo, 16);
	e->port = (uint16_t)port;
	return NULL;
}

static bool name_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

static const char *why_domain(const char *in, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)in[i] >= 0x80)
			return "not ASCII: give the name in its xn-- form";
	return "not a host name or *.name";
}

/* The last label; a name that ends in a number is an address (RFC 1123 section 2.1). */
static bool ends_in_number(const char *name, size_t len)
{
	size_t i = len;

	while (i > 0 && is_digit(name[i - 1]))
		i--;
	return i < len && (i == 0 || name[i - 1] == '.');
}

int list_domain(char *out, size_t size, const char *in, size_t len, bool *suffix)
{
	size_t label = 0;

	if (suffix)
		*suffix = len > 2 && in[0] == '*' && in[1] == '.';
	if (suffix && *suffix) {
		in += 2;
		len -= 2;
	}
	if (len > 0 && in[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_TEXT || len > size)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		char c = lower(in[i]);

		if (c == '.' ? label == 0 : !name_char(c) || label == LABEL_MAX)
			return -EINVAL;
		label = c == '.' ? 0 : label + 1;
		out[i] = c;
	}
	if (label == 0 || ends_in_number(out, len))
		return -EINVAL;
	if (len < size)
		out[len] = 0;
	return (int)len;
}

static const char *read_name(struct list_entry *e, char *buf, size_t buf_size, const char *p,
			     size_t len)
{
	int n = list_domain(buf, buf_size, p, len, &e->suffix);

	e->text = buf;
	e->len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? why_domain(p, len) : NULL;
}

/* "service name": the service is told as it stands in the text. */
static const char *read_service(struct list_entry *e, char *buf, size_t buf_size, const char *p,
				size_t len)
{
	size_t n = 0, at;

	while (n < len && name_char(p[n]))
		n++;
	for (at = n; at < len && (p[at] == ' ' || p[at] == '\t'); at++)
		;
	if (n == 0 || n > SERVICE_NAME_MAX || at == n || at == len)
		return "not a service and a host name: \"service name\" or \"service *.name\"; "
		       "services are a-z, 0-9, - and _";
	e->service = p;
	e->service_len = n;
	return read_name(e, buf, buf_size, p + at, len - at);
}

static const char *read_md5(struct list_entry *e, const char *p, size_t len, const char *form)
{
	if (len != 32)
		return form;
	for (size_t i = 0; i < 16; i++) {
		int high = hex(p[2 * i]), low = hex(p[2 * i + 1]);

		if (high < 0 || low < 0)
			return form;
		e->md5[i] = (uint8_t)(high << 4 | low);
	}
	return NULL;
}

/* t13d1516h2_8daaf6152771_b0da82dd1658: JA4.md of FoxIO; '#' digit, 'a' letter or digit, 'x' hex */
static const char *read_ja4(struct list_entry *e, char *buf, size_t buf_size, const char *p,
			    size_t len)
{
	static const char form[] = "qaas####aa_xxxxxxxxxxxx_xxxxxxxxxxxx";
	static const char wrong[] =
		"not a JA4 fingerprint (like t13d1516h2_8daaf6152771_b0da82dd1658)";

	if (len != FACTS_JA4_LEN || buf_size <= len)
		return wrong;
	for (size_t i = 0; i < len; i++) {
		char c = i < 8 || i > 9 ? lower(p[i]) : p[i];
		bool ok = false;

		switch (form[i]) {
		case 'q':
			ok = c == 't' || c == 'q' || c == 'd';
			break;
		case 's':
			ok = c == 'd' || c == 'i';
			break;
		case '#':
			ok = is_digit(c);
			break;
		case 'a':
			ok = is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
			break;
		case 'x':
			ok = hex(c) >= 0;
			break;
		default:
			ok = c == '_';
		}
		if (!ok)
			return wrong;
		buf[i] = c;
	}
	buf[len] = 0;
	e->text = buf;
	e->len = len;
	return NULL;
}

int list_value_read(struct list_entry *e, const char **why, enum list_type type, char *buf,
		    size_t buf_size, const char *text, size_t len)
{
	e->type = type;
	switch (type) {
	case LIST_ADDRESS:
		*why = read_address(e, text, len);
		break;
	case LIST_ENDPOINT:
		*why = read_endpoint(e, text, len);
		break;
	case LIST_DOMAIN:
		*why = read_name(e, buf, buf_size, text, len);
		break;
	case LIST_SERVICE:
		*why = read_service(e, buf, buf_size, text, len);
		break;
	case LIST_JA3:
		*why = read_md5(e, text, len, "not a JA3 hash (32 hex digits)");
		break;
	case LIST_HASSH:
		*why = read_md5(e, text, len, "not a HASSH (32 hex digits)");
		break;
	case LIST_JA4:
		*why = read_ja4(e, buf, buf_size, text, len);
		break;
	default:
		*why = "unknown kind of list";
	}
	return *why ? -EINVAL : 0;
}

int list_value(struct list_entry *e, enum list_type type, char *buf, size_t buf_size,
	       const char *text)
{
	const char *why;

	memset(e, 0, sizeof *e);
	return list_value_read(e, &why, type, buf, buf_size, text, strlen(text));
}

const char *list_value_why(enum list_type type, const char *text)
{
	struct list_entry e = { 0 };
	char buf[FACTS_NAME_MAX + 1];
	const char *why;

	list_value_read(&e, &why, type, buf, sizeof buf, text, strlen(text));
	return why;
}

struct net4 {
	uint32_t lo, hi;
};

static bool meets(const struct net4 *net, size_t n, uint32_t lo, uint32_t hi)
{
	for (size_t i = 0; i < n; i++)
		if (lo <= net[i].hi && hi >= net[i].lo)
			return true;
	return false;
}

static int vet_v4(uint32_t lo, uint32_t hi, const char **why)
{
	static const struct net4 private[] = {
		{ 0x0a000000, 0x0affffff }, /* 10/8, RFC 1918 */
		{ 0xac100000, 0xac1fffff }, /* 172.16/12 */
		{ 0xc0a80000, 0xc0a8ffff }, /* 192.168/16 */
		{ 0x64400000, 0x647fffff }, /* 100.64/10, RFC 6598 */
	};
	static const struct net4 special[] = {
		{ 0x00000000, 0x00ffffff }, /* RFC 6890: this network */
		{ 0x7f000000, 0x7fffffff }, /* loopback */
		{ 0xa9fe0000, 0xa9feffff }, /* link-local */
		{ 0xe0000000, 0xffffffff }, /* multicast, reserved, broadcast */
	};

	if (hi - lo > 0xffffff) {
		*why = "wider than /8";
		return -EINVAL;
	}
	if (meets(special, sizeof special / sizeof *special, lo, hi)) {
		*why = "a special address (RFC 6890), not a destination to block";
		return -EINVAL;
	}
	return meets(private, sizeof private / sizeof *private, lo, hi);
}

static int vet_v6(const uint8_t lo[16], const uint8_t hi[16], const char **why)
{
	uint32_t a = (uint32_t)lo[0] << 16 | (uint32_t)lo[1] << 8 | lo[2];
	uint32_t b = (uint32_t)hi[0] << 16 | (uint32_t)hi[1] << 8 | hi[2];

	if (lo[0] >> 1 == 0xfc >> 1 || hi[0] >> 1 == 0xfc >> 1) /* fc00::/7, RFC 4193 */
		return 1;
	if (b - a > 0x1f) { /* in units of /24 */
		*why = "wider than /19";
		return -EINVAL;
	}
	if (lo[0] >> 5 != 0x20 >> 5) { /* 2000::/3 is all that is routed (RFC 4291) */
		*why = "a special address (RFC 6890), not a destination to block";
		return -EINVAL;
	}
	return 0;
}

int list_value_vet(const struct list_entry *e, const char **why)
{
	*why = NULL;
	switch (e->type) {
	case LIST_ADDRESS:
	case LIST_ENDPOINT:
		if (is_v4(e->lo) && is_v4(e->hi))
			return vet_v4(v4_of(e->lo), v4_of(e->hi), why);
		return vet_v6(e->lo, e->hi, why);
	case LIST_DOMAIN:
	case LIST_SERVICE:
		if (e->suffix && !memchr(e->text, '.', e->len)) {
			*why = "a whole top-level domain; name it in the config if you mean it";
			return -EINVAL;
		}
		return 0;
	default:
		return 0;
	}
}
