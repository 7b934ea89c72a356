// SPDX-License-Identifier: GPL-2.0-only
/* The list of what is attached, as this process and those before it left it. */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

const char *const fw_prog_names[FW_NPROGS] = {
#define NAME(sym, name, direction) [FW_PROG_##sym] = name,
	FW_PROGS(NAME)
#undef NAME
};

/* On interfaces without Ethernet header. */
#define L3_NAME "l3-"

/* Named after its program and its id: an index would be one of some network namespace. */
const char *kern_link_path(const struct fw_kern *k, const struct folder *f, const struct attachment *a, char *buf)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%s-%u", a->l3 ? L3_NAME : "", fw_prog_names[a->prog], a->id);
	return kern_pin_path(k, f, "links", name, buf);
}

/* Index of the interface, in its network namespace; 0: it is gone. */
static uint32_t link_info(int link, struct bpf_link_info *info)
{
	uint32_t len = sizeof(*info);

	*info = (struct bpf_link_info){ 0 };
	/* A tcx link says its interface in the same place. */
	return bpf_obj_get_info_by_fd(link, info, &len) ? 0 : info->xdp.ifindex;
}

uint32_t kern_link_id(int link)
{
	struct bpf_link_info info;

	link_info(link, &info);
	return info.id;
}

uint32_t kern_attached_prog(const struct attachment *a)
{
	struct bpf_link_info info;

	if (a->link < 0)
		return kern_filter_prog(a);
	return link_info(a->link, &info) ? info.prog_id : 0;
}

int kern_attached_update(const struct attachment *a, int prog_fd)
{
	if (a->link < 0)
		return kern_filter_replace(a, prog_fd);
	return bpf_link_update(a->link, prog_fd, NULL) ? -errno : 0;
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
		if (k->attached[i].ifindex == ifindex && k->attached[i].prog == prog && !k->attached[i].away)
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
	/* At once: the pin and the descriptor may go a moment later. */
	bpf_link_detach(a->link);
	if (k->pins)
		unlink(kern_link_path(k, &a->folder, a, path));
	close(a->link);
}

/* The interface may have another index than before: it may have gone to another namespace. */
static bool is_there(struct attachment *a)
{
	struct bpf_link_info info;

	if (a->link < 0)
		return kern_filter_prog(a);
	a->ifindex = link_info(a->link, &info);
	return a->ifindex;
}

void kern_attached_prune(struct fw_kern *k)
{
	for (size_t i = k->nattached; i-- > 0;) {
		struct attachment *a = &k->attached[i];

		if (is_there(a))
			continue;
		/* A classic filter went away with its interface, and another one may have its index now. */
		if (a->link < 0)
			filter_forget(k, a);
		else
			kern_detach(k, a);
		kern_attached_remove(k, a);
	}
}

/* The program that a link's pin is named after. false: none of ours. */
static bool read_name(const char *pin, struct attachment *a)
{
	a->l3 = !strncmp(pin, L3_NAME, strlen(L3_NAME));
	pin += a->l3 ? strlen(L3_NAME) : 0;
	for (int i = 0; i < FW_NPROGS; i++)
		if (!strncmp(pin, fw_prog_names[i], strlen(fw_prog_names[i]))) {
			a->prog = (enum fw_prog)i;
			return true;
		}
	return false;
}

static struct attachment *by_id(struct fw_kern *k, uint32_t link)
{
	for (size_t i = 0; link && i < k->nattached; i++)
		if (k->attached[i].id == link)
			return &k->attached[i];
	return NULL;
}

/* A version before may have named the pin by another number. */
static int link_name(const struct fw_kern *k, const struct attachment *a, const char *path)
{
	char right[PATH_MAX];

	kern_link_path(k, &a->folder, a, right);
	return strcmp(path, right) && rename(path, right) ? -errno : 0;
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
	out->ifindex = link_info(out->link, &info);
	out->id = info.id;
	return 0;
}

static int link_load(struct fw_kern *k, const struct folder *f, const char *pin)
{
	struct attachment a;
	char path[PATH_MAX];
	int err = kern_link_open(kern_pin_path(k, f, "links", pin, path), pin, &a);

	if (err)
		return err == -ENOENT ? 0 : err;
	a.folder = *f;
	if (!a.ifindex)
		unlink(path);
	if (!a.ifindex || by_id(k, a.id)) {
		close(a.link);
		return 0;
	}
	err = link_name(k, &a, path);
	if (!err)
		return kern_attached_add(k, a);
	close(a.link);
	return err;
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

/*
 * One that is noted may not have been made, may have gone with its interface, or may have come to our own folder. Its
 * program says which kind of interface it is on.
 */
static int filter_load(struct fw_kern *k, const struct folder *f, int map, const struct filter_key *key)
{
	struct attachment a = { .link = -1, .ifindex = key->ifindex, .prog = (enum fw_prog)key->prog, .folder = *f };
	struct filter_value value;
	uint32_t id;

	if (key->prog >= FW_NPROGS || bpf_map_lookup_elem(map, key, &value))
		return 0;
	a.handle = value.handle;
	a.priority = value.priority;
	a.qdisc = value.qdisc;
	id = kern_filter_prog(&a);
	a.l3 = kern_prog_is_ours(k, PROG_L3 + (int)a.prog, id);
	if (!kern_attached_find(k, a.ifindex, a.prog) && kern_prog_is_ours(k, kern_which(&a), id))
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

/*
 * Whoever was killed while moving a link to the head of its chain left two: the one that goes is that with a stand-in.
 */
static void remove_twins(struct fw_kern *k)
{
	for (size_t i = k->nattached; i-- > 0;) {
		struct attachment *a = &k->attached[i], *first = kern_attached_find(k, a->ifindex, a->prog);

		if (a->away || first == a)
			continue;
		if (!kern_prog_is_ours(k, kern_which(first), kern_attached_prog(first))) {
			struct attachment swap = *a;

			*a = *first;
			*first = swap;
		}
		kern_detach(k, a);
		kern_attached_remove(k, a);
	}
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
	if (err)
		return err;
	kern_places_tell(k);
	remove_twins(k);
	return 0;
}

void fw_kern_look(struct fw_kern *k)
{
	kern_attached_prune(k);
	for (size_t i = 0; i < k->nattached; i++) {
		struct attachment *a = &k->attached[i];

		a->away = !kern_is_here(k, a);
		a->in_front = a->away ? 0 : kern_in_front(a);
	}
}

bool fw_kern_attached(const struct fw_kern *k, size_t i, struct fw_kern_attachment *out)
{
	const struct attachment *a = k->attached + (i < k->nattached ? i : 0);

	if (i >= k->nattached)
		return false;
	*out = (struct fw_kern_attachment){ a->ifindex, a->prog, a->mode, a->id, a->away, a->in_front };
	return true;
}
