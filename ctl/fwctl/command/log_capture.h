/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of `fwctl log --pcap`. */
#ifndef FWCTL_LOG_CAPTURE_H
#define FWCTL_LOG_CAPTURE_H

#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/pcapng.h"

#include <jansson.h>

struct log_capture {
	struct ctl_new_file file;
	struct pcapng pcap;
	bool whole; /* it has its final name */
	uint64_t packets;
};

/* "-": standard output. 0 or -errno, after printing why, as of the next two. */
int log_capture_open(struct log_capture *c, const char *path);
/* Adds the packet of an entry with bytes; others are ignored. The file has its name from the first one on. */
int log_capture_add(struct log_capture *c, const json_t *entry);
/* The file is complete. */
int log_capture_commit(struct log_capture *c);
void log_capture_close(struct log_capture *c);

#endif
