// SPDX-License-Identifier: GPL-2.0-only
/* Interfaces that come, go and change, as rtnetlink says: RFC 3549. */
#include "fw/kern.h"

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

/* Messages that wait to be read: a burst of thousands of interfaces must fit. */
#define RECEIVE_BYTES (4 << 20)
/* What the kernel sends at once in a dump, at most. */
#define MESSAGE_BYTES (64 << 10)

struct fw_links {
	struct mnl_socket *socket;
	fw_link_told *link;
	void *ctx;
	bool dumping; /* the answer to a question for all interfaces is not over */
	bool again;   /* and it is not complete */
	_Alignas(struct nlmsghdr) uint8_t buf[MESSAGE_BYTES];
};

/* The kernel answers one such question at a time. */
static int ask_all(struct fw_links *l)
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

int fw_links_ask(struct fw_links *l)
{
	return l->dumping ? 0 : ask_all(l);
}

static int listen_on(struct fw_links *l)
{
	int size = RECEIVE_BYTES, fd = mnl_socket_get_fd(l->socket);

	if (mnl_socket_bind(l->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID))
		return -errno;
	/* Beyond the limit of the system for root; else as much as there is. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return ask_all(l);
}

int fw_links_open(struct fw_links **out)
{
	struct fw_links *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	err = l->socket ? listen_on(l) : -errno;
	if (err) {
		fw_links_close(l);
		return err;
	}
	*out = l;
	return 0;
}

int fw_links_fd(const struct fw_links *l)
{
	return mnl_socket_get_fd(l->socket);
}

void fw_links_close(struct fw_links *l)
{
	if (l && l->socket)
		mnl_socket_close(l->socket);
	free(l);
}

static int altname(const struct nlattr *attr, void *ctx)
{
	struct fw_link *link = ctx;

	if (mnl_attr_get_type(attr) == IFLA_ALT_IFNAME && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) &&
	    link->naltnames < FW_LINK_ALTNAMES)
		link->altname[link->naltnames++] = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static int attribute(const struct nlattr *attr, void *ctx)
{
	struct fw_link *link = ctx;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		snprintf(link->name, sizeof(link->name), "%s", mnl_attr_get_str(attr));
	if (mnl_attr_get_type(attr) == IFLA_PROP_LIST)
		mnl_attr_parse_nested(attr, altname, link);
	return MNL_CB_OK;
}

static void tell(const struct nlmsghdr *h, fw_link_told *told, void *ctx)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	struct fw_link link = { 0 };

	/* A bridge says so of its ports too, by a message of its own family: the interface is still there. */
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*ifi) || ifi->ifi_family != AF_UNSPEC)
		return;
	link.ifindex = (uint32_t)ifi->ifi_index;
	link.gone = h->nlmsg_type == RTM_DELLINK;
	link.up = ifi->ifi_flags & IFF_UP;
	link.ethernet = ifi->ifi_type == ARPHRD_ETHER || ifi->ifi_type == ARPHRD_LOOPBACK;
	mnl_attr_parse(h, sizeof(*ifi), attribute, &link);
	told(&link, ctx);
}

static int message(struct fw_links *l, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	/* Interfaces changed while the answer was being written, and it may lack some. */
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		l->again = true;
	if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK)
		tell(h, l->link, l->ctx);
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
		l->dumping = false;
	if (h->nlmsg_type == NLMSG_ERROR)
		return mnl_nlmsg_get_payload_len(h) < sizeof(*e) ? -EBADMSG : e->error;
	if (h->nlmsg_type != NLMSG_DONE)
		return 0;
	if (l->again)
		return ask_all(l);
	l->link(&(const struct fw_link){ 0 }, l->ctx);
	return 0;
}

static int read_one(struct fw_links *l)
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

int fw_links_read(struct fw_links *l, fw_link_told *link, void *ctx)
{
	int err;

	l->link = link;
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

struct asked {
	fw_link_told *link;
	void *ctx;
};

static int answer(const struct nlmsghdr *h, void *ctx)
{
	const struct asked *a = ctx;

	if (h->nlmsg_type == RTM_NEWLINK)
		tell(h, a->link, a->ctx);
	return MNL_CB_OK;
}

int fw_link_find(const char *name, fw_link_told *link, void *ctx)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	_Alignas(struct nlmsghdr) uint8_t buf[MESSAGE_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct asked asked = { link, ctx };
	ssize_t n;
	int err;

	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	/* By this attribute the kernel looks among both kinds of names. */
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

bool fw_link_strips_vlan(const char *name)
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
