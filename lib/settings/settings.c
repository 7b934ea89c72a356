// SPDX-License-Identifier: GPL-2.0-only
/* Parsing values of settings. */
#include "fw/settings.h"

#include <string.h>

int fw_setting_text(const struct fw_setting *s, const char *value, void *field)
{
	size_t len = strlen(value);

	if (len < s->min || len > s->max)
		return -EINVAL;
	memcpy(field, value, len + 1);
	return 0;
}

int fw_setting_path(const struct fw_setting *s, const char *value, void *field)
{
	if (value[0] && value[0] != '/')
		return -EINVAL;
	return fw_setting_text(s, value, field);
}

int fw_setting_number(const struct fw_setting *s, const char *value, void *field)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || v < s->min || v > s->max)
		return -EINVAL;
	*(unsigned *)field = (unsigned)v;
	return 0;
}

int fw_setting_choice(const struct fw_setting *s, const char *value, void *field)
{
	for (unsigned i = 0; i < s->max; i++)
		if (!strcmp(s->words[i], value)) {
			*(unsigned *)field = i;
			return 0;
		}
	return -EINVAL;
}

void fw_settings_defaults(const struct fw_settings *t, void *into)
{
	for (const struct fw_setting *s = t->rows; s < t->rows + t->n; s++)
		if (s->value[0])
			s->parse(s, s->value, (char *)into + s->offset);
}

int fw_settings_set(const struct fw_setting *s, void *into, const char *value, struct fw_place at, struct fw_diags *ds)
{
	if (!s->parse(s, value, (char *)into + s->offset))
		return 0;
	return fw_diag_add(ds, at, NULL, "%s%s%s wants %s, not '%.64s'", at.file ? "'" : "--", s->name,
			   at.file ? "'" : "", s->want, value);
}
