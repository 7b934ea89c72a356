/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files about devices. From the lowest to the highest: list, stored, follow, look, then change and confirm. */
#ifndef FWD_DEVICES_INTERNAL_H
#define FWD_DEVICES_INTERNAL_H

#include "devices.h"
#include "host.h"
#include "fw/interfaces.h"

#define DEVICES_KEY "devices" /* of the store's settings: see devices_parse() */

struct devices {
	struct fw_interfaces *interfaces;
	struct device *d;
	size_t n, cap;
	struct host host;
	bool known;       /* all existing interfaces have been reported */
	bool adopted;     /* what a former process attached has been looked at */
	double look, ask; /* when to ask the kernel again: what is attached; which interfaces exist */
};

/* devices_list.c */
struct device *devices_find(struct devices *devs, const char *name);
/* One more, of which nothing is known yet; NULL: memory is out. Pointers to others become invalid. */
struct device *devices_add(struct devices *devs, const char *name);
void devices_drop(struct devices *devs, struct device *dev);
/* The device that has the interface; NULL: none. */
struct device *devices_owner(struct devices *devs, uint32_t index);
/* Has the name a `*`, `?` or `[`? */
bool devices_is_pattern(const char *name);
/* Detaches all programs of ours from its interface, also from those that went to another network namespace. */
void devices_release(struct fwd *d, const struct device *dev);

/* devices_stored.c */
int devices_save(struct fwd *d, struct fw_diags *ds);
/* The list, and the host, as the store has them: free() it. 0 or -errno. */
int devices_saved(struct fwd *d, char **out);
/* Such a list into @out, which is empty: free(out->d). 0, -errno, with a diagnostic when it is damaged. */
int devices_parse(struct devices *out, const char *text, struct fw_diags *ds);
/* The stored list becomes d->devices. 0 or -errno, as above. */
int devices_load(struct fwd *d, struct fw_diags *ds);

/* devices_follow.c */
/*
 * Brings devices in line with the interfaces that there are, and the kernel in line with what devices want. Depends only on
 * the present state, not on the order in which it came about.
 */
void devices_follow(struct fwd *d);

/* devices_look.c */
/* Reads what rtnetlink has to report. true: there was something. */
bool devices_read_interfaces(struct fwd *d);
/* For fw_interface_find(): takes one report. */
void devices_on_interface(const struct fw_interface *link, void *ctx);

/* devices_confirm.c: at the opening */
void devices_wait_open(struct fwd *d);

#endif
