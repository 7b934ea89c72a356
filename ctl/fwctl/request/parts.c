// SPDX-License-Identifier: GPL-2.0-only
/* The text of a request, and the files that its sets are read from. */
#include "parts.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/message.h"

#include "fw/text.h"

#include <string.h>

#define NAME_BYTES 255 /* of the name of a text; longer ones lose their beginning */

void ctl_parts_freep(struct ctl_parts **p)
{
	struct ctl_parts *t = *p;

	for (unsigned i = 0; t && i < t->nsources; i++) {
		free((char *)t->sources[i].text);
		free((char *)t->sources[i].name);
		free((char *)t->sources[i].shown);
	}
	free(t);
}

/* Adds a text and what it is for diagnostics. Takes what @source points to. */
static void add_source(struct ctl_parts *t, const struct ctl_source *source)
{
	struct ctl_source *s = &t->sources[t->nsources++];

	*s = *source;
	if (t->nsources > 1)
		s[-1].next = s;
	t->parts[t->nparts++] = (struct fw_part){ s->text, (uint32_t)s->len };
}

int ctl_parts_add(struct ctl_parts *t, const char *name, char *text, size_t len)
{
	char *copy = name ? fw_escaped(name) : NULL;
	size_t len_name = copy ? strlen(copy) : 0;

	if (len_name > NAME_BYTES)
		memmove(copy, copy + len_name - NAME_BYTES, NAME_BYTES + 1);
	if (name && !copy) {
		ctl_error("out of memory");
		free(text);
		return -ENOMEM;
	}
	add_source(t, &(struct ctl_source){ .name = copy, .text = text, .len = len });
	return 0;
}

/* Is the file there already? Its path is the part before its text. */
static bool have(const struct ctl_parts *t, const char *path)
{
	for (unsigned i = 1; i < t->nparts; i += 2)
		if (!strcmp(t->parts[i].data, path))
			return true;
	return false;
}

/* A relative path starts from the folder of the text. Return: the path, to be freed; NULL: out of memory. */
static char *resolve(const struct ctl_parts *t, const char *path)
{
	const char *slash = t->path ? strrchr(t->path, '/') : NULL;
	char *full;

	if (path[0] == '/' || !slash)
		return strdup(path);
	return asprintf(&full, "%.*s%s", (int)(slash - t->path + 1), t->path, path) < 0 ? NULL : full;
}

/* A file that the text names, unless it was added already. Return: 0 or -errno, which is printed but for -ENOMEM. */
static int add_file(const char *path, void *ctx)
{
	struct ctl_parts *t = ctx;
	fw_autofree char *full = NULL;
	fw_autofree char *written = NULL;
	char *text;
	size_t len;
	int err;

	if (have(t, path))
		return 0;
	if (t->nparts + 3 > FW_WIRE_PARTS) {
		ctl_error("more files than one request can hold (%d)", (FW_WIRE_PARTS - 2) / 2);
		return -E2BIG;
	}
	full = resolve(t, path);
	written = strdup(path);
	if (!full || !written)
		return -ENOMEM;
	err = ctl_file_read(full, &text, &len);
	if (err)
		return err;
	t->parts[t->nparts++] = (struct fw_part){ written, (uint32_t)strlen(written) };
	add_source(t,
		   &(struct ctl_source){ .name = fw_take(written), .shown = fw_take(full), .text = text, .len = len });
	return 0;
}

int ctl_parts_add_files(struct ctl_parts *t, const char *path)
{
	int err;

	t->path = path;
	err = fw_text_files(t->sources[0].text, t->sources[0].len, add_file, t);
	if (err == -ENOMEM)
		ctl_error("out of memory");
	return err;
}
