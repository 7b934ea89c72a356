// SPDX-License-Identifier: GPL-2.0-only
/* A rollout as text and as JSON. */
#include "show.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include <string.h>
#include <time.h>

#define LLU(x) ((unsigned long long)(x))
#define HOSTS_SHOWN 20 /* of each kind, unless all are asked for */
#define BAR 10         /* characters */

#define ROW(...) ctl_print_row(0, 12, __VA_ARGS__)

/* How far a ring is. */
struct ring_view {
	const struct fw_ring *ring;
	const struct fw_ring_progress *p;
	bool moved;      /* it has got the new generation */
	unsigned needs;  /* hosts that have to confirm, of the ring that is being moved on; 0: of another one */
	unsigned silent; /* hosts of it that reported before it was moved on, and do not now */
};

static struct ring_view view(const struct fleet_state *s, unsigned i)
{
	const struct fw_rollout *r = &s->rollout;
	struct ring_view v = { .ring = &s->rings.ring[i], .p = &s->progress[i] };
	bool last = fleet_state_active(s) && i == r->ring;

	v.moved = s->rollout_modified && fw_generation_same(fw_rollout_head(r, i), &r->to);
	v.needs = last ? fw_ring_needs(v.ring, v.p, r->hosts) : 0;
	v.silent = last && r->hosts > v.p->hosts ? r->hosts - v.p->hosts : 0;
	return v;
}

void show_step(const struct fleet_state *s, char *out, size_t size)
{
	const struct fw_rollout *r = &s->rollout;
	struct ring_view v;

	if (r->ring >= s->rings.n) {
		snprintf(out, size, "the rings were changed");
		return;
	}
	v = view(s, r->ring);
	snprintf(out, size, "ring %s (%u of %u): %u of %u host%s ha%s confirmed, %u needed%s", v.ring->name,
		 r->ring + 1, s->rings.n, v.p->confirmed, v.p->hosts + v.silent, fw_plural(v.p->hosts + v.silent),
		 v.p->confirmed == 1 ? "s" : "ve", v.needs, r->well ? ", soaking" : "");
}

void show_rollout(const struct fleet_state *s)
{
	const struct fw_rollout *r = &s->rollout;
	const struct fw_generation *runs = fleet_state_runs(s);
	char at[32], step[256];

	if (!s->rollout_modified) {
		ROW("rollout", "none yet");
	} else {
		ROW("rollout", "generation %llu, from %llu, by %s: %s", LLU(r->to.number), LLU(r->from.number), r->by,
		    fw_rollout_state_names[r->state]);
		if (r->why[0])
			ROW("", "%s", r->why);
	}
	if (fleet_state_active(s)) {
		show_step(s, step, sizeof(step));
		ROW("step", "%s, since %s", step, ctl_time(at, sizeof(at), r->well ? r->well : r->since));
	} else if (runs->number) {
		ROW("fleet runs", "generation %llu", LLU(runs->number));
	} else {
		ROW("fleet runs", "no generation");
	}
	if (s->leader[0])
		ROW("leader", "%s", s->leader);
	else
		ROW("leader",
		    "NOBODY: no step is taken until somebody leads (`lead on` in fleet.conf, or `fwctl rollout lead`)");
}

/* Which part of the hosts has confirmed. */
static const char *bar(const struct ring_view *v, char out[BAR + 1])
{
	unsigned all = v->p->hosts + v->silent, full = all ? BAR * v->p->confirmed / all : 0;

	memset(out, '.', BAR);
	memset(out, '#', full);
	out[BAR] = '\0';
	return out;
}

void show_rings(const struct fleet_state *s)
{
	char text[BAR + 1], head[24];

	if (!s->rings_modified) {
		ROW("rings", "none: `fwctl rollout rings FILE` writes them");
		return;
	}
	printf("\n%-16s %10s  %-*s %9s %6s %6s %6s %6s %6s\n", "ring", "generation", BAR, "", "confirmed", "hosts",
	       "busy", "worse", "left", "silent");
	for (unsigned i = 0; i < s->rings.n; i++) {
		struct ring_view v = view(s, i);

		snprintf(head, sizeof(head), "%llu", LLU(s->head[i].number));
		printf("%-16s %10s  %s %9u %6u %6u %6u %6u %6u\n", v.ring->name, s->head[i].number ? head : "-",
		       bar(&v, text), v.p->confirmed, v.p->hosts, v.p->busy, v.p->worse, v.p->left, v.silent);
	}
	if (s->unreadable)
		ctl_warn("%u report%s of hosts cannot be read, and count as silent", s->unreadable,
			 fw_plural(s->unreadable));
}

/* How a host does, in the order in which they are shown. */
enum host_kind { WORSE, SILENT, LAGS, LEFT, NO_RING, FINE, NHOST_KINDS };
static const char *const kind_words[NHOST_KINDS] = { "worse", "silent", "busy", "left", "no ring", "confirmed" };

/* The index of the ring whose head it follows; -1: none. */
static int ring_of(const struct fleet_state *s, const struct fw_report *report)
{
	for (unsigned i = 0; i < s->rings.n; i++)
		if (!strcmp(s->rings.ring[i].name, report->ring))
			return (int)i;
	return -1;
}

static enum host_kind kind_of(const struct fleet_state *s, const struct fw_report *report)
{
	struct fw_ring_progress p[FW_RINGS_MAX];
	int i = ring_of(s, report);

	if (i < 0)
		return NO_RING;
	fw_progress(&s->rings, &s->rollout, report, 1, p);
	return p[i].worse ? WORSE : p[i].left ? LEFT : p[i].confirmed ? FINE : LAGS;
}

/* A host that waits for its ring's turn is not late. */
static bool is_shown(const struct fleet_state *s, const struct fw_report *report, enum host_kind kind)
{
	int ring = ring_of(s, report);

	return kind != FINE && (kind != LAGS || (ring >= 0 && view(s, (unsigned)ring).moved));
}

static void print_host(const struct fw_report *r, enum host_kind kind)
{
	char at[32];

	printf("%-24s %-12s %-9s ", r->host, r->ring[0] ? r->ring : "-", kind_words[kind]);
	if (r->wanted.number && r->wanted.number != r->running.number)
		printf("runs %llu, wants %llu", LLU(r->running.number), LLU(r->wanted.number));
	else
		printf("runs %llu", LLU(r->running.number));
	printf(", %s since %s%s", fw_report_state_names[r->state], ctl_time(at, sizeof(at), r->since),
	       r->why[0] ? ": " : "");
	ctl_put(stdout, r->why);
	putchar('\n');
}

/* What their last report said was before the ring was moved on. */
static void show_silent(const struct fleet_state *s, bool all)
{
	for (size_t i = 0; i < s->nsilent && (all || i < HOSTS_SHOWN); i++)
		printf("%-24s %-12s %-9s has not reported since its ring was moved on\n", s->silent[i].host,
		       s->silent[i].ring, kind_words[SILENT]);
	if (!all && s->nsilent > HOSTS_SHOWN)
		printf("%zu more that are silent (--hosts shows all)\n", s->nsilent - HOSTS_SHOWN);
}

static void show_kind(const struct fleet_state *s, enum host_kind kind, bool all)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (kind_of(s, &s->reports[i]) != kind || (!all && !is_shown(s, &s->reports[i], kind)))
			continue;
		if (all || n < HOSTS_SHOWN)
			print_host(&s->reports[i], kind);
		n++;
	}
	if (!all && n > HOSTS_SHOWN)
		printf("%u more that are %s (--hosts shows all)\n", n - HOSTS_SHOWN, kind_words[kind]);
}

void show_hosts(const struct fleet_state *s, bool all)
{
	putchar('\n');
	show_silent(s, all);
	for (enum host_kind kind = 0; kind < NHOST_KINDS; kind++)
		show_kind(s, kind, all);
}

static json_t *generation_json(const struct fw_generation *g)
{
	return g->number ? json_pack("{sI ss}", "generation", (json_int_t)g->number, "manifest", g->manifest.hex) :
			   json_null();
}

json_t *show_rollout_json(const struct fleet_state *s)
{
	const struct fw_rollout *r = &s->rollout;
	json_t *leader = s->leader[0] ? fw_json_text(s->leader) : json_null();

	if (!s->rollout_modified)
		return json_pack("{sn so}", "rollout", "leader", leader);
	return json_pack("{ss so so so so sI sI so so so}", "rollout", fw_rollout_state_names[r->state], "from",
			 generation_json(&r->from), "to", generation_json(&r->to), "runs",
			 generation_json(fleet_state_runs(s)), "ring",
			 r->ring < s->rings.n ? json_string(s->rings.ring[r->ring].name) : json_null(), "since",
			 (json_int_t)r->since, "well", (json_int_t)r->well, "why",
			 r->why[0] ? fw_json_text(r->why) : json_null(), "by", fw_json_text(r->by), "leader", leader);
}

static json_t *ring_json(const struct fleet_state *s, unsigned i)
{
	struct ring_view v = view(s, i);

	return json_pack("{ss so sb si si si si si si si}", "ring", v.ring->name, "head", generation_json(&s->head[i]),
			 "moved", v.moved, "hosts", v.p->hosts, "confirmed", v.p->confirmed, "busy", v.p->busy, "worse",
			 v.p->worse, "left", v.p->left, "silent", v.silent, "needs", v.needs);
}

static json_t *host_json(const struct fw_report *r, enum host_kind kind)
{
	return json_pack("{so ss ss ss so so sb sf sI so}", "host", fw_json_text(r->host), "ring", r->ring, "is",
			 kind_words[kind], "state", fw_report_state_names[r->state], "running",
			 generation_json(&r->running), "wanted", generation_json(&r->wanted), "worse", r->worse,
			 "dropped", r->dropped, "since", (json_int_t)r->since, "why",
			 r->why[0] ? fw_json_text(r->why) : json_null());
}

int show_json(const struct fleet_state *s, bool all)
{
	int err = ctl_json_print(show_rollout_json(s));

	for (unsigned i = 0; i < s->rings.n && !err; i++)
		err = ctl_json_print(ring_json(s, i));
	for (size_t i = 0; i < s->n && !err; i++) {
		enum host_kind kind = kind_of(s, &s->reports[i]);

		if (all || is_shown(s, &s->reports[i], kind))
			err = ctl_json_print(host_json(&s->reports[i], kind));
	}
	for (size_t i = 0; i < s->nsilent && !err; i++)
		err = ctl_json_print(host_json(&s->silent[i], SILENT));
	return err;
}
