/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network namespace and a bpf file system of a test's own, which go away with
 * its process, however it ends; interfaces in it, and frames on them.
 */
#ifndef FW_TEST_SANDBOX_H
#define FW_TEST_SANDBOX_H

#include "fw/kern.h"
#include "fw/text.h"

#include <bpf/bpf.h>

#define SANDBOX_BPFFS "/sys/fs/bpf"

/* Where tables are to lie: what FW_POOL says (auto, arena, maps). */
enum fw_kern_pool sandbox_pool(void);

/* Enters it, for good. false: that is not allowed, and it is said. */
bool sandbox_enter(void);
/* A pair of interfaces, up. Return: the index of the first. */
uint32_t sandbox_veth(const char *name, const char *peer);
/* The first with this index. */
uint32_t sandbox_veth_at(const char *name, const char *peer, uint32_t ifindex);
void sandbox_delete(const char *name);
void sandbox_rename(const char *from, const char *to);

/* Somebody else's program, which says @verdict of every packet: its descriptor. */
int sandbox_foreign(enum bpf_prog_type type, int verdict);

/* From now on a system call of this process fails with @error, as in a sandbox or an older kernel. 0 or -errno. */
int sandbox_refuse_call(long call, int error);

/* A socket that sends frames on an interface; one that receives those of a protocol (ETH_P_IP) that passed its filters. */
int sandbox_sender(const char *name);
int sandbox_receiver(const char *name, uint16_t protocol);
void sandbox_send(int sender, const struct fw_frame *frame);
/*
 * Takes away what waits at a receiver and counts the frames from two IPv4 addresses (host's order). Waits until there are
 * @want from the address @which; what was sent before these is counted then too.
 */
void sandbox_received(int receiver, const uint32_t from[2], int which, unsigned want, unsigned n[2]);

#endif
