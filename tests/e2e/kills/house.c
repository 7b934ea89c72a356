// SPDX-License-Identifier: GPL-2.0-only
/* The real daemon: started, asked over its socket, killed. */
#include "house.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/sandbox.h"

#define START_SECONDS 20

extern char kills_folder[64];
extern const char *kills_fwd;

void house_make(struct house *h, const char *name)
{
	*h = (struct house){ .pid = 0 };
	snprintf(h->folder, sizeof(h->folder), "%s/%s", kills_folder, name);
	snprintf(h->store, sizeof(h->store), "%s/store", h->folder);
	snprintf(h->sock, sizeof(h->sock), "%s/sock", h->folder);
	snprintf(h->log, sizeof(h->log), "%s/log", h->folder);
	snprintf(h->pins, sizeof(h->pins), SANDBOX_BPFFS "/kills-%s", name);
	if (mkdir(h->folder, 0700) && errno != EEXIST)
		fail_msg("%s: %s", h->folder, strerror(errno));
}

/* In the child: it goes when the test does. */
static void become_fwd(const struct house *h, const char *option)
{
	int log = open(h->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execl(kills_fwd, kills_fwd, "--socket", h->sock, "--store", h->store, "--pins", h->pins, option, (char *)NULL);
	_exit(127);
}

void house_start(struct house *h)
{
	fflush(stdout);
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (!h->pid)
		become_fwd(h, NULL);
}

int house_stop(struct house *h, int sig)
{
	int status = 0;

	if (h->pid) {
		kill(h->pid, sig);
		waitpid(h->pid, &status, 0);
	}
	h->pid = 0;
	return status;
}

int house_detach(struct house *h)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		become_fwd(h, "--detach");
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void house_clear(const struct house *h)
{
	DIR *d = opendir(h->folder);
	const struct dirent *f;

	while (d && (f = readdir(d)))
		if (f->d_name[0] != '.' && strcmp(f->d_name, "log") != 0)
			unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
}

void house_end(struct house *h)
{
	if (h->pid)
		house_show_log(h);
	house_stop(h, SIGKILL);
	house_clear(h);
	unlink(h->log);
	rmdir(h->folder);
}

void house_copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	ssize_t n;

	if (in < 0)
		return;
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(out >= 0);
	while ((n = copy_file_range(in, NULL, out, NULL, 1 << 20, 0)) > 0)
		;
	assert_int_equal(n, 0);
	close(in);
	close(out);
}

bool house_is_gone(const struct house *h)
{
	DIR *d = opendir(h->pins);
	const struct dirent *f;

	while (d && (f = readdir(d)) && f->d_name[0] == '.')
		;
	if (!d)
		return errno == ENOENT;
	closedir(d);
	return !f;
}

void house_show_log(const struct house *h)
{
	FILE *f = fopen(h->log, "re");
	char line[512];

	/* Of a long log the end. */
	if (f && !fseek(f, -1000, SEEK_END))
		while (fgets(line, sizeof(line), f) && !strchr(line, '\n'))
			;
	while (f && fgets(line, sizeof(line), f))
		printf("fwd: %s", line);
	if (f)
		fclose(f);
	fflush(stdout);
}

static int dial_once(const struct house *h)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", h->sock);
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

int house_dial(struct house *h)
{
	double until = fw_now() + START_SECONDS;
	int fd, status = 0;

	while ((fd = dial_once(h)) < 0) {
		bool ended = waitpid(h->pid, &status, WNOHANG) == h->pid;

		if (ended || fw_now() > until) {
			house_show_log(h);
			h->pid = ended ? 0 : h->pid;
			fail_msg("fwd %s: status 0x%x", ended ? "ended by itself" : "does not come up", status);
		}
		usleep(300);
	}
	return fd;
}

void answer_free(struct answer *a)
{
	json_decref(a->lines);
	json_decref(a->end);
	fw_buf_free(&a->text);
	*a = (struct answer){ .said = SAID_NOTHING };
}

static bool send_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool receive_all(int fd, char *p, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, p, len, 0);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool ask_send(int fd, enum fw_request kind, const char *args, const void *text, size_t len)
{
	struct fw_part parts[] = { { args, (uint32_t)strlen(args) }, { text, (uint32_t)len } };
	fw_autofree char *bytes = NULL;
	size_t n;

	if (fw_wire_encode((uint16_t)kind, parts, text ? 2 : 1, &bytes, &n))
		return false;
	return send_all(fd, bytes, n);
}

/* Each line of a part is an object. */
static void take_lines(struct answer *a, const struct fw_part *p)
{
	const char *end = p->data + p->len;

	for (const char *s = p->data; s < end;) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((newline ? newline : end) - s);

		json_array_append_new(a->lines, json_loadb(s, len, 0, NULL));
		s += len + 1;
	}
}

/* true: there is more. */
static bool take_message(struct answer *a, const struct fw_message *m)
{
	if (m->kind == FW_REPLY_LINES)
		take_lines(a, &m->part[0]);
	else if (m->kind == FW_REPLY_TEXT)
		fw_buf_add(&a->text, m->part[1].data, m->part[1].len);
	else if (m->kind == FW_REPLY_END)
		a->end = json_loadb(m->part[0].data, m->part[0].len, 0, NULL);
	return !a->end;
}

void ask_receive(int fd, struct answer *a)
{
	fw_autofree struct fw_message *m = malloc(sizeof(*m));
	char h[FW_WIRE_HEADER];
	struct fw_wire_head head;
	bool more = true;

	*a = (struct answer){ .said = SAID_NOTHING, .lines = json_array() };
	while (more && receive_all(fd, h, sizeof(h))) {
		fw_autofree char *body = NULL;

		fw_wire_head_read(h, &head);
		body = malloc(head.bytes + 1);
		if (!body || !receive_all(fd, body, head.bytes) || fw_wire_decode(&head, body, m) || !m->nparts)
			return;
		more = take_message(a, m);
	}
	if (a->end)
		a->said = json_is_true(json_object_get(a->end, "ok")) ? SAID_OK : SAID_NO;
}

void ask(int fd, enum fw_request kind, const char *args, const void *text, size_t len, struct answer *a)
{
	*a = (struct answer){ .said = SAID_NOTHING };
	if (ask_send(fd, kind, args, text, len))
		ask_receive(fd, a);
	if (a->said != SAID_OK) {
		fw_autofree char *end = a->end ? json_dumps(a->end, JSON_COMPACT) : NULL;

		fail_msg("%s %s: %s", fw_request_info[kind].name, args, end ? end : "the daemon went away");
	}
}
