// SPDX-License-Identifier: GPL-2.0-only
/* Packets written by hand: text to bytes to key to text, refusals with their columns, and captures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "fw/pcap.h"
#include "tests/unit/cases.h"

static void frame_key(const struct fw_frame *f, uint32_t iface, struct fw_key *key)
{
	struct fw_meta meta = { .hook = f->hook, .iface = iface, .mark = f->mark, .len = f->wire_len };

	fw_packet_parse(f->data, f->data + f->len, &meta, key);
}

/* What is written, and how it is printed again. */
static const struct {
	const char *text, *printed;
} good[] = {
	{ "tcp 10.0.0.1:999 > 192.0.2.1:80 in eth0", "tcp 10.0.0.1:999 > 192.0.2.1:80 in on eth0 flags syn length 40" },
	{ "tcp 10.0.0.1:999>192.0.2.1:80", "tcp 10.0.0.1:999 > 192.0.2.1:80 in flags syn length 40" },
	{ "6 10.0.0.1:0 > 192.0.2.1:65535 out flags fin,syn,rst,psh,ack,urg,ece,cwr on vlan",
	  "tcp 10.0.0.1:0 > 192.0.2.1:65535 out on vlan flags fin,syn,rst,psh,ack,urg,ece,cwr length 40" },
	{ "tcp [2001:db8::1]:999 > [2001:db8::2]:80 flags none dscp ef vlan 4095",
	  "tcp [2001:db8::1]:999 > [2001:db8::2]:80 in vlan 4095 flags none dscp ef length 60" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 mac 02:00:00:00:00:01", "udp 10.0.0.1:1 > 10.0.0.2:2 in length 28" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 mac 02:00:00:00:00:Fe",
	  "udp 10.0.0.1:1 > 10.0.0.2:2 in mac 02:00:00:00:00:fe length 28" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 length 1500 mark 0xffffffff",
	  "udp 10.0.0.1:1 > 10.0.0.2:2 in mark 4294967295 length 1500" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 length 65535", "udp 10.0.0.1:1 > 10.0.0.2:2 in length 65535" },
	{ "udp [::]:1 > [ff02::1]:2 length 65535", "udp [::]:1 > [ff02::1]:2 in length 65535" },
	{ "udplite 10.0.0.1:1 > 10.0.0.2:2", "udplite 10.0.0.1:1 > 10.0.0.2:2 in length 28" },
	{ "sctp 10.0.0.1:1 > 10.0.0.2:2 vlan 0", "sctp 10.0.0.1:1 > 10.0.0.2:2 in vlan 0 length 32" },
	{ "dccp [::1]:1 > [::2]:2", "dccp [::1]:1 > [::2]:2 in length 52" },
	{ "icmp 10.0.0.1 > 10.0.0.2", "icmp 10.0.0.1 > 10.0.0.2 in type echo-request code 0 length 28" },
	{ "icmp 10.0.0.1 > 10.0.0.2 type destination-unreachable code port-unreachable",
	  "icmp 10.0.0.1 > 10.0.0.2 in type destination-unreachable code 3 length 28" },
	{ "icmp6 fe80::1 > ff02::1 type nd-router-advert",
	  "icmp6 fe80::1 > ff02::1 in type nd-router-advert code 0 length 48" },
	{ "icmpv6 [fe80::1] > [ff02::1] type 255 code 255 length 44",
	  "icmp6 fe80::1 > ff02::1 in type 255 code 255 length 44" },
	{ "1 ::1 > ::2", "1 ::1 > ::2 in length 40" },
	{ "58 10.0.0.1 > 10.0.0.2", "58 10.0.0.1 > 10.0.0.2 in length 20" },
	{ "gre 10.0.0.1 > 10.0.0.2 ttl 1 dscp 63", "gre 10.0.0.1 > 10.0.0.2 in dscp 63 ttl 1 length 20" },
	{ "udp [::1]:1 > [::2]:2 ttl 0 frag first", "udp [::1]:1 > [::2]:2 in frag first ttl 0 length 56" },
	{ "gre 10.0.0.1 > 10.0.0.2 ttl 64", "gre 10.0.0.1 > 10.0.0.2 in length 20" },
	{ "gre 10.0.0.1 > 10.0.0.2 dscp 63", "gre 10.0.0.1 > 10.0.0.2 in dscp 63 length 20" },
	{ "ah 10.0.0.1 > 10.0.0.2", "ah 10.0.0.1 > 10.0.0.2 in length 20" },
	{ "esp ::1 > ::2 dscp af11", "esp ::1 > ::2 in dscp af11 length 40" },
	{ "255 10.0.0.1 > 10.0.0.2 frag no", "255 10.0.0.1 > 10.0.0.2 in length 20" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 frag first", "tcp 10.0.0.1:1 > 10.0.0.2:2 in flags syn frag first length 40" },
	{ "tcp 10.0.0.1 > 10.0.0.2 frag later", "tcp 10.0.0.1 > 10.0.0.2 in frag later length 20" },
	{ "udp [::1]:1 > [::2]:2 frag first", "udp [::1]:1 > [::2]:2 in frag first length 56" },
	{ "icmp6 ::1 > ::2 frag later length 1000", "icmp6 ::1 > ::2 in frag later length 1000" },
	{ "ah ::1 > ::2 frag later", "ah ::1 > ::2 in frag later length 48" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 pppoe", "tcp 10.0.0.1:1 > 10.0.0.2:2 in flags syn length 40" },
	{ "udp [::1]:1 > [::2]:2 vlan 7 pppoe length 65533", "udp [::1]:1 > [::2]:2 in vlan 7 length 65533" },
};

static void assert_prints(const struct fw_ruleset *rs, const struct fw_key *key, const char *want)
{
	struct fw_buf b = { 0 };

	fw_text_print_key(&b, rs, key);
	assert_string_equal(b.text, want);
	fw_buf_free(&b);
}

static void test_good(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	assert_non_null(rs);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct fw_frame frame, again;
		struct fw_diags ds = { 0 };
		struct fw_key key, key_again;
		int iface;

		if (fw_text_frame(good[i].text, &frame, &ds))
			fail_msg("%s: %s", good[i].text, ds.d[0].message);
		iface = frame.iface[0] ? fw_ruleset_iface(rs, frame.iface) : FW_ABSENT_IFACE;
		assert_true(iface >= 0);
		frame_key(&frame, (uint32_t)iface, &key);
		if (key.reason != FW_R_NONE)
			fail_msg("%s: reason %u", good[i].text, key.reason);
		assert_prints(rs, &key, good[i].printed);
		assert_int_equal(fw_text_frame(good[i].printed, &again, &ds), 0);
		frame_key(&again, (uint32_t)iface, &key_again);
		assert_memory_equal(&key, &key_again, sizeof(key));
		assert_string_equal(frame.iface, again.iface);
	}
	fw_ruleset_free(rs);
}

static const struct {
	const char *text;
	unsigned column;
	const char *says; /* a part of the message */
} bad[] = {
	{ "", 1, "no packet" },
	{ "   ", 4, "no packet" },
	{ "tpc 10.0.0.1:1 > 10.0.0.2:2", 1, "'tpc'" },
	{ "256 10.0.0.1 > 10.0.0.2", 1, "'256'" },
	{ "tcp", 4, "source address is missing" },
	{ "tcp 10.0.0.1:1", 15, "expected '>'" },
	{ "tcp 10.0.0.1:1 10.0.0.2:2", 16, "expected '>'" },
	{ "tcp 10.0.0.1:1 >", 17, "destination address is missing" },
	{ "tcp > 10.0.0.2:2", 5, "'>'" },
	{ "tcp 10.0.0.256:1 > 10.0.0.2:2", 5, "'10.0.0.256:1'" },
	{ "tcp 10.0.0.1: > 10.0.0.2:2", 5, "not an address" },
	{ "tcp 10.0.0.1/8:1 > 10.0.0.2:2", 5, "not an address" },
	{ "tcp 10.0.0.1:65536 > 10.0.0.2:2", 14, "'65536' is not a port" },
	{ "tcp 10.0.0.1:-1 > 10.0.0.2:2", 14, "'-1' is not a port" },
	{ "tcp [::1:1 > [::2]:2", 5, "not an address" },
	{ "tcp [::1]1 > [::2]:2", 5, "not an address" },
	{ "tcp [10.0.0.1 > 10.0.0.2:2", 5, "not an address" },
	{ "tcp [] > 10.0.0.2:2", 5, "not an address" },
	{ "tcp 10.0.0.1:1 > [::2]:2", 18, "the other IPv6" },
	{ "tcp 10.0.0.1 > 10.0.0.2:2", 1, "the sport is missing" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2", 1, "the dport is missing" },
	{ "tcp ::1 > ::2", 1, "the sport is missing" },
	{ "gre 10.0.0.1 > 10.0.0.2:2", 26 - 1, "no dport" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 frag later", 14, "no sport" },
	{ "tcp 10.0.0.1 > 10.0.0.2 frag later flags syn", 42, "no flags" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 flags syn", 35, "no flags" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 flags syn,", 35, "'syn,'" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 flags ,syn", 35, "',syn'" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 flags sin", 35, "'sin'" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 flags", 34, "must follow 'flags'" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 type 8", 34, "no icmp-type" },
	{ "icmp ::1 > ::2", 1, "icmp cannot be used with these addresses" },
	{ "icmp6 10.0.0.1 > 10.0.0.2", 1, "icmp6 cannot be used with these addresses" },
	{ "icmp 10.0.0.1 > 10.0.0.2 type nd-redirect", 31, "'nd-redirect'" },
	{ "1 ::1 > ::2 type 8", 18, "no icmp-type" },
	{ "ah ::1 > ::2", 1, "extension header" },
	{ "44 ::1 > ::2 frag first", 1, "extension header" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 vlan 4096", 34, "'4096'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 dscp 64", 34, "'64'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 ttl 256", 33, "'256'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 mark 4294967296", 34, "'4294967296'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 mac 1:2:3:4:5:6", 33, "'1:2:3:4:5:6' is not a value of 'mac'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 next-header 0", 41, "such a packet has no next-header" },
	{ "udp [::1]:1 > [::2]:2 next-header tcp", 35, "6 is not the next header of such a packet" },
	{ "udp [::1]:1 > [::2]:2 next-header 43", 35, "43 is not the next header of such a packet" },
	{ "udp ::1 > ::2 frag later next-header 44 rt-type 0", 38, "44 is not the next header of such a packet" },
	{ "udp [::1]:1 > [::2]:2 next-header 60 length 55", 45, "the headers of this packet alone take 56 bytes" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 out mac 02:00:00:00:00:01", 37, "'mac' of such a packet is not known at out" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 frag any", 34, "'any'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 length 27", 36, "take 28 bytes" },
	{ "udp [::1]:1 > [::2]:2 frag first length 55", 41, "take 56 bytes" },
	{ "tcp 10.0.0.1:1 > 10.0.0.2:2 length 65536", 36, "'65536'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 in out", 32, "'hook' is given twice" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 vlan 1 vlan 1", 41, "'vlan' is given twice" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 eth0 eth1", 34, "unknown word 'eth1'" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 pppoe length 65534", 42, "at most 65533 bytes" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 on", 31, "not an interface name" },
	{ "udp 10.0.0.1:1 > 10.0.0.2:2 on sixteen-letters-", 32, "not an interface name" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fw_frame frame = { .len = 77 };
		struct fw_diags ds = { 0 };

		if (fw_text_frame(bad[i].text, &frame, &ds) != -EINVAL)
			fail_msg("%s: accepted", bad[i].text);
		assert_int_equal(ds.total, 1);
		assert_int_equal(frame.len, 77);
		if (!strstr(ds.d[0].message, bad[i].says) || ds.d[0].column != bad[i].column)
			fail_msg("%s: column %u: %s", bad[i].text, ds.d[0].column, ds.d[0].message);
		assert_int_equal(fw_text_frame(bad[i].text, &frame, NULL), -EINVAL);
	}
}

/* The sum over header and pseudo header is all ones, as RFC 1071 has it. */
static uint32_t sum(const uint8_t *p, size_t len)
{
	uint32_t s = 0;

	for (size_t i = 0; i < len; i++)
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static uint32_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void test_checksums(void **state)
{
	static const char *const texts[] = {
		"tcp 10.0.0.1:999 > 192.0.2.1:80 length 1000",
		"udp 10.0.0.1:999 > 192.0.2.1:80 length 29",
		"dccp 10.0.0.1:999 > 192.0.2.1:80",
		"udplite 10.0.0.1:999 > 192.0.2.1:80 length 30",
		"tcp [2001:db8::1]:999 > [2001:db8::2]:80",
		"udp [2001:db8::1]:999 > [2001:db8::2]:80 length 77",
		"icmp6 2001:db8::1 > 2001:db8::2 type 135",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct fw_frame f;
		bool v6 = strstr(texts[i], "2001") != NULL;
		const uint8_t *ip = f.data + 14, *l4 = ip + (v6 ? 40 : 20), *addrs = ip + (v6 ? 8 : 12);

		assert_int_equal(fw_text_frame(texts[i], &f, NULL), 0);

		uint32_t bytes = f.len - (uint32_t)(l4 - f.data), proto = v6 ? ip[6] : ip[9];

		if (!v6)
			assert_int_equal(fold(sum(ip, 20)), 0xffff);
		assert_int_equal(fold(sum(addrs, (size_t)(l4 - addrs)) + sum(l4, bytes) + bytes + proto), 0xffff);
	}
}

static void test_print_frames(void **state)
{
	struct fw_key key;

	for (size_t i = 0; i < fw_ncases; i++) {
		struct fw_buf b = { 0 };

		fw_case_key(&fw_cases[i], &key);
		fw_text_print_key(&b, NULL, &key);
		assert_non_null(b.text);
		if (!strcmp(fw_cases[i].name, "ARP in a VLAN"))
			assert_string_equal(b.text, "non-ip frame, ethertype 0x0806, 46 bytes, in vlan 7");
		if (!strcmp(fw_cases[i].name, "frame of 13 bytes"))
			assert_string_equal(b.text, "malformed frame, ethertype 0x0000, 13 bytes, in");
		fw_buf_free(&b);
	}
}

/* Every packet that the parser can make is printed in a form that gives the same key again. */
static void test_print_cases(void **state)
{
	for (size_t i = 0; i < fw_ncases; i++) {
		struct fw_buf b = { 0 };
		struct fw_diags ds = { 0 };
		struct fw_frame frame;
		struct fw_key key, again;

		fw_case_key(&fw_cases[i], &key);
		if (key.reason != FW_R_NONE)
			continue;
		/* Packets by hand have an Ethernet header. */
		for (enum fw_field f = FW_F_MAC_HIGH; f <= FW_F_MAC_LOW; f++)
			if (fw_field_hooks(f) & 1u << key.f[FW_F_HOOK])
				key.f[f] = fw_field_info[f].usual[0];
		if (key.f[FW_F_TCP_OPTION] & FW_TCP_OPTION_MSS && key.f[FW_F_MSS] == FW_ABSENT_MSS)
			continue; /* only whole options are written by hand */
		fw_text_print_key(&b, NULL, &key);
		if (fw_text_frame(b.text, &frame, &ds))
			fail_msg("%s: %s: %s", fw_cases[i].name, b.text, ds.d[0].message);
		frame_key(&frame, key.f[FW_F_IFACE], &again);
		if (memcmp(&key, &again, sizeof(key)))
			fail_msg("%s: %s", fw_cases[i].name, b.text);
		fw_buf_free(&b);
	}
}

static void test_names(void **state)
{
	for (int field = 0; field < FW_NFIELDS; field++)
		for (int v6 = 0; v6 < 2; v6++)
			for (const struct fw_name *n = fw_field_names(field, v6); n && n->name; n++) {
				const char *printed = fw_field_value_name(field, v6, n->value);

				assert_true(n->value <= fw_field_info[field].max);
				assert_true(printed || field == FW_F_ICMP_CODE);
			}
	assert_string_equal(fw_field_value_name(FW_F_PROTO, false, 58), "icmp6");
	assert_string_equal(fw_field_value_name(FW_F_ETHERTYPE, false, 0x0800), "ip");
	assert_null(fw_field_value_name(FW_F_ICMP_CODE, false, 3));
	assert_null(fw_field_value_name(FW_F_SPORT, false, 80));
	assert_null(fw_field_names(FW_F_MARK, false));
}

/* Writes a capture of one frame to a new file and gives its path. */
static void write_capture(char *path, int link, const uint8_t *bytes, uint32_t caplen, uint32_t len)
{
	int fd = mkstemp(strcpy(path, "/tmp/fw-capture-XXXXXX"));
	struct pcap_pkthdr header = { .caplen = caplen, .len = len };
	pcap_t *dead = pcap_open_dead(link, 65535);
	pcap_dumper_t *dump;

	assert_true(fd >= 0);
	dump = pcap_dump_fopen(dead, fdopen(fd, "w"));
	assert_non_null(dump);
	pcap_dump((u_char *)dump, &header, bytes);
	pcap_dump_close(dump);
	pcap_close(dead);
}

static void test_capture(void **state)
{
	static const uint8_t bytes[4000] = { 1, 2, 3, [2047] = 4, 5 };
	char path[64];
	struct fw_frame f;
	struct fw_pcap *p = NULL;
	struct fw_diags ds = { 0 };

	write_capture(path, DLT_EN10MB, bytes, sizeof(bytes), 9000);
	assert_int_equal(fw_pcap_open(path, &ds, &p), 0);
	assert_int_equal(fw_pcap_next(p, &ds, &f), 1);
	assert_int_equal(f.len, FW_FRAME_MAX);
	assert_int_equal(f.wire_len, 9000);
	assert_memory_equal(f.data, bytes, FW_FRAME_MAX);
	assert_int_equal(fw_pcap_next(p, &ds, &f), 0);
	fw_pcap_close(p);
	assert_int_equal(truncate(path, 1000), 0);
	assert_int_equal(fw_pcap_open(path, &ds, &p), 0);
	assert_int_equal(fw_pcap_next(p, &ds, &f), -EINVAL);
	assert_non_null(strstr(ds.d[0].message, "broken"));
	fw_pcap_close(p);
	unlink(path);
}

/* What is captured on other links, in front of an IP packet, and what it is then. */
#define UDP4 "udp 10.0.0.1:1 > 10.0.0.2:2"
#define UDP6 "udp [::1]:1 > [::2]:2"
static const struct {
	int link;
	const uint8_t front[20];
	uint32_t bytes;
	const char *packet, *key;
} captured[] = {
	{ DLT_RAW, { 0 }, 0, UDP4, UDP4 " in length 28" },
	{ DLT_RAW, { 0 }, 0, UDP6, UDP6 " in length 48" },
	{ DLT_IPV4, { 0 }, 0, UDP4 " frag first", UDP4 " in frag first length 28" },
	{ DLT_IPV6, { 0 }, 0, UDP6, UDP6 " in length 48" },
	{ DLT_RAW, { 0x50 }, 1, UDP4, "malformed frame, ethertype 0x0800, 29 bytes, in" },
	{ DLT_LINUX_SLL, { [14] = 0x08, 0x00 }, 16, UDP4, UDP4 " in length 28" },
	{ DLT_LINUX_SLL, { [14] = 0x08, 0x06 }, 16, UDP4, "non-ip frame, ethertype 0x0806, 28 bytes, in" },
	{ DLT_LINUX_SLL, { [14] = 0x86 }, 15, NULL, "non-ip frame, ethertype 0x0000, 0 bytes, in" },
	{ DLT_LINUX_SLL2, { 0x86, 0xdd }, 20, UDP6, UDP6 " in length 48" },
	{ DLT_LINUX_SLL2, { 0x88, 0x47 }, 20, UDP6, "not-parsed frame, ethertype 0x8847, 48 bytes, in" },
	{ DLT_PPP, { 0x00, 0x21 }, 2, UDP4, UDP4 " in length 28" },
	{ DLT_PPP, { 0xff, 0x03, 0x00, 0x57 }, 4, UDP6, UDP6 " in length 48" },
	{ DLT_PPP, { 0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 4 }, 8, NULL, "non-ip frame, ethertype 0x8864, 12 bytes, in" },
	{ DLT_PPP, { 0 }, 0, NULL, "malformed frame, ethertype 0x8864, 6 bytes, in" },
};

static void test_captured_links(void **state)
{
	for (size_t i = 0; i < sizeof(captured) / sizeof(captured[0]); i++) {
		struct fw_frame f = { .len = ETH_HLEN }, got;
		struct fw_pcap *p = NULL;
		struct fw_key key;
		uint8_t bytes[128];
		uint32_t len = captured[i].bytes;
		char path[64];

		if (captured[i].packet)
			assert_int_equal(fw_text_frame(captured[i].packet, &f, NULL), 0);
		memcpy(bytes, captured[i].front, len);
		memcpy(bytes + len, f.data + ETH_HLEN, f.len - ETH_HLEN);
		len += f.len - ETH_HLEN;
		write_capture(path, captured[i].link, bytes, len, len);
		assert_int_equal(fw_pcap_open(path, NULL, &p), 0);
		unlink(path);
		assert_int_equal(fw_pcap_next(p, NULL, &got), 1);
		fw_pcap_close(p);
		frame_key(&got, FW_ABSENT_IFACE, &key);
		assert_prints(NULL, &key, captured[i].key);
	}
}

static void test_capture_refused(void **state)
{
	static const uint8_t bytes[64];
	char path[64];
	struct fw_pcap *p = NULL;
	struct fw_diags ds = { 0 };

	write_capture(path, DLT_IEEE802_11, bytes, sizeof(bytes), sizeof(bytes));
	assert_int_equal(fw_pcap_open(path, &ds, &p), -EINVAL);
	assert_non_null(strstr(ds.d[0].message, "link type IEEE802_11 (105) cannot be parsed"));
	unlink(path);
	assert_int_equal(fw_pcap_open(path, &ds, &p), -EINVAL);
	assert_non_null(strstr(ds.d[1].message, "No such file"));
	assert_int_equal(fw_pcap_open("/dev/null", &ds, &p), -EINVAL);
	assert_null(p);
	fw_pcap_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_print_frames),
		cmocka_unit_test(test_print_cases),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_captured_links),
		cmocka_unit_test(test_capture_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
