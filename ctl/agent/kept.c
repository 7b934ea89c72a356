// SPDX-License-Identifier: GPL-2.0-only
/* What the agent keeps: its record, the manifests and objects that the record names. */
#include "kept.h"

#include <string.h>

#define FILE_NAME (FW_SHA256_HEX + 16)
#define GENERATIONS 5 /* of a record */

static void file_name(char out[FILE_NAME], const char *kind, const struct fw_sha256 *hash)
{
	snprintf(out, FILE_NAME, "%s-%s", kind, hash->hex);
}

int kept_read(struct agent *a, const char *kind, const struct fw_sha256 *hash, size_t max, char **out, size_t *len)
{
	char name[FILE_NAME];

	file_name(name, kind, hash);
	return a->setup.folder->read(a->setup.folder, name, max, out, len);
}

bool kept_write(struct agent *a, const char *kind, const struct fw_sha256 *hash, const void *bytes, size_t len)
{
	char name[FILE_NAME];
	int err;

	file_name(name, kind, hash);
	err = a->setup.folder->write(a->setup.folder, name, bytes, len);
	if (!err)
		return true;
	agent_log(a, "cannot keep %s: %s", name, strerror(-err));
	agent_error(a, AGENT_ERROR_DISK);
	return false;
}

void kept_remove(struct agent *a, const char *kind, const struct fw_sha256 *hash)
{
	char name[FILE_NAME];

	file_name(name, kind, hash);
	a->setup.folder->remove(a->setup.folder, name);
}

void kept_open(struct agent *a)
{
	fw_autofree char *text = NULL;
	size_t len;
	int err = a->setup.folder->read(a->setup.folder, "state", RECORD_BYTES, &text, &len);

	if (!err)
		err = record_parse(text, len, &a->record);
	if (!err && strcmp(a->record.fleet, a->setup.config->fleet)) {
		agent_log(a, "this host was in the fleet '%s' before", a->record.fleet);
		a->record = (struct record){ .overruled = false };
	}
	if (err && err != -ENOENT) {
		agent_log(a, "the agent's state is lost: %s", err == -EPROTO ? "it is damaged" : strerror(-err));
		a->status.errors[AGENT_ERROR_DISK]++;
	}
	a->forgot = err != 0;
	a->restarted = true;
	snprintf(a->record.fleet, sizeof(a->record.fleet), "%.*s", FW_FLEET_NAME, a->setup.config->fleet);
}

struct sweep {
	struct agent *a;
	const struct fw_generation *keep[GENERATIONS];
	struct fw_sha256 snapshots[GENERATIONS];
};

/* The hash of a kept manifest's snapshot; empty: there is no such manifest. */
static void find_snapshot(struct agent *a, const struct fw_generation *g, struct fw_sha256 *out)
{
	fw_autofree char *text = NULL;
	struct fw_manifest m;
	char why[256];
	size_t len;

	out->hex[0] = '\0';
	if (g->number && !kept_read(a, KEPT_MANIFEST, &g->manifest, FW_MANIFEST_MAX, &text, &len) &&
	    !fw_manifest_read(text, len, NULL, &m, why))
		*out = m.snapshot.sha256;
}

/* Other files, as "state", are left alone. */
static void sweep_file(void *ctx, const char *name)
{
	struct sweep *s = ctx;
	const char *dash = strchr(name, '-');
	bool kept = !dash || !fw_sha256_valid(dash + 1, strlen(dash + 1));

	for (int i = 0; i < GENERATIONS && !kept; i++)
		kept = !strcmp(dash + 1, s->keep[i]->manifest.hex) || !strcmp(dash + 1, s->snapshots[i].hex);
	if (!kept)
		s->a->setup.folder->remove(s->a->setup.folder, name);
}

void kept_sweep(struct agent *a)
{
	struct record *r = &a->record;
	struct sweep s = { a, { &r->highest, &r->parent, &r->running, &r->held, &r->trying.to }, { { "" } } };

	for (int i = 0; i < GENERATIONS; i++)
		find_snapshot(a, s.keep[i], &s.snapshots[i]);
	a->setup.folder->list(a->setup.folder, sweep_file, &s);
}
