/* SPDX-License-Identifier: GPL-2.0-only */
/* The real daemon: started, asked over its socket, killed. */
#ifndef FW_KILLS_HOUSE_H
#define FW_KILLS_HOUSE_H

#include "fw/text.h"
#include "fw/wire.h"

#include <jansson.h>
#include <sys/types.h>

/* One fwd with a folder, a store and pins of its own. */
struct house {
	char folder[80], store[90], sock[90], pins[90], log[90];
	pid_t pid; /* 0: does not run */
};

/* The folder is made. @name: also that of the pins. */
void house_make(struct house *h, const char *name);
/* Back at once. Fails the test when it cannot be started. */
void house_start(struct house *h);
/* Back when it answers; the connection is the caller's. Fails the test, with what fwd said, when it does not come up. */
int house_dial(struct house *h);
/* Ends it by a signal. Return: as waitpid() tells it. */
int house_stop(struct house *h, int sig);
/* `fwd --detach`, with its exit code. */
int house_detach(struct house *h);
/* Ends it however it is, and removes its folder. When it still runs, the test has failed: shows what it said. */
void house_end(struct house *h);
/* Removes the files in its folder but for what fwd said. */
void house_clear(const struct house *h);
/* A file's bytes; nothing when there is none. */
void house_copy(const char *from, const char *to);
/* No pin is left. */
bool house_is_gone(const struct house *h);
/* What fwd said, onto standard output. */
void house_show_log(const struct house *h);

enum said { SAID_NO, SAID_OK, SAID_NOTHING };
struct answer {
	enum said said;
	json_t *lines; /* array of what LINES held */
	json_t *end;
	struct fw_buf text;
};
void answer_free(struct answer *a);

/* A request without waiting. @text: part 1, or NULL. false: the daemon is not there. */
bool ask_send(int fd, enum fw_request kind, const char *args, const void *text, size_t len);
/* The rest of the reply, until it ends: SAID_NOTHING when the daemon goes before. */
void ask_receive(int fd, struct answer *a);
/* Both. Fails the test unless the answer is yes. */
void ask(int fd, enum fw_request kind, const char *args, const void *text, size_t len, struct answer *a);

#endif
