/* SPDX-License-Identifier: GPL-2.0-only */
/* One interface that shall be filtered: how it was asked for, and what came of it. */
#ifndef FWD_DEVICE_H
#define FWD_DEVICE_H

#include "ctl/fwd/requests/args.h"
#include "ctl/fwd/fwd.h"

/* PATTERN: it stands for the interfaces that match, each of which is a device of its own. */
enum device_state { DEVICE_MISSING, DEVICE_ATTACHED, DEVICE_FAILED, DEVICE_PATTERN };

#define DEVICE_LINKS 16

struct device {
	char name[FW_ALTNAME_MAX + 1];
	/*
	 * Somebody asked for this name, and the store keeps it. Else the interface is filtered for the sake of another
	 * device, @from: a pattern that it matches, or the name that it had before; whoever detaches that one detaches
	 * this one too. Empty: nobody asked for it, but it is filtered and stays so.
	 */
	bool wish;
	char from[FW_ALTNAME_MAX + 1];
	enum args_mode wanted;
	enum args_out wanted_out;
	uint32_t index; /* of the interface; 0: there is none. No two devices have the same. */
	uint32_t was;   /* the index that it had before interfaces were looked at again */
	/* Ids of links: on the interface; on those that had this name and are in another network namespace now. */
	uint32_t links[DEVICE_LINKS], away[DEVICE_LINKS];
	size_t nlinks, naway;
	bool asked; /* somebody asks for it just now: with AUTO, native XDP is tried again */
	enum device_state state;
	enum args_mode mode; /* ATTACHED: what filters: NATIVE, GENERIC or TC */
	bool out;
	uint32_t in_front; /* id of a program that packets meet first; 0: none */
	double front_again,
		front_wait; /* when to go before it again, on the clock of fw_now(); seconds between two tries */
	char error[512];
	char warning[512]; /* empty: none */
};

/**
 * device_apply - makes the kernel do what is wanted of the device
 *
 * Idempotent. The way of filtering changes without a packet going unfiltered in between. Sets state, mode, out, error
 * and warning; a device without an interface is DEVICE_MISSING, which is no error.
 * Return: 0, or -errno with diagnostics; what filtered before goes on.
 */
int device_apply(struct fwd *d, struct device *dev, struct fw_diags *ds);
/* What of it there is, as fw_kern_look() found it. false: it is not as it should be, and device_apply() is called for. */
bool device_look(const struct fwd *d, struct device *dev);
/* The way an interface is filtered. false: it is not. */
bool device_filtered(const struct fwd *d, uint32_t index, enum args_mode *mode, bool *out);
/* Goes before the programs of others, not too often if they do the same. true: something was done. */
bool device_to_front(struct fwd *d, struct device *dev, double now);
/* No program of ours on the interface any more. */
void device_release(struct fwd *d, uint32_t index);
/* What became of it without anybody asking, for the log and the history. */
void device_say(struct fwd *d, const struct device *dev, bool refused, const char *why);
/* As docs/fwd.socket.md has it; NULL: memory is out. */
json_t *device_json(const struct fwd *d, const struct device *dev);

#endif
