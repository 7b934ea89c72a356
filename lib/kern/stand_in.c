// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stand-ins: programs of four instructions that only call another one. A tcx chain takes a program only once, so a link that
 * is moved to the head runs a stand-in, which filters in the same way, until the new link is attached. They also help to find
 * a link's interface: the one that reports the stand-in once the link runs it.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <string.h>

#define CALL_TAIL                                                     \
	{                                                             \
		.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call \
	}
#define SET(reg, value)                                                               \
	{                                                                             \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (reg), .imm = (value) \
	}

static int load(struct stand_in *s, enum fw_prog prog)
{
	/* The call returns only on failure; then the packet is dropped: XDP_DROP, TC_ACT_SHOT. */
	const struct bpf_insn insns[] = {
		{ .code = LD_IMM64, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = s->calls },
		{ 0 },
		SET(3, 0),
		CALL_TAIL,
		SET(0, prog == FW_PROG_XDP ? 1 : 2),
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = prog == FW_PROG_XDP ? BPF_F_XDP_HAS_FRAGS : 0,
		    .expected_attach_type = prog == FW_PROG_XDP ? BPF_XDP : 0);

	s->prog = bpf_prog_load(prog == FW_PROG_XDP ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, "fw_stand_in", "GPL",
				insns, sizeof(insns) / sizeof(*insns), &opts);
	return s->prog < 0 ? -errno : 0;
}

int kern_stand_in_open(struct stand_in *s, enum fw_prog prog, int target)
{
	uint32_t zero = 0;
	int err;

	*s = (struct stand_in){ -1, -1 };
	s->calls = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "fw_stand_in", sizeof(zero), sizeof(zero), 1, NULL);
	err = s->calls < 0 ? -errno : load(s, prog);
	if (!err && bpf_map_update_elem(s->calls, &zero, &target, 0))
		err = -errno;
	if (err)
		kern_stand_in_close(s);
	return err;
}

void kern_stand_in_close(struct stand_in *s)
{
	kern_close_fd(&s->prog);
	kern_close_fd(&s->calls);
}
