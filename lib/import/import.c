// SPDX-License-Identifier: GPL-2.0-only
/* Which importer reads the files, and whether what it made is to be used. */
#include "lib/import/import.h"

/* Return: which importer the file is for; AUTO: it is of another one than @with. */
static enum fw_import_format group_of(enum fw_import_format format)
{
	return format == FW_IMPORT_NFT ? FW_IMPORT_NFT : FW_IMPORT_IPTABLES;
}

static int refuse_file(struct import *im, size_t i, const char *why)
{
	const struct import_place at = { .file = &im->files[i], .line = 1, .column = 1, .text = "" };
	struct fw_import_line *line = import_note(im, &at, FW_IMPORT_AS_SYNTAX, "%s", why);

	if (!line)
		return -ENOMEM;
	line->opens = true;
	return 0;
}

static int import_all(struct import *im)
{
	for (size_t i = 0; i < im->nfiles; i++) {
		if (im->files[i].format == FW_IMPORT_AUTO)
			return refuse_file(im, i, "neither of iptables-save, ipset save nor nft -j list ruleset");
		if (group_of(im->files[i].format) != group_of(im->files[0].format))
			return refuse_file(im, i, "rules of nft and of iptables are two firewalls: import one of them");
	}
	if (im->nfiles && im->files[0].format == FW_IMPORT_NFT)
		return import_nft(im);
	return import_iptables(im);
}

/* Is the text to be thrown away? */
static bool is_refused(const struct fw_import_report *r, bool partial)
{
	if (!partial)
		return r->refused;
	for (size_t i = 0; i < r->n; i++)
		if (r->lines[i].reason > FW_IMPORT_AS_KERNEL && r->lines[i].opens)
			return true;
	return false;
}

int fw_import(const struct fw_import_file *files, size_t n, const struct fw_import_options *options,
	      struct fw_import_report *report, struct fw_buf *out)
{
	fw_autofree struct fw_import_file *known = calloc(n + 1, sizeof(*known));
	struct import im = { .files = known, .nfiles = n, .report = report, .out = out };
	int err = known ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && known; i++) {
		known[i] = files[i];
		known[i].format = import_detect(&files[i]);
	}
	if (!err)
		err = import_all(&im);
	fw_region_free(&im.mem);
	if (!err && out->failed)
		err = -ENOMEM;
	if (!err && is_refused(report, options->partial))
		err = -EINVAL;
	if (err)
		fw_buf_free(out);
	return err;
}
