/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int priv_find(struct priv_user *u, const char *name)
{
	const struct passwd *pw = getpwnam(name ? name : "sluice");

	if (!pw && !name)
		pw = getpwnam("nobody");
	if (!pw)
		return -ENOENT;
	if (pw->pw_uid == 0)
		return -EINVAL;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	snprintf(u->name, sizeof(u->name), "%s", pw->pw_name);
	return 0;
}

int priv_guard(const struct priv_user *u)
{
	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
		return -EPERM;
	/* the bounding set can only be cut by a holder of CAP_SETPCAP: as root, before the change */
	bool root = geteuid() == 0;
	capng_clear(root ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) < 0)
		return -EPERM;
	int err = root ? capng_change_id((int)u->uid, (int)u->gid,
					 CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING)
		       : capng_apply(CAPNG_SELECT_CAPS);
	if (err < 0)
		return -EPERM;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int priv_child(enum priv_role role, pid_t parent)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	/* after the change of credentials, which would clear it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	if (getppid() != parent) /* it died before the line above */
		return -ESRCH;
	(void)role; /* the seccomp filter of the role goes here */
	return 0;
}

unsigned int priv_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	int n = CPU_COUNT(&set);
	return n > 0 ? (unsigned int)n : 1;
}

int priv_cpu(unsigned int k)
{
	unsigned int nth = k % priv_cpus();
	cpu_set_t may;

	if (sched_getaffinity(0, sizeof(may), &may) < 0)
		return -errno;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &may) && nth-- == 0)
			return cpu;
	return -ENOENT;
}

static void close_from_to(int from, int to)
{
	if (from > to)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned int)from, (unsigned int)to, 0) == 0)
		return;
#endif
	long max = sysconf(_SC_OPEN_MAX);
	for (int fd = from; fd <= to && fd < max; fd++)
		close(fd);
}

void priv_close_others(int *keep, size_t n)
{
	int from = 3;

	for (size_t i = 1; i < n; i++) /* insertion sort: a handful */
		for (size_t k = i; k > 0 && keep[k - 1] > keep[k]; k--) {
			int t = keep[k];
			keep[k] = keep[k - 1];
			keep[k - 1] = t;
		}
	for (size_t i = 0; i < n; i++) {
		close_from_to(from, keep[i] - 1);
		if (keep[i] >= from)
			from = keep[i] + 1;
	}
	close_from_to(from, INT_MAX);
}

void priv_null_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}
