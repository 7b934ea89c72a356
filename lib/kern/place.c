// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which attachments are in this network namespace. A link has the index of its interface, but does not tell in which network
 * namespace: the interface may have moved, and an earlier process may have run in another namespace. So the interface with
 * that index is asked for its programs too.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <unistd.h>

struct xdp_view kern_xdp_view(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	if (bpf_xdp_query((int)ifindex, 0, &q))
		return (struct xdp_view){ 0 };
	return (struct xdp_view){
		.prog = q.skb_prog_id ? q.skb_prog_id : q.drv_prog_id,
		.hardware = q.hw_prog_id,
		.mode = q.skb_prog_id ? FW_XDP_GENERIC : FW_XDP_NATIVE,
	};
}

uint32_t fw_kern_xdp_prog(uint32_t ifindex)
{
	return kern_xdp_view(ifindex).prog;
}

/* Does another link of ours have the interface? Then one that was away has not come back. */
static bool has_rival(const struct fw_kern *k, const struct attachment *a)
{
	for (size_t i = 0; a->away && i < k->nattached; i++)
		if (k->attached[i].prog == FW_PROG_XDP && k->attached[i].ifindex == a->ifindex && !k->attached[i].away)
			return true;
	return false;
}

bool kern_is_here(const struct fw_kern *k, struct attachment *a)
{
	struct xdp_view view;
	struct chain c;

	if (a->link < 0)
		return true;
	if (fw_prog_is_nf(a->prog))
		return a->netns == kern_netns();
	if (a->prog != FW_PROG_XDP)
		return !kern_chain_read(a->ifindex, a->prog, &c) && kern_chain_find(&c, a->id) >= 0;
	view = kern_xdp_view(a->ifindex);
	if (!view.prog || view.prog != kern_attachment_prog(a) || has_rival(k, a))
		return false;
	a->mode = view.mode;
	return true;
}

/* Replaces the link's program by an equivalent one for a moment: does the interface with its index run that one then? */
static bool answers_here(const struct attachment *a)
{
	int prog = bpf_prog_get_fd_by_id(kern_attachment_prog(a));
	struct stand_in s;
	bool here = true;

	if (prog >= 0 && !kern_stand_in_open(&s, a->prog, prog)) {
		if (!bpf_link_update(a->link, s.prog, NULL)) {
			here = kern_xdp_view(a->ifindex).prog == kern_prog_id(s.prog);
			bpf_link_update(a->link, prog, NULL);
		}
		kern_stand_in_close(&s);
	}
	kern_close_fd(&prog);
	return here;
}

static bool is_ambiguous(const struct fw_kern *k, const struct attachment *a)
{
	for (size_t i = 0; i < k->nattached; i++)
		if (&k->attached[i] != a && k->attached[i].prog == FW_PROG_XDP && k->attached[i].ifindex == a->ifindex)
			return a->prog == FW_PROG_XDP;
	return false;
}

void kern_places_tell(struct fw_kern *k)
{
	for (size_t i = 0; i < k->nattached; i++) {
		struct attachment *a = &k->attached[i];

		a->away = !kern_is_here(k, a) || (is_ambiguous(k, a) && !answers_here(a));
	}
}

uint32_t kern_in_front(const struct attachment *a)
{
	struct chain c;
	int at;

	if (a->link < 0)
		return kern_filter_in_front(a);
	if (fw_prog_is_nf(a->prog))
		return 0;
	if (a->prog == FW_PROG_XDP)
		return kern_xdp_view(a->ifindex).hardware;
	at = kern_chain_read(a->ifindex, a->prog, &c) ? 0 : kern_chain_find(&c, a->id);
	return at > 0 ? c.prog[0] : 0;
}
