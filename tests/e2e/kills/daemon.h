/* SPDX-License-Identifier: GPL-2.0-only */
/* The real daemon: started, asked over its socket, killed. */
#ifndef FW_KILLS_DAEMON_H
#define FW_KILLS_DAEMON_H

#include "fw/text.h"
#include "fw/wire.h"

#include <jansson.h>
#include <sys/types.h>

/* A running fwd, with a folder, a store and pins of its own. */
struct daemon {
	char folder[80], store[90], sock[90], pins[90], log[90];
	pid_t pid; /* 0: not running */
};

/* Makes the folder. @name: of the folder and the pins. */
void daemon_make(struct daemon *d, const char *name);
/* Starts it and returns at once. Fails the test if that is not possible. */
void daemon_start(struct daemon *d);
/* Waits until it answers. Return: a connection, which the caller closes. Fails the test with fwd's log if it does not start. */
int daemon_dial(struct daemon *d);
/* Ends it by a signal. Return: its status as of waitpid(). */
int daemon_stop(struct daemon *d, int sig);
/* Runs `fwd --detach`. Return: its exit code. */
int daemon_detach(struct daemon *d);
/* Kills it and removes its folder. If it still runs, the test has failed: shows its log. */
void daemon_end(struct daemon *d);
/* Removes the files in its folder except for the log. */
void daemon_clear(const struct daemon *d);
/* Copies a file if it exists. */
void daemon_copy(const char *from, const char *to);
/* Is nothing pinned? */
bool daemon_is_gone(const struct daemon *d);
/* Prints the end of its log. */
void daemon_show_log(const struct daemon *d);

enum said { SAID_NO, SAID_OK, SAID_NOTHING };
struct answer {
	enum said said;
	json_t *lines; /* array of the contents of LINES */
	json_t *end;
	struct fw_buf text;
};
void answer_free(struct answer *a);

/* Sends a request. @text: part 1, or NULL. false: the daemon does not listen. */
bool ask_send(int fd, enum fw_request kind, const char *args, const void *text, size_t len);
/* Receives the rest of the reply; SAID_NOTHING: the daemon ended before it. */
void ask_receive(int fd, struct answer *a);
/* Both. Fails the test unless the request succeeds. */
void ask(int fd, enum fw_request kind, const char *args, const void *text, size_t len, struct answer *a);

#endif
