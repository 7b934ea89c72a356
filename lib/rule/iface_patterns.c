// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns of interfaces. A pattern has a number, as a name has, and an interface has one number: that of its name if rules use
 * it, else that of the longest pattern that matches it. So a match on a pattern accepts the numbers of the pattern itself and of
 * all names and longer patterns that rules use and that begin with it:
 *
 *	on eth*     number 0   accepts 0, 1, 2
 *	on eth1*    number 1   accepts 1, 2
 *	on eth12    number 2   accepts 2
 *
 * Rules hold only the pattern's own number. What it accepts is found when they are lowered, and again when rules begin or cease
 * to use a name.
 */
#include "lib/rule/internal.h"

bool fw_iface_under(const char *name, const char *pattern)
{
	return fw_iface_is_pattern(pattern) && !strncmp(name, pattern, strlen(pattern) - 1);
}

const char *fw_iface_text(const char *name, char buf[FW_ALTNAME_MAX + 1])
{
	snprintf(buf, FW_ALTNAME_MAX + 1, "%s", name);
	if (fw_iface_is_pattern(buf))
		buf[strlen(buf) - 1] = '*';
	return buf;
}

static bool is_used(const struct fw_ruleset *rs, int number)
{
	return number >= 0 && rs->ifaces[number].rules;
}

int fw_ruleset_iface_of(const struct fw_ruleset *rs, const char *name)
{
	int number = fw_ruleset_iface_find(rs, name);
	char pattern[FW_IFNAME_MAX + 2];
	size_t len = strnlen(name, FW_IFNAME_MAX);

	if (is_used(rs, number) || !rs->ifaces_patterns)
		return number;
	memcpy(pattern, name, len);
	for (; len; len--) {
		int found;

		pattern[len] = FW_IFACE_REST;
		pattern[len + 1] = '\0';
		found = fw_ruleset_iface_find(rs, pattern);
		if (is_used(rs, found))
			return found;
	}
	return number;
}

static bool has_pattern(const struct fw_ruleset *rs, const struct fw_match *m)
{
	if (!fw_field_is_iface(m->field) || !rs->ifaces_patterns)
		return false;
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++)
			if (fw_iface_is_pattern(rs->ifaces[v].name))
				return true;
	return false;
}

bool fw_instance_names_pattern(const struct fw_ruleset *rs, const struct fw_instance *in)
{
	bool names = false;

	for (unsigned i = 0; i < in->nmatches && !names && rs->ifaces_patterns; i++)
		names = has_pattern(rs, in->matches[i]);
	return names;
}

/* Does a pattern of the match match the name? */
static bool is_under(const struct fw_ruleset *rs, const struct fw_match *m, const char *name)
{
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++)
			if (fw_iface_under(name, rs->ifaces[v].name))
				return true;
	return false;
}

static bool names_number(const struct fw_match *m, uint32_t number)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->r[i].lo <= number && number <= m->r[i].hi)
			return true;
	return false;
}

static size_t widen(const struct fw_ruleset *rs, const struct fw_match *m, struct fw_range *out)
{
	size_t n = 0;

	for (uint32_t v = 0; v < rs->nifaces; v++) {
		const struct fw_iface *i = &rs->ifaces[v];

		if (!names_number(m, v) && (!i->name || !i->rules || !is_under(rs, m, i->name)))
			continue;
		n = fw_ranges_add(out, n, v);
	}
	return n;
}

int fw_match_widen(const struct fw_ruleset *rs, const struct fw_match *m, struct fw_match **out)
{
	struct fw_match *wide = NULL;

	if (has_pattern(rs, m)) {
		wide = malloc(sizeof(*wide) + rs->nifaces * sizeof(wide->r[0]));
		if (!wide)
			return -ENOMEM;
		*wide = (struct fw_match){ .field = m->field, .negated = m->negated };
		wide->n = (uint16_t)widen(rs, m, wide->r);
	}
	*out = wide;
	return 0;
}
