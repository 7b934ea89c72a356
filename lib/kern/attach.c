// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching to interfaces. XDP and, where the kernel has it (6.6), tcx are
 * links that go away with this process; older kernels get a classic tc filter.
 */
#include "kern.h"

#include "fw/conntrack.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
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

/* The parser must know how packets begin. Sets @a->l3, and loads the program for such packets. */
static int check_layer(struct fw_kern *k, struct attachment *a, enum fw_xdp_mode mode, struct fw_diags *ds)
{
	const char *hint = "packets must begin with an Ethernet header, or with an IP header as those of tunnels do";
	struct kern_layer l = { .layer = LAYER_OTHER };
	int err = kern_layer_ask(a->ifindex, &l);
	char name[IF_NAMESIZE];

	name_of(a->ifindex, name);
	a->l3 = l.layer == LAYER_IP;
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "interface %u: %s", a->ifindex, strerror(-err));
	else if (l.layer == LAYER_OTHER)
		err = fw_diag_add(ds, (struct fw_place){ 0 }, hint, "%s: packets of interface type %u cannot be parsed",
				  name, l.type);
	else if (a->l3 && a->prog == FW_PROG_XDP && !l.xdp_begins)
		err = fw_diag_add(ds, (struct fw_place){ 0 }, "filter by tc, as mode auto does",
				  "%s: XDP cannot tell how its packets begin", name);
	else if (a->l3 && a->prog == FW_PROG_XDP && mode == FW_XDP_NATIVE)
		err = fw_diag_add(ds, (struct fw_place){ 0 }, "filter by tc, as mode auto does",
				  "%s: native XDP needs packets with an Ethernet header", name);
	if (err)
		return err == -EINVAL ? -EOPNOTSUPP : err;
	err = kern_programs_need(k, a->prog, a->l3);
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL,
			    "%s: cannot load the program for packets without Ethernet header: %s", name,
			    strerror(-err));
	return err;
}

static int xdp_link(struct fw_kern *k, struct attachment a, enum fw_xdp_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = mode == FW_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);

	a.mode = mode;
	a.link = bpf_link_create(kern_prog_of(k, &a), (int)a.ifindex, BPF_XDP, &opts);
	return a.link < 0 ? -errno : kern_attached_pin(k, a);
}

/* Attaches again in another mode, or on failure in the mode before. */
static int xdp_change(struct fw_kern *k, struct attachment *a, enum fw_xdp_mode mode, struct fw_diags *ds)
{
	struct attachment was = *a;
	int err, again;

	kern_attachment_undo(k, a);
	kern_attached_remove(k, a);
	err = xdp_link(k, was, mode);
	if (!err)
		return 0;
	again = xdp_link(k, was, was.mode);
	return fail(ds, was.ifindex, err, mode == FW_XDP_NATIVE ? "native XDP" : "generic XDP",
		    again ? "nothing is filtered now: attach again" : "it is attached in the mode that it was in");
}

static int xdp_attach(struct fw_kern *k, struct attachment a, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		      struct fw_diags *ds)
{
	int err = mode == FW_XDP_GENERIC || a.l3 ? -EOPNOTSUPP : xdp_link(k, a, FW_XDP_NATIVE);

	*used = FW_XDP_NATIVE;
	if (!err)
		return 0;
	if (mode == FW_XDP_NATIVE)
		return fail(ds, a.ifindex, err, "native XDP", "its driver may lack XDP: try generic mode, or tc");
	*used = FW_XDP_GENERIC;
	err = xdp_link(k, a, FW_XDP_GENERIC);
	return err ? fail(ds, a.ifindex, err, "generic XDP", NULL) : 0;
}

int fw_kern_attach_xdp(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		       struct fw_diags *ds)
{
	enum fw_xdp_mode ignored = FW_XDP_AUTO, *as = used ? used : &ignored;
	struct attachment *a, new = { .ifindex = ifindex, .prog = FW_PROG_XDP };
	int err = check_layer(k, &new, mode, ds);
	char name[IF_NAMESIZE];
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
		return xdp_attach(k, new, mode, as, ds);
	fw_diag_add(ds, (struct fw_place){ 0 }, "remove that program first, or filter by tc",
		    "%s: XDP program %u is attached and is not ours to replace", name_of(ifindex, name), foreign);
	return -EBUSY;
}

/* Adds a classic filter, which needs no pin. Removes it on failure. */
static int tc_classic(struct fw_kern *k, struct attachment a)
{
	int err = kern_filter_add(k, &a);

	if (err)
		return err;
	err = kern_attached_pin(k, a);
	if (err)
		kern_attachment_undo(k, &a);
	return err;
}

int fw_kern_attach_tc(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog, struct fw_diags *ds)
{
	struct attachment new = { .link = -1, .ifindex = ifindex, .prog = prog };
	int fd, err = check_layer(k, &new, FW_XDP_AUTO, ds);

	if (err)
		return err;
	kern_attached_prune(k);
	if (kern_attached_find(k, ifindex, prog))
		return 0;
	fd = kern_chain_head(ifindex, prog, kern_prog_of(k, &new));
	if (fd == -EINVAL) {
		err = tc_classic(k, new);
	} else {
		new.link = fd;
		err = fd < 0 ? fd : kern_attached_pin(k, new);
	}
	return err ? fail(ds, ifindex, err, "tc", NULL) : 0;
}

/* The old link runs a stand-in until the new one is attached, because a chain takes a program only once. */
static int link_to_front(struct fw_kern *k, struct attachment *a)
{
	struct attachment new = { .ifindex = a->ifindex, .prog = a->prog, .l3 = a->l3 };
	struct stand_in s;
	int prog = kern_prog_of(k, a), err = kern_stand_in_open(&s, a->prog, prog);

	if (err)
		return err;
	err = kern_attachment_update(a, s.prog);
	if (!err) {
		new.link = kern_chain_head(a->ifindex, a->prog, prog);
		err = new.link < 0 ? new.link : kern_attached_pin(k, new);
		/* The list may have moved. The old link is the first of the two. */
		a = kern_attached_find(k, new.ifindex, new.prog);
		if (err) {
			kern_attachment_update(a, prog);
		} else {
			kern_attachment_undo(k, a);
			kern_attached_remove(k, a);
		}
	}
	kern_stand_in_close(&s);
	return err;
}

/* Filters need no stand-in: two may run the same program. */
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

/* Makes the other filter on a qdisc of ours responsible for removing it. */
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
	kern_attachment_undo(k, a);
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
	fw_kern_detach_host(k);
	while (k->nattached)
		detach(k, &k->attached[0]);
	fw_conntrack_end(k);
	if (!k->pins)
		return;
	kern_pins_tidy(k, true);
	free(k->pins);
	k->pins = NULL;
}
