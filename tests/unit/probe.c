// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/probe.h"

static uint32_t index_of(uint32_t number, uint32_t first)
{
	return number < FW_IFACE_OTHER ? first + number : FW_PROBE_OTHER;
}

struct fw_probe probe_of(const struct fw_meta *meta, const void *frame, uint32_t first)
{
	struct fw_probe p = { .frame = frame,
			      .len = meta->len,
			      .mark = meta->mark,
			      .hook = (enum fw_hook)meta->hook,
			      .iface = index_of(meta->iface, first),
			      .state = (uint32_t)FW_ABSENT_STATE,
			      .uid = (uint32_t)FW_ABSENT_UID,
			      .gid = (uint32_t)FW_ABSENT_GID };

	if (meta->asked & FW_FIELD_BIT(FW_F_STATE))
		p.state = meta->state;
	if (meta->asked & FW_FIELD_BIT(FW_F_FROM_IF))
		p.from_if = index_of(meta->from_if, first);
	if (meta->asked & FW_FIELD_BIT(FW_F_TO_IF))
		p.to_if = index_of(meta->to_if, first);
	if (meta->asked & FW_FIELD_BIT(FW_F_UID))
		p.uid = meta->uid;
	if (meta->asked & FW_FIELD_BIT(FW_F_GID))
		p.gid = meta->gid;
	return p;
}
