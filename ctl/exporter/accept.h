/* SPDX-License-Identifier: GPL-2.0-only */
/* What a client would rather have: the headers Accept and Accept-Encoding, after RFC 9110, 12.5. Pure. */
#ifndef EXPORTER_ACCEPT_H
#define EXPORTER_ACCEPT_H

#include "page.h"

/*
 * The format that @header (NULL: there is none) gives the highest weight; the most specific range that fits a format counts
 * for it. When both weigh the same, or neither is wanted: Prometheus's. Parameters other than version and charset say
 * nothing.
 */
enum page_format accept_format(const char *header);
/* Does it name gzip, or all codings, and does none without coding weigh more? */
bool accept_gzip(const char *header);

#endif
