// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies to rejected packets on a wire: those of the programs, on each hook, and those of the kernel's own REJECT to the same
 * packets. All are compared with the same bytes, so what differs from the kernel is what forgive() lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/kern/kern.h"
#include "tests/unit/rejected.h"
#include "tests/unit/sandbox.h"

#define TCP .proto = IPPROTO_TCP
#define SIX .six = true
#define SYN .flags = 2
#define KIND(k) .kind = FW_REJECT_##k
#define WAIT_MS 60000
#define MTU 1500
#define PORT "with icmpx type port-unreachable"
#define RESET "with tcp reset"

/* @kernel: what nft rejects like this, after `reject`; NULL: nothing does. Packets without IP options or fragments: it undoes them. */
static const struct {
	struct rejected p;
	const char *kernel;
} packets[] = {
	{ { .name = "udp" }, PORT },
	{ { "udp6", SIX }, PORT },
	{ { "udp longer than a quote", .payload = 1400 }, PORT },
	{ { "udp6 longer than a quote", SIX, .payload = 1400 }, PORT },
	{ { "udp of an odd length", .payload = 13, .tos = 0x1c }, PORT },
	{ { "udp6 with extension headers", SIX, .options = 24, .payload = 7 }, PORT },
	{ { "udp, host-unreachable", KIND(HOST_UNREACHABLE) }, "with icmpx type host-unreachable" },
	{ { "udp6, host-unreachable", SIX, KIND(HOST_UNREACHABLE) }, "with icmpx type host-unreachable" },
	{ { "udp, net-unreachable", KIND(NET_UNREACHABLE) }, "with icmpx type no-route" },
	{ { "udp6, net-unreachable", SIX, KIND(NET_UNREACHABLE) }, "with icmpx type no-route" },
	{ { "udp, admin-prohibited", KIND(ADMIN_PROHIBITED) }, "with icmpx type admin-prohibited" },
	{ { "udp6, admin-prohibited", SIX, KIND(ADMIN_PROHIBITED) }, "with icmpx type admin-prohibited" },
	{ { "udp, proto-unreachable", KIND(PROTO_UNREACHABLE) }, "with icmp type prot-unreachable" },
	{ { "udp, host-prohibited", KIND(HOST_PROHIBITED) }, "with icmp type host-prohibited" },
	{ { "syn", TCP, SYN, .tcp_options = 20 }, RESET },
	{ { "syn6", TCP, SIX, SYN, .tcp_options = 20 }, RESET },
	{ { "syn with data", TCP, SYN, .payload = 100 }, RESET },
	{ { "syn with IP options", TCP, SYN, .options = 8 }, RESET },
	{ { "syn6 with extension headers", TCP, SIX, SYN, .options = 24 }, RESET },
	{ { "ack", TCP, .flags = 16, .payload = 1400 }, RESET },
	{ { "ack6", TCP, SIX, .flags = 16 }, RESET },
	{ { "syn ack", TCP, .flags = 18 }, RESET },
	{ { "fin without ack", TCP, .flags = 1 }, RESET },
	{ { "no flags, data", TCP, .payload = 9 }, RESET },
	{ { "syn, port-unreachable", TCP, SYN, KIND(PORT_UNREACHABLE) }, PORT },
	{ { "syn6, port-unreachable", TCP, SIX, SYN, KIND(PORT_UNREACHABLE) }, PORT },
	{ { "sctp", .proto = IPPROTO_SCTP }, PORT },
	{ { "echo request", .proto = IPPROTO_ICMP, .type = 8, .payload = 56 }, PORT },
	{ { "echo request 6", SIX, .proto = IPPROTO_ICMPV6, .type = 128, .payload = 56 }, PORT },
	{ { "udp, first fragment", .frag = FW_FRAG_FIRST, .payload = 1024 }, NULL },
	{ { "udp whose checksum is left to hardware", .payload = 100, .sum = SUM_PSEUDO }, NULL },
	{ { "udp6 whose checksum is left to hardware", SIX, .payload = 1400, .sum = SUM_PSEUDO }, NULL },
	{ { "udp with IP options, checksum left to hardware", .options = 8, .sum = SUM_PSEUDO }, NULL },
	{ { "syn whose checksum is left to hardware", TCP, SYN, .tcp_options = 20, .sum = SUM_PSEUDO }, NULL },
	{ { "syn6 whose checksum is left to hardware", TCP, SIX, SYN, .sum = SUM_PSEUDO }, NULL },
	{ { "several segments", TCP, .flags = 16, .payload = 3900, .sum = SUM_PSEUDO }, NULL },
	{ { "several segments 6", TCP, SIX, .flags = 24, .payload = 3900, .sum = SUM_PSEUDO }, NULL },
	{ { "several segments, port-unreachable", TCP, .flags = 16, .payload = 3900, .sum = SUM_PSEUDO,
	    KIND(PORT_UNREACHABLE) },
	  NULL },
	{ { "udp in a VLAN", .tags = 1 }, NULL },
	{ { "syn6 in a VLAN", TCP, SIX, SYN, .tags = 1 }, NULL },
	{ { "syn in two VLANs", TCP, SYN, .tags = 2 }, NULL },
	{ { "udp6 in PPPoE in a VLAN", SIX, .pppoe = 2, .tags = 1 }, NULL },
};

static const struct rejected silent[] = {
	{ "rst", TCP, .flags = 4 },
	{ "destination unreachable", .proto = IPPROTO_ICMP, .type = 3, .payload = 28 },
	{ "packet too big", SIX, .proto = IPPROTO_ICMPV6, .type = 2, .payload = 48 },
	{ "later fragment", .frag = FW_FRAG_LATER, .payload = 64 },
	{ "in a multicast frame", .group = true },
	{ "for another host", .other = true },
	{ "syn for another host", TCP, SYN, .other = true },
	{ "wrong checksum", .sum = SUM_WRONG },
	{ "wrong checksum, syn", TCP, SYN, .sum = SUM_WRONG },
};
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct fixture {
	struct fw_kern *k;
	uint32_t ifindex, peer;
	struct rejected_macs macs;
	int sender, wire; /* packet sockets of the sender: to send, and to receive */
	int pass;         /* an XDP program for its interface */
} fx;

/* Return: its exit code was 0. */
static bool shell(const char *command)
{
	pid_t child = fork();
	int status = -1;

	if (!child) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

static void sh(const char *command)
{
	if (!shell(command))
		fail_msg("%s", command);
}

/* Puts a tag that the kernel has taken out of a frame where it was. */
static void put_tag(struct rejected_bytes *b, const struct tpacket_auxdata *aux)
{
	uint16_t tag[2] = { htons(aux->tp_vlan_tpid), htons(aux->tp_vlan_tci) };

	memmove(b->data + 16, b->data + 12, b->len - 12);
	memcpy(b->data + 12, tag, sizeof(tag));
	b->len += sizeof(tag);
}

/* The next frame that arrives at the sender; false: none within @ms. */
static bool receive(struct rejected_bytes *out, int ms)
{
	struct pollfd p = { .fd = fx.wire, .events = POLLIN };
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct sockaddr_ll from;
	struct iovec data = { out->data, sizeof(out->data) - 4 };
	struct msghdr m = { .msg_name = &from, .msg_iov = &data, .msg_iovlen = 1, .msg_control = control };
	ssize_t n;

	for (;;) {
		m.msg_namelen = sizeof(from);
		m.msg_controllen = sizeof(control);
		if (poll(&p, 1, ms) != 1)
			return false;
		n = recvmsg(fx.wire, &m, 0);
		assert_true(n > 0);
		/* Not what the sender sends, nor what the receiver says to groups. */
		if (from.sll_pkttype != PACKET_OUTGOING && !(out->data[0] & 1))
			break;
	}
	out->len = (size_t)n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct tpacket_auxdata aux;

		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA &&
		    aux.tp_status & TP_STATUS_VLAN_VALID)
			put_tag(out, &aux);
	}
	return true;
}

/* A checksum that is left to hardware is so in earnest, for the kernel. */
static void send_packet(const struct rejected *p)
{
	bool left = p->sum == SUM_PSEUDO, tcp = p->proto == IPPROTO_TCP;
	struct virtio_net_hdr h = { .flags = left ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0 };
	struct rejected_bytes in;
	struct iovec parts[] = { { &h, sizeof(h) }, { in.data, 0 } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };

	rejected_make(p, &fx.macs, &in);
	if (left) {
		h.csum_start = (uint16_t)(in.network + (p->six ? 40 : 20) + p->options);
		h.csum_offset = tcp ? 16 : 6;
	}
	if (p->payload > MTU) {
		h.gso_type = p->six ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		h.hdr_len = h.csum_start + 20 + p->tcp_options;
		h.gso_size = 1000;
	}
	parts[1].iov_len = in.len;
	assert_int_equal(sendmsg(fx.sender, &m, 0), sizeof(h) + in.len);
}

/*
 * Makes equal what the kernel's ICMP errors have and ours do not: an identification instead of DF in IPv4, which the checksum
 * covers, and a flow label in IPv6.
 */
static void forgive(const struct rejected *p, struct rejected_bytes *want, const struct rejected_bytes *got)
{
	size_t at = want->network;

	if (rejected_by_reset(p))
		return;
	if (p->six) {
		memcpy(want->data + at + 2, got->data + at + 2, 2);
		want->data[at + 1] |= got->data[at + 1] & 15;
	} else {
		memcpy(want->data + at + 4, got->data + at + 4, 4);
		memcpy(want->data + at + 10, got->data + at + 10, 2);
	}
}

static void expect_reply(const char *who, const struct rejected *p, bool kernel)
{
	struct rejected_bytes want, got = { .len = 0 };

	send_packet(p);
	rejected_reply(p, &fx.macs, &want);
	if (!receive(&got, WAIT_MS))
		fail_msg("%s: %s: no reply", who, p->name);
	if (kernel)
		forgive(p, &want, &got);
	if (got.len < want.len)
		fail_msg("%s: %s: %zu bytes, expected %zu", who, p->name, got.len, want.len);
	for (size_t i = 0; i < want.len; i++)
		if (got.data[i] != want.data[i])
			fail_msg("%s: %s: byte %zu is 0x%02x, expected 0x%02x (IP header at %zu)", who, p->name, i,
				 got.data[i], want.data[i], want.network);
}

static void kind_set(uint8_t kind)
{
	for (uint32_t i = 0; i < fx.k->ncpus; i++)
		__atomic_store_n(&fx.k->cpus[i].reject, kind, __ATOMIC_RELEASE);
}

static int prog_of(enum fw_call call)
{
	return fx.k->progs[PROG_CALLS + call];
}

static void check_hook(const char *name, bool native)
{
	struct rejected_bytes got;

	for (size_t i = 0; i < COUNT(packets); i++) {
		if (native && packets[i].p.payload > MTU) /* it gets segments */
			continue;
		kind_set(packets[i].p.kind);
		expect_reply(name, &packets[i].p, false);
	}
	for (size_t i = 0; i < COUNT(silent); i++) {
		kind_set(silent[i].kind);
		send_packet(&silent[i]);
		expect_reply(silent[i].name, &packets[0].p, false);
		if (receive(&got, 0))
			fail_msg("%s: %s: answered", name, silent[i].name);
	}
}

static void check_xdp(const char *name, uint32_t mode)
{
	assert_int_equal(bpf_xdp_attach((int)fx.ifindex, prog_of(FW_CALL_XDP_REJECT), mode, NULL), 0);
	check_hook(name, mode == XDP_FLAGS_DRV_MODE);
	assert_int_equal(bpf_xdp_detach((int)fx.ifindex, mode, NULL), 0);
}

static void test_native(void **state)
{
	(void)state;
	assert_int_equal(bpf_xdp_attach((int)fx.peer, fx.pass, XDP_FLAGS_DRV_MODE, NULL), 0);
	check_xdp("native XDP", XDP_FLAGS_DRV_MODE);
	assert_int_equal(bpf_xdp_detach((int)fx.peer, XDP_FLAGS_DRV_MODE, NULL), 0);
}

static void test_generic(void **state)
{
	(void)state;
	check_xdp("generic XDP", XDP_FLAGS_SKB_MODE);
}

static void test_tc(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)fx.ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_of(FW_CALL_TC_REJECT_IN));

	(void)state;
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	check_hook("tc ingress", false);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
}

/* Gives r0 addresses, and the Ethernet address of the other end. Skips the test without the tools for that. */
static void need_host(const char *test)
{
	const uint8_t *m = fx.macs.from;
	char command[256];

	if (!shell("ip -V >/dev/null 2>&1")) {
		print_message("skipped: %s: no iproute2\n", test);
		skip();
	}
	sh("ip addr replace 192.0.2.1/24 dev r0 && ip addr replace 2001:db8:0:1::1/64 dev r0 nodad");
	snprintf(command, sizeof(command),
		 "for a in 192.0.2.2 2001:db8:0:1::2; do "
		 "ip neigh replace $a lladdr %02x:%02x:%02x:%02x:%02x:%02x dev r0 || exit 1; done",
		 m[0], m[1], m[2], m[3], m[4], m[5]);
	sh(command);
}

/* Connects and sends. Return: the error that it comes to, as errno. */
static int try_to_reach(bool six, int type)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(8080) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(8080) };
	int s = socket(six ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK, 0), err = 0;
	struct pollfd p = { .fd = s, .events = POLLIN | POLLOUT };
	socklen_t len = sizeof(err);

	assert_int_equal(inet_pton(AF_INET, "192.0.2.2", &to4.sin_addr), 1);
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:0:1::2", &to6.sin6_addr), 1);
	if (connect(s, six ? (void *)&to6 : (void *)&to4, six ? sizeof(to6) : sizeof(to4)))
		assert_int_equal(errno, EINPROGRESS);
	if (type == SOCK_DGRAM) {
		assert_int_equal(send(s, "x", 1, 0), 1);
		p.events = POLLIN;
	}
	if (poll(&p, 1, WAIT_MS) != 1)
		fail_msg("no error: IPv%d, type %d", six ? 6 : 4, type);
	assert_int_equal(getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	close(s);
	return err;
}

/* Packets of this machine: the connection is refused, by a reply that comes in. */
static void test_egress(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)fx.ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_of(FW_CALL_TC_REJECT_OUT));

	(void)state;
	need_host(__func__);
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	kind_set(FW_REJECT_DEFAULT);
	for (int six = 0; six < 2; six++) {
		assert_int_equal(try_to_reach(six, SOCK_STREAM), ECONNREFUSED);
		assert_int_equal(try_to_reach(six, SOCK_DGRAM), ECONNREFUSED);
	}
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
}

static void test_kernel(void **state)
{
	char command[512];

	(void)state;
	if (!shell("nft --version >/dev/null 2>&1")) {
		print_message("skipped: %s: no nft\n", __func__);
		skip();
	}
	need_host(__func__);
	sh("mount -t proc proc /proc && sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 net.ipv6.icmp.ratelimit=0");
	for (size_t i = 0; i < COUNT(packets); i++) {
		if (!packets[i].kernel)
			continue;
		snprintf(command, sizeof(command),
			 "nft 'flush ruleset; table inet t { chain c { type filter hook input priority 0; "
			 "meta nfproto %s %s reject %s; }; }'",
			 packets[i].p.six ? "ipv6" : "ipv4", rejected_by_reset(&packets[i].p) ? "meta l4proto tcp" : "",
			 packets[i].kernel);
		sh(command);
		expect_reply("kernel", &packets[i].p, true);
	}
	sh("nft flush ruleset");
}

/* Makes the kernel complete checksums that are left to hardware before a frame leaves. */
static void complete_sums(const char *name)
{
	struct ethtool_value off = { .cmd = ETHTOOL_STXCSUM };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_data = (void *)&off };

	memcpy(r.ifr_name, name, strlen(name));
	assert_int_equal(ioctl(s, SIOCETHTOOL, &r), 0);
	close(s);
}

static int setup(void **state)
{
	const struct fw_kern_options options = { .pool = sandbox_pool() };
	struct fw_diags ds = { 0 };
	int one = 1;

	(void)state;
	if (!sandbox_enter())
		exit(0);
	fx.ifindex = sandbox_veth("r0", "r1");
	fx.peer = if_nametoindex("r1");
	sandbox_mac("r0", fx.macs.to);
	sandbox_mac("r1", fx.macs.from);
	fx.wire = sandbox_receiver("r1", 3 /* ETH_P_ALL */);
	assert_int_equal(setsockopt(fx.wire, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)), 0);
	complete_sums("r0");
	fx.sender = sandbox_sender("r1");
	assert_int_equal(setsockopt(fx.sender, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	fx.pass = sandbox_foreign(BPF_PROG_TYPE_XDP, 2);
	assert_int_equal(fw_kern_open(&options, &ds, &fx.k), 0);
	assert_int_equal(fw_kern_need_reject(fx.k), 0);
	return fw_kern_reply_rate(fx.k, 1000000);
}

static int teardown(void **state)
{
	(void)state;
	fw_kern_close(fx.k);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_native), cmocka_unit_test(test_generic),
					    cmocka_unit_test(test_tc), cmocka_unit_test(test_egress),
					    cmocka_unit_test(test_kernel) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
