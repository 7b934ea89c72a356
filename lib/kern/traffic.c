// SPDX-License-Identifier: GPL-2.0-only
/* Packets by interface: each CPU has its own table, to which the programs add an interface at its first packet. */
#include "kern.h"

static int by_ifindex(const void *a, const void *b)
{
	uint32_t x = ((const struct fw_traffic *)a)->ifindex, y = ((const struct fw_traffic *)b)->ifindex;

	return x < y ? -1 : x > y;
}

/* Merges sorted entries of the same interface. Return: how many are left. */
static size_t merge(struct fw_traffic *t, size_t n)
{
	size_t merged = 0;

	for (size_t i = 1; i < n; i++) {
		if (t[i].ifindex == t[merged].ifindex)
			fw_traffic_add(&t[merged], &t[i]);
		else
			t[++merged] = t[i];
	}
	return merged + 1;
}

int kern_traffic_sum(const struct fw_traffic_table *tables, uint32_t ncpus, struct fw_traffic **out, size_t *n)
{
	struct fw_traffic *t = calloc((size_t)ncpus * FW_TRAFFIC + 2, sizeof(*t));
	size_t found = 2;

	if (!t)
		return -ENOMEM;
	t[1].ifindex = FW_TRAFFIC_GONE;
	for (uint32_t cpu = 0; cpu < ncpus; cpu++) {
		const struct fw_traffic_table *table = &tables[cpu];

		fw_traffic_add(&t[0], &table->other);
		fw_traffic_add(&t[1], &table->gone);
		for (size_t i = 0; i < FW_TRAFFIC; i++) {
			uint32_t ifindex = __atomic_load_n(&table->entry[i].ifindex, __ATOMIC_RELAXED);

			if (!ifindex)
				continue;
			t[found].ifindex = ifindex;
			fw_traffic_add(&t[found++], &table->entry[i]);
		}
	}
	qsort(t, found, sizeof(*t), by_ifindex);
	*n = merge(t, found);
	*out = t;
	return 0;
}

int fw_kern_traffic(const struct fw_kern *k, struct fw_traffic **out, size_t *n)
{
	return kern_traffic_sum(k->traffic, k->ncpus, out, n);
}

/* The interface gets no more packets; the programs may reuse its entry as soon as it is free. */
void fw_kern_traffic_forget(struct fw_kern *k, uint32_t ifindex)
{
	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++) {
		struct fw_traffic_table *table = &k->traffic[cpu];

		for (size_t i = 0; i < FW_TRAFFIC; i++) {
			struct fw_traffic *e = &table->entry[i];

			if (e->ifindex != ifindex)
				continue;
			fw_traffic_add(&table->gone, e);
			for (unsigned c = 0; c < FW_TRAFFIC_COUNTS; c++)
				((uint64_t *)e->packets)[c] = 0;
			__atomic_store_n(&e->ifindex, 0, __ATOMIC_RELEASE);
		}
	}
}
