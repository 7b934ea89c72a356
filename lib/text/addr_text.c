// SPDX-License-Identifier: GPL-2.0-only
/* Addresses, prefixes and ranges in text. What is wrong with a word that is none of them: addr_hint.c. */
#include "lib/text/internal.h"

static int parse_ip4(struct fw_str s, struct fw_addr *out)
{
	const char *p = s.s, *end = s.s + s.len;
	uint32_t addr = 0;

	for (int i = 0; i < 4; i++) {
		const char *from = p;
		unsigned v = 0;

		for (; p < end && *p >= '0' && *p <= '9' && p - from < 3; p++)
			v = v * 10 + (unsigned)(*p - '0');
		if (p == from || v > 255 || (*from == '0' && p - from > 1))
			return -EINVAL;
		addr = addr << 8 | v;
		if (i < 3 && (p == end || *p++ != '.'))
			return -EINVAL;
	}
	if (p != end)
		return -EINVAL;
	*out = (struct fw_addr){ (uint64_t)addr << 32, 0 };
	return 0;
}

static int parse_ip6(struct fw_str s, struct fw_addr *out)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t words[4];

	if (s.len >= sizeof(text) || memchr(s.s, 0, s.len))
		return -EINVAL;
	memcpy(text, s.s, s.len);
	text[s.len] = '\0';
	if (inet_pton(AF_INET6, text, words) != 1)
		return -EINVAL;
	out->hi = (uint64_t)ntohl(words[0]) << 32 | ntohl(words[1]);
	out->lo = (uint64_t)ntohl(words[2]) << 32 | ntohl(words[3]);
	return 0;
}

int fw_str_addr(struct fw_str s, enum fw_family *family, struct fw_addr *out)
{
	*family = memchr(s.s, ':', s.len) ? FW_IP6 : FW_IP4;
	return *family == FW_IP6 ? parse_ip6(s, out) : parse_ip4(s, out);
}

/* Why a word is no element: what fw_str_addr_range() says of it. */
enum fault { FINE, NO_ADDRESS, NO_LENGTH, HOST_BITS, TWO_FAMILIES, EMPTY };

static enum fault read_range(struct fw_str s, size_t dash, struct fw_addr_range *out)
{
	enum fw_family flo, fhi;

	if (fw_str_addr((struct fw_str){ s.s, dash }, &flo, &out->lo) ||
	    fw_str_addr((struct fw_str){ s.s + dash + 1, s.len - dash - 1 }, &fhi, &out->hi))
		return NO_ADDRESS;
	if (flo != fhi)
		return TWO_FAMILIES;
	out->family = (uint8_t)flo;
	return fw_addr_cmp(out->lo, out->hi) > 0 ? EMPTY : FINE;
}

static enum fault read_prefix(struct fw_str s, size_t slash, struct fw_addr_range *out)
{
	struct fw_str length = { s.s + slash + 1, s.len - slash - 1 };
	enum fw_family family;
	struct fw_addr addr;
	uint64_t len;

	if (fw_str_addr((struct fw_str){ s.s, slash }, &family, &addr))
		return NO_ADDRESS;
	out->family = (uint8_t)family;
	if (fw_str_u64(length, &len) || len > (family == FW_IP4 ? 32 : 128) || length.s[length.len - 1] > '9' ||
	    (length.len > 1 && length.s[1] == 'x'))
		return NO_LENGTH;
	*out = fw_addr_prefix(family, addr, (unsigned)len);
	return fw_addr_cmp(out->lo, addr) ? HOST_BITS : FINE;
}

/* *out is whole only when all is fine; but for HOST_BITS it is the prefix that the word lies in. */
static enum fault read_element(struct fw_str s, struct fw_addr_range *out)
{
	const char *mark = memchr(s.s, '-', s.len);
	enum fw_family family;

	memset(out, 0, sizeof(*out));
	if (mark)
		return read_range(s, (size_t)(mark - s.s), out);
	mark = memchr(s.s, '/', s.len);
	if (mark)
		return read_prefix(s, (size_t)(mark - s.s), out);
	if (fw_str_addr(s, &family, &out->lo))
		return NO_ADDRESS;
	out->hi = out->lo;
	out->family = (uint8_t)family;
	return FINE;
}

/* ::ffff:0:0/96, in which programs write IPv4 addresses. */
#define MAPPED_LO ((struct fw_addr){ 0, 0xffff00000000ull })
#define MAPPED_HI ((struct fw_addr){ 0, 0xffffffffffffull })

bool fw_addr_is_mapped(const struct fw_addr_range *r)
{
	int lo = fw_addr_cmp(r->lo, MAPPED_LO), hi = fw_addr_cmp(r->hi, MAPPED_HI);

	return r->family == FW_IP6 && lo >= 0 && hi <= 0 && (lo || hi);
}

int fw_addr_refuse_mapped(const struct fw_addr_range *r, struct fw_str s, struct fw_place at, struct fw_diags *ds)
{
	const struct fw_addr_range ip4 = { { r->lo.lo << 32, 0 }, { r->hi.lo << 32, 0 }, FW_IP4 };
	fw_cleanup(fw_buf_free) struct fw_buf hint = { 0 };

	fw_buf_printf(&hint, "did you mean ");
	fw_text_print_addr_range(&hint, &ip4);
	fw_buf_printf(&hint, "?");
	return fw_diag_add(ds, at, hint.text, "'%s' is IPv4-mapped: packets have the IPv4 address", FW_SHOW(s));
}

bool fw_str_is_element(struct fw_str s, struct fw_addr_range *out)
{
	return read_element(s, out) == FINE;
}

static const char *hint_of(enum fault fault, struct fw_str s, const struct fw_addr_range *r, struct fw_buf *b)
{
	if (fault == TWO_FAMILIES)
		return "both ends must be of one family";
	if (fault == EMPTY)
		return "write the smaller address first";
	if (fault == HOST_BITS) {
		fw_buf_printf(b, "did you mean ");
		fw_text_print_addr_range(b, r);
		fw_buf_printf(b, "?");
		return b->text;
	}
	if (fw_addr_hint(s, b))
		return b->text;
	if (fault == NO_LENGTH)
		return r->family == FW_IP4 ? "a number from 0 to 32" : "a number from 0 to 128";
	return "addresses are like 192.0.2.1, 2001:db8::1, 10.0.0.0/8 or 192.0.2.1-192.0.2.9; names are not looked up";
}

int fw_str_addr_range(struct fw_str s, struct fw_place at, struct fw_diags *ds, struct fw_addr_range *out)
{
	static const struct {
		const char *before, *after;
	} says[] = {
		[NO_ADDRESS] = { "", "is no address" },
		[NO_LENGTH] = { "", "is no prefix length" },
		[HOST_BITS] = { "", "has bits set behind its prefix length" },
		[TWO_FAMILIES] = { "the range ", "goes from one family to the other" },
		[EMPTY] = { "the range ", "is empty" },
	};
	fw_cleanup(fw_buf_free) struct fw_buf hint = { 0 };
	struct fw_addr_range r;
	enum fault fault = read_element(s, &r);
	const char *text;

	if (fault == FINE) {
		*out = r;
		return 0;
	}
	text = hint_of(fault, s, &r, &hint);
	if (fault == NO_LENGTH) {
		const char *length = (const char *)memchr(s.s, '/', s.len) + 1;

		s = (struct fw_str){ length, s.len - (size_t)(length - s.s) };
	}
	return fw_diag_add(ds, at, text, "%s'%s' %s", says[fault].before, FW_SHOW(s), says[fault].after);
}
