// SPDX-License-Identifier: GPL-2.0-only
/* Matches on one field: the normal form, and plain ranges of values. */
#include "lib/rule/internal.h"

const struct fw_reason_info fw_reason_info[FW_NREASONS] = {
#define REASON_INFO(sym, text, deflt) [FW_R_##sym] = { text, deflt },
	FW_REASONS(REASON_INFO)
#undef REASON_INFO
};

bool fw_match_has(const struct fw_match *m, uint32_t value)
{
	bool inside = false;

	for (unsigned i = 0; i < m->n && !inside; i++)
		inside = fw_field_is_flags(m->field) ? (value & m->r[i].lo) == m->r[i].hi :
						       value >= m->r[i].lo && value <= m->r[i].hi;
	return inside != m->negated;
}

size_t fw_ranges_add(struct fw_range *r, size_t n, uint32_t value)
{
	if (n && r[n - 1].hi + 1 == value)
		r[n - 1].hi = value;
	else
		r[n++] = (struct fw_range){ value, value };
	return n;
}

static size_t flag_ranges(const struct fw_match *m, struct fw_range *out)
{
	size_t n = 0;

	for (uint32_t v = 0; v <= fw_field_info[m->field].max; v++)
		if (fw_match_has(m, v))
			n = fw_ranges_add(out, n, v);
	return n;
}

static size_t outside_ranges(const struct fw_match *m, struct fw_range *out)
{
	uint64_t from = 0; /* may become max + 1 */
	size_t n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		if (from < m->r[i].lo)
			out[n++] = (struct fw_range){ (uint32_t)from, m->r[i].lo - 1 };
		from = (uint64_t)m->r[i].hi + 1;
	}
	if (from <= fw_field_info[m->field].max)
		out[n++] = (struct fw_range){ (uint32_t)from, fw_field_info[m->field].max };
	return n;
}

size_t fw_match_ranges(const struct fw_match *m, struct fw_range *out)
{
	if (fw_field_is_flags(m->field))
		return flag_ranges(m, out);
	if (m->negated)
		return outside_ranges(m, out);
	memcpy(out, m->r, m->n * sizeof(*out));
	return m->n;
}

const struct fw_match *fw_instance_match(const struct fw_instance *in, enum fw_field field)
{
	for (unsigned i = 0; i < in->nmatches; i++)
		if (in->matches[i]->field == field)
			return in->matches[i];
	return NULL;
}

bool fw_instance_names_non_ip(const struct fw_instance *in)
{
	const struct fw_match *m = fw_instance_match(in, FW_F_ETHERTYPE);
	uint32_t values = 0;

	if (!m)
		return false;
	for (unsigned i = 0; i < m->n; i++)
		values += m->r[i].hi - m->r[i].lo + 1;
	if (m->negated)
		values = fw_field_info[FW_F_ETHERTYPE].max + 1 - values;
	return values > (uint32_t)fw_match_has(m, 0x0800) + fw_match_has(m, 0x86dd);
}

static int range_cmp(const void *va, const void *vb)
{
	const struct fw_range *a = va, *b = vb;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return (a->hi > b->hi) - (a->hi < b->hi);
}

static uint16_t ranges_merge(struct fw_range *r, uint16_t n)
{
	uint16_t used = 0;

	qsort(r, n, sizeof(*r), range_cmp);
	for (uint16_t i = 0; i < n; i++) {
		if (used && (r[used - 1].hi == UINT32_MAX || r[i].lo <= r[used - 1].hi + 1)) {
			if (r[i].hi > r[used - 1].hi)
				r[used - 1].hi = r[i].hi;
		} else {
			r[used++] = r[i];
		}
	}
	return used;
}

/* Refuses values that the field cannot have, empty ranges, empty flag masks, and flags outside their mask. */
static int check_values(const struct fw_match *m, struct fw_place at, struct fw_diags *ds)
{
	const struct fw_field_info *info = &fw_field_info[m->field];

	if (!m->n)
		return fw_diag_add(ds, at, "name at least one value", "the list of '%s' is empty: it matches nothing",
				   info->keyword);
	for (unsigned i = 0; i < m->n; i++) {
		struct fw_range r = m->r[i];

		if (r.lo > info->max || r.hi > info->max)
			return fw_diag_add(ds, at, NULL, "the largest value of '%s' is %u, not %u", info->keyword,
					   info->max, r.hi > r.lo ? r.hi : r.lo);
		if (!fw_field_is_flags(m->field) && r.lo > r.hi)
			return fw_diag_add(ds, at, "write the smaller value first", "the range %u-%u of '%s' is empty",
					   r.lo, r.hi, info->keyword);
		if (fw_field_is_flags(m->field) && !r.lo)
			return fw_diag_add(ds, at, "write VALUE/MASK with at least one flag in the mask",
					   "an empty flag mask checks nothing");
		if (fw_field_is_flags(m->field) && (r.hi & ~r.lo))
			return fw_diag_add(ds, at, "write VALUE/MASK; every flag of the value must be in the mask",
					   "a flag outside the mask can never be set");
	}
	return 0;
}

/* Do the ranges, whether negated or not, name every value that the field can have? */
static bool is_whole(const struct fw_match *m)
{
	struct fw_range r[256];
	uint32_t max = fw_field_info[m->field].max;

	if (!fw_field_is_flags(m->field))
		return m->n == 1 && !m->r[0].lo && m->r[0].hi == max;

	size_t n = flag_ranges(m, r);

	return m->negated ? !n : n == 1 && !r[0].lo && r[0].hi == max;
}

/* Room for a match of that many bytes that is being normalised. */
static struct fw_match *scratch(struct fw_rule_index *ix, size_t bytes)
{
	if (bytes > ix->scratch_bytes) {
		struct fw_match *grown = realloc(ix->scratch, bytes);

		if (!grown)
			return NULL;
		ix->scratch = grown;
		ix->scratch_bytes = bytes;
	}
	return ix->scratch;
}

int fw_match_normalise(struct fw_ruleset *rs, const struct fw_match *m, struct fw_place at, struct fw_diags *ds,
		       const struct fw_match **out)
{
	int err = check_values(m, at, ds);
	struct fw_match *s = err ? NULL : scratch(rs->index, sizeof(*m) + (m->n + 1u) * sizeof(m->r[0]));

	if (!s)
		return err ? err : -ENOMEM;
	memcpy(s, m, sizeof(*m) + m->n * sizeof(m->r[0]));
	s->negated = !!m->negated;
	if (!fw_field_is_flags(m->field) && m->n > 1)
		s->n = ranges_merge(s->r, m->n);

	bool whole = is_whole(s);

	if (whole && s->negated)
		return fw_diag_add(ds, at, "leave at least one value, or remove the rule",
				   "'%s not' excludes every value: it matches nothing",
				   fw_field_info[m->field].keyword);
	if (m->field == FW_F_HOOK && whole) {
		*out = NULL;
		return 0;
	}
	if (m->field == FW_F_HOOK && s->negated) {
		struct fw_range rest[FW_NHOOKS + 1];

		s->n = (uint16_t)outside_ranges(s, rest);
		s->negated = 0;
		memcpy(s->r, rest, s->n * sizeof(rest[0]));
	}
	*out = fw_intern(rs, s, sizeof(*s) + s->n * sizeof(s->r[0]));
	return *out ? 0 : -ENOMEM;
}

unsigned fw_match_bits(const struct fw_match *m, unsigned n)
{
	unsigned bits = m ? 0 : (1u << n) - 1;

	for (uint32_t v = 0; m && v < n; v++)
		bits |= (unsigned)fw_match_has(m, v) << v;
	return bits;
}

static unsigned hooks_named(const struct fw_instance *in)
{
	return fw_match_bits(fw_instance_match(in, FW_F_HOOK), FW_NHOOKS);
}

unsigned fw_rule_hooks_named(const struct fw_rule *rule)
{
	return hooks_named(&rule->instance);
}

unsigned fw_instance_hooks(const struct fw_instance *in)
{
	unsigned hooks = hooks_named(in);

	for (unsigned i = 0; i < in->nmatches; i++)
		hooks &= fw_field_hooks(in->matches[i]->field);
	return hooks;
}
