/* SPDX-License-Identifier: GPL-2.0-only */
/* Manifests and objects in the agent's folder, under their hashes. */
#ifndef AGENT_KEPT_H
#define AGENT_KEPT_H

#include "core.h"

/* A manifest's text, or the compressed bytes of an object. free() it. 0 or -errno. */
int kept_read(struct agent *a, const char *kind, const struct fw_sha256 *hash, size_t max, char **out, size_t *len);
/* An error is counted, and nothing else: what could not be kept is fetched again. */
bool kept_write(struct agent *a, const char *kind, const struct fw_sha256 *hash, const void *bytes, size_t len);
void kept_remove(struct agent *a, const char *kind, const struct fw_sha256 *hash);
/* Reads the record. Without one, or with a damaged one, the agent begins as on its first day. */
void kept_open(struct agent *a);
/* Removes what belongs to no generation that could be loaded again: those of the record, with their snapshots. */
void kept_sweep(struct agent *a);

#define KEPT_MANIFEST "manifest"
#define KEPT_OBJECT "object"

#endif
