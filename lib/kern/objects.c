// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object files of BPF programs, built into this program: one row each, and one for each map that they share. All are loaded
 * in the same way: a map that exists is used, by its name in the object file; one that does not is created, or continues that of
 * another version.
 */
#include "kern.h"

#include "bpf/answer.skel.h"
#include "bpf/fw.skel.h"
#include "bpf/nf.skel.h"
#include "bpf/reject.skel.h"
#include "bpf/state.skel.h"
#include "bpf/table.skel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <string.h>

_Static_assert(sizeof(struct fw_bpf__bss) == sizeof(uint64_t) && sizeof(struct nf_bpf__bss) == sizeof(uint64_t) &&
		       sizeof(struct table_bpf__bss) == sizeof(uint64_t),
	       "the control word, at offset 0");

/* From bpf(2), for systems with older headers. */
#define PROG_TYPE_NETFILTER 32
#define ATTACH_TYPE_NETFILTER 45

/* libbpf may not know the type, for which the kernel has no function that reads the cheap clock. */
static int nf_prepare(struct fw_kern *k, struct bpf_object *obj)
{
	struct bpf_program *prog;

	(void)k;
	bpf_object__for_each_program(prog, obj)
	{
		bpf_program__set_type(prog, (enum bpf_prog_type)PROG_TYPE_NETFILTER);
		bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)ATTACH_TYPE_NETFILTER);
	}
	return kern_object_set(obj, "fw_exact_clock", 1);
}

const struct kern_object kern_objects[NOBJECTS] = {
	[OBJECT_FW] = { fw_bpf__elf_bytes,
			NULL,
			{ { "fw_xdp", FW_PROG_XDP },
			  { "fw_tc_ingress", FW_PROG_TC_INGRESS },
			  { "fw_tc_egress", FW_PROG_TC_EGRESS },
			  { "fw_dry_run", PROG_DRY_RUN },
			  { "fw_xdp_rare", PROG_CALLS + FW_CALL_XDP_RARE },
			  { "fw_tc_rare", PROG_CALLS + FW_CALL_TC_RARE },
			  { "fw_xdp_decide", PROG_CALLS + FW_CALL_XDP_DECIDE },
			  { "fw_tc_decide", PROG_CALLS + FW_CALL_TC_DECIDE } } },
	[OBJECT_NF] = { nf_bpf__elf_bytes,
			nf_prepare,
			{ { "fw_nf", FW_PROG_NF_INPUT },
			  { "fw_nf", FW_PROG_NF_FORWARD },
			  { "fw_nf", FW_PROG_NF_OUTPUT },
			  { "fw_nf_guard", PROG_NF_GUARD } } },
	[OBJECT_REJECT] = { reject_bpf__elf_bytes,
			    NULL,
			    { { "fw_reject_xdp", PROG_CALLS + FW_CALL_XDP_REJECT },
			      { "fw_reject_tc_ingress", PROG_CALLS + FW_CALL_TC_REJECT_IN },
			      { "fw_reject_tc_egress", PROG_CALLS + FW_CALL_TC_REJECT_OUT } } },
	[OBJECT_STATE] = { state_bpf__elf_bytes,
			   NULL,
			   { { "fw_xdp_state", PROG_CALLS + FW_CALL_XDP_STATE },
			     { "fw_tc_state", PROG_CALLS + FW_CALL_TC_STATE } } },
	[OBJECT_ANSWER] = { answer_bpf__elf_bytes,
			    NULL,
			    { { "fw_answer_any", PROG_ANSWER_ANY },
			      { "fw_answer_mark", PROG_ANSWER_MARK },
			      { "fw_answer_bit", PROG_ANSWER_BIT },
			      { "fw_answer_next", PROG_ANSWER_NEXT },
			      { "fw_answer_pass", PROG_ANSWER_PASS },
			      { "fw_answer_take", PROG_ANSWER_TAKE } } },
	[OBJECT_TABLE] = { table_bpf__elf_bytes,
			   NULL,
			   { { "fw_table_input", PROG_TABLE },
			     { "fw_table_forward", PROG_TABLE + 1 },
			     { "fw_table_output", PROG_TABLE + 2 } } },
};

bool kern_prog_is_optional(int which)
{
	const struct kern_object *o = &kern_objects[OBJECT_FW];

	for (size_t i = 0; i < OBJECT_PROGS && o->progs[i].symbol; i++)
		if (o->progs[i].which == which)
			return false;
	return true;
}

/* How many elements a map has: as in the object file, or as many as CPUs, states of CPUs or chunks of counters. */
enum entries { AS_DECLARED, PER_CPU, PER_STATE, PER_CHUNK };

/* @outlives: other versions of the programs continue with it, if it has the same size. */
static const struct {
	const char *symbol; /* NULL: no object file has it */
	uint8_t object;     /* enum kern_object_number: the one that brings it */
	uint8_t entries;
	bool outlives;
	uint32_t inner; /* size of the values of its inner maps, of those that outlive a version */
} maps[NMAPS] = {
	[MAP_POOL] = { "fw_pool", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_ARENA] = { "fw_arena", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_COUNTERS] = { "fw_counters", OBJECT_FW, PER_CHUNK, true, sizeof(struct fw_counter) * FW_COUNTER_CHUNK },
	[MAP_TRAFFIC] = { "fw_traffic", OBJECT_FW, PER_CPU, true, 0 },
	[MAP_CPUS] = { "fw_cpus", OBJECT_FW, PER_STATE, false, 0 },
	[MAP_IFACES] = { "fw_ifaces", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_CONTROL] = { ".bss", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_XDP_CALLS] = { "fw_xdp_calls", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_TC_CALLS] = { "fw_tc_calls", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_RING] = { "fw_ring", OBJECT_FW, AS_DECLARED, true, 0 },
	[MAP_EVENT_COUNTS] = { "fw_event_counts", OBJECT_FW, PER_CPU, true, 0 },
	[MAP_CONNECTIONS] = { "fw_connections", OBJECT_FW, AS_DECLARED, true, 0 },
	[MAP_LIMITS] = { "fw_limits", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_TABLE_LIMITS] = { "fw_table_limits", OBJECT_TABLE, AS_DECLARED, false, 0 },
	[MAP_LIMIT_KEYS] = { "fw_limit_keys", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_RECENT] = { "fw_recent_places", OBJECT_FW, AS_DECLARED, false, 0 },
	[MAP_REPLY_RATE] = { "fw_reply_rate", OBJECT_REJECT, AS_DECLARED, true, 0 },
	[MAP_REPLY_COUNTS] = { "fw_reply_counts", OBJECT_REJECT, PER_CPU, true, 0 },
	[MAP_DECISIONS] = { "fw_decisions", OBJECT_NF, AS_DECLARED, false, 0 },
	[MAP_GUARDED] = { "fw_guarded", OBJECT_NF, AS_DECLARED, false, 0 },
};

bool kern_map_is_optional(int which)
{
	return maps[which].object != OBJECT_FW;
}

static void object_freep(struct bpf_object **obj)
{
	bpf_object__close(*obj);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && !strcmp(name + n - m, end);
}

/* The number of a map of an object file, or NMAPS. That of variables has the name of the file in front. */
static int number_of(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	int i = 0;

	while (i < NMAPS && (!maps[i].symbol || (maps[i].symbol[0] == '.' ? !ends_with(name, maps[i].symbol) :
									    strcmp(name, maps[i].symbol) != 0)))
		i++;
	return i;
}

static uint32_t entries_of(const struct fw_kern *k, int which, const struct bpf_map *map)
{
	switch ((enum entries)maps[which].entries) {
	case PER_CPU:
		return k->ncpus;
	case PER_STATE:
		return FW_CPU_STATES(k->ncpus);
	case PER_CHUNK:
		return FW_COUNTER_CHUNKS * k->columns;
	case AS_DECLARED:
		break;
	}
	return bpf_map__max_entries(map);
}

/* Counting continues in the map of another version if it has the same name and shape. */
static int inherit(const struct fw_kern *k, int which, struct bpf_map *map)
{
	int fd = kern_pins_inherit(k, (enum kern_map)which, bpf_map__max_entries(map), bpf_map__value_size(map),
				   maps[which].inner);
	int err = fd >= 0 ? bpf_map__reuse_fd(map, fd) : 0;

	kern_close_fd(&fd);
	return err;
}

/* Decides for each map whether it is one that exists. */
static int maps_choose(const struct fw_kern *k, struct bpf_object *obj)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, obj)
	{
		int which = number_of(map);

		if (err || which == NMAPS)
			continue;
		if (k->maps[which] >= 0) {
			err = bpf_map__reuse_fd(map, k->maps[which]);
			continue;
		}
		err = bpf_map__set_max_entries(map, entries_of(k, which, map));
		if (!err && maps[which].outlives && k->pins)
			err = inherit(k, which, map);
	}
	return err;
}

/* The map of constants of an object file, and its variable @name; NULL: it has none. */
static struct bpf_map *constant_find(const struct bpf_object *obj, const char *name, uint32_t *at)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	const struct btf_var_secinfo *v = section ? btf_var_secinfos(section) : NULL;
	struct bpf_map *map;

	for (int i = 0; section && i < btf_vlen(section); i++)
		if (!strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, v[i].type)->name_off), name)) {
			*at = v[i].offset;
			bpf_object__for_each_map(map, obj) if (ends_with(bpf_map__name(map), ".rodata")) return map;
		}
	return NULL;
}

int kern_object_set(struct bpf_object *obj, const char *name, uint32_t value)
{
	fw_autofree uint8_t *copy = NULL;
	const void *constants;
	struct bpf_map *map;
	uint32_t at = 0;
	size_t n = 0;

	map = constant_find(obj, name, &at);
	if (!map)
		return 0;
	constants = bpf_map__initial_value(map, &n);
	if (!constants || at + sizeof(value) > n)
		return -EINVAL;
	copy = malloc(n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, constants, n);
	memcpy(copy + at, &value, sizeof(value));
	return bpf_map__set_initial_value(map, copy, n);
}

static int settings_set(const struct fw_kern *k, struct bpf_object *obj, const struct kern_variant *v)
{
	int err = kern_object_set(obj, "fw_ncpus", k->ncpus);

	if (!err)
		err = kern_object_set(obj, "fw_flow_cache", k->flow_cache);
	if (!err)
		err = kern_object_set(obj, "fw_use_arena", v->arena);
	return err ? err : kern_object_set(obj, "fw_l3", v->l3);
}

/* Duplicates a descriptor, so that the object, with its copy of the file, can be freed. */
static int keep_fd(int *to, int fd)
{
	kern_close_fd(to);
	*to = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *to < 0 ? -errno : 0;
}

static int keep_maps(struct fw_kern *k, const struct bpf_object *obj)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, obj)
	{
		int which = number_of(map);

		if (!err && which < NMAPS && k->maps[which] < 0)
			err = keep_fd(&k->maps[which], bpf_map__fd(map));
	}
	return err;
}

static bool is_wanted(const struct kern_variant *v, int which)
{
	return !v->l3 || which == (int)v->prog;
}

static void programs_choose(const struct bpf_object *obj, const struct kern_object *o, const struct kern_variant *v)
{
	for (size_t i = 0; i < OBJECT_PROGS && o->progs[i].symbol; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(obj, o->progs[i].symbol),
					  is_wanted(v, o->progs[i].which));
}

static int keep_programs(struct fw_kern *k, const struct bpf_object *obj, const struct kern_object *o,
			 const struct kern_variant *v)
{
	int err = 0;

	for (size_t i = 0; i < OBJECT_PROGS && o->progs[i].symbol && !err; i++)
		if (is_wanted(v, o->progs[i].which))
			err = keep_fd(&k->progs[o->progs[i].which + (v->l3 ? PROG_L3 : 0)],
				      bpf_program__fd(bpf_object__find_program_by_name(obj, o->progs[i].symbol)));
	return err;
}

/* Makes programs that others call callable. */
static int slots_fill(const struct fw_kern *k)
{
	for (uint32_t slot = 0; slot < FW_NCALLS; slot++) {
		int prog = k->progs[PROG_CALLS + slot];
		int map = k->maps[slot < FW_CALL_TC_RARE ? MAP_XDP_CALLS : MAP_TC_CALLS];

		if (prog >= 0 && bpf_map_update_elem(map, &slot, &prog, 0))
			return -errno;
	}
	return 0;
}

int kern_object_load(struct fw_kern *k, enum kern_object_number number, const struct kern_variant *v)
{
	const struct kern_object *o = &kern_objects[number];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "fw_bpf");
	fw_cleanup(object_freep) struct bpf_object *obj = NULL;
	size_t n;
	const void *elf = o->elf(&n);
	int err;

	obj = bpf_object__open_mem(elf, n, &opts);
	if (!obj)
		return -errno;
	programs_choose(obj, o, v);
	err = settings_set(k, obj, v);
	if (!err && o->prepare)
		err = o->prepare(k, obj);
	if (!err)
		err = maps_choose(k, obj);
	if (!err)
		err = bpf_object__load(obj);
	if (!err)
		err = keep_maps(k, obj);
	if (!err)
		err = keep_programs(k, obj, o, v);
	return err ? err : slots_fill(k);
}

static bool is_loaded(const struct fw_kern *k, const struct kern_object *o)
{
	for (size_t i = 0; i < OBJECT_PROGS && o->progs[i].symbol; i++)
		if (k->progs[o->progs[i].which] < 0)
			return false;
	return true;
}

/* Pins what came with an object, in a folder that is in use. */
static int object_pin(const struct fw_kern *k, const struct kern_object *o, const int *maps_before)
{
	int err = 0;

	for (size_t i = 0; i < OBJECT_PROGS && o->progs[i].symbol && !err; i++)
		err = kern_pins_add(k, o->progs[i].which);
	for (int i = 0; i < NMAPS && !err; i++)
		if (maps_before[i] < 0 && k->maps[i] >= 0)
			err = kern_pins_add_map(k, i);
	return err;
}

int kern_object_need(struct fw_kern *k, enum kern_object_number number)
{
	const struct kern_object *o = &kern_objects[number];
	const struct kern_variant v = { .arena = fw_kern_pool_kind(k) == FW_POOL_ARENA };
	int before[NMAPS], err;

	if (is_loaded(k, o))
		return 0;
	memcpy(before, k->maps, sizeof(before));
	err = kern_object_load(k, number, &v);
	if (!err && k->pins)
		err = object_pin(k, o, before);
	for (size_t i = 0; i < OBJECT_PROGS && o->progs[i].symbol && err; i++)
		kern_close_fd(&k->progs[o->progs[i].which]);
	return err;
}
