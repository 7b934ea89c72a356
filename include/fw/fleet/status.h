/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file in which fw-agent says what it does and what its host runs (ctl/agent/status.h), as others read it. An agent that runs
 * writes it at least every 30 seconds. A file that was not written for longer is not to be believed: its agent is gone, and
 * somebody else may have changed the ruleset since.
 */
#ifndef FW_FLEET_STATUS_H
#define FW_FLEET_STATUS_H

#include "fw/base.h"

#include <jansson.h>

#define FW_FLEET_STATUS "/run/fw-agent/status"
#define FW_FLEET_STATUS_AGE 90 /* seconds after which the agent is gone */

struct fw_fleet_status {
	json_t *object; /* NULL: the agent is gone, or what it wrote is no status */
	double now;     /* when it was read, seconds since 1970 */
	double age;     /* of the file's content, in seconds; negative: not known */
	char why[160];  /* of object NULL: for people */
};
/**
 * fw_fleet_status_read - read the status file of this host's agent
 * @out: fw_fleet_status_free() it; untouched on failure
 * Return: 0; -ENOENT: there is no file, as on a host without a fleet; -errno, also of a file that may not be read.
 */
int fw_fleet_status_read(const char *path, struct fw_fleet_status *out);
void fw_fleet_status_free(struct fw_fleet_status *s);

/* A member: a text, "" if it is not there or null; a number, 0 if it is not there, null or negative. */
const char *fw_fleet_status_text(const struct fw_fleet_status *s, const char *name);
uint64_t fw_fleet_status_number(const struct fw_fleet_status *s, const char *name);
/* The number of the generation that @name (running, wanted, confirmed) is; 0: none. */
uint64_t fw_fleet_status_generation(const struct fw_fleet_status *s, const char *name);

#endif
