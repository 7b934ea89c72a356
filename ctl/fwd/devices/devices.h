/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interfaces that are to be filtered, by name. The store keeps them; they are attached as soon as they exist. rtnetlink
 * reports interfaces that appear, disappear and are renamed.
 */
#ifndef FWD_DEVICES_H
#define FWD_DEVICES_H

#include "device.h"

struct devices;
struct host;

/**
 * devices_open - reads the list, and attaches those that exist
 *
 * Interfaces that a former process attached and the store does not know of stay filtered, and are added to the list: the
 * store may be a new one. An interface that cannot be attached is no failure: see its state.
 * Return: 0, or -errno with diagnostics.
 */
int devices_open(struct fwd *d, struct fw_diags *ds);
void devices_close(struct fwd *d); /* attachments stay; not opened is fine */

/**
 * devices_attach - adds interfaces to the list and attaches them, or changes the mode of those that are attached
 * @a:   names, altnames and patterns; with @later also of interfaces that do not exist yet; @host: the host's hooks too
 * @out: an array of the devices concerned, and {"host"}
 * Return: 0; -errno with diagnostics: one of the interfaces could not be attached, and nothing has changed.
 */
int devices_attach(struct fwd *d, const struct args *a, struct fw_diags *ds, json_t **out);
/*
 * Stops filtering on these interfaces, and on those that had their names before. 0; -ENOENT with a diagnostic: nothing has
 * changed; -errno of the store with one: they are detached, but will be attached at the next start.
 */
int devices_detach(struct fwd *d, const struct args *a, struct fw_diags *ds);
/*
 * Call it before either of them. If the change is to be confirmed, it stores the way back; call engine_outside_end() if
 * nothing comes of the change. 0; -EBUSY with a diagnostic: something waits to be confirmed already; -errno of the store.
 */
int devices_wait(struct fwd *d, const struct engine_cause *cause, struct fw_diags *ds);
/* The ruleset changed: attaches what it needs now, and detaches what it does not. */
void devices_recheck(struct fwd *d);
/* Asks the kernel what is attached, and changes nothing: brings the states of devices up to date. */
void devices_look(struct fwd *d);
/* Looks from time to time for what nobody reports, and attaches again what was lost. Call it after each round. */
void devices_tick(struct fwd *d, double now);
/* Somebody changed tables of nf_tables: puts back those of the host's hooks. */
void devices_tables_changed(struct fwd *d);
/* Whether the host's hooks are filtered. */
const struct host *devices_host(const struct fwd *d);
/* The @i-th, or NULL. */
const struct device *devices_at(const struct fwd *d, size_t i);
/* The interfaces that are filtered in other network namespaces: an array (docs/fwd.socket.md). */
json_t *devices_away_json(const struct fwd *d);

#endif
