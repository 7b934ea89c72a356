/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side: the BPF program, its maps, and where it is attached. Knows
 * tables, never rules.
 */
#ifndef FW_KERN_H
#define FW_KERN_H

#include "fw/compile.h"

struct fw_kern;

struct fw_kern_options {
	bool no_flow_cache;
};

/**
 * fw_kern_open - load and verify the program and make its maps; nothing is attached yet
 * Return: 0; -EPERM, -errno of the kernel, with a diagnostic that says what is missing.
 */
int fw_kern_open(const struct fw_kern_options *opts, struct fw_diags *ds, struct fw_kern **out);
/* Detaches what was attached and lets everything go. NULL is fine. */
void fw_kern_close(struct fw_kern *k);

/* The pool of map segments that the program reads. Owned by @k. */
struct fw_pool *fw_kern_pool(struct fw_kern *k);
/* Room for the counters of rule slots 0 to @slots - 1. Call before fw_kern_publish(). 0 or -errno. */
int fw_kern_counters_reserve(struct fw_kern *k, uint32_t slots);
/* One store: from now on every packet sees the image at @root. 0, or -errno when the kernel does not take the pool's new
 * segments; then nothing has changed. */
int fw_kern_publish(struct fw_kern *k, uint32_t root);
/* Interface index -> number in the ruleset. 0 or -errno. */
int fw_kern_iface_set(struct fw_kern *k, uint32_t ifindex, uint32_t number);

struct fw_count {
	uint64_t packets, bytes;
};
/* The sum over all CPUs. */
struct fw_count fw_kern_rule_count(const struct fw_kern *k, uint32_t slot);
/* Packets that a policy decided: @reason as in struct fw_result. */
struct fw_count fw_kern_reason_count(const struct fw_kern *k, enum fw_reason reason);

enum fw_kern_prog { FW_PROG_XDP, FW_PROG_TC_INGRESS, FW_PROG_TC_EGRESS, FW_NPROGS };
/* File descriptor of a loaded program, owned by @k. */
int fw_kern_prog_fd(const struct fw_kern *k, enum fw_kern_prog prog);
/* Seconds that loading and verifying took; memory of maps in bytes (pool, counters, per-CPU state). */
double fw_kern_load_seconds(const struct fw_kern *k);
uint64_t fw_kern_memory(const struct fw_kern *k);

/**
 * fw_kern_test - run one packet through a loaded program, without any interface
 * @frame: @len bytes from the Ethernet header, at least 14
 * @mark:  for the tc programs
 * @out:   the same answer that live traffic would get; the packet is counted
 *
 * The packet comes from the loopback device (interface index 1): map that index with fw_kern_iface_set() first.
 * Return: 0 or -errno.
 */
int fw_kern_test(struct fw_kern *k, enum fw_kern_prog prog, const void *frame, uint32_t len, uint32_t mark,
		 struct fw_result *out);

enum fw_xdp_mode { FW_XDP_AUTO, FW_XDP_NATIVE, FW_XDP_GENERIC };
/**
 * fw_kern_attach_xdp - filter what comes in on an interface, by XDP
 * @mode: AUTO tries native, then generic; @used (may be NULL) says which
 * Return: 0; -EBUSY with a diagnostic that names the id of the foreign program; other -errno with a diagnostic.
 */
int fw_kern_attach_xdp(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		       struct fw_diags *ds);
/* Filter by tc, @prog being FW_PROG_TC_INGRESS or FW_PROG_TC_EGRESS. Same contract. */
int fw_kern_attach_tc(struct fw_kern *k, uint32_t ifindex, enum fw_kern_prog prog, struct fw_diags *ds);

#endif
