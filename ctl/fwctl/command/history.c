// SPDX-License-Identifier: GPL-2.0-only
/* fwctl history: what was done and refused, when and by whom. */
#include "rows.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/request.h"

#include <pwd.h>
#include <string.h>

static const struct ctl_option *const options[] = { &ctl_opt_limit, NULL };

/* The name of a user, or the number. Return: @buf. */
static const char *user_of(const json_t *o, char *buf, size_t size)
{
	uint64_t uid = ctl_field_u64(o, "uid");
	const struct passwd *pw = getpwuid((uid_t)uid);

	if (pw)
		fw_escape(buf, size, pw->pw_name, strlen(pw->pw_name));
	else
		snprintf(buf, size, "uid %llu", (unsigned long long)uid);
	return buf;
}

static int print(void *ctx, json_t *o)
{
	uint64_t pid = ctl_field_u64(o, "pid");
	char when[32], user[40], who[96];

	snprintf(who, sizeof(who), pid ? "%s %s[%llu]" : "%s %s", user_of(o, user, sizeof(user)),
		 ctl_field_text(o, "process"), (unsigned long long)pid);
	printf("%s  %-24s %s\n", ctl_time(when, sizeof(when), (uint64_t)ctl_field_real(o, "at")), who,
	       ctl_field_text(o, "text"));
	return 0;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	struct ctl_request request = { .kind = FW_REQ_HISTORY, .line = print };

	request.args = json_pack("{sI}", "limit", (json_int_t)(s->limit ? s->limit : 50));
	return ctl_request_run(s, &request, NULL);
}

const struct ctl_command ctl_history = {
	.name = "history",
	.operands = "",
	.summary = "show what was done and refused, when and by whom",
	.details =
		"Newest first, 50 unless --limit gives another number. fwd keeps the last 1000 changes, loads and attachments,\n"
		"as many changes of sets alone, and 200 refusals; the journal has more (`journalctl -u fwd`).\n\n"
		"JSON: {at (seconds since 1970), text (as shown), action, what, result (done or refused), why, pid (0: fwd\n"
		"itself), uid, process, added, removed, changed, moved, policies, sets_created, sets_destroyed, chains_created, chains_deleted,\n"
		"elements_added, elements_removed, elements_prolonged (of loads, changes and flush), rules (how many there were then),\n"
		"confirm_by}; at last {ok, count}.\n",
	.options = options,
	.run = run,
};
