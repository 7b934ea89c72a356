/* SPDX-License-Identifier: GPL-2.0-only */
/* The service manager: readiness, watchdog and socket activation by systemd's protocols. Without systemd nothing happens. */
#ifndef FW_SERVICE_H
#define FW_SERVICE_H

/* Sends "READY=1", "STATUS=..." and so on, separated by newlines. */
void fw_service_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* How often to send "WATCHDOG=1", in seconds; 0: never. */
double fw_service_watchdog(void);
/*
 * The listening socket that was passed to the service; the caller owns it. Return: its descriptor; -ENOENT: none; -E2BIG:
 * more than one; -ENOTSOCK: it does not listen.
 */
int fw_service_socket(void);

#endif
