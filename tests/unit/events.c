// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/events.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

/* The input of the program is a frame: a header that the kernel requires, and the event. */
#define HEAD 14
#define STACK (-(int)sizeof(struct fw_event))

#define INSN(c, dst, src, o, i)                                                              \
	{                                                                                    \
		.code = (c), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (int)(i) \
	}
#define MOVE(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define ADD(dst, value) INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)

/* bpf_skb_load_bytes(skb, HEAD, stack, size), and if that succeeds bpf_ringbuf_output(ring, stack, size, 0). */
int event_writer(int ring, size_t size)
{
	const struct bpf_insn insns[] = {
		SET(2, HEAD),
		MOVE(3, 10),
		ADD(3, STACK),
		SET(4, size),
		CALL(BPF_FUNC_skb_load_bytes),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 7, 0),
		INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, ring),
		INSN(0, 0, 0, 0, 0),
		MOVE(2, 10),
		ADD(2, STACK),
		SET(3, size),
		SET(4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fw_event", "GPL", insns, sizeof(insns) / sizeof(*insns), NULL);

	return fd < 0 ? -errno : fd;
}

int event_write(int writer, const struct fw_event *e)
{
	uint8_t frame[HEAD + sizeof(*e)] = { [12] = 0x12, 0x34 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	memcpy(frame + HEAD, e, sizeof(*e));
	if (bpf_prog_test_run_opts(writer, &opts))
		return -errno;
	return (int)opts.retval;
}

struct fw_event event_of(enum fw_prog prog, uint32_t counter, enum fw_verdict verdict, const char *packet)
{
	struct fw_event e = { .counter = counter,
			      .prog = (uint8_t)prog,
			      .verdict = (uint8_t)verdict,
			      .state = 0xff,
			      .uid = UINT32_MAX,
			      .gid = UINT32_MAX };
	struct fw_diags ds = { .n = 0 };
	struct fw_frame f;

	if (fw_text_frame(packet, &f, &ds))
		abort();
	e.kind = FW_EVENT_LOG;
	e.len = f.wire_len;
	e.mark = f.mark;
	e.captured = (uint16_t)(f.len < FW_EVENT_BYTES ? f.len : FW_EVENT_BYTES);
	memcpy(e.bytes, f.data, e.captured);
	return e;
}
