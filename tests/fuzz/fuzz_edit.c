// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any changes to a small ruleset: an aborted one changes nothing, and the log of a committed one has the same effect on
 * another copy. Bytes encode words of the language, so that most lines are nearly valid; an input that begins with a letter is
 * plain text.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/files.h"
#include "tests/unit/ruleset_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small, because parsing it takes most of a run. */
static const char base[] = "set a { 10.0.0.0/8, ::1 }\nset b { }\nset c { 1.1.1.1 }\n"
			   "rule 10 name ssh in from @a accept\n"
			   "rule 20 name web from { @c, 10.0.0.0/8 } to not @a accept comment \"x\"\n"
			   "rule 40 drop\n";

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
#define WORDS_MAX 48 /* of an input, for about eight changes */

/* The buffer is kept for the next run, which would otherwise spend its time in malloc(). */
static const struct fw_buf *text_of(const uint8_t *data, size_t size)
{
	static struct fw_buf b;

	b.len = 0;
	if (size && isalpha(data[0]))
		fw_buf_add(&b, (const char *)data, size);
	else
		for (size_t i = 0; i < size && i < WORDS_MAX; i++) {
			const char *word = words[data[i] % (sizeof(words) / sizeof(*words))];

			fw_buf_word(&b, word);
			fw_buf_add(&b, " ", 1);
		}
	fw_buf_add(&b, "\n", 1);
	return &b;
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

/* Begins an edit, applies the changes and checks the result. Leaves the edit open. */
static int apply(struct fw_ruleset *rs, struct fw_edit *e, const struct fw_buf *text, struct fw_buf *log)
{
	static struct fw_diags ds;
	int err;

	ds.n = ds.total = 0;
	if (fw_edit_begin(rs, e))
		abort();
	err = fw_text_edit_with(e, text->text, text->len, NULL, &fuzz_files, &ds, log);
	if (!err != !ds.total || (err && err != -EINVAL))
		abort();
	check(rs);
	return err;
}

struct state {
	struct fw_buf text;
	uint64_t next_id;
	uint32_t next_slot;
};

static void state_of(const struct fw_ruleset *rs, struct state *s)
{
	s->text.len = 0;
	fw_text_print(&s->text, rs);
	s->next_id = rs->next_id;
	s->next_slot = rs->next_slot;
}

static void check_same(const struct fw_ruleset *rs, const struct state *want)
{
	static struct state is;

	state_of(rs, &is);
	if (is.text.len != want->text.len || memcmp(is.text.text, want->text.text, is.text.len) ||
	    is.next_id != want->next_id || is.next_slot != want->next_slot)
		abort();
}

/* Commits to @rs, and checks that the log makes the same changes to another copy. */
static void replay(struct fw_ruleset *rs, const struct fw_buf *text)
{
	static struct fw_buf log, again;
	static struct state is;
	struct fw_ruleset *copy = base_ruleset();
	struct fw_edit e;

	log.len = again.len = 0;
	if (apply(rs, &e, text, &log))
		abort();
	fw_edit_commit(&e);
	check(rs);
	state_of(rs, &is);
	if (apply(copy, &e, &log, &again) || log.len != again.len || memcmp(log.text, again.text, log.len))
		abort();
	fw_edit_commit(&e);
	check(copy);
	check_same(copy, &is);
	fw_ruleset_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A ruleset can be used again while changes are aborted. */
	static struct fw_ruleset *rs;
	static struct state base_state;
	const struct fw_buf *text = text_of(data, size);
	struct fw_edit e;
	int err;

	if (!rs) {
		rs = base_ruleset();
		state_of(rs, &base_state);
	}
	err = apply(rs, &e, text, NULL);
	fw_edit_abort(&e);
	check(rs);
	check_same(rs, &base_state);
	if (!err) {
		replay(rs, text);
		fw_ruleset_free(rs);
		rs = NULL;
	}
	return 0;
}
