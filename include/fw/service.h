/* SPDX-License-Identifier: GPL-2.0-only */
/* What a service manager is told and what it gives: systemd's protocols, where it runs; nothing where it does not. */
#ifndef FW_SERVICE_H
#define FW_SERVICE_H

/* "READY=1", "STATUS=..." and so on, one a line. */
void fw_service_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Seconds between two "WATCHDOG=1" that are asked for; 0: none. */
double fw_service_watchdog(void);
/*
 * The listening socket that was handed over, the caller's from now on. Return: its descriptor, -ENOENT (none was), -E2BIG
 * (more than one), -ENOTSOCK (it does not listen).
 */
int fw_service_socket(void);

#endif
