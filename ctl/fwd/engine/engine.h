/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live ruleset: the rules, their tables in the kernel, and the store, which
 * change together or not at all. One change at a time; a load is parsed and
 * compiled in a thread of its own, and until it is done others wait and what is live can be read.
 */
#ifndef FWD_ENGINE_H
#define FWD_ENGINE_H

#include "ctl/fwd/base/histogram.h"
#include "ctl/fwd/base/record.h"
#include "ctl/fwd/store/store.h"

#include "fw/attach_needs.h"
#include "fw/cost.h"
#include "fw/diff.h"
#include "fw/interfaces.h"
#include "fw/kern.h"
#include "fw/text.h"

struct engine;

struct engine_options {
	const char *store; /* path of the database */
	const char *pins;
	enum fw_kern_pool pool;
	gid_t readers;     /* members of this group may read the files of counters; (gid_t)-1: root only */
	const char *rules; /* loaded when the store holds no ruleset; NULL: none */
	/* When all that wants privileges is open, and before there is a second thread. 0, or -errno. May be NULL. */
	int (*opened)(struct fw_diags *ds);
	/* What was done or refused, when it is; false: a refusal that is one too many to be kept. May be NULL. */
	bool (*record)(const struct record *r, void *ctx);
	void *record_ctx;
};

/**
 * engine_open - takes over what is pinned and stored, and brings both together
 *
 * The stored ruleset is compiled beside whatever is filtering and swapped in; what was not confirmed in time is undone
 * first.
 * Return: 0, or -errno with diagnostics; what was filtering before goes on.
 */
int engine_open(const struct engine_options *opts, struct fw_diags *ds, struct engine **out);
/* Ends the controller, not the filtering. */
void engine_close(struct engine *e);

/* For reading only. */
const struct fw_ruleset *engine_ruleset(const struct engine *e);
const struct fw_attach_needs *engine_needs(const struct engine *e); /* of that ruleset */
const struct fw_image *engine_image(const struct engine *e);        /* its tables */
struct fw_kern *engine_kern(struct engine *e);
struct store *engine_store(struct engine *e); /* for settings */

/* What a store holds. */
struct engine_stored {
	size_t rules, sets;
	uint64_t changes; /* since the last snapshot */
	bool waits;       /* something is to be confirmed */
	bool held;        /* a ruleset was loaded, or changed, at some time */
};
/*
 * Is all of it whole, and a ruleset that compiles, also the one that it may go back to? @s: of store_open_copy(), changed by
 * this. 0, or -errno with diagnostics.
 */
int engine_check_store(struct store *s, struct engine_stored *out, struct fw_diags *ds);

/* A descriptor that is readable when engine_work() has something to do: a load that is done, a grace period that is over, a
 * confirmation that did not come. */
int engine_fd(const struct engine *e);
void engine_work(struct engine *e);
/* true: a load is under way; changes answer -EAGAIN until it is done. */
bool engine_busy(const struct engine *e);

struct engine_seconds {
	double parse, compile, store, swap, total;
};
struct engine_result {
	struct fw_diags ds;
	struct fw_diags warnings; /* of what was taken, or would be */
	int err;
	struct fw_diff_counts counts;
	size_t rules;
	struct fw_cost_worst cost; /* of a load */
	uint64_t generation;
	int64_t confirm_by; /* seconds since the epoch; 0: none */
	bool rebuilt;
	bool bulk; /* with -EAGAIN: it takes so long that it is one for engine_bulk_start() */
	struct engine_seconds seconds;
};

/* Who asks for something, in a few words what, and whether it is undone unless engine_confirm() comes in time. */
struct engine_cause {
	struct record_who who;
	char what[RECORD_WHAT]; /* "load FILE", by record_text() */
	unsigned confirm;       /* seconds; 0: it stays */
};

struct engine_edit {
	struct store_text source;
	bool check;  /* only say whether it would be taken */
	bool waited; /* it has been answered -EAGAIN already */
	struct engine_cause cause;
	/* Called for each row of the edit of @rs when it is done, while old and new rule are there; may be NULL. */
	void (*each)(const struct fw_ruleset *rs, const struct fw_rule_change *change, void *ctx);
	void *ctx;
};
/**
 * engine_change - one transaction
 * Return: out->err: 0; -EAGAIN: busy now (engine_busy()), or out->bulk; -EBUSY with a diagnostic: something waits to be confirmed; else with diagnostics, and
 * nothing has changed.
 */
int engine_change(struct engine *e, const struct engine_edit *edit, struct engine_result *out);

/* Is the text so long that others should not wait until it is done? Then: */
bool engine_edit_is_bulk(const struct engine_edit *edit);
/**
 * engine_bulk_start - a large change, by the worker
 * @edit: what it points to must live until done(), which has the same ctx; each() comes just before
 * @done: from engine_work(), once; or from engine_close()
 *
 * The ruleset is another one then, as after a load: pointers to its rules are of the old one.
 * Return: 0; -EAGAIN: busy; -EBUSY with a diagnostic: something waits to be confirmed; -ENOMEM.
 */
int engine_bulk_start(struct engine *e, const struct engine_edit *edit,
		      void (*done)(const struct engine_result *result, void *ctx), struct fw_diags *ds);

/* What puts another ruleset in the place of the live one; what may fail. */
enum engine_reload { ENGINE_LOAD, ENGINE_FLUSH, ENGINE_ROLLBACK, ENGINE_NRELOADS };
enum engine_failure { ENGINE_FAILED_CHANGE, ENGINE_FAILED_LOAD, ENGINE_NFAILURES };

#define ENGINE_DIFF_MAX 10000 /* rules, and sets, that a diff shows */
struct engine_load {
	enum engine_reload kind;
	/* Name, texts, paths and the array are the engine's to free(). */
	struct store_text source;
	char *body; /* that text and the files' texts lie in; NULL: each of them is allocated by itself */
	bool check;
	bool compare; /* with @check: only what it changes, see the result's counts; whether it fits is not looked at */
	bool empty;   /* a text without rules is meant */
	uint64_t max_cost; /* nanoseconds that a packet may take; 0: no matter */
	struct engine_cause cause;
	/* What it changes; by the worker, before done(). May be NULL. */
	void (*diff)(const struct fw_diff *diff, void *ctx);
	void (*progress)(const char *stage, void *ctx); /* from engine_work(); may be NULL */
	/* From engine_work(), once; or from engine_close(), with -ECANCELED. */
	void (*done)(const struct engine_result *result, void *ctx);
	void *ctx;
};
/* A file of rules, with the files of its sets, as a load. 0, -errno with a diagnostic or -ENOMEM: engine_load_free() it. */
int engine_load_read(const char *path, struct engine_load *out, struct fw_diags *ds);
void engine_load_free(struct engine_load *l); /* what @l points to */
/* Starts a load; takes what @load points to, whatever it returns: 0; -EAGAIN: busy; -EBUSY: see engine_waits(). */
int engine_load_start(struct engine *e, struct engine_load *load);

/* -EBUSY with a diagnostic: something waits to be confirmed; 0: nothing does. */
int engine_waits(const struct engine *e, struct fw_diags *ds);
/* It stays. 0; -ENOENT with a diagnostic: nothing waits, or it is too late; -EBUSY with one: it is being undone; -errno. */
int engine_confirm(struct engine *e, const struct record_who *who, struct fw_diags *ds);
/* It is undone now; while engine_busy(), that is being done. As engine_confirm(); what fails is tried again. */
int engine_undo(struct engine *e, const struct record_who *who, struct fw_diags *ds);

/*
 * Something beside the ruleset that waits: @before, a text that undoes it, is kept in the store and given back to @undo, also by
 * the next process. engine_beside_end: nothing has come of it.
 */
typedef int engine_beside_undo(const char *before, void *ctx, struct fw_diags *ds);
void engine_beside(struct engine *e, engine_beside_undo *undo, void *ctx);
int engine_beside_begin(struct engine *e, const struct engine_cause *w, const char *before, struct fw_diags *ds);
int engine_beside_end(struct engine *e, struct fw_diags *ds);

/* What was done or refused elsewhere: @r but for time and rules. */
void engine_record(struct engine *e, struct record *r);

/* What waited and was undone last. */
struct engine_undone {
	int64_t at;       /* seconds since the epoch; 0: never, or something was confirmed since */
	int64_t rules;    /* that there were with it; -1: the ruleset was not touched */
	int64_t restored; /* rules that came back; -1: not yet */
	struct fw_diff_counts
		counts; /* what that changed; zeros when another process did it, or nothing of the ruleset was undone */
	char what[RECORD_WHAT], reason[160];
};

struct engine_status {
	uint64_t generation;
	/* Since the start: */
	uint64_t reloads[ENGINE_NRELOADS], failures[ENGINE_NFAILURES];
	struct histogram transaction_seconds, reload_seconds; /* of those that succeeded */
	struct fw_compile_stats stats;
	struct fw_cost_worst cost;         /* of the tables when they were last written as a whole */
	bool cost_is_old;                  /* they have changed since then */
	uint64_t pool_segments, pool_used; /* bytes */
	int64_t confirm_by;
	char confirm_what[RECORD_WHAT]; /* that waits until then */
	struct engine_undone undone;
};
void engine_status(const struct engine *e, struct engine_status *out);

/* Memory of this process, as jemalloc tells it: bytes. */
#define ENGINE_ARENAS 8
struct engine_memory {
	bool known; /* false: this is another allocator */
	uint64_t allocated, active, resident, retained;
	struct {
		uint32_t generation; /* since which the ruleset in it is live; 0: it is being loaded or going away */
		uint64_t active;
	} arena[ENGINE_ARENAS]; /* one for each ruleset that was loaded and is still there */
	size_t narenas;
};
void engine_memory(const struct engine *e, struct engine_memory *out);

/* The name of an interface as rtnetlink last told it; NULL: there is none of this index. */
/* Interfaces that there are, as engine_interface_told() was told of them. */
const char *engine_interface_name(const struct engine *e, uint32_t ifindex); /* NULL: there is none */
uint32_t engine_interface_at(const struct engine *e, size_t i); /* the @i-th one's index; 0: there are no more */
uint32_t engine_interface_named(const struct engine *e,
				const char *name); /* by its name or another name of it; 0: none */
bool engine_interface_also(const struct engine *e, uint32_t ifindex,
			   const char *name); /* is this another name of it? */
const char *engine_interface_name_at(const struct engine *e, size_t interface,
				     size_t i); /* the i-th of its names; NULL: no more */
/* Two names of the interface that rules use, of which only the first one matches. false: all is well. */
bool engine_interface_torn(const struct engine *e, uint32_t ifindex, const char *names[2]);
/* The number that packets of the interface have in the ruleset, or FW_IFACE_OTHER. */
uint32_t engine_interface_number(const struct engine *e, uint32_t ifindex);

/* Why there are no files of counters (fw_kern_iterator_file()): -errno; 0: they are there. */
int engine_files_error(const struct engine *e);

/* Packets that a rule decided, or a policy, by the verdict that it had then. */
struct fw_count engine_rule_count(const struct engine *e, const struct fw_rule *rule);
void engine_reason_count(const struct engine *e, enum fw_reason reason, struct fw_count out[FW_NTERMINAL]);
/*
 * Counts from 0 again: one rule, or with NULL all rules and policies. Exact: what came before the call is not counted.
 * 0 or -ENOMEM.
 */
int engine_count_reset(struct engine *e, const struct fw_rule *rule);

/*
 * The interfaces that rules name: which index has which names. Called for every rtnetlink message; with index 0, all that
 * there are have been told, and others are gone. 0 or -errno.
 */
int engine_interface_told(struct engine *e, const struct fw_interface *told);

#endif
