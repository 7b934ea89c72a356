// SPDX-License-Identifier: GPL-2.0-only
/* The list of what is attached, as this process and those before it left it. */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

/* A link's pin is named after its program and the index of its interface. */
static const char *const prefixes[FW_NPROGS] = {
	[FW_PROG_XDP] = "xdp-",
	[FW_PROG_TC_INGRESS] = "tc-ingress-",
	[FW_PROG_TC_EGRESS] = "tc-egress-",
};

const char *kern_link_path(const struct fw_kern *k, const struct folder *f, const struct attachment *a, char *buf)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%u", prefixes[a->prog], a->ifindex);
	return kern_pin_path(k, f, "links", name, buf);
}

/* Index of the interface and id of the program; 0 and 0: the interface is gone. */
static void link_info(int link, uint32_t *ifindex, uint32_t *prog)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	bool there = !bpf_obj_get_info_by_fd(link, &info, &len);

	/* A tcx link says its interface in the same place. */
	*ifindex = there ? info.xdp.ifindex : 0;
	*prog = *ifindex ? info.prog_id : 0;
}

uint32_t kern_attached_prog(const struct attachment *a)
{
	uint32_t ifindex, prog;

	if (a->link < 0)
		return kern_filter_prog(a);
	link_info(a->link, &ifindex, &prog);
	return prog;
}

int kern_attached_update(const struct attachment *a, int prog_fd)
{
	if (a->link < 0)
		return kern_filter_replace(a, prog_fd);
	return bpf_link_update(a->link, prog_fd, NULL) ? -errno : 0;
}

enum fw_xdp_mode kern_xdp_mode(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	return !bpf_xdp_query((int)ifindex, 0, &q) && q.attach_mode == XDP_ATTACHED_SKB ? FW_XDP_GENERIC :
											  FW_XDP_NATIVE;
}

int kern_attached_add(struct fw_kern *k, struct attachment a)
{
	int err = fw_vec_push(k->attached, k->nattached, k->attached_cap, a);

	if (err)
		kern_close_fd(&a.link);
	return err;
}

struct attachment *kern_attached_find(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog)
{
	for (size_t i = 0; i < k->nattached; i++)
		if (k->attached[i].ifindex == ifindex && k->attached[i].prog == prog)
			return &k->attached[i];
	return NULL;
}

/* Its place in the filters map of the folder that remembers it. */
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

void kern_attached_remove(struct fw_kern *k, struct attachment *a)
{
	struct attachment *last = &k->attached[k->nattached - 1];

	memmove(a, a + 1, (size_t)(last - a) * sizeof(*a));
	k->nattached--;
}

void kern_detach(struct fw_kern *k, const struct attachment *a)
{
	char path[PATH_MAX];

	if (a->link < 0) {
		kern_filter_remove(a);
		filter_forget(k, a);
		return;
	}
	/* The last to let go of a link detaches it at once, if that is a process. */
	if (k->pins)
		unlink(kern_link_path(k, &a->folder, a, path));
	close(a->link);
}

void kern_attached_prune(struct fw_kern *k)
{
	for (size_t i = k->nattached; i-- > 0;) {
		struct attachment *a = &k->attached[i];

		if (kern_attached_prog(a))
			continue;
		/* A classic filter went away with its interface, and another one may have its index now. */
		if (a->link < 0)
			filter_forget(k, a);
		else
			kern_detach(k, a);
		kern_attached_remove(k, a);
	}
}

/* The program that a link's pin is named after, or FW_NPROGS. */
static enum fw_prog prog_of(const char *pin)
{
	for (int i = 0; i < FW_NPROGS; i++)
		if (!strncmp(pin, prefixes[i], strlen(prefixes[i])))
			return (enum fw_prog)i;
	return FW_NPROGS;
}

static int link_load(struct fw_kern *k, const struct folder *f, const char *pin)
{
	struct attachment a = { .prog = prog_of(pin), .folder = *f };
	char path[PATH_MAX];
	uint32_t prog;

	kern_pin_path(k, f, "links", pin, path);
	if (a.prog == FW_NPROGS)
		return 0;
	a.link = bpf_obj_get(path);
	if (a.link < 0)
		return -errno;
	link_info(a.link, &a.ifindex, &prog);
	if (!a.ifindex) {
		unlink(path);
		close(a.link);
		return 0;
	}
	a.mode = a.prog == FW_PROG_XDP ? kern_xdp_mode(a.ifindex) : FW_XDP_AUTO;
	return kern_attached_add(k, a);
}

static int links_load(struct fw_kern *k, const struct folder *f)
{
	char path[PATH_MAX];
	DIR *dir = opendir(kern_pin_path(k, f, "links", "", path));
	const struct dirent *e;
	int err = 0;

	while (dir && !err && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			err = link_load(k, f, e->d_name);
	if (dir)
		closedir(dir);
	return err;
}

/* One that is noted may not have been made, may have gone with its interface, or may have come to our own folder. */
static int filter_load(struct fw_kern *k, const struct folder *f, int map, const struct filter_key *key)
{
	struct attachment a = { .link = -1, .ifindex = key->ifindex, .prog = (enum fw_prog)key->prog, .folder = *f };
	struct filter_value value;

	if (key->prog >= FW_NPROGS || bpf_map_lookup_elem(map, key, &value))
		return 0;
	a.handle = value.handle;
	a.priority = value.priority;
	a.qdisc = value.qdisc;
	if (!kern_attached_find(k, a.ifindex, a.prog) && kern_prog_is_ours(k, a.prog, kern_filter_prog(&a)))
		return kern_attached_add(k, a);
	kern_filter_forget(map, &a);
	return 0;
}

static int filters_load(struct fw_kern *k, const struct folder *f)
{
	struct filter_key key, next;
	char path[PATH_MAX];
	int map = bpf_obj_get(kern_pin_path(k, f, "maps", "filters", path)), err = 0;
	bool more = map >= 0 && !bpf_map_get_next_key(map, NULL, &key);

	while (more && !err) {
		more = !bpf_map_get_next_key(map, &key, &next);
		err = filter_load(k, f, map, &key);
		key = next;
	}
	if (map >= 0)
		close(map);
	return err;
}

int kern_attached_load(struct fw_kern *k)
{
	fw_autofree struct folder *folders = NULL;
	size_t n;
	int err = links_load(k, &k->folder);

	if (!err)
		err = filters_load(k, &k->folder);
	if (!err)
		err = kern_folders(k, &folders, &n);
	for (size_t i = 0; !err && i < n; i++) {
		if (!strcmp(folders[i].name, k->folder.name))
			continue;
		err = links_load(k, &folders[i]);
		if (!err)
			err = filters_load(k, &folders[i]);
	}
	return err;
}

bool fw_kern_attached(const struct fw_kern *k, size_t i, struct fw_kern_attachment *out)
{
	for (size_t j = 0; j < k->nattached; j++) {
		const struct attachment *a = &k->attached[j];

		if (!kern_attached_prog(a) || i--)
			continue;
		*out = (struct fw_kern_attachment){ a->ifindex, a->prog, a->mode };
		return true;
	}
	return false;
}
