/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects that a manifest names. A snapshot is the body of a `load` request of fwd (fw/wire.h): part 0 is `{}`, part 1 the
 * text of the ruleset, and then a name and a text for each list file; so it is loaded as it is. A delta is text in the language
 * of `fwctl batch` that turns the parent's ruleset into this one. Both are compressed by zstd.
 *
 * Published rules all have ids, so that a delta can name them and they are the same on every host: those without one get that of
 * the rule that they continue in the parent, or a new one. Otherwise the text is as the user wrote it.
 */
#ifndef FW_FLEET_SNAPSHOT_H
#define FW_FLEET_SNAPSHOT_H

#include "fw/fleet/manifest.h"
#include "fw/rule.h"
#include "fw/wire.h"

/**
 * fw_object_make - compress
 * @out:   free() it
 * @about: hash and sizes
 * Return: 0, -ENOMEM, -EFBIG above FW_ARTIFACT_MAX.
 */
int fw_object_make(const void *bytes, size_t len, void **out, struct fw_object *about);
/**
 * fw_object_open - check hash and size, and decompress; never uses more memory than @about->size and some
 * @out: free() it; @about->size bytes, and a NUL
 * Return: 0, -ENOMEM; -EBADMSG with @why: other bytes than the manifest names.
 */
int fw_object_open(const struct fw_object *about, const void *bytes, size_t len, void **out, char why[256]);

/* Bytes of a snapshot, from the parts of a `load` after its arguments. @out: free() it. 0, -ENOMEM, -EMSGSIZE. */
int fw_snapshot_pack(const struct fw_part *parts, unsigned nparts, void **out, size_t *len);
/* The parts of a snapshot, which point into @bytes; part[0] is `{}`. 0 or -EPROTO. */
int fw_snapshot_unpack(const void *bytes, size_t len, struct fw_message *out);

/**
 * fw_snapshot_ruleset - the ruleset of a snapshot
 * @m:       as fw_snapshot_unpack() gives it; borrowed
 * @name:    of the text, for diagnostics
 * @follows: a ruleset whose rules it continues, with their ids and interface numbers (fw_ruleset_adopt()); NULL: none
 * @out:     freed with fw_ruleset_free(); untouched on failure
 * Return: 0, -EINVAL with diagnostics, -ENOMEM.
 */
int fw_snapshot_ruleset(const struct fw_message *m, const char *name, const struct fw_ruleset *follows,
			struct fw_ruleset **out, struct fw_diags *ds);
/* Writes the text that @rs was read from, with the id of each rule that has none in it. */
void fw_snapshot_number(struct fw_buf *out, const struct fw_ruleset *rs, const char *text, size_t len);

/**
 * fw_delta_make - changes that turn one ruleset into another, as `fwctl batch` reads them
 * @from, @to: parts of two snapshots, as fw_snapshot_unpack() gives them
 * Return: 0; -EOPNOTSUPP: they differ in what a batch cannot say, or by so much that the snapshot is smaller; -EINVAL: one of them is
 * no ruleset; -ENOMEM.
 */
int fw_delta_make(const struct fw_message *from, const struct fw_message *to, struct fw_buf *out);

#endif
