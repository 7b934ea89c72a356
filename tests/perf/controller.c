// SPDX-License-Identifier: GPL-2.0-only
/* fwd's transactions (lib/live) without the disk: changes are applied in this process. */
#include "tests/perf/changes.h"

#include "fw/live.h"

struct bench_controller {
	struct fw_kern *kern;
	struct fw_live *live;
	struct fw_live_waiter *waiter;
	struct fw_diags ds;
};

struct fw_kern *bench_controller_kern(struct bench_controller *c)
{
	return c->kern;
}

void bench_controller_settle(struct bench_controller *c)
{
	fw_live_waiter_settle(c->waiter);
}

int bench_controller_open(const struct fw_kern_options *options, struct bench_controller **out)
{
	struct bench_controller *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	err = fw_kern_open(options, &c->ds, &c->kern);
	if (!err)
		err = fw_live_new(&(struct fw_live_options){ .kern = c->kern }, &c->live);
	if (!err) {
		*out = c;
		return 0;
	}
	bench_say(&c->ds);
	bench_controller_free(c);
	return err;
}

/* The rules belong to the caller. */
static void compiled_free(struct fw_compiled *compiled)
{
	free(compiled);
}

static int controller_start(struct bench_controller *c, struct fw_swap *first)
{
	int err = fw_live_compile(c->live, first->next, &c->ds);

	if (!err)
		err = fw_swap_ready(c->live, first, &c->ds);
	if (!err)
		err = fw_swap_commit(c->live, first, NULL, NULL, &c->ds);
	return err ? err : fw_live_waiter_start(c->live, NULL, NULL, &c->waiter);
}

int bench_controller_start(struct bench_controller *c, struct fw_ruleset *rs)
{
	struct fw_swap first = { .next = calloc(1, sizeof(*first.next)) };
	int err = -ENOMEM;

	if (first.next) {
		*first.next = (struct fw_compiled){ .rs = rs, .free = compiled_free };
		err = controller_start(c, &first);
	}
	fw_swap_free(&first);
	if (!err)
		return 0;
	bench_say(&c->ds);
	return c->ds.n ? err : bench_said("bring the ruleset into the kernel", err);
}

int bench_controller_new(struct fw_ruleset *rs, const struct fw_kern_options *options, struct bench_controller **out)
{
	int err = bench_controller_open(options, out);

	if (!err)
		err = bench_controller_start(*out, rs);
	if (err)
		bench_controller_free(fw_take(*out));
	return err;
}

void bench_controller_free(struct bench_controller *c)
{
	if (!c)
		return;
	fw_live_waiter_stop(c->waiter);
	fw_live_free(c->live);
	fw_kern_close(c->kern);
	free(c);
}

static double lap(double *since)
{
	double now = fw_now(), passed = now - *since;

	*since = now;
	return passed;
}

/* Up to the publication. */
static int attempt(struct bench_controller *c, struct fw_transaction *t, const struct fw_buf *text,
		   struct bench_stages *out)
{
	fw_cleanup(fw_buf_free) struct fw_buf log = { 0 };
	double since = fw_now();
	int err = fw_transaction_begin(c->live, t);

	if (err)
		return err;
	err = fw_text_edit(&t->edit, text->text, text->len, "change", &c->ds, &log);
	out->parse = lap(&since);
	if (!err)
		err = fw_transaction_prepare(t, &c->ds);
	if (!err)
		err = fw_transaction_commit(t, NULL, NULL);
	out->compile = t->compile;
	out->kernel = t->kernel;
	out->rebuilt = t->rebuilt;
	if (err)
		fw_transaction_abort(t);
	return err;
}

int bench_controller_change(struct bench_controller *c, const struct fw_buf *text,
			    void (*each)(const struct fw_rule_change *row, void *ctx), void *ctx,
			    struct bench_stages *out)
{
	double start = fw_now(), since;
	struct fw_transaction t;
	int err;

	*out = (struct bench_stages){ 0 };
	c->ds.n = c->ds.total = 0;
	err = attempt(c, &t, text, out);
	if (err == -EBUSY || err == -ENOSPC) {
		/* What was replaced before still takes up room, or was replaced too often since the last grace period. */
		bench_controller_settle(c);
		c->ds.n = c->ds.total = 0;
		*out = (struct bench_stages){ .waited = true };
		err = attempt(c, &t, text, out);
	}
	if (err) {
		bench_say(&c->ds);
		return bench_said("make the change", err);
	}
	out->total = lap(&start);
	for (size_t i = 0; each && i < t.edit.nrules; i++)
		each(&t.edit.rules[i], ctx);
	since = fw_now();
	fw_transaction_end(&t, NULL, NULL);
	fw_live_waiter_work(c->waiter, NULL);
	out->after = lap(&since);
	return 0;
}
