// SPDX-License-Identifier: GPL-2.0-only
/* What an earlier process has left attached, to be shown to root: takes over, moves and removes nothing. */
#include "kern.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

struct left {
	struct fw_kern none; /* without attachments */
	struct fw_kern_attachment *v;
	size_t n, cap;
};

/* Adds an attachment if it is on an interface of this network namespace. */
static int add(struct left *l, struct attachment *a)
{
	if (!kern_attachment_prog(a) || !kern_is_here(&l->none, a))
		return 0;
	return fw_vec_push(l->v, l->n, l->cap,
			   ((struct fw_kern_attachment){
				   .ifindex = a->ifindex,
				   .prog = a->prog,
				   .mode = a->mode,
				   .link = a->id,
				   .in_front = kern_in_front(a),
				   .family = a->family,
				   .guard = a->guard,
			   }));
}

/* Adds the links that are pinned below @live, a version's folder of pins. 0 or -errno. */
static int add_links(struct left *l, const char *live)
{
	char path[PATH_MAX], pin[PATH_MAX];
	const struct dirent *e;
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%.*s/links", PATH_MAX - 8, live);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir))) {
		struct attachment a;

		if (e->d_name[0] == '.' || snprintf(pin, sizeof(pin), "%s/%s", path, e->d_name) >= PATH_MAX)
			continue;
		err = kern_link_open(pin, e->d_name, &a);
		if (!err)
			err = add(l, &a);
		else if (err == -ENOENT)
			err = 0;
		kern_close_fd(&a.link);
	}
	closedir(dir);
	return err;
}

/* Adds the classic filters that are noted there. 0 or -errno. */
static int add_filters(struct left *l, const char *live)
{
	struct filter_key key;
	char path[PATH_MAX];
	int map, err = 0;
	bool more;

	snprintf(path, sizeof(path), "%.*s/maps/filters", PATH_MAX - 16, live);
	map = bpf_obj_get(path);
	if (map < 0)
		return -errno;
	more = !bpf_map_get_next_key(map, NULL, &key);
	while (more && !err) {
		struct attachment a = { .link = -1, .ifindex = key.ifindex, .prog = (enum fw_prog)key.prog };
		struct filter_value value;

		if (key.prog < FW_NPROGS && !bpf_map_lookup_elem(map, &key, &value)) {
			a.handle = value.handle;
			a.priority = value.priority;
			err = add(l, &a);
		}
		more = !bpf_map_get_next_key(map, &key, &key);
	}
	close(map);
	return err;
}

int fw_kern_left(const char *pins, struct fw_kern_attachment **out, size_t *n)
{
	struct left l = { .v = NULL };
	char live[PATH_MAX];
	int err;

	if (snprintf(live, sizeof(live), "%s/" FW_READERS "/live", pins) > PATH_MAX - 32)
		return -ENAMETOOLONG;
	err = add_links(&l, live);
	if (!err)
		err = add_filters(&l, live);
	if (err) {
		free(l.v);
		return err;
	}
	*out = l.v;
	*n = l.n;
	return 0;
}
