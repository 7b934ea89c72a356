// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcx chains: the programs on a hook of an interface, in the order in which packets reach them. The first one that returns
 * anything but TCX_NEXT ends the chain, so only the head sees every packet. Older kernel headers, and libbpf before 1.3, lack
 * these parts of bpf(2), so they are declared here.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TCX_INGRESS 46
#define TCX_EGRESS 47
#define BEFORE (1u << 3) /* BPF_F_BEFORE; without a relative program: before all others */
#define TRIES 64

/* Arguments of BPF_LINK_CREATE. */
struct link_attr {
	uint32_t prog_fd, ifindex, type, flags;
	uint32_t relative, pad;
	uint64_t revision; /* that the chain must have; 0: any */
};

/* Arguments of BPF_PROG_QUERY; programs and links are arrays of @count ids. */
struct query_attr {
	uint32_t ifindex, type, flags, attach_flags;
	uint64_t progs;
	uint32_t count, pad;
	uint64_t prog_flags, links, link_flags, revision;
};

_Static_assert(sizeof(struct link_attr) == 32 && sizeof(struct query_attr) == 64, "as in Linux 6.6");

static uint32_t type_of(enum fw_prog prog)
{
	return prog == FW_PROG_TC_INGRESS ? TCX_INGRESS : TCX_EGRESS;
}

int kern_chain_read(uint32_t ifindex, enum fw_prog prog, struct chain *out)
{
	struct query_attr q = { .ifindex = ifindex, .type = type_of(prog), .count = CHAIN_MAX };

	*out = (struct chain){ 0 };
	q.progs = (uint64_t)(uintptr_t)out->prog;
	q.links = (uint64_t)(uintptr_t)out->link;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &q, sizeof(q)) < 0)
		return errno == ENOENT ? 0 : -errno;
	out->n = q.count;
	out->revision = q.revision;
	return 0;
}

int kern_chain_find(const struct chain *c, uint32_t link)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->link[i] == link)
			return (int)i;
	return -ENOENT;
}

/* Tries again with the new chain if others attach at the same time. */
int kern_chain_head(uint32_t ifindex, enum fw_prog prog, int prog_fd)
{
	struct link_attr a = {
		.prog_fd = (uint32_t)prog_fd, .ifindex = ifindex, .type = type_of(prog), .flags = BEFORE
	};
	struct chain c;
	int fd = -1, err = -ESTALE;

	for (int i = 0; i < TRIES && err == -ESTALE; i++) {
		err = kern_chain_read(ifindex, prog, &c);
		if (err)
			return err;
		a.revision = c.revision;
		fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a));
		err = fd < 0 ? -errno : 0;
	}
	return err ? err : fd;
}
