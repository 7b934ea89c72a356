// SPDX-License-Identifier: GPL-2.0-only
/* What only a program can do with an arena: give pages back. Run by user space. */
#include "fw/port.h"
#include "fw/prog.h"

/* User space puts the arena in its place. */
struct {
	__uint(type, FW_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
} fw_arena SEC(".maps");

extern void bpf_arena_free_pages(void *map, void *at, __u32 pages) __ksym;

SEC("syscall")
int fw_arena_free(struct fw_arena_range *range)
{
	bpf_arena_free_pages(&fw_arena, (void *)range->address, range->pages);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
