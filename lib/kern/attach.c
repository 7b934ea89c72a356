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

/* Notes what was attached, and pins it. On failure it is detached. */
static int remember(struct fw_kern *k, struct attachment a)
{
	char path[PATH_MAX];
	int err;

	a.folder = k->folder;
	a.id = a.link >= 0 ? kern_link_id(a.link) : 0;
	err = kern_attached_add(k, a);
	if (err || !k->pins || a.link < 0 || !bpf_obj_pin(a.link, kern_link_path(k, &a.folder, &a, path)))
		return err;
	err = -errno;
	close(a.link);
	k->nattached--;
	return err;
}

static int xdp_link(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = mode == FW_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	int fd = bpf_link_create(k->progs[FW_PROG_XDP], (int)ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return -errno;
	return remember(k, (struct attachment){ .link = fd, .ifindex = ifindex, .prog = FW_PROG_XDP, .mode = mode });
}

/* In another mode than it is attached in; if that fails, as it was. */
static int xdp_change(struct fw_kern *k, struct attachment *a, enum fw_xdp_mode mode, struct fw_diags *ds)
{
	uint32_t ifindex = a->ifindex;
	enum fw_xdp_mode before = a->mode;
	int err, again;

	kern_detach(k, a);
	kern_attached_remove(k, a);
	err = xdp_link(k, ifindex, mode);
	if (!err)
		return 0;
	again = xdp_link(k, ifindex, before);
	return fail(ds, ifindex, err, mode == FW_XDP_NATIVE ? "native XDP" : "generic XDP",
		    again ? "it is not filtered now: attach it again" : "it goes on in the mode that it was in");
}

static int xdp_attach(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		      struct fw_diags *ds)
{
	int err = mode == FW_XDP_GENERIC ? -EOPNOTSUPP : xdp_link(k, ifindex, FW_XDP_NATIVE);

	*used = FW_XDP_NATIVE;
	if (!err)
		return 0;
	if (mode == FW_XDP_NATIVE)
		return fail(ds, ifindex, err, "native XDP", "its driver may lack XDP: try generic mode, or tc");
	*used = FW_XDP_GENERIC;
	err = xdp_link(k, ifindex, FW_XDP_GENERIC);
	return err ? fail(ds, ifindex, err, "generic XDP", NULL) : 0;
}

int fw_kern_attach_xdp(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		       struct fw_diags *ds)
{
	enum fw_xdp_mode ignored = FW_XDP_AUTO, *as = used ? used : &ignored;
	int err = check_ethernet(ifindex, ds);
	char name[IF_NAMESIZE];
	struct attachment *a;
	uint32_t foreign;

	if (err)
		return err;
	kern_attached_prune(k);
	a = kern_attached_find(k, ifindex, FW_PROG_XDP);
	if (a) {
		*as = mode == FW_XDP_AUTO ? a->mode : mode;
		return *as == a->mode ? 0 : xdp_change(k, a, mode, ds);
	}
	foreign = kern_xdp_view(ifindex).prog;
	if (!foreign)
		return xdp_attach(k, ifindex, mode, as, ds);
	fw_diag_add(ds, (struct fw_place){ 0 }, "remove that program first, or filter by tc",
		    "%s: XDP program %u is attached and is not ours to replace", name_of(ifindex, name), foreign);
	return -EBUSY;
}

/* Notes a new filter and pins nothing; on failure it is removed. */
static int tc_classic(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog)
{
	struct attachment a = { .link = -1, .ifindex = ifindex, .prog = prog };
	int err = kern_filter_add(k, &a);

	if (err)
		return err;
	err = remember(k, a);
	if (err)
		kern_detach(k, &a);
	return err;
}

int fw_kern_attach_tc(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog, struct fw_diags *ds)
{
	int fd, err = check_ethernet(ifindex, ds);

	if (err)
		return err;
	kern_attached_prune(k);
	if (kern_attached_find(k, ifindex, prog))
		return 0;
	fd = kern_chain_head(ifindex, prog, k->progs[prog]);
	if (fd >= 0)
		err = remember(k, (struct attachment){ .link = fd, .ifindex = ifindex, .prog = prog });
	else
		err = fd == -EINVAL ? tc_classic(k, ifindex, prog) : fd;
	return err ? fail(ds, ifindex, err, "tc", NULL) : 0;
}

/* The link that was there goes on by a stand-in until the new one has its place: a program is in a chain once. */
static int link_to_front(struct fw_kern *k, struct attachment *a)
{
	struct attachment new = { .ifindex = a->ifindex, .prog = a->prog };
	struct stand_in s;
	int err = kern_stand_in_open(&s, a->prog, k->progs[a->prog]);

	if (err)
		return err;
	err = kern_attached_update(a, s.prog);
	if (!err) {
		new.link = kern_chain_head(a->ifindex, a->prog, k->progs[a->prog]);
		err = new.link < 0 ? new.link : remember(k, new);
		/* The list may have grown: the old one is the first of the two. */
		a = kern_attached_find(k, new.ifindex, new.prog);
		if (err) {
			kern_attached_update(a, k->progs[a->prog]);
		} else {
			kern_detach(k, a);
			kern_attached_remove(k, a);
		}
	}
	kern_stand_in_close(&s);
	return err;
}

/* Filters need no stand-in: the same program may be in two. */
static int filter_to_front(struct fw_kern *k, struct attachment *a)
{
	struct attachment old = *a, new = *a;
	int err = kern_filter_add(k, &new);

	if (err) {
		kern_filter_note(k->maps[MAP_FILTERS], &old);
		return err;
	}
	new.qdisc = old.qdisc;
	*a = new;
	old.qdisc = false;
	kern_filter_remove(&old);
	return kern_filter_note(k->maps[MAP_FILTERS], a);
}

int fw_kern_to_front(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog)
{
	struct attachment *a;

	kern_attached_prune(k);
	a = kern_attached_find(k, ifindex, prog);
	if (!a)
		return -ENOENT;
	if (prog == FW_PROG_XDP || !kern_in_front(a))
		return 0;
	return a->link < 0 ? filter_to_front(k, a) : link_to_front(k, a);
}

/* The other filter behind a qdisc that is ours takes the qdisc over. */
static void hand_qdisc_on(struct fw_kern *k, struct attachment *a)
{
	enum fw_prog other = a->prog == FW_PROG_TC_INGRESS ? FW_PROG_TC_EGRESS : FW_PROG_TC_INGRESS;
	struct attachment *heir = kern_attached_find(k, a->ifindex, other);

	if (!a->qdisc || !heir || heir->link >= 0)
		return;
	a->qdisc = false;
	heir->qdisc = true;
	kern_filter_note(k->maps[MAP_FILTERS], heir);
}

static void detach(struct fw_kern *k, struct attachment *a)
{
	hand_qdisc_on(k, a);
	kern_detach(k, a);
	kern_attached_remove(k, a);
}

int fw_kern_detach(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog)
{
	struct attachment *a;

	kern_attached_prune(k);
	a = kern_attached_find(k, ifindex, prog);
	if (!a)
		return -ENOENT;
	detach(k, a);
	return 0;
}

int fw_kern_detach_link(struct fw_kern *k, uint32_t link)
{
	kern_attached_prune(k);
	for (size_t i = 0; link && i < k->nattached; i++)
		if (k->attached[i].id == link) {
			detach(k, &k->attached[i]);
			return 0;
		}
	return -ENOENT;
}

void fw_kern_unpin(struct fw_kern *k)
{
	while (k->nattached)
		detach(k, &k->attached[0]);
	if (!k->pins)
		return;
	kern_pins_tidy(k, true);
	free(k->pins);
	k->pins = NULL;
}
