// SPDX-License-Identifier: GPL-2.0-only
/* attach and detach: all interfaces of a request, or none. */
#include "devices_internal.h"

#include "fw/text.h"

#include <fnmatch.h>
#include <string.h>

static const struct fw_place nowhere;

/* An XDP mode that is asked for by name is refused if XDP cannot be right about the rules. 0, or -EINVAL. */
static int check_mode(const struct fwd *d, const struct args *a, struct fw_diags *ds)
{
	size_t marks = engine_needs(d->engine)->mark;

	if (!marks || a->mode == ARGS_AUTO || a->mode == ARGS_TC)
		return 0;
	return fw_diag_add(ds, nowhere, "attach with mode tc, or auto, which then is tc",
			   "%zu rule%s on the mark of incoming packets, which have none yet at XDP", marks,
			   fw_plural(marks));
}

/* The interface with this name or altname; 0: none. The kernel is asked: altnames of interfaces that are down are not reported. */
static uint32_t interface_named(struct fwd *d, const char *name)
{
	uint32_t index = engine_interface_named(d->engine, name);

	if (index || fw_interface_find(name, devices_on_interface, d))
		return index;
	return engine_interface_named(d->engine, name);
}

/* The diagnostic for an unknown name, with the nearest one. Return: -ENODEV. */
static int no_interface(struct fwd *d, const char *name, struct fw_diags *ds)
{
	const char *best = NULL;
	bool possible = fw_ifname_valid(name, strlen(name), FW_ALTNAME_MAX) && fw_name_is_plain(name);
	char hint[320] = "";
	uint32_t index;

	for (size_t i = 0; (index = engine_interface_at(d->engine, i)); i++)
		best = fw_text_nearer(name, best, engine_interface_name(d->engine, index));
	if (best)
		snprintf(hint, sizeof(hint), "did you mean '%.60s'?", FW_NAME(best));
	else
		snprintf(hint, sizeof(hint), "`ip -brief link` lists the interfaces");
	if (possible)
		snprintf(hint + strlen(hint), sizeof(hint) - strlen(hint),
			 "%s --later filters '%.127s' when it appears", best ? "" : ";", name);
	fw_diag_add(ds, nowhere, hint, "there is no interface '%.250s'", FW_NAME(name));
	return -ENODEV;
}

static int want(struct fwd *d, struct device *dev, const char *name, const struct args *a)
{
	dev = dev ? dev : devices_add(d->devices, name);
	if (!dev)
		return -ENOMEM;
	dev->wish = dev->asked = true;
	dev->from[0] = '\0';
	dev->wanted = (enum args_mode)a->mode;
	dev->wanted_out = (enum args_out)a->out;
	return 0;
}

static int want_interface(struct fwd *d, uint32_t index, const struct args *a)
{
	int err = want(d, devices_owner(d->devices, index), engine_interface_name(d->engine, index), a);

	if (!err && !devices_owner(d->devices, index))
		d->devices->d[d->devices->n - 1].index = index;
	return err;
}

static int want_pattern(struct fwd *d, const char *pattern, const struct args *a, struct fw_diags *ds)
{
	uint32_t index;
	int err = 0;
	bool any = false;

	for (size_t i = 0; !err && (index = engine_interface_at(d->engine, i)); i++)
		if (!fnmatch(pattern, engine_interface_name(d->engine, index), 0)) {
			err = want_interface(d, index, a);
			any = true;
		}
	if (err || any)
		return err;
	fw_diag_add(ds, nowhere, "`ip -brief link` lists the interfaces; --later filters those that appear",
		    "no interface matches '%.250s'", FW_NAME(pattern));
	return -ENODEV;
}

static int want_later(struct fwd *d, const char *name, const struct args *a, struct fw_diags *ds)
{
	if (!fw_ifname_valid(name, strlen(name), FW_ALTNAME_MAX))
		return fw_diag_add(ds, nowhere, "without blanks, '/' and ':'", "no interface can be called '%.250s'",
				   FW_NAME(name));
	if (!fw_name_is_plain(name))
		return fw_diag_add(ds, nowhere, "attach it once it is there",
				   "'%.128s' has bytes that are not shown: such a name must be an interface's already",
				   FW_NAME(name));
	return want(d, devices_find(d->devices, name), name, a);
}

/* The name of an existing interface is no pattern, even if it has a `*`. */
static int want_named(struct fwd *d, const char *name, const struct args *a, struct fw_diags *ds)
{
	uint32_t index = interface_named(d, name);

	if (index)
		return want_interface(d, index, a);
	if (a->later)
		return want_later(d, name, a, ds);
	return devices_is_pattern(name) ? want_pattern(d, name, a, ds) : no_interface(d, name, ds);
}

static int apply_asked(struct fwd *d, struct fw_diags *ds)
{
	int err = 0;

	for (size_t i = 0; !err && i < d->devices->n; i++)
		if (d->devices->d[i].asked && d->devices->d[i].index)
			err = device_apply(d, &d->devices->d[i], ds);
	return err;
}

/* Restores the devices, in the kernel too: what was filtered before is, in the same mode, and nothing else. */
static void put_back(struct fwd *d, struct device *before, size_t n, bool host)
{
	struct devices *devs = d->devices, old = { .d = before, .n = n };
	struct fw_diags none = { .n = 0 };

	for (size_t i = 0; i < devs->n; i++)
		if (devs->d[i].index && !devices_owner(&old, devs->d[i].index))
			device_release(d, devs->d[i].index);
	if (n)
		memcpy(devs->d, before, n * sizeof(*before));
	devs->n = n;
	for (size_t i = 0; i < n; i++) {
		struct fw_diags ignored = { .n = 0 };

		if (devs->d[i].index)
			device_apply(d, &devs->d[i], &ignored);
	}
	devs->host.wish = host;
	host_apply(d, &devs->host, &none);
	devices_save(d, NULL);
	devices_follow(d);
}

static json_t *asked_json(struct fwd *d, bool host)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->devices->n; i++)
		if (d->devices->d[i].asked) {
			d->devices->d[i].asked = false;
			json_array_append_new(array, device_json(d, &d->devices->d[i]));
		}
	if (host)
		json_array_append_new(array, json_pack("{so}", "host", host_json(d, &d->devices->host)));
	return array;
}

int devices_attach(struct fwd *d, const struct args *a, struct fw_diags *ds, json_t **out)
{
	struct devices *devs = d->devices;
	fw_autofree struct device *before = NULL;
	bool host = devs->host.wish;
	size_t n;
	int err = check_mode(d, a, ds);

	devices_look(d);
	n = devs->n;
	before = malloc((n + 1) * sizeof(*before));
	if (err || !before)
		return err ? err : -ENOMEM;
	if (n)
		memcpy(before, devs->d, n * sizeof(*before));
	for (size_t i = 0; !err && args_dev(a, i); i++)
		err = want_named(d, args_dev(a, i), a, ds);
	devs->host.wish |= a->host;
	if (!err)
		err = devices_save(d, ds);
	if (!err)
		err = apply_asked(d, ds);
	if (!err && a->host)
		err = host_apply(d, &devs->host, ds);
	if (err) {
		put_back(d, before, n, host);
		return err;
	}
	devices_follow(d);
	*out = asked_json(d, a->host);
	return 0;
}

/* A pattern means itself and all devices that match it, except those of another pattern, which would attach them again. */
static bool is_meant(const struct device *dev, const char *name)
{
	if (!strcmp(dev->name, name))
		return true;
	return devices_is_pattern(name) && !devices_is_pattern(dev->from) && !fnmatch(name, dev->name, 0);
}

/* Does detaching the name detach it? Also if it is filtered because of a device with that name. */
static bool goes_with(const struct device *dev, const char *name)
{
	return is_meant(dev, name) || (!dev->wish && !strcmp(dev->from, name));
}

static bool is_meant_by_any(const struct device *dev, const struct args *a)
{
	for (size_t i = 0; args_dev(a, i); i++)
		if (is_meant(dev, args_dev(a, i)))
			return true;
	return false;
}

/* Would another device that was asked for take over the interface, and filter there? */
static bool is_heir(struct fwd *d, const struct device *heir, const struct device *dev)
{
	if (heir == dev || heir->index || !heir->wish || !dev->index)
		return false;
	return engine_interface_also(d->engine, dev->index, heir->name) ||
	       (devices_is_pattern(heir->name) &&
		!fnmatch(heir->name, engine_interface_name(d->engine, dev->index), 0));
}

/* Refuses to detach a device whose interface another one would take over. 0, or -EINVAL. */
static int check_heirs(struct fwd *d, const struct device *dev, const struct args *a, struct fw_diags *ds)
{
	const struct devices *devs = d->devices;
	char hint[320];

	for (size_t i = 0; i < devs->n; i++) {
		const struct device *heir = &devs->d[i];

		if (!is_heir(d, heir, dev) || is_meant_by_any(heir, a))
			continue;
		snprintf(hint, sizeof(hint), "detach '%.200s' too", FW_NAME(heir->name));
		return fw_diag_add(ds, nowhere, hint, "%.128s is also attached as '%.128s'", FW_NAME(dev->name),
				   FW_NAME(heir->name));
	}
	return 0;
}

/* Can the name be detached? 0; -EINVAL or -ENOENT with a diagnostic. */
static int check_named(struct fwd *d, const char *name, const struct args *a, struct fw_diags *ds)
{
	const struct devices *devs = d->devices;
	const struct device *owner = devices_owner(d->devices, engine_interface_named(d->engine, name));
	char hint[320] = "`fwctl status` shows what is attached";
	bool any = false;
	int err = 0;

	for (size_t i = 0; !err && i < devs->n; i++) {
		any |= is_meant(&devs->d[i], name);
		if (goes_with(&devs->d[i], name))
			err = check_heirs(d, &devs->d[i], a, ds);
	}
	if (any || err)
		return err;
	if (owner)
		snprintf(hint, sizeof(hint), "it is another name of %.100s: detach %.100s", FW_NAME(owner->name),
			 FW_NAME(owner->name));
	fw_diag_add(ds, nowhere, hint, "%.250s is not attached", FW_NAME(name));
	return -ENOENT;
}

static int check_host(const struct fwd *d, struct fw_diags *ds)
{
	if (d->devices->host.wish)
		return 0;
	fw_diag_add(ds, nowhere, "`fwctl status` shows what is attached", "the host's hooks are not attached");
	return -ENOENT;
}

static void detach_named(struct fwd *d, const char *name)
{
	struct devices *devs = d->devices;

	for (size_t i = devs->n; i-- > 0;) {
		struct device *dev = &devs->d[i];

		if (!goes_with(dev, name))
			continue;
		devices_release(d, dev);
		devices_drop(devs, dev);
	}
}

/* The kernel first: if we die in between, the device is attached again, and nobody was told otherwise. */
int devices_detach(struct fwd *d, const struct args *a, struct fw_diags *ds)
{
	int err = 0;

	devices_look(d);
	for (size_t i = 0; !err && args_dev(a, i); i++)
		err = check_named(d, args_dev(a, i), a, ds);
	if (!err && a->host)
		err = check_host(d, ds);
	if (err)
		return err;
	for (size_t i = 0; args_dev(a, i); i++)
		detach_named(d, args_dev(a, i));
	if (a->host) {
		d->devices->host.wish = false;
		host_apply(d, &d->devices->host, ds);
	}
	err = devices_save(d, ds);
	devices_follow(d);
	return err;
}
