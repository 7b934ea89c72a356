// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces, interfaces and packet sockets for tests. */
#include "tests/unit/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (16 << 20)
#define RECEIVE_MS 60000 /* the longest that a frame may take */

struct request {
	_Alignas(struct nlmsghdr) uint8_t buf[1024];
	struct nlmsghdr *h;
};

/* Begins a message about an interface; @index 0: it does not exist yet. */
static void request_begin(struct request *r, uint16_t type, uint16_t flags, uint32_t index)
{
	struct ifinfomsg *ifi;

	memset(r, 0, sizeof(*r));
	r->h = mnl_nlmsg_put_header(r->buf);
	r->h->nlmsg_type = type;
	r->h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	ifi = mnl_nlmsg_put_extra_header(r->h, sizeof(*ifi));
	ifi->ifi_index = (int)index;
}

/* Sends it and waits for the reply. 0, or -errno of the kernel. */
static int request_send(struct request *r)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	uint8_t answer[8192];
	ssize_t n;
	int err;

	assert_non_null(s);
	assert_int_equal(mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID), 0);
	assert_true(mnl_socket_sendto(s, r->h, r->h->nlmsg_len) > 0);
	n = mnl_socket_recvfrom(s, answer, sizeof(answer));
	err = n > 0 && mnl_cb_run(answer, (size_t)n, 0, 0, NULL, NULL) >= 0 ? 0 : -errno;
	mnl_socket_close(s);
	return err;
}

static void set_up(const char *name)
{
	struct ifinfomsg *ifi;
	struct request r;

	request_begin(&r, RTM_NEWLINK, 0, if_nametoindex(name));
	ifi = mnl_nlmsg_get_payload(r.h);
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	assert_int_equal(request_send(&r), 0);
}

enum fw_kern_pool sandbox_pool(void)
{
	const char *name = getenv("FW_POOL");
	int kind = 0;

	while (name && kind < FW_NPOOLS && strcmp(name, fw_kern_pool_names[kind]))
		kind++;
	assert_true(kind < FW_NPOOLS);
	return (enum fw_kern_pool)kind;
}

bool sandbox_enter(void)
{
	if (geteuid() || unshare(CLONE_NEWNS | CLONE_NEWNET) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", SANDBOX_BPFFS, "bpf", 0, "mode=0700")) {
		print_message("skipped: a sandbox, for want of root: %s\n", strerror(errno));
		return false;
	}
	set_up("lo");
	return true;
}

uint32_t sandbox_veth(const char *name, const char *peer)
{
	return sandbox_veth_at(name, peer, 0);
}

uint32_t sandbox_veth_at(const char *name, const char *peer, uint32_t ifindex)
{
	struct request r;
	struct nlattr *info, *data, *other;

	request_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifindex);
	mnl_attr_put_strz(r.h, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(r.h, IFLA_LINKINFO);
	mnl_attr_put_strz(r.h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(r.h, IFLA_INFO_DATA);
	other = mnl_attr_nest_start(r.h, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(r.h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(r.h, IFLA_IFNAME, peer);
	mnl_attr_nest_end(r.h, other);
	mnl_attr_nest_end(r.h, data);
	mnl_attr_nest_end(r.h, info);
	assert_int_equal(request_send(&r), 0);
	set_up(name);
	set_up(peer);
	return if_nametoindex(name);
}

void sandbox_mac(const char *name, uint8_t mac[6])
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { 0 };

	assert_true(strlen(name) < sizeof(r.ifr_name));
	memcpy(r.ifr_name, name, strlen(name));
	assert_int_equal(ioctl(s, SIOCGIFHWADDR, &r), 0);
	memcpy(mac, r.ifr_hwaddr.sa_data, ETH_ALEN);
	close(s);
}

void sandbox_delete(const char *name)
{
	struct request r;

	request_begin(&r, RTM_DELLINK, 0, if_nametoindex(name));
	assert_int_equal(request_send(&r), 0);
}

void sandbox_rename(const char *from, const char *to)
{
	struct request r;

	request_begin(&r, RTM_NEWLINK, 0, if_nametoindex(from));
	mnl_attr_put_strz(r.h, IFLA_IFNAME, to);
	assert_int_equal(request_send(&r), 0);
}

static int packet_socket(const char *name, uint16_t protocol)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(protocol),
				  .sll_ifindex = (int)if_nametoindex(name) };
	int size = RECEIVE_BYTES, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

int sandbox_sender(const char *name)
{
	return packet_socket(name, 0);
}

/* Packets reach sockets for one protocol after tc, those for all protocols before it. */
int sandbox_receiver(const char *name, uint16_t protocol)
{
	return packet_socket(name, protocol);
}

void sandbox_send(int sender, const struct fw_frame *frame)
{
	while (send(sender, frame->data, frame->len, 0) < 0)
		if (errno != ENOBUFS)
			fail_msg("send: %s", strerror(errno));
}

/* The next frame; with @wait, waits for it, because with native XDP another kernel thread delivers frames. 0: none. */
static ssize_t next_frame(int receiver, uint8_t *frame, bool wait)
{
	struct pollfd p = { .fd = receiver, .events = POLLIN };

	return poll(&p, 1, wait ? RECEIVE_MS : 0) == 1 ? recv(receiver, frame, FW_FRAME_MAX, 0) : 0;
}

void sandbox_received(int receiver, const uint32_t from[2], int which, unsigned want, unsigned n[2])
{
	uint8_t frame[FW_FRAME_MAX];
	ssize_t len;

	n[0] = n[1] = 0;
	while ((len = next_frame(receiver, frame, n[which] < want)) > 0) {
		struct iphdr ip;

		if ((size_t)len < ETH_HLEN + sizeof(ip))
			continue;
		memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
		n[0] += ntohl(ip.saddr) == from[0];
		n[1] += ntohl(ip.saddr) == from[1];
	}
}

int sandbox_refuse_call(long call, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno :
														0;
}

int sandbox_foreign(enum bpf_prog_type type, int verdict)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(type, "foreign", "GPL", insns, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}
