// SPDX-License-Identifier: GPL-2.0-only
/*
 * The addresses of this network namespace. The kernel's own routing table `local` has a route of type local for whatever is delivered
 * here, and one of type broadcast for each broadcast address, which is what `addrtype` of iptables and `fib` of nftables ask for.
 */
#include "fw/own_addresses.h"

#include "fw/addrs.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_BYTES (64 << 10) /* the most that the kernel sends at once in a dump */
#define RECEIVE_BYTES (1 << 20)
#define TRIES 16 /* dumps, if routes change meanwhile */

struct dump {
	struct fw_own_addresses *out;
	bool torn; /* routes changed meanwhile */
	int err;
};

static int destination(const struct nlattr *attr, void *ctx)
{
	const struct nlattr **dst = ctx;

	if (mnl_attr_get_type(attr) == RTA_DST)
		*dst = attr;
	return MNL_CB_OK;
}

/* The address in network byte order as a number; those of IPv4 are in the upper 32 bits. */
static struct fw_addr address_of(const struct nlattr *dst, bool ip4)
{
	uint32_t w[4] = { 0 };

	if (dst)
		memcpy(w, mnl_attr_get_payload(dst), ip4 ? 4 : 16);
	return (struct fw_addr){ (uint64_t)ntohl(w[0]) << 32 | ntohl(w[1]), (uint64_t)ntohl(w[2]) << 32 | ntohl(w[3]) };
}

/* Adds the destination of a route of the table `local`, if it is of one of the two types. 0, -EBADMSG or -ENOMEM. */
static int add_route(const struct nlmsghdr *h, struct fw_own_addresses *out)
{
	const struct rtmsg *r = mnl_nlmsg_get_payload(h);
	const struct nlattr *dst = NULL;
	struct fw_own_list *list;
	bool ip4;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*r))
		return -EBADMSG;
	if (r->rtm_table != RT_TABLE_LOCAL || (r->rtm_type != RTN_LOCAL && r->rtm_type != RTN_BROADCAST))
		return 0;
	ip4 = r->rtm_family == AF_INET;
	mnl_attr_parse(h, sizeof(*r), destination, &dst);
	if (r->rtm_dst_len > (ip4 ? 32 : 128) || (!dst && r->rtm_dst_len) ||
	    (dst && mnl_attr_get_payload_len(dst) < (ip4 ? 4 : 16)))
		return -EBADMSG;
	list = &out->of[r->rtm_type == RTN_LOCAL ? FW_BUILTIN_LOCAL : FW_BUILTIN_BROADCAST];
	return fw_vec_push(list->ranges, list->n, list->cap,
			   fw_addr_prefix(ip4 ? FW_IP4 : FW_IP6, address_of(dst, ip4), r->rtm_dst_len));
}

static int route(const struct nlmsghdr *h, void *ctx)
{
	struct dump *d = ctx;

	d->torn |= h->nlmsg_flags & NLM_F_DUMP_INTR;
	if (!d->err && h->nlmsg_type == RTM_NEWROUTE)
		d->err = add_route(h, d->out);
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *s, uint8_t family)
{
	_Alignas(struct nlmsghdr) uint8_t buf[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	r->rtm_family = family;
	r->rtm_table = RT_TABLE_LOCAL;
	return mnl_socket_sendto(s, h, h->nlmsg_len) < 0 ? -errno : 0;
}

/* Adds the addresses of a family. 0; -EOPNOTSUPP, -EAFNOSUPPORT: the kernel does not know it; another -errno. */
static int dump_family(struct mnl_socket *s, uint8_t family, struct dump *d)
{
	_Alignas(struct nlmsghdr) uint8_t buf[MESSAGE_BYTES];
	int err = ask(s, family), more = MNL_CB_OK;

	while (!err && more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(s, buf, sizeof(buf));

		more = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, (size_t)n, 0, 0, route, d);
		err = more < 0 ? -errno : 0;
	}
	return err ? err : d->err;
}

/* All addresses once. 0 or -errno. */
static int dump_all(struct mnl_socket *s, struct dump *d)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(families); i++) {
		err = dump_family(s, families[i], d);
		if (err == -EOPNOTSUPP || err == -EAFNOSUPPORT)
			err = 0;
	}
	return err;
}

/* Opens a socket by which the kernel sends only the routes that are asked for. 0 or -errno. */
static int open_socket(struct mnl_socket **out)
{
	int on = 1;
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (!s)
		return -errno;
	/* Without it (before Linux 4.20) it sends all routes, among which those of the table are found. */
	setsockopt(mnl_socket_get_fd(s), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID)) {
		int err = -errno;

		mnl_socket_close(s);
		return err;
	}
	*out = s;
	return 0;
}

int fw_own_addresses_read(struct fw_own_addresses *out)
{
	struct fw_own_addresses own = { 0 };
	struct dump d = { .out = &own };
	struct mnl_socket *s = NULL;
	int err = open_socket(&s), tries = 0;

	if (err)
		return err;
	do {
		fw_own_addresses_free(&own);
		d = (struct dump){ .out = &own };
		err = dump_all(s, &d);
	} while (!err && d.torn && ++tries < TRIES);
	mnl_socket_close(s);
	if (!err && d.torn)
		err = -EAGAIN;
	if (err)
		fw_own_addresses_free(&own);
	else
		*out = own;
	return err;
}

/*
 * Of messages on routes only those on the table `local` pass: a router may change thousands of others each second. All on
 * interfaces pass: when one goes down, its routes leave without a message.
 */
static int filter_messages(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)), /* its lower byte */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTM_NEWROUTE, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTM_DELROUTE, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_table)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_TABLE_LOCAL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
}

int fw_own_addresses_watch(void)
{
	const struct sockaddr_nl at = { .nl_family = AF_NETLINK,
					.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), err, size = RECEIVE_BYTES;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	err = filter_messages(fd);
	if (!err && bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}
