// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets written by hand: one line of text becomes the bytes of a frame. Reading
 * fills a table of field values; contradictions are refused, nothing is ignored.
 */
#include "lib/text/internal.h"

#include "lib/text/frame.h"

#define FORM "PROTO ADDR[:PORT] > ADDR[:PORT] [in|out|...] [on IFACE] [flags F,F] [type T] [vlan N] ..."

struct reader {
	const char *text;
	const char *pos;
	struct fw_diags *ds;
	struct fw_str word;            /* the current one; empty at the end */
	uint32_t column[FW_KEY_SLOTS]; /* where each field was given; 0: it was not */
	struct fw_packet *p;
};

static struct fw_place place(const struct reader *r)
{
	return (struct fw_place){ .column = (unsigned)(r->word.s - r->text) + 1 };
}

static struct fw_place field_place(const struct reader *r, enum fw_field field)
{
	return (struct fw_place){ .column = r->column[field] ? r->column[field] : 1 };
}

/* `>` is a word of its own, with or without blanks around it. */
static void next_word(struct reader *r)
{
	const char *s = r->pos + strspn(r->pos, " \t");
	size_t len = *s == '>' ? 1 : strcspn(s, " \t>");

	r->word = (struct fw_str){ s, len };
	r->pos = s + len;
}

static int set_field(struct reader *r, enum fw_field field, uint32_t value)
{
	if (r->column[field])
		return fw_diag_add(r->ds, place(r), NULL, "'%s' is given twice", fw_field_info[field].keyword);
	r->column[field] = place(r).column;
	r->p->f[field] = value;
	return 0;
}

/* A number or a name, as the field has them. */
static bool read_value(struct fw_str s, enum fw_field field, bool v6, uint32_t *out)
{
	uint64_t number;

	if (!fw_str_u64(s, &number) && number <= fw_field_info[field].max) {
		*out = (uint32_t)number;
		return true;
	}
	for (const struct fw_name *n = fw_field_names(field, v6); n && n->name; n++)
		if (fw_str_is(s, n->name)) {
			*out = n->value;
			return true;
		}
	return false;
}

/* Names of flags with commas between them, or `none`; false: neither. */
static bool read_flags(struct fw_str s, enum fw_field field, uint32_t *out)
{
	uint32_t flags = 0, one;

	if (fw_str_is(s, "none")) {
		*out = 0;
		return true;
	}
	while (s.len) {
		const char *comma = memchr(s.s, ',', s.len);
		struct fw_str item = { s.s, comma ? (size_t)(comma - s.s) : s.len };

		if (!read_value(item, field, false, &one) || (comma && item.len + 1 == s.len))
			return false;
		flags |= one;
		s.s += item.len + (comma ? 1 : 0);
		s.len -= item.len + (comma ? 1 : 0);
	}
	*out = flags;
	return true;
}

static int read_proto(struct reader *r)
{
	next_word(r);
	if (!r->word.len)
		return fw_diag_add(r->ds, place(r), FORM, "there is no packet");
	r->p->proto_named = r->word.s[0] > '9';
	if (!read_value(r->word, FW_F_PROTO, false, &r->p->f[FW_F_PROTO]))
		return fw_diag_add(r->ds, place(r), "a name such as tcp, udp, icmp, icmp6, or a number up to 255",
				   "unknown protocol '%s'", FW_SHOW(r->word));
	r->column[FW_F_PROTO] = place(r).column;
	return 0;
}

/* Splits `[addr]:port`, `addr4:port`, `[addr]` and `addr`; @port is empty when there is none. */
static bool split_endpoint(struct fw_str s, struct fw_str *addr, struct fw_str *port)
{
	const char *close = s.len && s.s[0] == '[' ? memchr(s.s, ']', s.len) : NULL;
	const char *colon = close ? close + 1 : memchr(s.s, ':', s.len);
	const char *end = s.s + s.len;
	bool v6 = !close && colon && memchr(colon + 1, ':', (size_t)(end - colon - 1));

	*addr = close ? (struct fw_str){ s.s + 1, (size_t)(close - s.s - 1) } : s;
	*port = (struct fw_str){ end, 0 };
	if (!colon || colon == end || v6)
		return true;
	if (*colon != ':')
		return false;
	if (!close)
		addr->len = (size_t)(colon - s.s);
	*port = (struct fw_str){ colon + 1, (size_t)(end - colon - 1) };
	return port->len > 0;
}

/* An address with an optional port; both ends must have the same family, which the first one sets. */
static int read_endpoint(struct reader *r, struct fw_addr *out, enum fw_field port_field)
{
	const char *side = port_field == FW_F_SPORT ? "source" : "destination";
	struct fw_str addr, port;
	enum fw_family family;
	uint32_t value;

	next_word(r);
	if (!r->word.len)
		return fw_diag_add(r->ds, place(r), FORM, "the %s address is missing", side);
	if (!split_endpoint(r->word, &addr, &port) || fw_str_addr(addr, &family, out))
		return fw_diag_add(r->ds, place(r), "192.0.2.1, 192.0.2.1:80, 2001:db8::1 or [2001:db8::1]:80",
				   "'%s' is not an address", FW_SHOW(r->word));
	if (r->p->family != FW_FAMILY_NONE && r->p->family != family)
		return fw_diag_add(r->ds, place(r), "both addresses must be of the same family",
				   "one address is IPv4 and the other IPv6");
	r->p->family = family;
	if (!port.len)
		return 0;
	r->word = port;
	if (!read_value(port, port_field, false, &value))
		return fw_diag_add(r->ds, place(r), "a number from 0 to 65535", "'%s' is not a port", FW_SHOW(port));
	return set_field(r, port_field, value);
}

/* An interface of @field, whose name goes to @out. */
static int read_iface(struct reader *r, enum fw_field field, char out[FW_IFNAME_MAX + 1])
{
	struct fw_str name = r->word;
	char shown[4 * FW_IFNAME_MAX + 1] = "";

	if (name.len < sizeof(shown))
		snprintf(shown, sizeof(shown), "%.*s", (int)name.len, name.s);
	if (!fw_name_read(out, FW_IFNAME_MAX + 1, shown))
		return fw_diag_add(r->ds, place(r), "an interface name has 1 to 15 characters",
				   "'%s' is not an interface name", FW_SHOW(name));
	return set_field(r, field, 0);
}

/* `on`, `from-if` or `to-if`, and the name. */
static int read_named_iface(struct reader *r, enum fw_field field)
{
	next_word(r);
	return read_iface(r, field,
			  field == FW_F_FROM_IF ? r->p->from_if :
			  field == FW_F_TO_IF   ? r->p->to_if :
						  r->p->iface);
}

static int read_option_value(struct reader *r, enum fw_field field)
{
	const struct fw_field_info *info = &fw_field_info[field];
	uint32_t value = 0, low = 0;
	bool ok;

	next_word(r);
	if (!r->word.len)
		return fw_diag_add(r->ds, place(r), info->hint, "a value must follow '%s'", info->packet_word);
	if (info->kind == FW_KIND_MAC)
		ok = fw_str_mac(r->word, &value, &low);
	else
		ok = info->kind == FW_KIND_FLAGS ? read_flags(r->word, field, &value) :
						   read_value(r->word, field, r->p->family == FW_IP6, &value);
	if (!ok)
		return fw_diag_add(r->ds, place(r), info->hint, "'%s' is not a value of '%s'", FW_SHOW(r->word),
				   info->packet_word);
	if (info->kind == FW_KIND_MAC)
		r->p->f[FW_F_MAC_LOW] = low;
	return set_field(r, field, value);
}

/* One word after the addresses, with its value. A word that is not an option is the interface, if none was given yet. */
static int read_option(struct reader *r)
{
	for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
		if (fw_str_is(r->word, fw_hook_name((enum fw_hook)hook)))
			return set_field(r, FW_F_HOOK, hook);
	if (fw_str_is(r->word, "pppoe")) {
		r->p->pppoe = true;
		return 0;
	}
	for (enum fw_field f = 0; f < FW_NFIELDS; f++) {
		if (fw_field_is_iface(f) && fw_str_is(r->word, fw_field_info[f].keyword))
			return read_named_iface(r, f);
		if (fw_field_info[f].packet_word && fw_str_is(r->word, fw_field_info[f].packet_word))
			return read_option_value(r, f);
	}
	if (r->column[FW_F_IFACE])
		return fw_diag_add(r->ds, place(r), FORM, "unknown word '%s'", FW_SHOW(r->word));
	return read_iface(r, FW_F_IFACE, r->p->iface);
}

/* Refuses a field that the packet does not have. Ports must be given; other fields have defaults. */
static int check_field(struct reader *r, enum fw_field field)
{
	const struct fw_field_info *info = &fw_field_info[field];
	bool has = fw_packet_layers(r->p) & fw_field_layer(field) && fw_field_in_family(field, r->p->family);
	enum fw_hook hook = (enum fw_hook)r->p->f[FW_F_HOOK];

	if (r->column[field] && has && !(fw_packet_hooks(r->p, field) & 1u << hook))
		return fw_diag_add(r->ds, field_place(r, field), NULL, "'%s' of such a packet is not known at %s",
				   info->keyword, fw_hook_name(hook));
	if (r->column[field])
		return has ? 0 :
			     fw_diag_add(
				     r->ds, field_place(r, field),
				     r->p->f[FW_F_FRAG] == FW_FRAG_LATER ?
					     "a later fragment has only addresses and a protocol" :
					     "ports need tcp, udp, sctp, dccp or udplite; flags, tcp-option and mss need "
					     "tcp; type and code need icmp (IPv4) or icmp6 (IPv6); ip-option needs IPv4, "
					     "rt-type and next-header IPv6",
				     "such a packet has no %s", info->keyword);
	if (has && info->kind == FW_KIND_PORT)
		return fw_diag_add(r->ds, field_place(r, FW_F_PROTO), "10.0.0.1:1024 > 192.0.2.1:80, both with a port",
				   "the %s is missing", info->keyword);
	if (field != FW_F_MAC_LOW || !r->column[FW_F_MAC_HIGH])
		r->p->f[field] = fw_packet_usual(r->p, field);
	return 0;
}

static int check_proto(struct reader *r)
{
	const struct fw_packet *p = r->p;
	uint32_t proto = p->f[FW_F_PROTO];
	bool v6 = p->family == FW_IP6;

	if (p->proto_named && ((v6 && proto == 1) || (!v6 && proto == 58)))
		return fw_diag_add(r->ds, field_place(r, FW_F_PROTO), v6 ? "icmp6" : "icmp",
				   "%s cannot be used with these addresses", v6 ? "icmp" : "icmp6");
	if (v6 && p->f[FW_F_FRAG] != FW_FRAG_LATER && fw_packet_is_ext(proto))
		return fw_diag_add(r->ds, field_place(r, FW_F_PROTO), "name the protocol after it",
				   "protocol %u is an extension header in IPv6", proto);
	return 0;
}

static int check_next_header(struct reader *r)
{
	const struct fw_packet *p = r->p;
	uint32_t next = p->f[FW_F_NEXT_HEADER];

	if (p->family != FW_IP6 || fw_packet_can_begin(p, next))
		return 0;
	return fw_diag_add(r->ds, field_place(r, FW_F_NEXT_HEADER),
			   next == IPPROTO_ROUTING  ? "give the type of the routing header too: rt-type 0" :
			   next == IPPROTO_FRAGMENT ? "in a later fragment nothing comes after the fragment header" :
						      fw_field_info[FW_F_NEXT_HEADER].hint,
			   "%u is not the next header of such a packet", next);
}

static int check_length(struct reader *r)
{
	struct fw_packet *p = r->p;

	if (!r->column[FW_F_LENGTH])
		p->f[FW_F_LENGTH] = fw_packet_bytes(p);
	if (p->pppoe && p->f[FW_F_LENGTH] > FW_PPPOE_LENGTH_MAX)
		return fw_diag_add(r->ds, field_place(r, FW_F_LENGTH), NULL,
				   "a packet in a PPPoE session has at most %d bytes", FW_PPPOE_LENGTH_MAX);
	if (p->f[FW_F_LENGTH] < fw_packet_least(p))
		return fw_diag_add(r->ds, field_place(r, FW_F_LENGTH), NULL,
				   "the headers of this packet alone take %u bytes", fw_packet_least(p));
	return 0;
}

/* Packets that came in, or go out, at a hook where `on` is that interface. */
static int check_ifaces(struct reader *r)
{
	const uint32_t *column = r->column;
	enum fw_field other = column[FW_F_FROM_IF] ? FW_F_FROM_IF : FW_F_TO_IF;
	enum fw_hook hook = (enum fw_hook)r->p->f[FW_F_HOOK];

	if (!column[FW_F_IFACE] || !column[other] || (other == FW_F_FROM_IF && hook == FW_OUT))
		return 0;
	return fw_diag_add(r->ds, field_place(r, other), "write one of them",
			   "at %s '%s' and 'on' are the same interface", fw_hook_name(hook),
			   fw_field_info[other].keyword);
}

static int check(struct reader *r)
{
	int err = check_proto(r);

	for (enum fw_field f = 0; !err && f < FW_NFIELDS; f++)
		err = check_field(r, f);
	if (!err)
		err = check_ifaces(r);
	if (!err)
		err = check_next_header(r);
	if (!err)
		err = check_length(r);
	return err;
}

int fw_text_frame(const char *text, struct fw_frame *out, struct fw_diags *ds)
{
	struct fw_packet p = { .family = FW_FAMILY_NONE };
	struct reader r = { .text = text, .pos = text, .ds = ds, .p = &p };
	int err;

	err = read_proto(&r);
	if (!err)
		err = read_endpoint(&r, &p.src, FW_F_SPORT);
	if (err)
		return err;
	next_word(&r);
	if (!fw_str_is(r.word, ">"))
		return fw_diag_add(ds, place(&r), FORM, "expected '>' and the destination address");
	err = read_endpoint(&r, &p.dst, FW_F_DPORT);
	for (next_word(&r); !err && r.word.len; next_word(&r))
		err = read_option(&r);
	if (!err)
		err = check(&r);
	if (!err)
		fw_packet_build(&p, out);
	return err;
}
