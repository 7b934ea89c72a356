/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Porting layer between the two targets of the shared headers: the BPF program
 * (clang -target bpf) and user space. This is the only file that tests __bpf__.
 */
#ifndef FW_PORT_H
#define FW_PORT_H

#if !defined(__bpf__) && !(defined(__x86_64__) && defined(__LP64__))
#error "fwd needs an x86-64 CPU: tables are published by the order of plain stores, in little-endian words (docs/limits.md)"
#endif

#include <linux/types.h>

#ifdef __bpf__
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#define FW_BPF 1
#define fw_ntohs(x) bpf_ntohs(x)
#define fw_ntohl(x) bpf_ntohl(x)
#define fw_ntohll(x) bpf_be64_to_cpu(x)
/* A function that the verifier checks once, independently of its callers. */
#define FW_GLOBAL __attribute__((noinline))
#define FW_READ(x) (*(const volatile __typeof__(x) *)&(x))
#else
#include <arpa/inet.h>
#include <endian.h>
#include <stddef.h>
#include <string.h>
#define FW_BPF 0
#define fw_ntohs(x) ntohs(x)
#define fw_ntohl(x) ntohl(x)
#define fw_ntohll(x) be64toh(x)
#define FW_GLOBAL static inline
#define FW_READ(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#endif

/*
 * FW_READ(x): a single load of a word that another thread may be storing. The compiler does not move later loads before it. Old
 * kernels have no acquire loads in BPF; there, the order is that of the CPU, and x86 does not reorder loads.
 */

/*
 * Accesses a word in memory and not a copy of it in a register. The verifier knows nothing about values loaded from a map, so it
 * can merge the states of a loop that ends on such a word.
 */
#define FW_IN_MEMORY(x) (*(volatile __typeof__(x) *)&(x))

/* Hides a value from the optimiser, which otherwise rewrites bounds checks into forms that the verifier rejects. */
#define fw_opaque(x) __asm__ volatile("" : "+r"(x))

/* Makes the compiler load again what it has loaded before. BPF has few registers: it would spill the values to the stack. */
#define fw_forget() __asm__ volatile("" ::: "memory")

/* Is *@v at least @least, at most @most? Old verifiers infer both only from one comparison of a value that was made for it. */
static __always_inline int fw_is_between(__u64 *v, __u64 least, __u64 most)
{
	__u64 more = *v - least;

	fw_opaque(more);
	if (more > most - least)
		return 0;
	*v = more + least;
	return 1;
}

#define FW_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)

#endif
