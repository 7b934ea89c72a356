// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as a value of etcd: what is read must print as a text that reads as the same; errors of rings are inside of the text. */
#include <string.h>

#include "fw/fleet/lead.h"
#include "fw/fleet/rings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
	if (!right)
		abort();
}

/* @again: what was printed, read and printed once more. */
static void same(struct fw_buf *b, struct fw_buf *again)
{
	expect(!b->failed && !again->failed && b->len == again->len && !memcmp(b->text, again->text, b->len));
	fw_buf_free(b);
	fw_buf_free(again);
}

/* Every error of a text with lines is on one of them. */
static void check_place(const struct fw_diags *ds, const char *text, size_t len)
{
	unsigned lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	for (unsigned i = 0; i < ds->n; i++)
		expect(ds->d[i].message[0] && ds->d[i].line <= lines);
}

static void rings(const char *text, size_t len)
{
	struct fw_rings r = { .n = 0 }, second = { .n = 0 };
	struct fw_buf b = { 0 }, again = { 0 };
	struct fw_diags ds = { .n = 0 };
	int err = fw_rings_parse(text, len, "rings", &r, &ds);

	expect(!err == !ds.n);
	check_place(&ds, text, len);
	if (err)
		return;
	fw_rings_print(&b, &r);
	expect(!fw_rings_parse(b.text, b.len, "rings", &second, NULL));
	fw_rings_print(&again, &second);
	for (const char *const *host = (const char *const[]){ "a", "web-1", "", NULL }; *host; host++)
		expect(fw_ring_of(&r, *host) == fw_ring_of(&second, *host));
	same(&b, &again);
	fw_rings_free(&r);
	fw_rings_free(&second);
}

#define RECORD(name)                                                                  \
	static void name(const char *text, size_t len)                                \
	{                                                                             \
		struct fw_buf b = { 0 }, again = { 0 };                               \
		struct fw_##name r, second;                                           \
		char why[256] = "";                                                   \
		int err = fw_##name##_parse(text, len, &r, why);                      \
                                                                                      \
		expect(!err == !why[0]);                                              \
		if (err)                                                              \
			return;                                                       \
		fw_##name##_print(&b, &r);                                            \
		expect(!b.failed && !fw_##name##_parse(b.text, b.len, &second, why)); \
		fw_##name##_print(&again, &second);                                   \
		same(&b, &again);                                                     \
	}
RECORD(report)
RECORD(rollout)
RECORD(generation)

static void leader(const char *text, size_t len)
{
	char by[FW_LEADER_NAME];

	expect(fw_leader_parse(text, len, by) || strlen(by) < sizeof(by));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(const char *text, size_t len) = { rings, report, rollout, generation, leader };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		kinds[i]((const char *)data, size);
	return 0;
}
