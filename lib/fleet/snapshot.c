// SPDX-License-Identifier: GPL-2.0-only
/* Objects: compressed bytes with their hash, and the parts of a snapshot. */
#include "fw/fleet/snapshot.h"

#include <string.h>
#include <zstd.h>

/* Of zstd: a ruleset of 14 MB takes 0.4 s, and becomes a fifth smaller than by level 3; level 15 saves another fifth, in 7 s. */
#define LEVEL 9

static void free_dctx(ZSTD_DCtx **d)
{
	ZSTD_freeDCtx(*d);
}

int fw_object_make(const void *bytes, size_t len, void **out, struct fw_object *about)
{
	size_t room = ZSTD_compressBound(len), got;
	fw_autofree void *packed = len > FW_ARTIFACT_MAX ? NULL : malloc(room);

	if (!packed)
		return len > FW_ARTIFACT_MAX ? -EFBIG : -ENOMEM;
	got = ZSTD_compress(packed, room, bytes, len, LEVEL);
	if (ZSTD_isError(got))
		return -ENOMEM;
	if (got > FW_ARTIFACT_MAX)
		return -EFBIG;
	*about = (struct fw_object){ .bytes = got, .size = len };
	fw_sha256_of(packed, got, &about->sha256);
	*out = fw_take(packed);
	return 0;
}

static int other_bytes(char why[256], const char *text)
{
	snprintf(why, 256, "%s", text);
	return -EBADMSG;
}

int fw_object_open(const struct fw_object *about, const void *bytes, size_t len, void **out, char why[256])
{
	fw_cleanup(free_dctx) ZSTD_DCtx *d = NULL;
	fw_autofree void *all = NULL;
	struct fw_sha256 hash;
	size_t got;

	if (len != about->bytes)
		return other_bytes(why, len < about->bytes ? "it is shorter than the manifest says" :
							     "it is longer than the manifest says");
	fw_sha256_of(bytes, len, &hash);
	if (strcmp(hash.hex, about->sha256.hex))
		return other_bytes(why, "its SHA-256 is not that of the manifest");
	if (about->size > FW_ARTIFACT_MAX)
		return other_bytes(why, "it is larger than any object");
	d = ZSTD_createDCtx();
	all = malloc(about->size + 1);
	if (!d || !all)
		return -ENOMEM;
	got = ZSTD_decompressDCtx(d, all, about->size, bytes, len);
	if (ZSTD_isError(got))
		return other_bytes(why, ZSTD_getErrorName(got));
	if (got != about->size)
		return other_bytes(why, "decompressed, it is shorter than the manifest says");
	((char *)all)[got] = '\0';
	*out = fw_take(all);
	return 0;
}

int fw_snapshot_pack(const struct fw_part *parts, unsigned nparts, void **out, size_t *len)
{
	fw_autofree struct fw_part *all = NULL;
	char *message;
	size_t n;
	int err;

	if (nparts > FW_WIRE_PARTS - 1)
		return -EMSGSIZE;
	all = calloc(nparts + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all[0] = (struct fw_part){ "{}", 2 };
	memcpy(all + 1, parts, nparts * sizeof(*all));
	err = fw_wire_encode(FW_REQ_LOAD, all, (uint16_t)(nparts + 1), &message, &n);
	if (err)
		return err;
	if (n > FW_ARTIFACT_MAX) {
		free(message);
		return -EMSGSIZE;
	}
	*out = message;
	*len = n;
	return 0;
}

static bool same(const struct fw_part *part, const char *text)
{
	return part->len == strlen(text) && !memcmp(part->data, text, part->len);
}

int fw_snapshot_unpack(const void *bytes, size_t len, struct fw_message *out)
{
	struct fw_wire_head head;
	const char *why;

	if (len < FW_WIRE_HEADER)
		return -EPROTO;
	fw_wire_head_read(bytes, &head);
	if (head.kind != FW_REQ_LOAD || head.bytes != len - FW_WIRE_HEADER || fw_wire_request_check(&head, &why) ||
	    fw_wire_decode(&head, (const char *)bytes + FW_WIRE_HEADER, out))
		return -EPROTO;
	/* The text, and a name and a text for each file. */
	return out->nparts % 2 == 0 && same(&out->part[0], "{}") ? 0 : -EPROTO;
}
