// SPDX-License-Identifier: GPL-2.0-only
/* What a hook knows of a packet beyond its bytes. */
#include "fw/text.h"

#include "fw/table/packet.h"

const char *fw_frame_iface(const struct fw_frame *f, enum fw_field field)
{
	bool comes = f->hook == FW_IN || f->hook == FW_INPUT, goes = f->hook == FW_OUT || f->hook == FW_OUTPUT;
	const char *there = comes ? f->from_if : f->to_if;

	if (!(fw_field_hooks(field) & 1u << f->hook))
		return NULL;
	if (field == FW_F_IFACE || (field == FW_F_FROM_IF ? comes : goes))
		return f->iface[0] ? f->iface : there;
	if (field == FW_F_TO_IF)
		return f->to_if;
	return f->hook == FW_OUT && !f->from_if[0] ? NULL : f->from_if;
}

uint32_t fw_frame_number(const void *ruleset, const char *name)
{
	int number = name[0] ? fw_ruleset_iface_of(ruleset, name) : -ENOENT;

	return number < 0 ? FW_IFACE_OTHER : (uint32_t)number;
}

struct fw_meta fw_frame_meta(const struct fw_frame *f, uint32_t (*number)(const void *ctx, const char *name),
			     const void *ctx)
{
	struct fw_meta meta = { .hook = f->hook,
				.iface = FW_ABSENT_IFACE,
				.mark = f->mark,
				.asked = f->asked & ~(FW_FIELD_BIT(FW_F_FROM_IF) | FW_FIELD_BIT(FW_F_TO_IF)),
				.state = f->state,
				.uid = f->uid,
				.gid = f->gid,
				.len = f->wire_len };
	const char *on = fw_frame_iface(f, FW_F_IFACE), *from = fw_frame_iface(f, FW_F_FROM_IF);
	const char *to = fw_frame_iface(f, FW_F_TO_IF);

	if (on)
		meta.iface = number(ctx, on);
	if (from) {
		meta.asked |= FW_FIELD_BIT(FW_F_FROM_IF);
		meta.from_if = number(ctx, from);
	}
	if (to) {
		meta.asked |= FW_FIELD_BIT(FW_F_TO_IF);
		meta.to_if = number(ctx, to);
	}
	return meta;
}
