// SPDX-License-Identifier: GPL-2.0-only
/* The collection of devices: kept in the store, led by what rtnetlink says. */
#include "ctl/fwd/devices.h"

#include "ctl/fwd/log.h"

#include <net/if.h>
#include <string.h>

#define KEY "devices" /* of the store's settings */

struct devices {
	struct fw_links *links;
	struct device *d;
	size_t n, cap;
};

static struct device *find(struct devices *devs, const char *name)
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

static struct device *add(struct devices *devs, const char *name, unsigned mode, unsigned out)
{
	struct device dev = { .wanted = (enum args_mode)mode, .wanted_out = (enum args_out)out };

	snprintf(dev.name, sizeof(dev.name), "%s", name);
	return fw_vec_push(devs->d, devs->n, devs->cap, dev) ? NULL : &devs->d[devs->n - 1];
}

static void drop(struct devices *devs, struct device *dev)
{
	size_t i = (size_t)(dev - devs->d);

	memmove(dev, dev + 1, (--devs->n - i) * sizeof(*dev));
}

static int save(struct fwd *d, struct fw_diags *ds)
{
	json_t *array = json_array();
	fw_autofree char *text = NULL;

	for (size_t i = 0; i < d->devices->n; i++) {
		const struct device *dev = &d->devices->d[i];

		json_array_append_new(array, json_pack("{ss ss ss}", "dev", dev->name, "mode", args_modes[dev->wanted],
						       "out", args_outs[dev->wanted_out]));
	}
	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	if (!text) {
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "cannot write down the devices: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	return store_set(engine_store(d->engine), KEY, text, ds);
}

static unsigned word(const char *const *words, const char *w)
{
	for (unsigned i = 0; w && words[i]; i++)
		if (!strcmp(words[i], w))
			return i;
	return 0;
}

static int load(struct fwd *d, struct fw_diags *ds)
{
	fw_autofree char *text = NULL;
	int err = store_get(engine_store(d->engine), KEY, &text);
	json_t *array, *row;
	size_t i;

	if (err)
		return err == -ENOENT ? 0 : err;
	array = json_loads(text, 0, NULL);
	json_array_foreach(array, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "dev"));
		unsigned mode = word(args_modes, json_string_value(json_object_get(row, "mode")));
		unsigned out = word(args_outs, json_string_value(json_object_get(row, "out")));

		if (name && !add(d->devices, name, mode, out))
			err = -ENOMEM;
	}
	if (!array)
		err = fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the store's list of devices is damaged");
	json_decref(array);
	return err;
}

/* What another one kept because of a rename belongs to this one. */
static void take_over(struct devices *devs, const struct device *dev)
{
	for (size_t i = 0; i < devs->n; i++)
		if (&devs->d[i] != dev && devs->d[i].renamed == dev->index) {
			devs->d[i].renamed = 0;
			devs->d[i].error[0] = '\0';
		}
}

static void forget_renamed(struct fwd *d, struct device *dev)
{
	if (dev->renamed && dev->renamed != dev->index)
		device_release(d, dev->renamed);
	dev->renamed = 0;
}

static void appeared(struct fwd *d, struct device *dev, uint32_t index)
{
	enum device_state before = dev->state;
	struct fw_diags ds = { .n = 0 };
	char was[sizeof(dev->error)];

	memcpy(was, dev->error, sizeof(was));
	dev->index = index;
	take_over(d->devices, dev);
	forget_renamed(d, dev);
	device_apply(d, dev, &ds);
	if (dev->state == DEVICE_FAILED && (before != DEVICE_FAILED || strcmp(was, dev->error) != 0)) {
		log_say("%s", dev->error);
		d->attach_failures++;
	}
	if (dev->state == DEVICE_ATTACHED)
		log_say("filtering on %s (%s%s)", dev->name, args_modes[dev->mode], dev->out ? ", out" : "");
}

static void went(struct device *dev, const struct fw_link *link)
{
	bool attached = dev->state == DEVICE_ATTACHED;

	dev->index = 0;
	dev->state = DEVICE_MISSING;
	dev->out = false;
	dev->error[0] = dev->warning[0] = '\0';
	if (link->gone || !attached)
		return;
	dev->renamed = link->ifindex;
	snprintf(dev->error, sizeof(dev->error),
		 "its interface was renamed to %s and is still filtered: attach %s, or detach %s", link->name,
		 link->name, dev->name);
	log_say("%s: %s", dev->name, dev->error);
}

/* Every message may be news of a cause of failure that is gone: another program's, above all. */
static void on_link(const struct fw_link *link, void *ctx)
{
	struct fwd *d = ctx;
	struct devices *devs = d->devices;
	int err = engine_link(d->engine, link);

	if (err)
		log_say("%s: rules that name it may not match: %s", link->name, strerror(-err));
	for (size_t i = 0; i < devs->n; i++) {
		struct device *dev = &devs->d[i];
		bool named = !link->gone && !strcmp(dev->name, link->name);

		if (dev->renamed == link->ifindex && link->gone)
			dev->renamed = 0;
		if (dev->index == link->ifindex && !named)
			went(dev, link);
		else if (named && (dev->index != link->ifindex || dev->state != DEVICE_ATTACHED))
			appeared(d, dev, link->ifindex);
	}
}

static void links_ready(struct source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, links));
	struct devices *devs = d->devices;
	int err = fw_links_read(devs->links, on_link, d);

	/* Some messages were lost: whatever is there will be told anew, and what is attached stays so meanwhile. */
	for (size_t i = 0; err == -ENOBUFS && i < devs->n; i++)
		devs->d[i].index = 0;
}

static void adopt(struct fwd *d)
{
	struct fw_kern_attachment a;
	size_t known = d->devices->n;
	char name[IF_NAMESIZE];

	for (size_t i = 0; fw_kern_attached(engine_kern(d->engine), i, &a); i++) {
		enum args_mode mode = ARGS_TC;
		struct device *dev;
		bool out, in = device_look(d, a.ifindex, &mode, &out);

		if (a.away || !if_indextoname(a.ifindex, name) || find(d->devices, name) || !in)
			continue;
		dev = add(d->devices, name, mode, out ? ARGS_OUT_YES : ARGS_OUT_AUTO);
		if (!dev)
			return;
		log_say("%s is filtered already, though nothing here asks for it: it stays so", name);
		appeared(d, dev, a.ifindex);
	}
	if (d->devices->n > known)
		save(d, NULL);
}

int devices_open(struct fwd *d, struct fw_diags *ds)
{
	int err;

	d->devices = calloc(1, sizeof(*d->devices));
	if (!d->devices)
		return -ENOMEM;
	err = load(d, ds);
	if (!err)
		err = fw_links_open(&d->devices->links);
	if (err)
		return err;
	d->links = (struct source){ .fd = fw_links_fd(d->devices->links), .ready = links_ready };
	links_ready(&d->links, 0);
	engine_links_known(d->engine);
	adopt(d);
	return loop_add(&d->loop, &d->links, EPOLLIN);
}

void devices_close(struct fwd *d)
{
	if (!d->devices)
		return;
	fw_links_close(d->devices->links);
	free(d->devices->d);
	free(fw_take(d->devices));
}

/* As before the call, whatever the kernel thinks of it. */
static void put_back(struct fwd *d, const char *name, const struct device *was)
{
	struct device *dev = find(d->devices, name);
	struct fw_diags ds = { .n = 0 };

	if (was) {
		*dev = *was;
		device_apply(d, dev, &ds);
	} else {
		device_release(d, dev->index);
		drop(d->devices, dev);
	}
	save(d, NULL);
}

/* Rules that XDP cannot be right about are a reason to refuse it where somebody asks for it by name. */
static int check_mode(const struct fwd *d, const struct args *a, struct fw_diags *ds)
{
	size_t marks = engine_facts(d->engine)->mark;

	if (!marks || a->mode == ARGS_AUTO || a->mode == ARGS_TC)
		return 0;
	return fw_diag_add(ds, (struct fw_place){ 0 }, "attach with mode tc, or auto, which then is tc",
			   "%zu rules match the mark of incoming packets, which have none yet at XDP", marks);
}

int devices_attach(struct fwd *d, const struct args *a, struct fw_diags *ds, const struct device **out)
{
	struct device *dev = find(d->devices, a->dev), was;
	bool known = dev != NULL;
	int err = check_mode(d, a, ds);

	if (err)
		return err;
	if (known)
		was = *dev;
	else
		dev = add(d->devices, a->dev, a->mode, a->out);
	if (!dev)
		return -ENOMEM;
	dev->wanted = (enum args_mode)a->mode;
	dev->wanted_out = (enum args_out)a->out;
	err = save(d, ds);
	if (!err) {
		dev->index = if_nametoindex(dev->name);
		dev->asked = true;
		err = device_apply(d, dev, ds);
	}
	if (err) {
		put_back(d, a->dev, known ? &was : NULL);
		return err;
	}
	if (dev->index) {
		take_over(d->devices, dev);
		forget_renamed(d, dev);
	}
	*out = dev;
	return 0;
}

/* First the kernel: should we die in between, the device is attached again, and nobody was told otherwise. */
int devices_detach(struct fwd *d, const char *name, struct fw_diags *ds)
{
	struct device *dev = find(d->devices, name);

	if (!dev) {
		fw_diag_add(ds, (struct fw_place){ 0 }, "`fwctl status` shows what is attached", "%s is not attached",
			    name);
		return -ENOENT;
	}
	if (dev->index)
		device_release(d, dev->index);
	forget_renamed(d, dev);
	drop(d->devices, dev);
	return save(d, ds);
}

void devices_recheck(struct fwd *d)
{
	for (size_t i = 0; d->devices && i < d->devices->n; i++) {
		struct device *dev = &d->devices->d[i];
		struct fw_diags ds = { .n = 0 };

		if (dev->index && device_apply(d, dev, &ds))
			log_say("%s", dev->error);
	}
}
