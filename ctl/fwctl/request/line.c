// SPDX-License-Identifier: GPL-2.0-only
/* Joins words of a command line to a line of the rule language. */
#include "line.h"
#include "ctl/fwctl/output/message.h"

#include <string.h>

static bool is_string(const char *word)
{
	size_t len = strlen(word);

	return len >= 2 && word[0] == '"' && word[len - 1] == '"';
}

void ctl_line_string(struct fw_buf *b, const char *word)
{
	if (is_string(word)) {
		fw_buf_printf(b, "%s", word);
		return;
	}
	fw_buf_printf(b, "\"");
	for (; *word; word++)
		fw_buf_printf(b, *word == '"' || *word == '\\' ? "\\%c" : "%c", *word);
	fw_buf_printf(b, "\"");
}

/* Is it a string of the language, whose quotes the shell may have removed? */
static bool wants_quotes(char *const *words, int i)
{
	return i && (!strcmp(words[i - 1], "comment") ||
		     (i > 1 && !strcmp(words[i - 1], "prefix") && !strcmp(words[i - 2], "log")));
}

int ctl_line_join(const char *prefix, int n, char *const *words, struct fw_buf *out)
{
	fw_buf_printf(out, "%s", prefix);
	for (int i = 0; i < n; i++) {
		if (strchr(words[i], '\n')) {
			ctl_error("a line break in \"%.*s...\"", (int)strcspn(words[i], "\n"), words[i]);
			ctl_hint("a change is one line; `fwctl batch` takes many");
			return -EINVAL;
		}
		if (out->len)
			fw_buf_printf(out, " ");
		if (wants_quotes(words, i))
			ctl_line_string(out, words[i]);
		else
			fw_buf_printf(out, "%s", words[i]);
	}
	if (out->failed)
		ctl_error("out of memory");
	return out->failed ? -ENOMEM : 0;
}
