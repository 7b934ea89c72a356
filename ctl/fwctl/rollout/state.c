// SPDX-License-Identifier: GPL-2.0-only
/* From keys and values to the state of a fleet. */
#include "state.h"

#include <string.h>

/* What is being read. */
struct reading {
	struct fleet_state *s;
	char *why;
};

static int read_rings(struct reading *r, const struct fw_etcd_pair *p, const char *name)
{
	struct fw_diags ds = { .n = 0 };
	int err = fw_rings_parse(p->value, strlen(p->value), p->key, &r->s->rings, &ds);

	r->s->rings_modified = p->modified;
	if (err == -EINVAL)
		snprintf(r->why, 400, "%s: %s", p->key, ds.d[0].message);
	return err == -EINVAL ? -EPROTO : err;
}

static int read_rollout(struct reading *r, const struct fw_etcd_pair *p, const char *name)
{
	char why[256];
	int err = fw_rollout_parse(p->value, strlen(p->value), &r->s->rollout, why);

	r->s->rollout_modified = p->modified;
	if (err == -EPROTO)
		snprintf(r->why, 400, "%s: %s", p->key, why);
	return err;
}

static int read_leader(struct reading *r, const struct fw_etcd_pair *p, const char *name)
{
	if (fw_leader_parse(p->value, strlen(p->value), r->s->leader))
		snprintf(r->s->leader, sizeof(r->s->leader), "?");
	return 0;
}

/* The name of the host is that of the key. */
static int read_report(struct reading *r, const struct fw_etcd_pair *p, const char *name)
{
	struct fw_report *report = &r->s->reports[r->s->n];

	if (fw_report_parse(p->value, strlen(p->value), report, NULL)) {
		r->s->unreadable++;
		return 0;
	}
	snprintf(report->host, sizeof(report->host), "%s", name);
	r->s->n++;
	return 0;
}

static int read_head(struct reading *r, const struct fw_etcd_pair *p, const char *name)
{
	for (unsigned i = 0; i < r->s->rings.n; i++)
		if (!strcmp(r->s->rings.ring[i].name, name)) {
			fw_generation_parse(p->value, strlen(p->value), &r->s->head[i], NULL);
			r->s->head_modified[i] = p->modified;
		}
	return 0;
}

/* Keys in the order in which they are read: heads after the rings. */
static const struct {
	const char *name;
	bool prefix;
	int (*read)(struct reading *r, const struct fw_etcd_pair *p, const char *name);
} kinds[] = {
	{ "rings", false, read_rings }, { "rollout", false, read_rollout }, { "leader", false, read_leader },
	{ "host/", true, read_report }, { "ring/", true, read_head },
};

static int read_kind(struct reading *r, size_t kind, const char *prefix, const struct fw_etcd_answer *a)
{
	size_t skip = strlen(prefix), len = strlen(kinds[kind].name);
	int err = 0;

	for (size_t i = 0; i < a->n && !err; i++) {
		const char *name = a->pairs[i].key + skip;

		if (!strncmp(name, kinds[kind].name, len) && (kinds[kind].prefix || !name[len]))
			err = kinds[kind].read(r, &a->pairs[i], name + len);
	}
	return err;
}

int fleet_state_read(const char *prefix, const struct fw_etcd_answer *a, struct fleet_state *out, char why[400])
{
	struct fleet_state s = { .n = 0 };
	struct reading r = { &s, why };
	int err = 0;

	s.reports = calloc(a->n + 1, sizeof(*s.reports));
	if (!s.reports)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		err = read_kind(&r, i, prefix, a);
	if (err) {
		fleet_state_free(&s);
		return err;
	}
	fw_progress(&s.rings, &s.rollout, s.reports, s.n, s.progress);
	*out = s;
	return 0;
}

void fleet_state_free(struct fleet_state *s)
{
	fw_rings_free(&s->rings);
	free(s->reports);
	free(s->silent);
	*s = (struct fleet_state){ .n = 0 };
}

/* Reports are in the order of their keys, which are the hosts' names. */
static int compare_hosts(const void *a, const void *b)
{
	return strcmp(((const struct fw_report *)a)->host, ((const struct fw_report *)b)->host);
}

void fleet_state_silent(struct fleet_state *now, const struct fleet_state *past)
{
	const char *ring = now->rings.ring[now->rollout.ring].name;

	now->silent = calloc(past->n + 1, sizeof(*now->silent));
	for (size_t i = 0; now->silent && i < past->n; i++)
		if (!strcmp(past->reports[i].ring, ring) &&
		    !bsearch(&past->reports[i], now->reports, now->n, sizeof(*now->reports), compare_hosts))
			now->silent[now->nsilent++] = past->reports[i];
}

bool fleet_state_active(const struct fleet_state *s)
{
	return s->rollout_modified && s->rollout.state <= FW_ROLLOUT_PAUSED;
}

const struct fw_generation *fleet_state_runs(const struct fleet_state *s)
{
	return fw_rollout_runs(s->rollout_modified ? &s->rollout : NULL);
}
