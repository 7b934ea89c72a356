// SPDX-License-Identifier: GPL-2.0-only
/* The sets of a ruleset for `ipset restore`: two for each of ours, hash:net of IPv4 and of IPv6. */
#include <string.h>

#include "lib/export/ipt.h"

#include "fw/text.h"

#define NAME_MAX_BYTES 28 /* that ipset takes, without _v4 or _v6 */
#define SIZE 65536u       /* elements that a set of ipset may have unless it says otherwise */

int ipset_check_name(struct export *e, const struct fw_set *set)
{
	if (strlen(set->name) <= NAME_MAX_BYTES)
		return 0;
	return export_refuse_set(e, set, "ipset takes names of up to %d bytes, without _v4 or _v6", NAME_MAX_BYTES);
}

/* The largest prefix that begins at @r->lo and is within @r: ipset has no prefix of length 0. */
static struct fw_addr_range first_prefix(const struct fw_addr_range *r)
{
	enum fw_family family = (enum fw_family)r->family;
	unsigned len = family == FW_IP4 ? 32 : 128;
	struct fw_addr_range best = fw_addr_prefix(family, r->lo, len);

	while (len-- > 1) {
		struct fw_addr_range p = fw_addr_prefix(family, r->lo, len);

		if (fw_addr_cmp(p.lo, r->lo) != 0 || fw_addr_cmp(p.hi, r->hi) > 0)
			break;
		best = p;
	}
	best.until = r->until;
	return best;
}

/* Elements of one family as prefixes; equal ones are one, which stays as long as the longest. 0 or -ENOMEM. */
static int prefixes_of(const struct fw_set *set, enum fw_family family, struct fw_set *out)
{
	for (size_t i = 0; i < set->n; i++) {
		struct fw_addr_range r = set->elements[i];

		while (r.family == family) {
			struct fw_addr_range p = first_prefix(&r);

			if (fw_set_push(out, &p))
				return -ENOMEM;
			if (!fw_addr_cmp(p.hi, r.hi))
				break;
			r.lo = fw_addr_next(family, p.hi);
		}
	}
	fw_set_sort(out);
	return 0;
}

/* Sets that elements leave have a timeout, 0 of those where they stay. */
static void print_set(const struct export *e, const struct fw_set *set, enum fw_family family,
		      const struct fw_set *prefixes, struct fw_buf *b)
{
	size_t size = set->dynamic ? fw_set_size(set) : SIZE;

	fw_buf_printf(b, "create %s%s hash:net family %s hashsize 1024 maxelem %zu", set->name, EXPORT_SUFFIX(family),
		      family == FW_IP4 ? "inet" : "inet6", size > prefixes->n ? size : prefixes->n);
	if (set->dynamic)
		fw_buf_printf(b, " timeout %u", set->timeout);
	fw_buf_printf(b, "\n");
	for (size_t i = 0; i < prefixes->n; i++) {
		fw_buf_printf(b, "add %s%s ", set->name, EXPORT_SUFFIX(family));
		fw_text_print_addr_range(b, &prefixes->elements[i]);
		if (set->dynamic)
			fw_buf_printf(b, " timeout %u",
				      fw_until_left(prefixes->elements[i].until, fw_ruleset_now(e->rs)));
		fw_buf_printf(b, "\n");
	}
}

int export_ipset(struct export *e, struct fw_buf *out)
{
	int err = 0;

	for (size_t i = 0; i < e->rs->nsets && !err; i++) {
		const struct fw_set *set = &e->rs->sets[i];

		if (!set->name || export_builtin(set) || ipset_check_name(e, set))
			continue;
		for (unsigned f = FW_IP4; f <= FW_IP6 && !err; f++) {
			struct fw_set prefixes = { 0 };

			err = prefixes_of(set, (enum fw_family)f, &prefixes);
			if (!err)
				print_set(e, set, (enum fw_family)f, &prefixes, out);
			free(prefixes.elements);
		}
	}
	return err;
}
