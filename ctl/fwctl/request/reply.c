// SPDX-License-Identifier: GPL-2.0-only
/* Fields of an answer, and what many commands print of them. */
#include "reply.h"
#include "ctl/fwctl/output/message.h"

#include <string.h>

uint64_t ctl_field_u64(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_string(v) ? strtoull(json_string_value(v), NULL, 10) : (uint64_t)json_integer_value(v);
}

double ctl_field_real(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

const char *ctl_field_text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

void ctl_diags_of(const json_t *array, struct fw_diags *ds)
{
	const json_t *d;
	size_t i;

	json_array_foreach(array, i, d)
	{
		const char *file = ctl_field_text(d, "file"), *hint = ctl_field_text(d, "hint");
		struct fw_place at = {
			.file = file[0] ? file : NULL,
			.line = (unsigned)ctl_field_u64(d, "line"),
			.column = (unsigned)ctl_field_u64(d, "column"),
		};

		fw_diag_add(ds, at, hint[0] ? hint : NULL, "%s", ctl_field_text(d, "message"));
	}
}

void ctl_warnings_of(const json_t *end, struct fw_diags *ds)
{
	ctl_diags_of(json_object_get(end, "warnings"), ds);
	if (ctl_field_u64(end, "warnings_total") > ds->total)
		ds->total = (unsigned)ctl_field_u64(end, "warnings_total");
}

double ctl_seconds_of(const json_t *end)
{
	static const char *const stages[] = { "parse", "compile", "store", "swap" };
	const json_t *seconds = json_object_get(end, "seconds");
	double sum = 0;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		sum += ctl_field_real(seconds, stages[i]);
	return sum;
}

void ctl_print_counts(const json_t *o)
{
	ctl_print_count(ctl_field_u64(o, "packets"), ctl_field_u64(o, "bytes"));
}

void ctl_print_no_counts(void)
{
	printf("%12s %11s  ", "", "");
}

void ctl_confirm_add(const struct ctl_settings *s, json_t *args)
{
	if (s->confirm)
		json_object_set_new(args, "confirm", json_integer((json_int_t)s->confirm));
}

void ctl_confirm_print(const struct ctl_settings *s, const char *heading)
{
	if (s->confirm)
		printf("%swithin %llu s (`fwctl confirm`), or it is undone\n", heading, (unsigned long long)s->confirm);
}
