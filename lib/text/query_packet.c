// SPDX-License-Identifier: GPL-2.0-only
/* Is a packet one of those that a query asks for? */
#include "lib/text/query.h"

static bool in_ranges(const struct fw_query_side *s, const struct fw_addr *a, uint32_t family)
{
	size_t from = 0, end = s->n;

	while (from < end) {
		size_t mid = from + (end - from) / 2;
		const struct fw_addr_range *r = &s->r[mid];

		if (r->family == family && fw_addr_cmp(r->lo, *a) <= 0 && fw_addr_cmp(*a, r->hi) <= 0)
			return true;
		if (r->family < family || (r->family == family && fw_addr_cmp(r->hi, *a) < 0))
			from = mid + 1;
		else
			end = mid;
	}
	return false;
}

static bool side_has(const struct fw_query_side *s, uint32_t number, const struct fw_key *key, const struct fw_addr *a)
{
	return number == FW_ANY || (key->family != FW_FAMILY_NONE && in_ranges(s, a, key->family));
}

/* The interface of `on`: that of the hook, which `forward` has not. */
static const char *packet_iface(const struct fw_query_packet *p)
{
	switch ((enum fw_hook)p->key->f[FW_F_HOOK]) {
	case FW_IN:
	case FW_INPUT:
		return p->in;
	case FW_OUT:
	case FW_OUTPUT:
		return p->out;
	default:
		return NULL;
	}
}

static bool match_has(const struct fw_query *q, const struct fw_match *m, const struct fw_query_packet *p)
{
	uint32_t value = p->key->f[m->field];

	if (fw_field_is_iface(m->field))
		return fw_query_ifaces_has(&q->ifaces, q->rs, m,
					   m->field == FW_F_FROM_IF ? p->in :
					   m->field == FW_F_TO_IF   ? p->out :
								      packet_iface(p));
	return value <= fw_field_info[m->field].max && fw_match_has(m, value);
}

bool fw_query_has(const struct fw_query *q, const struct fw_query_packet *p)
{
	if (q->verdict >= 0 && p->verdict != (unsigned)q->verdict)
		return false;
	for (unsigned i = 0; i < q->rule.nmatches; i++)
		if (!match_has(q, q->matches[i], p))
			return false;
	return side_has(&q->src, q->rule.src, p->key, &p->key->src) &&
	       side_has(&q->dst, q->rule.dst, p->key, &p->key->dst);
}
