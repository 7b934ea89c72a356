// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets from files. */
#include "lib/text/internal.h"

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

int fw_text_load(const char *path, enum fw_format format, struct fw_ruleset **out, struct fw_diags *ds)
{
	static int (*const parse[])(struct fw_ruleset *, const char *, size_t, const char *, struct fw_diags *) = {
		[FW_FORMAT_RULES] = fw_text_parse,
		[FW_FORMAT_CLASSBENCH] = fw_text_parse_classbench,
	};
	bool input = !strcmp(path, "-");
	const char *name = input ? "<stdin>" : path;
	fw_autofree char *text = NULL;
	size_t len = 0;
	int err = fw_text_file_read(input ? NULL : path, (struct fw_place){ 0 }, ds, &text, &len);

	if (err)
		return err;

	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = fw_ruleset_new(name);

	if (!rs)
		return -ENOMEM;
	err = parse[format](rs, text, len, name, ds);
	if (err)
		return err;
	*out = fw_take(rs);
	return 0;
}
