// SPDX-License-Identifier: GPL-2.0-only
/* One attachment, a BPF link or a classic tc filter: its pin or note, its interface and its program. */
#include "kern.h"

#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

const char *const fw_prog_names[FW_NPROGS] = {
#define NAME(sym, name, direction) [FW_PROG_##sym] = name,
	FW_PROGS(NAME)
#undef NAME
};

#define GUARD_NAME "guard-" /* that of the guard's links */
#define L3_NAME "l3-"       /* the pin's name on interfaces without Ethernet header begins so */

/*
 * A link's pin is named after its program and its id: interface indices differ between network namespaces. Those of netfilter's
 * hooks are also named after the namespace, which lasts as long as the link.
 */
const char *kern_link_path(const struct fw_kern *k, const struct folder *f, const struct attachment *a, char *buf)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "%s%s%s-%u", a->guard ? GUARD_NAME : "", a->l3 ? L3_NAME : "",
			 fw_prog_names[a->prog], a->id);

	if (fw_prog_is_nf(a->prog))
		snprintf(name + n, sizeof(name) - (size_t)n, "-%llu", (unsigned long long)a->netns);
	return kern_pin_path(k, f, "links", name, buf);
}

/* The number after the last dash. */
static uint64_t netns_of(const char *pin)
{
	const char *dash = strrchr(pin, '-');

	return dash ? strtoull(dash + 1, NULL, 10) : 0;
}

/* Sets the program that a link's pin is named after. false: the name is none of ours. */
static bool read_name(const char *pin, struct attachment *a)
{
	a->l3 = !strncmp(pin, L3_NAME, strlen(L3_NAME));
	pin += a->l3 ? strlen(L3_NAME) : 0;
	a->guard = !strncmp(pin, GUARD_NAME, strlen(GUARD_NAME));
	pin += a->guard ? strlen(GUARD_NAME) : 0;
	for (int i = 0; i < FW_NPROGS; i++)
		if (!strncmp(pin, fw_prog_names[i], strlen(fw_prog_names[i]))) {
			a->prog = (enum fw_prog)i;
			a->netns = fw_prog_is_nf(a->prog) ? netns_of(pin) : 0;
			return true;
		}
	return false;
}

/* Return: the interface's index in its network namespace; 0: it is gone. */
static uint32_t link_info(int link, struct bpf_link_info *info)
{
	uint32_t len = sizeof(*info);

	*info = (struct bpf_link_info){ 0 };
	/* A tcx link has its ifindex at the same offset. */
	return bpf_obj_get_info_by_fd(link, info, &len) ? 0 : info->xdp.ifindex;
}

uint32_t kern_link_id(int link)
{
	struct bpf_link_info info;

	link_info(link, &info);
	return info.id;
}

int kern_link_open(const char *path, const char *name, struct attachment *out)
{
	struct bpf_link_info info;

	*out = (struct attachment){ .link = -1 };
	if (!read_name(name, out))
		return -ENOENT;
	out->link = bpf_obj_get(path);
	if (out->link < 0)
		return -errno;
	out->ifindex = fw_prog_is_nf(out->prog) ? 0 : link_info(out->link, &info);
	out->family = fw_prog_is_nf(out->prog) ? kern_netfilter_family(out->link) : 0;
	out->id = kern_link_id(out->link);
	return 0;
}

bool kern_attachment_find(struct attachment *a)
{
	struct bpf_link_info info;

	if (a->link < 0)
		return kern_filter_prog(a);
	if (fw_prog_is_nf(a->prog))
		return kern_netfilter_family(a->link);
	a->ifindex = link_info(a->link, &info);
	return a->ifindex;
}

uint32_t kern_attachment_prog(const struct attachment *a)
{
	struct bpf_link_info info;

	if (a->link < 0)
		return kern_filter_prog(a);
	if (fw_prog_is_nf(a->prog))
		return kern_netfilter_prog(a);
	return link_info(a->link, &info) ? info.prog_id : 0;
}

int kern_attachment_update(const struct attachment *a, int prog_fd)
{
	if (a->link < 0)
		return kern_filter_replace(a, prog_fd);
	if (fw_prog_is_nf(a->prog))
		return kern_netfilter_update(a, prog_fd);
	return bpf_link_update(a->link, prog_fd, NULL) ? -errno : 0;
}

/* Deletes a filter's note from the map of the folder that has it. */
static void filter_forget(const struct fw_kern *k, const struct attachment *a)
{
	char path[PATH_MAX];
	int map = k->maps[MAP_FILTERS];

	if (!k->pins || !strcmp(a->folder.name, k->folder.name)) {
		kern_filter_forget(map, a);
		return;
	}
	map = bpf_obj_get(kern_pin_path(k, &a->folder, "maps", "filters", path));
	if (map < 0)
		return;
	kern_filter_forget(map, a);
	close(map);
}

void kern_attachment_forget(const struct fw_kern *k, const struct attachment *a)
{
	char path[PATH_MAX];

	if (a->link < 0) {
		filter_forget(k, a);
		return;
	}
	if (k->pins)
		unlink(kern_link_path(k, &a->folder, a, path));
	close(a->link);
}

void kern_attachment_undo(const struct fw_kern *k, const struct attachment *a)
{
	if (a->link < 0)
		kern_filter_remove(a);
	else
		bpf_link_detach(a->link); /* at once: the kernel may drop the pin and the descriptor later */
	kern_attachment_forget(k, a);
}
