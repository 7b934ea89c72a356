// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/fwd/tracked.h"

#include "fw/log.h"
#include "fw/tracked.h"

#include <string.h>

struct tracked {
	struct fw_loop_source source;
	struct fw_tracked *follow;
	struct fw_tracked_want want[FW_CONNECTIONS_KINDS];
	size_t nwants;
	int err; /* as it was logged last */
};

/* Adds what an action asks for. There is room: fw_ruleset_counts() refused rules beyond. */
static void want_add(struct tracked *t, const struct fw_action *a)
{
	uint8_t side = a->connections_per == FW_PER_TO ? FW_CONNECTIONS_TO : FW_CONNECTIONS_FROM;
	struct fw_tracked_want w = { side, a->connections4, a->connections6, a->connections };
	size_t i = 0;

	while (i < t->nwants &&
	       (t->want[i].side != w.side || t->want[i].prefix4 != w.prefix4 || t->want[i].prefix6 != w.prefix6))
		i++;
	if (i == FW_CONNECTIONS_KINDS)
		return;
	if (i == t->nwants)
		t->want[t->nwants++] = w;
	else if (w.least < t->want[i].least)
		t->want[i].least = w.least;
}

static void wants_of(const struct fw_ruleset *rs, struct tracked *out)
{
	for (uint32_t n = 0; n < rs->nactions; n++)
		if (rs->action_use[n].users && rs->actions[n].connections)
			want_add(out, &rs->actions[n]);
}

static void complain(struct tracked *t, int err)
{
	if (err && err != t->err)
		fw_log("cannot follow the kernel's connections, which rules with `connections` ask for: %s",
		       strerror(-err));
	t->err = err;
}

static void ready(struct fw_loop_source *s, uint32_t events)
{
	struct tracked *t = (struct tracked *)((char *)s - offsetof(struct tracked, source));

	complain(t, fw_tracked_read(t->follow));
}

static int begin(struct fwd *d, struct tracked *t)
{
	struct fw_kern *k = engine_kern(d->engine);
	int err = fw_tracked_open(k, &t->follow);

	if (err)
		return err;
	t->source = (struct fw_loop_source){ .fd = fw_tracked_fd(t->follow), .name = "connections", .ready = ready };
	return fw_loop_add(&d->loop, &t->source, EPOLLIN);
}

void tracked_close(struct fwd *d)
{
	struct tracked *t = d->tracked;

	if (t && t->follow) {
		fw_loop_remove(&d->loop, &t->source);
		fw_tracked_close(t->follow);
	}
	free(fw_take(d->tracked));
}

/* No rule asks any more. */
static void end(struct fwd *d)
{
	if (!d->tracked)
		return;
	tracked_close(d);
	fw_kern_connections_clear(engine_kern(d->engine));
}

/* Counts for what rules ask for now. 0 or -errno. */
static int follow(struct fwd *d, const struct tracked *now)
{
	struct tracked *t = d->tracked;
	bool same = t && t->follow && t->nwants == now->nwants &&
		    !memcmp(t->want, now->want, now->nwants * sizeof(now->want[0]));
	int err = 0;

	if (!t) {
		t = d->tracked = calloc(1, sizeof(*t));
		if (!t)
			return -ENOMEM;
	}
	if (!t->follow)
		err = begin(d, t);
	if (!err && !same)
		err = fw_tracked_want(t->follow, now->want, now->nwants);
	if (err || same)
		return err;
	memcpy(t->want, now->want, sizeof(t->want));
	t->nwants = now->nwants;
	return 0;
}

void tracked_look(struct fwd *d)
{
	struct tracked now = { .nwants = 0 };
	int err;

	wants_of(engine_ruleset(d->engine), &now);
	if (!now.nwants) {
		end(d);
		return;
	}
	err = follow(d, &now);
	if (!err)
		err = fw_tracked_look(d->tracked->follow, fw_now());
	if (d->tracked)
		complain(d->tracked, err);
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

json_t *tracked_json(const struct fwd *d)
{
	struct fw_tracked_status st = { 0 };

	if (!d->tracked)
		return json_null();
	if (d->tracked->follow)
		fw_tracked_status(d->tracked->follow, &st);
	return json_pack("{so so so so so so}", "connections", number(st.connections), "addresses",
			 number(st.addresses), "told", number(st.told), "left_out", number(st.left_out), "lost",
			 number(st.lost), "error",
			 d->tracked->err ? json_string(strerror(-d->tracked->err)) : json_null());
}
