/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a CPU, as its program takes it for a packet and those find it that this program calls. */
#ifndef FW_BPF_CPU_H
#define FW_BPF_CPU_H

#include "bpf/maps.h"

/* A setting, fixed when the program is loaded. */
volatile const __u32 fw_ncpus = 1;

/* A setting: programs of this type may read the exact clock only. Fixed when the program is loaded. */
volatile const __u32 fw_exact_clock = 0;

/* CLOCK_MONOTONIC in nanoseconds, as of the last tick where that is cheaper. */
static __always_inline __u64 fw_clock(void)
{
	return fw_exact_clock ? bpf_ktime_get_ns() : bpf_ktime_get_coarse_ns();
}

/* The state of CPU @n, or its second one for a packet that interrupts another; NULL if both are in use. */
static __always_inline struct fw_cpu *fw_cpu_take(__u32 n)
{
	struct fw_cpu *cpu = bpf_map_lookup_elem(&fw_cpus, &n);

	if (cpu && cpu->busy) {
		n += fw_ncpus;
		cpu = bpf_map_lookup_elem(&fw_cpus, &n);
		if (cpu && cpu->busy)
			return NULL;
	}
	if (cpu)
		FW_IN_MEMORY(cpu->busy) = 1;
	return cpu;
}

/* The state of the packet at hand, in a program that another one called: the one that was taken last. */
static __always_inline struct fw_cpu *fw_cpu_resume(__u32 n)
{
	struct fw_cpu *cpu;

	n += fw_ncpus;
	cpu = bpf_map_lookup_elem(&fw_cpus, &n);
	if (cpu && cpu->busy)
		return cpu;
	n -= fw_ncpus;
	return bpf_map_lookup_elem(&fw_cpus, &n);
}

#endif
