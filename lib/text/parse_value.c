// SPDX-License-Identifier: GPL-2.0-only
/* Values of matches, as each kind of field writes them. */
#include "lib/text/parse_match.h"

static int value_number(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a value", "write values without quotes");
	return fw_str_value(p->tok.text, kw->subject, kw->v6, fw_parser_here(p), p->ds, out);
}

static int value_port(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a value", "write values without quotes");
	return fw_parse_port(p, kw->subject, out);
}

static int value_owner(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a value", "write values without quotes");
	return fw_parse_owner(p, kw->subject, out);
}

static int value_flags(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "flags", "write flags without quotes");
	return fw_str_flags(p->tok.text, kw->subject, fw_parser_here(p), p->ds, out);
}

/* A name, or what is before the `*` of a pattern, as it is shown: in quotes with escapes of strings too. */
static int iface_name(struct fw_parser *p, struct fw_str s, char *out, size_t max)
{
	char shown[sizeof(struct fw_name_shown)];

	if (p->tok.kind == FW_T_STRING)
		return fw_str_unescape(s, "an interface name", fw_parser_here(p), p->ds, out, max);
	if (memchr(s.s, '*', s.len) || memchr(s.s, '+', s.len))
		return fw_diag_add(p->ds, fw_parser_here(p),
				   "a pattern ends in '*': on eth*; quote a name that has such a character",
				   "'%s' is neither a name nor a pattern", FW_SHOW(p->tok.text));
	snprintf(shown, sizeof(shown), "%.*s", (int)s.len, s.s);
	if (s.len < sizeof(shown) && fw_name_read(out, max, shown))
		return 0;
	return fw_diag_add(p->ds, fw_parser_here(p), NULL, "an interface name has 1 to %d bytes, not %zu",
			   FW_IFNAME_MAX, s.len);
}

static int check_iface(struct fw_parser *p, const char *name)
{
	struct fw_str s = { name, strlen(name) };
	const char *hint = "the kernel allows no blanks, '/' or ':' in names, nor the names '.' and '..'";

	if (!s.len || s.len > FW_IFNAME_MAX)
		return fw_diag_add(p->ds, fw_parser_here(p),
				   s.len ? "an altname may be longer: use the interface's primary name" : NULL,
				   "an interface name has 1 to %d bytes, not %zu", FW_IFNAME_MAX, s.len);
	if (fw_ifname_valid(name, s.len, FW_IFNAME_MAX))
		return 0;
	if (strchr(name, ':'))
		hint = "the part after ':' labels an address: name the interface, and match the address with `to`";
	return fw_diag_add(p->ds, fw_parser_here(p), hint, "'%s' is not an interface name", FW_SHOW(s));
}

static int value_iface(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	char name[FW_ALTNAME_MAX + 2];
	struct fw_str s = p->tok.text;
	bool pattern = s.len && s.s[s.len - 1] == '*';
	int number, err;

	if (pattern && s.len == 1)
		return fw_diag_add(p->ds, fw_parser_here(p), "leave it out: without it any interface matches",
				   "'*' needs the beginning of a name");
	s.len -= pattern;
	err = iface_name(p, s, name, sizeof(name) - 1);
	if (!err)
		err = check_iface(p, name);
	if (err)
		return err;
	if (pattern)
		snprintf(name + strlen(name), 2, "%c", FW_IFACE_REST);
	number = fw_ruleset_iface(p->rs, name);
	if (number == -E2BIG)
		fw_diag_add(
			p->ds, fw_parser_here(p),
			"interfaces named by the active ruleset count too: if both together are too many, run `fwctl flush` first",
			"the rules name more than %u interfaces", FW_IFACES_MAX);
	out->lo = out->hi = (uint32_t)number;
	return number < 0 ? number : 0;
}

/* A mark is a number, or VALUE/MASK: as of flags, the mask comes first in @out. */
static int value_mark(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	struct fw_str s = p->tok.text, mask;
	const char *slash = p->tok.kind == FW_T_WORD ? memchr(s.s, '/', s.len) : NULL;
	uint64_t value, bits;

	if (!slash)
		return value_number(p, kw, out);
	mask = (struct fw_str){ slash + 1, s.len - (size_t)(slash - s.s) - 1 };
	s.len = (size_t)(slash - s.s);
	if (fw_str_u64(s, &value) || fw_str_u64(mask, &bits) || value > UINT32_MAX || bits > UINT32_MAX || !bits)
		return fw_diag_add(p->ds, fw_parser_here(p), "a number, or VALUE/MASK such as 0x10/0xff",
				   "'%s' is not a value of 'mark'", FW_SHOW(p->tok.text));
	if (value & ~bits)
		return fw_diag_add(p->ds, fw_parser_here(p), "compare only bits of the mask, as in 0x10/0xff",
				   "the value 0x%x has bits outside of the mask 0x%x", (unsigned)value, (unsigned)bits);
	*out = (struct fw_range){ (uint32_t)bits, (uint32_t)value };
	p->masked++;
	return 0;
}

/* Both halves of a MAC address: the higher one is @out's lo, the lower one its hi. */
static int value_mac(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	const struct fw_field_info *info = &fw_field_info[kw->subject];

	if (p->tok.kind == FW_T_WORD && fw_str_mac(p->tok.text, &out->lo, &out->hi))
		return 0;
	return fw_diag_add(p->ds, fw_parser_here(p), info->hint, "'%s' is not a value of '%s'", FW_SHOW(p->tok.text),
			   kw->word);
}

int fw_parse_value(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out)
{
	static int (*const value[])(struct fw_parser *, const struct fw_keyword *, struct fw_range *) = {
		[FW_KIND_NUMBER] = value_number, [FW_KIND_PORT] = value_port,   [FW_KIND_OWNER] = value_owner,
		[FW_KIND_FLAGS] = value_flags,   [FW_KIND_IFACE] = value_iface, [FW_KIND_MARK] = value_mark,
		[FW_KIND_MAC] = value_mac,
	};

	return value[fw_field_info[kw->subject].kind](p, kw, out);
}
