// SPDX-License-Identifier: GPL-2.0-only
/* From a file to rules, tables and the kernel, for the commands that need no fwd. */
#include "ruleset.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/message.h"
#include "fw/own_addresses.h"
#include "fw/tables.h"

#include <string.h>

/* Built-in sets get the addresses that this machine has now. 0 or -errno, printed. */
static int fill(struct fw_ruleset *rs)
{
	struct fw_own_addresses own = { 0 };
	int err = fw_ruleset_wants_own(rs, false) ? fw_own_addresses_read(&own) : 0;

	if (err)
		ctl_error("cannot ask the kernel for the addresses of this machine: %s", strerror(-err));
	else
		err = fw_ruleset_fill(rs, &own);
	fw_own_addresses_free(&own);
	return err;
}

int ctl_ruleset_load(const char *path, int format, struct fw_ruleset **out, double *seconds)
{
	struct fw_diags ds = { 0 };
	double start = fw_now();
	int err = fw_text_load(path, (enum fw_format)format, out, &ds);

	if (err) {
		ctl_print_failure(&ds, path, err);
		return err;
	}
	err = fill(*out);
	if (err) {
		fw_ruleset_free(*out);
		*out = NULL;
		return err;
	}
	ctl_print_warnings((*out)->warnings);
	if (seconds)
		*seconds = fw_now() - start;
	return 0;
}

int ctl_ruleset_compile(struct fw_ruleset *rs, struct fw_pool *pool, struct fw_image *out)
{
	struct fw_diags ds = { 0 };
	const char *reason = NULL;
	int err = fw_tables_compile(rs, pool, NULL, &ds, out);

	if (err) {
		ctl_print_failure(&ds, "cannot compile the rules", err);
		return err;
	}
	err = fw_image_validate(pool, out->root, &reason);
	if (err)
		ctl_error("internal error: the compiled tables are inconsistent: %s", reason ? reason : "no reason");
	return err;
}

int ctl_kern_open(struct fw_kern **out)
{
	struct fw_diags ds = { 0 };
	int err = fw_kern_open(&(struct fw_kern_options){ 0 }, &ds, out);

	if (!err)
		return 0;
	ctl_print_failure(&ds, "cannot load the program into the kernel", err);
	if (err == -EPERM)
		ctl_error("this needs root (or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN)");
	return err;
}

static int kern_publish(struct fw_kern *k, const struct fw_ruleset *rs, const struct fw_image *image)
{
	int err = fw_kern_counters_reserve(k, rs->next_slot);

	if (err) {
		ctl_error("cannot make counters for %u rule%s: %s", rs->next_slot, fw_plural(rs->next_slot),
			  strerror(-err));
		return err;
	}
	err = fw_kern_publish(k, image->root, 1);
	if (err)
		ctl_error("cannot publish the tables: %s", strerror(-err));
	return err;
}

static int open_pool(bool kernel, struct ctl_tables *out)
{
	int err;

	if (kernel) {
		err = ctl_kern_open(&out->kern);
		if (!err)
			out->pool = fw_kern_pool(out->kern);
		return err;
	}
	err = fw_pool_new(&out->pool);
	if (err)
		ctl_print_failure(NULL, "cannot make tables", err);
	return err;
}

int ctl_tables_open(const char *path, int format, bool kernel, struct ctl_tables *out)
{
	int err;

	*out = (struct ctl_tables){ .rs = NULL };
	err = ctl_ruleset_load(path, format, &out->rs, &out->parse_seconds);
	if (!err)
		err = open_pool(kernel, out);
	if (!err)
		err = ctl_ruleset_compile(out->rs, out->pool, &out->image);
	if (!err && out->kern)
		err = kern_publish(out->kern, out->rs, &out->image);
	return err;
}

int ctl_tables_compile(struct ctl_tables *t)
{
	int err = fill(t->rs);

	if (!err)
		err = open_pool(false, t);
	return err ? err : ctl_ruleset_compile(t->rs, t->pool, &t->image);
}

void ctl_tables_close(struct ctl_tables *t)
{
	fw_image_free(&t->image);
	if (t->kern)
		fw_kern_close(t->kern);
	else
		fw_pool_free(t->pool);
	fw_ruleset_free(t->rs);
}
