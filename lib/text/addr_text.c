// SPDX-License-Identifier: GPL-2.0-only
/* Addresses in text, and files of them. */
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

static int refuse_addr(struct fw_str s, struct fw_place at, struct fw_diags *ds)
{
	bool scoped = memchr(s.s, ':', s.len) && memchr(s.s, '%', s.len);

	return fw_diag_add(ds, at,
			   scoped ? "leave '%' and the interface out; use 'on' to match an interface" :
				    "addresses are like 192.0.2.1, 2001:db8::1, 10.0.0.0/8 or 192.0.2.1-192.0.2.9; "
				    "names are not looked up",
			   "'%s' is no address", FW_SHOW(s));
}

static int parse_range(struct fw_str s, size_t dash, struct fw_place at, struct fw_diags *ds, struct fw_addr_range *out)
{
	enum fw_family flo, fhi;

	if (fw_str_addr((struct fw_str){ s.s, dash }, &flo, &out->lo) ||
	    fw_str_addr((struct fw_str){ s.s + dash + 1, s.len - dash - 1 }, &fhi, &out->hi))
		return refuse_addr(s, at, ds);
	if (flo != fhi)
		return fw_diag_add(ds, at, "both ends must be of one family",
				   "the range '%s' goes from one family to the other", FW_SHOW(s));
	if (fw_addr_cmp(out->lo, out->hi) > 0)
		return fw_diag_add(ds, at, "write the smaller address first", "the range '%s' is empty", FW_SHOW(s));
	out->family = (uint8_t)flo;
	return 0;
}

static int refuse_host_bits(struct fw_str s, const struct fw_addr_range *right, struct fw_place at, struct fw_diags *ds)
{
	struct fw_buf b = { 0 };

	fw_buf_printf(&b, "did you mean ");
	fw_text_print_addr_range(&b, right);
	fw_buf_printf(&b, "?");
	fw_diag_add(ds, at, b.text, "'%s' has bits set behind its prefix length", FW_SHOW(s));
	fw_buf_free(&b);
	return -EINVAL;
}

static int parse_prefix(struct fw_str s, size_t slash, struct fw_place at, struct fw_diags *ds,
			struct fw_addr_range *out)
{
	struct fw_str length = { s.s + slash + 1, s.len - slash - 1 };
	enum fw_family family;
	struct fw_addr addr;
	uint64_t len;

	if (fw_str_addr((struct fw_str){ s.s, slash }, &family, &addr))
		return refuse_addr(s, at, ds);
	if (fw_str_u64(length, &len) || len > (family == FW_IP4 ? 32 : 128) || length.s[length.len - 1] > '9' ||
	    (length.len > 1 && length.s[1] == 'x'))
		return fw_diag_add(ds, at, family == FW_IP4 ? "a number from 0 to 32" : "a number from 0 to 128",
				   "'%s' is no prefix length", FW_SHOW(length));
	*out = fw_addr_prefix(family, addr, (unsigned)len);
	return fw_addr_cmp(out->lo, addr) ? refuse_host_bits(s, out, at, ds) : 0;
}

int fw_str_addr_range(struct fw_str s, struct fw_place at, struct fw_diags *ds, struct fw_addr_range *out)
{
	const char *mark = memchr(s.s, '-', s.len);
	struct fw_addr_range r = { 0 };
	enum fw_family family;
	int err;

	if (mark) {
		err = parse_range(s, (size_t)(mark - s.s), at, ds, &r);
	} else if ((mark = memchr(s.s, '/', s.len))) {
		err = parse_prefix(s, (size_t)(mark - s.s), at, ds, &r);
	} else {
		err = fw_str_addr(s, &family, &r.lo) ? refuse_addr(s, at, ds) : 0;
		r.hi = r.lo;
		r.family = (uint8_t)family;
	}
	if (!err)
		*out = r;
	return err;
}

/* What stands on the line besides blanks and a comment. */
static struct fw_str element_of(const char *line, const char *end)
{
	const char *s = line, *last;

	while (s < end && (*s == ' ' || *s == '\t' || *s == '\r'))
		s++;
	for (last = s; last < end && *last != '#' && *last != ';'; last++)
		;
	while (last > s && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\r'))
		last--;
	return (struct fw_str){ s, (size_t)(last - s) };
}

int fw_text_set_elements(struct fw_set *set, const char *text, size_t len, const char *name, struct fw_diags *ds)
{
	const char *end = text + len, *next;
	struct fw_place at = { .file = name };
	int result = 0;

	for (const char *line = text; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		struct fw_str s = element_of(line, newline ? newline : end);
		struct fw_addr_range r;

		next = newline ? newline + 1 : end;
		at.line++;
		at.column = (unsigned)(s.s - line) + 1;
		if (!s.len)
			continue;
		if (fw_str_addr_range(s, at, ds, &r))
			result = -EINVAL;
		else if (fw_set_push(set, &r))
			return -ENOMEM;
	}
	fw_set_sort(set);
	return result;
}
