// SPDX-License-Identifier: GPL-2.0-only
/* Names of chains and sets in our rules. */
#include <ctype.h>

#include "lib/import/ipt_out.h"

#include "fw/builtin.h"

#define OUT_MAX 63 /* bytes of a name */

/* Is it the name of a set that rules have without a definition? @text: with its kind before it. */
static bool is_builtin(const char *text)
{
	return text[0] == '@' && fw_builtin_find(text + 1, strlen(text + 1)) >= 0;
}

const char *ipt_out_name(struct ipt *c, char kind, const char *name)
{
	char text[OUT_MAX + 2], *kept;
	size_t len = 1;

	text[0] = kind;
	if (!isalpha((unsigned char)name[0]))
		text[len++] = '_';
	for (; *name && len < OUT_MAX - 8; name++)
		text[len++] = (char)(isalnum((unsigned char)*name) || strchr("_.-", *name) ? *name : '_');
	text[len] = '\0';
	for (unsigned n = 2; import_names_get(&c->outs, text) || is_builtin(text); n++)
		snprintf(text + len, 8, "-%u", n);
	kept = fw_region_strdup(&c->im->mem, text, strlen(text));
	if (!kept || import_names_put(&c->outs, kept, kept)) {
		c->failed = true;
		return "_";
	}
	return kept + 1;
}
