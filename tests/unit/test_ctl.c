// SPDX-License-Identifier: GPL-2.0-only
/* What fwctl does without fwd: words into lines, marked errors, the table of commands and its options. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/fwctl/command/rows.h"
#include "ctl/fwctl/command_line/find.h"
#include "ctl/fwctl/command_line/options.h"
#include "ctl/fwctl/commands.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/line.h"

/* What @say writes to standard error, as a string to free(). */
static char *said(void (*say)(const void *arg), const void *arg)
{
	int fd = memfd_create("said", 0), was = dup(STDERR_FILENO);
	char *text = calloc(1, 8192);

	assert_true(fd >= 0 && was >= 0 && text);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	say(arg);
	fflush(stderr);
	dup2(was, STDERR_FILENO);
	assert_true(pread(fd, text, 8191, 0) >= 0);
	close(fd);
	close(was);
	return text;
}

static void test_words(void **state)
{
	static const struct {
		const char *words[8];
		const char *line;
	} cases[] = {
		{ { "in", "drop" }, "add rule in drop" },
		{ {
			  "in",
			  "proto",
			  "tcp",
			  "dport",
			  "{",
			  "80,",
			  "443",
			  "}",
		  },
		  "add rule in proto tcp dport { 80, 443 }" },
		{ { "from", "@admins", "drop" }, "add rule from @admins drop" },
		{ { "drop", "comment", "admin hosts" }, "add rule drop comment \"admin hosts\"" },
		{ { "drop", "comment", "one" }, "add rule drop comment \"one\"" },
		{ { "drop", "comment", "" }, "add rule drop comment \"\"" },
		{ { "drop", "comment", "a \"b\" \\" }, "add rule drop comment \"a \\\"b\\\" \\\\\"" },
		{ { "drop", "comment", "\"done\"" }, "add rule drop comment \"done\"" },
		{ { "drop", "comment", "\"" }, "add rule drop comment \"\\\"\"" },
		{ { "in drop comment \"a b\"" }, "add rule in drop comment \"a b\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_buf line = { 0 };
		int n = 0;

		while (n < 8 && cases[i].words[n])
			n++;
		assert_int_equal(ctl_line_join("add rule", n, (char *const *)cases[i].words, &line), 0);
		assert_string_equal(line.text, cases[i].line);
		fw_buf_free(&line);
	}
}

static void join_line_break(const void *arg)
{
	struct fw_buf line = { 0 };

	assert_int_equal(ctl_line_join("set add", 2, (char *const *)arg, &line), -EINVAL);
	fw_buf_free(&line);
}

static void test_words_refused(void **state)
{
	static const char *const words[] = { "a", "10.0.0.1\ndel rule 1" };
	fw_autofree char *text = said(join_line_break, words);

	assert_non_null(strstr(text, "line break in \"10.0.0.1...\""));
	assert_non_null(strstr(text, "fwctl batch"));
}

/* A diagnostic, the text that it is about, and how both are shown. */
struct shown {
	const char *name, *text; /* of the source; text NULL: none */
	const char *file;
	unsigned line, column;
	const char *want;
};

static void show(const void *arg)
{
	const struct shown *s = arg;
	struct ctl_source source = { .name = s->name, .text = s->text, .len = s->text ? strlen(s->text) : 0 };
	struct fw_diags ds = { 0 };

	fw_diag_add(&ds, (struct fw_place){ s->file, s->line, s->column }, "hint", "wrong");
	ctl_print_diags(&ds, s->text ? &source : NULL);
}

static void test_diags(void **state)
{
	static const struct shown cases[] = {
		{ NULL, "add rule in dorp", "fwctl", 1, 13,
		  "fwctl: wrong\n  add rule in dorp\n              ^\n  hint: hint\n" },
		{ NULL, "no such rule", "fwctl", 0, 0, "fwctl: wrong\n  hint: hint\n" },
		{ "f", "one\ntwo x\n", "f", 2, 5, "f:2:5: wrong\n  two x\n      ^\n  hint: hint\n1 error\n" },
		{ "f", "\ta\tb", "f", 1, 4, "f:1:4: wrong\n  \ta\tb\n  \t \t^\n  hint: hint\n1 error\n" },
		{ "f", "\xc3\xa4\xc3\xb6 x", "f", 1, 6,
		  "f:1:6: wrong\n  \xc3\xa4\xc3\xb6 x\n     ^\n  hint: hint\n1 error\n" },
		{ "f", "end", "f", 1, 4, "f:1:4: wrong\n  end\n     ^\n  hint: hint\n1 error\n" },
		{ "f", "end", "f", 1, 5, "f:1:5: wrong\n  hint: hint\n1 error\n" },
		{ "f", "end", "f", 9, 1, "f:9:1: wrong\n  hint: hint\n1 error\n" },
		{ "f", "end", "/no/such/file", 1, 1, "/no/such/file:1:1: wrong\n  hint: hint\n1 error\n" },
		{ NULL, NULL, "/no/such/file", 1, 1, "/no/such/file:1:1: wrong\n  hint: hint\n1 error\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fw_autofree char *text = said(show, &cases[i]);

		assert_string_equal(text, cases[i].want);
	}
}

/* A line of a megabyte is cut, and the mark is still below the error. */
static void test_diags_long(void **state)
{
	enum { LEN = 1 << 20, AT = 500000 };
	fw_autofree char *line = malloc(LEN + 1);

	assert_non_null(line);
	memset(line, 'a', LEN);
	line[LEN] = '\0';
	line[AT] = 'X';

	struct shown s = { "f", line, "f", 1, AT + 1, NULL };
	fw_autofree char *text = said(show, &s);
	char *first = strstr(text, "\n  "), *second = first ? strstr(first + 3, "\n  ") : NULL;
	char *x = strchr(text, 'X'), *mark = strchr(text, '^');

	assert_true(strlen(text) < 400 && x && mark && second);
	assert_int_equal(x - first, mark - second);
}

static void test_diags_from_file(void **state)
{
	char path[] = "/tmp/fw-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, "a\nb c\n", 6) == 6);
	close(fd);

	struct shown s = { NULL, NULL, path, 2, 3, NULL };
	fw_autofree char *text = said(show, &s);

	unlink(path);
	assert_non_null(strstr(text, "\n  b c\n    ^\n"));
}

static void test_commands(void **state)
{
	unsigned n = 0;

	for (const struct ctl_command *const *c = ctl_commands; *c; c++, n++) {
		fw_autofree char *name = strdup((*c)->name);
		char *second = strchr(name, ' ');
		char *argv[] = { name, second ? second + 1 : NULL, NULL };
		int words = 0;

		if (second)
			*second = '\0';
		assert_ptr_equal(ctl_command_find(ctl_commands, second ? 2 : 1, argv, &words), *c);
		assert_int_equal(words, second ? 2 : 1);
		assert_true((*c)->operands && (*c)->summary && (*c)->options && (*c)->run);
		assert_true((*c)->max_operands < 0 || (*c)->min_operands <= (*c)->max_operands);
		assert_true((*c)->hidden || strlen((*c)->name) < 15);
	}
	assert_true(n > 20);
}

static int parse(const struct ctl_command *cmd, struct ctl_settings *s, int argc, char **argv)
{
	struct ctl_arguments args = { argc, argv };

	return ctl_options_parse(cmd, &args, s);
}

struct option_case {
	const struct ctl_command *cmd;
	const char *argv[6];
	int want;
};

static void try_options(const void *arg)
{
	const struct option_case *c = arg;
	struct ctl_settings s = { 0 };
	char *argv[7] = { "x" };
	int n = 1;

	for (; n < 6 && c->argv[n - 1]; n++)
		argv[n] = (char *)c->argv[n - 1];
	assert_int_equal(parse(c->cmd, &s, n, argv), c->want);
}

static void test_options(void **state)
{
	static const struct option_case cases[] = {
		{ &ctl_load, { "f", "--confirm", "60s" }, 0 },
		{ &ctl_load, { "f", "--confirm", "24h", "--json" }, 0 },
		{ &ctl_load, { "f", "--confirm", "86400" }, 0 },
		{ &ctl_load, { "f", "--confirm", "0" }, CTL_USAGE },
		{ &ctl_load, { "f", "--confirm", "25h" }, CTL_USAGE },
		{ &ctl_load, { "f", "--confirm", "-1" }, CTL_USAGE },
		{ &ctl_load, { "f", "--confirm", "1d" }, CTL_USAGE },
		{ &ctl_load, { "f", "--confirm", "1mm" }, CTL_USAGE },
		{ &ctl_load, { "f", "--confirm", "18446744073709551615" }, CTL_USAGE },
		{ &ctl_load, { "f", "--confirm" }, CTL_USAGE },
		{ &ctl_load, { "f", "--check", "--confirm", "5s" }, CTL_USAGE },
		{ &ctl_del, { "r", "--check", "--confirm", "5s" }, CTL_USAGE },
		{ &ctl_flush, { "--yes", "--confirm", "5s" }, 0 },
		{ &ctl_load, { "f", "g" }, CTL_USAGE },
		{ &ctl_load, { NULL }, 0 },
		{ &ctl_load, { "f", "--terse" }, CTL_USAGE },
		{ &ctl_load, { "f", "--format", "yaml" }, CTL_USAGE },
		{ &ctl_load, { "--help" }, -1 },
		{ &ctl_list, { "--limit", "10", "from", "10.0.0.0/8" }, 0 },
		{ &ctl_list, { "--limit", "0" }, CTL_USAGE },
		{ &ctl_list, { "--limit", "-5" }, CTL_USAGE },
		{ &ctl_list, { "--limit", "1x" }, CTL_USAGE },
		{ &ctl_watch, { "--interval", "0.2" }, 0 },
		{ &ctl_watch, { "--interval", "nan" }, CTL_USAGE },
		{ &ctl_add, { "in", "drop", "--", "--echo" }, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fw_autofree char *text = said(try_options, &cases[i]);

		assert_true(cases[i].want == CTL_USAGE ? strncmp(text, "fwctl: ", 7) == 0 : !text[0]);
	}
}

static void test_option_values(void **state)
{
	char *argv[] = { "load", "--confirm", "5m", "f", "--diff", "--format", "classbench" };
	char *front[] = { "fwctl", "--json", "--socket", "/s", "load", "--check", "f" };
	struct ctl_settings s = { 0 };
	struct ctl_arguments left = { 7, front };

	assert_int_equal(parse(&ctl_load, &s, 7, argv), 0);
	assert_true(s.confirm == 300 && s.diff && !s.check && s.format == FW_FORMAT_CLASSBENCH);
	assert_int_equal(ctl_options_global(&left, &s), 0);
	assert_true(s.json && !strcmp(s.socket, "/s") && left.n == 3 && !strcmp(left.v[0], "load"));
	assert_int_equal(parse(&ctl_load, &s, left.n, left.v), 0);
	assert_true(s.check && s.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),           cmocka_unit_test(test_words_refused),
		cmocka_unit_test(test_diags),           cmocka_unit_test(test_diags_long),
		cmocka_unit_test(test_diags_from_file), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_options),         cmocka_unit_test(test_option_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
