// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any changes to a small ruleset: what is aborted leaves nothing behind, and the log of what is done does the same to
 * another copy. Bytes stand for words of the language, so that most lines come near to meaning something; an input that
 * begins with a letter is text as it is.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fw/text.h"
#include "tests/unit/ruleset_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char base[] = "policy in drop\nset a { 10.0.0.0/8, 10.1.0.0/16, ::1 }\nset b { }\nset c { 1.1.1.1 }\n"
			   "rule 10 name ssh in from @a proto tcp dport 22 accept\n"
			   "rule 20 name web from { @c, 10.0.0.0/8 } to not @a accept counter comment \"x\"\n"
			   "rule 30 in on eth0 drop\nrule 40 drop\n";

static const char *const words[] = {
	"\n",
	"add rule",
	"add rule first",
	"add rule before",
	"add rule after",
	"replace rule",
	"move rule",
	"del rule",
	"set create",
	"set add",
	"set del",
	"set replace",
	"set flush",
	"--exist",
	"dynamic",
	"set destroy",
	"policy",
	"first",
	"last",
	"before",
	"after",
	"name",
	"in",
	"out",
	"from",
	"to",
	"not",
	"{",
	"}",
	",",
	"proto tcp",
	"dport",
	"on",
	"accept",
	"drop\n",
	"drop",
	"comment \"y\"",
	"10",
	"20",
	"30",
	"40",
	"41",
	"42",
	"ssh",
	"web",
	"n1",
	"n2",
	"a",
	"b",
	"c",
	"d",
	"@a",
	"@b",
	"@c",
	"@d",
	"10.0.0.0/8",
	"10.1.0.0/16",
	"1.1.1.1",
	"1.1.1.1-1.1.1.9",
	"::1",
	"::/0",
	"0.0.0.0/0",
	"eth0",
	"eth1",
	"80",
	"1-9",
	"malformed",
	"accept\n",
	"counter",
};

static struct fw_buf text_of(const uint8_t *data, size_t size)
{
	struct fw_buf b = { 0 };

	if (size && isalpha(data[0]))
		fw_buf_printf(&b, "%.*s", (int)size, (const char *)data);
	else
		for (size_t i = 0; i < size; i++)
			fw_buf_printf(&b, "%s ", words[data[i] % (sizeof(words) / sizeof(*words))]);
	if (!b.text)
		fw_buf_printf(&b, "\n");
	return b;
}

static struct fw_ruleset *base_ruleset(void)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	if (!rs || fw_text_parse(rs, base, sizeof(base) - 1, NULL, NULL))
		abort();
	return rs;
}

static void check(const struct fw_ruleset *rs)
{
	if (ruleset_check(rs, 0))
		abort();
}

/* Begins, applies, checks; the edit is left open. */
static int apply(struct fw_ruleset *rs, struct fw_edit *e, const struct fw_buf *text, struct fw_buf *log)
{
	struct fw_diags ds = { .n = 0 };
	int err;

	if (fw_edit_begin(rs, e))
		abort();
	err = fw_text_edit(e, text->text, text->len, NULL, &ds, log);
	if (!err != !ds.total || (err && err != -EINVAL))
		abort();
	check(rs);
	return err;
}

static void same(const struct fw_ruleset *a, const struct fw_ruleset *b)
{
	struct fw_buf x = { 0 }, y = { 0 };

	fw_text_print(&x, a);
	fw_text_print(&y, b);
	if (x.len != y.len || memcmp(x.text, y.text, x.len) || a->next_id != b->next_id || a->next_slot != b->next_slot)
		abort();
	fw_buf_free(&x);
	fw_buf_free(&y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_ruleset *rs = base_ruleset(), *untouched = base_ruleset();
	struct fw_buf text = text_of(data, size), log = { 0 }, again = { 0 };
	struct fw_edit e;
	int err = apply(rs, &e, &text, NULL);

	fw_edit_abort(&e);
	check(rs);
	same(rs, untouched);
	if (!err) {
		if (apply(rs, &e, &text, &log))
			abort();
		fw_edit_commit(&e);
		check(rs);
		if (apply(untouched, &e, &log, &again) || log.len != again.len || memcmp(log.text, again.text, log.len))
			abort();
		fw_edit_commit(&e);
		check(untouched);
		same(rs, untouched);
	}
	fw_buf_free(&text);
	fw_buf_free(&log);
	fw_buf_free(&again);
	fw_ruleset_free(rs);
	fw_ruleset_free(untouched);
	return 0;
}
