// SPDX-License-Identifier: GPL-2.0-only
/* Settings as options: the last value is used, errors name the option, and --help lists every row. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/settings.h"

struct lamp {
	char name[FW_SETTING_TEXT], file[FW_SETTING_TEXT];
	unsigned watts, colour;
};

static const char *const colours[] = { "red", "green" };

#define AT(field) offsetof(struct lamp, field)
static const struct fw_setting rows[] = {
	{ "name", "NAME", "what it is called", "lamp", "a name", fw_setting_text, AT(name), 1, 8, NULL },
	{ "file", "PATH", "where it is", "", "a path", fw_setting_path, AT(file), 2, 16, NULL },
	{ "watts", "N", "how bright", "40", "a number from 1 to 60", fw_setting_number, AT(watts), 1, 60, NULL },
	{ "colour", "COLOUR", "of the light", "green", "red or green", fw_setting_choice, AT(colour), 0, 2, colours },
};
static const struct fw_settings table = { rows, sizeof(rows) / sizeof(rows[0]) };

enum { LIST, ONCE };
static const struct fw_setting options[] = {
	[LIST] = { .name = "list", .arg = "FILE", .help = "lamps to light" },
	[ONCE] = { .name = "once", .help = "blink, and end" },
};
static const struct fw_program program = {
	.name = "lamp",
	.about = "Lights.",
	.heading = "settings",
	.after = "Exit code: 0.",
	.settings = &table,
	.options = &(const struct fw_settings){ options, 2 },
};

/* @line: words with one space between them. */
static int parse(const char *line, struct fw_command_line *cl, struct fw_diags *ds)
{
	static char text[256];
	char *argv[16] = { "lamp" };
	int argc = 1;

	*ds = (struct fw_diags){ .n = 0 };
	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word && argc < 15; word = strtok(NULL, " "))
		argv[argc++] = word;
	return fw_command_line_parse(&program, argc, argv, cl, ds);
}

static int set(const char *line, struct lamp *l, struct fw_diags *ds)
{
	struct fw_command_line cl;

	*l = (struct lamp){ .name = "" };
	fw_settings_defaults(&table, l);
	assert_int_equal(parse(line, &cl, ds), 0);
	return fw_command_line_set(&program, &cl, l, ds);
}

static void values(void **state)
{
	struct fw_diags ds;
	struct lamp l;

	assert_int_equal(set("", &l, &ds), 0);
	assert_string_equal(l.name, "lamp");
	assert_string_equal(l.file, "");
	assert_int_equal(l.watts, 40);
	assert_int_equal(l.colour, 1);
	assert_int_equal(set("--watts 99 --name=12345678 --colour red --file /dev/lamp --watts 60", &l, &ds), 0);
	assert_string_equal(l.name, "12345678");
	assert_string_equal(l.file, "/dev/lamp");
	assert_int_equal(l.watts, 60);
	assert_int_equal(l.colour, 0);
}

static void options_are_noted(void **state)
{
	struct fw_command_line cl;
	struct fw_diags ds;

	assert_int_equal(parse("--once --watts 3 --list a --list b", &cl, &ds), 0);
	assert_string_equal(cl.option[LIST], "b");
	assert_string_equal(cl.option[ONCE], "");
	assert_string_equal(cl.setting[2], "3");
	assert_null(cl.setting[0]);
	assert_false(cl.help || cl.version);
	assert_int_equal(parse("", &cl, &ds), 0);
	assert_null(cl.option[ONCE]);
}

static void wrong_usage(void **state)
{
	static const char *const lines[][2] = {
		{ "--once --bright", "unknown option --bright" }, { "-q", "unknown option -q" },
		{ "--watts", "missing value of --watts" },        { "--once now", "unexpected operand now" },
		{ "--once=now", "unknown option --once=now" },
	};
	struct fw_command_line cl;
	struct fw_diags ds;
	char said[512], want[256];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(parse(lines[i][0], &cl, &ds), -EINVAL);
		assert_int_equal(ds.total, 1);
		snprintf(want, sizeof(want), "%s\n  hint: `lamp --help` lists the options", lines[i][1]);
		assert_string_equal(fw_diag_format(&ds.d[0], said, sizeof(said)), want);
	}
}

static void wrong_values(void **state)
{
	static const char *const wants[] = {
		"--name wants a name, not '123456789'",
		"--file wants a path, not 'lamp'",
		"--watts wants a number from 1 to 60, not '61'",
		"--colour wants red or green, not 'blue'",
	};
	struct fw_diags ds;
	struct lamp l;
	char said[512];

	assert_int_equal(set("--colour blue --watts 61 --file lamp --name 123456789", &l, &ds), -EINVAL);
	assert_int_equal(ds.total, 4);
	for (unsigned i = 0; i < ds.n; i++)
		assert_string_equal(fw_diag_format(&ds.d[i], said, sizeof(said)), wants[i]);
	assert_int_equal(l.watts, 40);
}

static void answers(void **state)
{
	static const char help[] = "usage: lamp [OPTIONS]\n\nLights.\n\noptions:\n"
				   "  --list FILE                lamps to light\n"
				   "  --once                     blink, and end\n"
				   "  --help                     print this text\n"
				   "  --version                  print the version\n"
				   "\nsettings:\n"
				   "  --name NAME                what it is called (default: lamp)\n"
				   "  --file PATH                where it is\n"
				   "  --watts N                  how bright (default: 40)\n"
				   "  --colour COLOUR            of the light (default: green)\n"
				   "\nExit code: 0.\n";
	static const struct {
		const char *line, *want; /* NULL: the program runs */
	} cases[] = {
		{ "--help", help },
		{ "-h", help },
		{ "--version --watts none --help", help },
		{ "--once", NULL },
		{ "--version", "lamp " FW_VERSION "\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_command_line cl;
		struct fw_diags ds;

		assert_int_equal(parse(cases[i].line, &cl, &ds), 0);
		assert_int_equal(fw_command_line_answer(&program, &cl, &b), cases[i].want != NULL);
		assert_string_equal(b.text ? b.text : "", cases[i].want ? cases[i].want : "");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),       cmocka_unit_test(options_are_noted), cmocka_unit_test(wrong_usage),
		cmocka_unit_test(wrong_values), cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
