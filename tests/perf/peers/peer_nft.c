// SPDX-License-Identifier: GPL-2.0-only
/*
 * nftables: rule after rule; a set of intervals of sources; a set and a verdict
 * map of intervals of several fields at once.
 *
 * The sets are at the ingress hook of the device, the first place that nftables
 * has: what is dropped there has not been through the IP layer. Rules one after
 * the others are in a table of family ip: at ingress nft makes each of them ask
 * first whether the packet is IPv4, which from some tens of rules on costs more
 * than the way to the next hook (with 1,000 rules, twice the time).
 */
#include "tests/perf/peers/peer_stack.h"

#include <netinet/in.h>

#define INGRESS "netdev fwbench", "type filter hook ingress device \"" STAGE_DEVICE "\" priority 0"
#define PREROUTING "ip fwbench", "type filter hook prerouting priority raw"
#define FORWARD "ip fwbench", "type filter hook forward priority filter"
#define ESTABLISHED "ct state established accept\n"

enum form { LINEAR, SET, CONCAT, VMAP, STATEFUL_LINEAR, STATEFUL_CONCAT, STATEFUL_VMAP, FORMS };
static const struct {
	const char *table, *hook;
	bool set, verdicts; /* the rules are in a set, whose members have verdicts */
	const char *first;  /* a rule before all others */
} place[FORMS] = {
	[LINEAR] = { PREROUTING, false, false, "" },
	[SET] = { INGRESS, true, false, "" },
	[CONCAT] = { INGRESS, true, false, "" },
	[VMAP] = { INGRESS, true, true, "" },
	[STATEFUL_LINEAR] = { FORWARD, false, false, ESTABLISHED },
	[STATEFUL_CONCAT] = { FORWARD, true, false, ESTABLISHED },
	[STATEFUL_VMAP] = { FORWARD, true, true, ESTABLISHED },
};

struct nft {
	struct stage *st;
	enum form form;
	unsigned fields; /* that the set is made of: bits */
};

static const char *verdict(bool accept)
{
	return accept ? "accept" : "drop";
}

static void write_src(const struct work_rule *r, struct fw_buf *b)
{
	stack_write_prefix(r->src, r->src_len, b);
}

static void write_dst(const struct work_rule *r, struct fw_buf *b)
{
	stack_write_prefix(r->dst, r->dst_len, b);
}

static void write_proto(const struct work_rule *r, struct fw_buf *b)
{
	fw_buf_printf(b, r->proto ? "%u" : "0-255", r->proto);
}

static void write_sport(const struct work_rule *r, struct fw_buf *b)
{
	stack_write_range(r->sport, '-', b);
}

static void write_dport(const struct work_rule *r, struct fw_buf *b)
{
	stack_write_range(r->dport, '-', b);
}

/* The parts of rules and of members of sets, in this order. */
static const struct field {
	const char *type, *name;
	bool (*said)(const struct work_rule *r);
	void (*write)(const struct work_rule *r, struct fw_buf *b);
} fields[] = {
	{ "ipv4_addr", "ip saddr", stack_says_src, write_src },
	{ "ipv4_addr", "ip daddr", stack_says_dst, write_dst },
	{ "inet_proto", "meta l4proto", stack_says_proto, write_proto },
	{ "inet_service", "th sport", stack_says_sport, write_sport },
	{ "inet_service", "th dport", stack_says_dport, write_dport },
};
#define NFIELDS (sizeof(fields) / sizeof(*fields))

static unsigned fields_said(const struct work *w)
{
	unsigned said = 0;

	for (size_t i = 0; i < NFIELDS; i++)
		said |= (unsigned)stack_says(w, fields[i].said) << i;
	return said;
}

static void write_rule(const struct work_rule *r, struct fw_buf *b)
{
	for (size_t i = 0; i < NFIELDS; i++)
		if (fields[i].said(r)) {
			fw_buf_printf(b, "%s ", fields[i].name);
			fields[i].write(r, b);
			fw_buf_printf(b, " ");
		}
	fw_buf_printf(b, "%s\n", verdict(r->accept));
}

/* Types or names, with dots between. */
static void write_fields(unsigned said, bool types, struct fw_buf *b)
{
	const char *dot = "";

	for (size_t i = 0; i < NFIELDS; i++)
		if (said >> i & 1) {
			fw_buf_printf(b, "%s%s", dot, types ? fields[i].type : fields[i].name);
			dot = " . ";
		}
}

static void write_member(const struct nft *nft, const struct work_rule *r, struct fw_buf *b)
{
	const char *dot = "";

	for (size_t i = 0; i < NFIELDS; i++)
		if (nft->fields >> i & 1) {
			fw_buf_printf(b, "%s", dot);
			fields[i].write(r, b);
			dot = " . ";
		}
	if (place[nft->form].verdicts)
		fw_buf_printf(b, " : %s", verdict(r->accept));
}

static void write_set(const struct nft *nft, const struct work *w, struct fw_buf *b)
{
	fw_buf_printf(b, "%s rules {\ntype ", place[nft->form].verdicts ? "map" : "set");
	write_fields(nft->fields, true, b);
	fw_buf_printf(b, "%s\nflags interval\nelements = {\n", place[nft->form].verdicts ? " : verdict" : "");
	for (size_t i = 0; i < w->n; i++) {
		write_member(nft, &w->rules[i], b);
		fw_buf_printf(b, ",\n");
	}
	fw_buf_printf(b, "}\n}\n");
}

static void write_table(const struct nft *nft, const struct work *w, struct fw_buf *b)
{
	bool set = place[nft->form].set;

	fw_buf_printf(b, "table %s {\n", place[nft->form].table);
	if (set)
		write_set(nft, w, b);
	fw_buf_printf(b, "chain rules {\n%s; policy %s;\n%s", place[nft->form].hook, verdict(w->accept),
		      place[nft->form].first);
	if (set) {
		write_fields(nft->fields, false, b);
		fw_buf_printf(b, " %s\n",
			      place[nft->form].verdicts ? "vmap @rules" :
			      w->accept                 ? "@rules drop" :
							  "@rules accept");
	}
	for (size_t i = 0; !set && i < w->n; i++)
		write_rule(&w->rules[i], b);
	fw_buf_printf(b, "}\n}\n");
}

static int nft_feed(struct nft *nft, struct fw_buf *text)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };

	return stack_feed(nft->st, (char *const *)argv, text);
}

/* Succeeds also if there is no table. */
static void nft_unload(void *ctx)
{
	struct nft *nft = ctx;
	struct fw_buf text = { 0 };

	if (!nft)
		return;
	fw_buf_printf(&text, "table %s\ndelete table %s\n", place[nft->form].table, place[nft->form].table);
	nft_feed(nft, &text);
	free(nft);
}

static int nft_load(enum form form, const struct work *w, struct stage *st, void **out)
{
	struct nft *nft = malloc(sizeof(*nft));
	struct fw_buf text = { 0 };
	int err;

	if (!nft)
		return -ENOMEM;
	*nft = (struct nft){ .st = st, .form = form, .fields = fields_said(w) };
	write_table(nft, w, &text);
	err = nft_feed(nft, &text);
	if (err)
		nft_unload(nft); /* nft may have been stopped after the kernel had everything */
	else
		*out = nft;
	return err;
}

static int linear_load(const struct work *w, struct stage *st, void **out)
{
	return nft_load(LINEAR, w, st, out);
}

static int set_load(const struct work *w, struct stage *st, void **out)
{
	return nft_load(SET, w, st, out);
}

static int concat_load(const struct work *w, struct stage *st, void **out)
{
	return nft_load(CONCAT, w, st, out);
}

static int vmap_load(const struct work *w, struct stage *st, void **out)
{
	return nft_load(VMAP, w, st, out);
}

static int stateful_linear_load(const struct work *w, struct stage *st, void **out)
{
	return nft_load(STATEFUL_LINEAR, w, st, out);
}

static int stateful_concat_load(const struct work *w, struct stage *st, void **out)
{
	return nft_load(STATEFUL_CONCAT, w, st, out);
}

static int stateful_vmap_load(const struct work *w, struct stage *st, void **out)
{
	return nft_load(STATEFUL_VMAP, w, st, out);
}

/* Rules are inserted first; sets have no order. */
static int nft_add(void *ctx, const struct work_rule *r)
{
	struct nft *nft = ctx;
	struct fw_buf text = { 0 };

	for (size_t i = 0; place[nft->form].set && i < NFIELDS; i++)
		if (fields[i].said(r) && !(nft->fields >> i & 1))
			return -EOPNOTSUPP;
	if (!place[nft->form].set) {
		fw_buf_printf(&text, "insert rule %s rules ", place[nft->form].table);
		write_rule(r, &text);
	} else {
		fw_buf_printf(&text, "add element %s rules { ", place[nft->form].table);
		write_member(nft, r, &text);
		fw_buf_printf(&text, " }\n");
	}
	return nft_feed(nft, &text);
}

static const char *linear_cannot(const struct work *w)
{
	return NULL;
}

const struct peer peer_nft_linear = {
	.name = "nft-linear",
	.label = "nftables, rules",
	.kind = PEER_STACK,
	.cannot = linear_cannot,
	.load = linear_load,
	.unload = nft_unload,
	.add = nft_add,
};

const struct peer peer_nft_set = {
	.name = "nft-set",
	.label = "nftables, set of sources",
	.kind = PEER_STACK,
	.cannot = stack_cannot_sources,
	.load = set_load,
	.unload = nft_unload,
	.add = nft_add,
};

const struct peer peer_nft_concat = {
	.name = "nft-concat",
	.label = "nftables, concatenated set",
	.kind = PEER_STACK,
	.cannot = stack_cannot_fields,
	.load = concat_load,
	.unload = nft_unload,
	.add = nft_add,
};

const struct peer peer_nft_vmap = {
	.name = "nft-vmap",
	.label = "nftables, verdict map",
	.kind = PEER_STACK,
	.cannot = stack_cannot_verdicts,
	.loads_as = &peer_nft_concat,
	.load = vmap_load,
	.unload = nft_unload,
	.add = nft_add,
};

const struct peer peer_nft_stateful_linear = {
	.name = "nft-linear",
	.label = "nftables, rules",
	.kind = PEER_STACK,
	.cannot = linear_cannot,
	.load = stateful_linear_load,
	.unload = nft_unload,
};

const struct peer peer_nft_stateful_concat = {
	.name = "nft-concat",
	.label = "nftables, concatenated set",
	.kind = PEER_STACK,
	.cannot = stack_cannot_fields,
	.load = stateful_concat_load,
	.unload = nft_unload,
};

const struct peer peer_nft_stateful_vmap = {
	.name = "nft-vmap",
	.label = "nftables, verdict map",
	.kind = PEER_STACK,
	.cannot = stack_cannot_verdicts,
	.load = stateful_vmap_load,
	.unload = nft_unload,
};
