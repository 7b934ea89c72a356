// SPDX-License-Identifier: GPL-2.0-only
/* Netfilter's hooks of this network namespace: a link for each hook and family. */
#include "kern.h"

#include <bpf/bpf.h>
#include <linux/netfilter.h>

static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
static const struct {
	enum fw_prog prog;
	uint32_t hook;
} hooks[] = {
	{ FW_PROG_NF_INPUT, NF_INET_LOCAL_IN },
	{ FW_PROG_NF_FORWARD, NF_INET_FORWARD },
	{ FW_PROG_NF_OUTPUT, NF_INET_LOCAL_OUT },
};
#define NFAMILIES (sizeof(families) / sizeof(families[0]))
#define NHOOKS (sizeof(hooks) / sizeof(hooks[0]))

uint8_t kern_netfilter_hook(enum fw_prog prog)
{
	return (uint8_t)hooks[prog - FW_PROG_NF_INPUT].hook;
}

_Static_assert(NHOOKS *NFAMILIES == FW_HOST_LINKS, "links of a namespace");

static bool is_here(const struct attachment *a, bool guard)
{
	return fw_prog_is_nf(a->prog) && a->guard == guard && !a->away;
}

static bool has(const struct fw_kern *k, enum fw_prog prog, uint32_t family, bool guard)
{
	for (size_t i = 0; i < k->nattached; i++)
		if (is_here(&k->attached[i], guard) && k->attached[i].prog == prog && k->attached[i].family == family)
			return true;
	return false;
}

bool kern_netfilter_attached(const struct fw_kern *k, bool guard)
{
	for (size_t i = 0; i < k->nattached; i++)
		if (is_here(&k->attached[i], guard))
			return true;
	return false;
}

bool kern_netfilter_complete(const struct fw_kern *k)
{
	for (size_t i = 0; i < NHOOKS * NFAMILIES; i++)
		if (!has(k, hooks[i / NFAMILIES].prog, families[i % NFAMILIES], false))
			return false;
	return true;
}

static int attach_missing(struct fw_kern *k, bool guard)
{
	int err = 0;

	for (size_t i = 0; i < NHOOKS * NFAMILIES && !err; i++) {
		struct attachment a = { .prog = hooks[i / NFAMILIES].prog,
					.family = families[i % NFAMILIES],
					.netns = kern_netns(),
					.guard = guard };

		if (has(k, a.prog, a.family, guard))
			continue;
		a.link = kern_netfilter_link(k, a.family, hooks[i / NFAMILIES].hook, guard);
		err = a.link < 0 ? a.link : kern_attached_pin(k, a);
	}
	return err;
}

int kern_netfilter_attach(struct fw_kern *k, bool guard)
{
	int prog = k->progs[guard ? PROG_NF_GUARD : FW_PROG_NF_INPUT];
	size_t before = k->nattached;
	uint32_t slot = guard;
	int err = bpf_map_update_elem(k->maps[MAP_HOOKS], &slot, &prog, 0) ? -errno : 0;

	if (!err)
		err = attach_missing(k, guard);
	while (err && k->nattached > before) {
		kern_attachment_undo(k, &k->attached[k->nattached - 1]);
		kern_attached_remove(k, &k->attached[k->nattached - 1]);
	}
	return err;
}

void kern_netfilter_detach(struct fw_kern *k, bool guard)
{
	for (size_t i = k->nattached; i-- > 0;) {
		struct attachment *a = &k->attached[i];

		if (!is_here(a, guard))
			continue;
		kern_attachment_undo(k, a);
		kern_attached_remove(k, a);
	}
}
