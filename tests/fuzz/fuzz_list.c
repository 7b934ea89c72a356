// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as the file of a set, in the format that the first byte selects. The elements must print and parse back, and must not
 * depend on whether invalid lines may be skipped.
 */
#include <string.h>

#include "tests/fuzz/reparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

/* Return: the number of elements; SIZE_MAX: the file is refused. */
static size_t elements(struct list *l, const char *skip, const char *format)
{
	static struct fw_diags ds;
	const struct fw_files files = { .find = find, .ctx = l };
	struct fw_ruleset *rs = fw_ruleset_new("r");
	size_t n = SIZE_MAX;
	char text[128];
	int err;

	ds.n = ds.total = 0;
	snprintf(text, sizeof(text), "set s file \"l\" may-be-empty %s %s", skip, format);
	err = rs ? fw_text_parse_with(rs, text, strlen(text), "r", &files, &ds) : -ENOMEM;
	if (!err != !ds.total)
		abort();
	if (!err) {
		n = rs->sets[0].n;
		rs->sets[0].path = NULL; /* the elements are printed, not the file */
		fuzz_reparse(rs);
	}
	fw_ruleset_free(rs);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "", "format csv", "format p2p" };
	struct list l = { (const char *)data + 1, size - 1 };
	const char *format;
	size_t n;

	if (!size)
		return 0;
	format = formats[(uint8_t)(data[0] - '0') % 3];
	n = elements(&l, "", format);
	if (elements(&l, "skip-bad", format) != n && n != SIZE_MAX)
		abort();
	return 0;
}
