// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the packets of an interface begin: with an Ethernet header, or, on tunnels and point-to-point interfaces, with their IP
 * header. Depends on the interface's type, which rtnetlink reports.
 */
#include "kern.h"

#include "fw/interfaces.h"

#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define ANSWER_BYTES (16 << 10)

static const struct {
	uint16_t type;
	uint8_t layer;
} layers[] = {
	{ ARPHRD_ETHER, LAYER_ETHERNET }, { ARPHRD_LOOPBACK, LAYER_ETHERNET },
	{ ARPHRD_NONE, LAYER_IP }, /* tun, WireGuard, mobile networks and others */
	{ ARPHRD_RAWIP, LAYER_IP },       { ARPHRD_PPP, LAYER_IP },
	{ ARPHRD_TUNNEL, LAYER_IP },      { ARPHRD_TUNNEL6, LAYER_IP },
	{ ARPHRD_SIT, LAYER_IP },         { ARPHRD_IPGRE, LAYER_IP },
	{ ARPHRD_IP6GRE, LAYER_IP },
};

/* For generic XDP, packets of these begin with the Ethernet header of the packet that they were decrypted from. */
static const char *const headed[] = { "vti", "vti6", "xfrm" };

static int info(const struct nlattr *attr, void *ctx)
{
	struct kern_layer *l = ctx;

	if (mnl_attr_get_type(attr) != IFLA_INFO_KIND || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		return MNL_CB_OK;
	l->veth = !strcmp(mnl_attr_get_str(attr), "veth");
	for (size_t i = 0; i < sizeof(headed) / sizeof(*headed); i++)
		if (!strcmp(mnl_attr_get_str(attr), headed[i]))
			l->xdp_begins = false;
	return MNL_CB_OK;
}

static int attribute(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
		mnl_attr_parse_nested(attr, info, ctx);
	return MNL_CB_OK;
}

static int answer(const struct nlmsghdr *h, void *ctx)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	struct kern_layer *l = ctx;

	*l = (struct kern_layer){ .layer = LAYER_OTHER, .type = ifi->ifi_type, .xdp_begins = true };
	for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++)
		if (layers[i].type == ifi->ifi_type)
			l->layer = (enum layer)layers[i].layer;
	mnl_attr_parse(h, sizeof(*ifi), attribute, l);
	return MNL_CB_OK;
}

int kern_layer_ask(uint32_t ifindex, struct kern_layer *out)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));
	ssize_t n;
	int err;

	*out = (struct kern_layer){ .layer = LAYER_OTHER, .xdp_begins = true };
	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	ifi->ifi_index = (int)ifindex;
	if (!s)
		return -errno;
	err = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) || mnl_socket_sendto(s, h, h->nlmsg_len) < 0 ? -errno : 0;
	n = err ? 0 : mnl_socket_recvfrom(s, buf, sizeof(buf));
	if (!err && (n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, answer, out) < 0))
		err = -errno;
	mnl_socket_close(s);
	return err;
}

bool fw_interface_is_l3(uint32_t ifindex)
{
	struct kern_layer l;

	return !kern_layer_ask(ifindex, &l) && l.layer == LAYER_IP;
}

bool fw_interface_is_veth(uint32_t ifindex)
{
	struct kern_layer l;

	return !kern_layer_ask(ifindex, &l) && l.veth;
}
