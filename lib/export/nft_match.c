// SPDX-License-Identifier: GPL-2.0-only
/* What a rule matches, in the words of nft. Addresses of two families, and sets besides addresses, take several rules. */
#include <string.h>

#include "lib/export/nft.h"

#include "fw/text.h"

/* Fields by keyword: what nft calls them in IPv4 and IPv6; two words differ only where the family has to be known. */
static const struct {
	const char *word, *v4, *v6;
} names[] = {
	{ "proto", "meta l4proto", NULL },
	{ "sport", "th sport", NULL },
	{ "dport", "th dport", NULL },
	{ "length", "meta length", NULL },
	{ "mark", "meta mark", NULL },
	{ "state", "ct state", NULL },
	{ "uid", "meta skuid", NULL },
	{ "gid", "meta skgid", NULL },
	{ "from-if", "iifname", NULL },
	{ "to-if", "oifname", NULL },
	{ "packet-type", "meta pkttype", NULL },
	{ "rt-type", "rt type", NULL },
	{ "next-header", "ip6 nexthdr", NULL },
	{ "mss", "tcp option maxseg size", NULL },
	{ "icmp-type", "icmp type", "icmpv6 type" },
	{ "icmp-code", "icmp code", "icmpv6 code" },
	{ "dscp", "ip dscp", "ip6 dscp" },
	{ "ttl", "ip ttl", "ip6 hoplimit" },
};

void export_matches_free(struct export_matches *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->text[i]);
	m->n = 0;
}

/* Multiplies the ways by the words in @more, of which one has to hold. */
static int multiply(struct export *e, struct export_matches *m, char *const *more, size_t n)
{
	struct export_matches out = { .overlap = m->overlap };

	if (m->n * n > sizeof(out.text) / sizeof(*out.text))
		return export_refuse(e, "it would become more than %zu rules", sizeof(out.text) / sizeof(*out.text));
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < n; k++)
			if (asprintf(&out.text[out.n], "%s%s ", m->text[i], more[k]) >= 0)
				out.n++;
	if (out.n < m->n * n) {
		export_matches_free(&out);
		return -ENOMEM;
	}
	export_matches_free(m);
	*m = out;
	return 0;
}

static int append(struct export *e, struct export_matches *m, struct fw_buf *words)
{
	int err = words->failed ? -ENOMEM : multiply(e, m, &words->text, 1);

	fw_buf_free(words);
	return err;
}

/* "ip saddr { 10.0.0.0/8, 192.0.2.1 }" of one family; nothing if there are none of it. */
static bool print_ranges(const struct fw_addrs *a, const char *side, enum fw_family family, struct fw_buf *out)
{
	const char *between = "";

	for (uint32_t i = 0; i < a->nranges; i++) {
		if (a->ranges[i].family != family)
			continue;
		if (!*between)
			fw_buf_printf(out, "%s %s %s{ ", family == FW_IP4 ? "ip" : "ip6", side,
				      a->negated ? "!= " : "");
		fw_buf_printf(out, "%s", between);
		fw_text_print_addr_range(out, &a->ranges[i]);
		between = ", ";
	}
	if (*between)
		fw_buf_printf(out, " }");
	return *between;
}

static void print_set(const struct fw_set *set, const char *side, enum fw_family family, bool negated,
		      struct fw_buf *out)
{
	const char *op = negated ? "!= " : "";

	if (export_builtin(set))
		fw_buf_printf(out, "fib %s type %s%s", side, op, export_builtin(set));
	else
		fw_buf_printf(out, "%s %s %s@%s%s", family == FW_IP4 ? "ip" : "ip6", side, op, set->name,
			      EXPORT_SUFFIX(family));
}

/* None of the addresses and sets: all of them have to differ. */
static int add_excluded(struct export *e, const struct fw_addrs *a, const char *side, enum fw_family family,
			struct export_matches *m)
{
	struct fw_buf words = { 0 };

	fw_buf_printf(&words, "%s", "");
	print_ranges(a, side, family, &words);
	for (uint32_t i = 0; i < a->nsets; i++) {
		fw_buf_printf(&words, "%s", words.len ? " " : "");
		print_set(&e->rs->sets[a->sets[i]], side, family, true, &words);
	}
	return append(e, m, &words);
}

/* One of them. @m loses all ways if the expression has no address of the family. */
static int add_side(struct export *e, uint32_t number, const char *side, enum fw_family family,
		    struct export_matches *m)
{
	const struct fw_addrs *a = &e->rs->addrs[number];
	struct fw_buf words[32] = { 0 };
	char *more[32];
	size_t n = 0;
	int err = 0;

	if (number == FW_ANY)
		return 0;
	if (a->negated)
		return add_excluded(e, a, side, family, m);
	if (a->nsets >= 32)
		return export_refuse(e, "it names more than 31 sets");
	n += print_ranges(a, side, family, &words[n]);
	for (uint32_t i = 0; i < a->nsets; i++)
		print_set(&e->rs->sets[a->sets[i]], side, family, false, &words[n++]);
	for (size_t i = 0; i < n; i++) {
		err = words[i].failed ? -ENOMEM : err;
		more[i] = words[i].text;
	}
	m->overlap = m->overlap || n > 1;
	if (!err && n)
		err = multiply(e, m, more, n);
	if (!n)
		export_matches_free(m);
	for (size_t i = 0; i < n; i++)
		fw_buf_free(&words[i]);
	return err;
}

/* A pattern ends in `*`; a name that does is escaped. */
static void print_iface(const char *name, struct fw_buf *out)
{
	char text[FW_ALTNAME_MAX + 1];
	size_t len = strlen(fw_iface_text(name, text));
	bool star = text[len - 1] == '*' && !fw_iface_is_pattern(name);

	fw_buf_printf(out, "\"%.*s%s\"", (int)(len - star), text, star ? "\\*" : "");
}

static void print_value(struct export *e, const struct fw_match *f, uint32_t value, struct fw_buf *out)
{
	const struct fw_field_info *info = &fw_field_info[f->field];

	if (fw_field_is_iface(f->field))
		print_iface(e->rs->ifaces[value].name, out);
	else if (info->spelled)
		fw_buf_printf(out, "%s", fw_field_value_name(f->field, false, value));
	else
		fw_buf_printf(out, "%u", value);
}

static void print_list(struct export *e, const struct fw_match *f, struct fw_buf *out)
{
	bool each = fw_field_is_iface(f->field) || fw_field_info[f->field].spelled;

	fw_buf_printf(out, " %s{ ", f->negated ? "!= " : "");
	for (unsigned i = 0; i < f->n; i++) {
		for (uint32_t v = f->r[i].lo;; v++) {
			fw_buf_printf(out, "%s", i || v > f->r[i].lo ? ", " : "");
			print_value(e, f, v, out);
			if (!each || v == f->r[i].hi)
				break;
		}
		if (!each && f->r[i].hi != f->r[i].lo)
			fw_buf_printf(out, "-%u", f->r[i].hi);
	}
	fw_buf_printf(out, " }");
}

/* TCP flags as one comparison, or as all values of the byte that match. */
static void print_flags(const struct fw_match *f, struct fw_buf *out)
{
	const char *between = "";

	if (f->n == 1) {
		fw_buf_printf(out, "tcp flags & 0x%x %s 0x%x", f->r[0].lo, f->negated ? "!=" : "==", f->r[0].hi);
		return;
	}
	fw_buf_printf(out, "tcp flags { ");
	for (uint32_t v = 0; v < 256; v++)
		if (fw_match_has(f, v)) {
			fw_buf_printf(out, "%s0x%x", between, v);
			between = ", ";
		}
	fw_buf_printf(out, " }");
}

/* A byte of the mark. */
static int print_mark_byte(struct export *e, const struct fw_match *f, struct fw_buf *out)
{
	unsigned shift = 8 * (f->field - FW_F_MARK_0);

	if (f->n > 1)
		return export_refuse(e, "nftables has no list of marks with masks");
	fw_buf_printf(out, "meta mark & 0x%x %s 0x%x", f->r[0].lo << shift,
		      f->negated ? "!=" : "==", f->r[0].hi << shift);
	return 0;
}

/* What nft calls an interface field at the hook. */
static const char *iface_name(enum fw_hook hook, const char *word)
{
	if (strcmp(word, "on") != 0)
		return NULL;
	return hook == FW_INPUT ? "iifname" : hook == FW_OUTPUT ? "oifname" : NULL;
}

static int add_field(struct export *e, const struct fw_match *f, enum fw_hook hook, enum fw_family family,
		     struct export_matches *m)
{
	const char *word = fw_field_info[f->field].keyword, *name = iface_name(hook, word);
	struct fw_buf words = { 0 };
	int err;

	if (f->field == FW_F_HOOK || f->field == FW_F_ETHERTYPE)
		return 0;
	for (size_t i = 0; !name && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].word, word))
			name = family == FW_IP6 && names[i].v6 ? names[i].v6 : names[i].v4;
	if (f->field == FW_F_TCP_FLAGS) {
		print_flags(f, &words);
	} else if (fw_field_is_mark_byte(f->field)) {
		err = print_mark_byte(e, f, &words);
		if (err)
			return err;
	} else if (name) {
		fw_buf_printf(&words, "%s", name);
		print_list(e, f, &words);
	} else {
		return export_refuse(e, "nftables has no '%s' here", word);
	}
	return append(e, m, &words);
}

/* Which families a rule can be about; @needed: it has to be told them apart. */
static unsigned families_of(const struct fw_rule *r, bool *needed)
{
	static const enum fw_field depend[] = { FW_F_ICMP_TYPE, FW_F_ICMP_CODE, FW_F_DSCP, FW_F_TTL };
	const struct fw_match *proto = fw_rule_match(r, FW_F_PROTO);
	unsigned families = export_families(r);

	*needed = r->src != FW_ANY || r->dst != FW_ANY || fw_rule_match(r, FW_F_ETHERTYPE);
	for (size_t i = 0; i < sizeof(depend) / sizeof(*depend); i++)
		*needed = *needed || fw_rule_match(r, depend[i]);
	if (fw_rule_match(r, FW_F_ICMP_TYPE) || fw_rule_match(r, FW_F_ICMP_CODE))
		families &= proto && fw_match_has(proto, 58) ? 1u << FW_IP6 : 1u << FW_IP4;
	return families;
}

static int match_family(struct export *e, enum fw_hook hook, enum fw_family family, bool needed,
			struct export_matches *m)
{
	const struct fw_rule *r = e->rule;
	struct fw_buf words = { 0 };
	int err = 0;

	m->text[0] = strdup("");
	m->n = m->text[0] != NULL;
	if (!m->n)
		return -ENOMEM;
	if (needed) {
		fw_buf_printf(&words, "meta nfproto %s", family == FW_IP4 ? "ipv4" : "ipv6");
		err = append(e, m, &words);
	}
	if (!err)
		err = add_side(e, r->src, "saddr", family, m);
	if (!err)
		err = add_side(e, r->dst, "daddr", family, m);
	for (unsigned i = 0; !err && i < r->nmatches; i++)
		if (r->matches[i]->field == FW_F_PROTO)
			err = add_field(e, r->matches[i], hook, family, m);
	for (unsigned i = 0; !err && i < r->nmatches; i++)
		if (r->matches[i]->field != FW_F_PROTO)
			err = add_field(e, r->matches[i], hook, family, m);
	return err;
}

int export_match(struct export *e, enum fw_hook hook, struct export_matches *out)
{
	bool needed;
	unsigned families = families_of(e->rule, &needed);
	int err = 0;

	for (unsigned family = FW_IP4; !err && family <= FW_IP6; family++) {
		struct export_matches one = { 0 };

		if (!(families & 1u << family) || (!needed && out->n))
			continue;
		err = match_family(e, hook, (enum fw_family)family, needed, &one);
		for (size_t i = 0; i < one.n; i++) {
			if (!err && out->n == sizeof(out->text) / sizeof(*out->text))
				err = export_refuse(e, "it would become too many rules");
			if (err)
				free(one.text[i]);
			else
				out->text[out->n++] = one.text[i];
		}
		out->overlap = out->overlap || one.overlap;
	}
	return err;
}
