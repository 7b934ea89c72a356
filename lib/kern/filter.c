// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classic tc filters, for kernels without tcx links. A filter stays when its
 * process ends, so it is noted in a map before it is made: what a killed process
 * leaves behind is found there.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* The priority that the kernel would give to the first filter; where somebody else has it, the ones before it. */
#define PRIORITY 0xc000
#define PRIORITY_TRIES 64
#define HANDLE 1

static struct bpf_tc_hook hook_of(const struct attachment *a)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->ifindex,
		    .attach_point = a->prog == FW_PROG_TC_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS);

	return hook;
}

int kern_filter_note(int map, const struct attachment *a)
{
	const struct filter_key key = { a->ifindex, a->prog };
	const struct filter_value value = { a->handle, a->priority, a->qdisc };

	return bpf_map_update_elem(map, &key, &value, 0) ? -errno : 0;
}

void kern_filter_forget(int map, const struct attachment *a)
{
	const struct filter_key key = { a->ifindex, a->prog };

	bpf_map_delete_elem(map, &key);
}

static int filter_set(const struct attachment *a, int prog_fd, uint32_t flags)
{
	struct bpf_tc_hook hook = hook_of(a);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .handle = a->handle, .priority = a->priority,
		    .flags = flags);

	return bpf_tc_attach(&hook, &opts);
}

int kern_filter_replace(const struct attachment *a, int prog_fd)
{
	return filter_set(a, prog_fd, BPF_TC_F_REPLACE);
}

static void qdisc_remove(const struct attachment *a)
{
	struct bpf_tc_hook hook = hook_of(a);

	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
}

int kern_filter_add(struct fw_kern *k, struct attachment *a)
{
	struct bpf_tc_hook hook = hook_of(a);
	int made = bpf_tc_hook_create(&hook), err = made == -EEXIST ? 0 : made;

	if (err)
		return err;
	a->qdisc = !made;
	a->handle = HANDLE;
	for (uint32_t i = 0; i < PRIORITY_TRIES; i++) {
		a->priority = PRIORITY - i;
		err = kern_filter_note(k->maps[MAP_FILTERS], a);
		if (!err)
			err = filter_set(a, k->progs[a->prog], 0);
		if (!err)
			return 0;
		/* EINVAL: a filter of another kind has the priority. */
		if (err != -EEXIST && err != -EINVAL)
			break;
	}
	kern_filter_forget(k->maps[MAP_FILTERS], a);
	if (a->qdisc)
		qdisc_remove(a);
	return err;
}

uint32_t kern_filter_prog(const struct attachment *a)
{
	struct bpf_tc_hook hook = hook_of(a);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = a->handle, .priority = a->priority);

	return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
}

void kern_filter_remove(const struct attachment *a)
{
	struct bpf_tc_hook hook = hook_of(a);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = a->handle, .priority = a->priority);

	bpf_tc_detach(&hook, &opts);
	if (a->qdisc)
		qdisc_remove(a);
}
