// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters as text: two pinned iterators, so that `cat` shows them whichever
 * process runs. Each iterates over an array without contents; an element is a page
 * of output, because the kernel lets one step write at most 32 KiB.
 */
#include "bpf/counters.h"
#include "fw/table/rule_line.h"

#include <bpf/bpf_helpers.h>

/* The parts of an iterator's context that are used; the loader relocates the offsets. */
#define FW_KERNEL_TYPE __attribute__((preserve_access_index))
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
} FW_KERNEL_TYPE;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *key;
} FW_KERNEL_TYPE;

/* Settings, fixed when the programs are loaded. */
volatile const __u32 fw_ncpus = 1;

struct fw_name_chunk {
	struct fw_label_name name[FW_COUNTER_CHUNK];
};

/* Names of rules and their chains, in the same chunks as counters. A chunk exists if one of its rules has such a name. */
/* clang-format off */
struct fw_name_chunks {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, FW_COUNTER_CHUNKS);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, BPF_F_MMAPABLE);
		__uint(max_entries, 1);
		__type(key, __u32);
		__uint(value_size, sizeof(struct fw_name_chunk));
	});
} fw_names SEC(".maps"), fw_chains SEC(".maps");
/* clang-format on */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FW_COUNTER_PAGES);
	__type(key, __u32);
	__type(value, __u32);
} fw_counter_pages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FW_TRAFFIC);
	__type(key, __u32);
	__type(value, __u32);
} fw_traffic_pages SEC(".maps");

static const char verdicts[FW_NVERDICTS][FW_VERDICT_ROOM] = {
#define FW_VERDICT_NAME(sym, word, terminal, rule, policy) word,
	FW_VERDICTS(FW_VERDICT_NAME)
#undef FW_VERDICT_NAME
};
static const char progs[FW_NPROGS][12] = {
#define FW_PROG_NAME(sym, name, direction) name,
	FW_PROGS(FW_PROG_NAME)
#undef FW_PROG_NAME
};
static const char reasons[FW_NREASONS][16] = {
#define FW_REASON_NAME(sym, name, verdict) name,
	FW_REASONS(FW_REASON_NAME)
#undef FW_REASON_NAME
};
static const char deciders[FW_NDECIDED][8] = { [FW_BY_POLICY] = "policy", [FW_BY_RULE] = "rule" };
static const char none[] = FW_RULE_LINE_NONE;
static const char flag[] = FW_RULE_LINE_FLAG;

/* The page being printed. */
struct page {
	struct seq_file *seq;
	__u32 first;   /* its first counter */
	__u32 counter; /* the current one */
	__u64 packets, bytes;
};

static long add_column(__u32 column, struct page *p)
{
	struct fw_counter *c = fw_counter_at(p->counter, column, FW_COUNTER_COLUMNS(fw_ncpus));

	if (c) {
		p->packets += *(volatile __u64 *)&c->packets;
		p->bytes += *(volatile __u64 *)&c->bytes;
	}
	return 0;
}

/* Sums the current counter over all CPUs. */
static void sum(struct page *p)
{
	struct fw_counter *base = fw_counter_at(p->counter, FW_COLUMN_BASE(fw_ncpus), FW_COUNTER_COLUMNS(fw_ncpus));

	p->packets = p->bytes = 0;
	bpf_loop(fw_ncpus, add_column, p, 0);
	if (base) {
		p->packets -= base->packets;
		p->bytes -= base->bytes;
	}
}

/* @names: fw_names or fw_chains. Inlined: a program names its maps by constants. */
static __always_inline const char *name_of(void *names, __u32 counter)
{
	__u32 index = counter >> FW_COUNTER_CHUNK_SHIFT, zero = 0;
	void *inner = bpf_map_lookup_elem(names, &index);
	const struct fw_name_chunk *chunk = inner ? bpf_map_lookup_elem(inner, &zero) : NULL;

	return chunk ? chunk->name[counter & (FW_COUNTER_CHUNK - 1)].name : none;
}

static void show_rule(struct page *p, const struct fw_label *label)
{
	const char *name = none, *chain = none, *exported = label->what & FW_LABEL_EXPORTED ? flag : none;
	__u32 verdict = label->what & FW_LABEL_VERDICT;

	if (verdict >= FW_NVERDICTS)
		return;
	if (label->what & FW_LABEL_NAMED(FW_NAMED_RULE))
		name = name_of(&fw_names, p->counter);
	if (label->what & FW_LABEL_NAMED(FW_NAMED_CHAIN))
		chain = name_of(&fw_chains, p->counter);
	sum(p);
	BPF_SEQ_PRINTF(p->seq, FW_RULE_LINE_FORMAT, label->id, p->packets, p->bytes, verdicts[verdict], exported, name,
		       chain);
}

/* Prints the count of the policy's present verdict, and of an earlier one that decided packets. */
static void show_reason(struct page *p, const struct fw_label *label)
{
	__u32 verdict = p->counter % FW_NTERMINAL, reason = p->counter / FW_NTERMINAL % FW_NREASONS;
	__u32 prog = p->counter / FW_COUNTER_REASON(1, 0, 0);

	/* The verifier does not track the bounds of remainders and quotients. */
	fw_opaque(verdict);
	fw_opaque(reason);
	fw_opaque(prog);
	if (prog >= FW_NPROGS || reason >= FW_NREASONS || verdict >= FW_NTERMINAL)
		return;
	sum(p);
	if (!label->id && !p->packets)
		return;
	BPF_SEQ_PRINTF(p->seq, "%s/%s %llu %llu %s - - -\n", reasons[reason], progs[prog], p->packets, p->bytes,
		       verdicts[verdict]);
}

static long show_counter(__u32 i, struct page *p)
{
	const struct fw_label *label;

	p->counter = p->first + i;
	label = (const void *)fw_counter_at(p->counter, FW_COLUMN_LABEL(fw_ncpus), FW_COUNTER_COLUMNS(fw_ncpus));
	if (!label)
		return 1;
	if (p->counter < FW_COUNTER_RULES)
		show_reason(p, label);
	else if (label->id)
		show_rule(p, label);
	return 0;
}

SEC("iter/bpf_map_elem")
int fw_show_counters(struct bpf_iter__bpf_map_elem *ctx)
{
	const __u32 *key = ctx->key;
	struct page p = { .seq = ctx->meta->seq };

	if (!key)
		return 0;
	p.first = *key * FW_COUNTER_PAGE;
	if (!*key)
		BPF_SEQ_PRINTF(p.seq, "# rule packets bytes verdict counter name chain\n");
	bpf_loop(FW_COUNTER_PAGE, show_counter, &p, 0);
	return 0;
}

/* Prints one entry of the tables of all CPUs. Consecutive entries of the same interface are summed. */
struct entries {
	struct seq_file *seq;
	__u32 place;
	struct fw_traffic sum;
};

/* Those of one program. The verifier does not track the bounds of quotients, so there is a loop for each index. */
static void show_prog(const struct entries *e, __u32 prog)
{
	for (__u32 by = 0; by < FW_NDECIDED; by++)
		for (__u32 v = 0; v < FW_NTERMINAL; v++)
			if (e->sum.packets[prog][by][v])
				BPF_SEQ_PRINTF(e->seq, "%d %s %s %s %llu\n", e->sum.ifindex, progs[prog], deciders[by],
					       verdicts[v], e->sum.packets[prog][by][v]);
}

static void show_entries(const struct entries *e)
{
	for (__u32 prog = 0; prog < FW_NPROGS; prog++)
		show_prog(e, prog);
}

static long add_cpu(__u32 cpu, struct entries *e)
{
	const struct fw_traffic_table *table = bpf_map_lookup_elem(&fw_traffic, &cpu);
	const struct fw_traffic *t;

	if (!table)
		return 1;
	t = &table->entry[e->place & (FW_TRAFFIC - 1)];
	if (!t->ifindex)
		return 0;
	if (t->ifindex != e->sum.ifindex) {
		show_entries(e);
		__builtin_memset(&e->sum, 0, sizeof(e->sum));
		e->sum.ifindex = t->ifindex;
	}
	fw_traffic_add(&e->sum, t);
	return 0;
}

static long add_others(__u32 cpu, struct entries *e)
{
	const struct fw_traffic_table *table = bpf_map_lookup_elem(&fw_traffic, &cpu);

	if (!table)
		return 1;
	fw_traffic_add(&e->sum, e->sum.ifindex == FW_TRAFFIC_GONE ? &table->gone : &table->other);
	return 0;
}

SEC("iter/bpf_map_elem")
int fw_show_interfaces(struct bpf_iter__bpf_map_elem *ctx)
{
	struct entries e = { .seq = ctx->meta->seq };
	const __u32 *key = ctx->key;

	if (!key)
		return 0;
	e.place = *key;
	if (!e.place) {
		BPF_SEQ_PRINTF(e.seq, "# interface hook by verdict packets\n");
		bpf_loop(fw_ncpus, add_others, &e, 0);
		show_entries(&e);
		__builtin_memset(&e.sum, 0, sizeof(e.sum));
		e.sum.ifindex = FW_TRAFFIC_GONE;
		bpf_loop(fw_ncpus, add_others, &e, 0);
		show_entries(&e);
		__builtin_memset(&e.sum, 0, sizeof(e.sum));
	}
	bpf_loop(fw_ncpus, add_cpu, &e, 0);
	show_entries(&e);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
