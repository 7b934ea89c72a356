/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's inside. Three threads: the one that calls the functions of
 * engine.h and owns everything here; a worker, which runs one job at a time; and
 * one that waits for grace periods. They meet in struct jobs and struct graces,
 * each with a lock of its own, and in an eventfd that wakes the first.
 */
#ifndef FWD_ENGINE_INTERNAL_H
#define FWD_ENGINE_INTERNAL_H

#include "engine.h"

#include "fw/live.h"

#include <pthread.h>

/* A ruleset with its tables, and what the engine knows of both. */
struct loaded {
	struct fw_compiled compiled;  /* the first member: struct fw_live gives it back */
	struct fw_cost_worst cost;    /* of the tables when they were written as a whole */
	bool changed;                 /* they have changed since then */
	struct fw_attach_needs needs; /* of the ruleset */
	unsigned arena;               /* jemalloc's, in which the ruleset was loaded; 0: none of its own */
};

/* Work for the worker: run() there, then finish() in the thread that called. */
struct job {
	struct job *next;
	bool swaps; /* it makes another ruleset: no changes until it is finished */
	void (*run)(struct engine *e, struct job *job);
	void (*finish)(struct engine *e, struct job *job); /* frees it too */
};
struct jobs {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct job *queue; /* all of this under the lock; the first one is being run, or is to be finished */
	bool finishing;
	bool quit;
};

/* An interface, and what it is called. */
struct interface_names {
	uint32_t ifindex;
	char name[FW_IFNAME_MAX + 1];
	char **altname;
	size_t naltnames;
	unsigned round;    /* when it was last told of */
	unsigned numbered; /* of its names so many have a number */
};

/* What waits to be confirmed. */
struct confirm {
	int64_t by;             /* seconds since the epoch; 0: nothing waits */
	unsigned seconds;       /* that it was given */
	char what[RECORD_WHAT]; /* as somebody would say it: "load FILE" */
	size_t rules;           /* that there are with it */
	bool beside;            /* it is not of the ruleset: see engine_beside() */
	bool undoing;           /* it is being undone */
	char error[160];        /* why that did not work yet; empty: it was not tried */
	struct record_who undoer;
	uint32_t *slots; /* of rules that it removed, kept for the case that it is undone */
	size_t nslots;
	int timer;
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
	struct fw_classifier *probe; /* of warn_edit(); NULL: not yet needed */
	struct interface_names *interfaces;
	size_t ninterfaces, interfaces_cap;
	unsigned interfaces_round; /* grows whenever all interfaces were told */
	int files_err;             /* why there are no files of counters */
	size_t names_stored;       /* names of interfaces that the store knows */
	bool names_told;           /* the kernel was told which numbers have no name */
	bool names_stuck;          /* that failed: until the next change */
	struct load_job *loading;  /* NULL: none */
	bool rolled_back;          /* by engine_open() */
	bool keeping_up;           /* a job that looks after the store is under way */
	double upkeep_after;       /* on the clock of fw_now() */
	bool working;              /* the worker was started */
	uint64_t reloads[ENGINE_NRELOADS], failures[ENGINE_NFAILURES];
	struct histogram transaction_seconds, reload_seconds;
	struct engine_undone undone;
	engine_beside_undo *beside_undo;
	void *beside_ctx;
	bool (*record)(const struct record *r, void *ctx);
	void *record_ctx;
};

void engine_wake(struct engine *e);
/* The live one. */
static inline struct loaded *loaded_now(const struct engine *e)
{
	return (struct loaded *)e->live->now;
}
/* An empty one, with an arena of its own. NULL: memory is out. fw_compiled_free() frees it. */
struct loaded *loaded_new(void);
/*
 * The tables of its ruleset, and what attachments need to know of it: both look at every rule, so
 * this is the worker's once there is one. As fw_tables_compile().
 */
int loaded_compile(const struct engine *e, struct loaded *l, struct fw_diags *ds);
/* What a packet costs in these tables. 0 or -ENOMEM. */
int loaded_cost(const struct engine *e, struct loaded *l);
/* What the kernel could not do, as a diagnostic: returns @err. */
int engine_kernel_error(int err, const char *what, struct fw_diags *ds);
/* What a user would say of an errno for which nobody made a diagnostic. */
void engine_explain(int err, const char *what, struct fw_diags *ds);

/* engine_grace.c */
/* Finishes a grace period that is over, and begins another if something waits for one. */
void grace_work(struct engine *e);
/* Waits for all of them. */
void grace_wait(struct engine *e);

/* engine_job.c */
int jobs_start(struct engine *e);
void jobs_stop(struct engine *e);
/* A job that makes another ruleset waits until what was replaced before takes no room any more. */
void job_queue(struct engine *e, struct job *job);
void job_release(struct engine *e);
void jobs_work(struct engine *e);

/* engine_read.c: what the store holds, as a ruleset */
struct stored {
	struct fw_ruleset *rs;
	struct store_file *files; /* of its sets; text and path are copies */
	size_t nfiles;
	uint64_t changes;
	bool loaded; /* false: nobody ever loaded anything */
};
void stored_free(struct stored *st);
/*
 * @arena: for the ruleset
 * @like:  interfaces get its numbers; NULL: those that the store knows
 * @files: they are wanted
 * 0, -errno with diagnostics.
 */
int stored_read(struct engine *e, unsigned arena, const struct fw_ruleset *like, bool files, struct stored *out,
		struct fw_diags *ds);
/* For struct fw_files: changes are written down without them. */
int stored_no_file(void *ctx, const char *path, const char **text, size_t *len);
/* The slots of rules in order, as the store keeps them, and their ids. free() both. 0 or -ENOMEM. */
int stored_numbers(const struct fw_ruleset *rs, uint64_t **ids, uint32_t **slots);
#define STORED_OWN_ID 0x80000000u /* in a stored slot: the user gave the rule's id */

/* engine_fold.c: upkeep of the store */
void engine_upkeep(struct engine *e);

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

/* engine_confirm.c */
/* Before the store is read: undoes what waited and whose time is over. 0, -errno with a diagnostic. */
int confirm_open(struct engine *e, struct fw_diags *ds);
/* When it is live. */
void confirm_opened(struct engine *e);
/* Before a load or a change that waits is committed: until when, written down. @rules: that there are with it. */
int confirm_prepare(struct engine *e, const struct engine_cause *w, size_t rules, struct fw_diags *ds);
/* When it is live: takes @slots, of the rules that it removed. */
void confirm_begin(struct engine *e, const struct engine_cause *w, size_t rules, uint32_t *slots, size_t nslots);
/* Nothing waits any more. */
void confirm_end(struct engine *e);
void confirm_timer(struct engine *e, int64_t seconds);
/* What engine_beside_begin() wrote down: free() it. -ENOENT: nothing. */
int confirm_before(struct engine *e, char **out);
void confirm_late(const struct engine *e, char *out, size_t size);
void confirm_work(struct engine *e);
/* What waited was undone, for the status; @restored: rules that there are then, -1: not yet known. */
void undone_note(struct engine *e, int64_t restored, const char *why);

/* engine_undo.c */
/* The store goes back. @rs: what goes, whose dynamic sets are carried over to what comes back; NULL: they are not. */
int store_back(struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds);
/*
 * Slots that are free in @next, which takes the place of @of, but may still be counted in, are held there and come back in @slots;
 * @of NULL: all that are free. 0 or -ENOMEM.
 */
int slots_hold(struct engine *e, struct loaded *next, const struct fw_ruleset *of, uint32_t **slots, size_t *nslots);
/* Takes back what waits: 0 when it is done or begun; -errno with a diagnostic: it is tried again. */
int undo_start(struct engine *e, const struct record_who *who, const char *why, struct fw_diags *ds);

/* engine_load.c */
struct finder {
	const struct store_file *files;
	size_t n;
};
/* For struct fw_files, with a struct finder. */
int finder_find(void *ctx, const char *path, const char **text, size_t *len);
/* A text that was accepted before. */
int stored_parse(struct fw_ruleset *rs, const struct store_snapshot *sn, struct fw_diags *ds);
int load_parse(const struct engine_load *l, struct fw_ruleset *rs, struct fw_diags *ds);
/* Tells the client of the load how far it has come. */
void load_tell(struct engine *e);
/* The two parts of a snapshot; store_snapshot_commit() makes it the one that counts. */
int load_store_text(struct engine *e, const struct engine_load *l, struct fw_diags *ds);
/* @carried: changes on top of the text; NULL: none. */
int load_store_numbers(struct engine *e, const struct fw_ruleset *rs, const struct fw_buf *carried,
		       struct fw_diags *ds);

/* engine_request.c */
/*
 * What a full disk or a template left empty would open everything: a text without rules in the place of a ruleset that has
 * some, and one that says nothing at all. 0, or -EINVAL with a diagnostic.
 */
int load_check_empty(const struct engine_load *l, const struct fw_ruleset *rs, const struct fw_ruleset *old,
		     struct fw_diags *ds);

/* engine_warn.c */
/* Of a ruleset that is compiled, by the worker: with what its text is warned of. */
void warn_load(struct engine *e, const struct loaded *next, struct fw_diags *out);
/* Of an edit that is open, after its change of the tables, or without it when the edit is only checked. */
void warn_edit(struct engine *e, const struct fw_edit *edit, struct fw_diags *out);

/* engine_iface.c */
/* Rules may call an interface by one of its names only: 0, or -EINVAL with a diagnostic. */
int ifaces_check(const struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds);
void ifaces_free(struct engine *e);
/* Packets of interfaces get the numbers of @rs, and the store knows them, before it is live. 0 or -errno with a diagnostic. */
int ifaces_number(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds);
/* Names of the live ruleset went. 0 or -EIO. */
int ifaces_renumber(struct engine *e);

/* engine_names.c */
/* Those that are new, into the store. 0, -errno with a diagnostic. */
int names_store(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds);
/* The numbers that the store knows, into an empty ruleset. 0 or -errno. */
int names_restore(struct engine *e, struct fw_ruleset *rs);
/* Would a grace period give numbers back? */
bool names_wanted(const struct engine *e);
/* One begins; it is over. */
void names_wait(struct engine *e);
void names_part(struct engine *e);

/* engine_memory.c: an arena of jemalloc's for each ruleset, so that the whole of it goes away at once */
unsigned memory_new(void); /* 0: there is none */
/* From now on this thread allocates from it; 0: from the usual one. */
void memory_use(unsigned arena);
void memory_free(unsigned arena);

#endif
