// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets from files. */
#include "lib/text/internal.h"

const char *const fw_format_names[FW_NFORMATS + 1] = {
#define FORMAT_NAME(sym, name, parser) [FW_FORMAT_##sym] = name,
	FW_FORMATS(FORMAT_NAME)
#undef FORMAT_NAME
};

fw_text_parser *fw_text_parser_of(enum fw_format format)
{
	static fw_text_parser *const parsers[FW_NFORMATS] = {
#define FORMAT_PARSER(sym, name, parser) [FW_FORMAT_##sym] = parser,
		FW_FORMATS(FORMAT_PARSER)
#undef FORMAT_PARSER
	};

	return parsers[format];
}

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

int fw_text_load(const char *path, enum fw_format format, struct fw_ruleset **out, struct fw_diags *ds)
{
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
	err = fw_text_parser_of(format)(rs, text, len, name, ds);
	if (err)
		return err;
	*out = fw_take(rs);
	return 0;
}
