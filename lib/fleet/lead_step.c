// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps of a rollout. The leader has its own copy of the rollout, whose times are of its own clock, and writes it whenever it
 * takes a step. It knows what it wrote by the text; anything else is of somebody else, and the soak starts again.
 */
#include "lead_step.h"

#include "fw/fleet/promote.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#define READ_SECONDS 1.0    /* between readings of the reports */
#define PAUSED_SECONDS 10.0 /* the same while the rollout is paused */
#define READ_SHARE 4        /* of the time that a reading takes there is none */

void lead_log(const struct fw_lead_setup *setup, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (!setup->log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	setup->log(setup->ctx, line);
}

/* Seconds since 1970, by a clock that does not jump while we lead. */
static uint64_t now(const struct lead_step *s)
{
	return s->day + (uint64_t)(s->setup->now() - s->clock);
}

/* Our clock is not the one that the times are of. */
static void restart_times(struct lead_step *s)
{
	s->rollout.since = now(s);
	s->rollout.well = 0;
}

void lead_step_leads(struct lead_step *s, uint64_t leader)
{
	s->leader = leader;
	s->clock = s->setup->now();
	s->day = (uint64_t)time(NULL);
	s->read_at = 0;
	restart_times(s);
}

bool lead_step_active(const struct lead_step *s)
{
	return s->rollout_modified && s->rollout.state <= FW_ROLLOUT_PAUSED;
}

void lead_step_rings(struct lead_step *s, const struct fw_etcd_pair *pair)
{
	struct fw_rings rings = { .n = 0 };
	struct fw_diags ds = { .n = 0 };

	if (pair->modified == s->rings_modified)
		return;
	if (pair->value && fw_rings_parse(pair->value, strlen(pair->value), pair->key, &rings, &ds))
		lead_log(s->setup, "%s: %s", pair->key, ds.n ? ds.d[0].message : "out of memory");
	fw_rings_free(&s->rings);
	s->rings = rings;
	s->rings_modified = rings.n ? pair->modified : 0;
}

static void tell(const struct lead_step *s)
{
	if (s->setup->changed)
		s->setup->changed(s->setup->ctx, s->rollout_modified ? &s->rollout : NULL);
}

static void log_step(const struct lead_step *s, const struct fw_rollout *before)
{
	const struct fw_rollout *r = &s->rollout;
	unsigned long long to = r->to.number, from = r->from.number;

	if (r->state == FW_ROLLOUT_FAILED)
		lead_log(s->setup, "generation %llu has failed, back to %llu: %s", to, from, r->why);
	else if (r->state == FW_ROLLOUT_DONE)
		lead_log(s->setup, "generation %llu is rolled out", to);
	else if (r->ring != before->ring && r->ring < s->rings.n)
		lead_log(s->setup, "generation %llu goes to ring %s", to, s->rings.ring[r->ring].name);
	else if (r->ring < s->rings.n)
		lead_log(s->setup, "generation %llu: ring %s %s", to, s->rings.ring[r->ring].name,
			 r->well ? "has confirmed" : "is not well any more");
}

/* It is what we wrote, even if the answer to our transaction is still on its way. */
static void take_own(struct lead_step *s, uint64_t modified)
{
	const struct fw_rollout before = s->rollout;

	s->rollout = s->next;
	s->rollout_modified = modified;
	fw_buf_free(&s->next_text);
	log_step(s, &before);
	tell(s);
}

void lead_step_rollout(struct lead_step *s, const struct fw_etcd_pair *pair)
{
	char why[256];

	if (pair->modified <= s->rollout_modified)
		return;
	if (pair->value && s->next_text.len && !strcmp(pair->value, s->next_text.text)) {
		take_own(s, pair->modified);
		return;
	}
	s->rollout_modified = 0;
	if (pair->value && fw_rollout_parse(pair->value, strlen(pair->value), &s->rollout, why))
		lead_log(s->setup, "%s: %s", pair->key, why);
	else if (pair->value)
		s->rollout_modified = pair->modified;
	restart_times(s);
	s->read_at = 0;
	tell(s);
}

static void written(void *ctx, const struct fw_etcd_answer *a)
{
	struct lead_step *s = ctx;
	if (!s->next_text.len)
		return; /* the watch was faster */
	if (!a->err) {
		take_own(s, a->revision);
		return;
	}
	fw_buf_free(&s->next_text);
	lead_log(s->setup, "a step of the rollout was not taken: %s", a->why);
}

/* The rings whose heads are others after the step. */
struct heads {
	char key[FW_RINGS_MAX][FW_FLEET_KEY];
	struct fw_buf value[FW_RINGS_MAX];
	struct fw_etcd_put puts[FW_RINGS_MAX + 1];
	unsigned n;
};

static void heads_free(struct heads *h)
{
	for (unsigned i = 0; i < FW_RINGS_MAX; i++)
		fw_buf_free(&h->value[i]);
}

static void add_head(struct heads *h, const char *fleet, const char *ring, const struct fw_generation *head)
{
	unsigned n = h->n++;

	if (head->number)
		fw_generation_print(&h->value[n], head);
	h->puts[n].key = fw_fleet_key(fleet, "ring/", ring, h->key[n]);
	h->puts[n].value = h->value[n].text;
}

/* Writes the rollout and the heads in one transaction, if we still lead and nobody else has changed anything. */
static void write_step(struct lead_step *s)
{
	const struct fw_lead_setup *setup = s->setup;
	fw_cleanup(heads_free) struct heads h = { .n = 0 };
	char leader[FW_FLEET_KEY], rollout[FW_FLEET_KEY], rings[FW_FLEET_KEY];
	const struct fw_etcd_if ifs[] = {
		{ fw_fleet_key(setup->fleet, "leader", "", leader), s->leader },
		{ fw_fleet_key(setup->fleet, "rollout", "", rollout), s->rollout_modified },
		{ fw_fleet_key(setup->fleet, "rings", "", rings), s->rings_modified },
	};
	bool failed = false;

	for (unsigned i = 0; i < s->rings.n; i++) {
		const struct fw_generation *head = fw_rollout_head(&s->next, i);

		if (!fw_generation_same(head, fw_rollout_head(&s->rollout, i)))
			add_head(&h, setup->fleet, s->rings.ring[i].name, head);
	}
	fw_rollout_print(&s->next_text, &s->next);
	for (unsigned i = 0; i < h.n; i++)
		failed = failed || h.value[i].failed;
	h.puts[h.n++] = (struct fw_etcd_put){ .key = rollout, .value = s->next_text.text };
	if (failed || s->next_text.failed || fw_etcd_txn(setup->etcd, ifs, 3, h.puts, h.n, written, s))
		fw_buf_free(&s->next_text);
}

/* Parses the reports. The name of a host is the one of its key. Return: how many could be read. */
static size_t parse_reports(struct lead_step *s, const struct fw_etcd_answer *a, struct fw_report *out)
{
	char prefix[FW_FLEET_KEY], why[256];
	size_t skip = strlen(fw_fleet_key(s->setup->fleet, "host/", "", prefix)), n = 0;
	unsigned unreadable = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct fw_etcd_pair *p = &a->pairs[i];

		if (!fw_report_parse(p->value, strlen(p->value), &out[n], why)) {
			snprintf(out[n].host, sizeof(out[n].host), "%s", p->key + skip);
			n++;
		} else if (!unreadable++ && !s->unreadable) {
			lead_log(s->setup, "%s: %s", p->key, why);
		}
	}
	s->unreadable = unreadable;
	return n;
}

static void take_reports(void *ctx, const struct fw_etcd_answer *a)
{
	struct lead_step *s = ctx;
	fw_autofree struct fw_report *reports = NULL;
	struct fw_ring_progress progress[FW_RINGS_MAX];

	s->reading = false;
	s->read_took = s->setup->now() - s->read_at;
	if (a->err || !s->leader || !lead_step_active(s) || s->next_text.len)
		return;
	reports = malloc((a->n + 1) * sizeof(*reports));
	if (!reports)
		return;
	fw_progress(&s->rings, &s->rollout, reports, parse_reports(s, a, reports), progress);
	s->next = s->rollout;
	if (fw_promote(&s->rings, &s->next, progress, now(s)))
		write_step(s);
}

void lead_step_poll(struct lead_step *s)
{
	double wait = s->rollout.state == FW_ROLLOUT_PAUSED ? PAUSED_SECONDS : READ_SECONDS;
	char key[FW_FLEET_KEY];

	if (wait < READ_SHARE * s->read_took)
		wait = READ_SHARE * s->read_took;
	if (!s->leader || s->reading || s->next_text.len || !s->rings_modified || !lead_step_active(s) ||
	    (s->read_at && s->setup->now() < s->read_at + wait))
		return;
	s->read_at = s->setup->now();
	s->reading =
		!fw_etcd_get(s->setup->etcd, fw_fleet_key(s->setup->fleet, "host/", "", key), true, take_reports, s);
}

void lead_step_free(struct lead_step *s)
{
	fw_rings_free(&s->rings);
	fw_buf_free(&s->next_text);
}
