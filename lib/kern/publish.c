// SPDX-License-Identifier: GPL-2.0-only
/* Publishing: the control word that names the live tables, and the grace period after which no packet sees earlier ones. */
#include "kern.h"

#include "fw/table/prog.h"

#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t fw_kern_generation(const struct fw_kern *k)
{
	uint32_t ours = (uint32_t)(__atomic_load_n(k->control, __ATOMIC_RELAXED) >> 32);

	return !k->published && k->generation_before > ours ? k->generation_before : ours;
}

/* Generations that are used again must not match entries of the flow cache, nor the copy of a root. */
static void forget_generations(struct fw_kern *k)
{
	for (uint32_t i = 0; i < FW_CPU_STATES(k->ncpus); i++) {
		__atomic_store_n(&k->cpus[i].control, 0, __ATOMIC_RELAXED);
		for (uint32_t f = 0; f < FW_FLOWS; f++)
			__atomic_store_n(&k->cpus[i].flows[f].generation, 0, __ATOMIC_RELAXED);
	}
}

int fw_kern_publish(struct fw_kern *k, uint32_t root, uint32_t generation)
{
	uint64_t before = __atomic_load_n(k->control, __ATOMIC_RELAXED);
	bool again = generation <= before >> 32;
	int err = fw_kern_sync(k);

	if (err)
		return err;
	if (again)
		forget_generations(k);
	__atomic_store_n(k->control, FW_CONTROL(root, generation), __ATOMIC_RELEASE);
	/* Packets that were being filtered may have stored the old generation again. */
	if (again) {
		while (fw_kern_grace(k))
			;
		forget_generations(k);
	}
	if (k->published)
		return 0;
	err = k->pins ? kern_takeover(k) : 0;
	if (err)
		__atomic_store_n(k->control, before, __ATOMIC_RELEASE);
	k->published = !err;
	return err;
}

/*
 * Where membarrier() cannot be used (nohz_full), an update of a map of maps waits instead: the kernel guarantees that no
 * program sees the old value when it returns.
 */
int kern_grace_init(struct fw_kern *k)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	k->grace[0] = k->grace[1] = -1;
	if (commands > 0 && commands & MEMBARRIER_CMD_GLOBAL)
		return 0;
	k->grace[1] = kern_value_map("fw_grace", sizeof(uint64_t));
	if (k->grace[1] < 0)
		return k->grace[1];
	opts.inner_map_fd = (uint32_t)k->grace[1];
	k->grace[0] =
		bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "fw_graces", sizeof(uint32_t), sizeof(uint32_t), 1, &opts);
	return k->grace[0] < 0 ? -errno : 0;
}

int fw_kern_grace(struct fw_kern *k)
{
	uint32_t zero = 0;

	if (k->grace[0] >= 0)
		return bpf_map_update_elem(k->grace[0], &zero, &k->grace[1], 0) ? -errno : 0;
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
}
