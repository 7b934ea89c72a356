/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks of a batch's packets, a block of each packet at a time. As fw_block_search(), but that every step of the binary
 * searches is one of all packets. Blocks of more than 64 rules go the shared way, one after the other.
 */

/* Blocks that are searched together, and what they are searched for. */
struct batch_nodes {
	unsigned n;
	__u8 packet[BATCH_PACKETS + 1];
	__u64 hit[BATCH_PACKETS + 1];
	const struct fw_block *node[BATCH_PACKETS + 1];
	__u64 common[BATCH_PACKETS]; /* of the vectors so far, which are */
	__u64 vector[FW_NFIELDS][BATCH_PACKETS];
	__u32 words[FW_NFIELDS][BATCH_PACKETS]; /* of more than 64 rules */
};

static __always_inline const void *node_at(const struct fw_block *node, __u64 offset)
{
	return (const uint8_t *)node + offset;
}

/* ANDs what the @f-th field of each block says. */
static __always_inline void nodes_field(struct batch_nodes *nodes, const struct fw_key *keys, unsigned f)
{
	__u32 at[BATCH_PACKETS], step[BATCH_PACKETS], value[BATCH_PACKETS], most = 0;
	__u8 of[BATCH_PACKETS + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < nodes->n; i++) {
		of[n] = (__u8)i;
		n += f < nodes->node[i]->fields;
	}
	for (unsigned k = 0; k < n; k++) {
		const struct fw_block_field *field = &nodes->node[of[k]]->field[f];

		at[k] = field->ends - 4;
		step[k] = 4u << (field->steps & 31) >> 1 & ~3u;
		value[k] = keys[nodes->packet[of[k]]].f[field->field & (FW_KEY_SLOTS - 1)];
		most |= step[k];
	}
	for (; most; most >>= 1)
		for (unsigned k = 0; k < n; k++) {
			__u32 end = *(const __u32 *)node_at(nodes->node[of[k]], at[k] + step[k]);

			at[k] += end < value[k] ? step[k] : 0;
			step[k] = step[k] >> 1 & ~3u;
		}
	for (unsigned k = 0; k < n; k++) {
		const struct fw_block *node = nodes->node[of[k]];
		const struct fw_block_field *field = &node->field[f];
		__u32 interval = at[k] + 4 - field->ends;

		nodes->vector[f][of[k]] = *(const __u64 *)node_at(node, field->vectors + 2 * interval);
		nodes->common[of[k]] &= nodes->vector[f][of[k]];
		if (node->rules > 64)
			nodes->words[f][of[k]] = *(const __u32 *)node_at(node, field->words + interval);
	}
}

/* A block to be searched next, if it can matter. */
static __always_inline void nodes_add(struct batch *b, struct batch_nodes *nodes, unsigned p, __u64 hit)
{
	unsigned version = FW_HIT_IS_VERSION(hit);

	nodes->packet[nodes->n] = (__u8)p;
	nodes->hit[nodes->n] = hit;
	nodes->node[nodes->n] = fw_pool_line((__u32)hit);
	batch_prefetch((__u32)hit);
	batch_prefetch((__u32)hit + 1);
	nodes->n += hit < b->best[p] && !version;
	b->alone |= version << p;
}

/* The first match among more than 64 rules, or FW_HIT_NONE. */
static __u64 node_words(struct fw_cpu *cpu, const struct batch_nodes *nodes, unsigned i)
{
	for (unsigned f = 0; f < nodes->node[i]->fields; f++) {
		cpu->vector[f] = nodes->vector[f][i];
		cpu->words[f] = nodes->words[f][i];
	}
	cpu->hit = FW_HIT_NONE;
	fw_block_words(cpu, (__u32)nodes->hit[i], nodes->common[i]);
	return cpu->hit;
}

/*
 * What the @i-th block says; more rules than a block can have are a split, whose vector is the hit to go on with, and whose
 * rest waits for its turn. What it leads to takes the place of one that was searched before. */
static __always_inline void node_end(struct batch *b, struct batch_nodes *nodes, unsigned i)
{
	const struct fw_block *node = nodes->node[i];
	__u64 common = nodes->common[i], hit = FW_HIT_NONE;
	unsigned p = nodes->packet[i];

	if (node->rules > FW_BLOCK_RULES) {
		nodes_add(b, nodes, p, common);
		b->hit[b->nhits] = node->next;
		b->hit_packet[b->nhits++] = (__u8)p;
		return;
	}
	if (node->rules > 64)
		hit = node_words(b->cpu, nodes, i);
	else if (common)
		hit = *(const __u64 *)node_at(node, node->hits + 8 * __builtin_ctzll(common));
	b->best[p] = fw_min_hit(b->best[p], hit);
	nodes_add(b, nodes, p, node->next);
}

static __always_inline void nodes_search(struct batch *b, const struct fw_key *keys, struct batch_nodes *nodes)
{
	unsigned n = nodes->n, fields = 0;

	for (unsigned i = 0; i < n; i++) {
		fields = nodes->node[i]->fields > fields ? nodes->node[i]->fields : fields;
		nodes->common[i] = ~0ull;
	}
	for (unsigned f = 0; f < fields; f++)
		nodes_field(nodes, keys, f);
	nodes->n = 0;
	for (unsigned i = 0; i < n; i++)
		node_end(b, nodes, i);
}

/* Of each packet the block with the lowest rank first, which mostly settles it. */
static BATCH_STAGE void batch_blocks(struct batch *b, const struct fw_key *keys)
{
	struct batch_nodes nodes;
	unsigned n = 0, next = 0;

	nodes.n = 0;
	for (unsigned p = 0; p < BATCH_PACKETS; p++)
		b->first[p] = FW_HIT_NONE;
	for (unsigned k = 0; k < b->nhits; k++) {
		__u64 hit = b->hit[k], rule = FW_HIT_BLOCK(hit) - 1, *first = &b->first[b->hit_packet[k]];

		*first = fw_min_hit(*first, (hit | rule) & FW_HIT_NONE);
		b->hit[n] = hit;
		b->hit_packet[n] = b->hit_packet[k];
		n += FW_HIT_BLOCK(hit);
	}
	b->nhits = n;
	for (unsigned k = 0; k < n; k++)
		if (b->hit[k] == b->first[b->hit_packet[k]])
			nodes_add(b, &nodes, b->hit_packet[k], b->hit[k]);
	do {
		nodes_search(b, keys, &nodes);
		for (; nodes.n < BATCH_PACKETS && next < b->nhits; next++)
			if (b->hit[next] != b->first[b->hit_packet[next]])
				nodes_add(b, &nodes, b->hit_packet[next], b->hit[next]);
	} while (nodes.n);
}
