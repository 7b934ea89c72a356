// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads what readers.c has pinned, with plain bpf(2). The values are copied:
 * read-only descriptors cannot be mapped.
 */
#include "fw/pinned.h"

#include "lib/kern/kern.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK_BYTES (sizeof(struct fw_counter) * FW_COUNTER_CHUNK)
#define NAMES_BYTES (sizeof(struct fw_label_name) * FW_COUNTER_CHUNK)

const char *const fw_named_pins[FW_NNAMED] = { [FW_NAMED_RULE] = "names", [FW_NAMED_CHAIN] = "chains" };

struct fw_pinned {
	char *folder;
	uint32_t ncpus;
	/* The chunk that was read last: */
	struct fw_count count[FW_COUNTER_CHUNK];
	struct fw_label label[FW_COUNTER_CHUNK], again[FW_COUNTER_CHUNK]; /* read before and after the rest */
	struct fw_counter column[FW_COUNTER_CHUNK];
	struct fw_label_name name[FW_NNAMED][FW_COUNTER_CHUNK];
};

static int call(int command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t address(const void *p)
{
	return (uintptr_t)p;
}

/* Opens a map for reading. Return: its descriptor or -errno. */
static int map_open(const struct fw_pinned *p, const char *name)
{
	char path[PATH_MAX];
	union bpf_attr a;

	snprintf(path, sizeof(path), "%s/%s", p->folder, name);
	memset(&a, 0, sizeof(a));
	a.pathname = address(path);
	a.file_flags = BPF_F_RDONLY;
	return call(BPF_OBJ_GET, &a);
}

static int map_value(int map, const void *key, void *value)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)map;
	a.key = address(key);
	a.value = address(value);
	return call(BPF_MAP_LOOKUP_ELEM, &a);
}

/* Return: how many values the map has; -EPROTO: they do not have @value_size bytes; -errno. */
static int map_entries(int map, uint32_t value_size)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.info.bpf_fd = (uint32_t)map;
	a.info.info_len = sizeof(info);
	a.info.info = address(&info);
	err = call(BPF_OBJ_GET_INFO_BY_FD, &a);
	if (!err && (info.value_size != value_size || info.max_entries > INT32_MAX))
		err = -EPROTO;
	return err ? err : (int)info.max_entries;
}

/* Reads the only value of a map, which must have @size bytes. 0, -EPROTO or another -errno. */
static int value_of(const struct fw_pinned *p, void *value, uint32_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int value_of(const struct fw_pinned *p, void *value, uint32_t size, const char *fmt, ...)
{
	uint32_t zero = 0;
	char name[64];
	va_list ap;
	int map, err;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	map = map_open(p, name);
	if (map < 0)
		return map;
	err = map_entries(map, size);
	err = err < 0 ? err : err == 1 ? map_value(map, &zero, value) : -EPROTO;
	close(map);
	return err;
}

static int say(int err, const char *path, char why[FW_PINNED_WHY])
{
	const char *text = strerror(-err);

	if (err == -EPERM)
		text = "bpf() is refused to this process: a seccomp filter, a security module, or before Linux 5.19 "
		       "kernel.unprivileged_bpf_disabled";
	else if (err == -EPROTO)
		text = "pinned by another version of fwd";
	snprintf(why, FW_PINNED_WHY, "%.60s: %s", path, text);
	return err;
}

static int open_traffic(struct fw_pinned *p)
{
	int map = map_open(p, "traffic"), n;

	if (map < 0)
		return map;
	n = map_entries(map, sizeof(struct fw_traffic_table));
	close(map);
	p->ncpus = n > 0 ? (uint32_t)n : 0;
	return n < 0 ? n : 0;
}

int fw_pinned_open(const char *pins, char why[FW_PINNED_WHY], struct fw_pinned **out)
{
	struct fw_pinned *p = strlen(pins) < PATH_MAX - 128 ? calloc(1, sizeof(*p)) : NULL;
	int err = p ? 0 : strlen(pins) < PATH_MAX - 128 ? -ENOMEM : -ENAMETOOLONG;

	if (p && asprintf(&p->folder, "%s/" FW_READERS, pins) < 0) {
		p->folder = NULL;
		err = -ENOMEM;
	}
	if (!err)
		err = open_traffic(p);
	if (!err) {
		*out = p;
		return 0;
	}
	say(err, p && p->folder ? p->folder : pins, why);
	fw_pinned_close(p);
	return err;
}

void fw_pinned_close(struct fw_pinned *p)
{
	if (!p)
		return;
	free(p->folder);
	free(p);
}

int fw_pinned_generation(const struct fw_pinned *p, uint32_t *generation)
{
	uint64_t control = 0;
	int err = value_of(p, &control, sizeof(control), "control");

	*generation = (uint32_t)(control >> 32);
	return err;
}

int fw_pinned_traffic(const struct fw_pinned *p, struct fw_traffic **out, size_t *n)
{
	fw_autofree struct fw_traffic_table *tables = calloc(p->ncpus, sizeof(*tables));
	int map = map_open(p, "traffic"), err = tables ? map : -ENOMEM;

	for (uint32_t cpu = 0; cpu < p->ncpus && err >= 0; cpu++)
		err = map_value(map, &cpu, &tables[cpu]);
	if (map >= 0)
		close(map);
	return err < 0 ? err : kern_traffic_sum(tables, p->ncpus, out, n);
}

/* Reads a column of a chunk; with @may_miss all 0 if it does not exist. 0 or -errno. */
static int read_column(struct fw_pinned *p, uint32_t chunk, uint32_t column, bool may_miss)
{
	int err = value_of(p, p->column, CHUNK_BYTES, FW_COUNTERS_PIN_CHUNK, chunk, column);

	if (err != -ENOENT || !may_miss)
		return err;
	memset(p->column, 0, sizeof(p->column));
	return 0;
}

static int read_labels(const struct fw_pinned *p, uint32_t chunk, struct fw_label *out)
{
	return value_of(p, out, CHUNK_BYTES, FW_COUNTERS_PIN_CHUNK, chunk, FW_COLUMN_LABEL(p->ncpus));
}

static int read_counts(struct fw_pinned *p, uint32_t chunk)
{
	int err = 0;

	memset(p->count, 0, sizeof(p->count));
	for (uint32_t cpu = 0; cpu < p->ncpus && !err; cpu++) {
		err = read_column(p, chunk, cpu, false);
		for (uint32_t i = 0; i < FW_COUNTER_CHUNK && !err; i++) {
			p->count[i].packets += p->column[i].packets;
			p->count[i].bytes += p->column[i].bytes;
		}
	}
	if (!err)
		err = read_column(p, chunk, FW_COLUMN_BASE(p->ncpus), true);
	for (uint32_t i = 0; i < FW_COUNTER_CHUNK && !err; i++) {
		p->count[i].packets -= p->column[i].packets;
		p->count[i].bytes -= p->column[i].bytes;
	}
	return err;
}

static int read_names(struct fw_pinned *p, uint32_t chunk, enum fw_named whose)
{
	int err = value_of(p, p->name[whose], NAMES_BYTES, FW_NAMES_PIN_CHUNK, fw_named_pins[whose], chunk);

	if (err == -ENOENT)
		memset(p->name[whose], 0, sizeof(p->name[whose]));
	return err == -ENOENT ? 0 : err;
}

int fw_pinned_chunk(struct fw_pinned *p, uint32_t chunk)
{
	int err = chunk < FW_COUNTER_CHUNKS ? read_labels(p, chunk, p->label) : -ENOENT;

	if (err)
		return err == -ENOENT && chunk ? 0 : err;
	err = read_counts(p, chunk);
	for (int whose = 0; whose < FW_NNAMED && !err; whose++)
		err = read_names(p, chunk, (enum fw_named)whose);
	if (!err)
		err = read_labels(p, chunk, p->again);
	return err ? err : 1;
}

static const char *name_of(const struct fw_pinned *p, uint32_t i, enum fw_named whose, const struct fw_label *label)
{
	const struct fw_label_name *name = &p->name[whose][i];
	bool is = label->what & FW_LABEL_NAMED(whose) && name->name[0] && memchr(name->name, '\0', sizeof(*name));

	return is ? name->name : NULL;
}

/* A counter whose label changed while the chunk was read, or is invalid, is returned as one of no rule. */
struct fw_pinned_row fw_pinned_row(const struct fw_pinned *p, uint32_t i)
{
	struct fw_pinned_row row = { p->count[i], p->label[i], NULL, NULL };

	if (memcmp(&p->label[i], &p->again[i], sizeof(row.label)) ||
	    (row.label.what & FW_LABEL_VERDICT) >= FW_NVERDICTS)
		row.label = (struct fw_label){ 0 };
	row.name = name_of(p, i, FW_NAMED_RULE, &row.label);
	row.chain = name_of(p, i, FW_NAMED_CHAIN, &row.label);
	return row;
}
