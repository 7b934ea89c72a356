// SPDX-License-Identifier: GPL-2.0-only
/* What is published is what was compiled: the text is read once, numbered, packed, and read again from the packed bytes. */
#include "snapshot.h"
#include "ctl/fwctl/command/ruleset.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"
#include "ctl/fwctl/request/parts.h"

#include "fw/cost.h"

#include <string.h>

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

/* Packs the parts, and unpacks them in place. */
static int pack(const struct ctl_parts *parts, struct snapshot *s)
{
	int err = fw_snapshot_pack(parts->parts, parts->nparts, &s->bytes, &s->len);

	if (!err && !s->parts)
		s->parts = malloc(sizeof(*s->parts));
	if (!err)
		err = s->parts ? fw_snapshot_unpack(s->bytes, s->len, s->parts) : -ENOMEM;
	if (err)
		ctl_print_failure(NULL, err == -EMSGSIZE ? "the ruleset and its files are too large" : "cannot pack it",
				  err);
	return err;
}

/* Gives ids to the rules of the text in @parts, as the snapshot of it in @s says. */
static int number(struct ctl_parts *parts, const struct fw_ruleset *follows, struct snapshot *s)
{
	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = NULL;
	struct ctl_source *source = &parts->sources[0];
	struct fw_diags ds = { 0 };
	struct fw_buf b = { 0 };
	int err = fw_snapshot_ruleset(s->parts, source->name, follows, &rs, &ds);

	if (err) {
		if (ds.n)
			ctl_print_diags(&ds, source);
		else
			ctl_print_failure(NULL, "cannot read the rules", err);
		return err;
	}
	ctl_print_warnings(rs->warnings);
	fw_snapshot_number(&b, rs, source->text, source->len);
	if (b.failed) {
		fw_buf_free(&b);
		ctl_error("out of memory");
		return -ENOMEM;
	}
	parts->parts[0] = (struct fw_part){ b.text, (uint32_t)b.len };
	free(fw_take(s->bytes));
	err = pack(parts, s);
	fw_buf_free(&b);
	return err;
}

/* Compiles what was packed. */
static int weigh(struct snapshot *s, const char *path)
{
	fw_cleanup(ctl_tables_close) struct ctl_tables tables = { .rs = NULL };
	struct fw_cost_worst worst;
	struct fw_diags ds = { 0 };
	int err = fw_snapshot_ruleset(s->parts, path, NULL, &tables.rs, &ds);

	if (err)
		ctl_print_failure(&ds, "cannot read the rules again", err);
	else
		err = ctl_tables_compile(&tables);
	if (err)
		return err;
	err = fw_cost_worst(tables.pool, tables.image.root, &worst);
	if (err) {
		ctl_print_failure(NULL, "cannot find the worst packet", err);
		return err;
	}
	s->rules = tables.rs->nrules;
	s->memory = (uint64_t)tables.pool->nsegments * (FW_SEGMENT_BYTES + FW_SLACK);
	s->worst_packet = (uint64_t)(fw_cost_seconds(worst.most) * 1e9);
	return 0;
}

int snapshot_make(const char *path, const struct fw_ruleset *follows, struct snapshot *out)
{
	fw_cleanup(ctl_parts_freep) struct ctl_parts *parts = calloc(1, sizeof(*parts));
	char *text;
	size_t len;
	int err = parts ? ctl_file_read(path, &text, &len) : -ENOMEM;

	ctl_progress("reading %s", ctl_file_name(path));
	if (!err)
		err = ctl_parts_add(parts, ctl_file_name(path), text, len);
	if (!err)
		err = ctl_parts_add_files(parts, path);
	if (!err)
		err = pack(parts, out);
	if (!err)
		err = number(parts, follows, out);
	ctl_progress("compiling %s", ctl_file_name(path));
	return err ? err : weigh(out, path);
}

void snapshot_end(struct snapshot *s)
{
	free(s->bytes);
	free(s->parts);
}
