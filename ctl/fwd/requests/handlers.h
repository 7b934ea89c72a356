/* SPDX-License-Identifier: GPL-2.0-only */
/* What carries requests out. */
#ifndef FWD_HANDLERS_H
#define FWD_HANDLERS_H

#include "request.h"

/* Must the request wait while a load is under way? */
bool handlers_wait(const struct request *req);
/* Carries it out, see request.h. */
void handlers_run(struct request *req);

/* One for each request. */
void handle_status(struct request *req);
void handle_list(struct request *req);
void handle_counters(struct request *req);
void handle_reset(struct request *req);
void handle_save(struct request *req);
void handle_classify(struct request *req);
void handle_change(struct request *req);
void handle_load(struct request *req);
void handle_confirm(struct request *req);
void handle_undo(struct request *req);
void handle_history(struct request *req);
void handle_flush(struct request *req);
void handle_attach(struct request *req);
void handle_detach(struct request *req);
void handle_metrics(struct request *req);
void handle_log(struct request *req);

#endif
