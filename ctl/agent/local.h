/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an agent asks of its host: of the fwd that filters there, of the targets that must be reachable, and of a place for files.
 * Each is a table of functions: of the real host (local_fwd.c, prober.c, folder.c), of a test or of a simulation. Everything runs
 * on the loop's thread, and done() is called from the loop, never from within a call that starts something.
 */
#ifndef AGENT_LOCAL_H
#define AGENT_LOCAL_H

#include "fw/base.h"

enum local_kind {
	LOCAL_STATUS,
	LOCAL_LOAD,    /* a snapshot */
	LOCAL_CHANGE,  /* by a delta, text of `fwctl batch` */
	LOCAL_CONFIRM, /* what waits, if it has the request's name */
	LOCAL_UNDO,    /* the same */
};

#define LOCAL_TEXT 256

struct local_answer {
	/*
	 * 0; -EINVAL: fwd refused it, for what it contains; -EBUSY: not now: something else waits to be confirmed, or too many ask; -ENOENT,
	 * of CONFIRM and UNDO: nothing of that name waits. Anything else: fwd was not reached, or does not let us.
	 */
	int err;
	char why[LOCAL_TEXT]; /* of an error, for people */
	/*
	 * fwd's count of changes, after this one; not of a LOAD that only checks. It grows by one with each load, change or undo of the
	 * ruleset, and may grow when elements of dynamic sets change.
	 */
	uint64_t version;
	bool differs; /* of a LOAD that only checks: what is live is another ruleset, elements of dynamic sets aside */
	/* Of STATUS. */
	double started;            /* when this fwd was, seconds since 1970 */
	uint64_t rules;            /* that are live */
	char waiting[LOCAL_TEXT];  /* what waits to be confirmed: `load NAME`, `batch NAME`; empty: nothing */
	char undone[LOCAL_TEXT];   /* what was undone last, unless something was confirmed since */
	uint64_t packets, dropped; /* of all interfaces and hooks, since some moment */
	uint64_t memory;           /* bytes that are available on the host */
};
typedef void local_done(void *ctx, const struct local_answer *a);

struct local_request {
	enum local_kind kind;
	const void
		*bytes; /* of LOAD: a snapshot, decompressed (fw/fleet/snapshot.h); of CHANGE: a delta, decompressed */
	size_t len;
	const char *name; /* of all but STATUS: what fwd's history calls it: FLEET/GENERATION/MANIFEST */
	unsigned confirm; /* of LOAD and CHANGE: seconds within which it must be confirmed; 0: it stays at once */
	bool check;       /* of LOAD: changes nothing, but compares */
	local_done *done;
	void *ctx;
};

/* fwd. Embedded first in the struct of who implements it. */
struct local {
	/*
	 * Starts a request, of which there is one at a time. @request is copied; its bytes and name are borrowed until done() or
	 * forget(). 0: done() will be called once; or -errno.
	 */
	int (*start)(struct local *l, const struct local_request *request);
	/* done() will not be called; what fwd was asked for may still happen. The bytes are not needed any more when it returns. */
	void (*forget)(struct local *l);
};

/* The targets that a host must reach; up to 16. */
struct probes {
	/*
	 * Tries all targets once. done(): @failed has a bit for each that was not reached. One at a time. 0: done() will be called once;
	 * or -errno.
	 */
	int (*start)(struct probes *p, void (*done)(void *ctx, uint32_t failed), void *ctx);
	void (*stop)(struct probes *p); /* done() will not be called */
	/* What a target is called. */
	const char *(*name)(struct probes *p, unsigned target);
};

/* Where the agent keeps files, small ones and objects. Names are plain: no folders. */
struct folder {
	/* As fw_file_read(): 0, -ENOENT, -EFBIG, -errno. */
	int (*read)(struct folder *f, const char *name, size_t max, char **text, size_t *len);
	/* Replaces the file, or leaves it as it was; when it returns 0, the file is on the disk. 0 or -errno. */
	int (*write)(struct folder *f, const char *name, const void *bytes, size_t len);
	/* A missing file is fine. */
	void (*remove)(struct folder *f, const char *name);
	/* Calls @each with every file, which may remove it. */
	void (*list)(struct folder *f, void (*each)(void *ctx, const char *name), void *ctx);
};

#endif
