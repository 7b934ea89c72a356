// SPDX-License-Identifier: GPL-2.0-only
/* Where paths lead and who owns them, and files that are replaced by renaming. Run by root, also with other users. */
#include "ctl/fwctl/request/request.h"
#include "ctl/fwctl/output/files.h"
#include "fw/path.h"
#include "tests/unit/tree.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define OTHER 65534 /* nobody */
#define GUESSED ".fwctl-4141414141414141"

static char folder[] = "/tmp/fw-test-files-XXXXXX";

/* Replaces libc's: the number is known in these tests. */
ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
	memset(buf, 0x41, len);
	return (ssize_t)len;
}

static const char *in(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

static void make(const char *name, mode_t mode, uid_t owner)
{
	const char *path = in(name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(lchown(path, owner, owner), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in(name), "we");

	assert_true(f && fputs(text, f) >= 0 && !fclose(f));
}

static void put_link(const char *to, const char *name, uid_t owner)
{
	assert_int_equal(symlink(to, in(name)), 0);
	assert_int_equal(lchown(in(name), owner, owner), 0);
}

static void assert_text(const char *name, const char *want)
{
	char text[64] = "";
	FILE *f = fopen(in(name), "re");

	assert_non_null(f);
	assert_true(fgets(text, sizeof(text), f) || !want[0]);
	fclose(f);
	assert_string_equal(text, want);
}

static int save(const char *name, const char *text)
{
	fw_cleanup(ctl_new_file_end) struct ctl_new_file nf = { .at.folder = -1 };
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s", in(name));
	err = ctl_new_file_open(path, &nf);
	if (err)
		return err;
	fputs(text, nf.f);
	return ctl_new_file_commit(&nf);
}

/* A file under a name that another user could guess is not opened, followed or removed. */
static void guessed_name(void **state)
{
	static const char *const planted[] = { "file", NULL, "dangling" };

	tree_empty(folder);
	for (size_t i = 0; i < sizeof(planted) / sizeof(*planted); i++) {
		put("file", "old");
		if (planted[i])
			put_link(planted[i], GUESSED, geteuid());
		else
			put(GUESSED, "planted");
		assert_int_equal(save("rules", "new"), -EEXIST);
		assert_text("file", "old");
		assert_int_equal(access(in("rules"), F_OK), -1);
		assert_int_equal(access(in("dangling"), F_OK), -1);
		assert_int_equal(unlink(in(GUESSED)), 0);
	}
	assert_int_equal(save("rules", "new"), 0);
	assert_text("rules", "new");
	assert_int_equal(access(in(GUESSED), F_OK), -1);
}

/* A folder that is renamed meanwhile is still the one that is written to; another one of its name is left alone. */
static void moved_folder(void **state)
{
	struct ctl_new_file nf = { .at.folder = -1 };
	char path[PATH_MAX];

	tree_empty(folder);
	make("dir", 0700, geteuid());
	snprintf(path, sizeof(path), "%s", in("dir/rules"));
	assert_int_equal(ctl_new_file_open(path, &nf), 0);
	fputs("new", nf.f);
	assert_int_equal(rename(in("dir"), in("moved")), 0);
	make("dir", 0700, geteuid());
	put("dir/rules", "old");
	assert_int_equal(ctl_new_file_commit(&nf), 0);
	ctl_new_file_end(&nf);
	assert_text("dir/rules", "old");
	assert_text("moved/rules", "new");

	/* A link that has replaced the file is itself replaced. */
	assert_int_equal(ctl_new_file_open(path, &nf), 0);
	fputs("newer", nf.f);
	assert_int_equal(unlink(path), 0);
	put_link("../moved/rules", "dir/rules", geteuid());
	assert_int_equal(ctl_new_file_commit(&nf), 0);
	ctl_new_file_end(&nf);
	assert_text("dir/rules", "newer");
	assert_text("moved/rules", "new");
}

static const int signals[] = { 0, SIGINT, SIGTERM, SIGHUP, SIGPIPE };

static void not_committed(void **state)
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		int status;
		pid_t child;

		tree_empty(folder);
		put("rules", "old");
		child = fork();
		if (!child) {
			fw_cleanup(ctl_new_file_end) struct ctl_new_file nf = { .at.folder = -1 };

			if (ctl_new_file_open(in("rules"), &nf) || access(in(GUESSED), F_OK) || chdir("/"))
				_exit(1);
			if (signals[i])
				raise(signals[i]);
			ctl_new_file_end(&nf);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), signals[i]);
		assert_int_equal(access(in(GUESSED), F_OK), -1);
		assert_text("rules", "old");
	}
}

struct folder_case {
	const char *path;
	int err;
	const char *says; /* what is exposed */
};

/* root/ is ours, his/ another user's, all/ is sticky; others may write to group/ and open/. */
static const struct folder_case folder_cases[] = {
	{ "root/sock", 0, NULL },
	{ "root/sub/sock", 0, NULL },
	{ "root/more/and/more/sock", 0, NULL },
	{ "all/sock", 0, NULL },
	{ "all/ours/sock", 0, NULL },
	{ "all/new/sock", 0, NULL },
	{ "our-link/sock", 0, NULL },
	{ "all/our-link/sock", 0, NULL },
	{ "root/file/sock", -ENOTDIR, NULL },
	{ "root/loop/sock", -ELOOP, NULL },
	{ "his/sock", -EPERM, "/his" },
	{ "his/new/sock", -EPERM, "/his" },
	{ "his/root/sock", -EPERM, "/his" },
	{ "root/his/sock", -EPERM, "/root/his" },
	{ "all/his/sock", -EPERM, "/all/his" },
	{ "group/sock", -EPERM, "/group" },
	{ "open/sock", -EPERM, "/open" },
	{ "open/root/sock", -EPERM, "/open" },
	{ "open/missing/sock", -EPERM, "/open" },
	{ "all/his-link/sock", -EPERM, "/all/his-link" },
	{ "his-link/sock", -EPERM, "/his-link" },
	{ "link-to-his-link/sock", -EPERM, "/his-link" },
	{ "his/our-link/sock", -EPERM, "/his" },
	{ "root/target-of-his", -EPERM, "/root/target-of-his" },
};

/* Folders, files and links of root and of others, with which paths are tried. */
static void make_folders(void)
{
	tree_empty(folder);
	make("root", 0755, 0);
	make("his", 0755, OTHER);
	make("his/root", 0755, 0);
	make("root/his", 0755, OTHER);
	make("all", 01777, 0);
	make("all/ours", 0755, 0);
	make("all/his", 0755, OTHER);
	make("group", 0775, 0);
	make("open", 0777, 0);
	make("open/root", 0755, 0);
	put("root/file", "");
	put_link("loop", "root/loop", 0);
	put_link("root", "our-link", 0);
	put_link("../root", "all/our-link", 0);
	put_link("../root", "all/his-link", OTHER);
	put_link("root", "his-link", OTHER);
	put_link("his-link", "link-to-his-link", 0);
	put_link("../root", "his/our-link", 0);
	put_link("file", "root/target-of-his", OTHER);
}

static void folders(void **state)
{
	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(folder_cases) / sizeof(*folder_cases); i++) {
		const struct folder_case *c = &folder_cases[i];
		struct fw_diags ds = { .n = 0 };
		struct stat st;
		char says[PATH_MAX];

		make_folders();
		if (fw_path_folder(in(c->path), 0700, &ds) != c->err || ds.n != (c->err != 0))
			fail_msg("%s: %s", c->path, ds.d[0].message);
		snprintf(says, sizeof(says), "%s%s is theirs", folder, c->says ? c->says : "");
		if (c->says && !strstr(ds.d[0].message, says))
			fail_msg("%s: %s", c->path, ds.d[0].message);
		/* A refused path creates nothing. */
		if (c->err == -EPERM)
			assert_true(stat(in("his/new"), &st) && stat(in("open/missing"), &st));
	}
	assert_int_equal(fw_path_folder("", 0700, NULL), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(guessed_name),
		cmocka_unit_test(moved_folder),
		cmocka_unit_test(not_committed),
		cmocka_unit_test(folders),
	};
	int failed;

	/* Signals that are ignored, as in the background, stay ignored. */
	for (size_t i = 1; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_DFL);
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tree_empty(folder);
	rmdir(folder);
	return failed;
}
