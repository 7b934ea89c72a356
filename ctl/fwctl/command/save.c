// SPDX-License-Identifier: GPL-2.0-only
/* fwctl save: writes the live ruleset. */
#include "rows.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/request.h"

#include <string.h>
#include <unistd.h>

static const struct ctl_option *const no_options[] = { NULL };

/* On a terminal, unprintable characters are escaped, whatever fwd sent; `load` reads both forms. */
static int show_text(void *ctx, const char *text, size_t len)
{
	char one[FW_ESCAPE_ONE];

	for (size_t i = 0; i < len;) {
		bool blank = text[i] == '\n' || text[i] == '\t';
		size_t n = blank ? 1 : fw_escape_one(one, text + i, len - i);

		fwrite(blank ? text + i : one, 1, blank ? 1 : strlen(one), ctx);
		i += n;
	}
	return ferror(ctx) ? -EIO : 0;
}

static int write_text(void *ctx, const char *text, size_t len)
{
	return fwrite(text, 1, len, ctx) == len ? 0 : -errno;
}

static int save_to(const struct ctl_settings *s, FILE *f)
{
	struct ctl_request request = { .kind = FW_REQ_SAVE,
				       .text = isatty(fileno(f)) ? show_text : write_text,
				       .ctx = f };

	return ctl_request_run(s, &request, NULL);
}

static int run_save(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(ctl_new_file_end) struct ctl_new_file nf = { .at.folder = -1 };
	int code;

	if (!n || !strcmp(operands[0], "-")) {
		if (!s->json)
			return save_to(s, stdout);
		ctl_error("save: --json needs a FILE: standard output cannot hold both");
		return CTL_USAGE;
	}
	if (ctl_new_file_open(operands[0], &nf))
		return CTL_FAILED;
	code = save_to(s, nf.f);
	if (code == CTL_OK && ctl_new_file_commit(&nf))
		code = CTL_FAILED;
	return code;
}

const struct ctl_command ctl_save = {
	.name = "save",
	.operands = "[FILE]",
	.summary = "write the live ruleset, with ids, as `fwctl load` reads it",
	.details =
		"Without FILE, or with -, it writes to standard output. A file is replaced once the new one is complete. It keeps\n"
		"its permissions if it is yours; else the owner may write and the group may read it. A symbolic link is\n"
		"followed, unless another user made it and does not own what it leads to. Devices, pipes and sockets are\n"
		"written to directly.\n\n"
		"JSON: {ok, rules}.\n",
	.options = no_options,
	.kinds = CTL_KIND_FILE,
	.max_operands = 1,
	.run = run_save,
};
