// SPDX-License-Identifier: GPL-2.0-only
/* Runs one packet through a loaded program by BPF_PROG_TEST_RUN: counted like live traffic, or not counted. */
#include "kern.h"

#include "fw/table/prog.h"

#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <sched.h>
#include <string.h>

/* The kernel accepts a page, less its own overhead; all headers are within that. */
#define DRY_BYTES 3072

/* struct nf_hook_state of the kernel, which a test run takes without the pointers. */
struct kern_nf_state {
	uint8_t hook, family;
	uint64_t pointers[5];
};

/* Keeps this thread on its CPU, so that the result can be read from that CPU's state. */
static int stay(cpu_set_t *before)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	if (cpu < 0 || sched_getaffinity(0, sizeof(*before), before))
		return -errno;
	CPU_ZERO(&one);
	CPU_SET((unsigned)cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : cpu;
}

/* Repeats a run that a signal (a terminal's stop and continue) has interrupted before its packet. */
static int run(int prog, struct bpf_test_run_opts *opts)
{
	int err;

	do
		err = bpf_prog_test_run_opts(prog, opts) ? -errno : 0;
	while (err == -EINTR);
	return err;
}

int fw_kern_test(struct fw_kern *k, enum fw_prog prog, const void *frame, uint32_t len, uint32_t mark,
		 struct fw_result *out)
{
	return kern_test(k, (int)prog, frame, len, mark, out);
}

/* For netfilter's programs: the hook and, from the frame's ethertype, the family. At output packets have no Ethernet header. */
static void at_netfilter(struct bpf_test_run_opts *opts, enum fw_prog prog, struct kern_nf_state *state)
{
	const uint8_t *frame = opts->data_in;
	bool v6 = opts->data_size_in >= ETH_HLEN && frame[2 * ETH_ALEN] == ETH_P_IPV6 >> 8;

	*state =
		(struct kern_nf_state){ .hook = kern_netfilter_hook(prog), .family = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4 };
	opts->ctx_in = state;
	opts->ctx_size_in = sizeof(*state);
	if (prog != FW_PROG_NF_OUTPUT)
		return;
	opts->data_in = frame + ETH_HLEN;
	opts->data_size_in -= ETH_HLEN;
}

int kern_test(struct fw_kern *k, int which, const void *frame, uint32_t len, uint32_t mark, struct fw_result *out)
{
	struct __sk_buff skb = { .mark = mark };
	struct kern_nf_state state;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len, .repeat = 1);
	cpu_set_t before;
	int cpu = stay(&before), err;

	if (cpu < 0)
		return cpu;
	if (fw_prog_is_nf((unsigned)which)) {
		at_netfilter(&opts, (enum fw_prog)which, &state);
	} else if (which != FW_PROG_XDP && which != PROG_L3 + FW_PROG_XDP) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	err = run(k->progs[which], &opts);
	if (!err)
		*out = fw_result_of(&k->cpus[cpu].answer);
	sched_setaffinity(0, sizeof(before), &before);
	return err;
}

int fw_kern_probe(struct fw_kern *k, const struct fw_probe *p, struct fw_result *out)
{
	struct {
		struct fw_dry_run question;
		uint8_t frame[DRY_BYTES];
	} packet = { .question = { .hook = p->hook,
				   .iface = p->iface,
				   .from_if = p->from_if,
				   .to_if = p->to_if,
				   .state = p->state,
				   .uid = p->uid,
				   .gid = p->gid,
				   .len = p->len } };
	uint32_t bytes = p->len < DRY_BYTES ? p->len : DRY_BYTES;
	struct __sk_buff skb = { .mark = p->mark };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &packet, .data_size_in = sizeof(packet.question) + bytes,
		    .repeat = 1, .ctx_in = &skb, .ctx_size_in = sizeof(skb));
	int err;

	memcpy(packet.frame, p->frame, bytes);
	err = run(k->progs[PROG_DRY_RUN], &opts);
	if (!err && opts.retval)
		*out = fw_result_of(&k->cpus[FW_CPU_STATES(k->ncpus) - 1].answer);
	else if (!err)
		*out = (struct fw_result){ .verdict = FW_DROP, .reason = FW_R_INTERNAL };
	return err;
}
