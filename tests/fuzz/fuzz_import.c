// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as files of other packet filters: the first byte selects the format, and RS (0x1e) parts one file from the next.
 * What is made must be text of ours, each line of the report must show a part of it, and no more memory is in use at a time
 * than 20 times the size of the files, besides what the smallest import takes.
 */
#include <sanitizer/allocator_interface.h>
#include <string.h>

#include "fw/import.h"
#include "fw/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES_MAX 3
#define FIXED_BYTES (128 << 10)

static size_t now, most;

static void allocated(const volatile void *p, size_t size)
{
	now += size;
	if (most < now)
		most = now;
}

static void freed(const volatile void *p)
{
	size_t size = p ? __sanitizer_get_allocated_size(p) : 0;

	now -= size < now ? size : now;
}

static size_t split(const char *text, size_t len, enum fw_import_format format, struct fw_import_file *files)
{
	static const char *const names[FILES_MAX] = { "a", "b.v6", "c" };
	size_t n = 0;

	while (n < FILES_MAX) {
		const char *end = memchr(text, 0x1e, len);
		size_t bytes = end ? (size_t)(end - text) : len;

		files[n] = (struct fw_import_file){ .name = names[n], .text = text, .len = bytes, .format = format };
		n++;
		if (!end)
			break;
		text = end + 1;
		len -= bytes + 1;
	}
	return n;
}

static void check_report(const struct fw_import_report *r, const struct fw_buf *out, int err, bool partial)
{
	size_t refused = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct fw_import_line *l = &r->lines[i];

		refused += l->reason > FW_IMPORT_AS_KERNEL;
		if (!err && l->became + l->became_len > out->len)
			abort();
	}
	if (refused != r->refused || (err && (!refused || out->text)) || (!err && refused && !partial))
		abort();
}

static void check_text(const struct fw_buf *out)
{
	static struct fw_diags ds;
	struct fw_ruleset *rs = fw_ruleset_new("r");

	ds.n = ds.total = 0;
	if (rs && out->len && fw_text_parse(rs, out->text, out->len, "r", &ds)) {
		fprintf(stderr, "%s\n%s\n", ds.d[0].message, out->text);
		abort();
	}
	fw_ruleset_free(rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool hooked;
	struct fw_import_file files[FILES_MAX];
	struct fw_import_report report = { 0 };
	struct fw_buf out = { 0 };
	struct fw_import_options options;
	size_t n;
	int err;

	if (!hooked)
		__sanitizer_install_malloc_and_free_hooks(allocated, freed);
	hooked = true;
	if (!size)
		return 0;
	options.partial = data[0] & 0x10;
	n = split((const char *)data + 1, size - 1, (data[0] & 0xf) % FW_IMPORT_NFORMATS, files);
	now = most = 0;
	err = fw_import(files, n, &options, &report, &out);
	if (most > 20 * size + FIXED_BYTES)
		abort();
	if (err != -ENOMEM)
		check_report(&report, &out, err, options.partial);
	if (!err)
		check_text(&out);
	fw_buf_free(&out);
	fw_import_report_free(&report);
	return 0;
}
