// SPDX-License-Identifier: GPL-2.0-only
/* The devices that somebody asked for, as the store keeps them. */
#include "devices_internal.h"

#include "fw/json.h"

#include <string.h>

/* With the links of interfaces in other namespaces: detaching the device after a restart means them too. */
static json_t *row_json(const struct device *dev)
{
	json_t *row = json_pack("{so ss ss}", "dev", fw_json_name(dev->name), "mode", args_modes[dev->wanted], "out",
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
	if (d->devices->host.wish)
		json_array_append_new(array, json_pack("{sb}", "host", true));
	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	if (!text) {
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "cannot store the devices: %s", strerror(ENOMEM));
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

	devs->host.wish |= json_is_true(json_object_get(row, "host"));
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

	json_array_foreach(array, i, row)
	{
		err = load_row(out, row);
		if (err)
			break;
	}
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

int devices_load(struct fwd *d, struct fw_diags *ds)
{
	fw_autofree char *text = NULL;
	int err = devices_saved(d, &text);

	return err ? err : devices_parse(d->devices, text, ds);
}
