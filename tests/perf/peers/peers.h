/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fwbench peers: what its parts share. Each peer lives in an actor: a process
 * with a stage of its own, so that all of them are loaded at once and can be
 * measured by turns, and so that one that loads for too long can be ended.
 */
#ifndef FWBENCH_PEERS_H
#define FWBENCH_PEERS_H

#include "tests/perf/bench.h"
#include "tests/perf/peers/peer.h"

#include <sys/types.h>

#define PEERS_LOADS 5 /* at most */
#define PEERS_LOAD_SECONDS 120
#define PEERS_LOAD_BYTES (8ull << 30)

/* What all actors get when they are started. */
struct peers_shared {
	struct work *work;
	struct bench_walker *walkers[WORK_TRAFFICS];
	double seconds; /* of a measurement, about */
	unsigned repeats;
};

/* Packets of a kind of traffic: all, or those of one verdict. */
enum peers_part { PEERS_DROPPED, PEERS_PASSED, PEERS_PARTS };

/* X(symbol, what it is called when it fails) */
#define PEERS_TASKS(X)             \
	X(LOAD, "load the rules")  \
	X(JUDGE, "judge packets")  \
	X(TIME, "look packets up") \
	X(FLOOD, "be flooded")     \
	X(ADD, "add a rule")       \
	X(FLOWS, "pass packets of connections")
enum peers_task_kind {
#define PEERS_TASK_ENUM(sym, name) PEERS_##sym,
	PEERS_TASKS(PEERS_TASK_ENUM)
#undef PEERS_TASK_ENUM
		PEERS_NTASKS,
};

/* Packets by their connections. X(symbol, name, whether packets pass) */
#define PEERS_FLOW_KINDS(X)              \
	X(ONE, "established, one", true) \
	X(MANY, "established", true)     \
	X(NEW, "new", true)              \
	X(SYN, "flood", false)
enum peers_flows {
#define PEERS_FLOWS_ENUM(sym, name, passes) PEERS_##sym,
	PEERS_FLOW_KINDS(PEERS_FLOWS_ENUM)
#undef PEERS_FLOWS_ENUM
		PEERS_NFLOWS,
};
extern const char *const peers_flows_name[PEERS_NFLOWS];
#define PEERS_FLOWS_MANY 8192 /* connections that are known, or new ones in one measurement */

struct peers_task {
	enum peers_task_kind kind;
	enum work_traffic traffic;
	enum peers_part part; /* of a flood */
	bool generator;       /* of a flood: only make the packets */
	unsigned index;       /* of the rule to add */
	enum peers_flows flows;
};

/* Who says how much memory the kernel holds: the cgroup, which has only what was asked for from there; the whole system; or
 * what asks the kernel itself. */
enum peers_memory { PEERS_CGROUP, PEERS_MEMINFO, PEERS_ITSELF };

struct peers_result {
	int err;
	double v[PEERS_LOADS]; /* LOAD, ADD: seconds; TIME: ns a packet; FLOOD: packets a second; FLOWS: ns a packet */
	unsigned n;            /* of these */
	double start_seconds;
	int64_t kernel_bytes, user_bytes;
	enum peers_memory by;    /* where kernel_bytes is from */
	uint64_t checked, wrong; /* verdicts */
};

/* In the actor: runs one task after the other, until @fd is closed. @peer NULL: nothing filters. */
void peers_act(const struct peers_shared *shared, const struct peer *peer, int fd, int complaints);

struct peers_actor {
	const struct peer *peer;
	pid_t pid; /* 0: ended */
	int fd, complaints;
};
/* 0, or -errno after printing why. */
int peers_actor_start(const struct peers_shared *shared, const struct peer *peer, struct peers_actor *out);
/**
 * peers_actor_do - a task, until it is done
 *
 * A load, and one more rule, may take PEERS_LOAD_SECONDS and PEERS_LOAD_BYTES; then the actor is ended.
 * Return: 0 or -errno; -ETIME, -E2BIG: the time or the memory was over; -EPIPE: the actor is gone.
 */
int peers_actor_do(struct peers_actor *a, const struct peers_task *task, struct peers_result *out);
/* Was the time or the memory over, when the last task failed with @err? */
bool peers_actor_limited(const struct peers_actor *a, int err);
/* Why the last task failed, as one line. */
void peers_actor_why(const struct peers_actor *a, int err, char *out, size_t size);
void peers_actor_end(struct peers_actor *a);

/*
 * Continues in a process of its own; the caller's process waits for it and never returns: it ends as that one does.
 * 0 in the new process; -errno after printing why.
 */
int peers_guard(void);

/* Memory cgroup of an actor. */
struct peers_cgroup {
	int usage;        /* a file; -1: there are no such cgroups */
	const char *line; /* that reports it */
};
/* Moves this process into a cgroup of its own; does nothing where there are none. */
void peers_cgroup_enter(struct peers_cgroup *g);
/* Bytes that the kernel holds for it. -1: not known. */
int64_t peers_cgroup_bytes(const struct peers_cgroup *g);
/* After the process has ended. And those of all processes that are gone. */
void peers_cgroup_remove(pid_t pid);
void peers_cgroup_sweep(void);

/* Bytes that the kernel holds for itself: all but free memory, that of processes, and caches. 0: not known. */
int64_t peers_kernel_bytes(void);
/* Bytes of this process that are no files: allocated, not kept for later. */
int64_t peers_user_bytes(void);
/* Bytes that could still be had. */
int64_t peers_available_bytes(void);

/* Packets of a part of a kind of traffic, borrowed from nobody: free() it. How many; 0: none, or memory is out. */
size_t peers_part_of(const struct work *w, enum work_traffic t, enum peers_part part, struct work_packet **out);

/* Nothing is looked up; all that surrounds it is done: ns a packet. 0 or -errno. */
int peers_time_nothing(const struct peers_shared *shared, enum peer_kind kind, enum work_traffic t, double *ns);
/* The same with lookups. @packets: 0 at first, then as many as were found to last for shared->seconds. */
int peers_time_walk(const struct peers_shared *shared, int prog, enum work_traffic t, uint64_t *packets, double *ns);
void peers_lookup_nothing(void *ctx, const struct work_packet *p, size_t n, bool *accept);
int peers_time_calls(const struct peers_shared *shared,
		     void (*lookup)(void *ctx, const struct work_packet *p, size_t n, bool *accept), void *ctx,
		     enum work_traffic t, uint64_t *packets, double *ns);

/* In an actor: packets of connections through the stage; the result is ns for the way of one. 0, or -errno after printing why. */
int peers_flows_send(const struct peers_shared *shared, struct stage *st, enum peers_flows kind,
		     struct peers_result *r);

/* Lines of JSON on standard output. */
void peers_json_machine(void);
/* @traffic, @extra: may be NULL; @extra: members that are added, taken over. */
void peers_json_measure(const struct work *w, const struct peer *p, const char *traffic, const char *measure,
			struct bench_sample *s, void *extra);
void peers_json_baseline(const struct work *w, const char *name, const char *traffic, struct bench_sample *s);
/* @key: "cannot", "does_not_load", or "failed": what of it, @measure, which may be NULL. */
void peers_json_absent(const struct work *w, const struct peer *p, const char *measure, const char *key,
		       const char *why);
void peers_json_errors(const struct work *w, const struct peer *p, const char *traffic, uint64_t wrong,
		       uint64_t checked);

#endif
