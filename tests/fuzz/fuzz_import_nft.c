// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a ruleset of nftables. Each object of an array may also stand alone: then it is put into a table that has a chain
 * at each hook. What is made has to be text of ours, and stays within the limits.
 */
#include <string.h>

#include "fw/import.h"
#include "fw/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Text that refers to chains and sets in ways that only the whole ruleset shows to be wrong may be refused. */
static void check(const struct fw_buf *out, size_t size)
{
	static struct fw_diags ds;
	struct fw_ruleset *rs = fw_ruleset_new("r");

	if (out->len > 10 * size + (1 << 21))
		abort();
	ds.n = ds.total = 0;
	if (rs && out->len && fw_text_parse(rs, out->text, out->len, "r", &ds))
		fprintf(stderr, "%s\n%s\n", ds.d[0].message, out->text), abort();
	fw_ruleset_free(rs);
}

static void import(const char *text, size_t len)
{
	const struct fw_import_options options = { .partial = true };
	const struct fw_import_file file = { .name = "f", .text = text, .len = len, .format = FW_IMPORT_NFT };
	struct fw_import_report report = { 0 };
	struct fw_buf out = { 0 };

	if (!fw_import(&file, 1, &options, &report, &out))
		check(&out, len);
	else if (out.len)
		abort();
	fw_buf_free(&out);
	fw_import_report_free(&report);
}

#define IN "\"family\":\"inet\",\"table\":\"t\","
#define BASE(hook) "{\"chain\":{" IN "\"name\":\"" hook "\",\"type\":\"filter\",\"hook\":\"" hook "\",\"prio\":0}},"

/* The expressions of a rule that each chain has. */
static void import_rule(const char *expr, size_t len)
{
	static const char *const chains[] = { "prerouting", "input", "forward", "output", "user" };
	struct fw_buf b = { 0 };

	fw_buf_printf(&b, "{\"nftables\":[" BASE("prerouting") BASE("input") BASE("forward") BASE("output"));
	fw_buf_printf(&b,
		      "{\"chain\":{" IN "\"name\":\"user\"}},{\"set\":{" IN "\"name\":\"s\",\"type\":\"ipv4_addr\"}}");
	for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++) {
		fw_buf_printf(&b, ",{\"rule\":{" IN "\"chain\":\"%s\",\"expr\":[", chains[i]);
		if (len)
			fw_buf_add(&b, expr, len);
		fw_buf_printf(&b, "]}}");
	}
	fw_buf_printf(&b, "]}");
	if (!b.failed)
		import(b.text, b.len);
	fw_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == '{' && memmem(data, size, "nftables", 8))
		import((const char *)data, size);
	else
		import_rule((const char *)data, size);
	return 0;
}
