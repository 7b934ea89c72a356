/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place to run fwd in: a process with mounts, a bpf file system, a network and a folder of its own, all of which disappear however
 * it ends.
 */
#ifndef FWBENCH_SANDBOX_H
#define FWBENCH_SANDBOX_H

#include "fw/text.h"

#include <jansson.h>
#include <sys/types.h>

struct sandbox {
	char dir[128];   /* on a disk: $TMPDIR, else /var/tmp */
	char tools[256]; /* where fwd, fwctl and fwgen are: in the folder of fwbench */
	pid_t fwd;       /* 0: not running */
};

/**
 * sandbox_enter - go on in a process of its own, in there
 *
 * The caller's process never returns from this: it waits for the new one, clears up and ends with its exit status.
 * Return: 0 in the new process; -errno after printing why.
 */
int sandbox_enter(struct sandbox *box);
/*
 * Starts fwd with an empty store, and waits until it answers. Call it while this process is still small.
 * 0, or -errno after printing why.
 */
int sandbox_fwd_start(struct sandbox *box);
/* Ends it and waits. */
void sandbox_fwd_stop(struct sandbox *box);

/* A path inside the sandbox: @name appended to its folder. Valid for the next seven calls. */
const char *sandbox_path(const struct sandbox *box, const char *name);

/* The outcome of a program. Zero-initialised is empty. */
struct sandbox_answer {
	double seconds;    /* from its start to its exit */
	struct fw_buf out; /* what it printed */
	json_t *end;       /* of fwctl: the last line */
};
/**
 * sandbox_run - a program to its end
 * @argv: as execve() takes it; argv[0] names a program in fwbench's folder, or one that PATH finds
 * Return: 0, -errno; -EIO when it failed, and it has said why.
 */
int sandbox_run(const struct sandbox *box, const char *const argv[], struct sandbox_answer *out);
#define SANDBOX_ARGS 250
/* `fwctl ARG... --json --socket ...`: @args ends with NULL, SANDBOX_ARGS at most; out->end is an object. */
int sandbox_fwctl(const struct sandbox *box, const char *const args[], struct sandbox_answer *out);
void sandbox_answer_free(struct sandbox_answer *a);

/* A line of /proc/PID/status of fwd, in bytes: "VmRSS". 0: there is none. */
uint64_t sandbox_fwd_memory(const struct sandbox *box, const char *what);
/* Resets VmHWM, the peak of the memory of fwd. */
void sandbox_fwd_memory_reset(const struct sandbox *box);

#endif
