/* SPDX-License-Identifier: GPL-2.0-only */
/* Network interfaces as rtnetlink reports them (RFC 3549). A `link` of netlink is called an interface here. */
#ifndef FW_INTERFACES_H
#define FW_INTERFACES_H

#include "fw/base.h"

#define FW_INTERFACE_ALTNAMES 1024 /* more are not reported */
struct fw_interface {
	uint32_t ifindex; /* 0: all interfaces have been reported since they were last asked for */
	bool gone;
	bool up;
	bool ethernet; /* its packets begin with an Ethernet header */
	char name[FW_IFNAME_MAX + 1];
	const char *altname[FW_INTERFACE_ALTNAMES]; /* its alternative names, of up to FW_ALTNAME_MAX bytes */
	size_t naltnames;
};
/* @interface and its names are borrowed until the call returns. */
typedef void fw_interface_report(const struct fw_interface *interface, void *ctx);

struct fw_interfaces;
/**
 * fw_interfaces_open - follow the interfaces of this network namespace
 *
 * Asks for all interfaces that exist: the first fw_interfaces_read() reports them.
 * Return: 0 or -errno.
 */
int fw_interfaces_open(struct fw_interfaces **out);
/* Readable when there is something to read. */
int fw_interfaces_fd(const struct fw_interfaces *l);
/**
 * fw_interfaces_read - report what has changed; never blocks
 * @report: called for each message that has arrived
 * Return: 0; -ENOBUFS: messages were lost, and all interfaces are being asked for again; another -errno.
 */
int fw_interfaces_read(struct fw_interfaces *l, fw_interface_report *report, void *ctx);
/* Asks for all interfaces again. 0 or -errno. */
int fw_interfaces_ask(struct fw_interfaces *l);
void fw_interfaces_close(struct fw_interfaces *l); /* NULL is fine */

/* Reports all interfaces that exist now, and then one of index 0. 0 or -errno. */
int fw_interfaces_all(fw_interface_report *report, void *ctx);
/* Reports the interface that has @name, or has it as an alternative name, now. 0, -ENODEV or -errno. */
int fw_interface_find(const char *name, fw_interface_report *report, void *ctx);
/* Do its packets begin with an IP header, without an Ethernet header? */
bool fw_interface_is_l3(uint32_t ifindex);
/* Is it one end of a veth pair? What native XDP sends there is lost, unless the other end has an XDP program. */
bool fw_interface_is_veth(uint32_t ifindex);
/* Does the driver remove VLAN tags from packets? Then XDP does not see them. */
bool fw_interface_strips_vlan(const char *name);

#endif
