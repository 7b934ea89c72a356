// SPDX-License-Identifier: GPL-2.0-only
/* For each packet the rules that match it, and the history of the first of them. */
#include "fw/oracle.h"

#include "tests/perf/answers.h"

struct match {
	uint32_t rank, slot;
};

struct answer {
	uint32_t since; /* change */
	long slot;
};

struct packet {
	const struct fw_key *key;
	struct match *matches; /* any order */
	size_t n, cap;
	struct answer *history;
	size_t nhistory, history_cap;
	bool touched;
};

struct answers {
	const struct fw_ruleset *rs;
	struct packet *packets;
	size_t n;
	int err;
};

static long first_match(const struct packet *p)
{
	const struct match *best = NULL;

	for (size_t i = 0; i < p->n; i++)
		if (!best || p->matches[i].rank < best->rank)
			best = &p->matches[i];
	return best ? (long)best->slot : -1;
}

static int packet_step(struct packet *p, uint32_t number)
{
	long slot = first_match(p);
	struct answer now = { number, slot };

	p->touched = false;
	if (p->nhistory && p->history[p->nhistory - 1].slot == slot)
		return 0;
	return fw_vec_push(p->history, p->nhistory, p->history_cap, now);
}

static int packet_init(struct answers *a, struct packet *p)
{
	for (const struct fw_rule *r = a->rs->first; r; r = r->next) {
		struct match m = { r->rank, r->slot };

		if (fw_oracle_rule(a->rs, r, p->key) && fw_vec_push(p->matches, p->n, p->cap, m))
			return -ENOMEM;
	}
	return packet_step(p, 0);
}

int answers_new(const struct fw_ruleset *rs, const struct fw_key *keys, size_t n, struct answers **out)
{
	struct answers *a = calloc(1, sizeof(*a));
	int err = 0;

	if (!a)
		return -ENOMEM;
	a->rs = rs;
	a->packets = calloc(n, sizeof(*a->packets));
	err = a->packets ? 0 : -ENOMEM;
	for (; !err && a->n < n; a->n++) {
		a->packets[a->n].key = &keys[a->n];
		err = packet_init(a, &a->packets[a->n]);
	}
	if (err)
		answers_free(a);
	else
		*out = a;
	return err;
}

void answers_free(struct answers *a)
{
	for (size_t i = 0; a && a->packets && i < a->n; i++) {
		free(a->packets[i].matches);
		free(a->packets[i].history);
	}
	if (a)
		free(a->packets);
	free(a);
}

static void match_drop(struct packet *p, uint32_t slot)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->matches[i].slot == slot) {
			p->matches[i] = p->matches[--p->n];
			p->touched = true;
			return;
		}
}

void answers_row(struct answers *a, const struct fw_rule_change *row)
{
	for (size_t i = 0; i < a->n; i++) {
		struct packet *p = &a->packets[i];

		if (row->before && fw_oracle_rule(a->rs, row->before, p->key))
			match_drop(p, row->slot);
		if (row->after && fw_oracle_rule(a->rs, row->after, p->key)) {
			struct match m = { row->after->rank, row->slot };

			if (fw_vec_push(p->matches, p->n, p->cap, m))
				a->err = -ENOMEM;
			p->touched = true;
		}
	}
}

int answers_step(struct answers *a, uint32_t number)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->packets[i].touched && packet_step(&a->packets[i], number))
			a->err = -ENOMEM;
	return a->err;
}

/* The last answer that began at @number or before; the first one began at 0. */
static size_t answer_at(const struct packet *p, uint32_t number)
{
	size_t lo = 0, hi = p->nhistory;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (p->history[mid].since <= number)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

long answers_after(const struct answers *a, size_t packet, uint32_t number)
{
	const struct packet *p = &a->packets[packet];

	return p->history[answer_at(p, number)].slot;
}

bool answers_legal(const struct answers *a, size_t packet, uint32_t from, uint32_t to, long slot)
{
	const struct packet *p = &a->packets[packet];
	size_t first = answer_at(p, from), last = answer_at(p, to);

	for (size_t i = first; i <= last; i++)
		if (p->history[i].slot == slot)
			return true;
	return false;
}

size_t answers_changed(const struct answers *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		n += a->packets[i].nhistory - 1;
	return n;
}
