// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter's hooks, by links and by tables. Links cannot be flushed away, and can only accept and drop: where rules reject packets
 * or set marks, a table and a second link come with them. Kernels without links have tables for everything: bpf/answer.h tells how.
 */
#include "kern.h"

#include <bpf/bpf.h>

static int guarded(const struct fw_kern *k, uint32_t on)
{
	uint32_t zero = 0;

	if (k->maps[MAP_GUARDED] < 0)
		return 0;
	return bpf_map_update_elem(k->maps[MAP_GUARDED], &zero, &on, 0) ? -errno : 0;
}

/* The programs; and, once packets see our tables, guard and table. */
static int answer_by_links(struct fw_kern *k)
{
	int err = kern_object_need(k, OBJECT_NF);

	if (!err)
		err = kern_object_need(k, OBJECT_ANSWER);
	if (err || !k->published || !kern_netfilter_attached(k, false))
		return err;
	err = kern_netfilter_attach(k, true);
	if (!err)
		err = kern_tree_put(k);
	return err ? err : guarded(k, 1);
}

void kern_answer_down(struct fw_kern *k)
{
	guarded(k, 0);
	kern_tree_remove(k);
	kern_netfilter_detach(k, true);
}

/* The guard comes first: while the tree takes the place of another version's, each packet meets one of them. */
int kern_table_attach(struct fw_kern *k)
{
	int err = kern_object_need(k, OBJECT_TABLE);

	if (!err)
		err = kern_object_need(k, OBJECT_ANSWER);
	if (!err)
		err = kern_tree_guard(k);
	return err ? err : kern_tree_put(k);
}

int kern_table_detach(struct fw_kern *k)
{
	bool any = kern_table_attached(k);

	kern_tree_remove(k);
	kern_close_fd(&k->host.guard);
	return any ? 0 : -ENOENT;
}

bool kern_table_attached(const struct fw_kern *k)
{
	return !k->has_links && (k->host.guard >= 0 || (k->pins && fw_kern_host_table()));
}

static int answer(struct fw_kern *k, bool wanted)
{
	if (!k->has_links)
		return kern_table_attached(k) ? kern_table_attach(k) : 0;
	if (wanted)
		return answer_by_links(k);
	if (k->published && (k->host.up || kern_netfilter_attached(k, true)))
		kern_answer_down(k);
	return 0;
}

int fw_kern_host_answer(struct fw_kern *k, bool wanted, const char **why)
{
	int err = answer(k, wanted);

	if (err == -ENOENT)
		*why = FW_HOST_LACKS;
	else if (err)
		*why = "nf_tables refuses the table fwd_host, or BPF the programs that it asks";
	return err;
}

bool fw_kern_host_answers(const struct fw_kern *k, uint64_t *restored)
{
	*restored = k->host.restored;
	return k->host.up;
}
