/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of the classifier, and access to the pool, which is an arena or map
 * segments. User space creates the arena and the inner maps, the latter in the
 * sizes declared here.
 */
#ifndef FW_MAPS_H
#define FW_MAPS_H

#include "bpf/counters.h"

/* Is the pool an arena? Fixed when the program is loaded. */
volatile const __u32 fw_use_arena = 0;

/* The pool as an arena. If it is not used, the loader puts another map in its place, since old kernels have no arenas. */
struct {
	__uint(type, FW_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
} fw_arena SEC(".maps");

/* The pool as segments: one value of FW_SEGMENT_BYTES each. */
/* clang-format off */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, FW_POOL_SEGMENTS);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, BPF_F_MMAPABLE);
		__uint(max_entries, 1);
		__type(key, __u32);
		__uint(value_size, FW_SEGMENT_BYTES + FW_SLACK);
	});
} fw_pool SEC(".maps");
/* clang-format on */

/* CPU n has the states n and n + number of CPUs. User space sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FW_CPU_STATES(1));
	__type(key, __u32);
	__type(value, struct fw_cpu);
} fw_cpus SEC(".maps");

/* Programs that XDP programs call, by enum fw_call, and those of tc programs: an array holds one type. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, FW_NCALLS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} fw_xdp_calls SEC(".maps"), fw_tc_calls SEC(".maps");

/* Interface index -> its number in the ruleset. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct fw_iface_number);
} fw_ifaces SEC(".maps");

struct fw_object {
	const __u8 *base; /* the segment, or in an arena the object */
	__u32 start;      /* the object's first byte in it */
};

/*
 * Turns a register with an offset into the arena into a pointer for the verifier: a 64-bit move with offset 1 and immediate 1
 * (from the user's address space to the kernel's). Given as bytes, because older compilers do not know the instruction.
 */
#define FW_IF_REGISTER(name, byte) ".ifc %0, " name "; .byte " byte "; .endif;"
#define fw_arena_pointer(p)                                                                                            \
	__asm__ volatile(                                                                                              \
		".byte 0xbf;" FW_IF_REGISTER("r0", "0x00") FW_IF_REGISTER("r1", "0x11") FW_IF_REGISTER("r2", "0x22")   \
			FW_IF_REGISTER("r3", "0x33") FW_IF_REGISTER("r4", "0x44") FW_IF_REGISTER("r5", "0x55")         \
				FW_IF_REGISTER("r6", "0x66") FW_IF_REGISTER("r7", "0x77") FW_IF_REGISTER("r8", "0x88") \
					FW_IF_REGISTER("r9", "0x99") ".short 1; .long 1"                               \
		: "+r"(p))

/* Names the arena, which makes it the arena of the program. */
static __always_inline void fw_arena_name(void)
{
	void *arena = &fw_arena;

	fw_opaque(arena);
}

/* The low 32 bits of the arena's first address are 0. */
static __always_inline const __u8 *fw_arena_line(__u32 line)
{
	__u64 at = (__u64)line * FW_LINE;

	fw_arena_pointer(at);
	return (const __u8 *)at;
}

static __always_inline const __u8 *fw_segment(__u32 line)
{
	__u32 index = line >> FW_SEGMENT_SHIFT, zero = 0;
	void *inner = bpf_map_lookup_elem(&fw_pool, &index);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

static __always_inline struct fw_object fw_pool_object(__u32 line)
{
	if (fw_use_arena)
		return (struct fw_object){ fw_arena_line(line), 0 };
	return (struct fw_object){ fw_segment(line), (line & (FW_SEGMENT_LINES - 1)) * FW_LINE };
}

static __always_inline const void *fw_object_start(struct fw_object o)
{
	if (fw_use_arena)
		return o.base;
	if (!o.base)
		return NULL;
	fw_opaque(o.base);
	return o.base + (o.start & (FW_SEGMENT_BYTES - FW_LINE));
}

static __always_inline const void *fw_pool_line(__u32 line)
{
	return fw_object_start(fw_pool_object(line));
}

static __always_inline __u32 fw_word32(struct fw_object o, __u32 offset)
{
	__u64 at = o.start + offset;

	if (fw_use_arena)
		return *(const __u32 *)(o.base + offset);
	fw_opaque(at);
	at &= FW_SEGMENT_BYTES - 4;
	return *(const __u32 *)(o.base + at);
}

static __always_inline __u64 fw_word64(struct fw_object o, __u32 offset)
{
	__u64 at = o.start + offset;

	if (fw_use_arena)
		return *(const __u64 *)(o.base + offset);
	fw_opaque(at);
	at &= FW_SEGMENT_BYTES - 8;
	return *(const __u64 *)(o.base + at);
}

#endif
