/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The right answers to some packets while rules are added and removed: after every change,
 * which rule decides, by comparing with every rule that differs. And whether an
 * answer that was given some time during some changes is right.
 */
#ifndef FWBENCH_ANSWERS_H
#define FWBENCH_ANSWERS_H

#include "fw/edit.h"

struct answers;

/* @keys: @n packets; borrowed, as is @rs. Compares all packets with all rules. 0 or -ENOMEM. */
int answers_new(const struct fw_ruleset *rs, const struct fw_key *keys, size_t n, struct answers **out);
void answers_free(struct answers *a); /* NULL is fine */
/* Tells what change number @number did to a rule. Numbers ascend from 1. */
void answers_row(struct answers *a, const struct fw_rule_change *row);
/* All rows of a change were told. 0, or -ENOMEM for any failure since the last call. */
int answers_step(struct answers *a, uint32_t number);
/* Slot of the rule that decided, or -1: none did. True: that was right after some change of @from to @to. */
bool answers_legal(const struct answers *a, size_t packet, uint32_t from, uint32_t to, long slot);
/* The answer after change @number. */
long answers_after(const struct answers *a, size_t packet, uint32_t number);
/* How often the rule that decides on a packet changed. */
size_t answers_changed(const struct answers *a);

#endif
