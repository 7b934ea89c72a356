// SPDX-License-Identifier: GPL-2.0-only
/* The table of handlers. Rights and limits of requests are in fw/wire.h. */
#include "handlers.h"

#include "ctl/fwd/log/packet_log.h"

static const struct handler {
	void (*run)(struct request *req);
	bool waits; /* while a load is under way */
} handlers[FW_NREQUESTS] = {
	[FW_REQ_STATUS] = { handle_status, false },     [FW_REQ_LIST] = { handle_list, false },
	[FW_REQ_COUNTERS] = { handle_counters, false }, [FW_REQ_RESET] = { handle_reset, true },
	[FW_REQ_SAVE] = { handle_save, false },         [FW_REQ_CLASSIFY] = { handle_classify, false },
	[FW_REQ_CHANGE] = { handle_change, true },      [FW_REQ_LOAD] = { handle_load, true },
	[FW_REQ_CONFIRM] = { handle_confirm, true },    [FW_REQ_FLUSH] = { handle_flush, true },
	[FW_REQ_ATTACH] = { handle_attach, true },      [FW_REQ_DETACH] = { handle_detach, true },
	[FW_REQ_METRICS] = { handle_metrics, false },   [FW_REQ_UNDO] = { handle_undo, true },
	[FW_REQ_HISTORY] = { handle_history, false },   [FW_REQ_LOG] = { handle_log, false },
};

bool handlers_wait(const struct request *req)
{
	return handlers[req->header.kind].waits;
}

void handlers_run(struct request *req)
{
	req->again = false;
	/* Events refer to rules by slot, as the rules are before a change. */
	if (handlers_wait(req))
		packet_log_catch_up(req->fwd);
	handlers[req->header.kind].run(req);
}
