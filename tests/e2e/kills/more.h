/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests beside that of the kills, without traffic. */
#ifndef FW_KILLS_MORE_H
#define FW_KILLS_MORE_H

/*
 * What is on the disk at any moment holds every change that was answered before, and nothing that was not sent: opened by
 * another fwd.
 */
void power_cut(void **state);
int power_cut_over(void **state);
/* Clients that change the same rules at the same time get answers that go with one order of all their changes. */
void clients_at_once(void **state);
int clients_over(void **state);

#endif
