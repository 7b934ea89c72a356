/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interfaces that shall be filtered, by name, as the store keeps them; they
 * are attached when they are there, whenever that is. Interfaces that appear,
 * go and are renamed come in by rtnetlink.
 */
#ifndef FWD_DEVICES_H
#define FWD_DEVICES_H

#include "ctl/fwd/device.h"

struct devices;

/**
 * devices_open - reads what is wanted, and attaches what is there
 *
 * What a process before attached and the store does not know of stays filtered, and is wanted from now on: the store may
 * be a new one. An interface that cannot be attached is no failure: see its state.
 * Return: 0, or -errno with diagnostics.
 */
int devices_open(struct fwd *d, struct fw_diags *ds);
void devices_close(struct fwd *d); /* attachments stay; one that was not opened is fine */

/**
 * devices_attach - from now on the interface shall be filtered; for one that is attached: in another way
 * @out: borrowed until the next call
 * Return: 0, also when there is no such interface yet; -errno with diagnostics: nothing has changed.
 */
int devices_attach(struct fwd *d, const struct args *a, struct fw_diags *ds, const struct device **out);
/* 0; -ENOENT with a diagnostic; -errno of the store with one: it is detached, but will be attached at the next start. */
int devices_detach(struct fwd *d, const char *name, struct fw_diags *ds);
/* The ruleset changed: does it ask for outgoing packets, for tc? */
void devices_recheck(struct fwd *d);
/* The @i-th, or NULL. */
const struct device *devices_at(const struct fwd *d, size_t i);

#endif
