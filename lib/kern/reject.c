// SPDX-License-Identifier: GPL-2.0-only
/* The programs that answer rejected packets, their rate and what they count. */
#include "kern.h"

#include <bpf/bpf.h>

/* The bucket is full again, which at most lets a burst through. */
static int store_rate(const struct fw_kern *k)
{
	struct fw_reply_rate rate = fw_reply_rate_of(k->reply_rate);
	uint32_t zero = 0;

	return bpf_map_update_elem(k->maps[MAP_REPLY_RATE], &zero, &rate, 0) ? -errno : 0;
}

int fw_kern_need_reject(struct fw_kern *k)
{
	int err = kern_object_need(k, OBJECT_REJECT);

	return err ? err : store_rate(k);
}

int fw_kern_reply_rate(struct fw_kern *k, uint32_t rate)
{
	k->reply_rate = rate;
	return k->maps[MAP_REPLY_RATE] < 0 ? 0 : store_rate(k);
}

void fw_kern_reply_counts(const struct fw_kern *k, struct fw_reply_counts *out)
{
	*out = (struct fw_reply_counts){ .packets = { 0 } };
	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++) {
		struct fw_reply_counts c;

		if (k->maps[MAP_REPLY_COUNTS] < 0 || bpf_map_lookup_elem(k->maps[MAP_REPLY_COUNTS], &cpu, &c))
			continue;
		for (int i = 0; i < FW_NREPLIES; i++)
			out->packets[i] += c.packets[i];
	}
}
