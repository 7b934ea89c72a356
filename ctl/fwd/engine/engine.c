// SPDX-License-Identifier: GPL-2.0-only
/* The engine is opened, which brings what is stored and what is filtering together, works, and is closed. */
#include "engine_internal.h"
#include "engine_text.h"
#include "snapshot.h"

#include "fw/log.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LARGE 10000 /* rules and set elements: compiling as many takes some 10 ms, and nobody should wait longer */

/* What engine_open() is about to publish. */
struct opening {
	struct engine *e;
	const struct engine_options *opts;
	struct fw_diags *ds;
	struct fw_swap swap;
	struct engine_load first; /* the rules file, if that is loaded */
	bool loads;
};

static void opening_end(struct opening *o)
{
	engine_load_free(&o->first);
	fw_swap_free(&o->swap);
}

/* Tables without rules would accept everything that is filtered now. */
static int refuse_to_forget(const struct opening *o, struct fw_diags *ds)
{
	fw_diag_add(ds, (struct fw_place){ o->opts->store, 0, 0 },
		    "give the store back, or name a file of rules to begin with",
		    "packets are being filtered, but the store is new and does not know by which rules");
	return -ENODATA;
}

/* The stored ruleset; if nothing was ever stored, that of the rules file, or an empty one. */
static int opening_read(struct opening *o)
{
	struct engine *e = o->e;
	struct loaded *l = (struct loaded *)o->swap.next;
	fw_autofree char *known = NULL;
	struct stored st = { 0 };
	int err = stored_read(e, &(struct stored_options){ .arena = l->arena }, &st, o->ds);

	l->compiled.rs = st.rs;
	if (err || st.loaded || st.changes)
		return err;
	if (o->opts->rules) {
		o->loads = true;
		err = engine_load_read(o->opts->rules, &o->first, o->ds);
		memory_use(l->arena);
		if (!err)
			err = text_parse(&o->first.source, false, st.rs, o->ds);
		if (!err)
			err = text_check_empty(&o->first, st.rs, st.rs, o->ds);
		if (!err)
			err = own_fill(e, st.rs, o->ds);
		memory_use(0);
		return err;
	}
	if (fw_kern_generation(e->kern) && store_get(e->store, "filtering", &known))
		return refuse_to_forget(o, o->ds);
	return 0;
}

/* Written only once, so that a full disk does not keep the next process from starting. */
static int note_filtering(struct engine *e, struct fw_diags *ds)
{
	fw_autofree char *known = NULL;

	return store_get(e->store, "filtering", &known) ? store_set(e->store, "filtering", "yes", ds) : 0;
}

static int opening_store(void *ctx)
{
	struct opening *o = ctx;
	struct engine *e = o->e;
	int err = ifaces_number(e, o->swap.next->rs, o->ds);

	/* Filtering comes first: a store that cannot be written to reports that itself. */
	if (!err && o->loads && !store_writable(e->store, NULL)) {
		fw_cleanup(fw_buf_free) struct fw_buf times = { 0 };

		if (fw_ruleset_soonest(o->swap.next->rs) != FW_FOREVER)
			fw_text_print_dynamic(&times, o->swap.next->rs, NULL);
		err = times.failed ? -ENOMEM : snapshot_write_text(e->store, &o->first.source, o->ds);
		if (!err)
			err = snapshot_write_numbers(e->store, o->swap.next->rs, &times, o->ds);
		if (!err)
			err = store_snapshot_commit(e->store, false, NULL, o->ds);
	}
	return err ? err : note_filtering(e, o->ds);
}

static void opening_told(const struct fw_interface *told, void *ctx)
{
	int err = engine_interface_told(ctx, told);

	if (err)
		fw_log("%s: rules that name it may not match: %s", FW_NAME(told->name), strerror(-err));
}

/*
 * What packets were told of their interfaces is what the process before had last written, perhaps for rules that it was killed
 * with. Interfaces that cannot be read now are told of later.
 */
static void opening_interfaces(struct opening *o)
{
	int err = o->opts->interfaces ? o->opts->interfaces(opening_told, o->e) : 0;

	if (err)
		fw_log("the kernel does not report its interfaces: %s", strerror(-err));
}

/* Compiles and publishes what was read, while the tables of a process before filter. */
static int opening_swap(struct opening *o)
{
	struct engine *e = o->e;
	int err;

	o->swap.next->restored = !o->loads;
	err = loaded_compile(e, (struct loaded *)o->swap.next, o->ds);
	if (!err)
		err = fw_swap_ready(e->live, &o->swap, o->ds);
	o->swap.keep_counts = e->confirm.by;
	if (!err)
		err = fw_swap_commit(e->live, &o->swap, opening_store, o, o->ds);
	if (err)
		return err;
	/* Filtering does not wait for these. */
	loaded_now(e)->changed = loaded_cost(e, loaded_now(e));
	e->files_err = fw_kern_share(e->kern, o->opts->readers);
	return 0;
}

/* The store has a ruleset that packets do not see. A new process reads and publishes it. */
static void live_stuck(void *ctx)
{
	fputs("fwd: the kernel does not take tables that are stored already; starting again\n", stderr);
	abort();
}

static bool live_grace_wanted(void *ctx)
{
	return names_wanted(ctx);
}

static void live_grace_begins(void *ctx)
{
	names_wait(ctx);
}

static void live_grace_over(void *ctx)
{
	names_part(ctx);
}

static int live_new(struct engine *e)
{
	const struct fw_live_options options = {
		.kern = e->kern,
		.rebuild_max = LARGE,
		.hooks = { .grace_wanted = live_grace_wanted,
			   .grace_begins = live_grace_begins,
			   .grace_over = live_grace_over,
			   .stuck = live_stuck },
		.ctx = e,
	};

	return fw_live_new(&options, &e->live);
}

static int open_live(struct engine *e, const struct engine_options *opts, struct fw_diags *ds)
{
	struct loaded *first = loaded_new();
	fw_cleanup(opening_end) struct opening o = {
		.e = e, .opts = opts, .ds = ds, .swap = { .next = &first->compiled }
	};
	int err = first ? live_new(e) : -ENOMEM;

	if (!err)
		err = opening_read(&o);
	if (err)
		return err;
	e->names_stored = first->compiled.rs->ifaces_named;
	opening_interfaces(&o);
	return opening_swap(&o);
}

static int open_descriptors(struct engine *e)
{
	struct epoll_event in = { .events = EPOLLIN };

	e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->poll = epoll_create1(EPOLL_CLOEXEC);
	e->confirm.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	e->expiry.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (e->wake < 0 || e->poll < 0 || e->confirm.timer < 0 || e->expiry.timer < 0 ||
	    epoll_ctl(e->poll, EPOLL_CTL_ADD, e->wake, &in) ||
	    epoll_ctl(e->poll, EPOLL_CTL_ADD, e->confirm.timer, &in) ||
	    epoll_ctl(e->poll, EPOLL_CTL_ADD, e->expiry.timer, &in))
		return -errno;
	return 0;
}

static void wake_by_waiter(void *ctx)
{
	engine_wake(ctx);
}

static int open_threads(struct engine *e)
{
	int err = fw_live_waiter_start(e->live, wake_by_waiter, e, &e->waiter);

	if (!err)
		err = jobs_start(e);
	e->working = !err;
	return err;
}

static int open_all(struct engine *e, const struct engine_options *opts, struct fw_diags *ds)
{
	const struct fw_kern_options kern = { .pins = opts->pins, .pool = opts->pool };
	int err = store_open(opts->store, ds, &e->store);

	if (!err)
		clock_open(e);
	if (!err)
		err = fw_kern_open(&kern, ds, &e->kern);
	if (!err)
		err = open_descriptors(e);
	if (!err)
		err = own_open(e, opts->addresses);
	if (!err)
		err = confirm_open(e, ds);
	if (!err)
		err = open_live(e, opts, ds);
	if (!err && opts->opened)
		err = opts->opened(ds);
	if (!err)
		err = open_threads(e);
	if (err)
		engine_explain(err, "start", ds);
	return err;
}

int engine_open(const struct engine_options *opts, struct fw_diags *ds, struct engine **out)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct fw_diags unseen = { 0 };
	int err;

	if (!e)
		return -ENOMEM;
	e->wake = e->poll = e->confirm.timer = e->expiry.timer = e->own.watch = e->own.timer = -1;
	e->clock.fake = opts->clock;
	e->record = opts->record;
	e->record_ctx = opts->record_ctx;
	err = open_all(e, opts, ds ? ds : &unseen);
	if (err) {
		engine_close(e);
		return err;
	}
	confirm_opened(e);
	clock_arm(e);
	grace_work(e);
	engine_upkeep(e);
	engine_wake(e); /* what the process before left is freed in steps */
	*out = e;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	if (e->working)
		jobs_stop(e);
	fw_live_waiter_stop(e->waiter);
	fw_live_free(e->live);
	fw_classifier_free(e->probe);
	fw_kern_close(e->kern);
	store_close(e->store);
	close_fd(e->wake);
	close_fd(e->poll);
	close_fd(e->confirm.timer);
	close_fd(e->expiry.timer);
	own_close(e);
	free(e->confirm.slots);
	ifaces_free(e);
	free(e);
}

const struct fw_ruleset *engine_ruleset(const struct engine *e)
{
	return e->live->now->rs;
}

const struct fw_attach_needs *engine_needs(const struct engine *e)
{
	return &loaded_now(e)->needs;
}

const struct fw_image *engine_image(const struct engine *e)
{
	return &e->live->now->image;
}

struct fw_kern *engine_kern(struct engine *e)
{
	return e->kern;
}

struct store *engine_store(struct engine *e)
{
	return e->store;
}

int engine_files_error(const struct engine *e)
{
	return e->files_err;
}

int engine_fd(const struct engine *e)
{
	return e->poll;
}

void engine_work(struct engine *e)
{
	uint64_t n;

	while (read(e->wake, &n, sizeof(n)) < 0 && errno == EINTR)
		;
	load_tell(e);
	jobs_work(e);
	grace_work(e);
	if (!e->swapping && fw_kern_give_back(e->kern))
		engine_wake(e);
	confirm_work(e);
	expire_work(e);
	own_work(e);
	engine_upkeep(e);
}

void engine_status(const struct engine *e, struct engine_status *out)
{
	uint64_t room;

	*out = (struct engine_status){
		.generation = e->live->now->image.generation,
		.transaction_seconds = e->transaction_seconds,
		.reload_seconds = e->reload_seconds,
		.stats = e->live->now->image.stats,
		.cost = loaded_now(e)->cost,
		.cost_is_old = loaded_now(e)->changed,
		.pool_segments = fw_kern_pool(e->kern)->nsegments,
		.confirm_by = e->confirm.by,
		.confirm_uid = e->confirm.uid,
		.undone = e->undone,
		.elements_left = e->expiry.elements,
		.left_transactions = e->expiry.transactions,
	};
	out->edits = e->edits;
	memcpy(out->reloads, e->reloads, sizeof(out->reloads));
	memcpy(out->failures, e->failures, sizeof(out->failures));
	snprintf(out->confirm_what, sizeof(out->confirm_what), "%s", e->confirm.by ? e->confirm.what : "");
	fw_image_usage(&e->live->now->image, &out->pool_used, &room);
	out->pool_used *= FW_LINE;
}

static void add_replaced(const struct fw_compiled *c, void *ctx)
{
	memory_add_arena(ctx, ((const struct loaded *)c)->arena, 0);
}

void engine_memory(const struct engine *e, struct engine_memory *out)
{
	if (!memory_read(out))
		return;
	memory_add_arena(out, loaded_now(e)->arena, e->live->now->image.generation);
	fw_live_replaced(e->live, add_replaced, out);
}
