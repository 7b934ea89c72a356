/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces in two network namespaces, and what is attached to them according to the kernel. */
#ifndef FW_SEQUENCES_WORLD_H
#define FW_SEQUENCES_WORLD_H

#include "fw/kern.h"

#include <jansson.h>

#define SPACES 2
#define SEEN_MAX 16
#define WORLD_NAMES 5 /* n0 to n4 */

/* An interface as the kernel reports it. */
struct seen {
	char name[16];
	unsigned space;
	uint32_t index;
	uint8_t mac[6];            /* stays the same, in every namespace */
	bool ours[FW_NPROGS];      /* our program is attached */
	uint32_t first[FW_NPROGS]; /* id of the program that packets reach first; 0: none */
	uint32_t own[FW_NPROGS];   /* id of our program */
};
struct view {
	struct seen seen[SEEN_MAX];
	unsigned n;
};

/* Makes the two namespaces: that of this process and another one. */
void world_open(void);
void world_enter(unsigned space);
/* Runs a command of iproute2 in a namespace. Did it succeed? */
bool world_ip(unsigned space, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Makes a pair whose first end has the name; the other end is not used. */
void world_add(const char *name);
/* Removes all interfaces and foreign programs. */
void world_clear(void);
void world_look(struct view *out);
const struct seen *view_find(const struct view *v, const struct seen *like);
bool seen_filtered(const struct seen *s);
/* Moves it to the other namespace. */
void world_move(const struct seen *s);
/* Attaches and detaches foreign programs. */
void world_foreign_xdp(const struct seen *s);
void world_foreign_tc(const struct seen *s, enum fw_prog hook, bool in_front);
void world_foreign_gone(void);

#endif
