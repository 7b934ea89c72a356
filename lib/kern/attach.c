// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching to interfaces. XDP and, where the kernel has it (6.6), tcx are
 * links that go away with this process; older kernels get a classic tc filter.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Attach types of tcx links, by number: older headers lack the names. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47

static const char *name_of(uint32_t ifindex, char *buf)
{
	return if_indextoname(ifindex, buf) ? buf : "?";
}

static int fail(struct fw_diags *ds, uint32_t ifindex, int err, const char *what, const char *hint)
{
	char name[IF_NAMESIZE];

	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "%s: cannot attach by %s: %s", name_of(ifindex, name), what,
		    strerror(-err));
	return err;
}

/* Packets must begin with an Ethernet header, or the parser would read nonsense. */
static int check_ethernet(uint32_t ifindex, struct fw_diags *ds)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (!if_indextoname(ifindex, ifr.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &ifr))
		err = -errno;
	close(fd);
	if (err) {
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "interface %u: %s", ifindex, strerror(-err));
		return err;
	}
	if (ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER || ifr.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK)
		return 0;
	fw_diag_add(ds, (struct fw_place){ 0 }, "attach to the Ethernet interface below it",
		    "%s: its packets have no Ethernet header (link type %u)", ifr.ifr_name, ifr.ifr_hwaddr.sa_family);
	return -EOPNOTSUPP;
}

static int remember(struct fw_kern *k, struct attachment a)
{
	int err = fw_vec_push(k->attached, k->nattached, k->attached_cap, a);

	if (err && a.link >= 0)
		close(a.link);
	return err;
}

static int xdp_link(struct fw_kern *k, uint32_t ifindex, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(fw_kern_prog_fd(k, FW_PROG_XDP), (int)ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return -errno;
	return remember(k, (struct attachment){ .link = fd, .ifindex = ifindex, .prog = FW_PROG_XDP });
}

/* The id of the XDP program on the interface, 0: none. */
static uint32_t xdp_foreign(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	if (bpf_xdp_query((int)ifindex, 0, &q))
		return 0;
	return q.prog_id ? q.prog_id : q.drv_prog_id ? q.drv_prog_id : q.skb_prog_id;
}

int fw_kern_attach_xdp(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		       struct fw_diags *ds)
{
	uint32_t foreign = xdp_foreign(ifindex);
	char name[IF_NAMESIZE];
	int err = check_ethernet(ifindex, ds);

	if (err)
		return err;
	if (foreign) {
		fw_diag_add(ds, (struct fw_place){ 0 }, "remove that program first, or filter by tc",
			    "%s: XDP program %u is attached and is not ours to replace", name_of(ifindex, name),
			    foreign);
		return -EBUSY;
	}
	err = mode == FW_XDP_GENERIC ? -EOPNOTSUPP : xdp_link(k, ifindex, XDP_FLAGS_DRV_MODE);
	if (used)
		*used = FW_XDP_NATIVE;
	if (!err)
		return 0;
	if (mode == FW_XDP_NATIVE)
		return fail(ds, ifindex, err, "native XDP", "its driver may lack XDP: try generic mode, or tc");
	if (used)
		*used = FW_XDP_GENERIC;
	err = xdp_link(k, ifindex, XDP_FLAGS_SKB_MODE);
	return err ? fail(ds, ifindex, err, "generic XDP", NULL) : 0;
}

/* A classic filter behind the clsact qdisc, which is made if it is not there. */
static int tc_classic(struct fw_kern *k, uint32_t ifindex, enum fw_kern_prog prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = prog == FW_PROG_TC_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = fw_kern_prog_fd(k, prog));
	int made = bpf_tc_hook_create(&hook), err = made == -EEXIST ? 0 : made;

	if (!err)
		err = bpf_tc_attach(&hook, &opts);
	if (err)
		return err;
	/* clang-format off */
	return remember(k, (struct attachment){ .link = -1, .ifindex = ifindex, .prog = prog, .handle = opts.handle,
						.priority = opts.priority, .qdisc = !made });
	/* clang-format on */
}

int fw_kern_attach_tc(struct fw_kern *k, uint32_t ifindex, enum fw_kern_prog prog, struct fw_diags *ds)
{
	int type = prog == FW_PROG_TC_INGRESS ? TCX_INGRESS : TCX_EGRESS, fd, err = check_ethernet(ifindex, ds);

	if (err)
		return err;
	fd = bpf_link_create(fw_kern_prog_fd(k, prog), (int)ifindex, (enum bpf_attach_type)type, NULL);
	if (fd >= 0)
		return remember(k, (struct attachment){ .link = fd, .ifindex = ifindex, .prog = prog });
	err = errno == EINVAL ? tc_classic(k, ifindex, prog) : -errno;
	return err ? fail(ds, ifindex, err, "tc", NULL) : 0;
}

static void detach_classic(const struct attachment *a)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->ifindex,
		    .attach_point = a->prog == FW_PROG_TC_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = a->handle, .priority = a->priority);

	bpf_tc_detach(&hook, &opts);
	if (!a->qdisc)
		return;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
}

void kern_detach_all(struct fw_kern *k)
{
	/* Last attached first: the filter that made a qdisc takes it away after the others are gone. */
	while (k->nattached) {
		const struct attachment *a = &k->attached[--k->nattached];

		if (a->link >= 0)
			close(a->link);
		else
			detach_classic(a);
	}
}
