// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel tells of connection tracking: its table, by ctnetlink. */
#include "kern.h"
#include "nft.h"

#include "fw/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

static uint64_t value(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) ? 0 : ntohl(mnl_attr_get_u32(attr));
}

static int table_attribute(const struct nlattr *attr, void *ctx)
{
	struct fw_conntrack *c = ctx;

	if (mnl_attr_get_type(attr) == CTA_STATS_GLOBAL_ENTRIES)
		c->entries = value(attr);
	if (mnl_attr_get_type(attr) == CTA_STATS_GLOBAL_MAX_ENTRIES)
		c->max = value(attr);
	return MNL_CB_OK;
}

/* Counts of one CPU, of 32 bits. */
static int cpu_attribute(const struct nlattr *attr, void *ctx)
{
	struct fw_conntrack *c = ctx;

	if (mnl_attr_get_type(attr) == CTA_STATS_EARLY_DROP)
		c->early_drops += value(attr);
	if (mnl_attr_get_type(attr) == CTA_STATS_DROP)
		c->drops += value(attr);
	if (mnl_attr_get_type(attr) == CTA_STATS_INSERT_FAILED)
		c->insert_failures += value(attr);
	return MNL_CB_OK;
}

static int table(const struct nlmsghdr *h, void *ctx)
{
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), table_attribute, ctx);
}

static int cpu(const struct nlmsghdr *h, void *ctx)
{
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), cpu_attribute, ctx);
}

static int ask(uint16_t type, uint16_t flags, mnl_cb_t each, struct fw_conntrack *out)
{
	_Alignas(struct nlmsghdr) uint8_t buf[64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	return nft_ask(buf, h->nlmsg_len, each, out);
}

void fw_conntrack_read(const struct fw_kern *k, struct fw_conntrack *out)
{
	*out = (struct fw_conntrack){ .ours = k->conntrack.on, .restored = k->conntrack.restored };
	out->known = !ask(IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, table, out) &&
		     !ask(IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP, cpu, out);
}
