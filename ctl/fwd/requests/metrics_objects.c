// SPDX-License-Identifier: GPL-2.0-only
/* Lines and objects of metrics. */
#include "metrics_objects.h"

#include "fw/json.h"
#include "fw/rule_line.h"

#include <string.h>

void metric_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule, struct fw_count count)
{
	const char *chain = rs->chains[rule->chain].name;
	const struct fw_rule_line l = { .id = rule->id,
					.count = count,
					.verdict = fw_rule_verdict(rs, rule),
					.exported = rule->exported,
					.name = rule->name,
					.name_len = rule->name ? strlen(rule->name) : 0,
					.chain = chain,
					.chain_len = chain ? strlen(chain) : 0 };
	char line[FW_RULE_LINE_MAX];

	fw_buf_add(b, line, fw_rule_line_print(line, &l));
}

static void put_hook(struct fw_buf *b, unsigned prog)
{
	fw_buf_printf(b, "\"hook\":\"%s\",\"direction\":\"%s\"", fw_prog_names[prog],
		      fw_hook_name(fw_prog_hook((enum fw_prog)prog)));
}

static void put_count(struct fw_buf *b, unsigned prog, unsigned verdict, struct fw_count n)
{
	fw_buf_printf(b, "%s{", b->text[b->len - 1] == '}' ? "," : "");
	put_hook(b, prog);
	fw_buf_printf(b, ",\"verdict\":\"%s\",\"packets\":%llu,\"bytes\":%llu}", fw_verdict_name(verdict),
		      (unsigned long long)n.packets, (unsigned long long)n.bytes);
}

void metric_policy(struct fw_buf *b, struct engine *e, enum fw_reason reason)
{
	const struct fw_ruleset *rs = engine_ruleset(e);
	struct fw_count of[FW_NPROGS][FW_NTERMINAL], sum[FW_NTERMINAL] = { { 0 } };

	/* Counting goes on meanwhile: read once, so that the sum agrees with the hooks. */
	for (unsigned i = 0; i < FW_NPROGS * FW_NTERMINAL; i++) {
		unsigned prog = i / FW_NTERMINAL, verdict = i % FW_NTERMINAL;
		struct fw_count n = fw_kern_prog_count(engine_kern(e), (enum fw_prog)prog, reason, verdict);

		of[prog][verdict] = n;
		fw_count_add(&sum[verdict], n);
	}
	fw_json_policy(b, rs, reason, sum);
	b->len -= !b->failed; /* to add fields before the brace */
	fw_buf_printf(b, ",\"hooks\":[");
	for (unsigned i = 0; i < FW_NPROGS * FW_NTERMINAL && !b->failed; i++) {
		unsigned prog = i / FW_NTERMINAL, verdict = i % FW_NTERMINAL;
		unsigned is = fw_ruleset_policy(rs, reason, fw_prog_hook((enum fw_prog)prog));

		if (fw_reason_possible((enum fw_prog)prog, reason) && (verdict == is || of[prog][verdict].packets))
			put_count(b, prog, verdict, of[prog][verdict]);
	}
	fw_buf_printf(b, "]}\n");
}

static void put_verdict(struct fw_buf *b, const struct fw_traffic *t, unsigned prog, enum fw_verdict verdict)
{
	fw_buf_printf(b, ",\"%s\":{\"rule\":%llu,\"policy\":%llu}", fw_verdict_name(verdict),
		      (unsigned long long)t->packets[prog][FW_BY_RULE][verdict],
		      (unsigned long long)t->packets[prog][FW_BY_POLICY][verdict]);
}

static void put_traffic(struct fw_buf *b, const struct engine *e, const struct fw_traffic *t, unsigned prog)
{
	const char *name = engine_interface_name(e, t->ifindex);

	fw_buf_printf(b, "{\"interface\":");
	fw_json_string(b, name ? FW_NAME(name) : NULL);
	fw_buf_printf(b, ",\"index\":%d,", (int)t->ifindex);
	put_hook(b, prog);
	for (unsigned verdict = FW_NTERMINAL; verdict--;)
		put_verdict(b, t, prog, verdict);
	fw_buf_add(b, "}\n", 2);
}

static bool counted(const struct fw_traffic *t, unsigned prog)
{
	static const uint64_t none[FW_NDECIDED][FW_NTERMINAL];

	return memcmp(t->packets[prog], none, sizeof(none)) != 0;
}

/* Interfaces that rtnetlink does not report are gone: their counts go to the last entry. */
static void fold_unknown(const struct engine *e, struct fw_traffic *t, size_t n)
{
	for (size_t i = 1; i + 1 < n; i++) {
		uint64_t *to = (uint64_t *)t[n - 1].packets, *from = (uint64_t *)t[i].packets;

		if (engine_interface_name(e, t[i].ifindex))
			continue;
		for (unsigned k = 0; k < FW_TRAFFIC_COUNTS; k++) {
			to[k] += from[k];
			from[k] = 0;
		}
	}
}

/* Has the list an entry for this attachment's hook? */
static bool is_listed(const struct fw_traffic *t, size_t n, const struct fw_kern_attachment *a)
{
	for (size_t i = 1; i < n; i++)
		if (t[i].ifindex == a->ifindex)
			return counted(&t[i], a->prog);
	return false;
}

void metric_interfaces(struct fw_buf *b, struct engine *e)
{
	fw_autofree struct fw_traffic *t = NULL;
	struct fw_kern_attachment a;
	size_t n;

	if (fw_kern_traffic(engine_kern(e), &t, &n)) {
		b->failed = true;
		return;
	}
	fold_unknown(e, t, n);
	for (size_t i = 0; i < n; i++)
		for (unsigned prog = 0; prog < FW_NPROGS; prog++)
			if (counted(&t[i], prog))
				put_traffic(b, e, &t[i], prog);
	for (size_t i = 0; fw_kern_attached(engine_kern(e), i, &a); i++) {
		const struct fw_traffic none = { .ifindex = a.ifindex };

		if (!a.away && engine_interface_name(e, a.ifindex) && !is_listed(t, n, &a))
			put_traffic(b, e, &none, a.prog);
	}
}
