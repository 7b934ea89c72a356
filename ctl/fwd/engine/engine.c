// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: opening it, which brings together what is stored and what is
 * filtering, and what its parts share.
 */
#include "fw/tables.h"

#include "engine_internal.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

void engine_wake(struct engine *e)
{
	uint64_t one = 1;

	while (write(e->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

int live_compile(struct engine *e, struct live *live, struct fw_diags *ds)
{
	int err;

	memory_use(live->arena);
	err = fw_tables_compile(live->rs, fw_kern_pool(e->kern), NULL, ds, &live->image);
	memory_use(0);
	if (!err)
		facts_of(live->rs, &live->facts);
	return err ? err : fw_cost_worst(fw_kern_pool(e->kern), live->image.root, &live->cost);
}

void live_free(struct engine *e, struct live *live)
{
	if (!live)
		return;
	fw_image_free(&live->image);
	fw_ruleset_free(live->rs);
	memory_free(live->arena);
	free(live);
}

void engine_explain(int err, const char *what, struct fw_diags *ds)
{
	if (ds->n)
		return;
	fw_diag_add(ds, (struct fw_place){ 0 },
		    err == -ENOSPC ? "fewer rules, or fewer distinct ones, need less room" : NULL, "cannot %s: %s",
		    what, err == -ENOSPC ? "the tables have no room left" : strerror(-err));
}

int engine_kernel_error(int err, const char *what, struct fw_diags *ds)
{
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the kernel cannot %s: %s", what, strerror(-err));
	return err;
}

uint32_t engine_next_generation(const struct engine *e)
{
	uint32_t now = fw_kern_generation(e->kern);

	return now == UINT32_MAX ? 1 : now + 1;
}

void engine_publish(struct engine *e, const struct fw_image *image)
{
	int tries = 0;

	/* Memory may be short for a moment. When it stays so, a new process brings packets to what is stored. */
	while (fw_kern_publish(e->kern, image->root, image->generation)) {
		if (++tries == 1000) {
			fputs("fwd: the kernel does not take tables that are stored already; starting again\n", stderr);
			abort();
		}
		usleep(1000);
	}
}

int engine_kernel_ready(struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds)
{
	int err;

	if (rs->next_slot > FW_COUNTER_SLOTS) {
		fw_diag_add(ds, (struct fw_place){ 0 },
			    "rules that these replace count too, until they are gone: `fwctl flush` first",
			    "there are counters for %u rules, not for more", FW_COUNTER_SLOTS);
		return -E2BIG;
	}
	err = engine_kernel_error(fw_kern_counters_reserve(e->kern, rs->next_slot), "make counters", ds);
	return err ? err : engine_kernel_error(fw_kern_sync(e->kern), "take the tables", ds);
}

int engine_make_ready(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds)
{
	int err = ifaces_number(e, rs, ds);

	return err ? err : engine_kernel_ready(e, rs, ds);
}

/* Slots that have a rule, as bits. */
static uint64_t *slots_in_use(const struct fw_ruleset *rs)
{
	uint64_t *used = calloc(rs->next_slot / 64 + 1, sizeof(*used));

	for (const struct fw_rule *r = used ? rs->first : NULL; r; r = r->next)
		used[r->slot / 64] |= 1ull << r->slot % 64;
	return used;
}

void engine_settle(struct engine *e)
{
	uint32_t n = e->live->rs->next_slot, all = fw_kern_counter_slots(e->kern);
	fw_autofree uint64_t *used = slots_in_use(e->live->rs);

	/* Without memory for that a deleted rule's count may show up at a new one: better than not to go on. */
	if (!used)
		return;
	while (fw_kern_grace(e->kern))
		;
	if (e->confirm.by)
		return;
	for (uint32_t slot = 0; slot < all; slot++) {
		if (slot < n && used[slot / 64] >> slot % 64 & 1)
			continue;
		fw_kern_counter_clear(e->kern, slot);
	}
}

/* What engine_open() is about to bring into force. */
struct opening {
	const struct engine_options *opts;
	struct engine_load first; /* the rules file, when it is to be loaded */
	bool loads;
};

static void opening_end(struct opening *o)
{
	engine_load_free(&o->first);
}

/* Tables without rules would let everything through that is being filtered now. */
static int refuse_to_forget(const struct opening *o, struct fw_diags *ds)
{
	fw_diag_add(ds, (struct fw_place){ o->opts->store, 0, 0 },
		    "give the store back, or name a file of rules to begin with",
		    "packets are being filtered, but the store is new and does not know by which rules");
	return -ENODATA;
}

/* The ruleset that the store holds; when it never held one, that of the rules file, or none. */
static int opening_read(struct engine *e, struct opening *o, struct fw_diags *ds)
{
	fw_autofree char *known = NULL;
	struct stored st = { 0 };
	int err = stored_read(e, e->live->arena, NULL, false, &st, ds);

	e->live->rs = st.rs;
	if (err || st.loaded || st.changes)
		return err;
	if (o->opts->rules) {
		o->loads = true;
		err = engine_load_read(o->opts->rules, &o->first, ds);
		memory_use(e->live->arena);
		err = err ? err : load_parse(&o->first, e->live->rs, ds);
		err = err ? err : load_check_empty(&o->first, e->live->rs, e->live->rs, ds);
		err = err ? err : fw_ruleset_order(e->live->rs);
		memory_use(0);
		return err;
	}
	if (fw_kern_generation(e->kern) && store_get(e->store, "filtering", &known))
		return refuse_to_forget(o, ds);
	return 0;
}

/* Written once: a full disk must not keep the next process from going on. */
static int note_filtering(struct engine *e, struct fw_diags *ds)
{
	fw_autofree char *known = NULL;

	return store_get(e->store, "filtering", &known) ? store_set(e->store, "filtering", "yes", ds) : 0;
}

static int opening_store(struct engine *e, struct opening *o, struct fw_diags *ds)
{
	int err = 0;

	/* Filtering comes first: a store that cannot be written to says so by itself. */
	if (o->loads && !store_writable(e->store, NULL)) {
		err = load_store_text(e, &o->first, ds);
		err = err ? err : load_store_numbers(e, e->live->rs, NULL, ds);
		err = err ? err : store_snapshot_commit(e->store, false, NULL, ds);
	}
	return err ? err : note_filtering(e, ds);
}

/* Compiles what was read beside what is filtering, and swaps. */
static int opening_swap(struct engine *e, struct opening *o, struct fw_diags *ds)
{
	struct live *live = e->live;
	int err = live_compile(e, live, ds);

	err = err ? err : engine_make_ready(e, live->rs, ds);
	err = err ? err : opening_store(e, o, ds);
	if (err)
		return err;
	live->image.generation = engine_next_generation(e);
	err = engine_kernel_error(fw_kern_publish(e->kern, live->image.root, live->image.generation),
				  "put the new tables in the place of the old ones", ds);
	if (err)
		return err;
	engine_settle(e);
	fw_kern_retire(e->kern);
	labels_all(e);
	/* Filtering does not need them. */
	e->files_err = fw_kern_share(e->kern, o->opts->readers);
	return 0;
}

static int open_live(struct engine *e, const struct engine_options *opts, struct fw_diags *ds)
{
	fw_cleanup(opening_end) struct opening o = { .opts = opts };
	int err;

	e->live = calloc(1, sizeof(*e->live));
	if (!e->live)
		return -ENOMEM;
	e->live->arena = memory_new();
	err = opening_read(e, &o, ds);
	if (err)
		return err;
	e->names_stored = e->live->rs->ifaces_named;
	return opening_swap(e, &o, ds);
}

static int open_descriptors(struct engine *e)
{
	struct epoll_event in = { .events = EPOLLIN };

	e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->poll = epoll_create1(EPOLL_CLOEXEC);
	e->confirm.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (e->wake < 0 || e->poll < 0 || e->confirm.timer < 0 || epoll_ctl(e->poll, EPOLL_CTL_ADD, e->wake, &in) ||
	    epoll_ctl(e->poll, EPOLL_CTL_ADD, e->confirm.timer, &in))
		return -errno;
	return 0;
}

static int open_threads(struct engine *e)
{
	int err = graces_start(e);

	if (!err) {
		e->threads = 1;
		err = jobs_start(e);
	}
	e->threads += !err;
	return err;
}

static int open_all(struct engine *e, const struct engine_options *opts, struct fw_diags *ds)
{
	const struct fw_kern_options kern = { .pins = opts->pins, .pool = opts->pool };
	int err = store_open(opts->store, ds, &e->store);

	err = err ? err : fw_kern_open(&kern, ds, &e->kern);
	err = err ? err : open_descriptors(e);
	err = err ? err : confirm_open(e, ds);
	err = err ? err : open_live(e, opts, ds);
	if (!err && opts->opened)
		err = opts->opened(ds);
	err = err ? err : open_threads(e);
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
	e->wake = e->poll = e->confirm.timer = -1;
	e->record = opts->record;
	e->record_ctx = opts->record_ctx;
	err = open_all(e, opts, ds ? ds : &unseen);
	if (err) {
		engine_close(e);
		return err;
	}
	confirm_opened(e);
	grace_work(e);
	engine_upkeep(e);
	engine_wake(e); /* what the process before left goes in steps */
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
	if (e->threads > 1)
		jobs_stop(e);
	if (e->threads)
		graces_stop(e);
	/* Segments are given back to the pool, but the kernel's maps keep them: nothing is synced any more. */
	live_free(e, e->live);
	fw_classifier_free(e->probe);
	fw_kern_close(e->kern);
	store_close(e->store);
	close_fd(e->wake);
	close_fd(e->poll);
	close_fd(e->confirm.timer);
	free(e->confirm.slots);
	ifaces_free(e);
	free(e);
}

const struct fw_ruleset *engine_ruleset(const struct engine *e)
{
	return e->live->rs;
}

const struct facts *engine_facts(const struct engine *e)
{
	return &e->live->facts;
}

const struct fw_image *engine_image(const struct engine *e)
{
	return &e->live->image;
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

bool engine_busy(const struct engine *e)
{
	return e->swapping || e->awaits_grace;
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
	engine_upkeep(e);
}

void engine_status(const struct engine *e, struct engine_status *out)
{
	uint64_t room;

	*out = (struct engine_status){
		.generation = e->live->image.generation,
		.transaction_seconds = e->transaction_seconds,
		.reload_seconds = e->reload_seconds,
		.stats = e->live->image.stats,
		.cost = e->live->cost,
		.cost_is_old = e->live->changed,
		.pool_segments = fw_kern_pool(e->kern)->nsegments,
		.confirm_by = e->confirm.by,
		.undone = e->undone,
	};
	memcpy(out->reloads, e->reloads, sizeof(out->reloads));
	memcpy(out->failures, e->failures, sizeof(out->failures));
	snprintf(out->confirm_what, sizeof(out->confirm_what), "%s", e->confirm.by ? e->confirm.what : "");
	fw_image_usage(&e->live->image, &out->pool_used, &room);
	out->pool_used *= FW_LINE;
}
