// SPDX-License-Identifier: GPL-2.0-only
/*
 * What members of the group may read without privileges, also when no process
 * runs: some maps are pinned again, read-only, in a folder that only root and the
 * group may enter.
 *
 *	PINS/readers/control, traffic          those of the live program
 *	             counters-5-CHUNK-COLUMN   the inner maps of counters-5
 *	             names-CHUNK               names of rules, if a rule of the chunk has one
 *	             chains-CHUNK              names of their chains, if a rule of the chunk is in one
 *	             live                      link to the folder of the live program, for root
 *
 * Inner maps cannot be opened through a map of maps without privileges, so each
 * is pinned. The folder is created next to the one of the process before, and
 * replaces it atomically once labels and names are set. A map that is created
 * later is pinned before the programs use it, so a reader finds everything that
 * was ever counted, whenever a process is killed.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRESH "readers-new"
#define NAMES_BYTES (sizeof(struct fw_label_name) * FW_COUNTER_CHUNK)

static const char *folder(const struct fw_kern *k)
{
	return k->shared ? FW_READERS : FRESH;
}

static const char *path_of(const struct fw_kern *k, const char *dir, const char *name, char *buf)
{
	snprintf(buf, PATH_MAX, "%s/%s%s%s", k->pins, dir, name ? "/" : "", name ? name : "");
	return buf;
}

static void remove_folder(const struct fw_kern *k, const char *name)
{
	char path[PATH_MAX], pin[PATH_MAX];
	DIR *dir = opendir(path_of(k, name, NULL, path));
	const struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlink(path_of(k, name, e->d_name, pin));
	if (dir)
		closedir(dir);
	rmdir(path);
}

void kern_readers_remove(const struct fw_kern *k)
{
	remove_folder(k, FRESH);
	remove_folder(k, FW_READERS);
}

int kern_readers_open(struct fw_kern *k)
{
	char path[PATH_MAX];

	if (!k->pins)
		return 0;
	for (int whose = 0; whose < FW_NNAMED; whose++) {
		k->names[whose] = calloc(FW_COUNTER_CHUNKS, sizeof(*k->names[whose]));
		if (!k->names[whose])
			return -ENOMEM;
	}
	remove_folder(k, FRESH);
	return mkdir(path_of(k, FRESH, NULL, path), 0700) ? -errno : 0;
}

static void names_free(struct fw_label_name **names)
{
	for (int i = 0; names && i < FW_COUNTER_CHUNKS; i++)
		if (names[i])
			munmap(names[i], NAMES_BYTES);
	free(names);
}

void kern_readers_close(struct fw_kern *k)
{
	for (int whose = 0; whose < FW_NNAMED; whose++)
		names_free(k->names[whose]);
}

/* A pin gets its final name once it may be read, so a killed process leaves none that cannot. */
int kern_readers_add(const struct fw_kern *k, int fd, const char *fmt, ...)
{
	char name[64], path[PATH_MAX], fresh[PATH_MAX];
	va_list ap;
	int err;

	if (!k->pins)
		return 0;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name) - 4, fmt, ap);
	va_end(ap);
	path_of(k, folder(k), name, path);
	path_of(k, folder(k), strcat(name, "-new"), fresh);
	if (!bpf_obj_pin(fd, fresh) && !chmod(fresh, 0444) && !rename(fresh, path))
		return 0;
	err = -errno;
	unlink(fresh);
	return err;
}

static int open_folder(const char *path, gid_t readers, mode_t mode)
{
	return chown(path, (uid_t)-1, readers) || chmod(path, mode) ? -errno : 0;
}

static int open_folders(const struct fw_kern *k, gid_t readers)
{
	char path[PATH_MAX];
	int err = open_folder(k->pins, readers, 0710);

	return err ? err : open_folder(path_of(k, folder(k), NULL, path), readers, 0750);
}

/* Replaces the folder of the process before, if there is one. */
static int swap_folders(struct fw_kern *k)
{
	char fresh[PATH_MAX], path[PATH_MAX];

	if (k->shared)
		return 0;
	path_of(k, FRESH, NULL, fresh);
	path_of(k, FW_READERS, NULL, path);
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_EXCHANGE) && (errno != ENOENT || rename(fresh, path)))
		return -errno;
	k->shared = true;
	remove_folder(k, FRESH);
	return 0;
}

/* Pins the maps that do not grow. */
static int add_others(const struct fw_kern *k)
{
	char live[PATH_MAX], path[PATH_MAX];
	int err = kern_readers_add(k, k->maps[MAP_CONTROL], "control");

	if (!err)
		err = kern_readers_add(k, k->maps[MAP_TRAFFIC], "traffic");
	snprintf(live, sizeof(live), "../%s", k->folder.name);
	if (!err && symlink(live, path_of(k, FRESH, "live", path)))
		err = -errno;
	return err;
}

int fw_kern_share(struct fw_kern *k, gid_t readers)
{
	int err;

	if (!k->pins)
		return 0;
	err = k->shared ? 0 : add_others(k);
	if (!err && readers != (gid_t)-1)
		err = open_folders(k, readers);
	if (!err)
		err = swap_folders(k);
	return err ? err : kern_iterator_files_pin(k, readers);
}

/* Creates, maps and pins the names of a chunk. NULL: out of memory. */
static struct fw_label_name *names_new(struct fw_kern *k, enum fw_named whose, uint32_t chunk)
{
	int fd = kern_value_map("fw_names", NAMES_BYTES);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, NAMES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED && (kern_readers_add(k, fd, FW_NAMES_PIN_CHUNK, fw_named_pins[whose], chunk) ||
				 kern_iterator_files_names(k, whose, chunk, fd))) {
		munmap(at, NAMES_BYTES);
		at = MAP_FAILED;
	}
	kern_close_fd(&fd);
	return k->names[whose][chunk] = at == MAP_FAILED ? NULL : at;
}

/* The names of the chunk that a counter is in. NULL: out of memory, or nothing is pinned. */
static struct fw_label_name *names_of(struct fw_kern *k, enum fw_named whose, uint32_t counter)
{
	uint32_t chunk = counter >> FW_COUNTER_CHUNK_SHIFT;

	if (!k->pins)
		return NULL;
	return k->names[whose][chunk] ? k->names[whose][chunk] : names_new(k, whose, chunk);
}

void kern_readers_room(struct fw_kern *k, uint32_t counter, const struct fw_label_names *names)
{
	for (int whose = 0; whose < FW_NNAMED; whose++)
		if (names->of[whose])
			names_of(k, (enum fw_named)whose, counter);
}

static void set_name(struct fw_kern *k, enum fw_named whose, uint32_t counter, const char *name)
{
	struct fw_label_name *at = names_of(k, whose, counter);

	if (at)
		snprintf(at[counter & (FW_COUNTER_CHUNK - 1)].name, sizeof(at->name), "%s", name);
}

void kern_readers_names(struct fw_kern *k, uint32_t counter, const struct fw_label_names *names)
{
	for (int whose = 0; whose < FW_NNAMED; whose++)
		if (names->of[whose])
			set_name(k, (enum fw_named)whose, counter, names->of[whose]);
}
