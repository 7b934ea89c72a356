// SPDX-License-Identifier: GPL-2.0-only
/* Words of other firewalls, and the command that does the same here. */
#include "find.h"
#include "fw/table/verdict.h"

#include <string.h>

/* Our own verdicts. */
#define A_VERDICT_0(word)
#define A_VERDICT_1(word) { word, "add rule ... " word },
#define A_VERDICT(sym, word, terminal, rule, policy) A_VERDICT_##rule(word)

/* clang-format off */
static const struct {
	const char *word, *command;
} others[] = {
	{ "allow", "add rule ... accept" },
	{ "permit", "add rule ... accept" },
	{ "deny", "add rule ... drop" },
	{ "block", "add rule ... drop" },
	{ "ban", "set add NAME ADDRESS" },
	FW_VERDICTS(A_VERDICT)
	{ "rule", "add rule ..." },
	{ "append", "add rule ..." },
	{ "-A", "add rule ..." },
	{ "insert", "add rule first ..." },
	{ "-I", "add rule first ..." },
	{ "delete", "del rule REF" },
	{ "remove", "del rule REF" },
	{ "-D", "del rule REF" },
	{ "-R", "replace rule REF ..." },
	{ "-L", "list" },
	{ "-S", "list" },
	{ "-F", "flush" },
	{ "-P", "policy in drop" },
	{ "default", "policy in drop" },
	{ "restore", "load FILE" },
	{ "reload", "load FILE" },
	{ "apply", "load FILE" },
	{ "-f", "load FILE" },
	{ "enable", "attach IFACE" },
	{ "start", "attach IFACE" },
	{ "up", "attach IFACE" },
	{ "disable", "detach IFACE" },
	{ "stop", "detach IFACE" },
	{ "down", "detach IFACE" },
	{ "monitor", "watch" },
	{ "top", "watch" },
};
/* clang-format on */

const char *ctl_other_command(const char *word)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].word, word))
			return others[i].command;
	return NULL;
}
