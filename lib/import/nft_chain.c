// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains. A packet passes the base chains of its hook in the order of their priorities, and each of them has to accept it.
 * One base chain of a hook, or one for each family, becomes rules of the main list. Several become chains that hand over what
 * they accept:
 *
 *	rule input goto early
 *	rule chain early from 192.0.2.1 drop
 *	rule chain early proto icmp goto late         # accept
 *	rule chain early goto late                    # its policy
 *	rule chain late proto tcp dport 22 accept
 *	rule chain late drop
 *
 * What is accepted in a chain that both of them call goes on in different places: the chain is made for each of these.
 * Prerouting leads to input or forward, and postrouting is reached from forward and output, so their chains become parts of
 * those hooks. Before addresses are translated, only what is on the wire is the same: such chains become rules at `in`.
 */
#include "lib/import/nft.h"

#define PRIORITY_CONNTRACK (-200)
#define PRIORITY_DSTNAT (-100)
#define PRIORITY_SRCNAT 100
#define MOST_BASES 64

/* The base chains of one of our hooks, in the order in which a packet meets them. */
struct hook {
	enum fw_hook hook;
	const char *stages[3];
	struct nft_chain *bases[MOST_BASES];
	size_t n;
};

static bool of_family(const struct nft_chain *c, int family)
{
	return nft_is(c->family, "inet") || nft_is(c->family, family == NFT_V4 ? "ip" : "ip6");
}

static bool overlap(const struct nft_chain *a, const struct nft_chain *b)
{
	return (of_family(a, NFT_V4) && of_family(b, NFT_V4)) || (of_family(a, NFT_V6) && of_family(b, NFT_V6));
}

/* Does another chain translate addresses at this hook? */
static bool translates(const struct nft *n, const char *hook)
{
	for (size_t i = 0; i < n->nchains; i++)
		if (nft_is(n->chains[i].hook, hook) && nft_is(n->chains[i].type, "nat") && n->chains[i].first)
			return true;
	return false;
}

/* Does a packet meet it before its addresses are translated? */
static bool before_nat(const struct nft *n, const struct nft_chain *c)
{
	return nft_is(c->hook, "prerouting") && c->priority <= PRIORITY_DSTNAT && translates(n, "prerouting");
}

/* Among equals the kernel asks the one that was added last first. */
static int by_priority(const void *a, const void *b)
{
	const struct nft_chain *x = *(struct nft_chain *const *)a, *y = *(struct nft_chain *const *)b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return (x->order < y->order) - (x->order > y->order);
}

static int by_order(const void *a, const void *b)
{
	const struct nft_chain *x = *(struct nft_chain *const *)a, *y = *(struct nft_chain *const *)b;

	return (x->order > y->order) - (x->order < y->order);
}

static int collect(struct nft *n, struct hook *h)
{
	for (size_t stage = 0; stage < 3 && h->stages[stage]; stage++) {
		size_t from = h->n;

		for (size_t i = 0; i < n->nchains; i++) {
			struct nft_chain *c = &n->chains[i];

			if (!nft_is(c->hook, h->stages[stage]) || c->kernel || before_nat(n, c) != (h->hook == FW_IN))
				continue;
			if (h->n == MOST_BASES)
				return nft_refuse(n, FW_IMPORT_AS_CHAIN, "more than %d chains at one hook", MOST_BASES);
			h->bases[h->n++] = c;
		}
		qsort(h->bases + from, h->n - from, sizeof(*h->bases), by_priority);
	}
	return 0;
}

static struct nft_use base_use(struct nft *n, const struct hook *h, struct nft_chain *c)
{
	bool pre = nft_is(c->hook, "prerouting"), post = nft_is(c->hook, "postrouting");

	return (struct nft_use){
		.chain = c,
		.hooks = 1u << h->hook,
		.first = nft_position(c),
		.last = nft_position(c),
		.no_state = (pre || nft_is(c->hook, "output")) && c->priority <= PRIORITY_CONNTRACK,
		.before_route = pre,
		.translated = post && c->priority >= PRIORITY_SRCNAT && translates(n, "postrouting"),
		.fragments = h->hook == FW_IN,
		.accept = "accept",
		.policy = c->drops ? "drop" : "accept",
	};
}

static int add_tail(struct nft *n, struct nft_use *use, const char *fmt, const char *what)
{
	use->tail = nft_printf(n, fmt, what);
	return use->tail ? 0 : -ENOMEM;
}

/* Adds a base chain and all that it calls. */
static int add_base(struct nft *n, const struct nft_use *u)
{
	struct nft_use *use = nft_add_use(n, u);

	if (!use)
		return -ENOMEM;
	nft_reach(n, use);
	return 0;
}

/* Base chains of which no packet meets two, as rules of the main list. */
static int plan_inline(struct nft *n, const struct hook *h)
{
	const char *hook = fw_hook_name(h->hook);
	size_t families = 0, drop = 0;
	bool all;
	int err = 0;

	for (size_t i = 0; i < h->n; i++) {
		families += (size_t)of_family(h->bases[i], NFT_V4) + (size_t)of_family(h->bases[i], NFT_V6);
		drop += h->bases[i]->drops;
	}
	all = families == 2 && drop == h->n;
	if (all)
		fw_buf_printf(&n->policies, "policy %s drop\n", hook);
	for (size_t i = 0; !err && i < h->n; i++) {
		struct nft_use use = base_use(n, h, h->bases[i]);
		const char *family = use.chain->family;

		use.prefix = nft_is(family, "inet") ? hook : nft_printf(n, "%s %s", hook, family);
		use.policy_last = all || !use.chain->drops;
		err = !use.prefix ? -ENOMEM : use.policy_last ? 0 : add_tail(n, &use, "rule %s drop\n", use.prefix);
		if (!err)
			err = add_base(n, &use);
	}
	return err;
}

/* What a packet of another family than the chain's meets there. */
static int pass_by(struct nft *n, struct nft_use *use)
{
	const char *family = use->chain->family;

	if (nft_is(family, "inet"))
		return 0;
	use->head = nft_printf(n, "rule chain %s %s %s\n", use->word, nft_is(family, "ip") ? "ip6" : "ip", use->accept);
	return use->head ? 0 : -ENOMEM;
}

/* Base chains one after the other, from the last to the first. */
static int plan_sequence(struct nft *n, const struct hook *h)
{
	const char *next = "accept";
	int err = 0;

	for (size_t i = h->n; !err && i; i--) {
		struct nft_use use = base_use(n, h, h->bases[i - 1]);

		use.word = nft_make_chain(n, use.chain->name);
		use.accept = next;
		if (!use.chain->drops)
			use.policy = next;
		next = use.word ? nft_printf(n, "goto %s", use.word) : NULL;
		err = next ? pass_by(n, &use) : -ENOMEM;
		if (!err)
			err = add_tail(n, &use, nft_printf(n, "rule chain %s %%s\n", use.word), use.policy);
		if (!err)
			err = add_base(n, &use);
	}
	fw_buf_printf(&n->rules, "rule %s %s\n", fw_hook_name(h->hook), next);
	return err;
}

static int plan_hook(struct nft *n, struct hook *h)
{
	bool meet = false;
	int err = collect(n, h);

	for (size_t i = 0; i < h->n; i++)
		for (size_t k = 0; k < i; k++)
			meet = meet || overlap(h->bases[i], h->bases[k]);
	if (err)
		return err;
	if (meet)
		return plan_sequence(n, h);
	qsort(h->bases, h->n, sizeof(*h->bases), by_order);
	return plan_inline(n, h);
}

/* "in on eth0", or several. */
static const char *device_prefix(struct nft *n, const struct nft_chain *c)
{
	json_t *dev = json_object_get(c->o.json, "dev"), *item;
	const char *prefix = "in on {", *name;
	size_t i;

	if (json_is_string(dev))
		return nft_printf(n, "in on \"%s\"", json_string_value(dev));
	json_array_foreach(dev, i, item)
	{
		name = json_string_value(item);
		prefix = prefix ? nft_printf(n, "%s%s \"%s\"", prefix, i ? "," : "", name ? name : "") : NULL;
	}
	return prefix ? nft_printf(n, "%s }", prefix) : NULL;
}

/* Why a chain of the device's own hook cannot be imported; NULL: it can. */
static const char *why_not_on_wire(const struct nft_chain *c, size_t others)
{
	if (!json_object_get(c->o.json, "dev"))
		return "the devices of this chain are missing: this version of nft does not write them";
	if (c->drops)
		return "the policy of a chain on the wire also drops what is not IP";
	return others ? "several chains on the wire" : NULL;
}

/* Chains on the wire. */
static int plan_ingress(struct nft *n)
{
	size_t found = 0;
	int err = 0;

	for (size_t i = 0; !err && i < n->nchains; i++) {
		struct nft_chain *c = &n->chains[i];
		struct nft_use use = { .chain = c,
				       .hooks = FW_HOOK_BIT(IN),
				       .before_route = true,
				       .no_state = true,
				       .on_wire = true,
				       .accept = "accept",
				       .policy = "accept",
				       .policy_last = true };
		const char *why;

		if (!nft_is(c->hook, "ingress") || c->kernel)
			continue;
		why = why_not_on_wire(c, found++);
		if (why) {
			nft_report(n, &c->o, nft_refuse(n, FW_IMPORT_AS_PLACE, "%s", why), NULL);
			continue;
		}
		use.first = use.last = nft_position(c);
		use.prefix = device_prefix(n, c);
		err = use.prefix ? add_base(n, &use) : -ENOMEM;
	}
	return err;
}

static bool is_among(const char *word, const char *const *list)
{
	while (*list && !nft_is(word, *list))
		list++;
	return *list;
}

static const char *const foreign[] = { "arp", "bridge", NULL };

/* Why a base chain that drops packets is refused. NULL: it is not. */
static const char *why_not(const struct nft_chain *c)
{
	static const char *const hooks[] = {
		"ingress", "prerouting", "input", "forward", "output", "postrouting", NULL
	};
	static const char *const families[] = { "ip", "ip6", "inet", "netdev", NULL };

	if (nft_is(c->type, "nat"))
		return "a chain of type nat that drops packets";
	if (is_among(c->family, foreign))
		return "rules see no frames of ARP, and none on their way through a bridge";
	return is_among(c->hook, hooks) && is_among(c->family, families) ? NULL : "there is no such family or hook";
}

/* Which base chains stay in the kernel, and which are refused. */
static void sort_out(struct nft *n)
{
	for (size_t i = 0; i < n->nchains; i++) {
		struct nft_chain *c = &n->chains[i];
		bool beside = nft_is(c->hook, "prerouting") || nft_is(c->hook, "postrouting");
		struct nft_found found;
		const char *why;

		if (!c->hook)
			continue;
		found = nft_look_into(n, c);
		c->changes = found.changes;
		if (!found.drops && (nft_is(c->type, "nat") || found.kernel || !c->first ||
				     is_among(c->family, foreign) || (beside && !found.effects))) {
			nft_leave_to_kernel(n, c);
			continue;
		}
		why = why_not(c);
		if (!why)
			continue;
		nft_refuse(n, FW_IMPORT_AS_PLACE, "%s", why);
		nft_report(n, &c->o, -EINVAL, NULL);
		nft_leave_to_kernel(n, c);
	}
}

static int print_rule(struct nft *n, const struct nft_use *use, struct nft_rule *r)
{
	size_t from = n->rules.len;
	bool first = !r->o.reported;
	int err;

	if (nft_rule_is_kernels(r)) {
		r->o.reason = FW_IMPORT_AS_KERNEL;
		r->o.reported = true;
		return 0;
	}
	err = nft_print_rule(n, use, r);
	if (err == -ENOMEM)
		return err;
	if (first) {
		r->o.became = from;
		r->o.became_len = n->rules.len > from ? n->rules.len - from - 1 : 0;
		r->o.in_rules = true;
	}
	r->o.filters = true;
	r->o.opens = err && nft_rule_decides(r);
	nft_report(n, &r->o, err, n->rules.len > from ? NULL : "no packet can match it, or nothing would happen");
	return 0;
}

static int print_use(struct nft *n, const struct nft_use *use)
{
	struct nft_chain *c = use->chain;
	size_t from;
	int err = 0;

	if (use->head)
		fw_buf_printf(&n->rules, "%s", use->head);
	for (struct nft_rule *r = c->first; r && !err; r = r->next)
		err = print_rule(n, use, r);
	from = n->rules.len;
	if (use->tail)
		fw_buf_printf(&n->rules, "%s", use->tail);
	if (!use->policy)
		return err;
	c->o.filters = true;
	c->o.became = from;
	c->o.became_len = use->tail ? n->rules.len - from - 1 : 0;
	c->o.in_rules = true;
	nft_report(n, &c->o, 0, NULL);
	return err;
}

int nft_import_chains(struct nft *n)
{
	struct hook hooks[] = {
		{ .hook = FW_IN, .stages = { "prerouting" } },
		{ .hook = FW_INPUT, .stages = { "prerouting", "input" } },
		{ .hook = FW_FORWARD, .stages = { "prerouting", "forward", "postrouting" } },
		{ .hook = FW_OUTPUT, .stages = { "output", "postrouting" } },
	};
	int err = 0;

	sort_out(n);
	for (size_t i = 0; !err && i < sizeof(hooks) / sizeof(*hooks); i++)
		err = plan_hook(n, &hooks[i]);
	if (!err)
		err = plan_ingress(n);
	for (size_t i = 0; !err && i < n->nuses; i++)
		err = print_use(n, n->uses[i]);
	return err;
}
