// SPDX-License-Identifier: GPL-2.0-only
/*
 * A field that a rule matches, as options of iptables. `!` there is true of packets that lack the field, unless it says so: such
 * options are only used where that cannot be, or the values are said the other way round.
 */
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/export/ipt.h"

#define VALUES_MAX 256 /* options that a list may become */

/* A field while its options are made. */
struct field {
	struct export *e;
	const struct ipt_place *at;
	const struct fw_match *f;
	struct ipt_match *m;
	const char *word; /* of the row */
};

static int refuse(const struct field *x)
{
	return export_refuse(x->e, "%s cannot say '%s' like this", x->e->tool,
			     fw_field_word((enum fw_field)x->f->field, x->at->family == FW_IP6));
}

/* The ways to say a value @v, and "!" or nothing before the option. */
typedef int (*print_value_fn)(const struct field *x, struct ipt_ask *ask, const char * not, uint32_t v);

static uint64_t count_values(const struct fw_match *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < f->n; i++)
		n += (uint64_t)f->r[i].hi - f->r[i].lo + 1;
	return n;
}

#define AGAIN_MAX 6 /* options of one kind, each with `!`, in a line */

/* The same values, as those that match. NULL: out of memory. */
static struct fw_match *turned_round(const struct fw_match *f)
{
	struct fw_match *out = calloc(1, sizeof(*out) + FW_MATCH_RANGES_MAX(f) * sizeof(f->r[0]));

	if (!out)
		return NULL;
	out->field = f->field;
	out->n = (uint16_t)fw_match_ranges(f, out->r);
	return out;
}

static int each_value_of(const struct field *x, bool again, print_value_fn print)
{
	const struct fw_match *f = x->f;
	uint64_t n = count_values(f);
	bool none = f->negated && n > 1 && !again;
	struct ipt_ask *ask = ipt_ask_new(x->m, none);
	int err = n > VALUES_MAX ? refuse(x) : 0;

	for (unsigned i = 0; i < f->n && !err; i++)
		for (uint32_t v = f->r[i].lo; !err; v++) {
			if (f->negated && again && ask->n)
				ask = ipt_ask_new(x->m, false);
			err = print(x, ask, f->negated && !none ? " !" : "", v);
			if (v == f->r[i].hi)
				break;
		}
	return err;
}

/*
 * Each value as an option: one of them is true, or none. @again: a packet may lack the field, so that `!` has to be in a line
 * with each value; else packets return from a chain.
 */
static int each_value(const struct field *x, bool again, print_value_fn print)
{
	fw_autofree struct fw_match *other = NULL;
	struct field turned = *x;

	if (!x->f->negated || !again || count_values(x->f) <= AGAIN_MAX)
		return each_value_of(x, again, print);
	turned.f = other = turned_round(x->f);
	return other ? each_value_of(&turned, again, print) : -ENOMEM;
}

static int print_word(const struct field *x, struct ipt_ask *ask, const char * not, uint32_t v)
{
	const struct fw_field_info *info = &fw_field_info[x->f->field];

	if (info->spelled)
		ipt_ask_add(x->m, ask, x->word, not, fw_field_value_name((enum fw_field)x->f->field, false, v));
	else
		ipt_ask_add(x->m, ask, x->word, not, v);
	return 0;
}

/* Of a field that all packets have. */
static int add_values(const struct field *x)
{
	return each_value(x, false, print_word);
}

static int add_rt_types(const struct field *x)
{
	return each_value(x, true, print_word);
}

/* 0 stands for any protocol. */
static int print_proto(const struct field *x, struct ipt_ask *ask, const char * not, uint32_t v)
{
	if (!v)
		return export_refuse(x->e, "%s has no protocol 0", x->e->tool);
	ipt_ask_add(x->m, ask, "%s -p %u", not, v);
	return 0;
}

static int add_proto(const struct field *x)
{
	return x->m->proto >= 0 ? 0 : each_value(x, false, print_proto);
}

/* `-i`, or `-o`: of `on` by the hook. NULL: it is either. */
static const char *iface_option(const struct field *x)
{
	if (x->f->field == FW_F_IFACE)
		return x->at->hooks == FW_HOOK_BIT(INPUT) ? "-i" : x->at->hooks == FW_HOOK_BIT(OUTPUT) ? "-o" : NULL;
	return x->f->field == FW_F_FROM_IF ? "-i" : "-o";
}

static int print_iface(const struct field *x, struct ipt_ask *ask, const char * not, uint32_t v)
{
	const char *name = x->e->rs->ifaces[v].name, *option = iface_option(x);
	bool pattern = fw_iface_is_pattern(name);
	size_t len = strlen(name) - pattern;

	if (!option)
		return export_refuse(x->e, "its chain is called at several hooks: name from-if or to-if");
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-@:~", name[i]))
			return export_refuse(x->e, "%s cannot name this interface", x->e->tool);
	ask->overlap |= pattern && count_values(x->f) > 1 && !ask->none;
	ask->apart = x->f->field == FW_F_IFACE &&
		     (fw_rule_match(x->e->rule, FW_F_FROM_IF) || fw_rule_match(x->e->rule, FW_F_TO_IF));
	ipt_ask_add(x->m, ask, "%s %s %.*s%s", not, option, (int)len, name, pattern ? "+" : "");
	return 0;
}

static int add_iface(const struct field *x)
{
	return each_value(x, false, print_iface);
}

/* The ranges of values that match, negation carried out. */
static int each_range(const struct field *x,
		      void (*print)(const struct field *x, struct ipt_ask *ask, struct fw_range r))
{
	fw_autofree struct fw_range *ranges = calloc(FW_MATCH_RANGES_MAX(x->f), sizeof(*ranges));
	struct ipt_ask *ask = ipt_ask_new(x->m, false);
	size_t n = ranges ? fw_match_ranges(x->f, ranges) : 0;

	for (size_t i = 0; i < n; i++)
		print(x, ask, ranges[i]);
	return ranges ? 0 : -ENOMEM;
}

static void print_range(const struct field *x, struct ipt_ask *ask, struct fw_range r)
{
	ipt_ask_add(x->m, ask, x->word, r.lo, r.hi);
}

static int add_ranges(const struct field *x)
{
	return each_range(x, print_range);
}

/* TTLs are equal, less or greater. */
static void print_ttl(const struct field *x, struct ipt_ask *ask, struct fw_range r)
{
	const char *word = x->at->family == FW_IP4 ? "ttl" : "hl";
	char above[40] = "", below[40] = "";

	if (r.lo == r.hi) {
		ipt_ask_add(x->m, ask, " -m %s --%s-eq %u", word, word, r.lo);
		return;
	}
	if (r.lo)
		snprintf(above, sizeof(above), " -m %s --%s-gt %u", word, word, r.lo - 1);
	if (r.hi < 255)
		snprintf(below, sizeof(below), " -m %s --%s-lt %u", word, word, r.hi + 1);
	ipt_ask_add(x->m, ask, "%s%s", above, below);
}

static int add_ttl(const struct field *x)
{
	return each_range(x, print_ttl);
}

/* The names of states with commas between: one option, with `!` or not. */
static int add_states(const struct field *x)
{
	fw_cleanup(fw_buf_free) struct fw_buf names = { 0 };

	for (unsigned i = 0; i < x->f->n; i++)
		for (uint32_t v = x->f->r[i].lo; v <= x->f->r[i].hi; v++) {
			fw_buf_printf(&names, "%s", names.len ? "," : "");
			for (const char *s = fw_field_value_name(FW_F_STATE, false, v); *s; s++)
				fw_buf_printf(&names, "%c", toupper(*s));
		}
	if (!names.failed)
		ipt_ask_add(x->m, ipt_ask_new(x->m, false), " -m conntrack%s --ctstate %s", x->f->negated ? " !" : "",
			    names.text);
	return names.failed ? -ENOMEM : 0;
}

#define PORTS_MAX 15 /* of -m multiport; a range is two */

/* Ports from the range @i on, as many as one -m multiport takes. Return: the range after them. */
static unsigned print_ports(const struct fw_match *f, unsigned i, struct fw_buf *b)
{
	unsigned n = 0;

	for (; i < f->n; i++) {
		bool one = f->r[i].lo == f->r[i].hi;

		n += one ? 1 : 2;
		if (n > PORTS_MAX)
			break;
		fw_buf_printf(b, one ? "%s%u" : "%s%u:%u", b->len ? "," : "", f->r[i].lo, f->r[i].hi);
	}
	return i;
}

/* Lists of up to 15 ports are alternatives; with `!` all of them hold. */
static int add_ports(const struct field *x)
{
	const struct fw_match *f = x->f;
	struct ipt_ask *ask = ipt_ask_new(x->m, false);
	bool plain = f->n == 1 && (x->m->proto == IPPROTO_TCP || x->m->proto == IPPROTO_UDP);

	for (unsigned i = 0; i < f->n;) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

		if (f->negated && ask->n)
			ask = ipt_ask_new(x->m, false);
		if (x->m->n == IPT_ASKS)
			return refuse(x);
		i = print_ports(f, i, &b);
		if (b.failed)
			return -ENOMEM;
		ipt_ask_add(x->m, ask, plain ? " -m %s%s --%s %s" : " -m multiport%.0s%s --%ss %s",
			    x->m->proto == IPPROTO_TCP ? "tcp" : "udp", f->negated ? " !" : "", x->word, b.text);
	}
	return 0;
}

#define FLAGS_KNOWN 0x3fu /* not ECE and CWR */

static void print_flags(uint32_t flags, char out[32])
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG" };
	size_t len = 0;

	for (unsigned i = 0; i < 6; i++)
		if (flags & 1u << i)
			len += (size_t)snprintf(out + len, 32 - len, "%s%s", len ? "," : "", names[i]);
	if (!len)
		snprintf(out, 32, "NONE");
}

static int print_flag_pair(const struct field *x, struct ipt_ask *ask, const char * not, struct fw_range r)
{
	char mask[32], value[32];

	if (r.lo & ~FLAGS_KNOWN)
		return export_refuse(x->e, "%s does not know the flags ece and cwr", x->e->tool);
	print_flags(r.lo, mask);
	print_flags(r.hi, value);
	ipt_ask_add(x->m, ask, " -m tcp%s --tcp-flags %s %s", not, mask, value);
	return 0;
}

static int print_mark_pair(const struct field *x, struct ipt_ask *ask, const char * not, struct fw_range r)
{
	unsigned shift = 8u * (x->f->field - FW_F_MARK_0);

	ipt_ask_add(x->m, ask, " -m mark%s --mark 0x%x/0x%x", not, r.hi << shift, r.lo << shift);
	return 0;
}

/* Options of TCP: all that are in the mask, each with its number. That not all of several are set cannot be expressed. */
static int print_option_pair(const struct field *x, struct ipt_ask *ask, const char * not, struct fw_range r)
{
	static const uint8_t numbers[] = { 2, 3, 4, 5, 8, 19, 30, 34 };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	if (*not &&r.lo & (r.lo - 1))
		return refuse(x);
	for (unsigned i = 0; i < 8; i++)
		if (r.lo & 1u << i)
			fw_buf_printf(&b, " -m tcp%s --tcp-option %u", !(r.hi & 1u << i) == !*not ? " !" : "",
				      numbers[i]);
	if (!b.failed)
		ipt_ask_add(x->m, ask, "%s", b.text);
	return b.failed ? -ENOMEM : 0;
}

/* (mask, value) pairs, which a packet may match several of: one of them, or with `!` none. */
static int add_pairs(const struct field *x)
{
	int (*print)(const struct field *x, struct ipt_ask *ask, const char * not, struct fw_range r) =
		x->f->field == FW_F_TCP_FLAGS  ? print_flag_pair :
		x->f->field == FW_F_TCP_OPTION ? print_option_pair :
						 print_mark_pair;
	struct ipt_ask *ask = ipt_ask_new(x->m, false);
	int err = 0;

	ask->overlap = !x->f->negated && x->f->n > 1;
	for (unsigned i = 0; i < x->f->n && !err; i++) {
		if (x->f->negated && ask->n)
			ask = ipt_ask_new(x->m, false);
		if (x->m->n == IPT_ASKS)
			return refuse(x);
		err = print(x, ask, x->f->negated ? " !" : "", x->f->r[i]);
	}
	return err;
}

/* Types and codes are one option, the code with its type. */
static int print_type(const struct field *x, struct ipt_ask *ask, const char * not, uint32_t type)
{
	const struct fw_match *code = fw_rule_match(x->e->rule, FW_F_ICMP_CODE);
	const char *word = x->at->family == FW_IP4 ? " -m icmp%s --icmp-type %u" : " -m icmp6%s --icmpv6-type %u";
	char with_code[64];

	if (type == 255 && x->at->family == FW_IP4)
		return export_refuse(x->e, "for %s the type 255 is any", x->e->tool);
	if (!code) {
		ipt_ask_add(x->m, ask, word, not, type);
		return 0;
	}
	if (*not || code->negated || count_values(code) > VALUES_MAX / 4)
		return refuse(x);
	snprintf(with_code, sizeof(with_code), "%s/%%u", word);
	for (unsigned i = 0; i < code->n; i++)
		for (uint32_t v = code->r[i].lo; v <= code->r[i].hi; v++)
			ipt_ask_add(x->m, ask, with_code, not, type, v);
	return 0;
}

static int add_types(const struct field *x)
{
	return each_value(x, true, print_type);
}

static int add_codes(const struct field *x)
{
	return fw_rule_match(x->e->rule, FW_F_ICMP_TYPE) ? 0 : refuse(x);
}

static int print_mac(const struct field *x, struct ipt_ask *ask, const char * not, uint32_t low)
{
	uint32_t high = fw_rule_match(x->e->rule, FW_F_MAC_HIGH)->r[0].lo;

	ipt_ask_add(x->m, ask, " -m mac%s --mac-source %02x:%02x:%02x:%02x:%02x:%02x", not, high >> 16, high >> 8 & 255,
		    high & 255, low >> 16, low >> 8 & 255, low & 255);
	return 0;
}

static int add_mac(const struct field *x)
{
	return each_value(x, true, print_mac);
}

/* Later fragments: IPv6 has no option for them, but -m tcp and -m udp are false of them. */
static int add_frag(const struct field *x)
{
	bool no = fw_match_has(x->f, FW_FRAG_NO), first = fw_match_has(x->f, FW_FRAG_FIRST),
	     later = fw_match_has(x->f, FW_FRAG_LATER);
	struct ipt_ask *ask;

	if (no != first || no == later)
		return refuse(x);
	ask = ipt_ask_new(x->m, false);
	if (x->at->family == FW_IP4)
		ipt_ask_add(x->m, ask, "%s -f", later ? "" : " !");
	else if (later || (x->m->proto != IPPROTO_TCP && x->m->proto != IPPROTO_UDP))
		return refuse(x);
	else
		ipt_ask_add(x->m, ask, " -m %s", x->m->proto == IPPROTO_TCP ? "tcp" : "udp");
	return 0;
}

/* What becomes of a field; those that are missing here are refused. */
static const struct {
	enum fw_field field;
	int (*add)(const struct field *x);
	const char *word;
} rows[] = {
	{ FW_F_PROTO, add_proto, NULL },
	{ FW_F_SPORT, add_ports, "sport" },
	{ FW_F_DPORT, add_ports, "dport" },
	{ FW_F_TCP_FLAGS, add_pairs, NULL },
	{ FW_F_TCP_OPTION, add_pairs, NULL },
	{ FW_F_MSS, add_ranges, " -m tcpmss --mss %u:%u" },
	{ FW_F_ICMP_TYPE, add_types, NULL },
	{ FW_F_ICMP_CODE, add_codes, NULL },
	{ FW_F_IFACE, add_iface, NULL },
	{ FW_F_FROM_IF, add_iface, NULL },
	{ FW_F_TO_IF, add_iface, NULL },
	{ FW_F_DSCP, add_values, " -m dscp%s --dscp %u" },
	{ FW_F_TTL, add_ttl, NULL },
	{ FW_F_LENGTH, add_ranges, " -m length --length %u:%u" },
	{ FW_F_FRAG, add_frag, NULL },
	{ FW_F_MARK, add_values, " -m mark%s --mark 0x%x" },
	{ FW_F_MARK_0, add_pairs, NULL },
	{ FW_F_MARK_1, add_pairs, NULL },
	{ FW_F_MARK_2, add_pairs, NULL },
	{ FW_F_MARK_3, add_pairs, NULL },
	{ FW_F_MAC_LOW, add_mac, NULL },
	{ FW_F_PACKET_TYPE, add_values, " -m pkttype%s --pkt-type %s" },
	{ FW_F_RT_TYPE, add_rt_types, " -m rt%s --rt-type %u" },
	{ FW_F_STATE, add_states, NULL },
	{ FW_F_UID, add_ranges, " -m owner --uid-owner %u-%u" },
	{ FW_F_GID, add_ranges, " -m owner --gid-owner %u-%u" },
};

int ipt_match_field(struct export *e, const struct ipt_place *at, const struct fw_match *f, struct ipt_match *m)
{
	struct field x = { .e = e, .at = at, .f = f, .m = m };
	size_t i = 0, first = m->n;
	int err;

	if (f->field == FW_F_HOOK || f->field == FW_F_ETHERTYPE || f->field == FW_F_MAC_HIGH)
		return 0;
	if (!fw_field_in_family((enum fw_field)f->field, at->family)) {
		m->never = true;
		return 0;
	}
	if (m->n == IPT_ASKS)
		return refuse(&x);
	while (i < sizeof(rows) / sizeof(*rows) && rows[i].field != f->field)
		i++;
	if (i == sizeof(rows) / sizeof(*rows))
		return refuse(&x);
	x.word = rows[i].word;
	err = rows[i].add(&x);
	for (; first < m->n; first++)
		m->asks[first].proto = f->field == FW_F_FRAG || fw_field_layer((enum fw_field)f->field) & ~FW_LAYERS_IP;
	return err;
}

/* Is it `frag not later` of IPv6, which only lines with tcp or udp can say? */
static bool wants_proto(const struct fw_rule *r, enum fw_family family)
{
	const struct fw_match *frag = fw_rule_match(r, FW_F_FRAG), *proto = fw_rule_match(r, FW_F_PROTO);

	return family == FW_IP6 && frag && !fw_match_has(frag, FW_FRAG_LATER) && proto && !proto->negated &&
	       proto->n <= 2;
}

static bool is_single(const struct fw_match *proto)
{
	return proto && !proto->negated && proto->n == 1 && proto->r[0].lo && proto->r[0].lo == proto->r[0].hi;
}

int ipt_match_protos(const struct fw_rule *r, enum fw_family family, uint8_t protos[256])
{
	const struct fw_match *proto = fw_rule_match(r, FW_F_PROTO);
	unsigned layers = 0;
	int n = 0;

	for (unsigned i = 0; i < r->nmatches; i++)
		layers |= fw_field_layer((enum fw_field)r->matches[i]->field);
	if (!(layers & ~FW_LAYERS_IP) && !wants_proto(r, family) && !is_single(proto))
		return -1;
	for (unsigned p = 0; p < 256; p++)
		if ((!proto || fw_match_has(proto, p)) && !(layers & ~fw_proto_layers(p, family)))
			protos[n++] = (uint8_t)p;
	return n;
}
