// SPDX-License-Identifier: GPL-2.0-only
/* The packets that fwctl classify answers for, and what both kinds of answer print. */
#include "classify_packets.h"
#include "ctl/fwctl/output/diags.h"

#include <string.h>

static int each_of_capture(const char *path, const struct ctl_packet_ops *ops, void *ctx)
{
	struct fw_diags ds = { 0 };
	struct fw_pcap *pcap = NULL;
	struct fw_frame frame;
	int got = fw_pcap_open(path, &ds, &pcap);

	while (!got && (got = fw_pcap_next(pcap, &ds, &frame)) == 1) {
		ops->frame(ctx, &frame);
		got = 0;
		if (ferror(stdout))
			break;
	}
	fw_pcap_close(pcap);
	if (got < 0)
		ctl_print_failure(&ds, path, got);
	return got < 0 ? got : 0;
}

int ctl_packets_each(const struct ctl_settings *s, int n, char **packets, const struct ctl_packet_ops *ops, void *ctx)
{
	for (int i = 0; i < n; i++)
		ops->text(ctx, packets[i]);
	return s->pcap ? each_of_capture(s->pcap, ops, ctx) : 0;
}

void ctl_classify_print_policy(const char *policy, const char *verdict)
{
	bool is_default = policy && (!strcmp(policy, "in") || !strcmp(policy, "out"));

	printf("  by       policy %s %s%s\n", policy ? policy : "?", verdict, is_default ? " (no rule matches)" : "");
}
