/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sluiced: the agent's command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "agent/guard.h"
#include "agent/ipc.h"
#include "policy/policy.h"

enum { EXIT_USAGE = 2 };

static void usage(FILE *to)
{
	fputs("usage: sluiced [-f] [-v] [-c FILE] [-u USER] [-r DIR]\n"
	      "       sluiced --check [-c FILE]\n"
	      "       sluiced --remove\n"
	      "\n"
	      "The agent of Sluice: judges the first packets of outbound flows and blocks hostile ones.\n"
	      "\n"
	      "  -c, --config FILE    policy (default /etc/sluice/sluice.conf)\n"
	      "  -f, --foreground     stay in the foreground, log to standard error\n"
	      "  -u, --user USER      run as USER (default sluice, else nobody)\n"
	      "  -r, --run-dir DIR    control socket and pid file (default /run/sluice)\n"
	      "  -v, --verbose        log more\n"
	      "      --check          check the policy and its lists, and exit: 0 good, 1 not\n"
	      "      --remove         take the nftables table away, and exit (uninstall)\n"
	      "  -V, --version        print the version, and exit\n"
	      "  -h, --help           print this, and exit\n"
	      "\n"
	      "Signals: HUP loads the policy anew, TERM stops. See sluiced(8), sluice.conf(5).\n",
	      to);
}

static int check(const char *file)
{
	struct errs e;
	struct config c;
	struct arena a;
	const struct policy *p = NULL;

	errs_init(&e);
	void *mem = mmap(NULL, IPC_SLOT_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED) {
		perror("sluiced: memory");
		return 1;
	}
	if (config_load(&c, &e, file) == 0) {
		arena_init(&a, mem, IPC_SLOT_SIZE);
		p = policy_compile(&a, &e, &c, 1);
		config_fini(&c);
	}
	char *text = errs_text(&e);
	if (text)
		fputs(text, stderr);
	if (p)
		printf("%s: OK, %u rules\n", file, policy_rules(p));
	free(text);
	errs_fini(&e);
	munmap(mem, IPC_SLOT_SIZE);
	return p ? 0 : 1;
}

int main(int argc, char **argv)
{
	enum { OPT_CHECK = 256, OPT_REMOVE };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "user", required_argument, NULL, 'u' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "remove", no_argument, NULL, OPT_REMOVE },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct guard_opts o = { .config = "/etc/sluice/sluice.conf", .rundir = "/run/sluice" };
	int opt, mode = 0;

	while ((opt = getopt_long(argc, argv, "c:fu:r:vVh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o.config = optarg;
			break;
		case 'f':
			o.foreground = true;
			break;
		case 'u':
			o.user = optarg;
			break;
		case 'r':
			o.rundir = optarg;
			break;
		case 'v':
			o.verbose = true;
			break;
		case OPT_CHECK:
		case OPT_REMOVE:
			mode = opt;
			break;
		case 'V':
			puts("sluiced " SLUICE_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			fputs("Try 'sluiced --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "sluiced: unexpected argument '%s'\nTry 'sluiced --help'.\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (mode == OPT_CHECK)
		return check(o.config);
	if (mode == OPT_REMOVE)
		return guard_remove();
	return guard_main(&o);
}
