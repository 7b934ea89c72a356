// SPDX-License-Identifier: GPL-2.0-only
/* The list of attachments, by this process and earlier ones. */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

int kern_attached_add(struct fw_kern *k, struct attachment a)
{
	int err = fw_vec_push(k->attached, k->nattached, k->attached_cap, a);

	if (err)
		kern_close_fd(&a.link);
	return err;
}

int kern_attached_pin(struct fw_kern *k, struct attachment a)
{
	char path[PATH_MAX];
	int err;

	a.folder = k->folder;
	a.id = a.link >= 0 ? kern_link_id(a.link) : 0;
	err = kern_attached_add(k, a);
	if (err || !k->pins || a.link < 0 || !bpf_obj_pin(a.link, kern_link_path(k, &a.folder, &a, path)))
		return err;
	err = -errno;
	close(a.link);
	k->nattached--;
	return err;
}

struct attachment *kern_attached_find(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog)
{
	for (size_t i = 0; i < k->nattached; i++)
		if (k->attached[i].ifindex == ifindex && k->attached[i].prog == prog && !k->attached[i].away)
			return &k->attached[i];
	return NULL;
}

void kern_attached_remove(struct fw_kern *k, struct attachment *a)
{
	struct attachment *last = &k->attached[k->nattached - 1];

	memmove(a, a + 1, (size_t)(last - a) * sizeof(*a));
	k->nattached--;
}

void kern_attached_prune(struct fw_kern *k)
{
	for (size_t i = k->nattached; i-- > 0;) {
		struct attachment *a = &k->attached[i];

		if (kern_attachment_find(a) && (!fw_prog_is_nf(a->prog) || kern_netfilter_holds(k, a)))
			continue;
		/* Not undone: a classic filter is gone with its interface, and another interface may have its index now. */
		kern_attachment_forget(k, a);
		kern_attached_remove(k, a);
	}
}

static struct attachment *by_id(struct fw_kern *k, uint32_t link)
{
	for (size_t i = 0; link && i < k->nattached; i++)
		if (k->attached[i].id == link)
			return &k->attached[i];
	return NULL;
}

/* An earlier version may have put another number into the pin's name. */
static int link_name(const struct fw_kern *k, const struct attachment *a, const char *path)
{
	char right[PATH_MAX];

	kern_link_path(k, &a->folder, a, right);
	return strcmp(path, right) && rename(path, right) ? -errno : 0;
}

/* Adds the link of a pin to the list, unless it is there or its interface is gone, which removes the pin. 0 or -errno. */
static int link_load(struct fw_kern *k, const struct folder *f, const char *pin)
{
	struct attachment a;
	char path[PATH_MAX];
	int err = kern_link_open(kern_pin_path(k, f, "links", pin, path), pin, &a);
	bool found;

	if (err)
		return err == -ENOENT ? 0 : err;
	found = kern_attachment_find(&a);
	a.folder = *f;
	if (!found)
		unlink(path);
	if (!found || by_id(k, a.id)) {
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
 * A filter that is noted may not have been created, may be gone with its interface, or may have moved to our own folder. Its
 * program tells which kind of interface it is on.
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
 * A process that was killed while it moved a link to the head of its chain left two: removes the one that runs a stand-in.
 */
static void remove_twins(struct fw_kern *k)
{
	for (size_t i = k->nattached; i-- > 0;) {
		struct attachment *a = &k->attached[i], *first = kern_attached_find(k, a->ifindex, a->prog);

		if (a->away || first == a || fw_prog_is_nf(a->prog))
			continue;
		if (!kern_prog_is_ours(k, kern_which(first), kern_attachment_prog(first))) {
			struct attachment swap = *a;

			*a = *first;
			*first = swap;
		}
		kern_attachment_undo(k, a);
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
	*out = (struct fw_kern_attachment){ a->ifindex, a->prog,     a->mode,   a->id,
					    a->away,    a->in_front, a->family, a->guard };
	return true;
}
