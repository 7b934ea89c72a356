/* SPDX-License-Identifier: GPL-2.0-only */
/* A device: one interface that is to be filtered, how it was asked for, and its state. */
#ifndef FWD_DEVICE_H
#define FWD_DEVICE_H

#include "ctl/fwd/base/args.h"
#include "ctl/fwd/fwd.h"

/* PATTERN: a name with wildcards; each interface that matches is a device of its own. */
enum device_state { DEVICE_MISSING, DEVICE_ATTACHED, DEVICE_FAILED, DEVICE_PATTERN };

#define DEVICE_LINKS 16 /* BPF links of one interface that are remembered */

struct device {
	char name[FW_ALTNAME_MAX + 1];
	/*
	 * Somebody asked for this name, and the store keeps it. Otherwise the interface is filtered because of another
	 * device, @from: a pattern that it matches, or its former name; detaching that one detaches this one too. @from
	 * empty: nobody asked for it, but it is filtered and stays so.
	 */
	bool wish;
	char from[FW_ALTNAME_MAX + 1];
	enum args_mode wanted;
	enum args_out wanted_out;
	uint32_t index; /* of the interface; 0: there is none. No two devices have the same. */
	uint32_t was;   /* its index before interfaces were last looked at */
	/* Ids of BPF links: on the interface; on former interfaces, which are in another network namespace now. */
	uint32_t links[DEVICE_LINKS], away[DEVICE_LINKS];
	size_t nlinks, naway;
	bool asked; /* by the request at hand: with AUTO, native XDP is tried again */
	enum device_state state;
	enum args_mode mode; /* if ATTACHED: NATIVE, GENERIC or TC */
	bool out;
	uint32_t in_front;  /* id of a program that packets meet first; 0: none */
	double front_again; /* when to move before it again, on the clock of fw_now() */
	double front_wait;  /* seconds between two tries */
	char error[512];
	char warning[512]; /* empty: none */
};

/**
 * device_apply - makes the kernel filter as the device wants it
 *
 * Idempotent. No packet passes unfiltered while the mode changes. Sets state, mode, out, error and warning; a device without
 * an interface is DEVICE_MISSING, which is no error.
 * Return: 0, or -errno with diagnostics; what filtered before still does.
 */
int device_apply(struct fwd *d, struct device *dev, struct fw_diags *ds);
/* Updates its state by what fw_kern_look() found. false: it is not as it should be, and needs device_apply(). */
bool device_look(const struct fwd *d, struct device *dev);
/* How an interface is filtered: @mode incoming, @out outgoing packets. false: incoming ones are not. */
bool device_filtered(const struct fwd *d, uint32_t index, enum args_mode *mode, bool *out);
/* Moves our programs before those of others, but not too often if they do the same. true: something was done. */
bool device_to_front(struct fwd *d, struct device *dev, double now);
/* Detaches all our programs from an interface. */
void device_release(struct fwd *d, uint32_t index);
/* Notes what happened to it without a request, in the log and the history. */
void device_say(struct fwd *d, const struct device *dev, bool refused, const char *why);
/* The object of docs/fwd.socket.md; NULL: memory is out. */
json_t *device_json(const struct fwd *d, const struct device *dev);

#endif
