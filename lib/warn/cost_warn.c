// SPDX-License-Identifier: GPL-2.0-only
/* Packets that cost too much, as a warning with the rules that cause it, or as an error. */
#include "fw/warn.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

/* " from ADDRESS to ADDRESS", or nothing for frames that are not IP. */
static const char *addresses(const struct fw_cost_worst *w, char *buf, size_t size)
{
	uint64_t src[2] = { htobe64(w->src.hi), htobe64(w->src.lo) },
		 dst[2] = { htobe64(w->dst.hi), htobe64(w->dst.lo) };
	char from[INET6_ADDRSTRLEN] = "", to[INET6_ADDRSTRLEN] = "";
	int af = w->family == FW_IP4 ? AF_INET : AF_INET6;

	buf[0] = '\0';
	if (w->family == FW_FAMILY_NONE)
		return buf;
	inet_ntop(af, src, from, sizeof(from));
	inet_ntop(af, dst, to, sizeof(to));
	snprintf(buf, size, " from %s to %s", from, to);
	return buf;
}

/* With fewer pairs than this, it is not nesting that makes a packet expensive. */
#define NESTED_PAIRS 16

static const char *advice(const struct fw_cost_worst *w)
{
	if (w->pairs < NESTED_PAIRS)
		return "too many rules share their addresses and overlap in all fields: give them addresses, or single "
		       "ports";
	return "too many prefixes and sets contain the same address: merge nested prefixes, or put them into one set";
}

/* What packets cost, as the end of a sentence. */
static void describe(const struct fw_cost_worst *w, char *buf, size_t size)
{
	char where[2 * INET6_ADDRSTRLEN + 16], time[32];

	snprintf(
		buf, size,
		"a packet%s may take up to %s: it asks for %u pair%s of addresses and searches the rules of %u of them "
		"(%llu lines, %llu rounds)",
		addresses(w, where, sizeof(where)), fw_cost_text(fw_cost_seconds(w->most), time, sizeof(time)),
		w->pairs, fw_plural(w->pairs), w->blocks, (unsigned long long)w->most.lines,
		(unsigned long long)w->most.rounds);
}

static struct fw_place place_of(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return (struct fw_place){ .file = rs->file, .line = rs->file && r ? r->line : 0 };
}

/* Adds a warning about the rules of one pair: how many there are, and which is the first. */
static void warn_pair(const struct fw_ruleset *rs, const struct fw_cost_pair *p, struct fw_diags *out)
{
	const struct fw_rule *first = fw_ruleset_by_slot(rs, p->slot);
	char name[FW_RULE_LABEL], time[32], more[80] = "";
	size_t others = 0;

	if (!first)
		return;
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		others += r != first && r->src == first->src && r->dst == first->dst;
	if (others)
		snprintf(more, sizeof(more), " and %zu other%s between the same addresses", others, fw_plural(others));
	fw_diag_add(out, place_of(rs, first), NULL, "of that, up to %s by rule %s%s",
		    fw_cost_text(1e-12 * (double)fw_cost_price(p->cost), time, sizeof(time)),
		    fw_rule_label(first, name, sizeof(name)), more);
}

void fw_cost_warn(const struct fw_ruleset *rs, const struct fw_cost_worst *w, struct fw_diags *out)
{
	const struct fw_rule *first = w->ntop ? fw_ruleset_by_slot(rs, w->top[0].slot) : NULL;
	char text[sizeof(out->d->message)];

	if (fw_cost_seconds(w->most) <= FW_COST_WARN_SECONDS)
		return;
	describe(w, text, sizeof(text));
	fw_diag_add(out, place_of(rs, first), advice(w), "%s", text);
	for (unsigned i = 0; i < w->ntop; i++)
		warn_pair(rs, &w->top[i], out);
}

int fw_cost_refuse(const struct fw_ruleset *rs, const struct fw_cost_worst *w, double most, struct fw_diags *out)
{
	const struct fw_rule *first = w->ntop ? fw_ruleset_by_slot(rs, w->top[0].slot) : NULL;
	char text[sizeof(out->d->message) - 32], time[32];

	if (fw_cost_seconds(w->most) <= most)
		return 0;
	describe(w, text, sizeof(text));
	fw_diag_add(out, place_of(rs, first), advice(w), "more than %s: %s", fw_cost_text(most, time, sizeof(time)),
		    text);
	for (unsigned i = 0; i < w->ntop; i++)
		warn_pair(rs, &w->top[i], out);
	return -E2BIG;
}
