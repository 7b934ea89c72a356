/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interfaces that shall be filtered, by name, as the store keeps them; they
 * are attached when they are there, whenever that is. Interfaces that appear,
 * go and are renamed come in by rtnetlink.
 */
#ifndef FWD_DEVICES_H
#define FWD_DEVICES_H

#include "device.h"

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
 * devices_attach - from now on the interfaces shall be filtered; those that are attached: in another way
 * @a:   names, other names and patterns; with @later also of interfaces that are not there
 * @out: the devices that it is about, an array
 * Return: 0; -errno with diagnostics: nothing has changed, whichever of the interfaces it was that could not be attached.
 */
int devices_attach(struct fwd *d, const struct args *a, struct fw_diags *ds, json_t **out);
/*
 * Filters there no more, nor where these names were before. 0; -ENOENT with a diagnostic, and nothing has changed; -errno of
 * the store with one: it is detached, but will be attached at the next start.
 */
int devices_detach(struct fwd *d, const struct args *a, struct fw_diags *ds);
/*
 * Before each of them: -EBUSY with a diagnostic while something waits, or the store's fault. With a time to confirm it in, the way back is written
 * down, and engine_beside_end() is called when nothing comes of it. 0 or -errno.
 */
int devices_wait(struct fwd *d, const struct engine_cause *cause, struct fw_diags *ds);
/* The ruleset changed: does it ask for outgoing packets, for tc? */
void devices_recheck(struct fwd *d);
/* Asks the kernel what is attached, and changes nothing: what devices say after it is so. */
void devices_look(struct fwd *d);
/* From time to time: what nobody tells is looked for, and what was lost is attached again. */
void devices_tick(struct fwd *d, double now);
/* The @i-th, or NULL. */
const struct device *devices_at(const struct fwd *d, size_t i);
/* What is filtered in other network namespaces: an array (docs/fwd.socket.md). */
json_t *devices_away_json(const struct fwd *d);

#endif
