// SPDX-License-Identifier: GPL-2.0-only
/* Files into memory, and whole rulesets out of them. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text/internal.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)

static void closep(int *fd)
{
	if (*fd > STDIN_FILENO)
		close(*fd);
}

static int cannot_read(const char *path, struct fw_place at, struct fw_diags *ds, int error)
{
	fw_diag_add(ds, at, NULL, "cannot read '%s': %s", path ? path : "standard input", strerror(error));
	return -error;
}

/* To the end of the file; *len is what *text holds, *cap what it can. */
static int read_all(int fd, char **text, size_t *len, size_t *cap)
{
	for (;;) {
		if (*cap - *len < 65536) {
			char *grown = *cap < FILE_BYTES_MAX ? realloc(*text, *cap * 2 + 65536) : NULL;

			if (!grown)
				return *cap < FILE_BYTES_MAX ? -ENOMEM : -EFBIG;
			*text = grown;
			*cap = *cap * 2 + 65536;
		}

		ssize_t n = read(fd, *text + *len, *cap - *len);

		if (n <= 0 && !(n < 0 && errno == EINTR))
			return n < 0 ? -errno : 0;
		*len += n > 0 ? (size_t)n : 0;
	}
}

int fw_file_read(const char *path, struct fw_place at, struct fw_diags *ds, char **text, size_t *len)
{
	fw_cleanup(closep) int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	fw_autofree char *all = NULL;
	size_t n = 0, cap = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return cannot_read(path, at, ds, errno);
	if (path && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))) {
		fw_diag_add(ds, at, "name a file or a pipe", "cannot read '%s': it is a device", path);
		return -ENODEV;
	}
	if (S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size < FILE_BYTES_MAX) {
		cap = (size_t)st.st_size + 65537;
		all = malloc(cap);
		if (!all)
			return -ENOMEM;
	}

	int err = read_all(fd, &all, &n, &cap);

	if (err)
		return err == -ENOMEM ? err : cannot_read(path, at, ds, -err);
	*text = fw_take(all);
	*len = n;
	return 0;
}

static void ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

int fw_text_load(const char *path, enum fw_format format, struct fw_ruleset **out, struct fw_diags *ds)
{
	static int (*const parse[])(struct fw_ruleset *, const char *, size_t, const char *, struct fw_diags *) = {
		[FW_FORMAT_RULES] = fw_text_parse,
		[FW_FORMAT_CLASSBENCH] = fw_text_parse_classbench,
	};
	bool input = !strcmp(path, "-");
	const char *name = input ? "<stdin>" : path;
	fw_autofree char *text = NULL;
	size_t len = 0;
	int err = fw_file_read(input ? NULL : path, (struct fw_place){ 0 }, ds, &text, &len);

	if (err)
		return err;

	fw_cleanup(ruleset_freep) struct fw_ruleset *rs = fw_ruleset_new(name);

	if (!rs)
		return -ENOMEM;
	err = parse[format](rs, text, len, name, ds);
	if (err)
		return err;
	*out = fw_take(rs);
	return 0;
}
