// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any changes to a small ruleset: an aborted one changes nothing, and the log of a committed one has the same effect on
 * another copy. Bytes encode words of the language, so that most lines are nearly valid; an input that begins with a letter is
 * plain text, and one that begins with `=` and a letter is the text that replaces the chain of that name.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/files.h"
#include "tests/unit/ruleset_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small, because parsing it takes most of a run. */
static const char base[] = "set a { 10.0.0.0/8, ::1 }\nset b { }\nset c { 1.1.1.1 }\n"
			   "chain v\nchain w\nrule 5 in jump w\n"
			   "rule 10 name ssh in from @a accept\n"
			   "rule 20 name web from { @c, 10.0.0.0/8 } to not @a accept comment \"x\"\n"
			   "rule 40 drop\n"
			   "rule 6 name inner chain w from 1.1.1.1 drop\nrule 7 chain w proto tcp drop\n"
			   "rule 8 chain w proto udp drop\n";

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
	"chain create",
	"chain del",
	"chain w",
	"jump w",
	"goto v",
	"return",
};
#define WORDS_MAX 48 /* of an input, for about eight changes */

/* Changes, or rules that take the place of those of a chain. */
struct input {
	struct fw_buf text;
	char chain[2]; /* empty: changes */
};

/* The buffer is kept for the next run, which would otherwise spend its time in malloc(). */
static const struct input *input_of(const uint8_t *data, size_t size)
{
	static struct input in;
	bool of_chain = size > 1 && data[0] == '=' && isalpha(data[1]);

	in.text.len = 0;
	in.chain[0] = of_chain ? (char)data[1] : '\0';
	if (of_chain)
		fw_buf_add(&in.text, (const char *)data + 2, size - 2);
	else if (size && isalpha(data[0]))
		fw_buf_add(&in.text, (const char *)data, size);
	else
		for (size_t i = 0; i < size && i < WORDS_MAX; i++) {
			const char *word = words[data[i] % (sizeof(words) / sizeof(*words))];

			fw_buf_word(&in.text, word);
			fw_buf_add(&in.text, " ", 1);
		}
	fw_buf_add(&in.text, "\n", 1);
	return &in;
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
static int apply(struct fw_ruleset *rs, struct fw_edit *e, const struct input *in, struct fw_buf *log)
{
	static struct fw_diags ds;
	const struct fw_chain_text chain = { .chain = in->chain, .text = in->text.text, .len = in->text.len };
	int err;

	ds.n = ds.total = 0;
	if (fw_edit_begin(rs, e))
		abort();
	if (in->chain[0])
		err = fw_text_edit_chain(e, &chain, &ds, log);
	else
		err = fw_text_edit_with(e, in->text.text, in->text.len, NULL, &fuzz_files, &ds, log);
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
static void replay(struct fw_ruleset *rs, const struct input *in)
{
	static struct input log;
	static struct fw_buf again;
	static struct state is;
	struct fw_ruleset *copy = base_ruleset();
	struct fw_edit e;

	log.text.len = again.len = 0;
	if (apply(rs, &e, in, &log.text))
		abort();
	fw_edit_commit(&e);
	check(rs);
	state_of(rs, &is);
	if (apply(copy, &e, &log, &again) || log.text.len != again.len || memcmp(log.text.text, again.text, again.len))
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
	const struct input *in = input_of(data, size);
	struct fw_edit e;
	int err;

	if (!rs) {
		rs = base_ruleset();
		state_of(rs, &base_state);
	}
	err = apply(rs, &e, in, NULL);
	fw_edit_abort(&e);
	check(rs);
	check_same(rs, &base_state);
	if (!err) {
		replay(rs, in);
		fw_ruleset_free(rs);
		rs = NULL;
	}
	return 0;
}
