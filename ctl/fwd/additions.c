// SPDX-License-Identifier: GPL-2.0-only
/*
 * What packets add. An address waits with the slot of its rule: the rule says which set it is for, when the transaction is made,
 * and if it is gone by then, the address is not added. A flood costs a bounded part of the time: some hundred addresses in a
 * transaction, and pauses between them.
 */
#include "ctl/fwd/additions.h"

#include <string.h>
#include <time.h>

#define QUEUE 16384u /* addresses that wait at most; a power of two */
#define FIRST 128u   /* of the first transaction */
#define MOST 1024u   /* of one transaction */
#define AIM 0.01     /* seconds that a transaction should take at most: the next one is smaller or larger accordingly */
#define PAUSE 0.05   /* seconds between transactions */
#define NEVER 1.0    /* seconds until somebody looks again */
#define SLACK 16u    /* an element that is updated often is prolonged each time that this part of its timeout is over */

struct addition {
	uint32_t slot; /* of the rule */
	uint32_t at;   /* when the packet came, on the engine's clock */
	uint8_t family;
	bool update;
	uint32_t set; /* of the rule, once it is known; FW_UNKNOWN_SET: the rule is gone */
	uint32_t timeout;
	struct fw_addr addr;
};
#define FW_UNKNOWN_SET UINT32_MAX

/* How additions ended. X(name) */
#define OUTCOMES(X) X(added) X(prolonged) X(known) X(full) X(outdated) X(dropped) X(failed)
struct outcomes {
#define OUTCOME_MEMBER(name) uint64_t name;
	OUTCOMES(OUTCOME_MEMBER)
#undef OUTCOME_MEMBER
};

struct additions {
	struct addition queue[QUEUE];
	uint64_t first, end; /* of those that wait, counted since the start */
	double made;         /* when the last transaction was made, on the clock of fw_now() */
	uint32_t most;       /* of the next one */
	struct outcomes all;
	/* The transaction that is being made. */
	struct addition batch[MOST];
	uint32_t n;
	struct outcomes now;
	struct engine_result result;
};

int additions_open(struct fwd *d)
{
	d->additions = calloc(1, sizeof(*d->additions));
	if (d->additions)
		d->additions->most = FIRST;
	return d->additions ? 0 : -ENOMEM;
}

void additions_close(struct fwd *d)
{
	free(fw_take(d->additions));
}

static uint32_t seconds_since(uint64_t nanoseconds)
{
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return now > nanoseconds ? (uint32_t)((now - nanoseconds) / 1000000000u) : 0;
}

void additions_take(struct fwd *d, const struct fw_event *event)
{
	struct additions *a = d->additions;

	if (!a || event->counter < FW_COUNTER_RULES || (event->family != FW_IP4 && event->family != FW_IP6))
		return;
	if (a->end - a->first == QUEUE) {
		a->all.dropped++;
		return;
	}
	a->queue[a->end++ % QUEUE] = (struct addition){
		.slot = event->counter - FW_COUNTER_RULES,
		.at = engine_now(d->engine) - seconds_since(event->time),
		.family = event->family,
		.update = event->flags & FW_EVENT_UPDATE,
		.addr = event->addr,
	};
}

/* Which set it is for, according to its rule. */
static void resolve(const struct fw_ruleset *rs, struct addition *a)
{
	const struct fw_rule *rule = a->slot < rs->next_slot ? fw_ruleset_by_slot(rs, a->slot) : NULL;
	const struct fw_action *action = rule ? fw_rule_action(rs, rule) : NULL;

	a->set = FW_UNKNOWN_SET;
	if (!action || !(action->flags & FW_ACTION_ADD) || action->set >= rs->nsets || !rs->sets[action->set].dynamic)
		return;
	a->set = action->set;
	a->timeout = action->timeout ? action->timeout : rs->sets[action->set].timeout;
}

static int compare(const void *va, const void *vb)
{
	const struct addition *a = va, *b = vb;
	int by_addr = fw_addr_cmp(a->addr, b->addr);

	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	if (a->family != b->family)
		return (int)a->family - (int)b->family;
	return by_addr ? by_addr : a->at < b->at ? -1 : a->at > b->at;
}

/* The line of a set in the log goes on, or begins. */
static void log_element(struct fw_buf *log, const struct fw_set *set, const struct fw_addr_range *r, bool begins)
{
	if (begins)
		fw_buf_printf(log, "%sset add %s", log->len ? "\n" : "", set->name);
	fw_buf_printf(log, " ");
	fw_text_print_element(log, set, r, 0);
}

/* Adds or prolongs one address; @fresh: how many of its set are new in this transaction. 1: it is logged; 0: nothing changes; -ENOMEM. */
static int add_one(struct additions *a, struct fw_edit *edit, const struct addition *one, size_t *fresh,
		   struct fw_addr_range *r)
{
	const struct fw_set *set = &edit->rs->sets[one->set];
	uint32_t until, want = fw_until_after(one->at, one->timeout);
	bool has;

	*r = (struct fw_addr_range){ .lo = one->addr, .hi = one->addr, .family = one->family, .until = want };
	has = fw_edit_set_has(edit, one->set, r, &until);
	if (has && (!one->update || fw_until_later(until, want) == until)) {
		a->now.known++;
		return 0;
	}
	if (fw_until_over(want, edit->rs->now)) {
		a->now.outdated++;
		return 0;
	}
	if (!has && set->n + *fresh >= fw_set_size(set)) {
		a->now.full++;
		return 0;
	}
	if (one->update && one->timeout)
		r->until += one->timeout / SLACK;
	*fresh += !has;
	*(has ? &a->now.prolonged : &a->now.added) += 1;
	return fw_edit_set_put(edit, one->set, r) ? -ENOMEM : 1;
}

/* Makes the change of the batch, which is sorted by set. */
static int make(struct fw_edit *edit, struct fw_buf *log, void *ctx)
{
	struct additions *a = ctx;
	uint32_t logged = FW_UNKNOWN_SET, counted = FW_UNKNOWN_SET;
	size_t fresh = 0;
	int err = 0;

	a->now = (struct outcomes){ 0 };
	for (uint32_t i = 0; err >= 0 && i < a->n; i++) {
		const struct addition *one = &a->batch[i];
		struct fw_addr_range r;

		if (one->set == FW_UNKNOWN_SET) {
			a->now.outdated++;
			continue;
		}
		fresh = one->set == counted ? fresh : 0;
		counted = one->set;
		err = add_one(a, edit, one, &fresh, &r);
		if (err <= 0)
			continue;
		log_element(log, &edit->rs->sets[one->set], &r, one->set != logged);
		logged = one->set;
	}
	if (log->len)
		fw_buf_add(log, "\n", 1);
	return err < 0 ? err : fw_edit_settle(edit);
}

/* The next batch: some of those that have waited longest. */
static void fill(struct additions *a, const struct fw_ruleset *rs)
{
	a->n = 0;
	while (a->n < a->most && a->first + a->n < a->end) {
		a->batch[a->n] = a->queue[(a->first + a->n) % QUEUE];
		resolve(rs, &a->batch[a->n++]);
	}
	qsort(a->batch, a->n, sizeof(a->batch[0]), compare);
}

static void count(struct outcomes *all, const struct outcomes *now)
{
#define OUTCOME_ADD(name) all->name += now->name;
	OUTCOMES(OUTCOME_ADD)
#undef OUTCOME_ADD
}

/* Makes one transaction. What cannot be made now waits; what never can is given up. */
static void flush(struct fwd *d)
{
	const struct engine_edit edit = { .make = make, .own = true, .ctx = d->additions };
	struct additions *a = d->additions;
	double start = fw_now();

	fill(a, engine_ruleset(d->engine));
	engine_change(d->engine, &edit, &a->result);
	if (a->result.err == -EAGAIN && (!a->result.bulk || a->most > 1)) {
		a->most = a->result.bulk ? a->most / 2 : a->most;
		return;
	}
	if (a->result.err)
		a->now = (struct outcomes){ .failed = a->n };
	else
		fwd_ruleset_changed(d);
	count(&a->all, &a->now);
	a->first += a->n;
	if (fw_now() - start > AIM)
		a->most = a->most > 1 ? a->most / 2 : 1;
	else
		a->most = a->most * 2 < MOST ? a->most * 2 : MOST;
}

double additions_round(struct fwd *d, double now)
{
	struct additions *a = d->additions;

	if (!a || a->first == a->end)
		return NEVER;
	if (now - a->made < PAUSE)
		return a->made + PAUSE - now;
	if (!engine_busy(d->engine)) {
		fw_loop_doing(&d->loop, "additions");
		flush(d);
		fw_loop_part(&d->loop);
		a->made = fw_now();
	}
	return a->first == a->end ? NEVER : PAUSE;
}

json_t *additions_json(const struct fwd *d)
{
	const struct additions *a = d->additions;
	json_t *o = json_object();

#define OUTCOME_JSON(name) json_object_set_new(o, #name, json_integer((json_int_t)a->all.name));
	OUTCOMES(OUTCOME_JSON)
#undef OUTCOME_JSON
	json_object_set_new(o, "waiting", json_integer((json_int_t)(a->end - a->first)));
	return o;
}
