// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as rules: what parses must print, and what is printed must parse back and print the same. */
#include <stdlib.h>
#include <string.h>

#include "fw/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reparse(const struct fw_ruleset *rs)
{
	struct fw_ruleset *again = fw_ruleset_new(NULL);
	struct fw_buf first = { 0 }, second = { 0 };
	struct fw_diags ds = { .n = 0 };

	fw_text_print(&first, rs);
	/* Without a name the parser opens no files. */
	if (!again || first.failed || fw_text_parse(again, first.text, first.len, NULL, &ds))
		abort();
	fw_text_print(&second, again);
	if (second.failed || first.len != second.len || memcmp(first.text, second.text, first.len))
		abort();
	fw_buf_free(&first);
	fw_buf_free(&second);
	fw_ruleset_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const parsers[])(struct fw_ruleset *, const char *, size_t, const char *, struct fw_diags *) = {
		fw_text_parse,
		fw_text_parse_classbench,
	};

	for (size_t i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		struct fw_diags ds = { .n = 0 };
		int err = rs ? parsers[i](rs, (const char *)data, size, NULL, &ds) : -ENOMEM;

		if (!err != !ds.total)
			abort();
		if (!err)
			check_reparse(rs);
		fw_ruleset_free(rs);
	}
	return 0;
}
