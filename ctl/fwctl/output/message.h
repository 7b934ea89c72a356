/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors, warnings and hints on standard error, and texts of others that are safe to show. Only fwctl prints; libraries do not. */
#ifndef FWCTL_MESSAGE_H
#define FWCTL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* "fwctl: MESSAGE" on standard error. */
void ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "fwctl: warning: MESSAGE" */
void ctl_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What would be right, below an error or a warning. */
void ctl_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Keeps the first error of the command. Return: true: @text is that. */
bool ctl_note_error(const char *text);
/* "": there was none. */
const char *ctl_first_error(void);

/* A text of others, escaped as fw_escape() does it. */
void ctl_put(FILE *f, const char *s);
/* A line of a table on standard output: @indent blanks, @what in @width columns, and a text. */
void ctl_print_row(int indent, int width, const char *what, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* "PACKETS BYTES  " in columns, as counters are shown everywhere. */
void ctl_print_count(uint64_t packets, uint64_t bytes);
/* Local time, as "2026-01-31 12:00:00". @seconds: since 1970. Return: @buf. */
const char *ctl_time(char *buf, size_t size, uint64_t seconds);
/* Bytes in the largest unit that fits, as "12.3 MiB". Return: @buf. */
const char *ctl_bytes(char *buf, size_t size, uint64_t bytes);

#endif
