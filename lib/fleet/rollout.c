// SPDX-License-Identifier: GPL-2.0-only
/* The record of a rollout, and who leads it, as JSON. */
#include "record.h"

#include "fw/fleet/rings.h"

#define GENERATION "{\"generation\":NUMBER,\"manifest\":SHA256}"

const char *const fw_rollout_state_names[FW_NROLLOUT_STATES] = {
#define FW_ROLLOUT_STATE(sym, word) [FW_ROLLOUT_##sym] = word,
	FW_ROLLOUT_STATES(FW_ROLLOUT_STATE)
#undef FW_ROLLOUT_STATE
};

#define STATE(sym, word) " " word
#define ROW(kind, name, field, want, ...) FW_RECORD_ROW(kind, name, struct fw_rollout, field, want, ##__VA_ARGS__)
static const struct fw_record_row rows[] = {
	ROW(choice, "state", state, "one of" FW_ROLLOUT_STATES(STATE), .words = fw_rollout_state_names,
	    .nwords = FW_NROLLOUT_STATES),
	ROW(generation, "from", from, GENERATION " or null"),
	ROW(generation, "to", to, GENERATION),
	ROW(unsigned, "ring", ring, "the number of a ring, from 0 to 31", .max = FW_RINGS_MAX - 1),
	ROW(unsigned, "hosts", hosts, "a number of hosts"),
	ROW(u64, "since", since, "seconds since 1970"),
	ROW(u64, "well", well, "seconds since 1970, or 0"),
	ROW(text, "why", why, "a line of text, of at most 511 bytes"),
	ROW(text, "by", by, "a line of text, of at most 319 bytes"),
};
#undef ROW
#undef STATE
static const struct fw_record rollout = { "a rollout", rows, sizeof(rows) / sizeof(rows[0]) };

int fw_rollout_parse(const char *text, size_t len, struct fw_rollout *out, char why[256])
{
	struct fw_rollout r;
	int err = fw_record_parse(&rollout, text, len, &r, why);

	if (!err && !r.to.number)
		err = fw_record_error(why, "`to` has to be " GENERATION);
	if (!err)
		*out = r;
	return err;
}

void fw_rollout_print(struct fw_buf *b, const struct fw_rollout *r)
{
	fw_record_print(&rollout, r, b);
}
