// SPDX-License-Identifier: GPL-2.0-only
/* fwd --check-store and --restore. */
#include "ctl/fwd/offline.h"

#include "ctl/fwd/devices/devices_internal.h"
#include "fw/unix_socket.h"

#include <stdarg.h>
#include <string.h>

struct found {
	struct engine_stored stored;
	size_t interfaces;
};

/* The list of interfaces: counts them. 0, or -errno, with a diagnostic when it is damaged. */
static int check_devices(struct store *s, size_t *n, struct fw_diags *ds)
{
	fw_autofree char *text = NULL;
	struct devices devs = { .n = 0 };
	int err = store_get(s, DEVICES_KEY, &text);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = devices_parse(&devs, text, ds);
	*n = devs.n;
	free(devs.d);
	return err;
}

/* Everything in a copy of a store. */
static int check(struct store *s, struct found *out, struct fw_diags *ds)
{
	int err = engine_check_store(s, &out->stored, ds);

	return err ? err : check_devices(s, &out->interfaces, ds);
}

/* A line with names that users gave. */
static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	char line[1024], shown[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	puts(fw_escape(shown, sizeof(shown), line, strlen(line)));
}

static void print(const char *path, const struct found *f)
{
	say("%s: ok", path);
	printf("  rules       %zu\n", f->stored.rules);
	printf("  sets        %zu\n", f->stored.sets);
	printf("  changes     %llu since the last snapshot%s\n", (unsigned long long)f->stored.changes,
	       f->stored.waits ? ", something waits to be confirmed" : "");
	printf("  interfaces  %zu\n", f->interfaces);
}

/* Opens a copy of the store at @path, checks it and prints what is in it. 0, or -errno with diagnostics. */
static int open_checked(const char *path, struct found *found, struct store **out, struct fw_diags *ds)
{
	struct store *s = NULL;
	int err = store_open_copy(path, ds, &s);

	if (!err)
		err = check(s, found, ds);
	if (err && !ds->n)
		fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "cannot be checked: %s", strerror(-err));
	if (err) {
		store_close(s);
		return err;
	}
	print(path, found);
	*out = s;
	return 0;
}

int offline_check(const struct config *c, struct fw_diags *ds)
{
	struct found found = { .interfaces = 0 };
	struct store *s = NULL;
	int err = open_checked(c->store, &found, &s, ds);

	store_close(s);
	return err;
}

/* It would be accepted, and nothing filtered after the next boot. */
static int refuse_blank(const char *path, struct fw_diags *ds)
{
	fw_diag_add(
		ds, (struct fw_place){ path, 0, 0 },
		"a copy made while fwd is running lacks what is in the log next to the store: copy it while fwd is stopped",
		"it holds no rules and no interfaces, and never did");
	return -ENODATA;
}

int offline_restore(const struct config *c, const char *from, struct fw_diags *ds)
{
	char kept[FW_SETTING_TEXT + 64];
	struct found found = { .interfaces = 0 };
	struct store *s = NULL;
	int err;

	if (fw_unix_alive(c->socket)) {
		fw_diag_add(ds, (struct fw_place){ c->socket, 0, 0 },
			    "stop it first: systemctl stop fwd.socket fwd.service; filtering continues meanwhile",
			    "fwd is running");
		return -EBUSY;
	}
	err = open_checked(from, &found, &s, ds);
	if (!err && !found.stored.held && !found.interfaces)
		err = refuse_blank(from, ds);
	if (!err)
		err = store_restore(s, c->store, kept, sizeof(kept), ds);
	store_close(s);
	if (err)
		return err;
	say("%s: restored from %s", c->store, from);
	if (kept[0])
		say("  the former store is %s", kept);
	return 0;
}
