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
	LOCAL_CHECK,  /* would a snapshot be accepted, and does it differ from what is live? changes nothing */
	LOCAL_LOAD,   /* a snapshot */
	LOCAL_CHANGE, /* by a delta, text of `fwctl batch` */
	LOCAL_CONFIRM,
	LOCAL_UNDO,
};

#define LOCAL_TEXT 256

struct local_answer {
	/*
	 * 0; -EINVAL: fwd refused it, for what it contains; -EBUSY: not now, because something waits to be confirmed, or too many ask;
	 * anything else: fwd was not reached, or did not let us.
	 */
	int err;
	char why[LOCAL_TEXT]; /* of an error, for people */
	uint64_t generation;  /* of LOAD, CHANGE, STATUS: fwd's own, of what is live now */
	bool differs;         /* of CHECK: the snapshot is not what is live, elements of dynamic sets aside */
	/* Of STATUS. */
	double started;            /* when fwd was, seconds since 1970: generations count from there */
	char waiting[LOCAL_TEXT];  /* what waits to be confirmed: `load NAME`; empty: nothing */
	uint64_t packets, dropped; /* of all interfaces and hooks, since some moment */
	uint64_t memory;           /* bytes that are available on the host */
};
typedef void local_done(void *ctx, const struct local_answer *a);

struct local_request {
	enum local_kind kind;
	const void *bytes; /* of CHECK and LOAD: a snapshot, decompressed; of CHANGE: a delta, decompressed */
	size_t len;
	const char *name; /* of what @bytes are, for fwd's history */
	unsigned confirm; /* of LOAD and CHANGE: seconds within which it must be confirmed; 0: it stays at once */
	local_done *done;
	void *ctx;
};

/* fwd. Embedded first in the struct of who implements it. */
struct local {
	/*
	 * Starts a request, of which there is one at a time. @request is copied; its bytes and name are borrowed until done() or
	 * forget(), and done() is called exactly once. 0 or -errno: done() is not called.
	 */
	int (*start)(struct local *l, const struct local_request *request);
	/* done() will not be called; what fwd was asked for may still happen. Blocks until the bytes are not needed any more. */
	void (*forget)(struct local *l);
};

/* The targets that a host must reach. */
struct probes {
	/* Tries all targets once. done(): @why NULL: all were reached; otherwise which was not. One at a time. 0 or -errno. */
	int (*start)(struct probes *p, void (*done)(void *ctx, const char *why), void *ctx);
	void (*stop)(struct probes *p); /* done() will not be called */
};

/* Where the agent keeps files, small ones and objects. Names are plain: no folders. */
struct folder {
	/* As fw_file_read(): 0, -ENOENT, -EFBIG, -errno. */
	int (*read)(struct folder *f, const char *name, size_t max, char **text, size_t *len);
	/* Replaces the file, or leaves it as it was; when it returns 0, the file is on the disk. 0 or -errno. */
	int (*write)(struct folder *f, const char *name, const void *bytes, size_t len);
	/* A missing file is fine. */
	void (*remove)(struct folder *f, const char *name);
	/* Calls @each with every file, until it returns other than 0. */
	void (*list)(struct folder *f, int (*each)(void *ctx, const char *name), void *ctx);
};

#endif
