// SPDX-License-Identifier: GPL-2.0-only
/* What a rule matches, as options of iptables: the protocol, addresses and sets here, other fields by ipt_field.c. */
#include <string.h>

#include "lib/export/ipt.h"

#include "fw/text.h"

/* An ask with a single option is a part of the line. */
static void settle(struct ipt_match *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct ipt_ask *ask = &m->asks[i];

		if (ask->n == 1 && !ask->none && !ask->apart) {
			fw_buf_printf(&m->line, "%s", ask->options[0]);
			free(ask->options[0]);
			free(ask->options);
		} else if (!ask->n) {
			m->never |= !ask->none;
			free(ask->options);
		} else {
			m->asks[n++] = *ask;
		}
	}
	m->n = n;
}

/* One side of packets, in the words of iptables. */
struct side {
	const char *option, *range, *set, *type;
};

/* `-s 192.0.2.0/24`, or of a range that is no prefix `-m iprange --src-range FROM-TO`. */
static void add_range(struct ipt_match *m, struct ipt_ask *ask, const struct side *side, const char * not,
		      const struct fw_addr_range *r)
{
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };

	fw_text_print_addr_range(&text, r);
	if (text.failed)
		m->failed = true;
	else if (strchr(text.text, '-'))
		ipt_ask_add(m, ask, " -m iprange%s %s %s", not, side->range, text.text);
	else
		ipt_ask_add(m, ask, "%s %s %s", not, side->option, text.text);
}

/* For the kernel all of 0.0.0.0/8 is a broadcast, too, and IPv6 has none. */
static void add_builtin(struct ipt_match *m, struct ipt_ask *ask, const struct side *side, const char * not,
			enum fw_family family, const char *name)
{
	if (!strcmp(name, "multicast"))
		ipt_ask_add(m, ask, "%s %s %s", not, side->option, family == FW_IP4 ? "224.0.0.0/4" : "ff00::/8");
	else if (!strcmp(name, "local"))
		ipt_ask_add(m, ask, " -m addrtype%s %s LOCAL", not, side->type);
	else if (family == FW_IP4)
		ipt_ask_add(m, ask, " -m addrtype %s BROADCAST ! %s 0.0.0.0/8", side->type, side->option);
}

static bool has_broadcast(const struct export *e, const struct fw_addrs *a)
{
	for (uint32_t i = 0; i < a->nsets; i++) {
		const char *builtin = export_builtin(&e->rs->sets[a->sets[i]]);

		if (builtin && !strcmp(builtin, "broadcast"))
			return true;
	}
	return false;
}

/* How many of its ranges and sets are of the family. */
static unsigned count_parts(const struct fw_addrs *a, enum fw_family family)
{
	unsigned n = a->nsets;

	for (uint32_t i = 0; i < a->nranges; i++)
		n += a->ranges[i].family == family;
	return n;
}

/* One of the ranges and sets, or none of them. */
static int add_side(struct export *e, enum fw_family family, uint32_t number, const struct side *side,
		    struct ipt_match *m)
{
	const struct fw_addrs *a = &e->rs->addrs[number];
	unsigned n = count_parts(a, family);
	bool alone = a->negated && n == 1 && !has_broadcast(e, a);
	const char *not = alone ? " !" : "";
	struct ipt_ask *ask;
	int err = 0;

	if (number == FW_ANY)
		return 0;
	ask = ipt_ask_new(m, a->negated && !alone);
	ask->overlap = !a->negated && a->nsets && n > 1;
	for (uint32_t i = 0; i < a->nranges; i++)
		if (a->ranges[i].family == family)
			add_range(m, ask, side, not, &a->ranges[i]);
	for (uint32_t i = 0; i < a->nsets && !err; i++) {
		const struct fw_set *set = &e->rs->sets[a->sets[i]];

		if (export_builtin(set)) {
			add_builtin(m, ask, side, not, family, set->name);
			continue;
		}
		err = ipset_check_name(e, set);
		ipt_ask_add(m, ask, " -m set%s --match-set %s%s %s", not, set->name, EXPORT_SUFFIX(family), side->set);
	}
	return err;
}

int ipt_match(struct export *e, const struct ipt_place *at, int proto, struct ipt_match *out)
{
	static const struct side from = { "-s", "--src-range", "src", "--src-type" },
				 to = { "-d", "--dst-range", "dst", "--dst-type" };
	const struct fw_rule *r = e->rule;
	int err = 0;

	out->proto = proto;
	if (proto >= 0)
		ipt_print_proto(&out->line, proto);
	err = add_side(e, at->family, r->src, &from, out);
	if (!err)
		err = add_side(e, at->family, r->dst, &to, out);
	for (unsigned i = 0; !err && i < r->nmatches; i++)
		err = ipt_match_field(e, at, r->matches[i], out);
	settle(out);
	if (out->failed || out->line.failed)
		err = -ENOMEM;
	return err;
}
