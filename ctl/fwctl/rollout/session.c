// SPDX-License-Identifier: GPL-2.0-only
/* Connecting, and waiting for one operation after the other. */
#include "session.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/publish/author.h"

#include <string.h>

static int cannot_read_config(const struct session *s, const struct fw_diags *ds, int err)
{
	if (ds->n)
		ctl_print_diags(ds, NULL);
	else
		ctl_error("cannot read %s: %s", s->path, strerror(-err));
	return err;
}

/* Reads the settings, and the password that they name. */
static int read_config(struct session *s)
{
	struct fw_diags ds = { .n = 0 };
	int err;

	fw_settings_defaults(&fw_fleet_settings, &s->config);
	err = fw_settings_read(&fw_fleet_settings, &s->config, s->path, true, &ds);
	if (!err)
		err = fw_fleet_access(&s->config, s->path, &s->access, &ds);
	return err ? cannot_read_config(s, &ds, err) : 0;
}

int session_open(const struct ctl_settings *settings, struct session *s)
{
	struct fw_diags ds = { .n = 0 };
	int err;

	*s = (struct session){ .path = settings->config ? settings->config : FW_FLEET_CONFIG, .loop = { .fd = -1 } };
	author_of_this(s->by, sizeof(s->by));
	err = read_config(s);
	if (err)
		return err;
	err = fw_loop_open(&s->loop);
	if (!err)
		err = fw_http_open(&s->loop, "fwctl/" FW_VERSION, &s->http);
	if (!err)
		err = fw_etcd_open(s->http, &s->access.etcd, &s->etcd, &ds);
	if (err)
		ctl_print_failure(&ds, "cannot connect to etcd", err);
	return err;
}

void session_close(struct session *s)
{
	fw_etcd_close(s->etcd);
	fw_http_close(s->http);
	if (s->loop.fd >= 0)
		fw_loop_close(&s->loop);
	explicit_bzero(s->access.password, sizeof(s->access.password));
}

/* What etcd's answer means for the user. Return: the error. */
static int explain(struct session *s)
{
	if (!s->err || s->err == -ECANCELED || s->patient)
		return s->err;
	if (s->err == -EPROTO) {
		ctl_error("what etcd has of fleet %s cannot be read: %s", s->config.fleet, s->why);
		ctl_hint("another program or version has written it; nothing was changed");
	} else if (s->err == -EACCES) {
		ctl_error("etcd does not let us: %s", s->why);
		ctl_hint("`user` and `password` of %s name a user of etcd that may read and write /fw/%s/", s->path,
			 s->config.fleet);
	} else {
		ctl_error("etcd does not answer: %s", s->why);
		ctl_hint("hosts keep what they run; `etcd` of %s names the endpoints: %s", s->path, s->config.etcd);
	}
	return s->err;
}

/* @err: of starting the operation. Return: the error of its answer. */
static int wait_for(struct session *s, int err)
{
	s->why[0] = '\0';
	s->loop.end = false;
	s->err = err;
	if (!err)
		err = fw_loop_run(&s->loop);
	if (err) {
		s->err = err;
		snprintf(s->why, sizeof(s->why), "%s", strerror(-err));
	}
	return explain(s);
}

static void answered(void *ctx, const struct fw_etcd_answer *a)
{
	struct session *s = ctx;
	char prefix[FW_FLEET_KEY];

	s->loop.end = true;
	s->err = a->err;
	if (a->err)
		snprintf(s->why, sizeof(s->why), "%s", a->why);
	else if (s->reads)
		s->err = fleet_state_read(fw_fleet_key(s->config.fleet, "", "", prefix), a, s->reads, s->why);
}

int session_read(struct session *s, struct fleet_state *out)
{
	char prefix[FW_FLEET_KEY];

	s->reads = out;
	return wait_for(s, fw_etcd_get(s->etcd, fw_fleet_key(s->config.fleet, "", "", prefix), true, answered, s));
}

/* The same as of an earlier revision, and prints nothing. */
static int read_past(struct session *s, uint64_t revision, struct fleet_state *out)
{
	bool patient = s->patient;
	char prefix[FW_FLEET_KEY];
	int err;

	s->reads = out;
	s->patient = true;
	err = wait_for(s,
		       fw_etcd_get_past(s->etcd, fw_fleet_key(s->config.fleet, "", "", prefix), revision, answered, s));
	s->patient = patient;
	return err;
}

void session_find_silent(struct session *s, struct fleet_state *state)
{
	fw_cleanup(fleet_state_free) struct fleet_state past = { .n = 0 };
	unsigned ring = state->rollout.ring;

	if (!fleet_state_active(state) || ring >= state->rings.n || !state->head_modified[ring])
		return;
	if (!read_past(s, state->head_modified[ring] - 1, &past))
		fleet_state_silent(state, &past);
}

/* @value NULL: deletes the key. */
static void add_put(struct change *c, const char *what, const char *name, const char *value)
{
	char key[FW_FLEET_KEY];
	struct fw_etcd_put *put = &c->puts[c->n++];

	fw_fleet_key(c->session->config.fleet, what, name, key);
	put->key = fw_region_strdup(&c->memory, key, strlen(key));
	put->value = value ? fw_region_strdup(&c->memory, value, strlen(value)) : NULL;
	c->failed = c->failed || !put->key || (value && !put->value);
}

void change_rollout(struct change *c, const struct fw_rollout *r)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_rollout_print(&b, r);
	c->failed = c->failed || b.failed;
	add_put(c, "rollout", "", b.text);
}

void change_rings(struct change *c, const struct fw_rings *r)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_rings_print(&b, r);
	c->failed = c->failed || b.failed;
	add_put(c, "rings", "", b.text);
}

void change_head(struct change *c, const char *ring, const struct fw_generation *head)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	for (unsigned i = 0; i < c->state->rings.n; i++)
		if (!strcmp(c->state->rings.ring[i].name, ring) && fw_generation_same(&c->state->head[i], head))
			return;
	if (head->number)
		fw_generation_print(&b, head);
	c->failed = c->failed || b.failed;
	add_put(c, "ring/", ring, b.text);
}

int session_write(struct session *s, struct change *c)
{
	char rollout[FW_FLEET_KEY], rings[FW_FLEET_KEY];
	const struct fw_etcd_if ifs[] = {
		{ fw_fleet_key(s->config.fleet, "rollout", "", rollout), c->state->rollout_modified },
		{ fw_fleet_key(s->config.fleet, "rings", "", rings), c->state->rings_modified },
	};
	int err;

	s->reads = NULL;
	err = wait_for(s, c->failed ? -ENOMEM : fw_etcd_txn(s->etcd, ifs, 2, c->puts, c->n, answered, s));
	fw_region_free(&c->memory);
	return err;
}
