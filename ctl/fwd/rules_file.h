/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of the setting `rules`: loaded again when somebody asks for it, and compared with what is live. */
#ifndef FWD_RULES_FILE_H
#define FWD_RULES_FILE_H

#include "ctl/fwd/fwd.h"

#include <jansson.h>

/* When fwd is up: is it what is live? The answer comes later, in the log and in the status. */
void rules_file_compare(struct fwd *d);
/* SIGHUP: loads it, or, while a load is under way, when that is over. How it went is in the log. */
void rules_file_reload(struct fwd *d, const struct record_who *who);
/* When the engine is not busy any more. */
void rules_file_resume(struct fwd *d);
/**
 * rules_file_read - as a request
 * Return: 0, or -errno with a diagnostic: it cannot be read, or there is no such setting.
 */
int rules_file_read(struct fwd *d, struct engine_load *out, struct fw_diags *ds);
/* A load of the file that somebody else asked for is done. */
void rules_file_loaded(struct fwd *d);
/* As docs/fwd.socket.md has it; null: no such setting. */
json_t *rules_file_json(const struct fwd *d);

#endif
