// SPDX-License-Identifier: GPL-2.0-only
/* Run by user space, for what only a program can do with an arena: allocate pages before they are touched, and free them. */
#include "fw/table/port.h"
#include "fw/table/prog.h"

/* Replaced by the arena in user space. */
struct {
	__uint(type, FW_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
} fw_arena SEC(".maps");

extern void *bpf_arena_alloc_pages(void *map, void *at, __u32 pages, int node, __u64 flags) __ksym;
extern void bpf_arena_free_pages(void *map, void *at, __u32 pages) __ksym;

#define ANY_NODE (-1)

/* Returns 1 if memory is short or some of the pages are allocated already. */
SEC("syscall")
int fw_arena_alloc(struct fw_arena_range *range)
{
	return !bpf_arena_alloc_pages(&fw_arena, (void *)range->address, range->pages, ANY_NODE, 0);
}

SEC("syscall")
int fw_arena_free(struct fw_arena_range *range)
{
	bpf_arena_free_pages(&fw_arena, (void *)range->address, range->pages);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
