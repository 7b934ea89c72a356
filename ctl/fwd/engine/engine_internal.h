/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared between the files of the engine. Three threads: the one that calls the functions of engine.h and owns everything here; a
 * worker, which runs one job at a time; and one that waits for grace periods (struct fw_live_waiter). They meet in struct jobs
 * and in the waiter, each with a lock of its own, and in an eventfd that wakes the first one.
 */
#ifndef FWD_ENGINE_INTERNAL_H
#define FWD_ENGINE_INTERNAL_H

#include "engine_confirm.h"
#include "engine_interfaces.h"
#include "engine_job.h"
#include "loaded.h"
#include "memory.h"

/* engine_clock.c */
struct engine_clock {
	uint32_t (*fake)(void); /* NULL: the clock is real */
	int64_t base;           /* nanoseconds since the epoch at the boot */
	uint32_t last;          /* when an element left a set last */
	double written;         /* when the store was told, on the clock of fw_now() */
};

/* engine_expire.c */
struct expiry {
	int timer;
	uint32_t armed;                  /* for this time; FW_FOREVER: it is not */
	uint64_t elements, transactions; /* since the start */
};

/* engine_own.c */
struct own {
	int (*fake)(struct fw_own_addresses *out); /* NULL: the kernel says them */
	int watch, timer; /* watch: readable when addresses may have changed; timer: for another try */
	bool stale;       /* the live ruleset may have others than there are now */
	bool waits;       /* for the timer */
};

struct engine {
	struct store *store;
	struct fw_kern *kern;
	struct fw_live *live;
	struct fw_live_waiter *waiter;
	struct jobs jobs;
	const struct job *swapping; /* the job that makes another ruleset */
	struct job *held;           /* the same, while it waits for grace periods; NULL: it does not */
	bool awaits_grace;          /* a change waits until no grace period is pending */
	int wake;                   /* eventfd */
	int poll;                   /* of wake and the timer */
	struct confirm confirm;
	struct engine_clock clock;
	struct expiry expiry;
	struct own own;
	struct fw_classifier *probe; /* of warn_edit(); NULL: not yet needed */
	struct interface_names *interfaces;
	size_t ninterfaces, interfaces_cap;
	unsigned interfaces_round;    /* grows whenever all interfaces were told */
	int files_err;                /* why there are no files of counters */
	size_t names_stored;          /* names of interfaces that the store knows */
	bool names_told;              /* the kernel was told which numbers have no name */
	bool names_stuck;             /* that failed: until the next change */
	struct ruleset_load *loading; /* NULL: none */
	bool rolled_back;             /* by engine_open() */
	bool keeping_up;              /* a job that looks after the store is under way */
	double upkeep_after;          /* on the clock of fw_now() */
	bool working;                 /* the worker was started */
	uint64_t reloads[ENGINE_NRELOADS], failures[ENGINE_NFAILURES];
	uint64_t edits; /* of the ruleset by others, elements of dynamic sets aside */
	struct histogram transaction_seconds, reload_seconds;
	struct engine_undone undone;
	engine_outside_undo *outside_undo;
	void *outside_ctx;
	bool (*record)(const struct record *r, void *ctx);
	void *record_ctx;
};

/* engine_clock.c */
/* Once the store is open, before it is read. */
void clock_open(struct engine *e);
/* Elements left at @now. */
void clock_left(struct engine *e, uint32_t now);
/* Sets the timer for the next element that leaves: after everything that may have changed sets. */
void clock_arm(struct engine *e);

/* engine_expire.c */
/* Elements whose time is over leave. */
void expire_work(struct engine *e);

/* engine_own.c */
/* @fake: tests; NULL: the kernel's. 0 or -errno. */
int own_open(struct engine *e, const struct engine_addresses *fake);
void own_close(struct engine *e);
/* The live ruleset follows changes of addresses. */
void own_work(struct engine *e);

/* engine_fill.c */
/* The addresses of now, by any thread: 0, and fw_own_addresses_free(); or -errno with a diagnostic. */
int own_read(const struct engine *e, struct fw_own_addresses *out, struct fw_diags *ds);
/* In a ruleset that no packet sees, by any thread: built-in sets get the addresses of now. 0, -errno with a diagnostic. */
int own_fill(const struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds);
/* The same for those that an edit has created. Also -EAGAIN, as fw_edit_set_replace(). */
int own_fill_edit(const struct engine *e, struct fw_edit *edit, struct fw_diags *ds);

/* engine_explain.c */
/* If @err is one: adds a diagnostic for what the kernel could not do. Return: @err. */
int engine_kernel_error(int err, const char *what, struct fw_diags *ds);
/* Adds a diagnostic for @err unless @ds has one already: "cannot @what: ...". */
void engine_explain(int err, const char *what, struct fw_diags *ds);

/* engine_read.c: what the store holds, as a ruleset */
struct stored {
	struct fw_ruleset *rs;
	struct store_file *files; /* of its sets; text and path are copies */
	size_t nfiles;
	uint64_t changes;
	bool loaded; /* false: nobody ever loaded anything */
};
void stored_free(struct stored *st);
struct stored_options {
	unsigned arena; /* for the ruleset */
	const struct fw_ruleset
		*like; /* interfaces get the numbers that they have there; NULL: those that the store knows */
	bool files;    /* the files of sets are wanted, too */
};
/* 0; -errno with diagnostics, and @out is not touched. */
int stored_read(struct engine *e, const struct stored_options *o, struct stored *out, struct fw_diags *ds);
/* For struct fw_files: changes are written down without them. */
int stored_no_file(void *ctx, const char *path, const char **text, size_t *len);

/* engine_fold.c */
/* Gives the worker what there is to do in the store, if anything. */
void engine_upkeep(struct engine *e);

/* engine_count.c */
struct begun {
	struct begun_row {
		uint32_t slot;
		struct fw_count count;
	} * rows;
	size_t n;
};
/* The slots of @next whose counters begin as @l says, once counts_begin() is called, which cannot fail. 0 or -ENOMEM. */
int counts_prepare(struct engine *e, const struct fw_ruleset *next, const struct engine_load *l, struct begun *out);
void counts_begin(struct engine *e, const struct begun *b);

/* engine_load.c */
/* Tells the client of the load how far it has come. */
void load_tell(struct engine *e);

/* engine_record.c */
/* What was asked for now, with nothing of how it went. */
struct record record_of(enum record_action action, const struct engine_cause *cause);
/* Tells it; false: it need not be kept. */
bool record_tell(struct engine *e, const struct record *r);
/* As a note for the store, which borrows @b: 0 or -ENOMEM. */
int record_write(const struct record *r, struct fw_buf *b, struct store_note *out);
void record_refused(struct engine *e, enum record_action action, const struct engine_cause *cause, int err,
		    const struct fw_diags *ds);
/* What undone_note() noted is done. */
void record_undone(struct engine *e);

/* engine_warn.c */
/* Of a ruleset that is compiled, by the worker: with what its text is warned of. */
void warn_load(struct engine *e, const struct loaded *next, struct fw_diags *out);
/* Of an edit that is open, after its change of the tables, or without it when the edit is only checked. */
void warn_edit(struct engine *e, const struct fw_edit *edit, struct fw_diags *out);

#endif
