// SPDX-License-Identifier: GPL-2.0-only
/* Key files: a secret one is never replaced, and never read if everybody could. */
#include "keys.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/message.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 65536

/* A text that is overwritten before it is freed. */
struct secret_text {
	char *text;
	size_t len;
};

static void secret_text_end(struct secret_text *t)
{
	if (t->text)
		explicit_bzero(t->text, t->len);
	free(t->text);
}

static int cannot(const char *what, const char *path, int err)
{
	ctl_error("cannot %s %s: %s", what, ctl_file_name(path), strerror(-err));
	return err;
}

static int read_text(const char *path, struct secret_text *t)
{
	int err = fw_file_read(path, FW_FILE_NO_DEVICE, FILE_BYTES_MAX, &t->text, &t->len);

	return err ? cannot("read", path, err) : 0;
}

static int parse_public(const char *path, const struct secret_text *t, struct fw_public_keys *out)
{
	const struct ctl_source source = { .name = ctl_file_name(path), .text = t->text, .len = t->len };
	struct fw_diags ds = { 0 };
	int err = fw_keys_parse(t->text, t->len, ctl_file_name(path), out, &ds);

	if (err)
		ctl_print_diags(&ds, &source);
	return err;
}

/* The line of a secret key is not shown with a diagnostic. */
static int parse_secret(const char *path, const struct secret_text *t, struct fw_secret_key *out)
{
	const struct ctl_source source = { .name = ctl_file_name(path), .text = "", .len = 0 };
	struct fw_diags ds = { 0 };
	int err = fw_key_parse_secret(t->text, t->len, ctl_file_name(path), out, &ds);

	if (err)
		ctl_print_diags(&ds, &source);
	return err;
}

int keys_read_public(const char *path, struct fw_public_keys *out)
{
	fw_cleanup(secret_text_end) struct secret_text t = { 0 };
	int err = read_text(path, &t);

	return err ? err : parse_public(path, &t, out);
}

/* Refuses a secret key that everybody can read or replace. */
static int check_mode(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return cannot("read", path, -errno);
	if (!(st.st_mode & 07))
		return 0;
	ctl_error("%s: every user of this machine can use this secret key", ctl_file_name(path));
	ctl_hint("`chmod 600 %s`, and make another pair if others have read it", ctl_file_name(path));
	return -EPERM;
}

int keys_read_secret(const char *path, struct fw_secret_key *out)
{
	fw_cleanup(secret_text_end) struct secret_text t = { 0 };
	int err = check_mode(path);

	if (!err)
		err = read_text(path, &t);
	return err ? err : parse_secret(path, &t, out);
}

int keys_read_any(const char *path, struct fw_public_keys *out, bool *secret)
{
	fw_cleanup(fw_key_forget) struct fw_secret_key key = { .id = "" };
	fw_cleanup(secret_text_end) struct secret_text t = { 0 };
	int err = read_text(path, &t);

	if (err)
		return err;
	*secret = strstr(t.text, "fw-secret-key") != NULL;
	if (!*secret)
		return parse_public(path, &t, out);
	err = parse_secret(path, &t, &key);
	out->n = 1;
	fw_key_public(&key, &out->key[0]);
	return err;
}

/* A file that must not be there yet. On an error it is removed again. 0 or -errno. */
static int write_new(const char *path, mode_t mode, const struct fw_buf *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), err = 0;
	ssize_t n;

	if (fd < 0) {
		err = cannot("make", path, -errno);
		if (err == -EEXIST)
			ctl_hint("choose another name: a key is never replaced");
		return err;
	}
	n = write(fd, b->text, b->len);
	if (n < 0 || (size_t)n < b->len || fsync(fd))
		err = n >= 0 && (size_t)n < b->len ? -ENOSPC : -errno;
	close(fd);
	if (!err)
		return 0;
	unlink(path);
	return cannot("write", path, err);
}

static void secret_buf_end(struct fw_buf *b)
{
	if (b->text)
		explicit_bzero(b->text, b->len);
	fw_buf_free(b);
}

/* The public file first: if one of both is there already, nothing is left. */
static int write_pair(const char *name, const struct fw_buf *secret, const struct fw_buf *public)
{
	char path[PATH_MAX], public_path[PATH_MAX];
	int err;

	if (snprintf(path, PATH_MAX, "%s.key", name) >= PATH_MAX ||
	    snprintf(public_path, PATH_MAX, "%s.pub", name) >= PATH_MAX)
		return cannot("make", name, -ENAMETOOLONG);
	err = write_new(public_path, 0644, public);
	if (err)
		return err;
	err = write_new(path, 0600, secret);
	if (err)
		unlink(public_path);
	return err;
}

int keys_make(const char *name, struct fw_public_key *out)
{
	fw_cleanup(secret_buf_end) struct fw_buf secret = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf public = { 0 };
	fw_cleanup(fw_key_forget) struct fw_secret_key key = { .id = "" };
	const char *slash = strrchr(name, '/'), *comment = slash ? slash + 1 : name;
	int err = fw_key_make(&key, out);

	if (err)
		return cannot("make", name, err);
	if (fw_name_is_plain(comment) && strlen(comment) < sizeof(out->comment))
		strcpy(out->comment, comment);
	fw_key_print_secret(&secret, &key);
	fw_key_print_public(&public, out);
	return secret.failed || public.failed ? cannot("make", name, -ENOMEM) : write_pair(name, &secret, &public);
}
