// SPDX-License-Identifier: GPL-2.0-only
/* Generations that were published: what the new one follows, and the ruleset whose ids it continues. */
#include "generation.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"

#include <string.h>

#define LLU(x) ((unsigned long long)(x))

/* Reads a manifest. @hash: what it has to be; NULL: any. 0, -ENOENT, which is not printed, or -errno. */
static int read_manifest(struct site *s, const char *name, const struct fw_public_keys *trusted, const char *hash,
			 struct fw_manifest *out)
{
	fw_autofree char *text = NULL;
	char why[256];
	size_t len;
	int err = site_get(s, name, FW_MANIFEST_MAX, &text, &len);

	if (err)
		return err;
	err = fw_manifest_read(text, len, trusted, out, why);
	if (!err && hash && strcmp(hash, out->self.manifest.hex) != 0) {
		snprintf(why, sizeof(why), "its SHA-256 is not that of its name");
		err = -EBADMSG;
	}
	if (err)
		ctl_error("%s/%s is not used: %s", s->to, name, why);
	if (err == -EKEYREJECTED)
		ctl_hint("sign with the key that has signed it, too, or trust its public key by --trust");
	return err;
}

int generation_head(struct site *s, const struct fw_public_keys *trusted, struct fw_manifest *out)
{
	int err = read_manifest(s, "head", trusted, NULL, out);

	if (err != -ENOENT)
		return err;
	*out = (struct fw_manifest){ .fleet = "" };
	return 0;
}

int generation_find(struct site *s, const struct fw_public_keys *trusted, const struct fw_manifest *head,
		    uint64_t number, struct fw_manifest *out)
{
	struct fw_manifest at = *head;

	while (at.self.number > number && at.parent.number >= number && at.parent.number) {
		char name[sizeof("manifest/") + FW_SHA256_HEX];
		struct fw_sha256 hash = at.parent.manifest;
		int err;

		snprintf(name, sizeof(name), "manifest/%s", hash.hex);
		err = read_manifest(s, name, trusted, hash.hex, &at);
		if (err == -ENOENT)
			ctl_error("%s/%s is missing", s->to, name);
		if (err)
			return err;
	}
	if (at.self.number != number) {
		ctl_error("generation %llu is not one that generation %llu came from", LLU(number),
			  LLU(head->self.number));
		return -EINVAL;
	}
	*out = at;
	return 0;
}

void generation_end(struct generation *g)
{
	fw_ruleset_free(g->rules);
	free(g->parts);
	free(g->bytes);
}

/* An error that cannot be seen in the ruleset's own text. */
static int unusable(const struct site *s, const char *name, const char *why, int err)
{
	ctl_error("%s/%s is not used: %s", s->to, name, why);
	ctl_hint("put the file back, or name an earlier generation by --parent");
	return err;
}

int generation_read(struct site *s, struct generation *g)
{
	const struct fw_object *about = &g->manifest.snapshot;
	char name[sizeof("object/.zst") + FW_SHA256_HEX], label[64], why[256];
	fw_autofree char *packed = NULL;
	struct fw_diags ds = { 0 };
	size_t len;
	int err;

	snprintf(name, sizeof(name), "object/%s.zst", about->sha256.hex);
	ctl_progress("reading generation %llu", LLU(g->manifest.self.number));
	err = site_get(s, name, about->bytes, &packed, &len);
	if (err)
		return err == -ENOENT ? unusable(s, name, "it is missing", err) : err;
	err = fw_object_open(about, packed, len, &g->bytes, why);
	if (err)
		return unusable(s, name, err == -ENOMEM ? strerror(ENOMEM) : why, err);
	g->parts = malloc(sizeof(*g->parts));
	err = g->parts ? fw_snapshot_unpack(g->bytes, about->size, g->parts) : -ENOMEM;
	snprintf(label, sizeof(label), "generation %llu", LLU(g->manifest.self.number));
	if (!err)
		err = fw_snapshot_ruleset(g->parts, label, NULL, &g->rules, &ds);
	if (err)
		ctl_print_failure(&ds, "cannot read the parent's ruleset", err);
	return err;
}
