// SPDX-License-Identifier: GPL-2.0-only
/* Replies to rejected packets at XDP and tc, byte by byte; packets that get none; their rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "lib/kern/kern.h"
#include "tests/unit/rejected.h"
#include "tests/unit/sandbox.h"

#define TCP .proto = IPPROTO_TCP
#define ICMP4 .proto = IPPROTO_ICMP
#define ICMP6 .six = true, .proto = IPPROTO_ICMPV6
#define SIX .six = true
#define SYN .flags = 2
#define KIND(k) .kind = FW_REJECT_##k
#define LONG 1400

static const struct rejected answered[] = {
	{ .name = "udp" },
	{ "udp6", SIX },
	{ "udp of no bytes in a padded frame", .padding = 18 },
	{ "udp longer than a quote", .payload = LONG },
	{ "udp6 longer than a quote", SIX, .payload = LONG },
	{ "udp of an odd length", .payload = 13 },
	{ "udp6 of an odd length", SIX, .payload = 33 },
	{ "udp without checksum", .sum = SUM_ZERO },
	{ "udp whose checksum is left to hardware", .payload = 100, .sum = SUM_PSEUDO },
	{ "udp6 whose checksum is left to hardware", SIX, .payload = 100, .sum = SUM_PSEUDO },
	{ "udp with IP options", .options = 8, .payload = 7 },
	{ "udp with all IP options", .options = 40, .payload = LONG },
	{ "udp6 with extension headers", SIX, .options = 24, .payload = 7 },
	{ "udp with a TOS", .tos = 0xb9 },
	{ "udp6 with a traffic class", SIX, .tos = 0xb9 },
	{ "udp, host-unreachable", KIND(HOST_UNREACHABLE) },
	{ "udp, net-unreachable", KIND(NET_UNREACHABLE) },
	{ "udp, proto-unreachable", KIND(PROTO_UNREACHABLE) },
	{ "udp, admin-prohibited", KIND(ADMIN_PROHIBITED) },
	{ "udp, host-prohibited", KIND(HOST_PROHIBITED) },
	{ "udp6, host-unreachable", SIX, KIND(HOST_UNREACHABLE) },
	{ "udp6, net-unreachable", SIX, KIND(NET_UNREACHABLE) },
	{ "udp6, proto-unreachable", SIX, KIND(PROTO_UNREACHABLE) },
	{ "udp6, admin-prohibited", SIX, KIND(ADMIN_PROHIBITED) },
	{ "udp6, host-prohibited", SIX, KIND(HOST_PROHIBITED) },
	{ "udp, first fragment", .frag = FW_FRAG_FIRST, .payload = 1024 },
	{ "udp6, first fragment", SIX, .frag = FW_FRAG_FIRST, .payload = 1024 },
	{ "syn", TCP, SYN },
	{ "syn6", TCP, SIX, SYN },
	{ "syn with TCP options", TCP, SYN, .tcp_options = 20 },
	{ "syn6 with TCP options", TCP, SIX, SYN, .tcp_options = 20 },
	{ "syn with IP options", TCP, SYN, .options = 16 },
	{ "syn6 with extension headers", TCP, SIX, SYN, .options = 40 },
	{ "syn with data", TCP, SYN, .payload = 100 },
	{ "syn whose checksum is left to hardware", TCP, SYN, .sum = SUM_PSEUDO },
	{ "syn6 whose checksum is left to hardware", TCP, SIX, SYN, .sum = SUM_PSEUDO },
	{ "syn, tcp-reset", TCP, SYN, KIND(TCP_RESET) },
	{ "syn, port-unreachable", TCP, SYN, KIND(PORT_UNREACHABLE) },
	{ "syn6, port-unreachable", TCP, SIX, SYN, KIND(PORT_UNREACHABLE) },
	{ "syn, admin-prohibited", TCP, SYN, .tcp_options = 20, KIND(ADMIN_PROHIBITED) },
	{ "syn, first fragment, port-unreachable", TCP, SYN, .frag = FW_FRAG_FIRST, .payload = 8,
	  KIND(PORT_UNREACHABLE) },
	{ "ack", TCP, .flags = 16 },
	{ "ack6", TCP, SIX, .flags = 16 },
	{ "ack with data", TCP, .flags = 24, .payload = LONG },
	{ "syn ack", TCP, .flags = 18 },
	{ "fin ack", TCP, .flags = 17 },
	{ "fin without ack", TCP, .flags = 1, .payload = 5 },
	{ "data without ack", TCP, .flags = 8, .payload = 1001 },
	{ "no flags", TCP },
	{ "echo request", ICMP4, .type = 8, .payload = 56 },
	{ "echo reply", ICMP4, .type = 0 },
	{ "timestamp request", ICMP4, .type = 13, .payload = 12 },
	{ "echo request 6", ICMP6, .type = 128, .payload = 56 },
	{ "neighbour solicitation", ICMP6, .type = 135, .payload = 16 },
	{ "sctp", .proto = IPPROTO_SCTP },
	{ "sctp6", SIX, .proto = IPPROTO_SCTP, .payload = 20 },
	{ "gre", .proto = IPPROTO_GRE, .payload = 20 },
	{ "udp in a VLAN", .tags = 1 },
	{ "udp6 in two VLANs", SIX, .tags = 2, .payload = LONG },
	{ "syn in a VLAN", TCP, SYN, .tags = 1 },
	{ "syn6 in two VLANs", TCP, SIX, SYN, .tags = 2, .tcp_options = 20 },
	{ "udp in PPPoE", .pppoe = 2 },
	{ "udp6 in PPPoE", SIX, .pppoe = 2, .payload = LONG },
	{ "syn in PPPoE in a VLAN", TCP, SYN, .pppoe = 2, .tags = 1 },
	{ "syn6 in PPPoE, protocol of one byte", TCP, SIX, SYN, .pppoe = 1 },
};

static const struct rejected silent[] = {
	{ "rst", TCP, .flags = 4 },
	{ "rst ack", TCP, .flags = 20 },
	{ "rst6", TCP, SIX, .flags = 4 },
	{ "rst, port-unreachable", TCP, .flags = 4, KIND(PORT_UNREACHABLE) },
	{ "destination unreachable", ICMP4, .type = 3, .payload = 28 },
	{ "source quench", ICMP4, .type = 4, .payload = 28 },
	{ "redirect", ICMP4, .type = 5, .payload = 28 },
	{ "time exceeded", ICMP4, .type = 11, .payload = 28 },
	{ "parameter problem", ICMP4, .type = 12, .payload = 28 },
	{ "unknown ICMP type", ICMP4, .type = 200 },
	{ "destination unreachable 6", ICMP6, .type = 1, .payload = 48 },
	{ "packet too big", ICMP6, .type = 2, .payload = 48 },
	{ "time exceeded 6", ICMP6, .type = 3, .payload = 48 },
	{ "parameter problem 6", ICMP6, .type = 4, .payload = 48 },
	{ "unknown ICMPv6 error", ICMP6, .type = 100 },
	{ "redirect 6", ICMP6, .type = 137, .payload = 32 },
	{ "later fragment", .frag = FW_FRAG_LATER, .payload = 64 },
	{ "later fragment 6", SIX, .frag = FW_FRAG_LATER, .payload = 64 },
	{ "later fragment of TCP", TCP, .frag = FW_FRAG_LATER, .payload = 64 },
	{ "syn, first fragment", TCP, SYN, .frag = FW_FRAG_FIRST, .payload = 8 },
	{ "syn6, first fragment, tcp-reset", TCP, SIX, SYN, .frag = FW_FRAG_FIRST, .payload = 8, KIND(TCP_RESET) },
	{ "udp, tcp-reset", KIND(TCP_RESET) },
	{ "udp in a multicast frame", .group = true },
	{ "syn6 in a multicast frame", TCP, SIX, SYN, .group = true },
	{ "to a multicast address", .to = "224.0.0.251" },
	{ "to the broadcast address", .to = "255.255.255.255" },
	{ "to class E", .to = "240.0.0.1" },
	{ "to a multicast address 6", SIX, .to = "ff02::fb" },
	{ "from 0.0.0.0", .from = "0.0.0.0" },
	{ "from net 0", .from = "0.1.2.3" },
	{ "from loopback", .from = "127.0.0.1" },
	{ "from a multicast address", .from = "224.0.0.1" },
	{ "from class E", .from = "250.1.2.3" },
	{ "from the broadcast address", .from = "255.255.255.255" },
	{ "from ::", SIX, .from = "::" },
	{ "from ::1", SIX, .from = "::1" },
	{ "from a multicast address 6", SIX, .from = "ff02::1" },
	{ "wrong IP checksum", .sum = SUM_IP_WRONG },
	{ "wrong IP checksum, syn", TCP, SYN, .sum = SUM_IP_WRONG },
	{ "wrong checksum, udp", .sum = SUM_WRONG, .payload = 30 },
	{ "wrong checksum, udp6", SIX, .sum = SUM_WRONG, .payload = LONG },
	{ "no checksum, udp6", SIX, .sum = SUM_ZERO },
	{ "wrong checksum, syn", TCP, SYN, .sum = SUM_WRONG },
	{ "wrong checksum, syn6", TCP, SIX, SYN, .sum = SUM_WRONG },
	{ "wrong checksum, echo", ICMP4, .type = 8, .sum = SUM_WRONG },
	{ "wrong checksum, echo 6", ICMP6, .type = 128, .sum = SUM_WRONG },
};
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct fixture {
	struct fw_kern *k;
	uint32_t ifindex;
	struct rejected_macs macs;
} fx;

static const struct {
	const char *name;
	bool xdp;
	enum fw_call call;
	uint32_t sent; /* what the program returns */
} hooks[] = { { "xdp", true, FW_CALL_XDP_REJECT, 3 /* XDP_TX */ },
	      { "tc ingress", false, FW_CALL_TC_REJECT_IN, 7 /* TC_ACT_REDIRECT */ },
	      { "tc egress", false, FW_CALL_TC_REJECT_OUT, 7 } };

static void stay_on_cpu_0(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static struct fw_reply_counts counts(void)
{
	struct fw_reply_counts c;

	fw_kern_reply_counts(fx.k, &c);
	return c;
}

/* Rejects a packet at a hook. Return: what the program returned; what the frame became is in @out. */
static uint32_t reject(size_t hook, const struct rejected *p, struct rejected_bytes *out)
{
	struct xdp_md xdp = { .ingress_ifindex = fx.ifindex };
	struct __sk_buff skb = { .ifindex = fx.ifindex };
	struct rejected_bytes in;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in.data, .data_out = out->data,
		    .data_size_out = sizeof(out->data), .repeat = 1);

	rejected_make(p, &fx.macs, &in);
	xdp.data_end = (uint32_t)in.len;
	opts.data_size_in = (uint32_t)in.len;
	opts.ctx_in = hooks[hook].xdp ? (void *)&xdp : (void *)&skb;
	opts.ctx_size_in = hooks[hook].xdp ? sizeof(xdp) : sizeof(skb);
	fx.k->cpus[0].busy = 1;
	fx.k->cpus[0].reject = p->kind;
	assert_int_equal(bpf_prog_test_run_opts(fx.k->progs[PROG_CALLS + hooks[hook].call], &opts), 0);
	assert_int_equal(fx.k->cpus[0].busy, 0);
	out->len = opts.data_size_out;
	out->network = in.network;
	return opts.retval;
}

static void expect_reply(size_t hook, const struct rejected *p)
{
	struct rejected_bytes want, got;
	size_t whole;

	rejected_reply(p, &fx.macs, &want);
	if (reject(hook, p, &got) != hooks[hook].sent)
		fail_msg("%s: %s: no reply", hooks[hook].name, p->name);
	whole = hooks[hook].xdp && want.len < 60 ? 60 : want.len;
	if (got.len != whole && !(p->tags + p->pppoe && !hooks[hook].xdp))
		fail_msg("%s: %s: %zu bytes, expected %zu", hooks[hook].name, p->name, got.len, whole);
	for (size_t i = 0; i < want.len; i++)
		if (got.data[i] != want.data[i])
			fail_msg("%s: %s: byte %zu is 0x%02x, expected 0x%02x (IP header at %zu)", hooks[hook].name,
				 p->name, i, got.data[i], want.data[i], want.network);
}

static void test_answered(void **state)
{
	(void)state;
	assert_int_equal(fw_kern_reply_rate(fx.k, 1000000), 0);
	for (size_t h = 0; h < COUNT(hooks); h++)
		for (size_t i = 0; i < COUNT(answered); i++)
			expect_reply(h, &answered[i]);
}

static void test_silent(void **state)
{
	struct rejected_bytes got;
	uint64_t before = counts().packets[FW_REPLY_SILENT];

	(void)state;
	assert_int_equal(fw_kern_reply_rate(fx.k, 1000000), 0);
	for (size_t h = 0; h < COUNT(hooks); h++)
		for (size_t i = 0; i < COUNT(silent); i++)
			if (reject(h, &silent[i], &got) == hooks[h].sent)
				fail_msg("%s: %s: answered", hooks[h].name, silent[i].name);
	assert_int_equal(counts().packets[FW_REPLY_SILENT] - before, COUNT(hooks) * COUNT(silent));
}

/* Seconds of the clock that the rate is measured by. */
static double now(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define RATE 20
#define FLOOD 500
static void test_limited(void **state)
{
	const struct rejected p = { .name = "udp" };
	struct rejected_bytes got;
	struct fw_reply_counts before = counts(), after;
	double start = now(), most;
	uint64_t sent = 0;

	(void)state;
	assert_int_equal(fw_kern_reply_rate(fx.k, RATE), 0);
	for (int i = 0; i < FLOOD; i++)
		sent += reject((size_t)i % COUNT(hooks), &p, &got) == hooks[(size_t)i % COUNT(hooks)].sent;
	most = RATE + (now() - start) * RATE + 1;
	after = counts();
	if (sent < RATE || (double)sent > most)
		fail_msg("%llu replies, expected %d to %.1f", (unsigned long long)sent, RATE, most);
	assert_int_equal(after.packets[FW_REPLY_SENT] - before.packets[FW_REPLY_SENT], sent);
	assert_int_equal(after.packets[FW_REPLY_LIMITED] - before.packets[FW_REPLY_LIMITED], FLOOD - sent);
	assert_int_equal(fw_kern_reply_rate(fx.k, 0), 0);
	assert_int_not_equal(reject(0, &p, &got), hooks[0].sent);
}

static int setup(void **state)
{
	const struct fw_kern_options options = { .pool = sandbox_pool() };
	struct fw_diags ds = { 0 };

	(void)state;
	if (!sandbox_enter())
		exit(0);
	fx.ifindex = sandbox_veth("r0", "r1");
	sandbox_mac("r0", fx.macs.to);
	sandbox_mac("r1", fx.macs.from);
	stay_on_cpu_0();
	assert_int_equal(fw_kern_open(&options, &ds, &fx.k), 0);
	return fw_kern_need_reject(fx.k);
}

static int teardown(void **state)
{
	(void)state;
	fw_kern_close(fx.k);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_answered), cmocka_unit_test(test_silent),
					    cmocka_unit_test(test_limited) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
