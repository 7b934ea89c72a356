// SPDX-License-Identifier: GPL-2.0-only
/* The words of a rule for what it matches. */
#include <arpa/inet.h>
#include <ctype.h>

#include "lib/import/nft.h"

static nft_number max_of(const struct nft_match *m, enum nft_field field)
{
	if (field == NFT_FROM || field == NFT_TO)
		return nft_values_has(&m->values[NFT_FAMILY], NFT_V4) ? (nft_number)UINT32_MAX : ~(nft_number)0;
	if (field == NFT_MAC)
		return ((nft_number)1 << 48) - 1;
	return nft_field_info[field].max;
}

static void print_address(int family, nft_number number, struct fw_buf *out)
{
	unsigned size = family == NFT_V4 ? 4 : 16;
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	for (unsigned i = 0; i < size; i++)
		bytes[i] = (uint8_t)(number >> 8 * (size - 1 - i));
	inet_ntop(family == NFT_V4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
	fw_buf_printf(out, "%s", text);
}

void nft_print_addresses(int family, const struct nft_range *r, struct fw_buf *out)
{
	unsigned bits = family == NFT_V4 ? 32 : 128;
	nft_number host = r->hi - r->lo;

	print_address(family, r->lo, out);
	if (r->lo == r->hi)
		return;
	if (host & (host + 1) || r->lo & host) {
		fw_buf_printf(out, "-");
		print_address(family, r->hi, out);
		return;
	}
	for (; host; host >>= 1)
		bits--;
	fw_buf_printf(out, "/%u", bits);
}

static const char *value_name(enum nft_field field, uint32_t value)
{
	static const char *const packet_types[] = { "unicast", "broadcast", "multicast" };
	const struct nft_field_info *f = &nft_field_info[field];

	if (field == NFT_PACKET_TYPE)
		return packet_types[value];
	if (f->field < 0 || field == NFT_ICMP_CODE || field == NFT_ICMP6_CODE)
		return NULL;
	return fw_field_value_name((enum fw_field)f->field, f->v6, value);
}

static void print_number(enum nft_field field, nft_number number, struct fw_buf *out)
{
	const char *name = value_name(field, (uint32_t)number);

	if (name)
		fw_buf_printf(out, "%s", name);
	else if (field == NFT_MARK)
		fw_buf_printf(out, "0x%x", (unsigned)number);
	else
		fw_buf_printf(out, "%u", (unsigned)number);
}

static void print_mac(nft_number number, struct fw_buf *out)
{
	for (int shift = 40; shift >= 0; shift -= 8)
		fw_buf_printf(out, "%02x%s", (unsigned)(number >> shift) & 0xff, shift ? ":" : "");
}

static bool spelled(enum nft_field field)
{
	return field == NFT_STATE || field == NFT_PACKET_TYPE || field == NFT_FRAG;
}

/* One by one, if the values have no order. */
static void print_range(const struct nft_match *m, enum nft_field field, const struct nft_range *r, struct fw_buf *out)
{
	if (field == NFT_FROM || field == NFT_TO) {
		nft_print_addresses(nft_values_has(&m->values[NFT_FAMILY], NFT_V4) ? NFT_V4 : NFT_V6, r, out);
	} else if (field == NFT_MAC) {
		print_mac(r->lo, out);
	} else if (spelled(field)) {
		for (nft_number v = r->lo; v <= r->hi; v++) {
			fw_buf_printf(out, "%s", v > r->lo ? ", " : "");
			print_number(field, v, out);
		}
	} else if (r->lo == r->hi) {
		print_number(field, r->lo, out);
	} else {
		fw_buf_printf(out, field == NFT_MARK ? "0x%x-0x%x" : "%u-%u", (unsigned)r->lo, (unsigned)r->hi);
	}
}

static bool single(enum nft_field field, const struct nft_values *v)
{
	return v->n == 1 && (!spelled(field) || v->ranges[0].lo == v->ranges[0].hi);
}

/* A rule lists MAC addresses that have the same first three bytes, one by one. */
static int check_macs(struct nft *n, const struct nft_values *v, bool negated)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->ranges[i].lo != v->ranges[i].hi)
			return nft_refuse(n, FW_IMPORT_AS_VALUE, "ranges of MAC addresses cannot be matched");
		if (negated || v->ranges[i].lo >> FW_MAC_BITS != v->ranges[0].lo >> FW_MAC_BITS)
			return nft_refuse(
				n, FW_IMPORT_AS_VALUE,
				"rules list MAC addresses with the same first three bytes, and do not exclude any");
	}
	return 0;
}

static int print_ranges(struct nft *n, const struct nft_match *m, enum nft_field field, struct fw_buf *out)
{
	const struct nft_values *v = &m->values[field];
	struct nft_values others = *v;
	bool negated;
	int err = nft_values_not(n, &others, max_of(m, field));

	if (err)
		return err;
	negated = others.n && (others.n < v->n || (field == NFT_MAC && v->ranges[0].lo != v->ranges[0].hi));
	v = negated ? &others : v;
	err = field == NFT_MAC ? check_macs(n, v, negated) : 0;
	if (err)
		return err;
	fw_buf_printf(out, " %s%s%s ", nft_field_info[field].word, negated ? " not" : "", single(field, v) ? "" : " {");
	for (size_t i = 0; i < v->n; i++) {
		fw_buf_printf(out, "%s", i ? ", " : "");
		print_range(m, field, &v->ranges[i], out);
	}
	fw_buf_printf(out, "%s", single(field, v) ? "" : " }");
	return 0;
}

static bool plain(const char *name)
{
	if (!isalpha((unsigned char)*name) || !strcmp(name, "not") || !strcmp(name, "any"))
		return false;
	while (isalnum((unsigned char)*name) || (*name && strchr("._-", *name)))
		name++;
	return !*name || !strcmp(name, "*");
}

static void print_names(enum nft_field field, const struct nft_values *v, struct fw_buf *out)
{
	bool interface = field == NFT_FROM_IF || field == NFT_TO_IF;

	fw_buf_printf(out, " %s%s%s ", nft_field_info[field].word, v->negated ? " not" : "", v->nnames > 1 ? " {" : "");
	for (size_t i = 0; i < v->nnames; i++) {
		const char *quote = interface && !plain(v->names[i]) ? "\"" : "";

		fw_buf_printf(out, "%s%s%s%s", i ? ", " : "", quote, v->names[i], quote);
	}
	fw_buf_printf(out, "%s", v->nnames > 1 ? " }" : "");
}

static void print_flags(unsigned value, struct fw_buf *out)
{
	const char *between = "";

	for (unsigned bit = 1; bit < 256; bit <<= 1)
		if (value & bit) {
			const struct fw_name *name = fw_field_names(FW_F_TCP_FLAGS, false);

			while (name->value != bit)
				name++;
			fw_buf_printf(out, "%s%s", between, name->name);
			between = ",";
		}
	if (!value)
		fw_buf_printf(out, "none");
}

/* Do all values with these bits in the mask belong to the set? */
static bool covers(const struct nft_values *v, unsigned value, unsigned mask)
{
	for (unsigned i = 0; i < 256; i++)
		if ((i & mask) == (value & mask) && !nft_values_has(v, i))
			return false;
	return true;
}

/* The set as VALUE/MASK: each value gets the smallest mask that lets only values of the set in. Return: how many. */
static unsigned cover(const struct nft_values *v, struct fw_buf *out)
{
	bool said[256] = { false };
	unsigned n = 0, mask;

	for (unsigned i = 0; i < 256; i++) {
		if (said[i] || !nft_values_has(v, i))
			continue;
		mask = 255;
		for (unsigned bit = 128; bit; bit >>= 1)
			if (covers(v, i, mask & ~bit))
				mask &= ~bit;
		for (unsigned k = 0; k < 256; k++)
			said[k] = said[k] || (k & mask) == (i & mask);
		fw_buf_printf(out, "%s", n++ ? ", " : "");
		print_flags(i & mask, out);
		if (mask != (i & mask)) {
			fw_buf_printf(out, "/");
			print_flags(mask, out);
		}
	}
	return n;
}

static int print_tcp_flags(struct nft *n, const struct nft_match *m, struct fw_buf *out)
{
	const struct nft_values *v = &m->values[NFT_FLAGS];
	struct fw_buf yes = { 0 }, no = { 0 };
	struct nft_values others = *v;
	unsigned nyes, nno;
	int err = nft_values_not(n, &others, 255);

	if (err)
		return err;
	nyes = cover(v, &yes);
	nno = cover(&others, &no);
	if (nno && nno < nyes)
		fw_buf_printf(out, nno > 1 ? " flags not { %s }" : " flags not %s", no.text);
	else if (nno)
		fw_buf_printf(out, nyes > 1 ? " flags { %s }" : " flags %s", yes.text);
	fw_buf_free(&yes);
	fw_buf_free(&no);
	return 0;
}

/* Ports need a protocol that has some. */
static int check_ports(struct nft *n, const struct nft_match *m)
{
	static const uint8_t with_ports[] = { 6, 17, 33, 132, 136 };
	const struct nft_values *protos = &m->values[NFT_PROTO];
	size_t found = 0, all = 0;

	if (!(m->given & (NFT_BITS(NFT_SPORT) | NFT_BITS(NFT_DPORT))))
		return 0;
	for (size_t i = 0; i < sizeof(with_ports); i++)
		found += nft_values_has(protos, with_ports[i]);
	for (size_t i = 0; i < protos->n; i++)
		all += (size_t)(protos->ranges[i].hi - protos->ranges[i].lo + 1);
	if (m->given & NFT_BITS(NFT_PROTO) && found == all)
		return 0;
	return nft_refuse(n, FW_IMPORT_AS_MATCH, "ports of protocols that have none, or without a protocol");
}

static bool full(const struct nft_match *m, enum nft_field field)
{
	const struct nft_values *v = &m->values[field];

	return v->n == 1 && !v->ranges[0].lo && v->ranges[0].hi == max_of(m, field);
}

/* Fields that every packet has: all of their values ask for nothing. */
static bool says_nothing(const struct nft_match *m, enum nft_field field)
{
	return full(m, field) && (field == NFT_FROM || field == NFT_TO || spelled(field) || field == NFT_DSCP ||
				  field == NFT_TTL || field == NFT_PROTO || field == NFT_MARK || field == NFT_LENGTH);
}

/* Hooks, if the chain's callers do not suffice, and the family, if the table does not. */
static void print_place(const struct nft_use *use, const struct nft_match *m, struct fw_buf *out)
{
	bool hooks = m->given & NFT_BITS(NFT_HOOK);

	for (unsigned h = 0; use->word && (hooks || m->given & NFT_BITS(NFT_STATE)) && h < FW_NHOOKS; h++)
		if (use->hooks & 1u << h && (!hooks || nft_values_has(&m->values[NFT_HOOK], h)))
			fw_buf_printf(out, " %s", fw_hook_name((enum fw_hook)h));
	if (m->given & NFT_BITS(NFT_FAMILY) && !full(m, NFT_FAMILY) && strcmp(use->chain->family, "ip") &&
	    strcmp(use->chain->family, "ip6"))
		fw_buf_printf(out, nft_values_has(&m->values[NFT_FAMILY], NFT_V4) ? " ip" : " ip6");
}

/* Bits of the mark are matched apart from the whole mark; in lists and after `not` they are all in the same byte. */
/* The bytes of a mark that "VALUE/MASK" names, a bit each. */
static unsigned mark_bytes(const char *pair)
{
	const char *slash = strchr(pair, '/');
	unsigned long mask = slash ? strtoul(slash + 1, NULL, 16) : 0;
	unsigned bytes = 0;

	for (unsigned b = 0; b < FW_MARK_BYTES; b++)
		bytes |= (unsigned)!!(mask >> 8 * b & 255) << b;
	return bytes;
}

static int check_marks(struct nft *n, const struct nft_match *m)
{
	const struct nft_values *v = &m->values[NFT_MARK_BITS];
	unsigned bytes = 0;

	if (!(m->given & NFT_BITS(NFT_MARK_BITS)))
		return 0;
	if (m->given & NFT_BITS(NFT_MARK) && !full(m, NFT_MARK))
		return nft_refuse(n, FW_IMPORT_AS_VALUE, "a rule has a mark either with a mask or without one");
	for (size_t i = 0; i < v->nnames; i++)
		bytes |= mark_bytes(v->names[i]);
	if (bytes & (bytes - 1) && (v->negated || v->nnames > 1))
		return nft_refuse(n, FW_IMPORT_AS_VALUE,
				  "a rule excludes or lists marks with masks if their bits are in the same byte");
	return 0;
}

int nft_print_match(struct nft *n, const struct nft_use *use, const struct nft_match *m, struct fw_buf *out)
{
	int err = check_ports(n, m);

	if (!err)
		err = check_marks(n, m);
	print_place(use, m, out);
	for (unsigned f = NFT_FAMILY + 1; !err && f < NFT_NFIELDS; f++) {
		enum nft_field field = (enum nft_field)f;

		if (!(m->given & NFT_BITS(field)) || says_nothing(m, field))
			continue;
		if (m->values[field].nnames)
			print_names(field, &m->values[field], out);
		else if (field == NFT_FLAGS)
			err = print_tcp_flags(n, m, out);
		else
			err = print_ranges(n, m, field, out);
	}
	return err;
}
