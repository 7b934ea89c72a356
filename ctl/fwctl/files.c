// SPDX-License-Identifier: GPL-2.0-only
/* Reading whole files, and writing them so that no half of one is ever seen. */
#include "files.h"
#include "client.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)1 << 30)
#define NAME_BYTES 255 /* of the name of a text, at most: the end of a path says more than its beginning */

const char *ctl_file_name(const char *path)
{
	size_t len = strlen(path);

	if (!strcmp(path, "-"))
		return "<stdin>";
	return len > NAME_BYTES ? path + len - NAME_BYTES : path;
}

static int read_all(int fd, char **text, size_t *len)
{
	fw_autofree char *all = NULL;
	size_t n = 0, cap = 0;
	ssize_t got;

	do {
		if (cap - n < 65536) {
			char *grown = cap < BYTES_MAX ? realloc(all, cap * 2 + 131072) : NULL;

			if (!grown)
				return cap < BYTES_MAX ? -ENOMEM : -EFBIG;
			all = grown;
			cap = cap * 2 + 131072;
		}
		got = read(fd, all + n, cap - n - 1);
		if (got < 0 && errno != EINTR)
			return -errno;
		n += got > 0 ? (size_t)got : 0;
	} while (got);
	all[n] = '\0';
	*text = fw_take(all);
	*len = n;
	return 0;
}

int ctl_file_read(const char *path, char **text, size_t *len)
{
	bool input = !strcmp(path, "-");
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : read_all(fd, text, len);

	if (!input && fd >= 0)
		close(fd);
	if (err)
		ctl_error("cannot read %s: %s", ctl_file_name(path), strerror(-err));
	return err;
}

/* The mode of the file that is there, else what the umask leaves. */
static mode_t mode_of(const char *path)
{
	struct stat st;
	mode_t mask = umask(0);

	umask(mask);
	return stat(path, &st) ? 0666 & ~mask : st.st_mode & 07777;
}

int ctl_new_file_open(const char *path, struct ctl_new_file *out)
{
	fw_autofree char *beside = NULL;
	int fd, err = 0;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode_of(path))) {
		err = -errno;
		ctl_error("cannot write %s: %s", path, strerror(-err));
		if (fd < 0)
			return err;
		unlink(beside);
		close(fd);
		return err;
	}
	out->f = fdopen(fd, "w");
	out->path = path;
	out->beside = fw_take(beside);
	ctl_signal_unlink(out->beside);
	return 0;
}

int ctl_new_file_commit(struct ctl_new_file *nf)
{
	int err = 0;

	if (fflush(nf->f) || fsync(fileno(nf->f)) || rename(nf->beside, nf->path))
		err = -errno;
	if (err) {
		ctl_error("cannot write %s: %s", nf->path, strerror(-err));
		return err;
	}
	ctl_signal_unlink(NULL);
	free(fw_take(nf->beside));
	return 0;
}

void ctl_new_file_end(struct ctl_new_file *nf)
{
	ctl_signal_unlink(NULL);
	if (nf->f)
		fclose(nf->f);
	if (nf->beside)
		unlink(nf->beside);
	free(nf->beside);
}
