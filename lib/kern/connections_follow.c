// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following connections by ctnetlink: its events, and a dump of all connections at the beginning, and again when events were lost.
 * A connection is known by a hash of what identifies it, so that it counts once, whether an event or the dump tells of it, and ends
 * once. During a dump everything is counted anew in tables of its own, which take the place of the others at its end:
 *
 *	event NEW a          known { a }, count 1
 *	events were lost     the dump begins: known { }, the programs still see 1
 *	dump: a, b; NEW c    known { a b c }
 *	the dump ends        the programs see 3
 */
#include "connections_table.h"
#include "kern.h"

#include "fw/tracked.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define RECEIVE_BYTES (8 << 20)
#define MESSAGE_BYTES (64 << 10)
#define AT_ONCE 512           /* datagrams of one call: some milliseconds at most */
#define DUMP_AGAIN 5.0        /* seconds between dumps at least */
#define KNOWN_MAX (1u << 20)  /* connections */
#define COUNTS_MAX (1u << 18) /* addresses with their prefixes */
#define SIDE_CONNECTION 0xff  /* in a key: it identifies a connection */

/* The connections that are known, and how many each address has. */
struct counts {
	struct connections_table known, of;
};

struct fw_tracked {
	struct fw_kern *kern;
	struct mnl_socket *socket;
	struct fw_tracked_want want[FW_CONNECTIONS_KINDS];
	size_t nwants;
	struct counts live, next; /* next: of the dump */
	bool dumping, again;
	double dumped; /* when the last dump began, on the clock of fw_now() */
	uint64_t told, left_out, lost;
	_Alignas(struct nlmsghdr) uint8_t buf[MESSAGE_BYTES];
};

/* A connection as a message describes it. */
struct connection {
	uint8_t family, proto, tcp_state;
	struct fw_addr addr[FW_CONNECTIONS_SIDES];
	uint16_t port[2];
	uint32_t id;
	uint16_t zone;
};

static void counts_free(struct counts *c)
{
	connections_table_free(&c->known);
	connections_table_free(&c->of);
}

static struct fw_addr address4(const struct nlattr *attr)
{
	return (struct fw_addr){ (uint64_t)ntohl(mnl_attr_get_u32(attr)) << 32, 0 };
}

static struct fw_addr address6(const struct nlattr *attr)
{
	const uint8_t *b = mnl_attr_get_payload(attr);
	struct fw_addr a = { 0, 0 };

	for (int i = 0; i < 8; i++) {
		a.hi = a.hi << 8 | b[i];
		a.lo = a.lo << 8 | b[8 + i];
	}
	return a;
}

static int take_address(const struct nlattr *attr, void *ctx)
{
	struct connection *c = ctx;
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case CTA_IP_V4_SRC:
	case CTA_IP_V4_DST:
		if (len != 4)
			return MNL_CB_ERROR;
		c->family = FW_IP4;
		c->addr[mnl_attr_get_type(attr) == CTA_IP_V4_DST] = address4(attr);
		break;
	case CTA_IP_V6_SRC:
	case CTA_IP_V6_DST:
		if (len != 16)
			return MNL_CB_ERROR;
		c->family = FW_IP6;
		c->addr[mnl_attr_get_type(attr) == CTA_IP_V6_DST] = address6(attr);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/* Ports, or the identifier of a ping. */
static int take_proto(const struct nlattr *attr, void *ctx)
{
	struct connection *c = ctx;
	uint16_t type = mnl_attr_get_type(attr);

	if (type == CTA_PROTO_NUM && mnl_attr_get_payload_len(attr) == 1)
		c->proto = mnl_attr_get_u8(attr);
	else if ((type == CTA_PROTO_SRC_PORT || type == CTA_PROTO_ICMP_ID || type == CTA_PROTO_ICMPV6_ID) &&
		 mnl_attr_get_payload_len(attr) == 2)
		c->port[0] = mnl_attr_get_u16(attr);
	else if (type == CTA_PROTO_DST_PORT && mnl_attr_get_payload_len(attr) == 2)
		c->port[1] = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int take_tuple(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == CTA_TUPLE_IP)
		return mnl_attr_parse_nested(attr, take_address, ctx);
	if (mnl_attr_get_type(attr) == CTA_TUPLE_PROTO)
		return mnl_attr_parse_nested(attr, take_proto, ctx);
	return MNL_CB_OK;
}

static int take_tcp(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == CTA_PROTOINFO_TCP_STATE && mnl_attr_get_payload_len(attr) == 1)
		((struct connection *)ctx)->tcp_state = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

static int take_protoinfo(const struct nlattr *attr, void *ctx)
{
	return mnl_attr_get_type(attr) == CTA_PROTOINFO_TCP ? mnl_attr_parse_nested(attr, take_tcp, ctx) : MNL_CB_OK;
}

static int take_attribute(const struct nlattr *attr, void *ctx)
{
	struct connection *c = ctx;

	switch (mnl_attr_get_type(attr)) {
	case CTA_TUPLE_ORIG:
		return mnl_attr_parse_nested(attr, take_tuple, c);
	case CTA_PROTOINFO:
		return mnl_attr_parse_nested(attr, take_protoinfo, c);
	case CTA_ID:
		c->id = mnl_attr_get_payload_len(attr) == 4 ? mnl_attr_get_u32(attr) : 0;
		break;
	case CTA_ZONE:
		c->zone = mnl_attr_get_payload_len(attr) == 2 ? mnl_attr_get_u16(attr) : 0;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/* What identifies a connection, mixed into the form of a key. */
static struct fw_connections_key identity(const struct fw_tracked *t, const struct connection *c)
{
	const struct fw_addr *a = c->addr;
	uint64_t rest = (uint64_t)c->id << 32 | (uint64_t)c->port[0] << 16 | c->port[1];
	uint64_t more = (uint64_t)c->zone << 16 | (uint64_t)c->proto << 8 | c->family, seed = t->live.known.seed;
	struct fw_connections_key key = { .side = SIDE_CONNECTION };

	key.addr.hi = fw_mix64(fw_mix64(fw_mix64(a[0].hi ^ seed) + a[0].lo) ^ rest) + fw_mix64(a[1].hi ^ more);
	key.addr.lo =
		fw_mix64(fw_mix64(fw_mix64(a[1].lo + seed) ^ a[1].hi) + rest) + fw_mix64(a[0].lo ^ more ^ a[0].hi);
	return key;
}

/* Tells the programs, if the count matters to them. */
static void tell(struct fw_tracked *t, const struct fw_tracked_want *w, const struct fw_connections_key *key,
		 int64_t count, int by)
{
	if (by > 0 && count >= w->least) {
		if (!fw_kern_connections_set(t->kern, key, (uint32_t)count))
			t->told += count == w->least;
	} else if (by < 0 && count + 1 >= w->least) {
		fw_kern_connections_set(t->kern, key, count >= w->least ? (uint32_t)count : 0);
		t->told -= count + 1 == w->least && t->told;
	}
}

/* The connection comes (@by 1) or goes (-1): for every address and prefix that rules ask for. */
static void count(struct fw_tracked *t, const struct connection *c, int by)
{
	struct counts *to = t->dumping ? &t->next : &t->live;
	struct fw_connections_key id = identity(t, c), key;

	if (connections_table_count(&to->known, &id) == (by > 0))
		return;
	if (connections_table_add(&to->known, &id, by) < 0) {
		t->left_out += by > 0;
		return;
	}
	for (size_t i = 0; i < t->nwants; i++) {
		const struct fw_tracked_want *w = &t->want[i];
		int64_t n;

		fw_connections_key(&key, w->side, c->family, c->family == FW_IP4 ? w->prefix4 : w->prefix6,
				   &c->addr[w->side]);
		n = connections_table_add(&to->of, &key, by);
		if (n >= 0 && !t->dumping)
			tell(t, w, &key, n, by);
	}
}

static bool is_closed(const struct connection *c)
{
	return c->proto == IPPROTO_TCP &&
	       (c->tcp_state == TCP_CONNTRACK_TIME_WAIT || c->tcp_state == TCP_CONNTRACK_CLOSE);
}

static void connection_message(struct fw_tracked *t, const struct nlmsghdr *h)
{
	struct connection c = { .family = FW_FAMILY_NONE };
	bool gone = (h->nlmsg_type & 0xff) == IPCTNL_MSG_CT_DELETE;

	if (mnl_attr_parse(h, sizeof(struct nfgenmsg), take_attribute, &c) < 0 || c.family == FW_FAMILY_NONE)
		return;
	count(t, &c, gone || is_closed(&c) ? -1 : 1);
}

static int ask_all(struct fw_tracked *t)
{
	_Alignas(struct nlmsghdr) uint8_t buf[64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	t->again = t->dumping;
	if (t->dumping)
		return 0;
	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	if (mnl_socket_sendto(t->socket, h, h->nlmsg_len) < 0)
		return -errno;
	t->dumping = true;
	t->dumped = fw_now();
	counts_free(&t->next);
	return 0;
}

/* The programs see what has been counted anew: keys that are not in it are forgotten. */
static void tell_all(struct fw_tracked *t)
{
	const struct connections_table *of = &t->live.of;

	fw_kern_connections_clear(t->kern);
	t->told = 0;
	for (size_t i = 0; i < of->cap; i++) {
		const struct connections_entry *e = &of->entries[i];

		for (size_t w = 0; e->count && w < t->nwants; w++)
			if (t->want[w].side == e->key.side &&
			    (e->key.family == FW_IP4 ? t->want[w].prefix4 : t->want[w].prefix6) == e->key.prefix &&
			    e->count >= t->want[w].least) {
				t->told += !fw_kern_connections_set(t->kern, &e->key, e->count);
				break;
			}
	}
}

static int dump_ends(struct fw_tracked *t)
{
	t->dumping = false;
	if (t->again)
		return ask_all(t);
	counts_free(&t->live);
	t->live = t->next;
	t->next = (struct counts){ { .max = KNOWN_MAX, .seed = t->live.known.seed },
				   { .max = COUNTS_MAX, .seed = t->live.of.seed } };
	tell_all(t);
	return 0;
}

static int message(struct fw_tracked *t, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		t->again = true;
	if (h->nlmsg_type == NLMSG_DONE)
		return dump_ends(t);
	if (h->nlmsg_type == NLMSG_ERROR) {
		t->dumping = false;
		return mnl_nlmsg_get_payload_len(h) < sizeof(*e) ? -EBADMSG : e->error;
	}
	if (h->nlmsg_type >> 8 == NFNL_SUBSYS_CTNETLINK)
		connection_message(t, h);
	return 0;
}

static int read_one(struct fw_tracked *t)
{
	ssize_t n = mnl_socket_recvfrom(t->socket, t->buf, sizeof(t->buf));
	const struct nlmsghdr *h = (const struct nlmsghdr *)t->buf;
	int err = 0, left = (int)n;

	if (n < 0)
		return -errno;
	for (; !err && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		err = message(t, h);
	return err;
}

int fw_tracked_read(struct fw_tracked *t)
{
	int err = 0;

	for (unsigned i = 0; !err && i < AT_ONCE; i++)
		err = read_one(t);
	if (err == -ENOBUFS) {
		/* fw_tracked_look() reads all again: not at once, or a flood would make it do nothing else. */
		t->lost++;
		t->again = true;
		return 0;
	}
	return err == -EAGAIN ? 0 : err;
}

int fw_tracked_look(struct fw_tracked *t, double now)
{
	if (!t->again || t->dumping || now - t->dumped < DUMP_AGAIN)
		return 0;
	return ask_all(t);
}

static int listen_on(struct fw_tracked *t)
{
	static const int groups[] = { NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY };
	int size = RECEIVE_BYTES, fd = mnl_socket_get_fd(t->socket);

	if (mnl_socket_bind(t->socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (mnl_socket_setsockopt(t->socket, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i], sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

int fw_tracked_open(struct fw_kern *k, struct fw_tracked **out)
{
	struct fw_tracked *t = calloc(1, sizeof(*t));
	uint64_t seed = 0;
	int err;

	if (!t)
		return -ENOMEM;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = fw_mix64((uint64_t)(fw_now() * 1e9));
	t->kern = k;
	t->live = t->next = (struct counts){ { .max = KNOWN_MAX, .seed = seed }, { .max = COUNTS_MAX, .seed = ~seed } };
	t->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	err = t->socket ? listen_on(t) : -errno;
	if (err) {
		fw_tracked_close(t);
		return err;
	}
	*out = t;
	return 0;
}

void fw_tracked_close(struct fw_tracked *t)
{
	if (!t)
		return;
	if (t->socket)
		mnl_socket_close(t->socket);
	counts_free(&t->live);
	counts_free(&t->next);
	free(t);
}

int fw_tracked_fd(const struct fw_tracked *t)
{
	return mnl_socket_get_fd(t->socket);
}

int fw_tracked_want(struct fw_tracked *t, const struct fw_tracked_want *wants, size_t n)
{
	if (n > FW_CONNECTIONS_KINDS)
		return -E2BIG;
	memcpy(t->want, wants, n * sizeof(*wants));
	t->nwants = n;
	return ask_all(t);
}

void fw_tracked_status(const struct fw_tracked *t, struct fw_tracked_status *out)
{
	*out = (struct fw_tracked_status){
		.connections = t->live.known.n,
		.addresses = t->live.of.n,
		.told = t->told,
		.left_out = t->left_out,
		.lost = t->lost,
	};
}
