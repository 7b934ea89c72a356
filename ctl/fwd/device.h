/* SPDX-License-Identifier: GPL-2.0-only */
/* One interface that shall be filtered: how it was asked for, and what came of it. */
#ifndef FWD_DEVICE_H
#define FWD_DEVICE_H

#include "ctl/fwd/args.h"
#include "ctl/fwd/fwd.h"

enum device_state { DEVICE_MISSING, DEVICE_ATTACHED, DEVICE_FAILED };

struct device {
	char name[FW_IFNAME_MAX + 1];
	enum args_mode wanted;
	enum args_out wanted_out;
	uint32_t index; /* of the interface with this name; 0: there is none */
	/*
	 * An interface that had this name, and was filtered, when it was renamed. It stays filtered until somebody attaches
	 * its new name or detaches the old one, or another interface gets the old name: no packet goes unfiltered because
	 * of a rename. 0: none.
	 */
	uint32_t renamed;
	bool asked; /* somebody asks for it just now: with AUTO, native XDP is tried again */
	enum device_state state;
	enum args_mode mode; /* ATTACHED: what filters: NATIVE, GENERIC or TC */
	bool out;
	char error[320];
	char warning[320]; /* empty: none */
};

/**
 * device_apply - makes the kernel do what is wanted of the device
 *
 * Idempotent. The way of filtering changes without a packet going unfiltered in between. Sets state, mode, out, error
 * and warning; a device without an interface is DEVICE_MISSING, which is no error.
 * Return: 0, or -errno with diagnostics; what filtered before goes on.
 */
int device_apply(struct fwd *d, struct device *dev, struct fw_diags *ds);
/* No program of ours on the interface any more. */
void device_release(struct fwd *d, uint32_t index);
/* The way it is filtered, from what is attached to the interface: false: by nothing. */
bool device_look(struct fwd *d, uint32_t index, enum args_mode *mode, bool *out);
/* As docs/fwd.socket.md has it; NULL: memory is out. */
json_t *device_json(const struct device *dev);

#endif
