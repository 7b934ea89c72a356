// SPDX-License-Identifier: GPL-2.0-only
/* Batches for nf_tables: see nft.h. */
#include "nft.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* A message or attribute is put only if this much is left, so that none is checked alone. */
#define ROOM 1024
#define ANSWER_BYTES (64 << 10)

static void end_expr(struct nft_batch *b)
{
	if (b->data)
		mnl_attr_nest_end(b->message, b->data);
	if (b->expr)
		mnl_attr_nest_end(b->message, b->expr);
	b->data = b->expr = NULL;
}

static void end_message(struct nft_batch *b)
{
	end_expr(b);
	if (b->exprs)
		mnl_attr_nest_end(b->message, b->exprs);
	b->exprs = NULL;
	if (b->message)
		b->used += b->message->nlmsg_len;
	b->message = NULL;
}

/* Is there room for more in the message, or for another one? */
static bool has_room(struct nft_batch *b, size_t bytes)
{
	uint32_t used = b->used + (b->message ? b->message->nlmsg_len : 0);

	if (used + bytes + ROOM > sizeof(b->buf))
		b->err = -ENOBUFS;
	return !b->err;
}

static void begin_message(struct nft_batch *b, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource)
{
	struct nfgenmsg *g;

	end_message(b);
	if (!has_room(b, 0))
		return;
	b->message = mnl_nlmsg_put_header(b->buf + b->used);
	b->message->nlmsg_type = type;
	b->message->nlmsg_flags = NLM_F_REQUEST | flags;
	b->message->nlmsg_seq = ++b->seq;
	g = mnl_nlmsg_put_extra_header(b->message, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	g->res_id = htons(resource);
}

/* A request of nf_tables; all name the table in their first attribute. */
static void request(struct nft_batch *b, uint16_t type, uint16_t flags)
{
	begin_message(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
	nft_put_str(b, NFTA_TABLE_NAME, b->table);
}

static void reset(struct nft_batch *b, const char *table)
{
	b->table = table;
	b->message = NULL;
	b->exprs = b->expr = b->data = NULL;
	b->used = b->seq = 0;
	b->err = 0;
}

void nft_begin(struct nft_batch *b, const char *table)
{
	reset(b, table);
	begin_message(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

void nft_table(struct nft_batch *b)
{
	request(b, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

void nft_table_delete(struct nft_batch *b)
{
	request(b, NFT_MSG_DELTABLE, 0);
}

void nft_chain(struct nft_batch *b, const char *chain, const struct nft_hook *hook)
{
	struct nlattr *nest;

	request(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	nft_put_str(b, NFTA_CHAIN_NAME, chain);
	if (!hook || !has_room(b, 0))
		return;
	nest = mnl_attr_nest_start(b->message, NFTA_CHAIN_HOOK);
	nft_put_u32(b, NFTA_HOOK_HOOKNUM, hook->hook);
	nft_put_u32(b, NFTA_HOOK_PRIORITY, (uint32_t)hook->priority);
	mnl_attr_nest_end(b->message, nest);
	nft_put_str(b, NFTA_CHAIN_TYPE, "filter");
}

void nft_rule(struct nft_batch *b, const char *chain)
{
	request(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nft_put_str(b, NFTA_RULE_CHAIN, chain);
	if (has_room(b, 0))
		b->exprs = mnl_attr_nest_start(b->message, NFTA_RULE_EXPRESSIONS);
}

void nft_expr(struct nft_batch *b, const char *name)
{
	end_expr(b);
	if (!has_room(b, 0))
		return;
	b->expr = mnl_attr_nest_start(b->message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(b->message, NFTA_EXPR_NAME, name);
	b->data = mnl_attr_nest_start(b->message, NFTA_EXPR_DATA);
}

void nft_put(struct nft_batch *b, uint16_t attr, const void *bytes, size_t n)
{
	if (has_room(b, n))
		mnl_attr_put(b->message, attr, n, bytes);
}

void nft_put_u32(struct nft_batch *b, uint16_t attr, uint32_t value)
{
	value = htonl(value);
	nft_put(b, attr, &value, sizeof(value));
}

void nft_put_u8(struct nft_batch *b, uint16_t attr, uint8_t value)
{
	nft_put(b, attr, &value, sizeof(value));
}

void nft_put_str(struct nft_batch *b, uint16_t attr, const char *value)
{
	nft_put(b, attr, value, strlen(value) + 1);
}

void nft_put_data(struct nft_batch *b, uint16_t attr, const void *bytes, size_t n)
{
	struct nlattr *nest;

	if (!has_room(b, n))
		return;
	nest = mnl_attr_nest_start(b->message, attr);
	nft_put(b, NFTA_DATA_VALUE, bytes, n);
	mnl_attr_nest_end(b->message, nest);
}

void nft_verdict(struct nft_batch *b, int code, const char *chain)
{
	struct nlattr *data, *verdict;

	nft_expr(b, "immediate");
	nft_put_u32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	if (!has_room(b, 0))
		return;
	data = mnl_attr_nest_start(b->message, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(b->message, NFTA_DATA_VERDICT);
	nft_put_u32(b, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		nft_put_str(b, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(b->message, verdict);
	mnl_attr_nest_end(b->message, data);
}

/* A socket bound to a port of its own. NULL with errno. */
static struct mnl_socket *open_socket(int flags)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | flags);

	if (!s || !mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID))
		return s;
	mnl_socket_close(s);
	return NULL;
}

/* Sends a request and reads its answer to the end. 0 or -errno. */
static int ask_on(struct mnl_socket *s, const void *request, size_t bytes, mnl_cb_t each, void *ctx)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_BYTES];
	int more = mnl_socket_sendto(s, request, bytes) < 0 ? MNL_CB_ERROR : MNL_CB_OK;

	while (more == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(s, buf, sizeof(buf));

		more = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, (size_t)n, 0, 0, each, ctx);
	}
	return more == MNL_CB_ERROR ? -errno : 0;
}

int nft_ask(const void *request, size_t bytes, mnl_cb_t each, void *ctx)
{
	struct mnl_socket *s = open_socket(0);
	int err;

	if (!s)
		return -errno;
	err = ask_on(s, request, bytes, each, ctx);
	mnl_socket_close(s);
	return err;
}

/* Ends the batch. The first answer tells: an error of any message or, if there is none, the acknowledgment of the last one. */
static int end_batch(struct nft_batch *b)
{
	if (b->message)
		b->message->nlmsg_flags |= NLM_F_ACK;
	begin_message(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end_message(b);
	return b->err;
}

int nft_send(struct nft_batch *b)
{
	int err = end_batch(b);

	return err ? err : nft_ask(b->buf, b->used, NULL, NULL);
}

int nft_send_owned(struct nft_batch *b)
{
	int err = end_batch(b), fd;
	struct mnl_socket *s = err ? NULL : open_socket(0);

	if (!s)
		return err ? err : -errno;
	err = ask_on(s, b->buf, b->used, NULL, NULL);
	fd = err ? err : fcntl(mnl_socket_get_fd(s), F_DUPFD_CLOEXEC, 3);
	if (!err && fd < 0)
		fd = -errno;
	mnl_socket_close(s);
	return fd;
}

static int count_message(const struct nlmsghdr *h, void *ctx)
{
	++*(int *)ctx;
	return MNL_CB_OK;
}

int nft_rules(const char *table)
{
	struct nft_batch b;
	int n = 0, err;

	reset(&b, table);
	request(&b, NFT_MSG_GETRULE, NLM_F_DUMP);
	end_message(&b);
	err = nft_ask(b.buf, b.used, count_message, &n);
	return err == -ENOENT ? 0 : err ? err : n;
}

int nft_watch_open(void)
{
	struct mnl_socket *s = open_socket(SOCK_NONBLOCK);
	int fd = -errno, group = NFNLGRP_NFTABLES;

	if (!s)
		return fd;
	fd = mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ?
		   -errno :
		   fcntl(mnl_socket_get_fd(s), F_DUPFD_CLOEXEC, 3);
	mnl_socket_close(s);
	return fd;
}

static bool deletes(const struct nlmsghdr *h)
{
	switch (NFNL_MSG_TYPE(h->nlmsg_type)) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
		return NFNL_SUBSYS_ID(h->nlmsg_type) == NFNL_SUBSYS_NFTABLES;
	default:
		return false;
	}
}

struct watched {
	const char *table;
	bool deleted;
};

static int name_attribute(const struct nlattr *attr, void *ctx)
{
	struct watched *w = ctx;

	if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		w->deleted |= !strcmp(mnl_attr_get_str(attr), w->table);
	return MNL_CB_OK;
}

static int changed(const struct nlmsghdr *h, void *ctx)
{
	if (deletes(h))
		mnl_attr_parse(h, sizeof(struct nfgenmsg), name_attribute, ctx);
	return MNL_CB_OK;
}

bool nft_watch_read(int fd, const char *table)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_BYTES];
	struct watched w = { .table = table };
	ssize_t n;

	for (;;) {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0)
			mnl_cb_run(buf, (size_t)n, 0, 0, changed, &w);
		else if (n < 0 && errno == ENOBUFS)
			w.deleted = true;
		else if (n < 0 && errno != EINTR)
			return w.deleted;
	}
}
