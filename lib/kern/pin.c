// SPDX-License-Identifier: GPL-2.0-only
/* The folders below the pins, and single pins of programs and maps in any of them. */
#include "kern.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

const struct folder kern_new_folder = { "new" };

/* clang-format off */
const char *const kern_prog_pins[NPROGS] = {
#define PROG_NAMES(sym, name, direction) [FW_PROG_##sym] = name, [PROG_L3 + FW_PROG_##sym] = ("l3-" name),
	FW_PROGS(PROG_NAMES)
#undef PROG_NAMES
#define CALL_NAME(sym, name) [PROG_CALLS + FW_CALL_##sym] = name,
	FW_CALLS(CALL_NAME)
#undef CALL_NAME
	[PROG_DRY_RUN] = "dry-run",
	[PROG_NF_GUARD] = "guard",
	[PROG_ANSWER_ANY] = "answer-any",
	[PROG_ANSWER_MARK] = "answer-mark",
	[PROG_ANSWER_BIT] = "answer-bit",
	[PROG_ANSWER_NEXT] = "answer-next",
	[PROG_ANSWER_PASS] = "answer-pass",
	[PROG_ANSWER_TAKE] = "answer-take",
	[PROG_TABLE] = "table-input",
	[PROG_TABLE + 1] = "table-forward",
	[PROG_TABLE + 2] = "table-output",
};
/* clang-format on */

/* Other versions continue with the maps that they find under the same name. */
const char *const kern_map_pins[NMAPS] = {
	[MAP_POOL] = "pool",
	[MAP_ARENA] = "arena",
	[MAP_COUNTERS] = FW_COUNTERS_PIN,
	[MAP_TRAFFIC] = "traffic",
	[MAP_CPUS] = "cpus",
	[MAP_IFACES] = "ifaces",
	[MAP_CONTROL] = "control",
	[MAP_XDP_CALLS] = "xdp-calls",
	[MAP_TC_CALLS] = "tc-calls",
	[MAP_RING] = "ring-1",
	[MAP_EVENT_COUNTS] = "events-1",
	[MAP_CONNECTIONS] = "connections-1",
	[MAP_LIMITS] = "limits",
	[MAP_TABLE_LIMITS] = "table-limits",
	[MAP_LIMIT_KEYS] = "limit-keys",
	[MAP_RECENT] = "recent",
	[MAP_REPLY_RATE] = "reply-rate",
	[MAP_REPLY_COUNTS] = "replies-1",
	[MAP_FILTERS] = "filters",
	[MAP_HOOKS] = "hooks",
	[MAP_DECISIONS] = "decisions",
	[MAP_GUARDED] = "guarded",
};

/* @kind and @name may be NULL. Paths fit into PATH_MAX: see kern_pins_open(). */
const char *kern_pin_path(const struct fw_kern *k, const struct folder *f, const char *kind, const char *name,
			  char *buf)
{
	snprintf(buf, PATH_MAX, "%s/%s/%s/%s", k->pins, f->name, kind ? kind : "", name ? name : "");
	return buf;
}

/* Is it a name that we give? Other folders are left alone. */
static bool is_folder(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	return strlen(name) < FOLDER_MAX && (!strcmp(name, kern_new_folder.name) || digits == 16);
}

int kern_folders(const struct fw_kern *k, struct folder **out, size_t *n)
{
	DIR *dir = opendir(k->pins);
	const struct dirent *e;
	size_t cap = 0;
	int err = 0;

	*out = NULL;
	*n = 0;
	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir))) {
		struct folder f;

		if (!is_folder(e->d_name))
			continue;
		snprintf(f.name, sizeof(f.name), "%s", e->d_name);
		err = fw_vec_push(*out, *n, cap, f);
	}
	closedir(dir);
	return err;
}

static bool map_is(int map, uint32_t max_entries, uint32_t value_size)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return !bpf_obj_get_info_by_fd(map, &info, &len) && info.max_entries == max_entries &&
	       info.value_size == value_size;
}

static bool map_fits(int map, uint32_t max_entries, uint32_t value_size, uint32_t inner_size)
{
	uint32_t id;
	int inner;
	bool fits = map_is(map, max_entries, value_size);

	if (!fits || !inner_size)
		return fits;
	inner = kern_inner_map(map, 0, &id);
	fits = inner >= 0 && map_is(inner, 1, inner_size);
	kern_close_fd(&inner);
	return fits;
}

int kern_pins_inherit(const struct fw_kern *k, enum kern_map which, uint32_t max_entries, uint32_t value_size,
		      uint32_t inner_size)
{
	fw_autofree struct folder *folders = NULL;
	char path[PATH_MAX];
	size_t n;

	if (kern_folders(k, &folders, &n))
		return -ENOENT;
	for (size_t i = 0; i < n; i++) {
		int map = bpf_obj_get(kern_pin_path(k, &folders[i], "maps", kern_map_pins[which], path));

		if (map >= 0 && map_fits(map, max_entries, value_size, inner_size))
			return map;
		kern_close_fd(&map);
	}
	return -ENOENT;
}

uint32_t kern_pins_generation(const struct fw_kern *k)
{
	fw_autofree struct folder *folders = NULL;
	uint32_t highest = 0, zero = 0;
	char path[PATH_MAX];
	size_t n;

	if (kern_folders(k, &folders, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		int map = bpf_obj_get(kern_pin_path(k, &folders[i], "maps", kern_map_pins[MAP_CONTROL], path));
		uint64_t control = 0;

		if (map >= 0 && map_is(map, 1, sizeof(control)) && !bpf_map_lookup_elem(map, &zero, &control) &&
		    control >> 32 > highest)
			highest = (uint32_t)(control >> 32);
		kern_close_fd(&map);
	}
	return highest;
}

uint32_t kern_prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* A process that was killed may have left a pin of that name. */
static int add(const struct fw_kern *k, const char *kind, const char *name, int fd)
{
	char path[PATH_MAX];

	unlink(kern_pin_path(k, &k->folder, kind, name, path));
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int kern_pins_add(const struct fw_kern *k, int which)
{
	return add(k, "progs", kern_prog_pins[which], k->progs[which]);
}

int kern_pins_add_map(const struct fw_kern *k, int which)
{
	return add(k, "maps", kern_map_pins[which], k->maps[which]);
}

bool kern_prog_is_ours(const struct fw_kern *k, int which, uint32_t id)
{
	fw_autofree struct folder *folders = NULL;
	char path[PATH_MAX];
	bool ours = id && id == kern_prog_id(k->progs[which]);
	size_t n;

	if (!id || kern_folders(k, &folders, &n))
		return false;
	for (size_t i = 0; i < n && !ours; i++) {
		int fd = bpf_obj_get(kern_pin_path(k, &folders[i], "progs", kern_prog_pins[which], path));

		ours = fd >= 0 && kern_prog_id(fd) == id;
		kern_close_fd(&fd);
	}
	return ours;
}
