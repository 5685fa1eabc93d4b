/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/control.h"

static char dir[] = "/tmp/test_control_XXXXXX", path[64];
static struct control *c;
static uint64_t now, later;
static unsigned int calls;

static int command(void *ctx, uint64_t client, const char *cmd, const json_t *req, json_t **answer)
{
	assert_string_equal(ctx, "ctx");
	assert_true(client != 0);
	assert_true(json_is_object(req));
	calls++;
	if (!strcmp(cmd, "status"))
		*answer = json_pack("{s:s,s:i}", "mode", "observe", "calls", (int)calls);
	else if (!strcmp(cmd, "list")) {
		char *big = malloc(3000001);

		memset(big, 'x', 3000000);
		big[3000000] = '\0';
		*answer = json_pack("{s:s}", "entries", big);
		free(big);
	} else if (!strcmp(cmd, "reload")) {
		later = client;
		return CONTROL_LATER;
	} else if (!strcmp(cmd, "refuse")) {
		*answer = json_pack("{s:s,s:[s]}", "error", "bad file", "errors", "a:1: b");
		return -EINVAL;
	} else if (!strcmp(cmd, "missing")) {
		return -ENOENT;
	} else if (strcmp(cmd, "flush") != 0) {
		return -ENOSYS;
	}
	return 0;
}

static int open_with(uid_t own)
{
	static char ctx[] = "ctx";
	int fd = control_listen(path);

	assert_true(fd >= 0);
	c = control_new(fd, own, command, ctx);
	assert_non_null(c);
	now = 1000;
	later = 0;
	calls = 0;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	if (!*path) {
		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/s", dir);
	}
	return open_with(getuid());
}

static int teardown(void **state)
{
	(void)state;
	control_free(c);
	unlink(path);
	return 0;
}

static int dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(sa.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* Lets the server do all it can. */
static void serve(void)
{
	struct pollfd p = { .fd = control_fd(c), .events = POLLIN };

	for (int i = 0; i < 10000 && poll(&p, 1, 0) > 0; i++)
		control_handle(c, now);
	control_handle(c, now);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	serve();
}

/* What has come, without waiting; "" nothing, "EOF" the server has closed. */
static const char *hear(int fd)
{
	static char buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	if (n < 0 && errno == EAGAIN)
		return "";
	if (n <= 0)
		return "EOF";
	buf[n] = '\0';
	return buf;
}

static void test_answer(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "{\"cmd\":\"status\"}\n");
	assert_string_equal(hear(fd), "{\"ok\":true,\"mode\":\"observe\",\"calls\":1}\n");
	/* two at once, and one in pieces */
	say(fd, "{\"cmd\":\"status\"}\n{\"cmd\":\"flush\"}\n{\"cm");
	assert_string_equal(hear(fd),
			    "{\"ok\":true,\"mode\":\"observe\",\"calls\":2}\n{\"ok\":true}\n");
	say(fd, "d\":\"flush\"}");
	assert_string_equal(hear(fd), "");
	say(fd, "\n");
	assert_string_equal(hear(fd), "{\"ok\":true}\n");
	close(fd);
}

static void test_refusals(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "{\"cmd\":\"refuse\"}\n");
	assert_string_equal(hear(fd),
			    "{\"ok\":false,\"error\":\"bad file\",\"errors\":[\"a:1: b\"]}\n");
	say(fd, "{\"cmd\":\"missing\"}\n");
	assert_string_equal(hear(fd), "{\"ok\":false,\"error\":\"No such file or directory\"}\n");
	say(fd, "{\"cmd\":\"nonsense\"}\n");
	assert_string_equal(hear(fd), "{\"ok\":false,\"error\":\"unknown command\"}\n");
	say(fd, "hello\n");
	assert_non_null(strstr(hear(fd), "\"ok\":false,\"error\":\"not JSON"));
	say(fd, "[]\n");
	assert_non_null(strstr(hear(fd), "no \\\"cmd\\\""));
	say(fd, "{\"cmd\":7}\n");
	assert_non_null(strstr(hear(fd), "no \\\"cmd\\\""));
	say(fd, "{\"cmd\":\"status\",\"cmd\":\"flush\"}\n");
	assert_non_null(strstr(hear(fd), "\"ok\":false"));
	assert_int_equal(calls, 3);
	close(fd);
}

static void test_long_request(void **state)
{
	char line[CONTROL_LINE];
	int fd = dial();

	(void)state;
	memset(line, 'x', sizeof(line));
	send(fd, line, sizeof(line), MSG_NOSIGNAL);
	serve();
	assert_non_null(strstr(hear(fd), "too long"));
	assert_string_equal(hear(fd), "EOF");
	close(fd);
}

/* Others than root and the agent's own user only look. */
static void test_privilege(void **state)
{
	int fd;

	(void)state;
	teardown(NULL);
	open_with(getuid() + 1);
	if (getuid() == 0) {
		chmod(dir, 0755);
		chmod(path, 0666);
		assert_int_equal(seteuid(65534), 0);
	}
	fd = dial();
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	say(fd, "{\"cmd\":\"flush\"}\n");
	assert_non_null(strstr(hear(fd), "\"ok\":false,\"error\":\"only root"));
	say(fd, "{\"cmd\":\"reload\"}\n{\"cmd\":\"unblock\"}\n{\"cmd\":\"anything\"}\n");
	assert_null(strstr(hear(fd), "\"ok\":true"));
	assert_int_equal(calls, 0);
	say(fd, "{\"cmd\":\"status\"}\n");
	assert_non_null(strstr(hear(fd), "\"ok\":true"));
	close(fd);
}

static void test_mode(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void test_later(void **state)
{
	int fd = dial(), other;
	uint64_t first;

	(void)state;
	say(fd, "{\"cmd\":\"reload\"}\n{\"cmd\":\"flush\"}\n");
	assert_string_equal(hear(fd), "");
	assert_int_equal(calls, 1);
	now += 10 * CONTROL_IDLE; /* who waits for us is not slow */
	serve();
	first = later;
	control_answer(c, first, 0, json_pack("{s:i}", "generation", 2));
	serve();
	assert_string_equal(hear(fd), "{\"ok\":true,\"generation\":2}\n{\"ok\":true}\n");
	/* a second answer goes nowhere */
	control_answer(c, first, 0, json_object());
	assert_string_equal(hear(fd), "");
	/* the client is gone, and another has its place */
	say(fd, "{\"cmd\":\"reload\"}\n");
	first = later;
	close(fd);
	serve();
	other = dial();
	say(other, "{\"cmd\":\"reload\"}\n");
	assert_int_equal(first % CONTROL_CLIENTS, later % CONTROL_CLIENTS);
	control_answer(c, first, 0, json_pack("{s:s}", "secret", "x"));
	assert_string_equal(hear(other), "");
	control_answer(c, later, -EINVAL, NULL);
	assert_string_equal(hear(other), "{\"ok\":false,\"error\":\"Invalid argument\"}\n");
	close(other);
}

/* A large answer leaves in pieces, as the client takes it. */
static void test_large(void **state)
{
	int fd = dial();
	size_t got = 0;

	(void)state;
	say(fd, "{\"cmd\":\"list\"}\n{\"cmd\":\"flush\"}\n");
	for (int i = 0; i < 10000; i++) {
		const char *t = hear(fd);

		got += strlen(t);
		if (strstr(t, "{\"ok\":true}\n"))
			break;
		serve();
	}
	assert_int_equal(got, 3000000 + strlen("{\"ok\":true,\"entries\":\"\"}\n{\"ok\":true}\n"));
	close(fd);
}

static void test_slow(void **state)
{
	int half = dial(), deaf = dial(), idle = dial(), fed = dial();

	(void)state;
	say(half, "{\"cmd\"");
	say(deaf, "{\"cmd\":\"list\"}\n");
	now += CONTROL_PATIENCE;
	serve();
	/* a byte now and then does not buy time */
	say(half, ":");
	assert_string_equal(hear(half), "");
	now++;
	serve();
	assert_string_equal(hear(half), "EOF");
	assert_string_equal(hear(idle), "");
	for (int i = 0; i < 100 && strcmp(hear(deaf), "EOF") != 0; i++)
		assert_true(i < 99);
	now += CONTROL_IDLE - CONTROL_PATIENCE - 2;
	say(fed, "{\"cmd\":\"flush\"}\n");
	now += 2;
	serve();
	assert_string_equal(hear(idle), "EOF");
	assert_string_equal(hear(fed), "{\"ok\":true}\n");
	assert_string_equal(hear(fed), "");
	close(half);
	close(deaf);
	close(idle);
	close(fed);
}

/* A thousand clients: the longest idle give way, those in the middle of something stay. */
static void test_many(void **state)
{
	int busy = dial(), fd[200];

	(void)state;
	say(busy, "{\"cmd\":\"reload\"}\n");
	for (size_t i = 0; i < 200; i++) {
		now++;
		fd[i] = dial();
		serve();
	}
	assert_string_equal(hear(fd[0]), "EOF");
	assert_string_equal(hear(fd[199]), "");
	control_answer(c, later, 0, NULL);
	assert_string_equal(hear(busy), "{\"ok\":true}\n");
	say(fd[199], "{\"cmd\":\"flush\"}\n");
	assert_string_equal(hear(fd[199]), "{\"ok\":true}\n");
	for (size_t i = 0; i < 200; i++)
		close(fd[i]);
	close(busy);
}

static void test_all_busy(void **state)
{
	int fd[CONTROL_CLIENTS + 1];

	(void)state;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		fd[i] = dial();
		say(fd[i], "{\"cmd\":\"reload\"}\n");
	}
	fd[CONTROL_CLIENTS] = dial();
	serve();
	assert_string_equal(hear(fd[CONTROL_CLIENTS]), "EOF");
	for (size_t i = 0; i <= CONTROL_CLIENTS; i++)
		close(fd[i]);
	serve();
}

static void test_listen(void **state)
{
	char other[80];
	FILE *f;
	int fd;

	(void)state;
	assert_int_equal(control_listen(path), -EADDRINUSE);
	control_free(c);
	fd = control_listen(path); /* stale */
	assert_true(fd >= 0);
	c = control_new(fd, 0, command, NULL);
	snprintf(other, sizeof(other), "%s/file", dir);
	f = fopen(other, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(control_listen(other), -EEXIST);
	unlink(other);
	assert_int_equal(control_listen("/nonexistent/s"), -ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_answer), T(test_refusals), T(test_long_request), T(test_privilege),
		T(test_mode),   T(test_later),    T(test_large),        T(test_slow),
		T(test_many),   T(test_all_busy), T(test_listen),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rmdir(dir);
	return failed;
}
