// SPDX-License-Identifier: GPL-2.0-only
/* Attaching to the host's hooks, and detaching from them. */
#include "kern.h"

#include <string.h>

static int fail(struct fw_diags *ds, int err, const char *hint, const char *what)
{
	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "cannot attach to the host's hooks: %s: %s", what,
		    strerror(-err));
	return err;
}

static int attach_links(struct fw_kern *k, struct fw_diags *ds)
{
	int err;

	kern_attached_prune(k);
	err = kern_programs_need(k, FW_PROG_NF_INPUT, false);
	if (err)
		return fail(ds, err, NULL, "the program cannot be loaded");
	err = kern_netfilter_attach(k, false);
	return err ? fail(ds, err, NULL, "netfilter refuses") : 0;
}

/* On failure nothing is left, unless it was attached before. */
static int attach_table(struct fw_kern *k, struct fw_diags *ds)
{
	bool before = kern_table_attached(k);
	int err = kern_table_attach(k);

	if (!err)
		return 0;
	if (!before)
		kern_table_detach(k);
	return fail(ds, err, err == -ENOENT ? FW_HOST_LACKS : NULL,
		    "before Linux 6.4, or without CONFIG_NETFILTER_BPF_LINK, a table of nf_tables is needed");
}

int fw_kern_attach_host(struct fw_kern *k, struct fw_diags *ds)
{
	return k->has_links ? attach_links(k, ds) : attach_table(k, ds);
}

int fw_kern_detach_host(struct fw_kern *k)
{
	bool any;

	if (!k->has_links)
		return kern_table_detach(k);
	kern_attached_prune(k);
	any = kern_netfilter_attached(k, false);
	if (kern_netfilter_attached(k, true))
		kern_answer_down(k);
	kern_netfilter_detach(k, false);
	return any ? 0 : -ENOENT;
}

bool fw_kern_host_attached(const struct fw_kern *k)
{
	return kern_netfilter_attached(k, false) || kern_table_attached(k);
}

bool fw_kern_host_holds(const struct fw_kern *k)
{
	return k->has_links ? kern_netfilter_complete(k) : k->host.guard >= 0;
}

bool fw_kern_host_by_table(const struct fw_kern *k)
{
	return !k->has_links;
}
