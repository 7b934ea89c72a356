// SPDX-License-Identifier: GPL-2.0-only
/* Diagnostics for words that are not addresses, prefixes or ranges: what is wrong, and what may have been meant. */
#include "lib/text/internal.h"

int fw_addr_refuse_mapped(const struct fw_addr_range *r, struct fw_str s, struct fw_place at, struct fw_diags *ds)
{
	const struct fw_addr_range ip4 = { { r->lo.lo << 32, 0 }, { r->hi.lo << 32, 0 }, .family = FW_IP4 };
	fw_cleanup(fw_buf_free) struct fw_buf hint = { 0 };

	fw_buf_printf(&hint, "did you mean ");
	fw_text_print_addr_range(&hint, &ip4);
	fw_buf_printf(&hint, "?");
	return fw_diag_add(ds, at, hint.text, "'%s' is IPv4-mapped: packets have the IPv4 address", FW_SHOW(s));
}

static const char *hint_of(enum fw_addr_fault fault, struct fw_str s, const struct fw_addr_range *r, struct fw_buf *b)
{
	if (fault == FW_ADDR_TWO_FAMILIES)
		return "both ends must be of the same family";
	if (fault == FW_ADDR_EMPTY)
		return "write the smaller address first";
	if (fault == FW_ADDR_HOST_BITS) {
		fw_buf_printf(b, "did you mean ");
		fw_text_print_addr_range(b, r);
		fw_buf_printf(b, "?");
		return b->text;
	}
	if (fw_addr_hint(s, b))
		return b->text;
	if (fault == FW_ADDR_NO_LENGTH)
		return r->family == FW_IP4 ? "a number from 0 to 32" : "a number from 0 to 128";
	return "addresses are like 192.0.2.1, 2001:db8::1, 10.0.0.0/8 or 192.0.2.1-192.0.2.9; names are not looked up";
}

int fw_str_addr_range(struct fw_str s, struct fw_place at, struct fw_diags *ds, struct fw_addr_range *out)
{
	static const struct {
		const char *before, *after;
	} says[] = {
		[FW_ADDR_NONE] = { "", "is not an address" },
		[FW_ADDR_NO_LENGTH] = { "", "is not a prefix length" },
		[FW_ADDR_HOST_BITS] = { "", "has bits set after its prefix length" },
		[FW_ADDR_TWO_FAMILIES] = { "the range ", "mixes IPv4 and IPv6" },
		[FW_ADDR_EMPTY] = { "the range ", "is empty" },
	};
	fw_cleanup(fw_buf_free) struct fw_buf hint = { 0 };
	struct fw_addr_range r;
	enum fw_addr_fault fault = fw_str_element(s, &r);
	const char *text;

	if (fault == FW_ADDR_FINE) {
		*out = r;
		return 0;
	}
	text = hint_of(fault, s, &r, &hint);
	if (fault == FW_ADDR_NO_LENGTH) {
		const char *length = (const char *)memchr(s.s, '/', s.len) + 1;

		s = (struct fw_str){ length, s.len - (size_t)(length - s.s) };
	}
	return fw_diag_add(ds, at, text, "%s'%s' %s", says[fault].before, FW_SHOW(s), says[fault].after);
}
