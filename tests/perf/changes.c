// SPDX-License-Identifier: GPL-2.0-only
/* Random changes: which rule, where to, with which addresses. */
#include "tests/perf/changes.h"

#include <string.h>

#define TRIES 64

const char *const bench_kind_name[BENCH_NKINDS] = {
#define BENCH_KIND_NAME(sym, name) [BENCH_##sym] = name,
	BENCH_KINDS(BENCH_KIND_NAME)
#undef BENCH_KIND_NAME
};

uint64_t bench_random(struct bench_changes *c)
{
	return fw_random_next(&c->random);
}

void bench_changes_begin(struct bench_changes *c)
{
	c->ngone = 0;
}

void bench_changes_free(struct bench_changes *c)
{
	free(c->gone);
}

static bool is_gone(const struct bench_changes *c, uint32_t slot)
{
	for (size_t i = 0; i < c->ngone; i++)
		if (c->gone[i] == slot)
			return true;
	return false;
}

/* A rule that no line since bench_changes_begin() deletes. NULL: there are too few. */
static struct fw_rule *pick(struct bench_changes *c)
{
	if (c->rs->nrules < c->ngone + 2)
		return NULL;
	for (;;) {
		struct fw_rule *r = fw_ruleset_by_slot(c->rs, (uint32_t)(bench_random(c) % c->rs->next_slot));

		if (r && !is_gone(c, r->slot))
			return r;
	}
}

/* Families of an expression's addresses, as bits; sets may hold both. */
static unsigned families(const struct fw_ruleset *rs, uint32_t number)
{
	const struct fw_addrs *a = &rs->addrs[number];
	unsigned bits = 0;

	if (number == FW_ANY || a->negated || a->nsets)
		return 1u << FW_IP4 | 1u << FW_IP6;
	for (uint32_t i = 0; i < a->nranges; i++)
		bits |= 1u << a->ranges[i].family;
	return bits;
}

/* Another rule's address, on the side where this one has one. */
static void address_known(struct bench_changes *c, struct fw_rule *draft)
{
	uint32_t *side = draft->dst != FW_ANY ? &draft->dst : &draft->src;
	unsigned want = families(c->rs, *side);

	if (draft->src != FW_ANY && bench_random(c) & 1)
		side = &draft->src;
	for (int i = 0; i < TRIES; i++) {
		const struct fw_rule *other = pick(c);
		uint32_t number = bench_random(c) & 1 ? other->dst : other->src;

		if (number == FW_ANY || families(c->rs, number) != want)
			continue;
		*side = number;
		return;
	}
}

/* A host, or a prefix of a few, in the neighbourhood of an address. */
static struct fw_addr_range near(struct bench_changes *c, const struct fw_addr_range *r)
{
	struct fw_addr a = r->lo;
	uint64_t x = bench_random(c);
	bool host = x >> 63;

	if (r->family == FW_IP4) {
		a.hi ^= (x & 0xffff) << 32;
		return fw_addr_prefix(FW_IP4, a, host ? 32 : 24 + (unsigned)(x >> 32) % 8);
	}
	a.hi ^= x & 0xffff;
	a.lo = host ? bench_random(c) : 0;
	return fw_addr_prefix(FW_IP6, a, host ? 128 : 64);
}

/* Takes the address from one side of the rule, and prints another one instead. */
static void address_near(struct bench_changes *c, struct fw_rule *draft, struct fw_buf *out)
{
	bool src = draft->dst == FW_ANY || (draft->src != FW_ANY && bench_random(c) & 1);
	uint32_t *side = src ? &draft->src : &draft->dst;
	const struct fw_addrs *a = &c->rs->addrs[*side];

	if (!a->nranges || a->negated || families(c->rs, *side) == (1u << FW_IP4 | 1u << FW_IP6)) {
		address_known(c, draft);
		return;
	}

	struct fw_addr_range r = near(c, &a->ranges[bench_random(c) % a->nranges]);

	*side = FW_ANY;
	fw_buf_printf(out, src ? " from " : " to ");
	fw_text_print_addr_range(out, &r);
}

/* A rule's text without `rule`, id and name, made from another's. */
static int write_body(struct bench_changes *c, bool known, struct fw_buf *out)
{
	struct fw_rule *model = pick(c);
	struct fw_buf body = { 0 };

	if (!model)
		return -ENOENT;

	struct fw_rule draft = *model;

	draft.id = 0;
	draft.name = draft.comment = NULL;
	if (bench_random(c) % 4 == 0)
		draft.action = draft.action == FW_DROP ? FW_ACCEPT : FW_DROP;
	if (known)
		address_known(c, &draft);
	else
		address_near(c, &draft, out);
	fw_text_print_rule(&body, c->rs, &draft);
	if (!body.failed)
		fw_buf_add(out, body.text + strlen("rule 0"), body.len - strlen("rule 0"));
	out->failed |= body.failed;
	fw_buf_free(&body);
	return out->failed ? -ENOMEM : 0;
}

static void write_position(struct bench_changes *c, const struct fw_rule * not, struct fw_buf *out)
{
	uint64_t x = bench_random(c);
	const struct fw_rule *ref = pick(c);

	while (ref == not )
		ref = pick(c);
	if (x % 16 < 2)
		fw_buf_printf(out, x & 1 ? " first" : " last");
	else
		fw_buf_printf(out, " %s %llu", x & 1 ? "before" : "after", (unsigned long long)ref->id);
}

static int write_add(struct bench_changes *c, bool known, struct fw_buf *out)
{
	fw_buf_printf(out, "add rule");
	write_position(c, NULL, out);
	return write_body(c, known, out);
}

static int write_add_known(struct bench_changes *c, const struct fw_rule *r, struct fw_buf *out)
{
	return write_add(c, true, out);
}

static int write_add_near(struct bench_changes *c, const struct fw_rule *r, struct fw_buf *out)
{
	return write_add(c, false, out);
}

static int write_replace(struct bench_changes *c, const struct fw_rule *r, struct fw_buf *out)
{
	fw_buf_printf(out, "replace rule %llu", (unsigned long long)r->id);
	return write_body(c, bench_random(c) & 1, out);
}

static int write_move(struct bench_changes *c, const struct fw_rule *r, struct fw_buf *out)
{
	fw_buf_printf(out, "move rule %llu", (unsigned long long)r->id);
	write_position(c, r, out);
	return 0;
}

static int write_delete(struct bench_changes *c, const struct fw_rule *r, struct fw_buf *out)
{
	fw_buf_printf(out, "del rule %llu", (unsigned long long)r->id);
	return fw_vec_push(c->gone, c->ngone, c->gone_cap, r->slot);
}

int bench_change_write(struct bench_changes *c, enum bench_kind kind, struct fw_buf *out)
{
	static int (*const writers[])(struct bench_changes *, const struct fw_rule *, struct fw_buf *) = {
		[BENCH_ADD_KNOWN] = write_add_known, [BENCH_ADD_NEAR] = write_add_near, [BENCH_REPLACE] = write_replace,
		[BENCH_MOVE] = write_move,           [BENCH_DELETE] = write_delete,
	};
	const struct fw_rule *r = pick(c);
	int err = r ? writers[kind](c, r, out) : -ENOENT;

	fw_buf_printf(out, "\n");
	return err ? err : out->failed ? -ENOMEM : 0;
}
