// SPDX-License-Identifier: GPL-2.0-only
/* fw-exporter inside the sandbox, and a client of it. */
#include "tests/perf/scrape.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT 9479
#define TRIES 500 /* a hundredth of a second each */
#define HEAD 4096
#define TAIL 8 /* bytes of the end that are looked at */

const char *const scrape_choice_name[SCRAPE_NCHOICES] = { "selected", "all" };

static int dial(unsigned short port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0 || !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

static void exporter_exec(const struct sandbox *box, enum scrape_choice choice, unsigned short port)
{
	char path[300], number[8];
	int log = open(sandbox_path(box, "exporter.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log >= 0)
		dup2(log, STDERR_FILENO);
	snprintf(path, sizeof(path), "%s/fw-exporter", box->tools);
	snprintf(number, sizeof(number), "%u", port);
	execl(path, "fw-exporter", "--socket", sandbox_path(box, "sock"), "--pins", sandbox_path(box, "bpf/fwd"),
	      "--port", number, "--rules", scrape_choice_name[choice], (char *)NULL);
	_exit(1);
}

int scrape_exporter_start(const struct sandbox *box, enum scrape_choice choice, struct scrape_exporter *out)
{
	unsigned short port = (unsigned short)(PORT + choice);
	int fd = -ECONNREFUSED;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return bench_said("start fw-exporter", -errno);
	if (!pid)
		exporter_exec(box, choice, port);
	for (int i = 0; i < TRIES && fd < 0; i++) {
		usleep(10000);
		fd = dial(port);
	}
	*out = (struct scrape_exporter){ pid, port };
	if (fd < 0)
		return bench_said("reach fw-exporter", fd);
	close(fd);
	return 0;
}

void scrape_exporter_stop(struct scrape_exporter *e)
{
	if (e->pid <= 0)
		return;
	kill(e->pid, SIGTERM);
	waitpid(e->pid, NULL, 0);
	e->pid = 0;
}

uint64_t scrape_exporter_memory(const struct scrape_exporter *e, const char *what)
{
	struct sandbox of = { .fwd = e->pid };

	return sandbox_fwd_memory(&of, what);
}

/* How much of an answer has arrived: its beginning, its end, its length. */
struct answer {
	char head[HEAD + 1], tail[TAIL];
	size_t head_len;
	uint64_t bytes;
};

static void take(struct answer *a, const char *bytes, size_t len)
{
	size_t room = HEAD - a->head_len, n = len < room ? len : room, last = len < TAIL ? len : TAIL;

	memcpy(a->head + a->head_len, bytes, n);
	a->head_len += n;
	memmove(a->tail, a->tail + last, TAIL - last);
	memcpy(a->tail + TAIL - last, bytes + len - last, last);
	a->bytes += len;
}

/* Is it complete: as long as announced, or with the last chunk; and from the right source? */
static int check(const struct answer *a, bool up)
{
	const char *body = strstr(a->head, "\r\n\r\n"), *length = strstr(a->head, "\r\nContent-Length: ");
	const char *state = up ? "\nfw_controller_up 1\n" : "\nfw_controller_up 0\n";

	if (!body || strncmp(a->head, "HTTP/1.1 200 ", 13) || !strstr(body, state))
		return -EBADMSG;
	if (length && length < body)
		return strtoull(length + 18, NULL, 10) == a->bytes - (uint64_t)(body + 4 - a->head) ? 0 : -EBADMSG;
	return memcmp(a->tail + 1, "\r\n0\r\n\r\n", 7) ? -EBADMSG : 0;
}

int scrape_once(const struct scrape_exporter *e, bool up, double *seconds, uint64_t *bytes)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	static __thread char chunk[1 << 18];
	struct answer a = { .bytes = 0 };
	double start = fw_now();
	int fd = dial(e->port), err = fd < 0 ? fd : 0;
	ssize_t n = 0;

	if (!err && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		err = -EIO;
	while (!err && (n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		take(&a, chunk, (size_t)n);
	if (fd >= 0)
		close(fd);
	if (!err)
		err = n < 0 ? -errno : check(&a, up);
	*seconds = fw_now() - start;
	*bytes = a.bytes;
	return err ? bench_said("scrape a page", err) : 0;
}
