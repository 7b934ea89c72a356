/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the collection of devices share. */
#ifndef FWD_DEVICES_INTERNAL_H
#define FWD_DEVICES_INTERNAL_H

#include "devices.h"
#include "fw/interfaces.h"

#define DEVICES_KEY "devices" /* of the store's settings: see devices_parse() */

struct devices {
	struct fw_interfaces *links;
	struct device *d;
	size_t n, cap;
	bool known;       /* all interfaces that there are have been told */
	bool adopted;     /* what was attached before this process has been looked at */
	double look, ask; /* when to ask the kernel again what is attached; which interfaces there are */
};

/* devices.c */
struct device *devices_find(struct devices *devs, const char *name);
/* One more, of which nothing is known yet; NULL: memory is out. Others may be elsewhere afterwards. */
struct device *devices_add(struct devices *devs, const char *name);
void devices_drop(struct devices *devs, struct device *dev);
int devices_save(struct fwd *d, struct fw_diags *ds);
/* The list as the store has it: free() it. 0 or -errno. */
int devices_saved(struct fwd *d, char **out);
/* Such a list into @out, which has none yet: free(out->d). 0, -errno, with a diagnostic when it is damaged. */
int devices_parse(struct devices *out, const char *text, struct fw_diags *ds);
/* Reads what rtnetlink has to say. true: it had. */
bool devices_read_links(struct fwd *d);
/* For fw_interface_find(). */
void devices_on_link(const struct fw_interface *link, void *ctx);

/* devices_change.c */
/* Nothing of ours on it any more, wherever it is. */
void devices_release(struct fwd *d, const struct device *dev);

/* devices_confirm.c: at the opening */
void devices_wait_open(struct fwd *d);

/* devices_follow.c */
/*
 * Brings devices to what interfaces there are, and the kernel to what devices want. Depends only on what is there at the
 * moment, not on the order in which it came about.
 */
void devices_follow(struct fwd *d);
/* The device that has the interface; NULL: none. */
struct device *devices_owner(struct devices *devs, uint32_t index);
/* Has the name a `*`, `?` or `[`? */
bool devices_is_pattern(const char *name);

#endif
