// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classic tc filters, for kernels without tcx links. A filter stays when its
 * process ends, so it is noted in a map before it is created: the next process
 * finds what a killed one has left.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

/*
 * Packets reach the lowest priority number first. BPF filters for all protocols can share a priority, the newest first; if a
 * filter of another kind has it, the next one is tried.
 */
#define PRIORITIES 64
#define HANDLES 64

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

/* Tries one priority. 0; -EINVAL: a filter of another kind has it; -EEXIST: all handles are in use; -errno. */
static int filter_try(struct fw_kern *k, struct attachment *a)
{
	int err = -EEXIST;

	for (uint32_t handle = 1; err == -EEXIST && handle <= HANDLES; handle++) {
		a->handle = handle;
		err = kern_filter_note(k->maps[MAP_FILTERS], a);
		if (!err)
			err = filter_set(a, kern_prog_of(k, a), 0);
	}
	return err;
}

int kern_filter_add(struct fw_kern *k, struct attachment *a)
{
	struct bpf_tc_hook hook = hook_of(a);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	a->qdisc = !err;
	err = -EINVAL;
	for (uint32_t priority = 1; (err == -EINVAL || err == -EEXIST) && priority <= PRIORITIES; priority++) {
		a->priority = priority;
		err = filter_try(k, a);
	}
	if (!err)
		return 0;
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

/* The first filter on a hook; handle 0: there is none. */
struct first {
	uint32_t handle, priority, prog;
	bool is_bpf;
};

static int bpf_option(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == TCA_BPF_ID && !mnl_attr_validate(attr, MNL_TYPE_U32))
		((struct first *)ctx)->prog = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/* Netlink sends the kind before the options. */
static int filter_option(const struct nlattr *attr, void *ctx)
{
	struct first *f = ctx;

	if (mnl_attr_get_type(attr) == TCA_KIND)
		f->is_bpf = !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) && !strcmp(mnl_attr_get_str(attr), "bpf");
	if (mnl_attr_get_type(attr) == TCA_OPTIONS && f->is_bpf)
		mnl_attr_parse_nested(attr, bpf_option, f);
	return MNL_CB_OK;
}

static int first_filter(const struct nlmsghdr *h, void *ctx)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(h);
	struct first *f = ctx;

	if (h->nlmsg_type != RTM_NEWTFILTER || f->handle || !t->tcm_handle)
		return MNL_CB_OK;
	f->handle = t->tcm_handle;
	f->priority = t->tcm_info >> 16;
	f->prog = FW_IN_FRONT_FILTER;
	mnl_attr_parse(h, sizeof(*t), filter_option, f);
	return MNL_CB_OK;
}

/* Called in the order in which packets reach the filters. */
static struct first first_of(uint32_t ifindex, enum fw_prog prog)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	_Alignas(struct nlmsghdr) uint8_t buf[32 << 10];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct tcmsg *t = mnl_nlmsg_put_extra_header(h, sizeof(*t));
	struct first f = { 0 };
	ssize_t n = -1;

	h->nlmsg_type = RTM_GETTFILTER;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	t->tcm_ifindex = (int)ifindex;
	t->tcm_parent = TC_H_MAKE(TC_H_CLSACT, prog == FW_PROG_TC_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	if (s && !mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) && mnl_socket_sendto(s, h, h->nlmsg_len) > 0)
		do
			n = mnl_socket_recvfrom(s, buf, sizeof(buf));
		while (n > 0 && mnl_cb_run(buf, (size_t)n, 0, 0, first_filter, &f) > MNL_CB_STOP);
	if (s)
		mnl_socket_close(s);
	return f;
}

uint32_t kern_filter_in_front(const struct attachment *a)
{
	struct first f = first_of(a->ifindex, a->prog);

	return f.handle && (f.handle != a->handle || f.priority != a->priority) ? f.prog : 0;
}

/* Leaves the qdisc if filters of others use it. */
void kern_filter_remove(const struct attachment *a)
{
	struct bpf_tc_hook hook = hook_of(a);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = a->handle, .priority = a->priority);

	bpf_tc_detach(&hook, &opts);
	if (a->qdisc && !first_of(a->ifindex, FW_PROG_TC_INGRESS).handle &&
	    !first_of(a->ifindex, FW_PROG_TC_EGRESS).handle)
		qdisc_remove(a);
}
