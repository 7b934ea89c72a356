/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fleet keeps in etcd: small JSON objects under /fw/FLEET/.
 *
 *	rings          the rings in order: {"rings":[{"name","hosts":"GLOB..." or "percent":N,"share":0.95,"soak":60},...]}
 *	ring/NAME      a ring's head: {"generation":12,"manifest":"SHA256"}
 *	rollout        what is being rolled out, see struct fw_rollout
 *	host/NAME      a host's report, under its lease, see struct fw_report
 *	leader         who promotes, under the lease of that program
 *
 * A host belongs to the first ring that one of its globs matches, or whose percentage is above the hash of its name. Percentages
 * add up: 1, 10 and 100 are three rings, of 1, 9 and 90 percent of the hosts. When a percentage grows, no host leaves its ring
 * for a later one.
 *
 * Parsers are strict: a member that is unknown, missing or wrong is an error, and @why, if not NULL, says which in one line.
 */
#ifndef FW_FLEET_RINGS_H
#define FW_FLEET_RINGS_H

#include "fw/fleet/manifest.h"

#define FW_RINGS_MAX 32
#define FW_RING_NAME 31
#define FW_HOST_NAME 253

struct fw_ring {
	char name[FW_RING_NAME + 1];
	char *globs;      /* separated by spaces; NULL: by percentage */
	double percent;   /* 0 to 100 */
	double share;     /* of its hosts that have to confirm before the next ring, 0 to 1 */
	unsigned soak;    /* seconds for which they have to stay well then */
	unsigned timeout; /* seconds after which the rollout has failed if the share has not confirmed */
};
/* What a ring has without `share`, `soak` and `timeout`. */
#define FW_RING_SHARE 0.95
#define FW_RING_SOAK 60
#define FW_RING_TIMEOUT 600

struct fw_rings {
	struct fw_ring ring[FW_RINGS_MAX];
	unsigned n;
};

/* Reads the JSON of the key, or of a user's file. @name: for diagnostics. 0, -EINVAL with diagnostics, -ENOMEM. */
int fw_rings_parse(const char *text, size_t len, const char *name, struct fw_rings *out, struct fw_diags *ds);
void fw_rings_print(struct fw_buf *b, const struct fw_rings *r);
void fw_rings_free(struct fw_rings *r);
/* The ring of a host, its index; -ENOENT: none. */
int fw_ring_of(const struct fw_rings *r, const char *host);

/* The key /fw/FLEET/WHAT[NAME]; @what is "ring/" and so on. Return: @out. */
#define FW_FLEET_KEY (FW_FLEET_NAME + FW_HOST_NAME + 32)
const char *fw_fleet_key(const char *fleet, const char *what, const char *name, char out[FW_FLEET_KEY]);

int fw_generation_parse(const char *text, size_t len, struct fw_generation *out,
			char why[256]); /* a ring's head. 0 or -EPROTO */
void fw_generation_print(struct fw_buf *b, const struct fw_generation *g);
bool fw_generation_same(const struct fw_generation *a, const struct fw_generation *b);

/* What a host does. X(symbol, word) */
#define FW_REPORT_STATES(X)         \
	X(IDLE, "idle")             \
	X(FETCHING, "fetching")     \
	X(LOADING, "loading")       \
	X(PROBING, "probing")       \
	X(CONFIRMED, "confirmed")   \
	X(REFUSED, "refused")       \
	X(TAKEN_BACK, "taken-back") \
	X(OVERRULED, "overruled")   \
	X(DRIFTED, "drifted")
enum fw_report_state {
#define FW_REPORT_STATE(sym, word) FW_REPORT_##sym,
	FW_REPORT_STATES(FW_REPORT_STATE)
#undef FW_REPORT_STATE
		FW_NREPORT_STATES
};
extern const char *const fw_report_state_names[FW_NREPORT_STATES];

/*
 * A host's report: idle, it has no wanted generation; confirmed, it runs @wanted; refused, it did not take it (signature, hash, size, memory,
 * rules); taken-back, it did, was worse, and went back to @running; overruled, by a file on the host; drifted, a local change that the
 * fleet does not replace.
 */
struct fw_report {
	char host[FW_HOST_NAME + 1];
	char ring[FW_RING_NAME + 1]; /* whose head it follows; empty: none */
	enum fw_report_state state;
	struct fw_generation running, wanted;
	bool worse;     /* it runs the wanted generation and its probes fail, or it drops more than before */
	double dropped; /* share of its packets that are dropped now, 0 to 1 */
	uint64_t since; /* of the state, seconds since 1970 */
	char why[200];  /* empty: nothing to say */
};
int fw_report_parse(const char *text, size_t len, struct fw_report *out, char why[256]); /* 0, -EPROTO, -ENOMEM */
void fw_report_print(struct fw_buf *b, const struct fw_report *r);

#define FW_ROLLOUT_STATES(X)  \
	X(RUNNING, "running") \
	X(PAUSED, "paused")   \
	X(DONE, "done")       \
	X(ABORTED, "aborted") \
	X(FAILED, "failed")
enum fw_rollout_state {
#define FW_ROLLOUT_STATE(sym, word) FW_ROLLOUT_##sym,
	FW_ROLLOUT_STATES(FW_ROLLOUT_STATE)
#undef FW_ROLLOUT_STATE
		FW_NROLLOUT_STATES
};
extern const char *const fw_rollout_state_names[FW_NROLLOUT_STATES];

/*
 * A rollout: rings 0 to @ring have the head @to, those after it @from. Aborted and failed ones have @from in every ring. What the
 * fleet runs when no rollout is under way: @to if the last one is done, otherwise @from.
 *
 * Times are those of the leader's clock: a leader that takes over, or finds that somebody else has changed the rollout, starts the
 * soak and the time of the ring again.
 */
struct fw_rollout {
	enum fw_rollout_state state;
	struct fw_generation from, to;
	unsigned ring;  /* the last that has been moved on */
	unsigned hosts; /* of that ring, which reported when it was */
	uint64_t since; /* when it was, seconds since 1970 */
	uint64_t well;  /* since when its share has confirmed; 0: it has not */
	char why[512];  /* why it was paused, aborted or has failed */
	char by[320];   /* who started it: user@host */
};
int fw_rollout_parse(const char *text, size_t len, struct fw_rollout *out, char why[256]); /* 0, -EPROTO, -ENOMEM */
void fw_rollout_print(struct fw_buf *b, const struct fw_rollout *r);

#endif
