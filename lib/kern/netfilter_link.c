// SPDX-License-Identifier: GPL-2.0-only
/*
 * A link on a hook of netfilter. The kernel cannot make such a link run another program, so it runs a stub, which only calls the
 * program in its slot of the map `hooks`, and a version takes over from another by storing its program there: one step for all
 * links. The map is shared by all versions.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <linux/netfilter.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From bpf(2), for systems with older headers; since Linux 6.4. */
#define PROG_TYPE_NETFILTER 32
#define ATTACH_TYPE_NETFILTER 45
#define LINK_TYPE_NETFILTER 10

/*
 * Hooks take one link of each priority, so the first free one is used, from just before that of the filter table (0) on: for the
 * classifier -3, -4 and so on, for the guard -1, 0 and so on. Between them is the table of netfilter_tree.c.
 */
#define PRIORITIES 16
#define PRIORITY_FIRST (-3)
#define PRIORITY_GUARD (-1)

struct netfilter_at {
	uint32_t family, hook;
	int32_t priority;
	uint32_t flags;
};

/* For bpf(2), which takes more than its older declarations have. */
struct link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	struct netfilter_at at;
	uint8_t rest[96];
};

int kern_hooks_new(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "fw_hooks", sizeof(uint32_t), sizeof(uint32_t), 2, NULL);

	return map < 0 ? -errno : map;
}

/* Loads the stub, which calls a program in the map. Without one, it drops the packet. 0 or -errno. */
static int load_stub(struct fw_kern *k, bool guard)
{
	const int map = k->maps[MAP_HOOKS];
	const struct bpf_insn insns[] = {
		{ .code = LD_IMM64, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = guard },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = NF_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = ATTACH_TYPE_NETFILTER);

	if (k->stub[guard] >= 0)
		return 0;
	k->stub[guard] = bpf_prog_load((enum bpf_prog_type)PROG_TYPE_NETFILTER, "fw_hook", "GPL", insns,
				       sizeof(insns) / sizeof(*insns), &opts);
	return k->stub[guard] < 0 ? -errno : 0;
}

bool kern_netfilter_has_links(struct fw_kern *k)
{
	return !load_stub(k, false);
}

/* Return: the link's descriptor; -EBUSY: there is a link of this priority; -errno. */
static int link_create(int stub, const struct netfilter_at *at)
{
	struct link_create attr = { .prog_fd = (uint32_t)stub, .attach_type = ATTACH_TYPE_NETFILTER, .at = *at };
	int link = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return link < 0 ? -errno : link;
}

int kern_netfilter_link(struct fw_kern *k, uint32_t family, uint32_t hook, bool guard)
{
	struct netfilter_at at = { .family = family, .hook = hook };
	int link = load_stub(k, guard);

	if (link)
		return link;
	link = -EBUSY;
	for (int32_t i = 0; i < PRIORITIES && link == -EBUSY; i++) {
		at.priority = guard ? PRIORITY_GUARD + i : PRIORITY_FIRST - i;
		link = link_create(k->stub[guard], &at);
	}
	return link;
}

uint64_t kern_netns(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) ? 0 : st.st_ino;
}

/* Sets @at and the id of the stub. false: it is not such a link. */
static bool link_info(int link, struct netfilter_at *at, struct bpf_link_info *info)
{
	uint32_t len = sizeof(*info);

	_Static_assert(sizeof(*at) <= sizeof(*info) - offsetof(struct bpf_link_info, xdp),
		       "the kernel returns all of it");
	*info = (struct bpf_link_info){ 0 };
	if (bpf_obj_get_info_by_fd(link, info, &len) || info->type != LINK_TYPE_NETFILTER)
		return false;
	memcpy(at, &info->xdp, sizeof(*at));
	return true;
}

uint8_t kern_netfilter_family(int link)
{
	struct bpf_link_info info;
	struct netfilter_at at;

	return link_info(link, &at, &info) ? (uint8_t)at.family : 0;
}

/* The kernel does not tell of a link whether somebody has detached it. But then its place is free. */
bool kern_netfilter_holds(struct fw_kern *k, const struct attachment *a)
{
	struct bpf_link_info info;
	struct netfilter_at at;
	int link;

	if (a->netns != kern_netns() || !link_info(a->link, &at, &info) || load_stub(k, a->guard))
		return true;
	link = link_create(k->stub[a->guard], &at);
	if (link < 0)
		return true;
	close(link);
	return false;
}

/* Opens the map that a link's stub reads. Return: its descriptor or -errno. */
static int hooks_of(const struct attachment *a)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info), map = 0;
	struct bpf_link_info link;
	struct netfilter_at at;
	int fd = link_info(a->link, &at, &link) ? bpf_prog_get_fd_by_id(link.prog_id) : -1, err;

	if (fd < 0)
		return -ENOENT;
	info.nr_map_ids = 1;
	info.map_ids = (uintptr_t)&map;
	err = bpf_obj_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	close(fd);
	if (err)
		return err;
	fd = bpf_map_get_fd_by_id(map);
	return fd < 0 ? -errno : fd;
}

uint32_t kern_netfilter_prog(const struct attachment *a)
{
	uint32_t slot = a->guard, id = 0;
	int map = hooks_of(a);

	if (map >= 0 && bpf_map_lookup_elem(map, &slot, &id))
		id = 0;
	kern_close_fd(&map);
	return id;
}

int kern_netfilter_update(const struct attachment *a, int prog_fd)
{
	uint32_t slot = a->guard;
	int map = hooks_of(a), err = map < 0 ? map : 0;

	if (!err && bpf_map_update_elem(map, &slot, &prog_fd, 0))
		err = -errno;
	kern_close_fd(&map);
	return err;
}
