// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of fields that records have. */
#include "record.h"

#include "fw/fleet/rings.h"

#include <math.h>
#include <string.h>

int fw_record_parse_text(const struct fw_record_row *row, const json_t *value, void *field)
{
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);

	if (!s || len >= row->size)
		return -EINVAL;
	for (size_t i = 0, n; i < len; i += n) {
		n = fw_utf8_len(s + i, len - i);
		if (!n)
			return -EINVAL;
	}
	memcpy(field, s, len + 1);
	return 0;
}

/* What jansson refuses, and controls, are escaped. */
json_t *fw_record_print_text(const struct fw_record_row *row, const void *field)
{
	char clean[4096];

	fw_escape(clean, row->size < sizeof(clean) ? row->size : sizeof(clean), field, strlen(field));
	return json_string(clean);
}

int fw_record_parse_choice(const struct fw_record_row *row, const json_t *value, void *field)
{
	for (size_t i = 0; json_is_string(value) && i < row->nwords; i++)
		if (!strcmp(row->words[i], json_string_value(value))) {
			*(unsigned *)field = (unsigned)i;
			return 0;
		}
	return -EINVAL;
}

json_t *fw_record_print_choice(const struct fw_record_row *row, const void *field)
{
	return json_string(row->words[*(const unsigned *)field]);
}

int fw_record_parse_flag(const struct fw_record_row *row, const json_t *value, void *field)
{
	if (!json_is_boolean(value))
		return -EINVAL;
	*(bool *)field = json_is_true(value);
	return 0;
}

json_t *fw_record_print_flag(const struct fw_record_row *row, const void *field)
{
	return json_boolean(*(const bool *)field);
}

int fw_record_parse_u64(const struct fw_record_row *row, const json_t *value, void *field)
{
	json_int_t v = json_integer_value(value);

	if (!json_is_integer(value) || v < 0 || (row->max && (double)v > row->max) || (double)v < row->min)
		return -EINVAL;
	*(uint64_t *)field = (uint64_t)v;
	return 0;
}

json_t *fw_record_print_u64(const struct fw_record_row *row, const void *field)
{
	return json_integer((json_int_t) * (const uint64_t *)field);
}

int fw_record_parse_unsigned(const struct fw_record_row *row, const json_t *value, void *field)
{
	uint64_t v;

	if (fw_record_parse_u64(row, value, &v) || v > UINT32_MAX)
		return -EINVAL;
	*(unsigned *)field = (unsigned)v;
	return 0;
}

json_t *fw_record_print_unsigned(const struct fw_record_row *row, const void *field)
{
	return json_integer(*(const unsigned *)field);
}

int fw_record_parse_real(const struct fw_record_row *row, const json_t *value, void *field)
{
	double v = json_number_value(value);

	if (!json_is_number(value) || !isfinite(v) || v < row->min || v > row->max)
		return -EINVAL;
	*(double *)field = v;
	return 0;
}

json_t *fw_record_print_real(const struct fw_record_row *row, const void *field)
{
	double v = *(const double *)field;

	return v == (double)(json_int_t)v ? json_integer((json_int_t)v) : json_real(v);
}

int fw_record_parse_generation(const struct fw_record_row *row, const json_t *value, void *field)
{
	const json_t *number = json_object_get(value, "generation"), *manifest = json_object_get(value, "manifest");
	struct fw_generation *g = field;

	if (json_is_null(value)) {
		*g = (struct fw_generation){ 0 };
		return 0;
	}
	if (json_object_size(value) != 2 || !json_is_integer(number) || json_integer_value(number) < 1 ||
	    !json_is_string(manifest) || !fw_sha256_valid(json_string_value(manifest), json_string_length(manifest)))
		return -EINVAL;
	g->number = (uint64_t)json_integer_value(number);
	memcpy(g->manifest.hex, json_string_value(manifest), sizeof(g->manifest.hex));
	return 0;
}

json_t *fw_record_print_generation(const struct fw_record_row *row, const void *field)
{
	const struct fw_generation *g = field;

	return g->number ? json_pack("{sI ss}", "generation", (json_int_t)g->number, "manifest", g->manifest.hex) :
			   json_null();
}
