// SPDX-License-Identifier: GPL-2.0-only
/* The real daemon: started, asked over its socket, killed. */
#include "daemon.h"

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

void daemon_make(struct daemon *d, const char *name)
{
	*d = (struct daemon){ .pid = 0 };
	snprintf(d->folder, sizeof(d->folder), "%s/%s", kills_folder, name);
	snprintf(d->store, sizeof(d->store), "%s/store", d->folder);
	snprintf(d->sock, sizeof(d->sock), "%s/sock", d->folder);
	snprintf(d->log, sizeof(d->log), "%s/log", d->folder);
	snprintf(d->pins, sizeof(d->pins), SANDBOX_BPFFS "/kills-%s", name);
	if (mkdir(d->folder, 0700) && errno != EEXIST)
		fail_msg("%s: %s", d->folder, strerror(errno));
}

/* In the child, which ends with the test. */
static void become_fwd(const struct daemon *d, const char *option)
{
	int log = open(d->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execl(kills_fwd, kills_fwd, "--socket", d->sock, "--store", d->store, "--pins", d->pins, option, (char *)NULL);
	_exit(127);
}

void daemon_start(struct daemon *d)
{
	fflush(stdout);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (!d->pid)
		become_fwd(d, NULL);
}

int daemon_stop(struct daemon *d, int sig)
{
	int status = 0;

	if (d->pid) {
		kill(d->pid, sig);
		waitpid(d->pid, &status, 0);
	}
	d->pid = 0;
	return status;
}

int daemon_detach(struct daemon *d)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		become_fwd(d, "--detach");
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void daemon_clear(const struct daemon *d)
{
	DIR *folder = opendir(d->folder);
	const struct dirent *f;

	while (folder && (f = readdir(folder)))
		if (f->d_name[0] != '.' && strcmp(f->d_name, "log") != 0)
			unlinkat(dirfd(folder), f->d_name, 0);
	if (folder)
		closedir(folder);
}

void daemon_end(struct daemon *d)
{
	if (d->pid)
		daemon_show_log(d);
	daemon_stop(d, SIGKILL);
	daemon_clear(d);
	unlink(d->log);
	rmdir(d->folder);
}

void daemon_copy(const char *from, const char *to)
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

bool daemon_is_gone(const struct daemon *d)
{
	DIR *folder = opendir(d->pins);
	const struct dirent *f;

	while (folder && (f = readdir(folder)) && f->d_name[0] == '.')
		;
	if (!folder)
		return errno == ENOENT;
	closedir(folder);
	return !f;
}

void daemon_show_log(const struct daemon *d)
{
	FILE *f = fopen(d->log, "re");
	char line[512];

	/* Only the end of a long log. */
	if (f && !fseek(f, -1000, SEEK_END))
		while (fgets(line, sizeof(line), f) && !strchr(line, '\n'))
			;
	while (f && fgets(line, sizeof(line), f))
		printf("fwd: %s", line);
	if (f)
		fclose(f);
	fflush(stdout);
}

static int dial_once(const struct daemon *d)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", d->sock);
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

int daemon_dial(struct daemon *d)
{
	double until = fw_now() + START_SECONDS;
	int fd, status = 0;

	while ((fd = dial_once(d)) < 0) {
		bool ended = waitpid(d->pid, &status, WNOHANG) == d->pid;

		if (ended || fw_now() > until) {
			daemon_show_log(d);
			d->pid = ended ? 0 : d->pid;
			fail_msg("fwd %s: status 0x%x", ended ? "ended by itself" : "does not start", status);
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
