/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEST_NFT_BUILD_H
#define TEST_NFT_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "nft/nft.h"

/* What the tests of nft/ share. Each test file uses a part of it. */

__attribute__((unused)) static void put_addr(uint8_t addr[16], const char *text)
{
	memset(addr, 0, 16);
	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
		return;
	}
	addr[10] = addr[11] = 0xff;
	assert_int_equal(inet_pton(AF_INET, text, addr + 12), 1);
}

__attribute__((unused)) static struct nft_range range_of(const char *lo, const char *hi)
{
	struct nft_range r = { { 0 }, { 0 } };

	put_addr(r.lo, lo);
	put_addr(r.hi, hi);
	return r;
}

__attribute__((unused)) static struct nft_elem
elem_of(enum nft_op op, enum nft_set set, const char *src, const char *dst, uint16_t dport)
{
	struct nft_elem e = { .op = (uint8_t)op,
			      .set = (uint8_t)set,
			      .proto = IPPROTO_TCP,
			      .sport = 40000,
			      .dport = dport,
			      .timeout = 600000 };

	put_addr(e.src, src);
	put_addr(e.dst, dst);
	return e;
}

__attribute__((unused)) static struct nft_load load_of(void)
{
	return (struct nft_load){ .conf = { .mark_mask = NFT_MARK_MASK,
					    .queue_first = 100,
					    .queue_count = 2,
					    .log_group = 5,
					    .fail_open = true,
					    .router_traffic = true,
					    .inbound = true,
					    .dns = true,
					    .icmp = true } };
}

/* Runs a shell line; its exit status, or 255. */
__attribute__((unused)) static int shell(const char *line)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(255);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 255;
	return WEXITSTATUS(status);
}

__attribute__((unused)) static void need_root(void)
{
	if (geteuid() == 0)
		return;
	puts("needs root (and a network namespace of its own: unshare --net)");
	_exit(77);
}

#endif
