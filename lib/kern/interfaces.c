// SPDX-License-Identifier: GPL-2.0-only
/* Network interfaces as rtnetlink reports them. */
#include "fw/interfaces.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for unread messages: a burst of thousands of interfaces must fit. */
#define RECEIVE_BYTES (4 << 20)
/* The most that the kernel sends at once in a dump. */
#define MESSAGE_BYTES (64 << 10)

struct fw_interfaces {
	struct mnl_socket *socket;
	fw_interface_report *report;
	void *ctx;
	bool dumping; /* the answer to a request for all interfaces has not ended */
	bool again;   /* and that answer is incomplete */
	_Alignas(struct nlmsghdr) uint8_t buf[MESSAGE_BYTES];
};

/* Requests a dump. The kernel runs one dump of a socket at a time. */
static int ask_all(struct fw_interfaces *l)
{
	_Alignas(struct nlmsghdr) uint8_t buf[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	l->again = l->dumping;
	if (l->dumping)
		return 0;
	l->dumping = true;
	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	return mnl_socket_sendto(l->socket, h, h->nlmsg_len) < 0 ? -errno : 0;
}

int fw_interfaces_ask(struct fw_interfaces *l)
{
	return l->dumping ? 0 : ask_all(l);
}

static int listen_on(struct fw_interfaces *l)
{
	int size = RECEIVE_BYTES, fd = mnl_socket_get_fd(l->socket);

	if (mnl_socket_bind(l->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID))
		return -errno;
	/* Root may exceed the system's limit; others get as much as it allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return ask_all(l);
}

int fw_interfaces_open(struct fw_interfaces **out)
{
	struct fw_interfaces *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	err = l->socket ? listen_on(l) : -errno;
	if (err) {
		fw_interfaces_close(l);
		return err;
	}
	*out = l;
	return 0;
}

int fw_interfaces_fd(const struct fw_interfaces *l)
{
	return mnl_socket_get_fd(l->socket);
}

void fw_interfaces_close(struct fw_interfaces *l)
{
	if (l && l->socket)
		mnl_socket_close(l->socket);
	free(l);
}

static int altname(const struct nlattr *attr, void *ctx)
{
	struct fw_interface *interface = ctx;

	if (mnl_attr_get_type(attr) == IFLA_ALT_IFNAME && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) &&
	    interface->naltnames < FW_INTERFACE_ALTNAMES)
		interface->altname[interface->naltnames++] = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static int attribute(const struct nlattr *attr, void *ctx)
{
	struct fw_interface *interface = ctx;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		snprintf(interface->name, sizeof(interface->name), "%s", mnl_attr_get_str(attr));
	if (mnl_attr_get_type(attr) == IFLA_PROP_LIST)
		mnl_attr_parse_nested(attr, altname, interface);
	return MNL_CB_OK;
}

static void report_message(const struct nlmsghdr *h, fw_interface_report *report, void *ctx)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	struct fw_interface interface = { 0 };

	/* A bridge reports changes of its ports by messages of its own family: they do not mean that the interface is gone. */
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*ifi) || ifi->ifi_family != AF_UNSPEC)
		return;
	interface.ifindex = (uint32_t)ifi->ifi_index;
	interface.gone = h->nlmsg_type == RTM_DELLINK;
	interface.up = ifi->ifi_flags & IFF_UP;
	interface.ethernet = ifi->ifi_type == ARPHRD_ETHER || ifi->ifi_type == ARPHRD_LOOPBACK;
	mnl_attr_parse(h, sizeof(*ifi), attribute, &interface);
	report(&interface, ctx);
}

static int message(struct fw_interfaces *l, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	/* Interfaces changed during the dump, which may lack some. */
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		l->again = true;
	if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK)
		report_message(h, l->report, l->ctx);
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
		l->dumping = false;
	if (h->nlmsg_type == NLMSG_ERROR)
		return mnl_nlmsg_get_payload_len(h) < sizeof(*e) ? -EBADMSG : e->error;
	if (h->nlmsg_type != NLMSG_DONE)
		return 0;
	if (l->again)
		return ask_all(l);
	l->report(&(const struct fw_interface){ 0 }, l->ctx);
	return 0;
}

static int read_one(struct fw_interfaces *l)
{
	ssize_t n = mnl_socket_recvfrom(l->socket, l->buf, sizeof(l->buf));
	const struct nlmsghdr *h = (const struct nlmsghdr *)l->buf;
	int err = 0, left = (int)n;

	if (n < 0)
		return -errno;
	for (; !err && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		err = message(l, h);
	return err;
}

int fw_interfaces_read(struct fw_interfaces *l, fw_interface_report *report, void *ctx)
{
	int err;

	l->report = report;
	l->ctx = ctx;
	do
		err = read_one(l);
	while (!err);
	if (err == -EAGAIN)
		return 0;
	if (err == -ENOBUFS) {
		int again = ask_all(l);

		return again ? again : -ENOBUFS;
	}
	return err;
}

int fw_interfaces_all(fw_interface_report *report, void *ctx)
{
	struct fw_interfaces *l;
	int err = fw_interfaces_open(&l);

	if (err)
		return err;
	err = fw_interfaces_read(l, report, ctx);
	fw_interfaces_close(l);
	return err;
}

struct asked {
	fw_interface_report *report;
	void *ctx;
};

static int answer(const struct nlmsghdr *h, void *ctx)
{
	const struct asked *a = ctx;

	if (h->nlmsg_type == RTM_NEWLINK)
		report_message(h, a->report, a->ctx);
	return MNL_CB_OK;
}

int fw_interface_find(const char *name, fw_interface_report *report, void *ctx)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	_Alignas(struct nlmsghdr) uint8_t buf[MESSAGE_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct asked asked = { report, ctx };
	ssize_t n;
	int err;

	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	/* With this attribute the kernel searches names of both kinds. */
	mnl_attr_put_strz(h, IFLA_ALT_IFNAME, name);
	if (!s)
		return -errno;
	err = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) || mnl_socket_sendto(s, h, h->nlmsg_len) < 0 ? -errno : 0;
	n = err ? -1 : mnl_socket_recvfrom(s, buf, sizeof(buf));
	if (!err && (n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, answer, &asked) < 0))
		err = -errno;
	mnl_socket_close(s);
	return err;
}

bool fw_interface_strips_vlan(const char *name)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	err = ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	return !err && value.data & ETH_FLAG_RXVLAN;
}
