// SPDX-License-Identifier: GPL-2.0-only
/* Reports of hosts, and heads of rings, as JSON. */
#include "record.h"

#include "fw/fleet/rings.h"

#include <string.h>

#define GENERATION "{\"generation\":NUMBER,\"manifest\":SHA256} or null"

const char *const fw_report_state_names[FW_NREPORT_STATES] = {
#define FW_REPORT_STATE(sym, word) [FW_REPORT_##sym] = word,
	FW_REPORT_STATES(FW_REPORT_STATE)
#undef FW_REPORT_STATE
};

#define STATE(sym, word) " " word
#define ROW(kind, name, field, want, ...) FW_RECORD_ROW(kind, name, struct fw_report, field, want, ##__VA_ARGS__)
static const struct fw_record_row rows[] = {
	ROW(text, "host", host, "the host's name, of at most 253 bytes"),
	ROW(text, "ring", ring, "the name of its ring, or an empty text"),
	ROW(choice, "state", state, "one of" FW_REPORT_STATES(STATE), .words = fw_report_state_names,
	    .nwords = FW_NREPORT_STATES),
	ROW(generation, "running", running, GENERATION),
	ROW(generation, "wanted", wanted, GENERATION),
	ROW(flag, "worse", worse, "true or false"),
	ROW(real, "dropped", dropped, "a number from 0 to 1", .max = 1),
	ROW(u64, "since", since, "seconds since 1970"),
	ROW(text, "why", why, "a line of text, of at most 199 bytes"),
};
#undef ROW
#undef STATE
static const struct fw_record report = { "a report", rows, sizeof(rows) / sizeof(rows[0]) };

int fw_report_parse(const char *text, size_t len, struct fw_report *out, char why[256])
{
	struct fw_report r;
	int err = fw_record_parse(&report, text, len, &r, why);

	if (!err)
		*out = r;
	return err;
}

void fw_report_print(struct fw_buf *b, const struct fw_report *r)
{
	fw_record_print(&report, r, b);
}

int fw_generation_parse(const char *text, size_t len, struct fw_generation *out, char why[256])
{
	json_error_t error;
	json_auto_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(o) || fw_record_parse_generation(NULL, o, out))
		return fw_record_error(why, "a ring's head has to be {\"generation\":NUMBER,\"manifest\":SHA256}%s%s",
				       o ? "" : ": ", o ? "" : error.text);
	return 0;
}

void fw_generation_print(struct fw_buf *b, const struct fw_generation *g)
{
	fw_buf_printf(b, "{\"generation\":%llu,\"manifest\":\"%s\"}", (unsigned long long)g->number, g->manifest.hex);
}

bool fw_generation_same(const struct fw_generation *a, const struct fw_generation *b)
{
	return a->number == b->number && !strcmp(a->manifest.hex, b->manifest.hex);
}
