// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as a message to fwd: whatever decodes must encode to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "fw/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_encode(const struct fw_message *m, const uint8_t *data, size_t size)
{
	fw_autofree char *bytes = NULL;
	size_t len;

	if (fw_wire_encode(m->kind, m->part, m->nparts, &bytes, &len) || len != size || memcmp(bytes, data, len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fw_message m;
	struct fw_wire_head head;
	const char *why = NULL;
	int err;

	if (size < FW_WIRE_HEADER)
		return 0;
	fw_wire_head_read(data, &head);
	err = fw_wire_request_check(&head, &why);
	if (!err != !why)
		abort();
	if (!err && (head.parts > FW_WIRE_PARTS || head.bytes > fw_request_info[head.kind].bytes))
		abort();
	if (head.bytes > size - FW_WIRE_HEADER)
		return 0;
	if (!fw_wire_decode(&head, data + FW_WIRE_HEADER, &m))
		check_encode(&m, data, FW_WIRE_HEADER + head.bytes);
	return 0;
}
