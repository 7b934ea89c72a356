// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of connections at XDP and tc ingress, for frames of connections that the kernel tracks and of others. The connections are
 * made on the loopback device of a sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fw/conntrack.h"
#include "fw/tables.h"
#include "lib/kern/kern.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/sandbox.h"

/* Slot n is that of state n. */
static const char *const rules =
	"policy in drop\n"
	"rule in proto { tcp, udp } state new accept\nrule in proto { tcp, udp } state established accept\n"
	"rule in proto icmp icmp-type { 3, 4, 5, 11, 12 } state related accept\n"
	"rule in proto { tcp, udp } state invalid accept\nrule in proto { tcp, udp } state untracked accept\n"
	"rule in proto icmp6 icmp6-type { 1-4 } state related accept\n"
	"rule in proto icmp icmp-type { 3, 4, 5, 11, 12 } state invalid accept\n"
	"rule in proto icmp6 icmp6-type { 1-4 } state invalid accept\n"
	"rule in state { new, established, related, invalid, untracked } proto { tcp, udp } accept\n";
enum { NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED, RELATED6, INVALID_ERROR, INVALID_ERROR6, NONE = -1 };

static struct fw_kern *kern;
static struct fw_image image;
static struct fw_ruleset *rs;

static int bound(int family, int type, uint16_t port)
{
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in at4 = { .sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(family, type | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(family == AF_INET ? bind(fd, (struct sockaddr *)&at4, sizeof(at4)) :
					     bind(fd, (struct sockaddr *)&at6, sizeof(at6)),
			 0);
	return fd;
}

static void join(int fd, int to)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);

	assert_int_equal(getsockname(to, (struct sockaddr *)&at, &n), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, n), 0);
}

/* 4001 and 4002 have talked; 4003 has had no answer of 4004. */
static void udp_flows(int family)
{
	int a = bound(family, SOCK_DGRAM, 4001), b = bound(family, SOCK_DGRAM, 4002);
	int c = bound(family, SOCK_DGRAM, 4003), d = bound(family, SOCK_DGRAM, 4004);

	join(a, b);
	join(b, a);
	join(c, d);
	assert_int_equal(send(a, "x", 1, 0), 1);
	assert_int_equal(send(b, "x", 1, 0), 1);
	assert_int_equal(send(c, "x", 1, 0), 1);
	/* They stay open: an ICMP error would answer. */
}

/* 4006 is connected to 4005. 4007 was, and has closed first. */
static void tcp_flows(int family)
{
	int server = bound(family, SOCK_STREAM, 4005), open = bound(family, SOCK_STREAM, 4006);
	int closed = bound(family, SOCK_STREAM, 4007), accepted;
	char byte;

	assert_int_equal(listen(server, 8), 0);
	join(open, server);
	assert_true(accept(server, NULL, NULL) >= 0);
	join(closed, server);
	accepted = accept(server, NULL, NULL);
	assert_int_equal(shutdown(closed, SHUT_WR), 0);
	assert_int_equal(recv(accepted, &byte, 1, 0), 0);
	close(accepted);
	assert_int_equal(recv(closed, &byte, 1, 0), 0);
	close(closed);
}

/* Is the frame an IP packet after an Ethernet header without tags? */
static bool is_plain(const struct fw_frame *f)
{
	uint16_t type = (uint16_t)(f->data[2 * ETH_ALEN] << 8 | f->data[2 * ETH_ALEN + 1]);

	return type == ETH_P_IP || type == ETH_P_IPV6;
}

/* The programs; those for interfaces without Ethernet header see @skip bytes less. A test run for tc takes that header away. */
static const struct {
	const char *name;
	int which;
	uint32_t skip;
} programs[] = {
	{ "XDP", FW_PROG_XDP, 0 },
	{ "tc ingress", FW_PROG_TC_INGRESS, 0 },
	{ "XDP without Ethernet", PROG_L3 + FW_PROG_XDP, ETH_HLEN },
	{ "tc ingress without Ethernet", PROG_L3 + FW_PROG_TC_INGRESS, 0 },
};

static void check(const char *what, const struct fw_frame *f, int want)
{
	for (size_t p = 0; p < ROWS(programs); p++) {
		struct fw_result got;

		if (programs[p].which >= PROG_L3 && !is_plain(f))
			continue;
		assert_int_equal(kern_test(kern, programs[p].which, f->data + programs[p].skip,
					   f->len - programs[p].skip, 0, &got),
				 0);
		if (want == NONE ? got.reason != FW_R_IN : got.reason != FW_R_NONE || got.slot != (uint32_t)want)
			fail_msg("%s at %s: slot %u, reason %u, not slot %d", what, programs[p].name, got.slot,
				 got.reason, want);
	}
}

static void make(struct fw_frame *f, const char *text)
{
	struct fw_diags ds = { 0 };

	if (fw_text_frame(text, f, &ds))
		fail_msg("%s: %s", text, ds.d[0].message);
}

static const struct {
	const char *proto;
	unsigned from, to;
	const char *more;
	int want;
} flows[] = {
	{ "udp", 4001, 4002, "", ESTABLISHED },
	{ "udp", 4002, 4001, "", ESTABLISHED },
	{ "udp", 4003, 4004, "", NEW },
	{ "udp", 4004, 4003, "", ESTABLISHED },
	{ "udp", 4001, 4003, "", NEW },
	{ "udp", 4001, 4002, " frag first", ESTABLISHED },
	{ "udp", 1, 2, "", NEW },
	{ "tcp", 4006, 4005, " flags ack", ESTABLISHED },
	{ "tcp", 4005, 4006, " flags ack,psh", ESTABLISHED },
	{ "tcp", 4005, 4006, " flags fin,ack", ESTABLISHED },
	{ "tcp", 4006, 4005, " flags rst", ESTABLISHED },
	{ "tcp", 4006, 4005, " flags syn", ESTABLISHED },
	{ "tcp", 4006, 4005, " flags syn,fin", INVALID },
	{ "tcp", 4006, 4005, " flags none", INVALID },
	{ "tcp", 4007, 4005, " flags ack", ESTABLISHED },
	{ "tcp", 4007, 4005, " flags syn", NEW },
	{ "tcp", 4005, 4007, " flags syn", NEW },
	{ "tcp", 5, 4005, " flags syn", NEW },
	{ "tcp", 5, 4005, " flags syn,ece,cwr", NEW },
	{ "tcp", 5, 4005, " flags syn,urg", NEW },
	{ "tcp", 5, 4005, " flags ack", NEW },
	{ "tcp", 5, 4005, " flags ack,psh,urg", NEW },
	{ "tcp", 5, 4005, " flags syn,ack", INVALID },
	{ "tcp", 5, 4005, " flags rst", INVALID },
	{ "tcp", 5, 4005, " flags rst,ack", INVALID },
	{ "tcp", 5, 4005, " flags fin,ack", INVALID },
	{ "tcp", 5, 4005, " flags fin", INVALID },
	{ "tcp", 5, 4005, " flags none", INVALID },
	{ "tcp", 5, 4005, " flags syn,rst", INVALID },
	{ "sctp", 4001, 4002, "", NONE },
	{ "dccp", 4001, 4002, "", NONE },
	{ "udplite", 4001, 4002, "", NONE },
};

static const char *const at[] = { "127.0.0.1", "[::1]" };

static void of_flows(void **state)
{
	struct fw_frame f;
	char text[160];

	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < ROWS(flows); i++) {
			snprintf(text, sizeof(text), "%s %s:%u > %s:%u%s", flows[i].proto, at[v6], flows[i].from,
				 at[v6], flows[i].to, flows[i].more);
			make(&f, text);
			check(text, &f, flows[i].want);
		}
}

/* Of nothing else is there a state. */
static void of_others(void **state)
{
	static const char *const texts[] = {
		"icmp 127.0.0.1 > 127.0.0.1 type 8", "icmp 127.0.0.1 > 127.0.0.1 type 0",    "icmp6 ::1 > ::1 type 128",
		"gre 127.0.0.1 > 127.0.0.1",         "udp 127.0.0.1 > 127.0.0.1 frag later", "tcp ::1 > ::1 frag later",
	};
	struct fw_frame f;

	for (size_t i = 0; i < ROWS(texts); i++) {
		make(&f, texts[i]);
		check(texts[i], &f, NONE);
	}
}

/* Puts @bytes of the packet @inner, from its IP header on, after the ICMP header of @f, whose IP header begins @front bytes later. */
static void report(struct fw_frame *f, uint32_t front, const char *inner, bool v6, uint32_t bytes)
{
	uint32_t head = ETH_HLEN + front + (uint32_t)(v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) + 8;
	struct fw_frame in;

	make(&in, inner);
	assert_true(head + bytes <= f->len && ETH_HLEN + bytes <= in.len);
	memcpy(f->data + head, in.data + ETH_HLEN, bytes);
}

static const struct {
	bool v6;
	const char *inner;
	uint32_t bytes; /* of it that are reported */
	int want;
} errors[] = {
	{ false, "udp 127.0.0.1:4001 > 127.0.0.1:4002", 28, RELATED },
	{ false, "udp 127.0.0.1:4002 > 127.0.0.1:4001", 28, RELATED },
	{ false, "udp 127.0.0.1:4003 > 127.0.0.1:4004", 28, RELATED },
	{ false, "tcp 127.0.0.1:4006 > 127.0.0.1:4005 flags ack", 28, RELATED },
	{ false, "tcp 127.0.0.1:5 > 127.0.0.1:4005 flags ack", 28, INVALID_ERROR },
	{ false, "udp 127.0.0.1:1 > 127.0.0.1:2", 28, INVALID_ERROR },
	{ false, "udp 127.0.0.2:4001 > 127.0.0.1:4002", 28, INVALID_ERROR }, /* sent by another host */
	{ false, "udp 127.0.0.1 > 127.0.0.1 frag later", 20, INVALID_ERROR },
	{ false, "icmp 127.0.0.1 > 127.0.0.1 type 8", 28, NONE },
	{ true, "udp [::1]:4001 > [::1]:4002", 48, RELATED6 },
	{ true, "udp [::1]:4004 > [::1]:4003", 48, RELATED6 },
	{ true, "tcp [::1]:4005 > [::1]:4006 flags ack", 48, RELATED6 },
	{ true, "udp [::1]:1 > [::1]:2", 48, INVALID_ERROR6 },
	{ true, "udp [::2]:4001 > [::1]:4002", 48, INVALID_ERROR6 },
	{ true, "icmp6 ::1 > ::1 type 128", 48, NONE },
};

static void of_errors(void **state)
{
	static const struct {
		const char *text[2]; /* IPv4, IPv6 */
		uint32_t front;
	} outer[] = {
		{ { "icmp 127.0.0.1 > 127.0.0.1 type 3 code 3 length 100", "icmp6 ::1 > ::1 type 1 code 4 length 140" },
		  0 },
		{ { "icmp 127.0.0.1 > 127.0.0.1 type 11 length 100", "icmp6 ::1 > ::1 type 2 length 140" }, 0 },
		{ { "icmp 127.0.0.1 > 127.0.0.1 type 12 length 100 vlan 7",
		    "icmp6 ::1 > ::1 type 3 length 140 vlan 7" },
		  4 },
		{ { "icmp 127.0.0.1 > 127.0.0.1 type 3 length 100 pppoe", "icmp6 ::1 > ::1 type 4 length 140 pppoe" },
		  8 },
	};
	struct fw_frame f;

	for (size_t i = 0; i < ROWS(errors); i++)
		for (size_t o = 0; o < ROWS(outer); o++) {
			make(&f, outer[o].text[errors[i].v6]);
			report(&f, outer[o].front, errors[i].inner, errors[i].v6, errors[i].bytes);
			check(errors[i].inner, &f, errors[i].want);
		}
}

/* Whether connections are picked up in the middle is the namespace's choice. */
static void strict(void **state)
{
	static const char loose[] = "/proc/sys/net/netfilter/nf_conntrack_tcp_loose";
	FILE *f = fopen(loose, "we");
	struct fw_frame frame;

	if (!f) {
		print_message("skipped: strict: %s: %s\n", loose, strerror(errno));
		return;
	}
	fputs("0", f);
	fclose(f);
	assert_int_equal(fw_conntrack_look(kern), 0);
	make(&frame, "tcp 127.0.0.1:5 > 127.0.0.1:4005 flags ack");
	check("ACK, strict", &frame, INVALID);
	make(&frame, "tcp 127.0.0.1:5 > 127.0.0.1:4005 flags syn");
	check("SYN, strict", &frame, NEW);
	make(&frame, "tcp 127.0.0.1:4006 > 127.0.0.1:4005 flags ack");
	check("of a connection, strict", &frame, ESTABLISHED);
}

/* false: the kernel cannot do it, which is said. */
static bool begin(void)
{
	const struct fw_kern_options options = { .pool = sandbox_pool() };
	struct fw_diags ds = { 0 };
	const char *why = "";

	if (fw_kern_open(&options, &ds, &kern)) {
		print_message("skipped: the kernel: %s\n", ds.n ? ds.d[0].message : "");
		return false;
	}
	if (fw_conntrack_begin(kern, &why)) {
		print_message("skipped: the state of connections: %s\n", why);
		return false;
	}
	assert_int_equal(kern_programs_need(kern, FW_PROG_XDP, true), 0);
	assert_int_equal(kern_programs_need(kern, FW_PROG_TC_INGRESS, true), 0);
	rs = ruleset_of(rules);
	assert_int_equal(fw_tables_compile(rs, fw_kern_pool(kern), NULL, NULL, &image), 0);
	assert_int_equal(fw_kern_counters_reserve(kern, rs->next_slot), 0);
	assert_int_equal(fw_kern_publish(kern, image.root, 1), 0);
	return true;
}

static void end(void)
{
	fw_image_free(&image);
	fw_kern_close(kern);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_flows), cmocka_unit_test(of_others), cmocka_unit_test(of_errors),
		cmocka_unit_test(strict), /* last */
	};
	int failed = 0;

	if (!sandbox_enter())
		return 0;
	if (begin()) {
		for (int v6 = 0; v6 < 2; v6++) {
			udp_flows(v6 ? AF_INET6 : AF_INET);
			tcp_flows(v6 ? AF_INET6 : AF_INET);
		}
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	}
	end();
	return failed;
}
