// SPDX-License-Identifier: GPL-2.0-only
/* The list of devices. */
#include "devices_internal.h"

#include "fw/json.h"

#include <string.h>

struct device *devices_find(struct devices *devs, const char *name)
{
	for (size_t i = 0; i < devs->n; i++)
		if (!strcmp(devs->d[i].name, name))
			return &devs->d[i];
	return NULL;
}

const struct device *devices_at(const struct fwd *d, size_t i)
{
	return i < d->devices->n ? &d->devices->d[i] : NULL;
}

const struct host *devices_host(const struct fwd *d)
{
	return &d->devices->host;
}

struct device *devices_add(struct devices *devs, const char *name)
{
	struct device dev = { .wanted = ARGS_AUTO };

	snprintf(dev.name, sizeof(dev.name), "%s", name);
	return fw_vec_push(devs->d, devs->n, devs->cap, dev) ? NULL : &devs->d[devs->n - 1];
}

void devices_drop(struct devices *devs, struct device *dev)
{
	size_t i = (size_t)(dev - devs->d);

	memmove(dev, dev + 1, (--devs->n - i) * sizeof(*dev));
}

struct device *devices_owner(struct devices *devs, uint32_t index)
{
	for (size_t i = 0; index && i < devs->n; i++)
		if (devs->d[i].index == index)
			return &devs->d[i];
	return NULL;
}

bool devices_is_pattern(const char *name)
{
	return strpbrk(name, "*?[");
}

void devices_release(struct fwd *d, const struct device *dev)
{
	if (dev->index)
		device_release(d, dev->index);
	for (size_t i = 0; i < dev->naway; i++)
		fw_kern_detach_link(engine_kern(d->engine), dev->away[i]);
}

json_t *devices_away_json(const struct fwd *d)
{
	struct devices *devs = d->devices;
	struct fw_kern_attachment a;
	json_t *array = json_array();

	for (size_t i = 0; fw_kern_attached(engine_kern(d->engine), i, &a); i++) {
		const char *dev = NULL;

		for (size_t k = 0; a.away && !dev && k < devs->n; k++)
			for (size_t n = 0; n < devs->d[k].naway; n++)
				if (devs->d[k].away[n] == a.link)
					dev = devs->d[k].name;
		if (a.away)
			json_array_append_new(array, json_pack("{so si ss si}", "dev", fw_json_name(dev), "index",
							       (int)a.ifindex, "hook", fw_prog_names[a.prog], "link",
							       (int)a.link));
	}
	return array;
}
