// SPDX-License-Identifier: GPL-2.0-only
/* The collection of devices: kept in the store, led by what rtnetlink says, changed by attach and detach. */
#include "devices_internal.h"

#include "fw/log.h"
#include "ctl/fwd/base/to_json.h"

#include <string.h>

/* Seconds: nobody tells of programs that are attached, nor of other names of interfaces that are down. */
#define LOOK_EVERY 2.0
#define ASK_EVERY 10.0

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

/* Links of interfaces in other namespaces are kept: whoever detaches the device after a restart means them too. */
static json_t *row_json(const struct device *dev)
{
	json_t *row = json_pack("{so ss ss}", "dev", to_json_name(dev->name), "mode", args_modes[dev->wanted], "out",
				args_outs[dev->wanted_out]),
	       *away = dev->naway ? json_array() : NULL;

	for (size_t i = 0; i < dev->naway; i++)
		json_array_append_new(away, json_integer(dev->away[i]));
	if (away)
		json_object_set_new(row, "away", away);
	return row;
}

int devices_save(struct fwd *d, struct fw_diags *ds)
{
	json_t *array = json_array();
	fw_autofree char *text = NULL;

	for (size_t i = 0; i < d->devices->n; i++)
		if (d->devices->d[i].wish)
			json_array_append_new(array, row_json(&d->devices->d[i]));
	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	if (!text) {
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "cannot write down the devices: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	return store_set(engine_store(d->engine), DEVICES_KEY, text, ds);
}

static unsigned word(const char *const *words, const char *w)
{
	for (unsigned i = 0; w && words[i]; i++)
		if (!strcmp(words[i], w))
			return i;
	return 0;
}

static void ask_for(struct device *dev, unsigned mode, unsigned out)
{
	dev->wish = true;
	dev->from[0] = '\0';
	dev->wanted = (enum args_mode)mode;
	dev->wanted_out = (enum args_out)out;
}

static int load_row(struct devices *devs, const json_t *row)
{
	const char *shown = json_string_value(json_object_get(row, "dev"));
	char name[FW_ALTNAME_MAX + 1];
	struct device *dev;
	json_t *id;
	size_t i;

	if (!shown || !fw_name_read(name, sizeof(name), shown))
		return 0;
	dev = devices_add(devs, name);
	if (!dev)
		return -ENOMEM;
	ask_for(dev, word(args_modes, json_string_value(json_object_get(row, "mode"))),
		word(args_outs, json_string_value(json_object_get(row, "out"))));
	json_array_foreach(json_object_get(row, "away"), i, id) if (dev->naway < DEVICE_LINKS)
		dev->away[dev->naway++] = (uint32_t)json_integer_value(id);
	return 0;
}

int devices_parse(struct devices *out, const char *text, struct fw_diags *ds)
{
	json_t *array = json_loads(text, 0, NULL), *row;
	int err = 0;
	size_t i;

	json_array_foreach(array, i, row) err = err ? err : load_row(out, row);
	if (!array)
		err = fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the store's list of devices is damaged");
	json_decref(array);
	return err;
}

int devices_saved(struct fwd *d, char **out)
{
	int err = store_get(engine_store(d->engine), DEVICES_KEY, out);

	if (err != -ENOENT)
		return err;
	*out = strdup("[]");
	return *out ? 0 : -ENOMEM;
}

static int load(struct fwd *d, struct fw_diags *ds)
{
	fw_autofree char *text = NULL;
	int err = devices_saved(d, &text);

	return err ? err : devices_parse(d->devices, text, ds);
}

void devices_on_link(const struct fw_interface *link, void *ctx)
{
	struct fwd *d = ctx;
	int err = engine_link(d->engine, link);

	d->devices->known |= !link->ifindex;
	if (err)
		fw_log("%s: rules that name it may not match: %s", FW_NAME(link->name), strerror(-err));
}

struct reading {
	struct fwd *d;
	bool any;
};

static void on_message(const struct fw_interface *link, void *ctx)
{
	struct reading *r = ctx;

	r->any = true;
	devices_on_link(link, r->d);
}

bool devices_read_links(struct fwd *d)
{
	struct reading r = { .d = d };

	/* Where messages were lost, everything will be told again. */
	fw_interfaces_read(d->devices->links, on_message, &r);
	return r.any;
}

static void links_ready(struct source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, links));

	if (devices_read_links(d))
		devices_follow(d);
}

int devices_open(struct fwd *d, struct fw_diags *ds)
{
	int err;

	d->devices = calloc(1, sizeof(*d->devices));
	if (!d->devices)
		return -ENOMEM;
	err = load(d, ds);
	if (!err)
		err = fw_interfaces_open(&d->devices->links);
	if (err)
		return err;
	devices_wait_open(d);
	d->links = (struct source){ .fd = fw_interfaces_fd(d->devices->links),
				    .name = "interfaces",
				    .ready = links_ready };
	links_ready(&d->links, 0);
	return loop_add(&d->loop, &d->links, EPOLLIN);
}

void devices_close(struct fwd *d)
{
	if (!d->devices)
		return;
	fw_interfaces_close(d->devices->links);
	free(d->devices->d);
	free(fw_take(d->devices));
}

void devices_tick(struct fwd *d, double now)
{
	struct devices *devs = d->devices;

	if (!devs || now < devs->look)
		return;
	devs->look = now + LOOK_EVERY;
	if (now >= devs->ask) {
		devs->ask = now + ASK_EVERY;
		fw_interfaces_ask(devs->links);
	}
	devices_follow(d);
}

void devices_look(struct fwd *d)
{
	if (devices_read_links(d)) {
		devices_follow(d);
		return;
	}
	fw_kern_look(engine_kern(d->engine));
	for (size_t i = 0; i < d->devices->n; i++)
		device_look(d, &d->devices->d[i]);
}

void devices_recheck(struct fwd *d)
{
	for (size_t i = 0; d->devices && i < d->devices->n; i++) {
		struct device *dev = &d->devices->d[i];
		struct fw_diags ds = { .n = 0 };

		if (dev->index && device_apply(d, dev, &ds))
			fw_log("%s", dev->error);
	}
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
			json_array_append_new(array, json_pack("{so si ss si}", "dev", to_json_name(dev), "index",
							       (int)a.ifindex, "hook", fw_prog_names[a.prog], "link",
							       (int)a.link));
	}
	return array;
}
