/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A private network namespace and bpf file system, which disappear when the
 * process ends, however it ends; interfaces in it, and frames on them.
 */
#ifndef FW_TEST_SANDBOX_H
#define FW_TEST_SANDBOX_H

#include "fw/kern.h"
#include "fw/text.h"

#include <bpf/bpf.h>

#define SANDBOX_BPFFS "/sys/fs/bpf"

/* The kind of pool that FW_POOL names (auto, arena, maps). */
enum fw_kern_pool sandbox_pool(void);

/* Enters it, irrevocably. false: not permitted; prints a message. */
bool sandbox_enter(void);
/* Creates a pair of interfaces, which are up. Return: the index of the first. */
uint32_t sandbox_veth(const char *name, const char *peer);
/* The same, with a given index. */
uint32_t sandbox_veth_at(const char *name, const char *peer, uint32_t ifindex);
/* Its Ethernet address. */
void sandbox_mac(const char *name, uint8_t mac[6]);
void sandbox_delete(const char *name);
void sandbox_rename(const char *from, const char *to);

/* Loads a foreign program that returns @verdict for every packet. Return: its descriptor. */
int sandbox_foreign(enum bpf_prog_type type, int verdict);

/* From now on a system call of this process fails with @error, as in a sandbox or an older kernel. 0 or -errno. */
int sandbox_refuse_call(long call, int error);

/* A socket that sends frames on an interface; one that receives those of a protocol (ETH_P_IP) that passed its filters. */
int sandbox_sender(const char *name);
int sandbox_receiver(const char *name, uint16_t protocol);
void sandbox_send(int sender, const struct fw_frame *frame);
/*
 * Receives all waiting frames and counts those from two IPv4 addresses (host byte order). Waits until @want from the address
 * @which have arrived: then all frames that were sent before them have, too.
 */
void sandbox_received(int receiver, const uint32_t from[2], int which, unsigned want, unsigned n[2]);

#endif
