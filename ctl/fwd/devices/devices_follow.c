// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices follow interfaces. Each interface belongs to at most one device:
 *
 *	1. the one that was asked for by its name,
 *	2. else one that was asked for by an altname of it,
 *	3. else, if it is filtered, one of its own: it was renamed, or filtered when it appeared; it stays so,
 *	4. else one for the pattern that it matches.
 *
 * Nothing is detached here: an interface is filtered until somebody detaches it or it disappears. Two interfaces that swap
 * their names swap their devices, in whatever steps they do it:
 *
 *	eth0 (2), eth1 (3)        eth0: 2, eth1: 3
 *	2 becomes tmp             eth0: -, eth1: 3, tmp: 2, kept for eth0
 *	3 becomes eth0            eth0: 3, eth1: -, tmp: 2
 *	2 becomes eth1            eth0: 3, eth1: 2
 */
#include "devices_internal.h"

#include "fw/log.h"

#include <fnmatch.h>
#include <string.h>

static bool holds(const uint32_t *ids, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Collects the links of its interfaces that moved to another namespace; not those that came back or are gone. */
static void note_away(struct fwd *d, struct device *dev)
{
	uint32_t was[2 * DEVICE_LINKS];
	struct fw_kern_attachment a;
	size_t n = 0;

	memcpy(was, dev->away, dev->naway * sizeof(*was));
	n = dev->naway;
	memcpy(was + n, dev->links, dev->nlinks * sizeof(*was));
	n += dev->nlinks;
	dev->naway = 0;
	for (size_t i = 0; fw_kern_attached(engine_kern(d->engine), i, &a); i++)
		if (a.away && dev->naway < DEVICE_LINKS && holds(was, n, a.link))
			dev->away[dev->naway++] = a.link;
}

/* The device that the interface, or a link on it, belonged to. */
static struct device *held_before(struct fwd *d, uint32_t index)
{
	struct devices *devs = d->devices;
	struct fw_kern_attachment a;

	for (size_t i = 0; i < devs->n; i++)
		if (devs->d[i].was == index)
			return &devs->d[i];
	for (size_t i = 0; fw_kern_attached(engine_kern(d->engine), i, &a); i++)
		for (size_t k = 0; a.ifindex == index && !a.away && k < devs->n; k++)
			if (holds(devs->d[k].away, devs->d[k].naway, a.link))
				return &devs->d[k];
	return NULL;
}

static struct device *pattern_for(struct devices *devs, const char *name)
{
	for (size_t i = 0; i < devs->n; i++)
		if (devs->d[i].wish && !devs->d[i].index && devices_is_pattern(devs->d[i].name) &&
		    !fnmatch(devs->d[i].name, name, 0))
			return &devs->d[i];
	return NULL;
}

static void assign_by_name(struct fwd *d, uint32_t index)
{
	const char *name = engine_interface_name(d->engine, index);
	struct devices *devs = d->devices;

	for (size_t i = 0; i < devs->n; i++)
		if (devs->d[i].wish && !strcmp(devs->d[i].name, name))
			devs->d[i].index = index;
}

static void assign_by_other_name(struct fwd *d, uint32_t index)
{
	struct devices *devs = d->devices;

	for (size_t i = 0; !devices_owner(devs, index) && i < devs->n; i++)
		if (devs->d[i].wish && !devs->d[i].index && engine_interface_also(d->engine, index, devs->d[i].name))
			devs->d[i].index = index;
}

/* Adds a device that nobody asked for by this name. @like: how it is filtered; NULL: as it is now. */
static void keep(struct fwd *d, uint32_t index, const struct device *like, const char *from)
{
	const char *name = engine_interface_name(d->engine, index);
	struct device model = like ? *like : (struct device){ .wanted = ARGS_AUTO }, *dev;
	bool out = false;

	if (!like && device_filtered(d, index, &model.wanted, &out) && out)
		model.wanted_out = ARGS_OUT_YES;
	dev = devices_add(d->devices, name);
	if (!dev)
		return;
	dev->index = index;
	dev->wanted = model.wanted;
	dev->wanted_out = model.wanted_out;
	snprintf(dev->from, sizeof(dev->from), "%s", from);
	if (!device_filtered(d, index, &dev->mode, &dev->out))
		return;
	dev->was = index;
	dev->state = DEVICE_ATTACHED;
}

/* An interface without a device of its name: one that is filtered keeps being so, and patterns get theirs. */
static void assign_kept(struct fwd *d, uint32_t index)
{
	struct devices *devs = d->devices;
	const char *name = engine_interface_name(d->engine, index);
	enum args_mode mode;
	bool out;
	struct device *before = held_before(d, index), *pattern = pattern_for(devs, name);
	bool filtered = device_filtered(d, index, &mode, &out);

	if (before && !before->wish) {
		before->index = index;
		snprintf(before->name, sizeof(before->name), "%s", name);
	} else if (filtered && before) {
		struct device like = *before;

		keep(d, index, &like, like.name);
	} else if (pattern) {
		struct device like = *pattern;

		keep(d, index, &like, like.name);
	} else if (filtered) {
		keep(d, index, NULL, "");
	}
}

static void each_link(struct fwd *d, bool free_ones, void (*assign)(struct fwd *d, uint32_t index))
{
	uint32_t index;

	for (size_t i = 0; (index = engine_interface_at(d->engine, i)); i++)
		if (!free_ones || !devices_owner(d->devices, index))
			assign(d, index);
}

/* If the name that a device is kept for has an interface again, they have nothing to do with each other any more. */
static void part(struct devices *devs)
{
	for (size_t i = 0; i < devs->n; i++) {
		struct device *dev = &devs->d[i];
		const struct device *from = dev->from[0] ? devices_find(devs, dev->from) : NULL;

		if (!from || from->index)
			dev->from[0] = '\0';
	}
}

/* Drops devices that nobody asked for and that have no interface, here or in another namespace. */
static void drop_kept(struct devices *devs)
{
	for (size_t i = devs->n; i-- > 0;)
		if (!devs->d[i].wish && !devs->d[i].index && !devs->d[i].naway)
			devices_drop(devs, &devs->d[i]);
}

static void assign(struct fwd *d)
{
	struct devices *devs = d->devices;

	for (size_t i = 0; i < devs->n; i++) {
		devs->d[i].was = devs->d[i].index;
		devs->d[i].index = 0;
	}
	each_link(d, false, assign_by_name);
	each_link(d, true, assign_by_other_name);
	each_link(d, true, assign_kept);
	part(devs);
}

static void say_failure(struct fwd *d, const struct device *dev, const char *error_before)
{
	if (!strcmp(error_before, dev->error))
		return;
	device_say(d, dev, true, dev->error);
	d->attach_failures++;
}

/* Puts right what is not as it should be. true: something was done. */
static bool settle(struct fwd *d, struct device *dev, double now)
{
	struct fw_diags ds = { .n = 0 };
	char before[sizeof(dev->error)];
	bool moved = dev->index != dev->was, right = device_look(d, dev);

	if (!dev->index)
		return false;
	if (right && !moved)
		return device_to_front(d, dev, now);
	memcpy(before, dev->error, sizeof(before));
	device_apply(d, dev, &ds);
	if (dev->state == DEVICE_FAILED)
		say_failure(d, dev, before);
	else
		device_say(d, dev, false, dev->out ? "filtered, outgoing packets too" : "filtered");
	return true;
}

/* The device that is filtered because of the name. */
static const struct device *kept_for(const struct devices *devs, const char *name)
{
	for (size_t i = 0; i < devs->n; i++)
		if (!devs->d[i].wish && !strcmp(devs->d[i].from, name))
			return &devs->d[i];
	return NULL;
}

/* Explains why a device has no interface, where more is known than that. */
static void explain_missing(struct fwd *d, struct device *dev)
{
	const struct device *kept = kept_for(d->devices, dev->name);
	uint32_t other = engine_interface_named(d->engine, dev->name);
	char before[sizeof(dev->error)];

	memcpy(before, dev->error, sizeof(before));
	dev->state = devices_is_pattern(dev->name) ? DEVICE_PATTERN : DEVICE_MISSING;
	dev->out = false;
	dev->error[0] = dev->warning[0] = '\0';
	if (dev->naway)
		snprintf(
			dev->error, sizeof(dev->error),
			"its interface moved to another network namespace and is still filtered there: detach %.400s ends that",
			FW_NAME(dev->name));
	else if (kept && dev->state == DEVICE_MISSING)
		snprintf(dev->error, sizeof(dev->error),
			 "its interface was renamed to %.64s and is still filtered: attach %.64s, or detach %.250s",
			 FW_NAME(kept->name), FW_NAME(kept->name), FW_NAME(dev->name));
	else if (other)
		snprintf(dev->error, sizeof(dev->error), "this is another name of %.60s, which is attached",
			 FW_NAME(engine_interface_name(d->engine, other)));
	if (dev->error[0] && strcmp(before, dev->error) != 0)
		device_say(d, dev, true, dev->error);
}

/* At the start: devices that nobody asked for by these names become wishes. The store may be new, or interfaces were renamed. */
static void adopt(struct fwd *d)
{
	struct devices *devs = d->devices;
	bool any = false;

	devs->adopted = true;
	for (size_t i = 0; i < devs->n; i++) {
		struct device *dev = &devs->d[i];

		if (dev->wish || dev->from[0])
			continue;
		dev->wish = any = true;
		device_say(d, dev, false, "already filtered, though nothing in the store asks for it: it stays so");
	}
	any |= host_adopt(d, &devs->host);
	if (any)
		devices_save(d, NULL);
}

void devices_follow(struct fwd *d)
{
	struct devices *devs = d->devices;
	size_t away = 0, away_before = 0;
	double now = fw_now();
	bool done = false;

	fw_kern_look(engine_kern(d->engine));
	assign(d);
	for (size_t i = 0; i < devs->n; i++) {
		away_before += devs->d[i].naway;
		note_away(d, &devs->d[i]);
		away += devs->d[i].naway;
		done |= settle(d, &devs->d[i], now);
	}
	drop_kept(devs);
	done |= host_settle(d, &devs->host);
	if (devs->known && !devs->adopted)
		adopt(d);
	if (done)
		fw_kern_look(engine_kern(d->engine));
	for (size_t i = 0; i < devs->n; i++) {
		device_look(d, &devs->d[i]);
		if (!devs->d[i].index)
			explain_missing(d, &devs->d[i]);
	}
	if (away != away_before)
		devices_save(d, NULL);
}
