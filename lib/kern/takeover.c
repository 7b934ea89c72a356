// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking over from another version of the programs. Once our tables are
 * published, its links and filters are updated to run our programs, one by one
 * and each atomically, so every packet is filtered by one version or the other.
 * Then their pins move to our folder. A process that is killed in between leaves
 * links with the program or in the folder of another version, and the next
 * process, of whichever version, takes those over.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* @before: receives the programs that were replaced, -1 where nothing changed. */
static int point_all(struct fw_kern *k, int *before)
{
	for (size_t i = 0; i < k->nattached; i++) {
		const struct attachment *a = &k->attached[i];
		uint32_t id = kern_attachment_prog(a);
		int err;

		if (id == kern_prog_id(kern_prog_of(k, a)))
			continue;
		before[i] = bpf_prog_get_fd_by_id(id);
		err = before[i] < 0 ? -errno : kern_attachment_update(a, kern_prog_of(k, a));
		/* It is not a failure if the interface is gone by now. */
		if (err && kern_attachment_prog(a))
			return err;
	}
	return 0;
}

static void point_back(struct fw_kern *k, const int *before)
{
	for (size_t i = 0; i < k->nattached; i++)
		if (before[i] >= 0)
			kern_attachment_update(&k->attached[i], before[i]);
}

static int need_programs(struct fw_kern *k)
{
	int err = 0;

	for (size_t i = 0; i < k->nattached && !err; i++)
		err = kern_programs_need(k, k->attached[i].prog, k->attached[i].l3);
	return err;
}

static int note_here(struct fw_kern *k)
{
	int err = 0;

	for (size_t i = 0; i < k->nattached && !err; i++)
		if (k->attached[i].link < 0)
			err = kern_filter_note(k->maps[MAP_FILTERS], &k->attached[i]);
	return err;
}

/* Moves a pin or note to our folder. A pin that cannot move stays, and the next process tries again. */
static void move(struct fw_kern *k, struct attachment *a)
{
	char from[PATH_MAX], to[PATH_MAX];
	int map;

	if (!strcmp(a->folder.name, k->folder.name))
		return;
	if (a->link >= 0) {
		kern_link_path(k, &a->folder, a, from);
		if (rename(from, kern_link_path(k, &k->folder, a, to)))
			return;
	} else {
		map = bpf_obj_get(kern_pin_path(k, &a->folder, "maps", "filters", from));
		if (map >= 0)
			kern_filter_forget(map, a);
		kern_close_fd(&map);
	}
	a->folder = k->folder;
}

int kern_takeover(struct fw_kern *k)
{
	fw_autofree int *before = malloc((k->nattached + 1) * sizeof(*before));
	int err;

	if (!before)
		return -ENOMEM;
	memset(before, 0xff, (k->nattached + 1) * sizeof(*before));
	err = need_programs(k);
	if (!err)
		err = note_here(k);
	if (!err)
		err = point_all(k, before);
	if (err)
		point_back(k, before);
	for (size_t i = 0; i < k->nattached; i++)
		kern_close_fd(&before[i]);
	if (err)
		return err;
	for (size_t i = 0; i < k->nattached; i++)
		move(k, &k->attached[i]);
	kern_pins_tidy(k, false);
	return 0;
}
