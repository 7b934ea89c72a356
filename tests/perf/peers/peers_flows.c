// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of connections that the kernel tracks: known ones, of which it has seen
 * a packet each way, and new ones, of which each packet is the first. Replies
 * also come in at fwb-in, since connection tracking does not look at devices.
 */
#include "tests/perf/bench.h"
#include "tests/perf/peers/peers.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const peers_flows_name[PEERS_NFLOWS] = {
#define FLOWS_NAME(sym, name, passes) [PEERS_##sym] = name,
	PEERS_FLOW_KINDS(FLOWS_NAME)
#undef FLOWS_NAME
};

static const bool passes[PEERS_NFLOWS] = {
#define FLOWS_PASS(sym, name, pass) [PEERS_##sym] = pass,
	PEERS_FLOW_KINDS(FLOWS_PASS)
#undef FLOWS_PASS
};

/* Of this actor. */
static struct {
	bool known;  /* the connections of packets_known() are */
	size_t next; /* where the next new ones begin */
	uint64_t sent[PEERS_NFLOWS];
} state;

static int flush_send(struct mnl_socket *s)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	ssize_t n;

	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g->version = NFNETLINK_V0;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) || mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(s, buf, sizeof(buf));
	return n < 0 || mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(s), NULL, NULL) < 0 ? -errno : 0;
}

/* Forgets all connections of the namespace. */
static int flush(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int err = s ? flush_send(s) : -errno;

	if (s)
		mnl_socket_close(s);
	state.known = false;
	return err ? bench_said("forget connections", err) : 0;
}

/* None may end by itself. There are no such files where nothing tracks connections. */
static void timeouts_set(void)
{
	static const char *const names[] = { "udp_timeout", "udp_timeout_stream" };

	for (size_t i = 0; i < 2; i++) {
		char path[96];
		int fd;

		snprintf(path, sizeof(path), "/proc/sys/net/netfilter/nf_conntrack_%s", names[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, "86400", 5) != 5)
			bench_said(path, -errno);
		close(fd);
	}
}

static int once(struct stage *st, const struct work_packet *p, size_t n)
{
	static bool accept[PEERS_FLOWS_MANY];
	int err = stage_judge(st, p, n, accept);

	for (size_t i = 0; !err && i < n; i++)
		if (!accept[i])
			return bench_said("establish a connection: a packet was dropped", -EBADMSG);
	return err;
}

/* A packet each way of each. */
static int establish(struct stage *st, const struct work_packet *p)
{
	fw_autofree struct work_packet *replies = malloc(PEERS_FLOWS_MANY * sizeof(*replies));
	int err;

	if (!replies)
		return -ENOMEM;
	if (state.known)
		return 0;
	for (size_t i = 0; i < PEERS_FLOWS_MANY; i++) {
		replies[i] = p[i];
		replies[i].src = p[i].dst;
		replies[i].dst = p[i].src;
		replies[i].sport = p[i].dport;
		replies[i].dport = p[i].sport;
	}
	timeouts_set();
	err = flush();
	if (!err)
		err = once(st, p, PEERS_FLOWS_MANY);
	if (!err)
		err = once(st, replies, PEERS_FLOWS_MANY);
	state.known = !err;
	return err;
}

/* SYNs that no rule matches. */
static size_t syns(const struct work *w, struct work_packet *out)
{
	size_t n = 0;

	for (size_t i = 0; i < WORK_PACKETS; i++) {
		out[n] = w->packets[WORK_MISSES][i];
		out[n].syn = true;
		n += out[n].proto == IPPROTO_TCP;
	}
	return n;
}

/* The next hits, each a connection of its own that begins. */
static int begin_new(const struct work *w, struct work_packet *out)
{
	memcpy(out, &w->packets[WORK_HITS][state.next], PEERS_FLOWS_MANY * sizeof(*out));
	for (size_t i = 0; i < PEERS_FLOWS_MANY; i++)
		out[i].syn = true;
	state.next = (state.next + PEERS_FLOWS_MANY) % WORK_PACKETS;
	return flush();
}

static int prepare(const struct peers_shared *shared, struct stage *st, enum peers_flows kind, struct work_packet *p,
		   struct stage_flood *f)
{
	const struct work *w = shared->work;
	bool known = kind == PEERS_ONE || kind == PEERS_MANY;

	*f = (struct stage_flood){ .packets = known ? w->packets[WORK_HITS] : p,
				   .seconds = shared->seconds,
				   .sent = state.sent[kind] };
	f->n = kind == PEERS_ONE ? 1 : kind == PEERS_SYN ? syns(w, p) : PEERS_FLOWS_MANY;
	if (known)
		return establish(st, w->packets[WORK_HITS]);
	if (kind != PEERS_NEW)
		return 0;
	/* Each of them once. */
	f->seconds = 0;
	f->sent = f->n;
	return begin_new(w, p);
}

int peers_flows_send(const struct peers_shared *shared, struct stage *st, enum peers_flows kind, struct peers_result *r)
{
	fw_autofree struct work_packet *p = malloc(WORK_PACKETS * sizeof(*p));
	struct stage_flood f;
	int err = p ? prepare(shared, st, kind, p, &f) : -ENOMEM;

	if (!err)
		err = stage_flood(st, &f);
	if (err)
		return err;
	state.sent[kind] = f.sent;
	r->checked = f.all.sent;
	r->wrong = passes[kind] ? f.all.sent - f.all.passed : f.all.passed;
	r->v[0] = f.each * 1e9;
	r->n = 1;
	return 0;
}
