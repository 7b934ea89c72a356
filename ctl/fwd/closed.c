// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwd-closed.service loads nftables tables that drop all packets, and creates a file next to fwd's socket. If that file
 * exists and everything that should be filtered is, at least one interface or the host's hooks, the tables are deleted: each in
 * one kernel transaction, so that no packet passes unfiltered.
 */
#include "ctl/fwd/closed.h"

#include "ctl/fwd/devices/devices.h"
#include "ctl/fwd/devices/host.h"
#include "fw/log.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <unistd.h>

#define TABLE "fw_closed" /* as in closed.nft */

static bool filters(const struct fwd *d)
{
	const struct host *host = devices_host(d);
	const struct device *dev;
	bool any = host->state == HOST_ATTACHED;

	if (host->wish && !any)
		return false;
	for (size_t i = 0; (dev = devices_at(d, i)) != NULL; i++) {
		if (dev->state == DEVICE_FAILED)
			return false;
		any |= dev->state == DEVICE_ATTACHED;
	}
	return any;
}

/* A message at the end of the batch. @res: in host byte order. */
static struct nlmsghdr *put(struct mnl_nlmsg_batch *batch, uint16_t type, uint16_t flags, uint8_t family, uint16_t res)
{
	struct nlmsghdr *head = mnl_nlmsg_put_header(mnl_nlmsg_batch_current(batch));
	struct nfgenmsg *message = mnl_nlmsg_put_extra_header(head, sizeof(*message));

	head->nlmsg_type = type;
	head->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nfgen_family = family;
	message->version = NFNETLINK_V0;
	message->res_id = htons(res);
	return head;
}

/* The kernel's answer: 0 or -errno. */
static int answer(struct mnl_socket *nl, char *buf, size_t size)
{
	ssize_t n = mnl_socket_recvfrom(nl, buf, size);

	return n < 0 || mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0 ? -errno : 0;
}

/* 0, also when there is no such table, or -errno. */
static int table_delete(struct mnl_socket *nl, uint8_t family)
{
	char buf[4096];
	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buf, sizeof(buf) / 2);
	struct nlmsghdr *head;
	int err = 0;

	if (!batch)
		return -ENOMEM;
	put(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	mnl_nlmsg_batch_next(batch);
	head = put(batch, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, NLM_F_ACK, family, 0);
	mnl_attr_put_strz(head, NFTA_TABLE_NAME, TABLE);
	mnl_nlmsg_batch_next(batch);
	put(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	mnl_nlmsg_batch_next(batch);
	if (mnl_socket_sendto(nl, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) < 0)
		err = -errno;
	mnl_nlmsg_batch_stop(batch);
	if (!err)
		err = answer(nl, buf, sizeof(buf));
	return err == -ENOENT ? 0 : err;
}

static int open_up(void)
{
	static const uint8_t families[] = { NFPROTO_BRIDGE, NFPROTO_INET };
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int err = nl && !mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) ? 0 : -errno;

	for (size_t i = 0; !err && i < sizeof(families); i++) {
		err = table_delete(nl, families[i]);
		if (families[i] == NFPROTO_BRIDGE && (err == -EOPNOTSUPP || err == -EAFNOSUPPORT))
			err = 0; /* the kernel has no such tables */
	}
	if (nl)
		mnl_socket_close(nl);
	return err;
}

void closed_look(struct fwd *d)
{
	char path[FW_SETTING_TEXT + 16];
	const char *slash = strrchr(d->config.socket, '/');
	int err;

	snprintf(path, sizeof(path), "%.*s/closed", (int)(slash - d->config.socket), d->config.socket);
	if (access(path, F_OK) || !filters(d))
		return;
	err = open_up();
	if (!err && unlink(path))
		err = -errno;
	if (err && err != d->closed_err)
		fw_log("cannot open the closed host (fwd-closed.service): %s", strerror(-err));
	else if (!err)
		fw_log("filtering: the host is no longer closed");
	d->closed_err = err;
}
