/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent from the inside. It is a loop of steps: agent_step() looks at what is wanted, what runs and what was begun, and begins
 * the next thing; whatever ends writes down how and wakes the agent. At most one thing is under way, and one request at fwd.
 *
 *	follow.c    hears of the wanted generation
 *	survey.c    finds out what fwd filters by: after a start, and whenever an answer of fwd was lost
 *	compare.c   has somebody changed it?
 *	attempt.c   from a wanted generation to one that is confirmed, or failed
 *	overrule.c  a ruleset of this host alone
 *	bring.c     a manifest or an object, from the folder or the web server, checked
 *	checkup.c   is the host well?
 *	reporter.c  tells the fleet
 *	core.c      what all of these use
 */
#ifndef AGENT_CORE_H
#define AGENT_CORE_H

#include "agent.h"
#include "record.h"

#include "fw/fleet/manifest.h"
#include "fw/random.h"

#define NAME_BYTES 192 /* of FLEET/GENERATION/MANIFEST */

/* Hears of the head. */
struct follow {
	struct fw_etcd_watch *watch;
	char rings_key[FW_FLEET_KEY], head_key[FW_FLEET_KEY];
	const char *keys[2];
	bool has_head;               /* the head was read, or deleted, since the watch began */
	char ring[FW_RING_NAME + 1]; /* whose head is watched; empty: none */
	struct fw_timer again;       /* to watch another ring's head, or to poll */
	struct fw_http_call *poll;
	char etag[128];
	unsigned failures; /* of polls, in a row */
};

/* The report in etcd. */
struct reporter {
	struct fw_timer timer;
	uint64_t lease; /* 0: none */
	bool busy;
	unsigned failures;
	double answered;    /* when etcd last answered */
	double dropped;     /* as it is in etcd: small changes are not reported */
	char *sent, *under; /* the report as it is in etcd, and as it is being put */
};

/* Gets a manifest or an object. */
struct bring {
	struct fw_http_call *call;
	char url[FW_SETTING_TEXT + 128];
	struct fw_generation generation; /* of the manifest; number 0: an object is brought */
	bool known;                      /* it was accepted before */
	struct fw_object object;
	struct fw_manifest manifest; /* the result */
	void *bytes;                 /* the result, decompressed; object.size bytes */
	/* 0; or it is not to be had: -EKEYREJECTED, -EPROTO. */
	void (*done)(struct agent *a, int err, const char *why);
};

/* One look at fwd, the probes and the connection to etcd. */
struct checkup {
	bool under_way, asking, probing;
	struct local_answer fwd;
	uint32_t failed; /* targets, by bit; CHECKUP_ETCD */
	void (*done)(struct agent *a);
};
#define CHECKUP_ETCD (1u << 31)

/* How well the host was and is. */
struct health {
	bool sampled;
	uint64_t packets, dropped; /* when the present span began */
	double share;              /* of packets dropped, of the last span that had enough of them; < 0: not known */
	double before;             /* the same before the last load */
	unsigned bad;              /* checkups in a row that were worse than before */
};

enum stage {
	STAGE_NONE,
	STAGE_MANIFEST,
	STAGE_BASELINE,
	STAGE_OBJECT,
	STAGE_CHECK,
	STAGE_LOAD,
	STAGE_PROBE,
	STAGE_UNDO
};

/* From the head to a confirmed generation. */
struct attempt {
	enum stage stage;
	struct fw_generation to;
	struct fw_manifest manifest;
	bool delta;
	unsigned rounds; /* bad checkups in a row, in this stage */
	double since;    /* when fwd had loaded it */
	char why[LOCAL_TEXT];
	void *bytes; /* decompressed */
	size_t len;
};

enum live {
	LIVE_UNKNOWN, /* somebody may have changed it */
	LIVE_SAME,    /* fwd filters by record.running */
	LIVE_OTHER,   /* it does not */
};

struct agent {
	struct agent_setup setup;
	struct agent_status status;
	struct record record;
	struct fw_random random;
	struct fw_http_identity identity;
	struct fw_timer step; /* rings for the next step */
	double later;         /* no step before, after an error */
	unsigned failures;    /* in a row, of what has to be tried again */
	char url[FW_SETTING_TEXT];
	char name[NAME_BYTES]; /* of the last request at fwd */

	bool waiting; /* something is under way, and will wake the agent */
	bool asking;  /* it is a request at fwd */
	void (*answered)(struct agent *a, const struct local_answer *answer);

	bool heard;                  /* of the wanted generation, since the start */
	struct fw_generation wanted; /* number 0: none */
	char *head;                  /* the manifest's text, if head was polled; may be NULL */
	size_t head_len;

	bool surveyed;  /* it is known whether fwd filters by record.trying or record.running */
	bool restarted; /* this process has not sent record.trying */
	bool forgot;    /* there was no record, or a damaged one */
	bool left;      /* what fwd was sent is undone because it is not wanted any more */
	bool dirty;     /* the record could not be written */
	bool force;     /* load over what others have changed */
	enum live live;
	struct mark seen;              /* of fwd, at the last look */
	struct mark other;             /* when the ruleset was found to be changed */
	struct fw_generation no_delta; /* whose delta did not do */
	bool empty;                    /* it had no rules */
	struct fw_generation comparing;
	void (*compare_done)(struct agent *a, bool differs);
	double compared;                /* when fwd last compared */
	double cost;                    /* seconds that it took */
	double look;                    /* when to look next */
	int64_t local_time, local_size; /* of the local ruleset that was loaded */
	char local_why[LOCAL_TEXT];     /* why it was not */

	struct follow follow;
	struct reporter reporter;
	struct bring bring;
	struct checkup checkup;
	struct health health;
	struct attempt attempt;
};

double agent_now(const struct agent *a);
/* @seconds, give or take 20 percent. */
double agent_jitter(struct agent *a, double seconds);
/* A timer for a moment that is @seconds away: not so close that the clock's precision makes it now. */
double agent_pause(double seconds);
/* The next step is due in @seconds, or before. */
void agent_wake(struct agent *a, double seconds);
/* What was under way is over: called first, then what is to be done with it, which may begin the next thing. */
void agent_ready(struct agent *a);

/* Reports a state and why; since when is kept if neither is new. */
void agent_state(struct agent *a, enum fw_report_state state, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* What is reported has changed. */
void agent_changed(struct agent *a);
void agent_log(struct agent *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Counts an error. */
void agent_error(struct agent *a, enum agent_error kind);
/* The same, and tries again later: the pause grows with each in a row. @fmt: what the state says meanwhile. */
void agent_later(struct agent *a, enum agent_error kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* It went well. */
void agent_well(struct agent *a);

/**
 * agent_ask - sends a request to fwd
 * @request: without done and ctx
 * @of:      the generation that it is about, for its name; NULL: request->name is set
 * @fn:      gets the answer; then the agent is ready
 */
void agent_ask(struct agent *a, const struct local_request *request, const struct fw_generation *of,
	       void (*fn)(struct agent *a, const struct local_answer *answer));
/* Is @text, of fwd, what agent_ask() called this generation? */
bool agent_is_named(const struct agent *a, const char *text, const struct fw_generation *g);

/* Writes the record. false: it is not on the disk, which is counted; the caller tries again later. */
bool agent_save(struct agent *a);

#endif
