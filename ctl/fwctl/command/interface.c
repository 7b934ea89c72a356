// SPDX-License-Identifier: GPL-2.0-only
/* An interface of fwd, as attach and status print it. */
#include "interface.h"
#include "ctl/fwctl/request/reply.h"

#include <stdio.h>
#include <string.h>

/* How packets are filtered: " in by native XDP, out by tc", or " wanted: auto". */
static void print_way(const json_t *d)
{
	const char *mode = ctl_field_text(d, "mode");
	json_int_t in_front = json_integer_value(json_object_get(d, "in_front"));

	if (!mode[0]) {
		printf(" wanted: %s", ctl_field_text(d, "wanted"));
		return;
	}
	printf(" in by %s%s", mode, !strcmp(mode, "tc") ? "" : " XDP");
	if (json_is_true(json_object_get(d, "out")))
		printf(", out by tc");
	if (in_front > 0)
		printf(", AFTER program %lld, which may keep packets from it", (long long)in_front);
	else if (in_front)
		printf(", AFTER a tc filter, which may keep packets from it");
}

void ctl_print_interface(const json_t *d)
{
	const char *name = ctl_field_text(d, "dev"), *interface = ctl_field_text(d, "interface");
	const char *error = ctl_field_text(d, "error"), *from = ctl_field_text(d, "from");
	const char *warning = ctl_field_text(d, "warning");

	printf("%-16s %-8s", name, ctl_field_text(d, "state"));
	print_way(d);
	if (interface[0] && strcmp(interface, name) != 0)
		printf(", now called %s", interface);
	if (from[0])
		printf(", because of %s", from);
	printf("%s%s%s%s\n", error[0] ? ": " : "", error, warning[0] ? "; warning: " : "", warning);
}

void ctl_print_host(const json_t *host)
{
	const char *error = ctl_field_text(host, "error");

	printf("%-16s %-8s input, forward, output by %s%s%s\n", "host", ctl_field_text(host, "state"),
	       strcmp(ctl_field_text(host, "by"), "table") ? "netfilter" : "the table fwd_host of nftables",
	       error[0] ? ": " : "", error);
}
