/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces and the numbers of their names: see engine_interfaces.c and engine_names.c. */
#ifndef FWD_ENGINE_INTERFACES_H
#define FWD_ENGINE_INTERFACES_H

#include "engine.h"

/* An interface, and what it is called. */
struct interface_names {
	uint32_t ifindex;
	char name[FW_IFNAME_MAX + 1];
	char **altname;
	size_t naltnames;
	unsigned round;    /* when it was last told of */
	unsigned numbered; /* of its names so many have a number, or match a pattern that has one */
	/* What packets were told. Once @since was published, and until a grace period has passed: also those before may be under way. */
	struct fw_iface_number told;
	bool waits; /* @told.since was published before the grace period that is running */
};

/* engine_interfaces.c */
/* Rules may use only one of an interface's names: 0, or -EINVAL with a diagnostic. */
int ifaces_check(const struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds);
void ifaces_free(struct engine *e);
/*
 * Before @rs is live: the store knows its names, and packets get their numbers. 0 or -errno with a diagnostic.
 */
int ifaces_number(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds);
/* Have some got other numbers since the last grace period? One begins, and is over. */
bool ifaces_changed(const struct engine *e);
void ifaces_wait(struct engine *e);
void ifaces_settle(struct engine *e);
/* Names of the live ruleset were lost: tells the kernel. 0 or -EIO. */
int ifaces_renumber(struct engine *e);

/* engine_names_stored.c */
/* Writes the names of @rs into the store. 0, -errno with a diagnostic. */
int names_write(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds);
/* The same, if some of them are new. */
int names_store(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds);
/* Reads the names that the store knows into an empty ruleset. 0 or -errno. */
int names_restore(struct engine *e, struct fw_ruleset *rs);

/* engine_names.c */
/* Would a grace period give numbers back, or end what packets are told of two generations? */
bool names_wanted(const struct engine *e);
/* A grace period begins. */
void names_wait(struct engine *e);
/* It is over. */
void names_part(struct engine *e);

#endif
