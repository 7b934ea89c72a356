// SPDX-License-Identifier: GPL-2.0-only
/* Rulesets made for one purpose. */
#include "tests/unit/rulesets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/random.h"

const char *const case_rulesets[] = {
	"",
	"policy in drop\npolicy out drop\npolicy malformed accept\npolicy non-ip drop\npolicy vlan-depth accept\n"
	"policy ext-headers accept\n",
	"rule accept",
	"policy in drop\nrule drop",
	"policy in drop\nrule ethertype { arp, 0x88cc } accept\nrule ethertype not { ip, arp } vlan 7 drop\n"
	"rule ethertype 0-65535 length 0-45 accept\n",
	"policy in drop\nrule from 10.0.0.1 to 192.0.2.1 proto tcp dport 80 flags syn/all accept\n"
	"rule from 10.0.0.0/8 proto udp sport 999 accept\nrule to 192.0.2.0-192.0.2.9 proto icmp icmp-type 8 accept\n"
	"rule frag later accept\nrule proto icmp6 icmp6-type 128 icmp6-code 1 accept\n"
	"rule from 2001:db8::/32 to 2001:db8::2 proto { tcp, udp } dport 80 accept\n"
	"rule ip6 proto not { tcp, udp } accept\nrule dscp not 0 accept\nrule vlan 1-4095 accept\nrule out accept\n",
	"policy malformed accept\npolicy ext-headers accept\nrule out input state invalid drop\nrule forward state not new drop\n"
	"rule output proto tcp accept\nrule output state invalid drop\n",
	"set s { 10.0.0.1, 2001:db8::1 }\nrule from @s frag first drop\nrule from not @s drop\n"
	"rule to not { 192.0.2.1, 2001:db8::2 } drop\nrule length 41-65535 drop\nrule proto 47-51 drop\n"
	"rule proto tcp flags not syn drop\nrule vlan not 7 drop\nrule mark 0xffffffff drop\nrule on eth0 drop\n"
	"rule proto { sctp, dccp, udplite } dport 80 drop\n",
};
const size_t case_nrulesets = sizeof(case_rulesets) / sizeof(*case_rulesets);

struct fw_ruleset *ruleset_of(const char *text)
{
	static const char *const names[] = { "lo", "wan", "lan", "eth0" };
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_diags ds = { .n = 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(fw_ruleset_iface(rs, names[i]), i);
	if (fw_text_parse(rs, text, strlen(text), NULL, &ds))
		fail_msg("%s\n%u: %s", text, ds.d[0].line, ds.d[0].message);
	return rs;
}

struct wide {
	struct fw_match m;
	struct fw_range r[1];
};

static void add_port_rule(struct fw_ruleset *rs, uint32_t src, uint32_t dst, uint32_t lo, uint32_t hi)
{
	struct wide proto = { { .field = FW_F_PROTO, .n = 1 }, { { 6, 6 } } };
	struct wide port = { { .field = FW_F_DPORT, .n = 1 }, { { lo, hi } } };
	const struct fw_match *matches[] = { &proto.m, &port.m };
	struct fw_rule rule = {
		.src = src, .dst = dst, .matches = matches, .nmatches = 2, .action = (uint8_t)random_below(2)
	};

	assert_int_equal(fw_ruleset_add(rs, &rule, (struct fw_place){ 0 }, NULL, NULL), 0);
}

char *ruleset_print(const struct fw_ruleset *rs)
{
	struct fw_buf b = { 0 };

	fw_text_print(&b, rs);
	assert_false(b.failed);
	assert_int_equal(strlen(b.text), b.len);
	return b.text;
}

struct fw_ruleset *ruleset_ports(unsigned n)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	for (unsigned i = 0; i < n; i++)
		add_port_rule(rs, FW_ANY, FW_ANY, i, i);
	return rs;
}

static uint32_t prefix_of(struct fw_ruleset *rs, enum fw_family family, unsigned len)
{
	struct fw_addr_range r =
		fw_addr_prefix(family, (struct fw_addr){ 0x20010db85a5aa5a5ull, 0x123456789abcdef0ull }, len);
	uint32_t number;

	assert_int_equal(fw_ruleset_addrs(rs, &r, 1, NULL, 0, false, &number), 0);
	return number;
}

struct fw_ruleset *ruleset_nested(enum fw_family family, unsigned first, unsigned depth, bool frames)
{
	struct fw_ruleset *rs = ruleset_of(frames ? "rule ethertype arp drop" : "");
	unsigned pairs = depth * depth, from = random_below(pairs);

	while (pairs % 7 == 0 || pairs % 11 == 0)
		pairs++;
	for (unsigned i = 0; i < pairs; i++) {
		unsigned n = (from + i * 77) % pairs, low = random_below(8);

		if (n < depth * depth)
			add_port_rule(rs, prefix_of(rs, family, first + n / depth),
				      prefix_of(rs, family, first + n % depth), low, low + random_below(3));
	}
	assert_int_equal(rs->nrules, depth * depth + frames);
	return rs;
}

void case_cuts(const struct fw_case *c, void (*check)(const uint8_t *, uint32_t, const struct fw_meta *))
{
	for (uint32_t n = 0; n <= c->len; n++) {
		fw_autofree uint8_t *copy = malloc(n ? n : 1);
		struct fw_meta meta = fw_case_meta(c);

		memcpy(copy, c->bytes, n);
		if (meta.iface >= 4)
			meta.iface = FW_IFACE_OTHER;
		check(copy, n, &meta);
		meta.len = n;
		check(copy, n, &meta);
	}
}
