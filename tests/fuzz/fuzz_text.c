// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as rules, or, when they begin with '@' as no rules do, as a ClassBench filter set: what parses must print, and
 * what is printed must parse back and print the same.
 */
#include "tests/fuzz/reparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fw_diags ds;
	struct fw_ruleset *rs = fw_ruleset_new("r");
	const char *text = (const char *)data;
	int err;

	ds.n = ds.total = 0;
	err = !rs                  ? -ENOMEM :
	      size && *text == '@' ? fw_text_parse_classbench(rs, text, size, "r", &ds) :
				     fw_text_parse_with(rs, text, size, "r", &fuzz_files, &ds);
	if (!err != !ds.total)
		abort();
	if (!err)
		fuzz_reparse(rs);
	fw_ruleset_free(rs);
	return 0;
}
