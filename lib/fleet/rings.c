// SPDX-License-Identifier: GPL-2.0-only
/* Rings: which hosts are in which, as JSON and by name. */
#include "record.h"
#include "json_place.h"

#include "fw/fleet/rings.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <string.h>

#define DAY 86400
#define RINGS_BYTES (64u << 10) /* of the text: it is a value of etcd */

/* The row of `hosts`: globs between single spaces. */
static int parse_globs(const struct fw_record_row *row, const json_t *value, void *field)
{
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);
	char *globs;

	if (!s || !len || s[0] == ' ' || s[len - 1] == ' ')
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~' || s[i] == '/' || (s[i] == ' ' && s[i + 1] == ' '))
			return -EINVAL;
	globs = strdup(s);
	if (!globs)
		return -ENOMEM;
	*(char **)field = globs;
	return 0;
}

static json_t *print_globs(const struct fw_record_row *row, const void *field)
{
	const char *globs = *(char *const *)field;

	return globs ? json_string(globs) : NULL;
}

static json_t *print_percent(const struct fw_record_row *row, const void *field)
{
	return *(const double *)field > 0 ? fw_record_print_real(row, field) : NULL;
}

#define ROW(kind, name, field, want, ...) FW_RECORD_ROW(kind, name, struct fw_ring, field, want, ##__VA_ARGS__)
static const struct fw_record_row rows[] = {
	ROW(text, "name", name, "up to 31 letters, digits, `-`, `_` and `.`"),
	{ .name = "hosts",
	  .parse = parse_globs,
	  .print = print_globs,
	  .want = "names of hosts or patterns such as web-*, separated by single spaces",
	  .at = offsetof(struct fw_ring, globs),
	  .optional = true },
	{ .name = "percent",
	  .parse = fw_record_parse_real,
	  .print = print_percent,
	  .want = "a number from 0.0001 to 100",
	  .at = offsetof(struct fw_ring, percent),
	  .min = 0.0001,
	  .max = 100,
	  .optional = true },
	ROW(real, "share", share, "a number from 0.01 to 1: which part of the hosts has to confirm", .min = 0.01,
	    .max = 1, .optional = true),
	ROW(unsigned, "soak", soak, "seconds from 0 to 86400", .max = DAY, .optional = true),
	ROW(unsigned, "timeout", timeout, "seconds from 1 to 86400", .min = 1, .max = DAY, .optional = true),
};
#undef ROW
static const struct fw_record ring_record = { "a ring", rows, sizeof(rows) / sizeof(rows[0]) };

static bool name_valid(const char *name)
{
	return name[0] && !name[strspn(name, FW_FLEET_NAME_BYTES)];
}

/* The text that is parsed, and where errors go. */
struct source {
	const char *text;
	size_t len;
	const char *name;
	struct fw_diags *ds;
};

/* An error about a member of a ring; NULL: about the ring itself. Return: -EINVAL. */
__attribute__((format(printf, 5, 6))) static int wrong(const struct source *s, size_t ring, const char *member,
						       const char *hint, const char *fmt, ...)
{
	struct fw_place at = { .file = s->name };
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	fw_json_place(s->text, s->len, ring, member, &at);
	return fw_diag_add(s->ds, at, hint, "ring %zu: %s", ring + 1, message);
}

/* Compares a ring with those before it. */
static int check_order(const struct source *s, const struct fw_rings *r, const struct fw_ring *ring)
{
	size_t i = (size_t)(ring - r->ring);

	for (const struct fw_ring *other = r->ring; other < ring; other++) {
		if (!strcmp(other->name, ring->name))
			return wrong(s, i, "name", NULL, "ring %td has the name '%s' too", other - r->ring + 1,
				     ring->name);
		if (!ring->globs && !other->globs && other->percent >= ring->percent)
			return wrong(s, i, "percent",
				     "percentages add up: 1, 10 and 100 are rings of 1, 9 and 90 percent of the hosts",
				     "no host is left for it, since ring '%s' has all up to %g percent", other->name,
				     other->percent);
	}
	return 0;
}

/* Adds a ring to @r. 0, -EINVAL with a diagnostic, -ENOMEM. */
static int add_ring(const struct source *s, const json_t *object, struct fw_rings *r)
{
	struct fw_ring *ring = &r->ring[r->n];
	const char *bad = NULL;
	char why[256];
	int err;

	*ring = (struct fw_ring){ .share = FW_RING_SHARE, .soak = FW_RING_SOAK, .timeout = FW_RING_TIMEOUT };
	r->n++;
	err = fw_record_read(&ring_record, object, ring, &bad, why);
	if (err)
		return err == -EPROTO ? wrong(s, r->n - 1, bad, NULL, "%s", why) : err;
	if (!name_valid(ring->name))
		return wrong(s, r->n - 1, "name", NULL, "`name` has to be %s", rows[0].want);
	if (!ring->globs == !(ring->percent > 0))
		return wrong(s, r->n - 1, ring->globs ? "percent" : NULL, NULL, "it needs `hosts` or `percent`%s",
			     ring->globs ? ", not both" : "");
	return check_order(s, r, ring);
}

static int parse_rings(const struct source *s, struct fw_rings *r)
{
	json_error_t error;
	json_auto_t *o = json_loadb(s->text, s->len, JSON_REJECT_DUPLICATES, &error);
	const json_t *array = json_object_get(o, "rings"), *v;
	size_t n = json_array_size(array), i;
	int err = 0;

	if (!o)
		return fw_diag_add(s->ds,
				   (struct fw_place){ s->name, (unsigned)error.line > 0 ? (unsigned)error.line : 1,
						      (unsigned)error.column > 0 ? (unsigned)error.column : 0 },
				   NULL, "no JSON: %s", error.text);
	if (!json_is_array(array) || json_object_size(o) != 1 || !n || n > FW_RINGS_MAX)
		return fw_diag_add(
			s->ds, (struct fw_place){ s->name, 1, 1 },
			"for example {\"rings\":[{\"name\":\"first\",\"percent\":1},{\"name\":\"all\",\"percent\":100}]}",
			"it has to be an object with `rings` alone, an array of 1 to %d", FW_RINGS_MAX);
	json_array_foreach(array, i, v)
	{
		err = add_ring(s, v, r);
		if (err)
			break;
	}
	return err;
}

int fw_rings_parse(const char *text, size_t len, const char *name, struct fw_rings *out, struct fw_diags *ds)
{
	const struct source s = { text, len, name, ds };
	struct fw_rings r = { .n = 0 };
	int err;

	if (len > RINGS_BYTES)
		return fw_diag_add(ds, (struct fw_place){ .file = name }, NULL, "it has %zu bytes, but may have %u",
				   len, RINGS_BYTES);
	err = parse_rings(&s, &r);
	if (err)
		fw_rings_free(&r);
	else
		*out = r;
	return err;
}

void fw_rings_print(struct fw_buf *b, const struct fw_rings *r)
{
	fw_buf_word(b, "{\"rings\":[");
	for (unsigned i = 0; i < r->n; i++) {
		if (i)
			fw_buf_word(b, ",");
		fw_record_print(&ring_record, &r->ring[i], b);
	}
	fw_buf_word(b, "]}");
}

void fw_rings_free(struct fw_rings *r)
{
	for (unsigned i = 0; i < r->n; i++)
		free(r->ring[i].globs);
	*r = (struct fw_rings){ .n = 0 };
}

/* Does one of the globs match? */
static bool matches(const char *globs, const char *host)
{
	fw_autofree char *copy = strdup(globs);
	char *save = NULL;

	for (char *glob = copy ? strtok_r(copy, " ", &save) : NULL; glob; glob = strtok_r(NULL, " ", &save))
		if (!fnmatch(glob, host, 0))
			return true;
	return false;
}

/* A number from 0 to below 100 that the name alone decides: FNV-1a (Fowler, Noll, Vo), mixed. */
static double percent_of(const char *host)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *host; host++)
		h = (h ^ (unsigned char)*host) * 0x100000001b3ull;
	return (double)(fw_mix64(h) >> 11) * (100.0 / 9007199254740992.0);
}

int fw_ring_of(const struct fw_rings *r, const char *host)
{
	double percent = percent_of(host);

	for (unsigned i = 0; i < r->n; i++)
		if (r->ring[i].globs ? matches(r->ring[i].globs, host) : percent < r->ring[i].percent)
			return (int)i;
	return -ENOENT;
}

const char *fw_fleet_key(const char *fleet, const char *what, const char *name, char out[FW_FLEET_KEY])
{
	snprintf(out, FW_FLEET_KEY, "/fw/%s/%s%s", fleet, what, name);
	return out;
}
