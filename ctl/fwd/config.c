// SPDX-License-Identifier: GPL-2.0-only
/* The table of settings, and a file of them line by line. */
#include "ctl/fwd/config.h"

#include <stddef.h>
#include <string.h>

#define FILE_MAX_BYTES 65536

static int parse_text(const struct setting *s, const char *value, void *field)
{
	size_t len = strlen(value);

	if (len < s->min || len > s->max)
		return -EINVAL;
	memcpy(field, value, len + 1);
	return 0;
}

static int parse_path(const struct setting *s, const char *value, void *field)
{
	if (value[0] && value[0] != '/')
		return -EINVAL;
	return parse_text(s, value, field);
}

static int parse_number(const struct setting *s, const char *value, void *field)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || v < s->min || v > s->max)
		return -EINVAL;
	*(unsigned *)field = (unsigned)v;
	return 0;
}

static int parse_pool(const struct setting *s, const char *value, void *field)
{
	for (int i = 0; i < FW_NPOOLS; i++)
		if (!strcmp(value, fw_kern_pool_names[i])) {
			*(enum fw_kern_pool *)field = (enum fw_kern_pool)i;
			return 0;
		}
	return -EINVAL;
}

#define AT(field) offsetof(struct config, field)

/* clang-format off */
const struct setting config_settings[] = {
	{ "socket", "PATH", "where clients connect", "/run/fwd/fwd.sock",
	  "a path that begins with '/', of at most 107 bytes", parse_path, AT(socket), 2, 107 },
	{ "store", "PATH", "the database of the ruleset and the attachments", "/var/lib/fwd/fwd.db",
	  "a path that begins with '/'", parse_path, AT(store), 2, CONFIG_TEXT_MAX - 1 },
	{ "pins", "DIR", "the folder in bpffs that keeps packets filtered while fwd does not run", "/sys/fs/bpf/fwd",
	  "a path that begins with '/'", parse_path, AT(pins), 2, CONFIG_TEXT_MAX - 1 },
	{ "pool", "KIND", "where the tables lie: `arena` (faster), `maps` (any kernel), or `auto`, an arena if there are any",
	  "auto", "auto, arena or maps", parse_pool, AT(pool), 0, 0 },
	{ "rules", "PATH", "the ruleset to begin with, while the store has none", "",
	  "a path that begins with '/'", parse_path, AT(rules), 0, CONFIG_TEXT_MAX - 1 },
	{ "group", "GROUP", "members may connect and read, and read the files of counters", "fwd",
	  "the name of a group", parse_text, AT(group), 1, 32 },
	{ "admin-group", "GROUP", "members may make changes, if they may connect", "fwd-admin",
	  "the name of a group", parse_text, AT(admin_group), 1, 32 },
	{ "clients-max", "N", "open connections", "128",
	  "a number from 1 to 4096", parse_number, AT(clients_max), 1, 4096 },
	{ "client-timeout", "SECONDS", "how long a client may stop in the middle of a request or a reply", "30",
	  "a number from 1 to 3600", parse_number, AT(client_timeout), 1, 3600 },
};
/* clang-format on */
const size_t config_nsettings = sizeof(config_settings) / sizeof(config_settings[0]);

void config_defaults(struct config *c)
{
	*c = (struct config){ .socket = "" };
	for (size_t i = 0; i < config_nsettings; i++) {
		const struct setting *s = &config_settings[i];

		s->parse(s, s->value, (char *)c + s->offset);
	}
}

int config_set(struct config *c, const struct setting *s, const char *value, struct fw_place at, struct fw_diags *ds)
{
	if (!s->parse(s, value, (char *)c + s->offset))
		return 0;
	return fw_diag_add(ds, at, NULL, "'%s' wants %s, not '%.64s'", s->name, s->want, value);
}

static const struct setting *find(const char *name, size_t len)
{
	for (size_t i = 0; i < config_nsettings; i++)
		if (strlen(config_settings[i].name) == len && !memcmp(config_settings[i].name, name, len))
			return &config_settings[i];
	return NULL;
}

static int unknown(const char *name, size_t len, struct fw_place at, struct fw_diags *ds)
{
	char hint[240] = "the settings are";

	for (size_t i = 0, n = strlen(hint); i < config_nsettings && n < sizeof(hint); i++)
		n += (size_t)snprintf(hint + n, sizeof(hint) - n, "%s %s", i ? "," : "", config_settings[i].name);
	return fw_diag_add(ds, at, hint, "there is no setting '%.*s'", (int)(len < 64 ? len : 64), name);
}

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r';
}

/* A file on its way into settings. */
struct reader {
	struct config *c;
	struct fw_diags *ds;
	struct fw_place at;
	unsigned said[16]; /* line of each setting; 0: not yet */
};
_Static_assert(sizeof(config_settings) / sizeof(config_settings[0]) <= 16, "room for each setting");

static int assign(struct reader *r, const struct setting *s, const char *value, size_t len)
{
	unsigned *said = &r->said[s - config_settings];
	char text[CONFIG_TEXT_MAX];

	if (*said)
		return fw_diag_add(r->ds, r->at, NULL, "'%s' stands in line %u already", s->name, *said);
	*said = r->at.line;
	if (len >= sizeof(text) || memchr(value, '\0', len))
		return fw_diag_add(r->ds, r->at, NULL, "'%s' wants %s", s->name, s->want);
	memcpy(text, value, len);
	text[len] = '\0';
	return config_set(r->c, s, text, r->at, r->ds);
}

static int parse_line(struct reader *r, const char *line, const char *end)
{
	const char *name = line, *name_end, *value;
	const struct setting *s;

	while (end > name && blank(end[-1]))
		end--;
	while (name < end && blank(*name))
		name++;
	if (name == end || *name == '#')
		return 0;
	for (name_end = name; name_end < end && !blank(*name_end); name_end++)
		;
	for (value = name_end; value < end && blank(*value); value++)
		;
	r->at.column = (unsigned)(name - line) + 1;
	s = find(name, (size_t)(name_end - name));
	if (!s)
		return unknown(name, (size_t)(name_end - name), r->at, r->ds);
	r->at.column = (unsigned)(value - line) + 1;
	return assign(r, s, value, (size_t)(end - value));
}

int config_parse(struct config *c, const char *text, size_t len, const char *name, struct fw_diags *ds)
{
	struct reader r = { .c = c, .ds = ds, .at = { .file = name } };
	const char *end = text + len;
	int err = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		r.at.line++;
		if (parse_line(&r, text, line_end))
			err = -EINVAL;
		text = newline ? newline + 1 : end;
	}
	return err;
}

int config_read(struct config *c, const char *path, bool must, struct fw_diags *ds)
{
	fw_autofree char *text = malloc(FILE_MAX_BYTES);
	FILE *f = text ? fopen(path, "re") : NULL;
	int err = -errno;
	size_t len;

	if (!f && err == -ENOENT && !must)
		return 0;
	if (!f) {
		fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "cannot be read: %s", strerror(-err));
		return err;
	}
	len = fread(text, 1, FILE_MAX_BYTES, f);
	err = ferror(f) ? -EIO : len == FILE_MAX_BYTES ? -EFBIG : 0;
	fclose(f);
	if (err) {
		fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "cannot be read: %s", strerror(-err));
		return err;
	}
	return config_parse(c, text, len, path, ds);
}
