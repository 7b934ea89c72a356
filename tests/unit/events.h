/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes events into the ring of a loaded program, as if that had seen the packets. */
#ifndef FW_TEST_EVENTS_H
#define FW_TEST_EVENTS_H

#include "fw/table/event.h"
#include "fw/text.h"

/* A program that writes events of @size bytes into the map @ring, which is borrowed. Return: its descriptor, or -errno. */
int event_writer(int ring, size_t size);
/* 0; -EAGAIN: the ring is full; another -errno. */
int event_write(int writer, const struct fw_event *e);
/* An event of a packet as text, see fw_text_frame(), which must be right. */
struct fw_event event_of(enum fw_prog prog, uint32_t counter, enum fw_verdict verdict, const char *packet);

#endif
