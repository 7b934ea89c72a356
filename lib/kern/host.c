// SPDX-License-Identifier: GPL-2.0-only
/* Attaching to the host's hooks, and detaching from them. */
#include "kern.h"

#include <string.h>

static int fail(struct fw_diags *ds, int err, const char *what)
{
	const char *hint = err == -EINVAL || err == -ENOENT ?
				   "Linux 6.4 or newer is needed, with CONFIG_NETFILTER_BPF_LINK" :
				   NULL;

	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "cannot attach to the host's hooks: %s: %s", what,
		    strerror(-err));
	return err;
}

int fw_kern_attach_host(struct fw_kern *k, struct fw_diags *ds)
{
	int err;

	kern_attached_prune(k);
	err = kern_programs_need(k, FW_PROG_NF_INPUT, false);
	if (err)
		return fail(ds, err, "the program cannot be loaded");
	err = kern_netfilter_attach(k, false);
	return err ? fail(ds, err, "netfilter refuses") : 0;
}

int fw_kern_detach_host(struct fw_kern *k)
{
	bool any;

	kern_attached_prune(k);
	any = kern_netfilter_attached(k, false);
	if (kern_netfilter_attached(k, true))
		kern_answer_down(k);
	kern_netfilter_detach(k, false);
	return any ? 0 : -ENOENT;
}

bool fw_kern_host_attached(const struct fw_kern *k)
{
	return kern_netfilter_attached(k, false);
}
