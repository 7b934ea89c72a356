// SPDX-License-Identifier: GPL-2.0-only
/* Addresses, prefixes and ranges, parsed and printed. Diagnostics for other words are in addr_text.c. */
#include "lib/text/internal.h"

/* Four decimal numbers without leading zeros, which some programs read as octal. */
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

static enum fw_addr_fault read_range(struct fw_str s, size_t dash, struct fw_addr_range *out)
{
	enum fw_family flo, fhi;

	if (fw_str_addr((struct fw_str){ s.s, dash }, &flo, &out->lo) ||
	    fw_str_addr((struct fw_str){ s.s + dash + 1, s.len - dash - 1 }, &fhi, &out->hi))
		return FW_ADDR_NONE;
	if (flo != fhi)
		return FW_ADDR_TWO_FAMILIES;
	out->family = (uint8_t)flo;
	return fw_addr_cmp(out->lo, out->hi) > 0 ? FW_ADDR_EMPTY : FW_ADDR_FINE;
}

static enum fw_addr_fault read_prefix(struct fw_str s, size_t slash, struct fw_addr_range *out)
{
	struct fw_str length = { s.s + slash + 1, s.len - slash - 1 };
	enum fw_family family;
	struct fw_addr addr;
	uint64_t len;

	if (fw_str_addr((struct fw_str){ s.s, slash }, &family, &addr))
		return FW_ADDR_NONE;
	out->family = (uint8_t)family;
	if (fw_str_u64(length, &len) || len > (family == FW_IP4 ? 32 : 128) || length.s[length.len - 1] > '9' ||
	    (length.len > 1 && length.s[1] == 'x'))
		return FW_ADDR_NO_LENGTH;
	*out = fw_addr_prefix(family, addr, (unsigned)len);
	return fw_addr_cmp(out->lo, addr) ? FW_ADDR_HOST_BITS : FW_ADDR_FINE;
}

enum fw_addr_fault fw_str_element(struct fw_str s, struct fw_addr_range *out)
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
		return FW_ADDR_NONE;
	out->hi = out->lo;
	out->family = (uint8_t)family;
	return FW_ADDR_FINE;
}

/* ::ffff:0:0/96, in which programs write IPv4 addresses. */
#define MAPPED_LO ((struct fw_addr){ 0, 0xffff00000000ull })
#define MAPPED_HI ((struct fw_addr){ 0, 0xffffffffffffull })

bool fw_addr_is_mapped(const struct fw_addr_range *r)
{
	int lo = fw_addr_cmp(r->lo, MAPPED_LO), hi = fw_addr_cmp(r->hi, MAPPED_HI);

	return r->family == FW_IP6 && lo >= 0 && hi <= 0 && (lo || hi);
}

bool fw_str_is_element(struct fw_str s, struct fw_addr_range *out)
{
	return fw_str_element(s, out) == FW_ADDR_FINE;
}

/* Several times as fast as inet_ntop(), which counts when a million rules are written. */
static void print_ip4(struct fw_buf *b, uint32_t addr)
{
	char text[4 * (FW_U64_DIGITS + 1)], *end = text;

	for (int shift = 24; shift >= 0; shift -= 8) {
		end = fw_put_u64(end, addr >> shift & 0xff);
		*end++ = '.';
	}
	fw_buf_add(b, text, (size_t)(end - text - 1));
}

static void print_addr(struct fw_buf *b, enum fw_family family, struct fw_addr a)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t words[4] = { htonl((uint32_t)(a.hi >> 32)), htonl((uint32_t)a.hi), htonl((uint32_t)(a.lo >> 32)),
			      htonl((uint32_t)a.lo) };

	if (family == FW_IP4) {
		print_ip4(b, (uint32_t)(a.hi >> 32));
		return;
	}
	inet_ntop(AF_INET6, words, text, sizeof(text));
	fw_buf_word(b, text);
}

void fw_text_print_addr_range(struct fw_buf *b, const struct fw_addr_range *r)
{
	unsigned __int128 lo = (unsigned __int128)r->lo.hi << 64 | r->lo.lo;
	unsigned __int128 hi = (unsigned __int128)r->hi.hi << 64 | r->hi.lo;
	unsigned bits = r->family == FW_IP4 ? 32 : 128, host = 0;

	lo >>= 128 - bits;
	hi >>= 128 - bits;
	print_addr(b, r->family, r->lo);
	if (lo == hi)
		return;
	for (unsigned __int128 differ = lo ^ hi; differ; differ >>= 1)
		host++;

	unsigned __int128 mask = host == 128 ? ~(unsigned __int128)0 : ((unsigned __int128)1 << host) - 1;

	if (!(lo & mask) && (hi & mask) == mask) {
		fw_buf_word(b, "/");
		fw_buf_u64(b, bits - host);
		return;
	}
	fw_buf_word(b, "-");
	print_addr(b, r->family, r->hi);
}
