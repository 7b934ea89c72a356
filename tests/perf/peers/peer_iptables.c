// SPDX-License-Identifier: GPL-2.0-only
/*
 * iptables as it was before nftables: rule after rule, or one rule that asks a
 * set of ipset. In the table raw, before anything else of the IP layer.
 */
#include "tests/perf/peers/peer_stack.h"

#include "tests/perf/bench.h"

#include <netinet/in.h>
#include <string.h>

#define SET "fwbench"
/* A set of ipset holds single ports: a range becomes as many members. More than this, and it is not the same work any more. */
#define MEMBERS 2000000u

struct iptables {
	struct stage *st;
	bool concat, set;
};

static const char *target(bool accept)
{
	return accept ? "ACCEPT" : "DROP";
}

static const char *protocol(unsigned number)
{
	return number == IPPROTO_TCP ? "tcp" : "udp";
}

/* A rule as a line of iptables-restore, after its chain. */
static void write_rule(const struct work_rule *r, struct fw_buf *b)
{
	if (stack_says_src(r)) {
		fw_buf_printf(b, " -s ");
		stack_write_prefix(r->src, r->src_len, b);
	}
	if (stack_says_dst(r)) {
		fw_buf_printf(b, " -d ");
		stack_write_prefix(r->dst, r->dst_len, b);
	}
	if (stack_says_proto(r))
		fw_buf_printf(b, " -p %s", protocol(r->proto));
	if (stack_says_sport(r)) {
		fw_buf_printf(b, " --sport ");
		stack_write_range(r->sport, ':', b);
	}
	if (stack_says_dport(r)) {
		fw_buf_printf(b, " --dport ");
		stack_write_range(r->dport, ':', b);
	}
	fw_buf_printf(b, " -j %s\n", target(r->accept));
}

static int restore(struct stage *st, struct fw_buf *text, bool flush)
{
	static const char *const all[] = { "iptables-legacy-restore", "-w", NULL };
	static const char *const more[] = { "iptables-legacy-restore", "-w", "--noflush", NULL };

	return stack_feed(st, (char *const *)(flush ? all : more), text);
}

/* The table with what @rules is; NULL: with nothing. */
static int raw_restore(struct stage *st, bool accept, const struct work *rules, const char *rule)
{
	struct fw_buf text = { 0 };

	fw_buf_printf(&text, "*raw\n:PREROUTING %s [0:0]\n:OUTPUT ACCEPT [0:0]\n%s", target(accept), rule ? rule : "");
	for (size_t i = 0; rules && i < rules->n; i++) {
		fw_buf_printf(&text, "-A PREROUTING");
		write_rule(&rules->rules[i], &text);
	}
	fw_buf_printf(&text, "COMMIT\n");
	return restore(st, &text, true);
}

static int ipset_restore(struct stage *st, struct fw_buf *text)
{
	static const char *const argv[] = { "ipset", "restore", NULL };

	return stack_feed(st, (char *const *)argv, text);
}

static void write_member(bool concat, const struct work_rule *r, struct fw_buf *b)
{
	fw_buf_printf(b, "add " SET " ");
	stack_write_prefix(r->src, r->src_len, b);
	if (concat) {
		fw_buf_printf(b, ",%u:", r->proto);
		stack_write_range(r->dport, '-', b);
		fw_buf_printf(b, ",");
		stack_write_prefix(r->dst, r->dst_len, b);
	}
	fw_buf_printf(b, "\n");
}

static uint64_t members(const struct work *w, bool concat)
{
	uint64_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += concat ? (uint64_t)w->rules[i].dport[1] - w->rules[i].dport[0] + 1 : 1;
	return n;
}

static int set_make(struct stage *st, const struct work *w, bool concat)
{
	uint64_t n = members(w, concat);
	struct fw_buf text = { 0 };

	/* Room for as many, and for those to be added; buckets are made more as they fill. */
	fw_buf_printf(&text, "create " SET " hash:%s maxelem %llu\n", concat ? "net,port,net" : "net",
		      (unsigned long long)n + 65536);
	for (size_t i = 0; i < w->n; i++)
		write_member(concat, &w->rules[i], &text);
	return ipset_restore(st, &text);
}

/* Deletes all sets; there are none if the first line failed. */
static int sets_destroy(struct stage *st)
{
	struct fw_buf text = { 0 };

	fw_buf_printf(&text, "destroy\n");
	return ipset_restore(st, &text);
}

static int set_load(struct stage *st, const struct work *w, bool concat)
{
	char rule[128];
	int err = set_make(st, w, concat);

	snprintf(rule, sizeof(rule), "-A PREROUTING -m set --match-set " SET " %s -j %s\n",
		 concat ? "src,dst,dst" : "src", target(!w->accept));
	return err ? err : raw_restore(st, w->accept, NULL, rule);
}

static void iptables_unload(void *ctx)
{
	struct iptables *t = ctx;

	if (!t)
		return;
	if (!raw_restore(t->st, true, NULL, NULL) && t->set)
		sets_destroy(t->st);
	free(t);
}

static int load(const struct iptables *wanted, const struct work *w, void **out)
{
	struct iptables *t = malloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	*t = *wanted;
	err = t->set ? set_load(t->st, w, t->concat) : raw_restore(t->st, w->accept, w, NULL);
	if (err)
		iptables_unload(t); /* what was loaded before the failure */
	else
		*out = t;
	return err;
}

static int linear_load(const struct work *w, struct stage *st, void **out)
{
	return load(&(struct iptables){ .st = st }, w, out);
}

/* The table filter at forward: known connections first. NULL: nothing. */
static int filter_restore(struct stage *st, const struct work *w)
{
	struct fw_buf text = { 0 };

	fw_buf_printf(&text, "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD %s [0:0]\n:OUTPUT ACCEPT [0:0]\n",
		      target(!w || w->accept));
	if (w)
		fw_buf_printf(&text, "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n");
	for (size_t i = 0; w && i < w->n; i++) {
		fw_buf_printf(&text, "-A FORWARD");
		write_rule(&w->rules[i], &text);
	}
	fw_buf_printf(&text, "COMMIT\n");
	return restore(st, &text, true);
}

static void stateful_unload(void *ctx)
{
	filter_restore(ctx, NULL);
}

static int stateful_load(const struct work *w, struct stage *st, void **out)
{
	*out = st;
	return filter_restore(st, w);
}

static int ipset_load(const struct work *w, struct stage *st, void **out)
{
	return load(&(struct iptables){ .st = st, .set = true }, w, out);
}

static int ipset_concat_load(const struct work *w, struct stage *st, void **out)
{
	return load(&(struct iptables){ .st = st, .set = true, .concat = true }, w, out);
}

static int linear_add(void *ctx, const struct work_rule *r)
{
	struct iptables *t = ctx;
	struct fw_buf text = { 0 };

	fw_buf_printf(&text, "*raw\n-I PREROUTING 1");
	write_rule(r, &text);
	fw_buf_printf(&text, "COMMIT\n");
	return restore(t->st, &text, false);
}

static int set_add(void *ctx, const struct work_rule *r)
{
	struct iptables *t = ctx;
	struct fw_buf text = { 0 };

	write_member(t->concat, r, &text);
	return ipset_restore(t->st, &text);
}

/* The kernel does not account sets to any cgroup, but reports their size. */
static int64_t set_bytes(void *ctx)
{
	static const char *const argv[] = { "ipset", "-t", "list", SET, NULL };
	static const char name[] = "Size in memory: ";
	char answer[PEER_ANSWER];
	int err = peer_ask((char *const *)argv, answer);
	const char *at = strstr(answer, name);

	if (!err && !at)
		err = bench_said("see how large a set is", -EPROTO);
	return err ? err : strtoll(at + sizeof(name) - 1, NULL, 10);
}

static const char *linear_cannot(const struct work *w)
{
	return NULL;
}

static bool says_no_proto(const struct work_rule *r)
{
	return !r->proto;
}

static const char *ipset_concat_cannot(const struct work *w)
{
	const char *why = stack_cannot_fields(w);

	if (why)
		return why;
	if (stack_says(w, stack_says_sport))
		return "rules say source ports";
	if (stack_says(w, says_no_proto))
		return "rules for any protocol: a member of the set has one";
	return members(w, true) > MEMBERS ? "port ranges, which become a member each port: over 2,000,000" : NULL;
}

const struct peer peer_iptables = {
	.name = "iptables",
	.label = "iptables-legacy, rules",
	.kind = PEER_STACK,
	.cannot = linear_cannot,
	.load = linear_load,
	.unload = iptables_unload,
	.add = linear_add,
};

const struct peer peer_iptables_stateful = {
	.name = "iptables",
	.label = "iptables-legacy, rules",
	.kind = PEER_STACK,
	.cannot = linear_cannot,
	.load = stateful_load,
	.unload = stateful_unload,
};

const struct peer peer_ipset = {
	.name = "ipset",
	.kernel_bytes = set_bytes,
	.label = "ipset hash:net",
	.kind = PEER_STACK,
	.cannot = stack_cannot_sources,
	.load = ipset_load,
	.unload = iptables_unload,
	.add = set_add,
};

const struct peer peer_ipset_concat = {
	.name = "ipset-concat",
	.kernel_bytes = set_bytes,
	.label = "ipset hash:net,port,net",
	.kind = PEER_STACK,
	.cannot = ipset_concat_cannot,
	.load = ipset_concat_load,
	.unload = iptables_unload,
	.add = set_add,
};
