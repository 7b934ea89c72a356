/* SPDX-License-Identifier: GPL-2.0-only */
/* Content negotiation: the headers Accept and Accept-Encoding, as in RFC 9110, section 12.5. Pure. */
#ifndef EXPORTER_ACCEPT_H
#define EXPORTER_ACCEPT_H

#include "ctl/exporter/page/page.h"

/*
 * The format to which @header (NULL: there is none) gives the highest weight: that of the most specific range that matches.
 * If both have the same weight, or neither is accepted, Prometheus's. Parameters other than version and charset are ignored.
 */
enum page_format accept_format(const char *header);
/* Does it accept gzip, by name or by "*", with at least the weight of no coding? */
bool accept_gzip(const char *header);

#endif
