/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of the setting `rules`: reloaded on request, and compared with the live ruleset. */
#ifndef FWD_RULES_FILE_H
#define FWD_RULES_FILE_H

#include "ctl/fwd/fwd.h"

#include <jansson.h>

/* Starts to compare it with the live ruleset; the result is logged, and part of the status. Call it at the start. */
void rules_file_compare(struct fwd *d);
/* SIGHUP: loads it, or, while a load is under way, once that is over. The result is logged. */
void rules_file_reload(struct fwd *d, const struct record_who *who);
/* Loads it if somebody waits for that. Call it when the engine is not busy any more. */
void rules_file_resume(struct fwd *d);
/**
 * rules_file_read - reads the file for a load
 * @out: its name, text and files are set; engine_load_start() or engine_load_free() takes them, also after an error
 * Return: 0, or -errno with a diagnostic: it cannot be read, or the setting is empty.
 */
int rules_file_read(struct fwd *d, struct engine_load *out, struct fw_diags *ds);
/* A request has loaded the file. */
void rules_file_loaded(struct fwd *d);
/* The object `rules_file` of docs/fwd.socket.md; null: the setting is empty. */
json_t *rules_file_json(const struct fwd *d);

#endif
