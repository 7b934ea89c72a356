// SPDX-License-Identifier: GPL-2.0-only
#include "tests/fuzz/reparse.h"

#include <string.h>

void fuzz_reparse(const struct fw_ruleset *rs)
{
	static struct fw_diags ds;
	struct fw_ruleset *again = fw_ruleset_new("r");
	struct fw_buf first = { 0 }, second = { 0 };

	ds.n = ds.total = 0;
	fw_text_print(&first, rs);
	for (size_t i = 0, n; i < first.len; i += n) {
		n = strchr("\n\t", first.text[i]) ? 1 : fw_utf8_shown(first.text + i, first.len - i);
		if (!n)
			abort();
	}
	if (!again || first.failed || fw_text_parse_with(again, first.text, first.len, "r", &fuzz_files, &ds))
		abort();
	fw_text_print(&second, again);
	if (second.failed || first.len != second.len || memcmp(first.text, second.text, first.len))
		abort();
	fw_buf_free(&first);
	fw_buf_free(&second);
	fw_ruleset_free(again);
}
