// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands. */
#include "commands.h"
#include "command/rows.h"
#include "help/help.h"

const struct ctl_command *const ctl_commands[] = {
	&ctl_add,           &ctl_replace,
	&ctl_move,          &ctl_del,
	&ctl_show,          &ctl_list,
	&ctl_counters,      &ctl_set_create,
	&ctl_set_add,       &ctl_set_del,
	&ctl_set_flush,     &ctl_set_replace,
	&ctl_set_destroy,   &ctl_set_list,
	&ctl_chain_create,  &ctl_chain_del,
	&ctl_policy,        &ctl_batch,
	&ctl_flush,         &ctl_load,
	&ctl_confirm,       &ctl_undo,
	&ctl_save,          &ctl_attach,
	&ctl_detach,        &ctl_status,
	&ctl_history,       &ctl_watch,
	&ctl_log,           &ctl_classify,
	&ctl_check,         &ctl_run,
	&ctl_import,        &ctl_export,
	&ctl_keys_make,     &ctl_keys_show,
	&ctl_publish,       &ctl_rollout_rings,
	&ctl_rollout_start, &ctl_rollout_status,
	&ctl_rollout_pause, &ctl_rollout_resume,
	&ctl_rollout_abort, &ctl_rollout_lead,
	&ctl_completion,    &ctl_man,
	&ctl_help,          NULL,
};
