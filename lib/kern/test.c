// SPDX-License-Identifier: GPL-2.0-only
/* One packet through a loaded program by BPF_PROG_TEST_RUN: the answer that live traffic would get. */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>

/* Keeps this thread on the CPU it runs on, so that the answer can be read from that CPU's state. */
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

int fw_kern_test(struct fw_kern *k, enum fw_kern_prog prog, const void *frame, uint32_t len, uint32_t mark,
		 struct fw_result *out)
{
	struct __sk_buff skb = { .mark = mark };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len, .repeat = 1);
	cpu_set_t before;
	int cpu = stay(&before), err = 0;

	if (cpu < 0)
		return cpu;
	if (prog != FW_PROG_XDP) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	/* A signal (a terminal's stop and continue) interrupts a run before its packet. */
	do
		err = bpf_prog_test_run_opts(fw_kern_prog_fd(k, prog), &opts) ? -errno : 0;
	while (err == -EINTR);
	if (!err)
		*out = fw_result_of(__atomic_load_n(&k->cpus[cpu].what, __ATOMIC_RELAXED));
	sched_setaffinity(0, sizeof(before), &before);
	return err;
}
