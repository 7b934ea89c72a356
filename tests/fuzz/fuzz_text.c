// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as rules, and as the file of a set: what parses must print, and what is printed must parse back and print the
 * same. What a list says does not depend on the lines that were skipped.
 */
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

struct list {
	const char *text;
	size_t len;
};

static int find(void *ctx, const char *path, const char **text, size_t *len)
{
	const struct list *l = ctx;

	*text = l->text;
	*len = l->len;
	return 0;
}

static size_t list_elements(const char *words, struct list *l)
{
	const struct fw_files files = { .find = find, .ctx = l };
	struct fw_ruleset *rs = fw_ruleset_new("r");
	struct fw_diags ds = { .n = 0 };
	char text[128];
	size_t n = SIZE_MAX;
	int err;

	snprintf(text, sizeof(text), "set s file \"l\" may-be-empty %s", words);
	err = rs ? fw_text_parse_with(rs, text, strlen(text), "r", &files, &ds) : -ENOMEM;
	if (!err != !ds.total)
		abort();
	if (!err) {
		n = rs->sets[0].n;
		rs->sets[0].path = NULL; /* the elements are printed, not the file */
		check_reparse(rs);
	}
	fw_ruleset_free(rs);
	return n;
}

static void check_lists(const char *text, size_t len)
{
	static const char *const formats[] = { "", "format csv", "format p2p" };
	struct list l = { text, len };
	char skip[64];

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		size_t n = list_elements(formats[i], &l);

		snprintf(skip, sizeof(skip), "skip-bad %s", formats[i]);
		if (n != SIZE_MAX && list_elements(skip, &l) != n)
			abort();
	}
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
	check_lists((const char *)data, size);
	return 0;
}
