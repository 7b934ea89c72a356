/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live ruleset: its rules, their tables in the kernel, and the store, which change together or not at all. One change at a
 * time. A load is parsed and compiled by a worker; until it is done other changes wait, and the live ruleset can be read.
 */
#ifndef FWD_ENGINE_H
#define FWD_ENGINE_H

#include "ctl/fwd/base/histogram.h"
#include "ctl/fwd/base/record.h"
#include "ctl/fwd/store/store.h"

#include "fw/attach_needs.h"
#include "fw/cost.h"
#include "fw/builtin.h"
#include "fw/diff.h"
#include "fw/interfaces.h"
#include "fw/kern.h"
#include "fw/text.h"

struct engine;

/* Where the addresses of built-in sets come from. */
struct engine_addresses {
	int (*read)(struct fw_own_addresses *out); /* as fw_own_addresses_read(), called by any thread */
	int watch; /* descriptor that never blocks, readable when they may have changed */
};

struct engine_options {
	const char *store; /* path of the database */
	const char *pins;
	enum fw_kern_pool pool;
	gid_t readers;           /* members of this group may read the iterator files; (gid_t)-1: root only */
	const char *rules;       /* loaded if the store holds no ruleset; NULL: none */
	uint32_t (*clock)(void); /* tests: the clock of the engine, in seconds since the epoch; NULL: a real one */
	const struct engine_addresses *addresses; /* tests; NULL: those of this network namespace */
	/* Before the first publication, as fw_interfaces_all(); NULL: none are known until engine_interface_told(). */
	int (*interfaces)(fw_interface_report *report, void *ctx);
	/* Called once everything that needs privileges is open, and before there is a second thread. 0, or -errno. May be NULL. */
	int (*opened)(struct fw_diags *ds);
	/* Called for everything that is done or refused. false: one refusal too many, do not keep it. May be NULL. */
	bool (*record)(const struct record *r, void *ctx);
	void *record_ctx;
};

/**
 * engine_open - take over what is pinned and what is stored
 *
 * Undoes what was not confirmed in time, compiles the stored ruleset while the tables of the process before filter, and
 * publishes it.
 * Return: 0, or -errno with diagnostics; then what was filtering before still is.
 */
int engine_open(const struct engine_options *opts, struct fw_diags *ds, struct engine **out);
/* Ends the controller; filtering goes on. */
void engine_close(struct engine *e);

/* Seconds since the epoch, by the clock by which elements leave sets. */
uint32_t engine_now(const struct engine *e);

/* For reading only. */
const struct fw_ruleset *engine_ruleset(const struct engine *e);
const struct fw_attach_needs *engine_needs(const struct engine *e); /* of that ruleset */
const struct fw_image *engine_image(const struct engine *e);        /* its tables */
struct fw_kern *engine_kern(struct engine *e);
struct store *engine_store(struct engine *e); /* for its settings */

/* What a store holds. */
struct engine_stored {
	size_t rules, sets;
	uint64_t changes; /* since the last snapshot */
	bool waits;       /* something waits to be confirmed */
	bool held;        /* a ruleset was loaded or changed at some time */
};
/*
 * Checks that a store is intact and that its ruleset compiles, and also the one that it may go back to.
 * @s: from store_open_copy(); changed. Return: 0, or -errno with diagnostics.
 */
int engine_check_store(struct store *s, struct engine_stored *out, struct fw_diags *ds);

/*
 * A descriptor that is readable when engine_work() has something to do: a load is done, a grace period is over, a
 * confirmation did not arrive in time.
 */
int engine_fd(const struct engine *e);
void engine_work(struct engine *e);
/* A load is under way: changes return -EAGAIN until it is done. */
bool engine_busy(const struct engine *e);

struct engine_seconds {
	double parse, compile, store, swap, total;
};
struct engine_result {
	struct fw_diags ds;
	struct fw_diags warnings; /* about what was accepted, or would be */
	int err;
	struct fw_diff_counts counts;
	size_t rules;
	struct fw_cost_worst cost; /* of a load */
	uint64_t generation;
	uint64_t edits;     /* as of the status */
	int64_t confirm_by; /* seconds since the epoch; 0: none */
	bool rebuilt;
	bool bulk; /* with -EAGAIN: it would take so long that it is left to engine_bulk_start() */
	struct engine_seconds seconds;
};

/* Who asks for a change, a short description of it, and how long it waits for engine_confirm() before it is undone. */
struct engine_cause {
	struct record_who who;
	char what[RECORD_WHAT]; /* "load FILE", by record_text() */
	unsigned confirm;       /* seconds; 0: it need not be confirmed */
};

struct engine_edit {
	struct store_text source;
	/*
	 * Makes the change instead of the text, and writes to @log what fw_text_edit() would have written; perhaps more than once.
	 * Return: 0 or -ENOMEM. NULL: the text makes it.
	 */
	int (*make)(struct fw_edit *edit, struct fw_buf *log, void *ctx);
	const char *chain; /* the text is of rules that take the place of this chain's; NULL: of changes */
	const struct owners_rights *rights; /* what may differ; NULL: everything */
	bool check;                         /* only find out whether it would be accepted */
	bool waited;                        /* it was refused with -EAGAIN before */
	bool own; /* fwd's own: neither recorded nor waited for until it is on disk, and nothing is stored if nothing changes */
	struct engine_cause cause;
	/* Called for each row of the edit of @rs once it is live, while the rule before and after are both there. May be NULL. */
	void (*each)(const struct fw_ruleset *rs, const struct fw_rule_change *change, void *ctx);
	void *ctx;
};
/**
 * engine_change - one transaction
 *
 * Return: out->err: 0; -EAGAIN: engine_busy() or out->bulk; -EBUSY with a diagnostic: something waits to be confirmed;
 * else -errno with diagnostics, and nothing has changed.
 */
int engine_change(struct engine *e, const struct engine_edit *edit, struct engine_result *out);

/* Is the text so long that it should be left to engine_bulk_start()? */
bool engine_edit_is_bulk(const struct engine_edit *edit);
/**
 * engine_bulk_start - a large change, made by the worker
 * @edit: what it points to must live until done(), which gets the same ctx; each() is called just before
 * @done: called once, from engine_work() or from engine_close()
 *
 * The ruleset is replaced, as by a load: pointers to rules of the old one are invalid then.
 * Return: 0; -EAGAIN: busy; -EBUSY with a diagnostic: something waits to be confirmed; -ENOMEM.
 */
int engine_bulk_start(struct engine *e, const struct engine_edit *edit,
		      void (*done)(const struct engine_result *result, void *ctx), struct fw_diags *ds);

/* Why the live ruleset is replaced, and what can fail. */
enum engine_reload { ENGINE_LOAD, ENGINE_FLUSH, ENGINE_ROLLBACK, ENGINE_NRELOADS };
enum engine_failure { ENGINE_FAILED_CHANGE, ENGINE_FAILED_LOAD, ENGINE_NFAILURES };

/* What a rule of a text that is loaded has counted before, elsewhere. */
struct engine_begin {
	uint32_t line; /* of the rule */
	struct fw_count count;
};

#define ENGINE_DIFF_MAX 10000 /* rules, and sets, that a diff lists at most */
struct engine_load {
	enum engine_reload kind;
	/* The engine frees the name, the texts, the paths and the array of files. */
	struct store_text source;
	char *body; /* memory that contains all texts; NULL: each text was allocated on its own */
	/* Where counters of rules begin that are not live yet: @nbegins of them, by line. The engine frees them. */
	struct engine_begin *begins;
	size_t nbegins;
	bool check;
	bool compare;      /* with @check: only count what it would change, without compiling it */
	bool empty;        /* a text without rules is intended */
	uint64_t max_cost; /* nanoseconds that a packet may take at most; 0: any time */
	struct engine_cause cause;
	/* Gets what the load changes; called by the worker before done(). May be NULL. */
	void (*diff)(const struct fw_diff *diff, void *ctx);
	void (*progress)(const char *stage, void *ctx); /* called by engine_work(); may be NULL */
	/* Called once, by engine_work(), or by engine_close() with -ECANCELED. */
	void (*done)(const struct engine_result *result, void *ctx);
	void *ctx;
};
/* Reads a file of rules and the files of its sets. 0, -errno with a diagnostic or -ENOMEM; engine_load_free() it in any case. */
int engine_load_read(const char *path, struct engine_load *out, struct fw_diags *ds);
void engine_load_free(struct engine_load *l); /* everything that @l points to */
/* Starts a load. Takes what @load points to in any case. 0; -EAGAIN: busy; -EBUSY: see engine_waits(); -ENOMEM. */
int engine_load_start(struct engine *e, struct engine_load *load);

/* Does something wait to be confirmed? 0: no; -EBUSY with a diagnostic: yes. */
int engine_waits(const struct engine *e, struct fw_diags *ds);
/* Keeps what waits. 0; -ENOENT with a diagnostic: nothing waits, or it is too late; -EBUSY with one: it is being undone; -errno. */
int engine_confirm(struct engine *e, const struct record_who *who, struct fw_diags *ds);
/* Undoes what waits; engine_busy() until that is done. Returns as engine_confirm() does; if it fails, it is tried again. */
int engine_undo(struct engine *e, const struct record_who *who, struct fw_diags *ds);

/*
 * Something other than the ruleset that waits to be confirmed. @before, a text that undoes it, is kept in the store and passed to
 * @undo, even by the next process. engine_outside_end(): it was confirmed, undone, or failed.
 */
typedef int engine_outside_undo(const char *before, void *ctx, struct fw_diags *ds);
void engine_outside(struct engine *e, engine_outside_undo *undo, void *ctx);
int engine_outside_begin(struct engine *e, const struct engine_cause *w, const char *before, struct fw_diags *ds);
int engine_outside_end(struct engine *e, struct fw_diags *ds);

/* Records what was done or refused elsewhere. @r: everything except time and number of rules. */
void engine_record(struct engine *e, struct record *r);

/* What was undone last instead of being confirmed. */
struct engine_undone {
	int64_t at;       /* seconds since the epoch; 0: never, or something was confirmed since */
	int64_t rules;    /* how many there were with it; -1: the ruleset was not touched */
	int64_t restored; /* how many there were after it was undone; -1: that is not done yet */
	struct fw_diff_counts
		counts; /* what undoing it changed; zeros if another process did it, or if the ruleset was not touched */
	char what[RECORD_WHAT], reason[160];
};

struct engine_status {
	uint64_t generation;
	/* Since the start: */
	uint64_t reloads[ENGINE_NRELOADS], failures[ENGINE_NFAILURES];
	uint64_t
		edits; /* loads, changes and undos, but for changes of elements of dynamic sets alone, since the start */
	struct histogram transaction_seconds, reload_seconds; /* of those that succeeded */
	uint64_t elements_left,
		left_transactions; /* elements that left sets since their time was over, and in how many steps */
	struct fw_compile_stats stats;
	struct fw_cost_worst cost;         /* of the tables when they were last written as a whole */
	bool cost_is_old;                  /* they have changed since then */
	uint64_t pool_segments, pool_used; /* bytes */
	int64_t confirm_by;
	uint32_t confirm_uid;           /* who has begun what waits until then; UINT32_MAX: not known */
	char confirm_what[RECORD_WHAT]; /* what that is */
	struct engine_undone undone;
};
void engine_status(const struct engine *e, struct engine_status *out);

/* Memory of this process in bytes, according to jemalloc. */
#define ENGINE_ARENAS 8
struct engine_memory {
	bool known; /* false: another allocator is in use */
	uint64_t allocated, active, resident, retained;
	struct {
		uint32_t generation; /* in which its ruleset became live; 0: the ruleset is being loaded or freed */
		uint64_t active;
	} arena[ENGINE_ARENAS]; /* one for each ruleset in memory */
	size_t narenas;
};
void engine_memory(const struct engine *e, struct engine_memory *out);

/* The interfaces that engine_interface_told() was told of. */
const char *engine_interface_name(const struct engine *e, uint32_t ifindex); /* NULL: there is none */
uint32_t engine_interface_at(const struct engine *e, size_t i); /* index of the @i-th; 0: there are no more */
uint32_t engine_interface_named(const struct engine *e, const char *name); /* by any of its names; 0: none */
bool engine_interface_also(const struct engine *e, uint32_t ifindex,
			   const char *name); /* is @name an alternative name of it? */
const char *engine_interface_name_at(const struct engine *e, size_t interface,
				     size_t i); /* NULL: it has no more names */
/* Do rules use two names of the interface? Only the first one matches then. */
bool engine_interface_torn(const struct engine *e, uint32_t ifindex, const char *names[2]);
/* The number of the interface in the ruleset, or FW_IFACE_OTHER. */
uint32_t engine_interface_number(const struct engine *e, uint32_t ifindex);

/* Why there are no iterator files (fw_kern_iterator_file()): -errno; 0: there are. */
int engine_files_error(const struct engine *e);

/* Packets on which a rule or a policy decided, a policy by the verdict that it had then. */
struct fw_count engine_rule_count(const struct engine *e, const struct fw_rule *rule);
void engine_reason_count(const struct engine *e, enum fw_reason reason, struct fw_count out[FW_NTERMINAL]);
/*
 * Resets the counter of a rule; NULL: of all rules and policies. Exact: packets before the call are not counted.
 * 0 or -ENOMEM.
 */
int engine_count_reset(struct engine *e, const struct fw_rule *rule);

/* Called for every message of rtnetlink. Index 0: all interfaces have been told, and any other is gone. 0 or -errno. */
int engine_interface_told(struct engine *e, const struct fw_interface *told);

#endif
