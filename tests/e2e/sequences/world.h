/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces in two network namespaces, and what the kernel says is attached to them. */
#ifndef FW_SEQUENCES_WORLD_H
#define FW_SEQUENCES_WORLD_H

#include "fw/kern.h"

#include <jansson.h>

#define SPACES 2
#define SEEN_MAX 16
#define WORLD_NAMES 5 /* n0 to n4 */

/* An interface as the kernel shows it. */
struct seen {
	char name[16];
	unsigned space;
	uint32_t index;
	uint8_t mac[6];            /* what it keeps wherever it goes */
	bool ours[FW_NPROGS];      /* attached to it, by us */
	uint32_t first[FW_NPROGS]; /* the program that packets meet first, by id; 0: none */
	uint32_t own[FW_NPROGS];   /* the program of ours, by id */
};
struct view {
	struct seen seen[SEEN_MAX];
	unsigned n;
};

/* Two namespaces, the one of this process and another one. */
void world_open(void);
void world_enter(unsigned space);
/* Runs a command of iproute2 in a namespace. true: it went well. */
bool world_ip(unsigned space, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A pair of which the first end gets the name; the other end is of no interest. */
void world_add(const char *name);
/* All interfaces go, and what others attached to them. */
void world_clear(void);
void world_look(struct view *out);
const struct seen *view_find(const struct view *v, const struct seen *like);
bool seen_filtered(const struct seen *s);
/* Moves it to the other namespace. */
void world_move(const struct seen *s);
/* Other people's programs, which come and go. */
void world_foreign_xdp(const struct seen *s);
void world_foreign_tc(const struct seen *s, enum fw_prog hook, bool in_front);
void world_foreign_gone(void);

#endif
