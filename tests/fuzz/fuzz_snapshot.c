// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as an object, whose hash is right: what comes out has the size that the manifest says, which is all the memory that may
 * be used. Any bytes as a snapshot: what unpacks packs to the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fw/fleet/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_snapshot(const void *bytes, size_t len)
{
	static struct fw_message m;
	fw_autofree void *again = NULL;
	size_t again_len;

	if (fw_snapshot_unpack(bytes, len, &m))
		return;
	if (m.nparts < 2 || m.nparts % 2 || fw_snapshot_pack(m.part + 1, m.nparts - 1u, &again, &again_len) ||
	    again_len != len || memcmp(again, bytes, len) != 0)
		abort();
}

/* The size in the manifest is the first byte times 64. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_object about = { .bytes = size ? size - 1 : 0, .size = size ? data[0] * 64u : 0 };
	fw_autofree void *bytes = NULL;
	char why[256];

	check_snapshot(data, size);
	if (!size)
		return 0;
	fw_sha256_of(data + 1, size - 1, &about.sha256);
	if (!fw_object_open(&about, data + 1, size - 1, &bytes, why))
		check_snapshot(bytes, about.size);
	else if (bytes)
		abort();
	return 0;
}
