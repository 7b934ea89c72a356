// SPDX-License-Identifier: GPL-2.0-only
/* How far a rollout is, and its next step. */
#include "fw/fleet/promote.h"

#include <stdarg.h>
#include <string.h>

static const struct fw_generation nothing;

const struct fw_generation *fw_rollout_head(const struct fw_rollout *r, unsigned ring)
{
	bool active = r->state == FW_ROLLOUT_RUNNING || r->state == FW_ROLLOUT_PAUSED;

	/* The rings may be others than those of a rollout that has ended. */
	return r->state == FW_ROLLOUT_DONE || (active && ring <= r->ring) ? &r->to : &r->from;
}

const struct fw_generation *fw_rollout_runs(const struct fw_rollout *r)
{
	return !r ? &nothing : r->state == FW_ROLLOUT_DONE ? &r->to : &r->from;
}

static struct fw_ring_progress *progress_of(const struct fw_rings *rings, const struct fw_report *report,
					    struct fw_ring_progress *out)
{
	for (unsigned i = 0; i < rings->n; i++)
		if (!strcmp(rings->ring[i].name, report->ring))
			return &out[i];
	return NULL;
}

static void count(struct fw_ring_progress *p, const struct fw_report *r, const struct fw_generation *head)
{
	bool heard = head->number && fw_generation_same(&r->wanted, head);

	p->hosts++;
	if (r->state == FW_REPORT_OVERRULED || r->state == FW_REPORT_DRIFTED) {
		p->left++;
	} else if (heard && (r->worse || r->state == FW_REPORT_REFUSED || r->state == FW_REPORT_TAKEN_BACK)) {
		p->worse++;
		if (!p->worst)
			p->worst = r;
	} else if (heard && r->state == FW_REPORT_CONFIRMED && fw_generation_same(&r->running, head)) {
		p->confirmed++;
	} else {
		p->busy++;
	}
}

void fw_progress(const struct fw_rings *rings, const struct fw_rollout *rollout, const struct fw_report *reports,
		 size_t n, struct fw_ring_progress out[FW_RINGS_MAX])
{
	memset(out, 0, FW_RINGS_MAX * sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		struct fw_ring_progress *p = progress_of(rings, &reports[i], out);

		if (p)
			count(p, &reports[i], fw_rollout_head(rollout, (unsigned)(p - out)));
	}
}

unsigned fw_ring_needs(const struct fw_ring *ring, const struct fw_ring_progress *p, unsigned before)
{
	unsigned hosts = (before > p->hosts ? before : p->hosts) - p->left;
	double exact = ring->share * hosts - 1e-9; /* 0.07 * 100 is above 7 */
	unsigned needs = exact > 0 ? (unsigned)exact + 1 : 0;

	return hosts && !needs ? 1 : needs;
}

static void move_on(struct fw_rollout *r, unsigned ring, const struct fw_ring_progress *progress, uint64_t now)
{
	r->ring = ring;
	r->hosts = progress[ring].hosts;
	r->since = now;
	r->well = 0;
}

void fw_rollout_begin(struct fw_rollout *r, const struct fw_ring_progress *progress, uint64_t now)
{
	r->state = FW_ROLLOUT_RUNNING;
	r->why[0] = '\0';
	move_on(r, 0, progress, now);
}

/* All rings go back to from. Return: true. */
__attribute__((format(printf, 2, 3))) static bool failed(struct fw_rollout *r, const char *fmt, ...)
{
	va_list ap;

	r->state = FW_ROLLOUT_FAILED;
	r->well = 0;
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return true;
}

/* Fails if a host is worse, in any ring that was moved on. */
static bool fails(const struct fw_rings *rings, struct fw_rollout *r, const struct fw_ring_progress *progress)
{
	for (unsigned i = 0; i <= r->ring; i++) {
		const struct fw_report *worst = progress[i].worst;

		if (progress[i].worse)
			return failed(r, "ring %s: host %s %s%s%s", rings->ring[i].name, worst ? worst->host : "?",
				      !worst || worst->worse ? "is worse" : fw_report_state_names[worst->state],
				      worst && worst->why[0] ? ": " : "", worst ? worst->why : "");
	}
	return false;
}

static bool anyone_reports(const struct fw_rings *rings, const struct fw_ring_progress *progress)
{
	for (unsigned i = 0; i < rings->n; i++)
		if (progress[i].hosts)
			return true;
	return false;
}

/* Has the share of the last ring confirmed? @soak: for how many seconds that has to last. */
static bool is_well(const struct fw_rings *rings, const struct fw_rollout *r, const struct fw_ring_progress *progress,
		    unsigned *soak)
{
	const struct fw_ring *ring = &rings->ring[r->ring];
	unsigned needs = fw_ring_needs(ring, &progress[r->ring], r->hosts);

	*soak = needs || ring->soak > FW_RING_EMPTY ? ring->soak : FW_RING_EMPTY;
	return needs ? progress[r->ring].confirmed >= needs : anyone_reports(rings, progress);
}

/* The share has not confirmed. */
static bool wait_or_fail(const struct fw_rings *rings, struct fw_rollout *r, const struct fw_ring_progress *progress,
			 uint64_t now)
{
	const struct fw_ring *ring = &rings->ring[r->ring];
	unsigned needs = fw_ring_needs(ring, &progress[r->ring], r->hosts);

	if (now >= r->since + ring->timeout)
		return needs ? failed(r, "ring %s: after %u s %u of %u hosts that it needs have confirmed", ring->name,
				      ring->timeout, progress[r->ring].confirmed, needs) :
			       failed(r, "ring %s: no host of the fleet has reported for %u s", ring->name,
				      ring->timeout);
	if (!r->well)
		return false;
	r->well = 0;
	return true;
}

bool fw_promote(const struct fw_rings *rings, struct fw_rollout *r, const struct fw_ring_progress *progress,
		uint64_t now)
{
	unsigned soak;

	if (r->state != FW_ROLLOUT_RUNNING && r->state != FW_ROLLOUT_PAUSED)
		return false;
	if (r->ring >= rings->n)
		return failed(r, "the rings were changed: there are only %u", rings->n);
	if (fails(rings, r, progress))
		return true;
	if (r->state == FW_ROLLOUT_PAUSED)
		return false;
	if (!is_well(rings, r, progress, &soak))
		return wait_or_fail(rings, r, progress, now);
	if (!r->well) {
		r->well = now;
		return true;
	}
	if (now < r->well + soak)
		return false;
	if (r->ring + 1 < rings->n)
		move_on(r, r->ring + 1, progress, now);
	else
		r->state = FW_ROLLOUT_DONE;
	return true;
}
