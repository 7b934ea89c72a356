// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as a manifest and as key files: what is read is within its limits, and is the same when it was signed and read again. */
#include <stdlib.h>
#include <string.h>

#include "fw/fleet/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key of which no input has a signature. */
static const struct fw_secret_key *key(void)
{
	static struct fw_public_key public;
	static struct fw_secret_key secret;

	if (!*secret.id && fw_key_make(&secret, &public))
		abort();
	return &secret;
}

static void check_manifest(const struct fw_manifest *m)
{
	struct fw_public_keys trusted = { .n = 1 };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 }, printed = { 0 };
	struct fw_manifest again;
	char why[256];

	if (!m->self.number || m->parent.number >= m->self.number || m->snapshot.size > FW_ARTIFACT_MAX ||
	    m->delta.size > FW_ARTIFACT_MAX || !fw_fleet_name_valid(m->fleet))
		abort();
	fw_key_public(key(), &trusted.key[0]);
	fw_manifest_print(&b, m, key(), 1);
	if (b.failed || fw_manifest_read(b.text, b.len, &trusted, &again, why))
		abort();
	fw_manifest_print(&printed, &again, key(), 1);
	if (printed.failed || strcmp(printed.text, b.text) != 0)
		abort();
	again.self.manifest = m->self.manifest;
	if (fw_manifest_accept(m, &again, why))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_public_keys trusted = { .n = 1 }, keys;
	struct fw_secret_key secret;
	struct fw_diags ds = { 0 };
	struct fw_manifest m;
	char why[256] = "";
	int err;

	fw_key_public(key(), &trusted.key[0]);
	memset(&m, 0, sizeof(m));
	err = fw_manifest_read((const char *)data, size, NULL, &m, why);
	if (err ? err != -EPROTO || !*why : *why)
		abort();
	if (!err)
		check_manifest(&m);
	if (!fw_manifest_read((const char *)data, size, &trusted, &m, why))
		abort();
	fw_keys_parse((const char *)data, size, "keys", &keys, &ds);
	fw_key_parse_secret((const char *)data, size, "key", &secret, &ds);
	return 0;
}
