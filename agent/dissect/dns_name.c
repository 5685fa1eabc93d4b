/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dissect/dns.h"

enum { LABEL_TYPE = 0xc0, LABEL = 0x00, POINTER = 0xc0 };

static struct cur cur_at(struct slice msg, size_t at)
{
	struct cur c = cur_of(msg);

	cur_take(&c, at);
	return c;
}

static size_t offset(struct slice msg, const struct cur *c)
{
	return msg.n - cur_left(c);
}

static bool host_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '_';
}

static void add_label(struct dns_name *n, struct slice label)
{
	struct cur c = cur_of(label);

	if (n->len)
		n->text[n->len++] = '.';
	while (cur_left(&c)) {
		uint8_t b = cur_u8(&c);

		if (b >= 'A' && b <= 'Z')
			b = (uint8_t)(b + 'a' - 'A');
		n->odd |= !host_byte(b);
		n->text[n->len++] = (char)b;
	}
}

/* The run of labels at the cursor. *to: where its pointer leads, or 0 at the root. */
static enum dns_read read_run(struct dns_name *n, size_t *wire, size_t *to, struct cur *c)
{
	*to = 0;
	while (cur_left(c)) {
		uint8_t len = cur_u8(c);

		if ((len & LABEL_TYPE) == POINTER) {
			*to = (size_t)(len & ~LABEL_TYPE) << 8 | cur_u8(c);
			return c->bad ? DNS_SHORT : *to < DNS_HEADER ? DNS_BROKEN : DNS_OK;
		}
		*wire += 1 + (size_t)len;
		if ((len & LABEL_TYPE) != LABEL || *wire > DNS_NAME_WIRE)
			return DNS_BROKEN;
		if (len == 0)
			return DNS_OK;
		struct slice label = cur_take(c, len);
		if (c->bad)
			return DNS_SHORT;
		add_label(n, label);
	}
	return DNS_SHORT;
}

enum dns_read dns_name(struct dns_name *n, size_t *at, struct slice msg)
{
	struct cur c = cur_at(msg, *at);
	size_t from = *at, wire = 0, to;

	n->len = 0;
	n->odd = false;
	for (int jumps = 0;; jumps++) {
		enum dns_read r = read_run(n, &wire, &to, &c);

		if (r != DNS_OK)
			return r;
		if (jumps == 0)
			*at = offset(msg, &c);
		if (!to)
			break;
		if (to >= from || jumps == DNS_JUMPS)
			return DNS_BROKEN;
		from = to;
		c = cur_at(msg, to);
	}
	if (!n->len)
		n->text[n->len++] = '.';
	return DNS_OK;
}

enum dns_read dns_name_skip(size_t *at, struct slice msg)
{
	struct cur c = cur_at(msg, *at);
	size_t wire = 0;

	while (cur_left(&c)) {
		uint8_t len = cur_u8(&c);

		wire += 1 + (size_t)len;
		if ((len & LABEL_TYPE) == POINTER)
			cur_u8(&c);
		else if ((len & LABEL_TYPE) != LABEL || wire > DNS_NAME_WIRE)
			return DNS_BROKEN;
		else
			cur_take(&c, len);
		if (c.bad)
			break;
		if (len == 0 || (len & LABEL_TYPE) == POINTER) {
			*at = offset(msg, &c);
			return DNS_OK;
		}
	}
	return DNS_SHORT;
}
