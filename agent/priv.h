/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PRIV_H
#define PRIV_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Who may do what. The guard leaves root before its first fork and keeps CAP_NET_ADMIN alone
 * (netfilter takes every message only from its holder); workers and clerk have no capability.
 */
struct priv_user {
	uid_t uid;
	gid_t gid;
	char name[64];
};

enum priv_role { PRIV_WORKER, PRIV_CLERK };

/* Finds `name`; with NULL the user `sluice`, else `nobody`. 0, -ENOENT; -EINVAL for root itself. */
int priv_find(struct priv_user *u, const char *name);

/*
 * Guard: becomes `u` (if it is root now) with CAP_NET_ADMIN as its only capability, effective,
 * permitted; empty bounding and ambient sets; no_new_privs. -EPERM: has no CAP_NET_ADMIN.
 */
int priv_guard(const struct priv_user *u);

/*
 * Child, right after the fork: dies with its parent, gives up every capability, is not dumpable. The
 * seccomp filter of the role belongs at its end.
 */
int priv_child(enum priv_role role, pid_t parent);

/* Child: closes every descriptor from 3 on but those in `keep` (which is sorted in place). */
void priv_close_others(int *keep, size_t n);

/* A daemon's output: nothing may keep the terminal or pipe of whoever started it. */
void priv_null_output(void);

/* The k-th CPU, counted round, of those this process may use; -errno. */
int priv_cpu(unsigned int k);
unsigned int priv_cpus(void); /* CPUs this process may use, at least 1 */

#endif
