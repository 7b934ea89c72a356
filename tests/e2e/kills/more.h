/* SPDX-License-Identifier: GPL-2.0-only */
/* More tests, without traffic. */
#ifndef FW_KILLS_MORE_H
#define FW_KILLS_MORE_H

/*
 * At any moment the files on disk contain every change that was acknowledged, and none that was not sent: another fwd opens
 * copies of them.
 */
void power_cut(void **state);
int power_cut_over(void **state);
/* Clients that change the same rules at the same time get answers that are consistent with one order of all changes. */
void clients_at_once(void **state);
int clients_over(void **state);

#endif
