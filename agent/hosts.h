/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOSTS_H
#define HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nft/nft.h"
#include "policy/config.h"

/*
 * Which nets are inside, and which addresses may never be blocked wider than a flow. Follows the
 * kernel's links, addresses and routes by rtnetlink(7).
 *
 * Inside, "auto": the nets behind every interface that is not loopback and has no default route.
 * A default route is one in any table but `local` with a prefix of at most /1 (IPv4) or /3
 * (IPv6: 2000::/3 too), so a tunnel that takes all traffic counts as outside. Nets are the
 * unicast routes of the main table and the nets of the interface's addresses; fe80::/10 is
 * left out.
 * Else: the nets in the config, and the nets behind the interfaces it names.
 *
 * Protected: own addresses, gateways of default routes, nameservers of resolv.conf,
 * everything inside, `allow`, `never_block`, and the special addresses of RFC 6890 that
 * are no destination in the Internet: unspecified, loopback, link-local, multicast, broadcast.
 *
 * Bounded: what exceeds a table is left out and hosts_overflow() says so.
 */
enum { HOSTS_LINKS = 4096, HOSTS_ADDRS = 8192, HOSTS_ROUTES = 16384, HOSTS_NETS = 4096 };

struct hosts;

/* What a call has changed. */
enum {
	HOSTS_INSIDE = 1,    /* hosts_inside() gives other nets than before */
	HOSTS_PROTECTED = 2, /* hosts_protected() may answer otherwise */
	HOSTS_NEXT = 4,	     /* hosts_read() only: a part of the dump has ended */
	HOSTS_RESYNC = 8,    /* hosts_read() only: something was missed, dump anew */
};

struct hosts *hosts_new(void);
void hosts_free(struct hosts *h);

/*
 * Takes inside, allow and never_block from `c` (texts are copied), and reads resolv.conf again.
 * Returns HOSTS_* bits or -ENOMEM. Texts that are neither net nor address are interface names.
 */
int hosts_config(struct hosts *h, const struct config *c);

/*
 * Files to read nameservers from, NULL-terminated, kept as pointers; NULL: /etc/resolv.conf,
 * /run/systemd/resolve/resolv.conf, /tmp/resolv.conf.d/resolv.conf.auto. Before hosts_config().
 */
void hosts_resolv(struct hosts *h, const char *const *files);

/* A non-blocking NETLINK_ROUTE socket joined to the groups needed; opened by the guard. -errno. */
int hosts_socket(void);

/*
 * Begins a dump of everything on `fd` (needs no privilege). Call once at start, and from time to
 * time (a minute): it also reads resolv.conf again, and finds what the kernel does not notify.
 * 0 or -errno.
 */
int hosts_sync(struct hosts *h, int fd);

/*
 * Reads all that `fd` has, carries the dump on, begins a new one when messages were lost (ENOBUFS)
 * or the dump was inconsistent. HOSTS_INSIDE and HOSTS_PROTECTED bits, or -errno.
 */
int hosts_receive(struct hosts *h, int fd);

/* True once a first dump is complete; before that inside is only what the config says. */
bool hosts_ready(const struct hosts *h);
bool hosts_overflow(const struct hosts *h);

/*
 * The message parser behind hosts_receive(): no socket, no file. HOSTS_* bits. `buf` is aligned
 * to 4 bytes; anything may be in it.
 */
int hosts_read(struct hosts *h, const void *buf, size_t len);

/* Sorted, merged, never overlapping. Valid until the next call that takes a mutable `h`. */
size_t hosts_inside(const struct hosts *h, const struct nft_range **nets);
bool hosts_protected(const struct hosts *h, const uint8_t addr[16]);
/* enforce_protected of enforce.h; ctx is a struct hosts. */
bool hosts_is_protected(void *ctx, const uint8_t addr[16]);
/* Name of an interface, "" if not known. Valid like hosts_inside(). */
const char *hosts_ifname(const struct hosts *h, uint32_t index);

#endif
