// SPDX-License-Identifier: GPL-2.0-only
/* Shared between the peers in the network stack. */
#include "tests/perf/peers/peer_stack.h"

const struct peer *const peers_stack[] = {
	&peer_nft_linear, &peer_nft_set, &peer_nft_concat,   &peer_nft_vmap,
	&peer_iptables,   &peer_ipset,   &peer_ipset_concat, NULL,
};

static bool range_said(const uint16_t range[2])
{
	return range[0] || range[1] != UINT16_MAX;
}

bool stack_says_src(const struct work_rule *r)
{
	return r->src_len;
}

bool stack_says_dst(const struct work_rule *r)
{
	return r->dst_len;
}

bool stack_says_proto(const struct work_rule *r)
{
	return r->proto;
}

bool stack_says_sport(const struct work_rule *r)
{
	return range_said(r->sport);
}

bool stack_says_dport(const struct work_rule *r)
{
	return range_said(r->dport);
}

bool stack_says(const struct work *w, bool (*says)(const struct work_rule *r))
{
	for (size_t i = 0; i < w->n; i++)
		if (says(&w->rules[i]))
			return true;
	return false;
}

static bool says_policy(const struct work *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->rules[i].accept == w->accept)
			return true;
	return false;
}

static bool sources_only(const struct work *w)
{
	return !stack_says(w, stack_says_dst) && !stack_says(w, stack_says_proto) && !stack_says(w, stack_says_sport) &&
	       !stack_says(w, stack_says_dport);
}

const char *stack_cannot_sources(const struct work *w)
{
	if (!sources_only(w))
		return "rules say more than a source";
	return says_policy(w) ? "rules have different verdicts" : NULL;
}

const char *stack_cannot_verdicts(const struct work *w)
{
	if (sources_only(w))
		return "rules say a source only: that is for a set of sources";
	return w->shape == WORK_CLASSBENCH ? "rules overlap, and the members of a set have no order" : NULL;
}

const char *stack_cannot_fields(const struct work *w)
{
	const char *why = stack_cannot_verdicts(w);

	return !why && says_policy(w) ? "rules have different verdicts" : why;
}

void stack_write_prefix(uint32_t address, unsigned length, struct fw_buf *out)
{
	fw_buf_printf(out, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255,
		      length);
}

void stack_write_range(const uint16_t range[2], char between, struct fw_buf *out)
{
	if (range[0] == range[1])
		fw_buf_printf(out, "%u", range[0]);
	else
		fw_buf_printf(out, "%u%c%u", range[0], between, range[1]);
}

int stack_feed(struct stage *st, char *const argv[], struct fw_buf *text)
{
	int err = text->failed ? -ENOMEM : peer_feed(st, argv, text->text ? text->text : "", text->len);

	fw_buf_free(text);
	return err;
}
