// SPDX-License-Identifier: GPL-2.0-only
/* The state of interfaces, according to the kernel. */
#include "world.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/kern/kern.h"
#include "tests/unit/sandbox.h"

#define FOREIGN_MAX 8

static int spaces[SPACES];
static pid_t holders[SPACES];
static unsigned peers;
static int foreign_links[FOREIGN_MAX], foreign_progs[2] = { -1, -1 }; /* tcx links; an XDP program and one of tc */
static unsigned nforeign;

/* A process that keeps a namespace, by which others can enter it. */
static pid_t hold(bool new_space)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (new_space && unshare(CLONE_NEWNET))
			_exit(1);
		(void)!write(ready[1], &byte, 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

void world_open(void)
{
	for (unsigned i = 0; i < SPACES; i++) {
		char path[64];

		holders[i] = hold(i);
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)holders[i]);
		spaces[i] = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(spaces[i] >= 0);
	}
	foreign_progs[0] = sandbox_foreign(BPF_PROG_TYPE_XDP, XDP_PASS);
	foreign_progs[1] = sandbox_foreign(BPF_PROG_TYPE_SCHED_CLS, 0);
}

void world_enter(unsigned space)
{
	assert_int_equal(setns(spaces[space], CLONE_NEWNET), 0);
}

/* Runs it without output. Is its exit code 0? */
static bool run(char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int err, status = 0;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return !err && waitpid(pid, &status, 0) == pid && !status;
}

bool world_ip(unsigned space, const char *fmt, ...)
{
	char args[200], *argv[20] = { "ip" }, *rest = args;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(args, sizeof(args), fmt, ap);
	va_end(ap);
	for (size_t n = 1; rest; n++) {
		assert_true(n + 1 < sizeof(argv) / sizeof(*argv));
		argv[n] = strsep(&rest, " ");
	}
	world_enter(space);
	return run(argv);
}

void world_add(const char *name)
{
	unsigned peer = peers++;

	assert_true(world_ip(0, "link add %s type veth peer name peer%u", name, peer));
	world_ip(0, "link set %s up", name);
	world_ip(0, "link set peer%u up", peer);
}

void world_move(const struct seen *s)
{
	if (world_ip(s->space, "link set %s netns %d", s->name, (int)holders[!s->space]))
		world_ip(!s->space, "link set %s up", s->name);
}

void world_foreign_gone(void)
{
	struct view v;

	while (nforeign)
		close(foreign_links[--nforeign]);
	world_look(&v);
	for (unsigned i = 0; i < v.n; i++) {
		world_enter(v.seen[i].space);
		if (v.seen[i].first[FW_PROG_XDP] && !v.seen[i].ours[FW_PROG_XDP])
			bpf_xdp_detach((int)v.seen[i].index, XDP_FLAGS_DRV_MODE, NULL);
	}
}

void world_clear(void)
{
	struct view v;

	world_foreign_gone();
	world_look(&v);
	for (unsigned i = 0; i < v.n; i++)
		world_ip(v.seen[i].space, "link del %s", v.seen[i].name);
}

void world_foreign_xdp(const struct seen *s)
{
	world_enter(s->space);
	bpf_xdp_attach((int)s->index, foreign_progs[0], XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
}

void world_foreign_tc(const struct seen *s, enum fw_prog hook, bool in_front)
{
	int type = hook == FW_PROG_TC_INGRESS ? 46 : 47, fd; /* BPF_TCX_INGRESS, BPF_TCX_EGRESS */

	world_enter(s->space);
	if (nforeign == FOREIGN_MAX)
		return;
	if (in_front)
		fd = kern_chain_head(s->index, hook, foreign_progs[1]);
	else
		fd = bpf_link_create(foreign_progs[1], (int)s->index, (enum bpf_attach_type)type, NULL);
	if (fd >= 0)
		foreign_links[nforeign++] = fd;
}

static bool is_ours(uint32_t prog)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = prog ? bpf_prog_get_fd_by_id(prog) : -1;
	bool ours = fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strncmp(info.name, "fw_", 3);

	kern_close_fd(&fd);
	return ours;
}

static void look_at_chain(struct seen *s, enum fw_prog hook)
{
	struct chain c;

	if (kern_chain_read(s->index, hook, &c) || !c.n)
		return;
	s->first[hook] = c.prog[0];
	for (uint32_t i = 0; i < c.n; i++)
		if (is_ours(c.prog[i])) {
			s->ours[hook] = true;
			s->own[hook] = c.prog[i];
		}
}

static void look_at(struct view *v, unsigned space, const struct ifaddrs *a)
{
	const struct sockaddr_ll *at = (const void *)a->ifa_addr;
	struct seen *s = &v->seen[v->n];

	if (!at || at->sll_family != AF_PACKET || !strcmp(a->ifa_name, "lo") || !strncmp(a->ifa_name, "peer", 4))
		return;
	assert_true(v->n++ < SEEN_MAX);
	*s = (struct seen){ .space = space, .index = (uint32_t)at->sll_ifindex };
	snprintf(s->name, sizeof(s->name), "%s", a->ifa_name);
	memcpy(s->mac, at->sll_addr, sizeof(s->mac));
	s->first[FW_PROG_XDP] = kern_xdp_view(s->index).prog;
	s->ours[FW_PROG_XDP] = is_ours(s->first[FW_PROG_XDP]);
	look_at_chain(s, FW_PROG_TC_INGRESS);
	look_at_chain(s, FW_PROG_TC_EGRESS);
}

void world_look(struct view *out)
{
	*out = (struct view){ 0 };
	for (unsigned space = 0; space < SPACES; space++) {
		struct ifaddrs *all = NULL;

		world_enter(space);
		assert_int_equal(getifaddrs(&all), 0);
		for (const struct ifaddrs *a = all; a; a = a->ifa_next)
			look_at(out, space, a);
		freeifaddrs(all);
	}
}

const struct seen *view_find(const struct view *v, const struct seen *like)
{
	for (unsigned i = 0; i < v->n; i++)
		if (!memcmp(v->seen[i].mac, like->mac, sizeof(like->mac)))
			return &v->seen[i];
	return NULL;
}

bool seen_filtered(const struct seen *s)
{
	return s->ours[FW_PROG_XDP] || s->ours[FW_PROG_TC_INGRESS];
}
