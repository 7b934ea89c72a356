/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules, sets and policies with their counters, as list, show and counters print them. */
#ifndef FWCTL_LIST_H
#define FWCTL_LIST_H

#include "ctl/fwctl/request/request.h"

/**
 * ctl_list_print - asks for objects and prints one a line, as they arrive
 * @args:   of the request, taken; NULL: none
 * @source: the words that the arguments were made of, for diagnostics; NULL: none
 * @end:    as of ctl_request_send()
 */
enum ctl_exit ctl_list_print(const struct ctl_settings *s, enum fw_request kind, json_t *args,
			     const struct ctl_source *source, json_t **end);

#endif
