/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's structures, as far as the programs read them: libbpf finds each member's place when a program is loaded. */
#ifndef FW_BPF_KERNEL_H
#define FW_BPF_KERNEL_H

#include "fw/table/fields.h"

#define FW_OF_KERNEL __attribute__((preserve_access_index))

typedef struct {
	__u32 val;
} FW_OF_KERNEL kuid_t;
typedef struct {
	__u32 val;
} FW_OF_KERNEL kgid_t;

struct cred {
	kuid_t fsuid;
	kgid_t fsgid;
} FW_OF_KERNEL;

struct file {
	const struct cred *f_cred;
} FW_OF_KERNEL;

struct socket {
	struct file *file;
} FW_OF_KERNEL;

struct sock_common {
	unsigned char skc_state;
	struct sock *skc_listener;
} FW_OF_KERNEL;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
} FW_OF_KERNEL;

struct net_device;

struct sk_buff {
	struct sock *sk;
	unsigned long _skb_refdst;
	unsigned long _nfct;
	unsigned int len;
	__u32 mark;
	__u8 pkt_type : 3;
	__u16 mac_header;
	unsigned char *head, *data;
	struct net_device *dev;
} FW_OF_KERNEL;

/* Of pkt_type, from linux/if_packet.h. */
enum { FW_SKB_BROADCAST = 1, FW_SKB_MULTICAST = 2, FW_SKB_LOOPBACK = 5 };

/* Of net_device.type, from linux/if_arp.h: its frames have Ethernet headers. */
enum { FW_DEVICE_ETHER = 1 };

struct net_device {
	int ifindex;
	unsigned short type;
	const unsigned char *dev_addr;
} FW_OF_KERNEL;

struct dst_entry {
	struct net_device *dev;
} FW_OF_KERNEL;

struct xdp_rxq_info {
	struct net_device *dev;
} FW_OF_KERNEL;

struct xdp_buff {
	struct xdp_rxq_info *rxq;
} FW_OF_KERNEL;

struct nf_hook_state {
	__u8 hook;
	__u8 pf;
	struct net_device *in;
	struct net_device *out;
} FW_OF_KERNEL;

/* Of skc_state. */
enum { FW_TCP_TIME_WAIT = 6, FW_TCP_NEW_SYN_RECV = 12 };

/* The context of netfilter's programs, whose layout is fixed. */
struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

/* The state of the connection that skb->_nfct is, as `ct state` of nft tells it. Its low bits say what the packet is to it. */
static __always_inline __u32 fw_nfct_state(__u64 nfct)
{
	__u32 info = nfct & 7;

	if (!(nfct & ~7ull))
		return info == 7 ? FW_STATE_UNTRACKED : FW_STATE_INVALID;
	/* Replies have the numbers of originals, from 3 on. */
	info -= info >= 3 ? 3 : 0;
	return info == 0 ? FW_STATE_ESTABLISHED : info == 1 ? FW_STATE_RELATED : FW_STATE_NEW;
}

#endif
