// SPDX-License-Identifier: GPL-2.0-only
/* Prints what a rule or policy does, in the order of the grammar, as it is parsed. */
#include "lib/text/parse.h"

#define print(b, ...) fw_buf_printf(b, __VA_ARGS__)

static void print_rate(struct fw_buf *b, const struct fw_rate *r, uint32_t burst)
{
	print(b, " %u/%s", r->packets, fw_unit_names[r->unit]);
	if (r->tokens != burst)
		print(b, " burst %u", r->tokens);
}

static void print_per(struct fw_buf *b, unsigned per, unsigned bits4, unsigned bits6)
{
	print(b, " per %s", fw_per_names[per]);
	if (bits4 != FW_PER4 || bits6 != FW_PER6)
		print(b, "/%u", bits4);
	if (bits6 != FW_PER6)
		print(b, "/%u", bits6);
}

static void print_conditions(struct fw_buf *b, const struct fw_action *a)
{
	if (a->limit.interval) {
		print(b, " limit%s", a->flags & FW_ACTION_LIMIT_OVER ? " over" : "");
		print_rate(b, &a->limit, FW_LIMIT_BURST);
		if (a->per)
			print_per(b, a->per, a->per4, a->per6);
	}
	if (a->connections) {
		print(b, " connections");
		print_per(b, a->connections_per, a->connections4, a->connections6);
		print(b, " over %u", a->connections);
	}
}

static void print_log(struct fw_buf *b, const struct fw_action *a, const struct fw_log *log)
{
	print(b, " log");
	if (log->prefix) {
		print(b, " prefix ");
		fw_print_string(b, log->prefix);
	}
	if (log->level != FW_LOG_LEVEL_DEFAULT)
		print(b, " level %s", fw_log_levels[log->level]);
	if (a->log.packets != FW_LOG_RATE || a->log.unit != FW_UNIT_SECOND || a->log.tokens != FW_LOG_BURST) {
		print(b, " rate");
		print_rate(b, &a->log, FW_LOG_BURST);
	}
}

static void print_effects(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_action *a,
			  const struct fw_log *log)
{
	if (a->flags & FW_ACTION_LOG)
		print_log(b, a, log);
	if (a->flags & FW_ACTION_MARK) {
		print(b, " mark set 0x%x", a->mark);
		if (a->mark_mask != UINT32_MAX)
			print(b, "/0x%x", a->mark_mask);
	}
	if (a->flags & FW_ACTION_ADD) {
		print(b, " %s %s to @%s", a->flags & FW_ACTION_UPDATE ? "update" : "add", fw_per_names[a->add_per],
		      rs->sets[a->set].name);
		if (a->timeout) {
			print(b, " timeout ");
			fw_text_print_time(b, a->timeout);
		}
	}
}

static void print_verdict(struct fw_buf *b, unsigned verdict)
{
	fw_buf_word(b, " ");
	fw_buf_word(b, fw_verdict_name(verdict));
}

void fw_print_action(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_action *a, const struct fw_log *log)
{
	static const char *const kinds[] = {
#define REJECT_WORD(sym, word, ...) word,
		FW_REJECTS(REJECT_WORD)
#undef REJECT_WORD
	};
	bool effects = a->flags & (FW_ACTION_LOG | FW_ACTION_MARK | FW_ACTION_ADD);

	print_conditions(b, a);
	print_effects(b, rs, a, log);
	if (a->audit)
		print(b, " " FW_WORD_AUDIT);
	if (a->audit || a->verdict != FW_CONTINUE || !effects)
		print_verdict(b, a->audit ? a->audit - 1u : a->verdict);
	if (a->reject)
		print(b, " with %s", kinds[a->reject]);
}

void fw_text_print_policy(struct fw_buf *b, const struct fw_ruleset *rs, enum fw_reason reason)
{
	print(b, "policy %s", fw_reason_info[reason].name);
	fw_print_action(b, rs, &rs->actions[rs->policy[reason]], &rs->policy_log[reason]);
}
