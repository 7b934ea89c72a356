/* SPDX-License-Identifier: GPL-2.0-only */
/* What a service manager is told and what it gives: systemd's protocols, where it runs; nothing where it does not. */
#ifndef FWD_NOTIFY_H
#define FWD_NOTIFY_H

/* "READY=1", "STATUS=..." and so on, one a line. */
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Seconds between two "WATCHDOG=1" that are asked for; 0: none. */
double notify_watchdog(void);
/* The listening socket that was handed over, or -1. */
int notify_listen_fd(void);

#endif
