// SPDX-License-Identifier: GPL-2.0-only
/* Matches that remember packets: limits, and lists of addresses that were seen. */
#include "lib/import/ipt_match.h"
#include "lib/import/ipt_values.h"

#define RATE_MAX 10000 /* packets a second, as of xt_limit */
#define BURST 5        /* of both matches, unless it is given */
#define BURST_MAX 10000

/* N/UNIT burst N, as our language has it. */
struct rate {
	uint64_t packets, burst;
	const char *unit;
};

/* Reads a rate and the burst that may go with it. false: refused. */
static bool read_rate(struct ipt_said *s, const struct ipt_given *rate, const struct ipt_given *burst, struct rate *out)
{
	out->burst = BURST;
	if (!ipt_rate(rate->value, UINT32_MAX, &out->packets, &out->unit) ||
	    out->packets > (uint64_t)RATE_MAX * ipt_unit_seconds(out->unit)) {
		said_refuse(s, FW_IMPORT_AS_VALUE, rate->column, "%.32s is no rate of packets", rate->value);
		return false;
	}
	if (burst && (!ipt_number(burst->value, BURST_MAX, &out->burst) || !out->burst)) {
		said_refuse(s, FW_IMPORT_AS_VALUE, burst->column, "%.32s is no number of packets", burst->value);
		return false;
	}
	return true;
}

static void say_limit(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *given = said_given(use, "limit");
	struct rate r = { .packets = 3, .burst = BURST, .unit = "hour" };
	bool first = s->n == 1 && !s->groups[0].asks;
	const struct ipt_given *burst = said_given(use, "limit-burst");

	if (given ? !read_rate(s, given, burst, &r) : burst && !ipt_number(burst->value, BURST_MAX, &r.burst))
		return;
	s->own_rate = true;
	said_condition(s, " limit %llu/%s burst %llu", (unsigned long long)r.packets, r.unit,
		       (unsigned long long)r.burst);
	if (first)
		snprintf(s->rate, sizeof(s->rate), "%llu/%s burst %llu", (unsigned long long)r.packets, r.unit,
			 (unsigned long long)r.burst);
}

static const struct ipt_option limit_options[] = {
	{ "limit", 0, 1, false },
	{ "limit-burst", 0, 1, false },
	{ NULL, 0, 0, false },
};
const struct ipt_module ipt_limit = { "limit", 0, limit_options, say_limit };

/* The side that each packet is counted by; NULL: refused, or none. */
static const char *side_of(struct ipt_said *s, const struct ipt_given *mode)
{
	bool from = false, to = false;
	size_t len;

	if (!mode)
		return NULL;
	for (const char *at = mode->value;; at += len + 1) {
		len = strcspn(at, ",");
		if (len == 5 && !strncmp(at, "srcip", len))
			from = true;
		else if (len == 5 && !strncmp(at, "dstip", len))
			to = true;
		else if (len) {
			said_refuse(s, FW_IMPORT_AS_STATE, mode->column, "rules have no limit per %.*s", (int)len, at);
			return NULL;
		}
		if (!at[len])
			return from && to ? "from-to" : from ? "from" : to ? "to" : NULL;
	}
}

/* The bits of an address that make a difference. -1: refused. */
static int bits_of(struct ipt_said *s, const struct ipt_use *use, const char *name)
{
	const struct ipt_given *g = said_given(use, name);
	uint64_t n, max = s->family == IPT_V6 ? 128 : 32;

	if (!g)
		return (int)max;
	if (ipt_number(g->value, max, &n) && n)
		return (int)n;
	said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "%.32s is no length of a prefix here", g->value);
	return -1;
}

/* ` per from/32/128`: the bits of the family that the rule is not for are all of them. */
static bool print_side(struct ipt_said *s, const struct ipt_use *use, const char *side, struct fw_buf *b)
{
	int src = bits_of(s, use, "hashlimit-srcmask"), dst = bits_of(s, use, "hashlimit-dstmask");
	int bits = !strcmp(side, "to") ? dst : src;

	if (src < 0 || dst < 0)
		return false;
	if (!strcmp(side, "from-to") && src != dst) {
		said_refuse(s, FW_IMPORT_AS_STATE, use->column,
			    "a limit per pair of addresses has one length for both");
		return false;
	}
	fw_buf_printf(b, " per %s/%d/%d", side, s->family == IPT_V4 ? bits : 32, s->family == IPT_V6 ? bits : 128);
	return true;
}

/* Rules with one name share their buckets: ours do not. false: refused. */
static bool is_first_of_name(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = said_given(use, "hashlimit-name");
	char key[80], *kept;

	if (!g)
		return true;
	snprintf(key, sizeof(key), "%d=%.64s", (int)s->family, g->value);
	if (import_names_get(&s->c->limits, key)) {
		said_refuse(s, FW_IMPORT_AS_STATE, g->column, "another rule counts in %.64s, too", g->value);
		return false;
	}
	kept = fw_region_strdup(&s->c->im->mem, key, strlen(key));
	s->c->failed |= !kept || import_names_put(&s->c->limits, kept, s->rule);
	return !s->c->failed;
}

/* After that time without packets the kernel forgets an address: by then its bucket has to be full again. */
static bool is_kept(struct ipt_said *s, const struct ipt_use *use, const struct rate *r)
{
	const struct ipt_given *g = said_given(use, "hashlimit-htable-expire");
	uint64_t unit = ipt_unit_seconds(r->unit), expire = 1000 * unit;

	if (g && !ipt_number(g->value, UINT32_MAX, &expire)) {
		said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "%.32s is no number of milliseconds", g->value);
		return false;
	}
	if (expire * r->packets >= 1000 * unit * r->burst)
		return true;
	said_refuse(s, FW_IMPORT_AS_STATE, g ? g->column : use->column,
		    "the kernel forgets addresses after %llu ms, before their burst has come back",
		    (unsigned long long)expire);
	return false;
}

static void say_hashlimit(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *above = said_given(use, "hashlimit-above"), *upto = said_given(use, "hashlimit-upto");
	const struct ipt_given *rate = above ? above : upto ? upto : said_given(use, "hashlimit");
	fw_cleanup(fw_buf_free) struct fw_buf per = { 0 };
	const char *side;
	struct rate r;
	bool over;

	if (!rate || said_given(use, "hashlimit-rate-match"))
		return said_refuse(s, FW_IMPORT_AS_STATE, use->column,
				   "a hashlimit is said as --hashlimit-upto or --hashlimit-above");
	if (!read_rate(s, rate, said_given(use, "hashlimit-burst"), &r))
		return;
	side = side_of(s, said_given(use, "hashlimit-mode"));
	if (s->rule->refused || !is_kept(s, use, &r) || !is_first_of_name(s, use) ||
	    (side && !print_side(s, use, side, &per)))
		return;
	over = (above != NULL) != rate->negated;
	s->own_rate |= !side;
	said_condition(s, " limit %s%llu/%s burst %llu%s", over ? "over " : "", (unsigned long long)r.packets, r.unit,
		       (unsigned long long)r.burst, per.len ? per.text : "");
}

static const struct ipt_option hashlimit_options[] = {
	{ "hashlimit", 0, 1, true },
	{ "hashlimit-upto", 0, 1, true },
	{ "hashlimit-above", 0, 1, true },
	{ "hashlimit-burst", 0, 1, false },
	{ "hashlimit-mode", 0, 1, false },
	{ "hashlimit-name", 0, 1, false },
	{ "hashlimit-srcmask", 0, 1, false },
	{ "hashlimit-dstmask", 0, 1, false },
	{ "hashlimit-htable-size", 0, 1, false },
	{ "hashlimit-htable-max", 0, 1, false },
	{ "hashlimit-htable-expire", 0, 1, false },
	{ "hashlimit-htable-gcinterval", 0, 1, false },
	{ "hashlimit-rate-match", 0, 0, false },
	{ "hashlimit-rate-interval", 0, 1, false },
	{ NULL, 0, 0, false },
};
const struct ipt_module ipt_hashlimit = { "hashlimit", 0, hashlimit_options, say_hashlimit };
